"""Who has to approve a statement, and for how long that counts: `approvals.yaml`, read and asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from playbooks.checking import Duration, FaultError, Strict, Text
from playbooks.levels import Level

Seat = tuple[str, ...]
"""Roster roles, any of which will do. Each seat takes one person."""


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


class Approvals(Strict):
    """The whole path, as data.

    Args:
        steps: those that hold make the path.
        others: roles that make up the number of people a level asks for, and stand in where a step's people may not vote.
        order: whether each step waits for the one before it.
    """

    steps: tuple[ApprovalStep, ...]
    others: Annotated[tuple[Text, ...], Field(min_length=1)]
    order: Literal["parallel", "in turn"] = "parallel"
    clocks: Mapping[Level, Clocks]
    emergency: Emergency

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
