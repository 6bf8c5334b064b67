"""When alerts wait: quiet hours, maintenance, and a cap on alerts of one kind. Parts of `fenghuo.yaml`.

Red alerts wait for nothing, so no rule may name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from playbooks.checking import Duration, FaultError, Strict, Text
from playbooks.levels import Level

DAY = timedelta(days=1)


def read_time(words: object) -> time:
    """Read `23:00`. Raises FaultError."""
    try:
        return datetime.strptime(str(words).strip(), "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError as error:
        raise FaultError(f'"{words}" is not a time of day', 'write it as "23:00"') from error


def read_moment(words: object) -> datetime:
    """Read `2026-11-21 18:00`; the time zone is the team's and is added later. Raises FaultError."""
    try:
        return datetime.strptime(str(words).strip(), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - see above
    except ValueError as error:
        raise FaultError(f'"{words}" is not a moment', 'write it as "2026-11-21 18:00"') from error


def _levels(words: object) -> object:
    if not isinstance(words, list):
        return words
    found = [Level.read(str(word)) for word in words]
    if None in found:
        raise FaultError("these are not levels", "orange, yellow, blue")
    if Level.RED in found:
        raise FaultError("red alerts always pass", "leave red out: orange, yellow, blue")
    return found


TimeOfDay = Annotated[time, BeforeValidator(read_time)]
Moment = Annotated[datetime, BeforeValidator(read_moment)]


class Hours(Strict):
    """Every day from one time to another, across midnight where it must, alerts of these levels wait."""

    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")
    levels: Annotated[tuple[Level, ...], BeforeValidator(_levels), Field(min_length=1)] = (
        Level.BLUE,
        Level.YELLOW,
    )

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise FaultError("quiet hours that end when they begin are none", at=("to",))
        return self

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When they end, if they are on at a moment."""
        local = now.astimezone(zone)
        for day in (local.date() - DAY, local.date()):
            start = datetime.combine(day, self.start, zone)
            end = datetime.combine(day if self.start < self.end else day + DAY, self.end, zone)
            if start <= local < end:
                return end
        return None


class Maintenance(Strict):
    """A span in which a rush is expected, such as a launch or a live stream: alerts wait, all or those with a keyword."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    reason: Text
    keywords: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start >= self.end:
            raise FaultError("it must end after it begins", at=("to",))
        return self

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When it ends, if it is on at a moment."""
        is_on = self.start.replace(tzinfo=zone) <= now < self.end.replace(tzinfo=zone)
        return self.end.replace(tzinfo=zone) if is_on else None


class Cap(Strict):
    """At most so many alerts of one type of crisis within a span; the others wait until it is over."""

    alerts: Annotated[int, Field(ge=1)]
    within: Duration

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.within <= timedelta():
            raise FaultError("must be longer than nothing", at=("within",))
        return self


def _as_list(words: object) -> object:
    return [words] if isinstance(words, Mapping) else words


ManyHours = Annotated[tuple[Hours, ...], BeforeValidator(_as_list)]
"""One span or a list of them, so that each level can have its own."""


class Quiet(Strict):
    """All of it, in the team's time zone."""

    hours: tuple[Hours, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    cap: Cap | None = None
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")


class Coverage(Strict):
    """When a source's silence is news.

    Args:
        silence: shorter silences are never remarked, whatever its habit.
        failing: how long a source may fail before anybody is told.
        first: how long it may take to its first row; and how long one may be silent whose habit is not known yet.
    """

    silence: Duration = timedelta(minutes=30)
    failing: Duration = timedelta(minutes=10)
    first: Duration = timedelta(days=1)
