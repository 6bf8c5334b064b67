"""Versions of a statement as their thread shows them: the living card, who is asked next, what makes approvals fall.

What may be public is `storage.statements.spoken`; whether it still may go out says its `standing`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from handlers.kit.cards import Card, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.shared.standing import DUTIES, Standing, due_for, standing
from handlers.shared.statement_card import statement_card
from playbooks.levels import Level
from storage import deadlines, statements
from storage.models import Incident, Version


def version_key(version: Version) -> str:
    """The key of a version's living card."""
    return f"statement:{version.incident_id}:{version.number}"


async def version_card(ctx: Context, incident: Incident, version: Version) -> tuple[CardBuilder, Standing]:
    """Ask whoever has to answer, and lay the card out as things stand now."""
    await ctx.session.refresh(version)
    stand, library = await standing(ctx, incident, version), ctx.library
    if await _ask(ctx, incident, version, stand):
        stand = replace(stand, due=await due_for(ctx, incident, version))
    return lambda say: statement_card(say, library, incident, version, stand), stand


async def show(ctx: Context, incident: Incident, version: Version) -> Standing:
    """Bring every copy of a version's card up to date."""
    build, stand = await version_card(ctx, incident, version)
    ctx.edit(version_key(version), build, incident)
    return stand


async def _ask(ctx: Context, incident: Incident, version: Version, stand: Standing) -> bool:
    """Set by when the next person has to answer; nobody is asked for a text that is settled or barred. Tells whether it did."""
    number, ref = incident.id or 0, str(version.number)
    kind = DUTIES.get(version.state, "")
    for other in {*DUTIES.values()} - {kind}:
        await deadlines.drop(ctx.session, number, other, ref=ref)
    to = next(iter(stand.asked), "")
    if stand.barring and kind == "approval":
        await deadlines.drop(ctx.session, number, kind, ref=ref)
    elif kind and (stand.due is None or stand.due.to != to):
        if stand.due and not stand.in_turn and to not in stand.void and _has_voted(stand, stand.due.to):
            # All are asked at once, so whoever is left was asked when the others were.
            await deadlines.hand_over(ctx.session, number, kind, ref, to)
            return True
        approvals, begun = ctx.library.approvals, version.settled_at
        due = (
            begun + approvals.emergency.review
            if kind == "review_holding" and begun
            else ctx.now + approvals.clocks[Level(incident.level)].answer
        )
        await deadlines.put(ctx.session, incident, kind, due, ref=ref, what=f"v{ref}", to=to)
        return True
    return False


def _has_voted(stand: Standing, name: str) -> bool:
    return any(seat.vote is not None and seat.vote.person == name for seat in stand.seats)


async def fall(ctx: Context, incident: Incident, versions: Iterable[Version], why: str) -> tuple[str, ...]:
    """Void the approvals of versions that are voted on and ask anew; returns whose they were."""
    whose: list[str] = []
    for version in versions:
        if version.state in DUTIES:
            whose += await statements.fall(ctx.session, version.id or 0, why)
            await deadlines.drop(ctx.session, incident.id or 0, "approval", ref=str(version.number))
            await show(ctx, incident, version)
    return tuple(dict.fromkeys(whose))


async def level_changed(ctx: Context, incident: Incident) -> None:
    """Approvals were given for another level: they fall, and the path is another."""
    versions = await statements.of(ctx.session, incident.id or 0)
    whose = await fall(ctx, incident, versions, "level")
    if whose:
        ctx.thread(
            incident,
            lambda say: Card(
                title=say("The level changed, so approvals of #{number} fell", number=incident.id),
                text=say("Please approve again: {names}", names=say(", ").join(whose)),
                tone=Tone.WARN,
                notify=whose,
            ),
        )


def none_yet(ctx: Context, incident: Incident) -> NotFoundError:
    """There is no statement."""
    return NotFoundError(
        ctx.say("#{number} has no statement yet.", number=incident.id),
        hint=ctx.say("Draft one: draft {number}", number=incident.id),
    )


def superseded(ctx: Context, number: int, newest: Version) -> ConflictError:
    """There is a newer text."""
    return ConflictError(
        ctx.say("v{version} is superseded by v{newest}.", version=number, newest=newest.number),
        hint=ctx.say("Read v{newest} in the thread first.", newest=newest.number),
    )
