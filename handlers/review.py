"""The review: a Markdown document made of what was stored, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.kit.cards import Card, Document, Section, Tone, cut
from handlers.kit.context import Context
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.entries import describe, who
from handlers.shared.incident_card import counted, headline, platform, refresh, status
from handlers.shared.markdown import flat, link
from handlers.shared.voice import Voice, voice_of
from handlers.shared.voice_review import chapters, in_short, is_owing
from playbooks.levels import Level
from playbooks.library import Library
from storage import incidents, mentions, timeline
from storage.database import Session
from storage.models import Entry, Incident, Mention, State, Topic

QUOTE_LENGTH = 300
"""Characters; the address leads to the rest. What people did is whole in the timeline, and short where it is summed up."""


@command(
    "review",
    area="learn",
    right=Right.WORK,
    help="Write the review of an incident",
    usage="review N",
    example="review 12",
    aliases=("复盘",),
)
async def review(ctx: Context, incident: Incident) -> None:
    """A few lines in the thread, and the whole as one file; the review of a closed incident marks it as reviewed."""
    if await incidents.move(
        ctx.session, incident.id or 0, State.REVIEWED, allowed=(State.CLOSED,), at=ctx.now
    ):
        await ctx.session.refresh(incident)
        await ctx.log(incident, "reviewed", "")
        await refresh(ctx, incident)
    material = await gather(ctx.session, incident, ctx.library)
    ctx.thread(incident, lambda say: _card(say, incident, material))


def _card(say: Locale, incident: Incident, material: Material) -> Card:
    whole = compose(say, incident, material)
    return Card(
        title=say("Review of {incident}", incident=headline(say, incident)),
        text="\n".join(
            (
                *(line.removeprefix("- ") for line in _times(say, incident)),
                say(
                    "All of it is in the file below, and on the command line: fenghuo review {number}",
                    number=incident.id,
                ),
            )
        ),
        sections=_short(say, material.voice),
        tone=Tone.WARN if is_owing(material.voice, say.now) else Tone.GOOD,
        documents=(Document(name=f"review-{incident.id}.md", text=whole),),
    )


def _short(say: Locale, voice: Voice) -> tuple[Section, ...]:
    """The figures that people ask for first; all of it stands in the document."""
    lines = in_short(say, voice)
    return (Section(lines=lines),) if lines else ()


class Material:
    """All that a review is made of."""

    def __init__(
        self, entries: Sequence[Entry], topics: Sequence[Topic], quotes: Sequence[Mention], voice: Voice
    ) -> None:
        self.entries = entries
        self.topics = topics
        self.quotes = quotes
        self.voice = voice


async def gather(session: Session, incident: Incident, library: Library) -> Material:
    """Read all that an incident's review is made of."""
    number = incident.id or 0
    entries = await timeline.of(session, number)
    return Material(
        entries,
        await incidents.topics(session, number),
        await mentions.newest(session, number, 10),
        await voice_of(session, incident, entries, library),
    )


def compose(say: Locale, incident: Incident, material: Material) -> str:
    """Lay the review out in Markdown."""
    parts = [
        f"# {say('Review of {incident}', incident=flat(headline(say, incident)))}",
        _summary(say, incident, material),
        _section(say("Level path"), _levels(say, incident, material.entries)),
        _section(say("Times"), _times(say, incident)),
        _section(say("What people said"), _quotes(say, material)),
        _section(say("Timeline"), _rows(say, material.entries)),
        *(_section(title, lines) for title, lines in chapters(say, material.voice).items()),
        _section(say("Who did what"), _people(say, material.entries)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def _summary(say: Locale, incident: Incident, material: Material) -> str:
    seen = counted(say, material.topics)
    lines = [
        say(
            "Opened by {by} at {time}; now: {status}.",
            status=flat(status(say, incident)),
            time=say.seconds(incident.opened_at),
            by=flat(incident.opened_by) or say("monitor"),
        ),
        say("Comments stored: {seen}.", seen=seen) if seen else say("No comments are stored for it."),
    ]
    if incident.reason:
        lines.append(say("Reason given at the end: {reason}", reason=flat(incident.reason)))
    if incident.drill_id is not None:
        lines.insert(0, say("This was a drill; everything in it is invented."))
    return "\n".join(lines)


def _levels(say: Locale, incident: Incident, entries: Sequence[Entry]) -> list[str]:
    path = [
        f"- {say.seconds(entry.at)} {flat(describe(say, entry))} ({flat(who(say, entry))})"
        for entry in entries
        if entry.kind == "level"
    ]
    first = next(
        (str(entry.data.get("level", "")) for entry in entries if entry.kind == "opened"), incident.level
    )
    level = Level.read(first) or Level(incident.level)
    return [
        f"- {say.seconds(incident.opened_at)} {say('opened as {level}', level=level.label(say.language))}",
        *path,
    ]


def _times(say: Locale, incident: Incident) -> list[str]:
    def row(label: str, moment: datetime | None) -> str:
        value = say.span(moment - incident.opened_at) if moment else say("never")
        return f"- {label}{say(': ')}{value}"

    return [
        row(say("Time to claim"), incident.claimed_at),
        row(say("Time to the first approved statement"), incident.stated_at),
        row(say("Time to close"), incident.closed_at),
    ]


def _quotes(say: Locale, material: Material) -> list[str]:
    return [
        f"- 「{flat(cut(each.text or each.title, QUOTE_LENGTH))}」 {flat(platform(say, each.platform))} {say.clock(each.written_at or each.seen_at)} {link(each.url)}".rstrip()
        for each in material.quotes
    ]


def _rows(say: Locale, entries: Sequence[Entry]) -> list[str]:
    return [
        f"{entry.seq}. {say.seconds(entry.at)} · {flat(who(say, entry))} · {flat(describe(say, entry))}"
        for entry in entries
    ]


def _people(say: Locale, entries: Sequence[Entry]) -> list[str]:
    deeds: dict[str, list[str]] = {}
    for entry in entries:
        deeds.setdefault(flat(who(say, entry)), []).append(flat(cut(describe(say, entry))))
    return [
        f"- {name} ×{len(each)}{say(': ')}{say('; ').join(each)}" for name, each in _by_count(deeds).items()
    ]


def _by_count(deeds: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return dict(sorted(deeds.items(), key=lambda item: -len(item[1])))
