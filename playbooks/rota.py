"""The rota: who is on call this week, with exceptions. A part of `fenghuo.yaml`.

It is counted in wall-clock time of its zone, so the hand-off stays at nine when the clocks change, and every moment that is
compared is turned into UTC first: an hour that comes twice hands off once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from playbooks.checking import WEEKDAYS, Day, FaultError, Strict, Text, read_weekly
from playbooks.quiet import Moment

WEEK = timedelta(weeks=1)


def read_zone(words: object) -> ZoneInfo:
    """Read `Asia/Shanghai`. Raises FaultError."""
    try:
        return ZoneInfo(str(words))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FaultError(f'"{words}" is not a time zone', "write it as Asia/Shanghai") from error


def _weekly(words: object) -> str:
    rule = read_weekly(words)
    if not rule[:3].isalpha() or "," in rule:
        raise FaultError(f'"{words}" is not one time of the week', 'write it as "mon 09:00"')
    return rule


Zone = Annotated[ZoneInfo, BeforeValidator(read_zone)]
Handoff = Annotated[str, BeforeValidator(_weekly)]


class Override(Strict):
    """Somebody else is on call for a span."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    who: Text

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start >= self.end:
            raise FaultError("it must end after it begins", at=("to",))
        return self


class Rota(Strict):
    """People take turns, a week each.

    Args:
        people: in the order of their weeks.
        handoff: when the turn passes on, `mon 09:00`.
        zone: whose wall clock is meant; the team's, if left out.
        start: a day of the first one's week.
        overrides: spans in which somebody else has it.
    """

    people: tuple[Text, ...] = Field(min_length=1)
    handoff: Handoff = "mon 09:00"
    zone: Zone | None = None
    start: Day = Field(alias="from")
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _never_two_at_a_time(self) -> Self:
        order = sorted(range(len(self.overrides)), key=lambda index: self.overrides[index].start)
        for one, other in pairwise(order):
            if self.overrides[other].start < self.overrides[one].end:
                hint = f"{self.overrides[one].who} has it until {self.overrides[one].end:%Y-%m-%d %H:%M}"
                raise FaultError("it overlaps another override", hint, ("overrides", other, "from"))
        return self

    @property
    def names(self) -> frozenset[str]:
        """Everybody who is ever on call."""
        return frozenset((*self.people, *(each.who for each in self.overrides)))

    def on_call(self, now: datetime) -> str:
        """Who is on call at a moment."""
        for each in self.overrides:
            if self._moment(each.start) <= now < self._moment(each.end):
                return each.who
        return self._of_week(self._week(now))

    def following(self, now: datetime) -> str:
        """Who comes after whoever is on call: the next of the list who is somebody else; empty if nobody is."""
        present, week = self.on_call(now), self._week(now)
        coming = (self._of_week(week + ahead) for ahead in range(1, len(self.people) + 1))
        return next((name for name in coming if name != present), "")

    def shifts(self, now: datetime, weeks: int) -> Iterator[tuple[datetime, str]]:
        """The changes of so many weeks: when, and who has it from then on."""
        present, week = self.on_call(now), self._week(now)
        edges = {self._begins(week + ahead) for ahead in range(1, weeks + 1)}
        edges |= {self._moment(moment) for each in self.overrides for moment in (each.start, each.end)}
        for edge in sorted(edge for edge in edges if now < edge <= self._begins(week + weeks)):
            if (name := self.on_call(edge)) != present:
                present = name
                yield edge, name

    def _of_week(self, week: int) -> str:
        return self.people[week % len(self.people)]

    def _week(self, now: datetime) -> int:
        """The number of the week that a moment is in; 0 is that of `start`."""
        local = now.astimezone(self._zone).date()
        week = (local - self._first()) // WEEK
        return week if self._begins(week) <= now else week - 1

    def _begins(self, week: int) -> datetime:
        """When a week begins, in UTC."""
        hour, _, minute = self.handoff.rpartition(" ")[2].partition(":")
        day = self._first() + week * WEEK
        return self._moment(datetime(day.year, day.month, day.day, int(hour), int(minute)))  # noqa: DTZ001 - see `_moment`

    def _first(self) -> date:
        weekday = WEEKDAYS.index(self.handoff[:3])
        return self.start - timedelta(days=(self.start.weekday() - weekday) % 7)

    def _moment(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    @property
    def _zone(self) -> ZoneInfo:
        return self.zone or ZoneInfo("Asia/Shanghai")
