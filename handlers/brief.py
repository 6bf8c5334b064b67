"""Briefs for those who lead, and catching up for whoever comes late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.kit.cards import Button, Card, Section, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.briefing import brief_card, brief_key, send_brief
from handlers.shared.checklist import title_of
from handlers.shared.crew import crew_of, role_title
from handlers.shared.duties import clock
from handlers.shared.entries import line
from handlers.shared.incident_card import View, figures, headline, over, status, view, why
from handlers.shared.nudge import WORK
from playbooks.library import Library
from storage import briefs, tasks, timeline
from storage.models import LIVING, Deadline, Entry, Incident, Step

LATEST = 5
MOST = 8
"""Lines of what is to be done, and of what is due."""


@command(
    "brief",
    area="work",
    right=Right.WORK,
    help="Write a brief for those who lead",
    usage="brief N",
    example="brief 12",
    aliases=("快报",),
)
async def brief(ctx: Context, incident: Incident) -> None:
    """Half a page of what is known now, in the leads' rooms."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    await send_brief(ctx, incident)


@command(
    "read",
    area="look",
    right=Right.LOOK,
    help="Say that you have read a brief",
    usage="read N [BRIEF]",
    example="read 12",
    aliases=("已读",),
)
async def read(ctx: Context, incident: Incident, number: int | None = None) -> None:
    """Whoever has read it stands on its card, once."""
    found = await briefs.get(ctx.session, incident.id or 0, number)
    if found is None:
        raise NotFoundError(
            ctx.say("There is no such brief of #{number}.", number=incident.id),
            hint=ctx.say("Write one: brief {number}", number=incident.id),
        )
    if not await briefs.read(ctx.session, found, ctx.by.name, ctx.now):
        raise ConflictError(
            ctx.say(
                "You have read brief {brief} of #{number} already.", brief=found.number, number=incident.id
            ),
            hint=ctx.say("See how it stands: show {number}", number=incident.id),
        )
    readers = await briefs.readers(ctx.session, found)
    ctx.edit(brief_key(found), brief_card(found, readers, ctx.team), incident)
    ctx.confirm(
        lambda say: Card(
            title=say(
                "Noted: you have read brief {brief} of #{number}.", brief=found.number, number=incident.id
            ),
            tone=Tone.GOOD,
        ),
        incident,
    )


@command(
    "catchup",
    area="look",
    right=Right.LOOK,
    help="Catch me up: what happened, who does what, what is due",
    usage="catchup N",
    example="catchup 12",
    aliases=("前情", "跟进"),
)
async def catchup(ctx: Context, incident: Incident) -> None:
    """For whoever comes late, and for nobody else to read."""
    number, library = incident.id or 0, ctx.library
    seen = await view(ctx, incident, quotes=1)
    crew = await crew_of(ctx, incident)
    left = [row for row in await tasks.left(ctx.session, number) if row.person and row.started_at]
    latest = await timeline.of(ctx.session, number, last=LATEST)
    ctx.whisper(lambda say: _summary(say, library, seen, crew, left, latest), incident)


def _summary(
    say: Locale,
    library: Library,
    seen: View,
    crew: Mapping[str, str],
    left: Sequence[Step],
    latest: Sequence[Entry],
) -> Card:
    incident, kind = seen.incident, seen.playbook or seen.proposed
    people = [f"{role_title(say, library, role)} {person}" for role, person in crew.items()]
    work = [f"· {row.person} {title_of(say, library, row)}" for row in left[:MOST]]
    value = str(incident.id)
    sections = {
        say("What happened"): [figures(say, seen), why(say, incident, library)],
        say("Who does what"): [say(", ").join(people) or say("Nobody has taken command yet."), *work],
        say("What is due"): [f"· {clock(say, each)}" for each in sorted(seen.deadlines, key=_is_work)[:MOST]]
        or [say("Nothing is due.")],
        say("Latest"): [line(say, entry) for entry in latest],
    }
    plan = (
        (Button(label=say("See playbook"), action="playbook.playbook", value=f"{value} {kind.id}"),)
        if kind
        else ()
    )
    return Card(
        title=say(
            "To catch up · {incident} · {status}",
            incident=headline(say, incident),
            status=status(say, incident),
        ),
        tone=Tone(incident.level) if incident.state in LIVING else Tone.PLAIN,
        sections=tuple(
            Section(title=title, lines=tuple(filter(None, lines))) for title, lines in sections.items()
        ),
        buttons=(Button(label=say("Card"), action="look.show", value=value), *plan),
        footer=say("All of it: timeline {number}", number=incident.id),
    )


def _is_work(each: Deadline) -> bool:
    """What the level asks for stands before single steps."""
    return each.kind in WORK
