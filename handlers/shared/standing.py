"""How the vote on a version stands: which seats its path has, who has taken one, who may take the others.

The path is made anew each time from the level, the type, what the checks find and who is on the roster, so a text whose
incident grew graver needs what the graver level asks for. One person takes one seat; authors never take any.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from handlers.kit.context import Context
from handlers.kit.team import Person
from handlers.shared.findings import Record, checked, resting_on
from handlers.shared.house import house_of
from playbooks.approvals import Path, Seat, matched
from playbooks.checks import Finding, blocks, unfilled
from playbooks.levels import Level
from storage import commitments, deadlines, statements
from storage.models import Deadline, Fact, HouseLine, Incident, Override, Version, Vote

DUTIES: Mapping[str, str] = {"pending": "approval", "released": "review_holding"}
"""The deadline that a version in each of these states has."""
GAPS = "L02"
"""The check that finds gaps left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One seat of the path.

    Args:
        roles: any of which will do.
        able: who may take it, by roster name.
        stands_in: nobody with these roles may vote on this text, so others do it for them.
        vote: the approval that takes it; `served`: the role in which.
        asked: who is to be asked for it; empty if it is taken or nobody is left.
        holders: how many people on the roster have one of the roles.
    """

    roles: Seat
    able: tuple[str, ...]
    stands_in: bool = False
    vote: Vote | None = None
    served: str = ""
    asked: str = ""
    holders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that decides about a version.

    Args:
        seats: the path, in order; `in_turn`: each waits for the one before it.
        absent: roles that the path asks for and nobody on the roster has.
        votes: all that were cast; `void`: why an approval does not count, by person.
        found: by the checks; `overrides`: what leads let pass.
        rests_on: the facts that the text cites.
        dues: by when each of those who are asked has to answer, by name.
        channels: where it is to go out.
        house: the agreed lines that a text can say.
        is_outgrown: it was approved at a lower level than the incident has now.
    """

    seats: tuple[Taken, ...]
    in_turn: bool = False
    absent: tuple[str, ...] = ()
    votes: Sequence[Vote] = ()
    void: Mapping[str, str] = field(default_factory=dict)
    found: tuple[Finding, ...] = ()
    overrides: Sequence[Override] = ()
    rests_on: tuple[Fact, ...] = ()
    dues: Mapping[str, Deadline] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    house: Sequence[HouseLine] = ()
    is_outgrown: bool = False

    @property
    def given(self) -> int:
        """Approvals that count."""
        return sum(seat.vote is not None for seat in self.seats)

    @property
    def waiting(self) -> tuple[Taken, ...]:
        """Seats that are not taken; in turn only the first of them."""
        free = tuple(seat for seat in self.seats if seat.vote is None)
        return free[:1] if self.in_turn else free

    @property
    def asked(self) -> tuple[str, ...]:
        """Who is to be asked now."""
        return tuple(seat.asked for seat in self.waiting if seat.asked)

    @property
    def short(self) -> int:
        """How many people are missing: seats that nobody is left for."""
        return sum(seat.vote is None and not seat.asked for seat in self.seats)

    @property
    def barring(self) -> tuple[Finding, ...]:
        """What bars approval: blocks that no lead let pass."""
        let_pass = {each.code for each in self.overrides}
        return tuple(each for each in blocks(self.found) if each.code not in let_pass)

    @property
    def is_complete(self) -> bool:
        """Whether every seat is taken and nothing bars it."""
        return self.given == len(self.seats) and not self.barring

    def seat_for(self, name: str) -> Taken | None:
        """The seat that somebody's approval would take now; None if it is not needed."""
        taken = [seat.vote.person for seat in self.seats if seat.vote]
        rest = [seat.asked for seat in self.seats if seat.asked not in {"", name}]
        places = matched([seat.able for seat in self.seats], [*taken, name, *rest])
        place = next((index for index, person in places.items() if person == name), None)
        if place is None:
            return None
        is_early = self.in_turn and any(places.get(index) not in taken for index in range(place))
        return None if is_early else self.seats[place]


async def standing(ctx: Context, incident: Incident, version: Version) -> Standing:
    """Read how the vote on a version stands."""
    number = incident.id or 0
    house = await house_of(ctx, incident)
    table = house.table
    public = await statements.spoken(ctx.session, number)
    other = None if public is None or public.id == version.id else public
    promises = await commitments.of(ctx.session, number)
    found = checked(
        ctx, incident, version, Record(facts=table, promises=promises, public=other, house=house.sayable)
    )
    votes = await statements.votes(ctx.session, version.id or 0)
    void = {
        vote.person: why
        for vote in votes
        if vote.choice == "approve" and (why := _why_void(ctx, incident, version, vote))
    }
    path = path_of(ctx, incident, version, {each.code for each in found})
    resting = resting_on(version, table)
    return Standing(
        seats=_seats(ctx, version, path, votes, void),
        in_turn=ctx.library.approvals.order == "in turn",
        absent=path.absent,
        votes=votes,
        void=void,
        found=found,
        overrides=await statements.overrides(ctx.session, version.id or 0),
        rests_on=tuple(each for each in table if f"F{each.number}" in resting),
        dues=await dues_for(ctx, incident, version),
        channels=ctx.team.channels,
        house=house.sayable,
        is_outgrown=is_outgrown(incident, version),
    )


