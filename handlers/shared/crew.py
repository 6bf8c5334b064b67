"""Who works on an incident as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.kit.team import Person, Right
from handlers.shared.playbook_card import Progress, progress_of
from playbooks.library import Library
from storage import crew, timeline
from storage.models import LIVING, Assignment, Entry, Incident

COMMANDER = "commander"
APPROVING = frozenset({"pr", "legal", "ceo"})
"""Roles that share a name with those that approve statements. A guest takes none of them, and none of them gives a vote."""
OFFERED = 6
"""Vacant roles that have a button: those whose steps come first."""
MOST_MISSING = 4
"""Vacant roles that are named in one line."""
CHANGES_OF_HANDS = ("claimed", "handed_over", "took_over", "released")


async def crew_of(ctx: Context, incident: Incident) -> Mapping[str, str]:
    """Role -> who holds it now, by roster name; the commander included when there is one."""
    held = await crew.of(ctx.session, incident.id or 0)
    return {COMMANDER: incident.owner, **held} if incident.owner else held


def crew_key(incident: Incident) -> str:
    """The key of an incident's crew card."""
    return f"crew:{incident.id}"


def role_title(say: Locale, library: Library, role: str) -> str:
    """What a role is called."""
    found = library.roles.get(role)
    return found.name(say.language) if found else role


def able(ctx: Context, who: Person) -> None:
    """Go on only if a person may work on incidents. Raises ConflictError."""
    if not who.may(Right.WORK):
        names = " ".join(f"@{each.name}" for each in ctx.team.people if each.may(Right.WORK))
        raise ConflictError(
            ctx.say("{name} may not work on incidents.", name=who.name),
            hint=ctx.say("These may: {names}", names=names),
        )


def wanted(progress: Progress | None) -> list[str]:
    """The roles that have a step still to do, in the order in which they are needed."""
    if progress is None:
        return []
    return list(dict.fromkeys(progress.step(number).role or COMMANDER for number in progress.left()))


def missing(say: Locale, library: Library, progress: Progress | None, held: Mapping[str, str]) -> str:
    """The roles that are needed and that nobody has, in one line; empty if there are none. A commander is called for elsewhere."""
    vacant = [role for role in wanted(progress) if role not in held and role != COMMANDER]
    named = [role_title(say, library, role) for role in vacant[:MOST_MISSING]]
    if rest := len(vacant) - len(named):
        named.append(say("{n} more", n=rest))
    return say("Nobody yet: {roles}", roles=say(", ").join(named)) if named else ""


async def crew_card(ctx: Context, incident: Incident, *, in_full: bool = False) -> CardBuilder:
    """The builder of an incident's crew card: who has which role, and a tap for each that is vacant.

    In full it tells as well who had one before.
    """
    held, library = await crew_of(ctx, incident), ctx.library
    roles = [COMMANDER, *wanted(await progress_of(ctx, incident)), *held]
    lines = {role: held.get(role, "") for role in roles}
    terms = await crew.history(ctx.session, incident.id or 0)
    since = {term.role: term for term in terms if term.until is None}
    past = _commanders(await timeline.of(ctx.session, incident.id or 0)) + _past(terms) if in_full else []

    def build(say: Locale) -> Card:
        vacant = [role for role, person in lines.items() if not person]
        now = tuple(
            " ".join(
                filter(None, (role_title(say, library, role), person or "—", _since(say, since.get(role))))
            )
            for role, person in lines.items()
        )
        before = tuple(
            f"{role_title(say, library, role)} {person} {say.clock(start)}–{say.clock(end)}"
            for role, person, start, end in sorted(past, key=lambda term: term[2])
        )
        is_on = incident.state in LIVING
        return Card(
            title=say("#{number}: who does what", number=incident.id),
            tone=Tone.WARN if vacant and is_on else Tone.PLAIN,
            sections=tuple(
                each
                for each in (Section(lines=now), Section(title=say("Before"), lines=before))
                if each.lines
            ),
            buttons=tuple(_offer(say, library, incident, role) for role in vacant[:OFFERED]) if is_on else (),
            footer=say("For somebody else: role {number} ROLE @WHO", number=incident.id) if is_on else "",
        )

    return build


def _since(say: Locale, term: Assignment | None) -> str:
    return say("since {time}", time=say.clock(term.since)) if term else ""


def _offer(say: Locale, library: Library, incident: Incident, role: str) -> Button:
    if role == COMMANDER:
        return Button(
            label=say("Claim"), action="incident.claim", value=str(incident.id), tone=ButtonTone.PRIMARY
        )
    label = say("I am {role}", role=role_title(say, library, role))
    return Button(label=label, action="role.role", value=f"{incident.id} {role}")


def _past(terms: Sequence[Assignment]) -> list[tuple[str, str, datetime, datetime]]:
    """Role, person, from, until: of everybody who has laid a role down."""
    return [(term.role, term.person, term.since, term.until) for term in terms if term.until]


def _commanders(entries: Sequence[Entry]) -> list[tuple[str, str, datetime, datetime]]:
    """The same for command, which has no rows of its own: the timeline tells when it changed hands."""
    changes = [entry for entry in entries if entry.kind in CHANGES_OF_HANDS]
    found = []
    for entry, following in pairwise(changes):
        if entry.kind != "released":
            person = entry.data.get("to", entry.by)
            found.append((COMMANDER, person, entry.at, following.at))
    return found
