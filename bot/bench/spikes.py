"""Spikes in simulated feeds: how often a method cries wolf, and how late it is, beside methods that others use.

Hourly counts follow the day and scatter more than by chance (negative binomial of size 3); a crisis multiplies them by ten over
three hours, at any hour of the day.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

from rich.table import Table

from bot.bench.figures import table
from bot.monitor import season

RATES = (0.5, 2.0, 10.0, 60.0)
"""Negatives an hour, on average over the day."""
RUNS, DAYS, WARM_UP = 12, 45, 15
"""Feeds per rate, days of each, and days of history before anything is judged."""
SIZE, TIMES, LASTS, LONGEST = 3.0, 10.0, 3, 48
"""The dispersion of counts, the crisis' factor and hours, and the hours after which it counts as missed."""
DAY = 24
OURS = "Fenghuo: same hour of day"
CLAIMED_RATE, MOST_FALSE, MOST_DELAY = 2.0, 0.15, 2.0
"""The claim: at so many negatives an hour, false alarms a day and hours of delay."""

Method = Callable[[Sequence[int]], bool]
"""Judges the last hour of a series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a method came to at one rate.

    Args:
        false_a_day: alarms a day while nothing was the matter; hours in a row are one alarm.
        delay: hours from the crisis' first until the alarm, in the middle of the runs.
        missed: runs in which there was none within two days.
    """

    method: str
    rate: float
    false_a_day: float
    delay: float
    missed: int


def huginn(hourly: Sequence[int]) -> bool:
    """Three sigma above the mean of fourteen days (Huginn's PeakDetectorAgent)."""
    past = hourly[-14 * DAY - 1 : -1]
    return hourly[-1] > fmean(past) + 3 * pstdev(past)


def meltwater(hourly: Sequence[int]) -> bool:
    """An hour against the twelve before, three sigma, at least five (like Meltwater, without its second look)."""
    past = hourly[-13:-1]
    return hourly[-1] >= 5 and hourly[-1] > fmean(past) + 3 * pstdev(past)


def daily(hourly: Sequence[int]) -> bool:
    """The mean of a day against seven days and two sigma."""
    days = [fmean(hourly[-DAY * (day + 1) : len(hourly) - DAY * day]) for day in range(8)]
    return days[0] > fmean(days[1:]) + 2 * pstdev(days[1:])


def seasonal(hourly: Sequence[int]) -> bool:
    """Fenghuo's own (see `bot.monitor.season`)."""
    return season.judge(hourly).is_spike


METHODS: dict[str, Method] = {
    "3 sigma over 14 days": huginn,
    "1 h against 12 h": meltwater,
    "24 h against 7 days": daily,
    OURS: seasonal,
}


@dataclass(frozen=True, slots=True)
class Spikes:
    """What every method came to on the same feeds."""

    outcomes: tuple[Outcome, ...]

    @property
    def holds(self) -> bool:
        """Whether what is claimed of ours holds at the rate that it is claimed for."""
        ours = [each for each in self.outcomes if each.method == OURS and each.rate == CLAIMED_RATE]
        return all(each.false_a_day <= MOST_FALSE and each.delay <= MOST_DELAY for each in ours)

    def __rich__(self) -> Table:
        """The figures, a line for each method and rate."""
        shown = table("Spikes, simulated", "method", "negatives an hour", "false a day", "delay, h", "missed")
        for each in self.outcomes:
            shown.add_row(
                each.method, f"{each.rate:g}", f"{each.false_a_day:.2f}", f"{each.delay:g}", f"{each.missed}"
            )
        shown.caption = (
            f"claimed at {CLAIMED_RATE:g} an hour: at most {MOST_FALSE} false alarms a day and {MOST_DELAY:g} h\n"
            f"{'✓ holds' if self.holds else '✗ does not hold'}"
        )
        return shown


def measure(
    tell: Callable[[str], None], rates: Sequence[float] = RATES, *, runs: int = RUNS, seed: int = 1
) -> Spikes:
    """Run every method over the same feeds."""
    tell("simulating spikes")
    return Spikes(
        tuple(_measure(name, method, rate, runs, seed) for rate in rates for name, method in METHODS.items())
    )


def _measure(name: str, method: Method, rate: float, runs: int, seed: int) -> Outcome:
    alarms, quiet, delays = 0, 0, []
    for run in range(runs):
        chance = random.Random(f"{seed} {rate} {run}")  # noqa: S311 - a simulation
        normal = [count(chance, rate * rhythm(hour)) for hour in range(DAYS * DAY)]
        alarms += _alarms(method, normal)
        quiet += DAYS - WARM_UP
        delays.append(_delay(method, normal, chance, rate))
    return Outcome(
        method=name,
        rate=rate,
        false_a_day=alarms / quiet,
        delay=median(delays),
        missed=sum(delay >= LONGEST for delay in delays),
    )


def _alarms(method: Method, hourly: Sequence[int]) -> int:
    found, was = 0, False
    for end in range(WARM_UP * DAY, len(hourly)):
        is_alarm = method(hourly[: end + 1])
        found += is_alarm and not was
        was = is_alarm
    return found


def _delay(method: Method, normal: Sequence[int], chance: random.Random, rate: float) -> float:
    start = WARM_UP * DAY + chance.randrange((DAYS - WARM_UP - 3) * DAY)
    hourly = list(normal)
    for hour in range(start, start + LASTS):
        hourly[hour] = count(chance, TIMES * rate * rhythm(hour))
    ends = range(start, min(start + LONGEST, len(hourly)))
    return next((float(end - start) for end in ends if method(hourly[: end + 1])), float(LONGEST))


def rhythm(hour: int) -> float:
    """How much of the day's mean an hour has: a tenth at night, twice in the evening."""
    return 1 + 0.9 * math.sin(2 * math.pi * ((hour % DAY) - 14) / DAY)


def count(chance: random.Random, mean: float) -> int:
    """A count that scatters more than by chance: Poisson, whose mean is drawn anew."""
    level = chance.gammavariate(SIZE, mean / SIZE)
    found, left = 0, math.exp(-min(level, 700.0))
    product = chance.random()
    while product > left:
        found += 1
        product *= chance.random()
    return found