async def dues_for(ctx: Context, incident: Incident, version: Version) -> Mapping[str, Deadline]:
    """By when each of those who are asked has to answer, by name."""
    wanted = (DUTIES.get(version.state, ""), str(version.number))
    due = await deadlines.of(ctx.session, incident.id or 0)
    return {each.to: each for each in due if (each.kind, each.ref.partition(" ")[0]) == wanted}


def asking_level(incident: Incident, version: Version) -> Level:
    """The level whose path a version has to go: the graver one of its own and the incident's."""
    return max(Level(incident.level), Level(version.level or incident.level), key=lambda each: each.rank)


def is_outgrown(incident: Incident, version: Version) -> bool:
    """Tell whether a version was approved at a lower level than its incident has now.

    What one lead may release alone, they may at any level.
    """
    is_approved = version.state == "approved" and not version.released_by and bool(version.level)
    return is_approved and Level(version.level).rank < Level(incident.level).rank


def path_of(ctx: Context, incident: Incident, version: Version, codes: Collection[str]) -> Path:
    """Who has to approve a version; one that a lead released alone is looked at by one other person."""
    path = ctx.library.approvals.path(
        asking_level(incident, version),
        incident.playbook or incident.type,
        codes,
        held={role for person in ctx.team.people for role in person.roles},
        least=ctx.library.levels[asking_level(incident, version)].approvals,
    )
    if not version.released_by:
        return path
    return Path((tuple(dict.fromkeys(role for seat in path.seats for role in seat)),), path.absent)


def _why_void(ctx: Context, incident: Incident, version: Version, vote: Vote) -> str:
    """Why an approval does not count; empty if it does. What is settled stays as it was, unless the level rose since."""
    if vote.fell or not (version.state in DUTIES or is_outgrown(incident, version)):
        return vote.fell
    if vote.hash != version.hash:
        return "text"
    if vote.person in authors_of(ctx, version):
        return "author"
    if vote.level != incident.level:
        return "level"
    if vote.until is not None and vote.until <= ctx.now:
        return "expired"
    return "" if ctx.team.person(vote.person) else "roster"


def _seats(
    ctx: Context, version: Version, path: Path, votes: Sequence[Vote], void: Mapping[str, str]
) -> tuple[Taken, ...]:
    counting = {vote.person: vote for vote in votes if vote.choice == "approve" and vote.person not in void}
    barred = {
        *authors_of(ctx, version),
        version.released_by,
        *(vote.person for vote in votes if vote.choice != "approve"),
    }
    free = [person for person in ctx.team.people if person.name not in barred]
    seats = [_seat(ctx, roles, free) for roles in path.seats]
    others = [person.name for person in free if person.name not in counting]
    places = _places(ctx, seats, [*counting, *others])
    return tuple(
        replace(
            seat,
            vote=counting.get(name),
            served=next((role for role in seat.roles if role in _roles(ctx, name)), ""),
            asked="" if name in counting else name,
        )
        for seat, name in zip(seats, (places.get(index, "") for index in range(len(seats))), strict=True)
    )


def _places(ctx: Context, seats: Sequence[Taken], people: Sequence[str]) -> Mapping[int, str]:
    """Who sits where. Where nobody waits for anybody, whoever is the only one for a seat takes that: else they would be missed there."""
    order = list(range(len(seats)))
    if ctx.library.approvals.order == "parallel":
        order.sort(key=lambda index: (seats[index].stands_in, seats[index].holders))
    places = matched([seats[index].able for index in order], people)
    return {order[index]: name for index, name in places.items()}


def _roles(ctx: Context, name: str) -> Collection[str]:
    person = ctx.team.person(name)
    return person.roles if person else ()


def open_gap(version: Version, code: str) -> str:
    """The gap that a check bars a version for and that no reason fills; empty if a lead may let it pass."""
    texts = (version.text, *(version.variants or {}).values())
    return next(filter(None, map(unfilled, texts)), "") if code == GAPS else ""


def authors_of(ctx: Context, version: Version) -> set[str]:
    """Everyone who wrote part of a text; a guest who has been put on the roster or joined an account since is who they are now."""
    mine = {
        person.name
        for person in ctx.team.people
        for user in person.ids.values()
        if any(author.endswith(f"({user})") for author in version.authors)
    }
    return {*version.authors, *mine}


def _seat(ctx: Context, roles: Seat, free: Sequence[Person]) -> Taken:
    able = tuple(person.name for person in free if person.roles & set(roles))
    holders = sum(bool(person.roles & set(roles)) for person in ctx.team.people)
    if able:
        return Taken(roles=roles, able=able, holders=holders)
    others = set(ctx.library.approvals.others)
    return Taken(
        roles=roles,
        able=tuple(person.name for person in free if person.roles & others),
        stands_in=not others & set(roles),
        holders=holders,
    )


def expires(ctx: Context, incident: Incident) -> datetime:
    """Until when an approval that is given now counts."""
    return ctx.now + ctx.library.approvals.clocks[Level(incident.level)].expire
