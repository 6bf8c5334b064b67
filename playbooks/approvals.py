"""Who has to approve a statement, and for how long that counts: `approvals.yaml`, read and asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from playbooks.checking import Duration, FaultError, Strict, Text, nearest
from playbooks.levels import Level
from playbooks.reading import Loc

Seat = tuple[str, ...]
"""Roster roles, any of which will do. Each seat takes one person."""
Order = Literal["parallel", "in turn"]
Others = Annotated[tuple[Text, ...], Field(min_length=1)]
Misfit = tuple[Loc, str, str]
"""Where it stands, what is wrong, how to mend it."""


def _levels(words: object) -> object:
    if not isinstance(words, list):
        return words
    found = [Level.read(str(word)) for word in words]
    if None in found:
        raise FaultError("these are not levels", "red, orange, yellow, blue")
    return found


Code = Annotated[str, StringConstraints(pattern=r"^L\d\d$")]
"""A check: `L19`."""


class ApprovalStep(Strict):
    """One step of the path.

    Args:
        roles: any of these roster roles will do; `count`: that many people.
        levels: at these levels; `types`: for these crisis types. Empty: at all of them.
        checks: whatever level and type, if one of these checks finds something.
    """

    roles: Annotated[tuple[Text, ...], Field(min_length=1)]
    levels: Annotated[tuple[Level, ...], BeforeValidator(_levels)] = ()
    types: tuple[Text, ...] = ()
    checks: tuple[Code, ...] = ()
    count: Annotated[int, Field(ge=1, le=5)] = 1

    def holds(self, level: Level, kind: str, codes: Collection[str]) -> bool:
        """Tell whether a text of an incident of this level and type, with these findings, needs the step."""
        if set(self.checks) & set(codes):
            return True
        if self.checks and not (self.levels or self.types):
            return False
        return (not self.levels or level in self.levels) and (not self.types or kind in self.types)


class Clocks(Strict):
    """How long somebody has to answer, and how long an approval counts."""

    answer: Duration
    expire: Duration

    @model_validator(mode="after")
    def _clocks_run(self) -> Self:
        for clock in ("answer", "expire"):
            if getattr(self, clock) <= timedelta():
                raise FaultError("must be longer than nothing", at=(clock,))
        return self


class Emergency(Strict):
    """One lead alone lets a pre-approved text go; `review`: within that time somebody else looks at it."""

    review: Duration


@dataclass(frozen=True, slots=True)
class Path:
    """Who has to approve: a seat for each person, in order. `absent`: roles of steps that nobody on the roster could take."""

    seats: tuple[Seat, ...]
    absent: tuple[str, ...] = ()


class OwnApprovals(Strict):
    """What a team has otherwise than `approvals.yaml`; the parts are the same, and what is left out stays as it is there."""

    steps: tuple[ApprovalStep, ...] | None = None
    others: Others | None = None
    order: Order | None = None
    clocks: Mapping[Level, Clocks] = Field(default_factory=dict)
    """Of some levels."""
    emergency: Emergency | None = None


class Approvals(Strict):
    """The whole path, as data.

    Args:
        steps: those that hold make the path.
        others: roles that make up the number of people a level asks for, and stand in where a step's people may not vote.
        order: whether each step waits for the one before it.
    """

    steps: tuple[ApprovalStep, ...]
    others: Others
    order: Order = "parallel"
    clocks: Mapping[Level, Clocks]
    emergency: Emergency

    def adapted(self, own: OwnApprovals | None) -> Approvals:
        """The path with what a team has otherwise."""
        if own is None:
            return self
        said = {name: value for name in own.model_fields_set if (value := getattr(own, name)) is not None}
        return self.model_copy(update={**said, "clocks": {**self.clocks, **own.clocks}})

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [level.value for level in Level if level not in self.clocks]:
            raise FaultError(f"{', '.join(missing)} is missing", "every level needs its line", ("clocks",))
        return self

    def path(
        self, level: Level, kind: str, codes: Collection[str], *, held: Collection[str], least: int
    ) -> Path:
        """The path of one text.

        Args:
            level: of the incident.
            kind: its type.
            codes: of the checks that found something.
            held: the roles that people on the roster have.
            least: how many people the level asks for, see `levels.yaml`.
        """
        due = [step for step in self.steps if step.holds(level, kind, codes)]
        seats = [step.roles for step in due if set(step.roles) & set(held) for _ in range(step.count)]
        absent = [role for step in due if not set(step.roles) & set(held) for role in step.roles]
        seats += [self.others] * (least - len(seats))
        return Path(tuple(seats), tuple(dict.fromkeys(absent)))


def matched(seats: Sequence[Collection[str]], people: Sequence[str]) -> dict[int, str]:
    """Seat as many people as possible, those who come first first; whoever has a seat keeps one (Kuhn's algorithm)."""
    taken: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for index, able in enumerate(seats):
            if person in able and index not in tried:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = person
                    return True
        return False

    for person in people:
        place(person, set())
    return taken


def misfits(
    rules: Approvals,
    own: OwnApprovals,
    roster: Mapping[str, Collection[str]],
    *,
    least: Mapping[Level, int],
    roles: Collection[str],
    types: Collection[str],
) -> Iterator[Misfit]:
    """What a team's own path asks for and its roster cannot give.

    Args:
        rules: the path in force, with what is its own.
        own: what is its own; where it says nothing of steps and people, nothing is wrong with them.
        roster: name -> roles.
        least: how many people each level asks for, see `levels.yaml`.
        roles: that anybody may have.
        types: of crises.
    """
    held = {role for each in roster.values() for role in each}
    asked: list[tuple[Loc, Seat, int]] = [
        (("steps", index), step.roles, step.count) for index, step in enumerate(own.steps or ())
    ]
    asked += [(("others",), own.others, 1)] if own.others else []
    found = [
        each for loc, seat, count in asked for each in _unfilled(loc, seat, count, roster, {*roles, *held})
    ]
    found += [
        (("steps", index, "types"), f'there is no playbook "{kind}"', nearest(kind, list(types)))
        for index, step in enumerate(own.steps or ())
        for kind in step.types
        if kind not in types
    ]
    yield from found
    if asked and not found:
        yield from _short_levels(rules, roster, held, least)


def _unfilled(
    loc: Loc, seat: Seat, count: int, roster: Mapping[str, Collection[str]], roles: Collection[str]
) -> Iterator[Misfit]:
    unknown = [role for role in seat if role not in roles]
    for role in unknown:
        yield (*loc, "roles"), f'there is no role "{role}"', nearest(role, sorted(roles))
    able = [name for name, has in roster.items() if set(has) & set(seat)]
    names = " or ".join(seat)
    if not able and len(unknown) < len(seat):
        yield (
            loc,
            f"nobody among the people is {names}, so nobody could ever approve this",
            "give somebody that role",
        )
    elif 0 < len(able) < count:
        hint = "ask for fewer, or give others that role"
        yield (*loc, "count"), f"{count} people have to approve and only {len(able)} are {names}", hint


def _short_levels(
    rules: Approvals, roster: Mapping[str, Collection[str]], held: Collection[str], least: Mapping[Level, int]
) -> Iterator[Misfit]:
    """Levels at which more people have to approve than may; a person takes one seat."""
    codes = {code for step in rules.steps for code in step.checks}
    kinds = {"", *(kind for step in rules.steps for kind in step.types)}
    for level in Level:
        paths = [
            rules.path(level, kind, codes, held=held, least=least[level]).seats for kind in sorted(kinds)
        ]
        able = [
            [[name for name, has in roster.items() if set(has) & set(seat)] for seat in seats]
            for seats in paths
        ]
        seated = [(len(seats), len(matched(seats, list(roster)))) for seats in able]
        wanted, there = max(seated, key=lambda pair: pair[0] - pair[1])
        if there < wanted:
            yield (
                ("steps",),
                f"at {level.value} {wanted} different people may have to approve, and the people have only {there} for it",
                "give others these roles, or ask for fewer",
            )
