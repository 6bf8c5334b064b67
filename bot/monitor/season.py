"""Tell whether an hour has more negatives than the season explains: the same hour of day, over the last two weeks.

Counts of comments are over-dispersed and follow the day, so that a mean with three sigma cries wolf about daily. Here the same hour
of day and its neighbours say what is usual, a negative binomial fitted to them says how unlikely the count is, and a ratio and a
floor keep small numbers quiet. Comments that come before an alarm is due are summed over several hours too, for the slow ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

DAYS = 14
"""Days of history that are looked at."""
NEIGHBOURS = 1
"""Hours before and after the same hour of day that count as like it."""
LEAST = 5
"""Negatives below which an hour is never a spike."""
RATIO = 2.0
"""Times what is usual, at least."""
UNLIKELY = 1e-3
"""The odds of so many or more by chance, at most; measured: 0.03 false alarms a day at two negatives an hour."""
SPANS = (1, 2)
"""Hours that are judged together, the last one included."""
MOST_DISPERSED = 1.5
"""The least size of the negative binomial: smaller would call anything likely."""


IMPOSSIBLE = 1e-15
"""Odds that are as good as none; what is less cannot be reckoned."""


@dataclass(frozen=True, slots=True)
class Season:
    """What is usual, and how the count compares.

    Args:
        count: negatives of the hours judged.
        usual: their mean in like hours.
        odds: of so many or more by chance.
        hours: how many hours were judged together.
        is_spike: it is more than chance, than the ratio, and than the floor.
    """

    count: int
    usual: float
    odds: float
    hours: int
    is_spike: bool

    @property
    def ratio(self) -> float:
        """The count as a multiple of what is usual."""
        return self.count / max(self.usual, 0.5)

    @property
    def surprise(self) -> float:
        """The odds as a negative power of ten; 0 for what is not well above the usual, however sure that is."""
        return -math.log10(max(self.odds, IMPOSSIBLE)) if self.count >= RATIO * self.usual else 0.0


def judge(
    hourly: Sequence[int], *, ratio: float = RATIO, least: int = LEAST, unlikely: float = UNLIKELY
) -> Season:
    """Judge the last hour of a series of hourly counts, alone and with those before it; the most surprising counts.

    Args:
        hourly: negatives of each hour, the oldest first, without gaps.
        ratio: times what is usual, at least.
        least: negatives, at least.
        unlikely: odds, at most.
    """
    found = [_judge(hourly, span, ratio, least, unlikely) for span in SPANS if len(hourly) >= span]
    if not found:
        return Season(0, 0.0, 1.0, 0, is_spike=False)
    return max(found, key=lambda season: (season.is_spike, -season.odds))


def _judge(hourly: Sequence[int], span: int, ratio: float, least: int, unlikely: float) -> Season:
    like = [sum(hourly[end - span : end]) for end in _ends(len(hourly), span)]
    found = against(sum(hourly[-span:]), like, span)
    is_spike = (
        found.count >= least and found.count >= ratio * found.usual and found.odds <= unlikely and bool(like)
    )
    return replace(found, is_spike=is_spike)


def against(count: int, like: Sequence[int], hours: int, part: float = 1.0) -> Season:
    """Hold a count against those of like hours.

    Args:
        count: what came.
        like: what came in each stretch of like hours.
        hours: how many hours such a stretch has.
        part: of such a stretch, how much the count is of.
    """
    mean = sum(like) / len(like) if like else 0.0
    odds = tail(count, part * _shrunk(mean, like), _size(mean, like))
    return Season(count, part * mean, odds, hours, is_spike=False)


def _ends(length: int, span: int) -> list[int]:
    """Where like hours end in a series: the same hour of day and its neighbours, on each day that it reaches back to."""
    ends = [
        length - 24 * day + shift
        for day in range(1, DAYS + 1)
        for shift in range(-NEIGHBOURS, NEIGHBOURS + 1)
    ]
    return [end for end in ends if span <= end <= length - span]


def _shrunk(mean: float, like: Sequence[int]) -> float:
    """The mean, a little higher where few hours speak for it."""
    return mean + (mean + 0.5) / math.sqrt(len(like) + 1) if like else mean + 1


def _size(mean: float, like: Sequence[int]) -> float:
    """The size of a negative binomial by moments: small where counts scatter more than by chance (infinite: Poisson)."""
    if len(like) < 2 or mean <= 0:
        return MOST_DISPERSED
    variance = sum((value - mean) ** 2 for value in like) / (len(like) - 1)
    if variance <= mean:
        return math.inf
    return max(MOST_DISPERSED, mean * mean / (variance - mean))


def tail(count: int, mean: float, size: float) -> float:
    """The odds of at least so many (negative binomial with this mean and size; Poisson if the size is infinite)."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    term = _none(mean, size)
    below = term
    for number in range(1, count):
        term *= _step(number, mean, size)
        below += term
    return max(0.0, 1.0 - below)


def _none(mean: float, size: float) -> float:
    return math.exp(-mean) if math.isinf(size) else (size / (size + mean)) ** size


def _step(number: int, mean: float, size: float) -> float:
    if math.isinf(size):
        return mean / number
    return (size + number - 1) / number * mean / (size + mean)
