"""How fast a video's numbers grow for its age, and what is usual: pure arithmetic.

Counters are compared as rates over the same stretch of age, on a logarithmic scale, by median and median absolute deviation,
which one viral video among few does not move.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

LEAST_PEERS = 3
"""Fewer say nothing about what is usual."""
SPREADS = 4.0
"""Scaled median absolute deviations beyond which a rate is out of range."""
SIGMA = 1.4826
"""Makes a median absolute deviation a standard deviation where things are normally distributed."""
HOUR = timedelta(hours=1)
GAPS = 4
"""A count between two known ones is told while they lie no further apart than so many times the stretch that is looked at."""


class Track:
    """One counter of one video over time, and 0 when it was published."""

    def __init__(self, published_at: datetime | None, points: Iterable[tuple[datetime, int | None]]) -> None:
        known = [(at, float(value)) for at, value in points if value is not None]
        if published_at is not None and known and known[0][0] > published_at:
            known.insert(0, (published_at, 0.0))
        self.times = [at for at, _ in known]
        self.values = [value for _, value in known]

    def level(self, at: datetime, widest: timedelta) -> float | None:
        """The count at a moment, on a straight line between those known; None outside of them, and in a gap wider than that."""
        place = bisect_left(self.times, at)
        if place == len(self.times) or (place == 0 and self.times[0] != at):
            return None
        if self.times[place] == at:
            return self.values[place]
        start, end = self.times[place - 1], self.times[place]
        if end - start > widest:
            return None
        part = (at - start) / (end - start)
        return self.values[place - 1] + part * (self.values[place] - self.values[place - 1])

    def rate(self, start: datetime, end: datetime) -> float | None:
        """Growth per hour; None where it is not known. Counters that fall, as comments are deleted, count as standing still."""
        low, high = (self.level(at, GAPS * (end - start)) for at in (start, end))
        if low is None or high is None:
            return None
        return max(high - low, 0.0) / ((end - start) / HOUR)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for a rate.

    Args:
        middle: the median, as log(1 + rate).
        margin: how far from it a rate may lie, on that scale.
        count: of how many rates it is made.
    """

    middle: float
    margin: float
    count: int

    @property
    def rate(self) -> float:
        """The usual rate."""
        return math.expm1(self.middle)

    @property
    def low(self) -> float:
        """The lowest rate that is still usual."""
        return max(math.expm1(self.middle - self.margin), 0.0)

    @property
    def high(self) -> float:
        """The highest one."""
        return math.expm1(self.middle + self.margin)

    def times(self, rate: float) -> float:
        """How many times the usual a rate is."""
        return (1 + rate) / (1 + self.rate)

    def is_above(self, rate: float) -> bool:
        """Tell whether a rate is beyond the range."""
        return math.log1p(rate) - self.middle > self.margin

    def is_below(self, rate: float) -> bool:
        """Tell whether a rate falls short of it."""
        return self.middle - math.log1p(rate) > self.margin


def usual(rates: Iterable[float | None], least_times: float) -> Usual | None:
    """What is usual after these rates; None if they are too few.

    Args:
        rates: None where unknown.
        least_times: a rate is in range while it is less than so many times the usual, however even the rates are.
    """
    logs = [math.log1p(rate) for rate in rates if rate is not None]
    if len(logs) < LEAST_PEERS:
        return None
    middle = median(logs)
    spread = SIGMA * median(abs(value - middle) for value in logs)
    return Usual(middle, max(SPREADS * spread, math.log(least_times)), len(logs))


def spans(end: datetime, length: timedelta, count: int) -> Sequence[tuple[datetime, datetime]]:
    """So many stretches of time one after another, the last of which ends at `end`."""
    return [(end - number * length, end - (number - 1) * length) for number in range(count, 0, -1)]
