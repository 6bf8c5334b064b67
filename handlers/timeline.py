"""The timeline: what happened, in order, and how people add to it."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context
from handlers.kit.errors import UsageError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.entries import line
from handlers.shared.evidence import evidence_of, fetch, files_of, kept
from handlers.shared.incident_card import headline
from storage import timeline as entries
from storage.models import Entry, Incident

NEWEST = 30


@command(
    "timeline",
    area="look",
    right=Right.LOOK,
    help="What happened so far",
    usage="timeline N",
    example="timeline 12",
    aliases=("时间线",),
)
async def timeline(ctx: Context, incident: Incident) -> None:
    """The newest entries in order."""
    found = await entries.of(ctx.session, incident.id or 0, last=NEWEST)
    ctx.reply(lambda say: _card(say, incident, found), incident)


def _card(say: Locale, incident: Incident, found: Sequence[Entry]) -> Card:
    hidden = incident.entries - len(found)
    return Card(
        title=say("Timeline · {incident}", incident=headline(say, incident)),
        tone=Tone.PLAIN,
        text=say("Earlier entries: {n}, all in the review", n=hidden) if hidden > 0 else "",
        sections=(Section(lines=tuple(line(say, entry) for entry in found)),),
    )


@command(
    "log",
    area="work",
    right=Right.WORK,
    help="Log a text, or the message you reply to",
    usage="log N TEXT",
    example="log 12 已联系顾客，退款今天到账",
    aliases=("记录",),
    labels={"text": "What happened"},
)
async def log(ctx: Context, incident: Incident, text: str = "") -> None:
    """Typed text, or a message somebody pointed at; the same message enters once."""
    quoted = ctx.quoted if ctx.quoted and not text else None
    files = files_of(ctx)
    words = ctx.clean(quoted.text) if quoted else text
    is_quote = quoted is not None and bool(words.strip())
    words = words if words.strip() else " · ".join(each.name for each in files)
    if not words:
        raise UsageError(
            ctx.say("There is nothing to log."),
            hint=ctx.say(
                "Usage: {usage} · for example: {example}",
                usage=ctx.say("log N TEXT"),
                example="log 12 已联系顾客",
            ),
        )
    data = {"author": quoted.author} if quoted and quoted.author else {}
    proof = evidence_of(words, in_full=is_quote, files=files)
    text_of_entry = f"{quoted.author}：{words}" if quoted and quoted.author else words
    source = f"{ctx.at.transport}:{ctx.at.channel}:{quoted.message}" if quoted and ctx.at else None
    entry = await ctx.log(
        incident, "log", text_of_entry, source=source, at=quoted.at if quoted else None, **data, **proof
    )
    fetch(ctx, incident, entry, files)
    if entry is None:
        ctx.whisper(
            lambda say: Card(
                title=say("That message is in the timeline of #{number} already.", number=incident.id)
            ),
            incident,
        )
    else:
        seq = entry.seq
        ctx.whisper(
            lambda say: Card(
                title=say("Logged in #{number} as entry {seq}.", number=incident.id, seq=seq),
                text=kept(say, proof),
                tone=Tone.GOOD,
            ),
            incident,
        )
