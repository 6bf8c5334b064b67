"""The ladder: who is told, rung by rung, while something is overdue.

Every duty climbs the same ladder, whatever its kind. A rung is told once: `rung` on the deadline's row is the last one that was,
and each is armed in the transaction that tells the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from handlers.kit.team import Team
from playbooks.clocks import Ladder, Tell
from storage.models import Deadline, Incident

ONCE = frozenset({"golden"})
"""Kinds that are told of once: another duty climbs the ladder for the same matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody to be told.

    Args:
        rung: which one of the ladder, from 1.
        after: how long after the first rung's moment.
        people: by name; nobody, where neither a commander nor a rota nor a lead is there.
    """

    rung: int
    after: timedelta
    tell: Tell
    people: tuple[str, ...]


def bearer(team: Team, incident: Incident, due: Deadline, now: datetime) -> tuple[str, ...]:
    """Whose duty it is: the person it was given to, else the commander, else whoever is on call, else the leads.

    Whoever is not on the roster cannot be called: they have left, or are a guest.
    """
    able = (name for name in (due.to, incident.owner, team.on_call(now)) if team.person(name))
    return tuple(islice(able, 1)) or team.leads


def calls(team: Team, incident: Incident, due: Deadline, ladder: Ladder, now: datetime) -> Sequence[Call]:
    """The rungs that call somebody: the first, and each after it that calls people who were not called just before."""
    rungs = ladder[:1] if due.kind in ONCE else ladder
    found: list[Call] = []
    for number, rung in enumerate(rungs, 1):
        before = found[-1].people if found else ()
        people = tuple(
            name
            for name in dict.fromkeys(_people(team, incident, due, rung.tell, now))
            if name and name not in before
        )
        if people or not found:
            found.append(Call(rung=number, after=rung.after, tell=rung.tell, people=people))
    return found


def _people(team: Team, incident: Incident, due: Deadline, tell: Tell, now: datetime) -> Iterator[str]:
    first = bearer(team, incident, due, now)
    if tell is Tell.OWNER:
        yield from first
    elif tell is Tell.DEPUTY:
        yield from (team.deputy_of(name) for name in first[:1])
    elif tell is Tell.LEAD:
        yield from team.leads
    else:
        yield team.next_on_call(now)


def told_and_next(found: Sequence[Call], rung: int) -> tuple[Call | None, Call | None]:
    """The call that a rung makes, and the one after it; rungs that call nobody are passed over."""
    left = [call for call in found if call.rung >= rung]
    return (left[0] if left else None), (left[1] if len(left) > 1 else None)
