"""Legal clocks in chat: what runs, and that the lawyers know."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.duties import BETWEEN, clock, remedy, worded
from handlers.shared.incident_card import headline, refresh
from handlers.shared.legal import KIND, legal_lines
from playbooks.library import Library
from storage import deadlines
from storage.models import Deadline, Incident


@command(
    "legal",
    area="work",
    right=Right.WORK,
    help="Legal clocks: what runs, or that legal knows",
    usage="legal N [CLOCK]",
    example="legal 12",
    aliases=("法务", "法定时限"),
)
async def legal(ctx: Context, incident: Incident, which: str = "") -> None:
    """Without a clock those that run are shown, each with its button; with one it is noted that legal was told."""
    running = [each for each in await deadlines.of(ctx.session, incident.id or 0) if each.kind == KIND]
    if not which:
        library = ctx.library
        ctx.reply(lambda say: _listing(say, library, incident, running), incident)
        return
    due = next((each for each in running if each.ref == which.strip()), None)
    if due is None:
        raise NotFoundError(
            ctx.say("That legal clock does not run on #{number}.", number=incident.id),
            hint=ctx.say("See those that do: legal {number}", number=incident.id),
        )
    await deadlines.drop(ctx.session, incident.id or 0, KIND, ref=due.ref)
    zh, _, en = due.what.partition(BETWEEN)
    await ctx.log(incident, "told_legal", "", ref=due.ref, title=zh, title_en=en or zh)
    await refresh(ctx, incident)
    by, what = ctx.by.name, due.what
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("{by} has told legal: {what}", by=by, what=worded(say, what)),
            text=say("From here the lawyers decide whether and when something is to be reported."),
            tone=Tone.GOOD,
        ),
    )


def _listing(say: Locale, library: Library, incident: Incident, running: Sequence[Deadline]) -> Card:
    if not running:
        return Card(title=say("No legal clock runs on #{number}.", number=incident.id))
    return Card(
        title=say("Legal clocks · {incident}", incident=headline(say, incident)),
        tone=Tone.WARN,
        sections=tuple(
            Section(title=clock(say, each), lines=legal_lines(say, library, each)) for each in running
        ),
        buttons=tuple(remedy(say, each) for each in running),
    )
