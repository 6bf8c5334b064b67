"""Who is asked for an approval, by when each of them has to answer, and until when each approval counts.

Each person has a deadline of their own, so that each is reminded of their own vote alone: its `ref` is the version's number and,
behind a blank, the name.
"""

from __future__ import annotations

from datetime import datetime

from handlers.kit.context import Context
from handlers.shared.duties import both
from handlers.shared.standing import DUTIES, Standing
from playbooks.levels import Level
from storage import deadlines
from storage.models import Incident, Version

EXPIRY = "expiry"
"""The kind of deadline that an approval has."""


def part(version: Version, name: str) -> str:
    """One person's part in a version, as the `ref` of a deadline."""
    return f"{version.number} {name}"


async def ask(ctx: Context, incident: Incident, version: Version, stand: Standing) -> bool:
    """Ask whoever has to answer now, and nobody else; tells whether anybody is asked, or no longer asked, since.

    Nobody is asked for a text that is settled or barred.
    """
    number, kind = incident.id or 0, DUTIES.get(version.state, "")
    for other in {*DUTIES.values()} - {kind}:
        await deadlines.drop(ctx.session, number, other, ref=str(version.number))
    await _watch(ctx, incident, version, stand)
    is_barred = kind == DUTIES["pending"] and bool(stand.barring)
    asked = stand.asked if kind and not is_barred else ()
    gone = [due for name, due in stand.dues.items() if name not in asked]
    for due in gone:
        await deadlines.forget(ctx.session, due)
    fresh = [name for name in asked if name not in stand.dues]
    for name in fresh:
        due_at = _due(ctx, incident, version)
        await deadlines.put(
            ctx.session, incident, kind, due_at, ref=part(version, name), what=_what(version, name), to=name
        )
    return bool(fresh or gone)


def _what(version: Version, name: str) -> str:
    return both(f"v{version.number}（{name}）", f"v{version.number} ({name})")


def _due(ctx: Context, incident: Incident, version: Version) -> datetime:
    approvals, begun = ctx.library.approvals, version.settled_at
    if version.state == "released" and begun:
        return begun + approvals.emergency.review
    return ctx.now + approvals.clocks[Level(incident.level)].answer


async def _watch(ctx: Context, incident: Incident, version: Version, stand: Standing) -> None:
    """Have a row for each approval that counts and runs out, so that its end is told when it comes."""
    counting = (
        {
            vote.person: vote.until
            for vote in stand.votes
            # One that ran out and did not fall yet is about to be told of.
            if vote.choice == "approve"
            and not vote.fell
            and stand.void.get(vote.person, "expired") == "expired"
        }
        if version.state in DUTIES
        else {}
    )
    known = {}
    for row in await deadlines.of(ctx.session, incident.id or 0):
        if row.kind == EXPIRY and row.ref == part(version, row.to):
            known[row.to] = row.due_at
            if counting.get(row.to) != row.due_at:
                await deadlines.forget(ctx.session, row)
    for name, until in counting.items():
        if until is not None and known.get(name) != until:
            ref, what = part(version, name), _what(version, name)
            await deadlines.put(ctx.session, incident, EXPIRY, until, ref=ref, what=what, to=name)
