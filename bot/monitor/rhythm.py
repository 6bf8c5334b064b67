"""What each hour of the day usually brings, by type of crisis: learned from the counts of the last two weeks."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from bot.monitor import season
from bot.monitor.season import DAYS, NEIGHBOURS, Season
from storage import counts
from storage.counts import HOUR
from storage.database import Session

DAY = 24
LEAST_DAYS = 5
"""Days of history from which what is usual is trusted; measured: at most 0.07 false alarms a day, against 0.14 of three days."""
LEAST_OF_KIND = 20
"""Negatives of one type of crisis in that time, from which it has a rhythm of its own; else it has the brand's."""


class Rhythm:
    """Counts by hour, read once an hour: what is past does not change."""

    def __init__(self) -> None:
        self._read_at = -1
        self._kinds: dict[str, Counter[int]] = {}
        self._heard: set[int] = set()

    async def against(
        self, session: Session, count: int, kind: str, now: datetime, window: timedelta
    ) -> Season | None:
        """Hold the negatives of a window up to now against what that time of day usually brings; None if that is not known.

        They are of one kind of crisis, empty for none.
        """
        # The hour in the middle of a short window, else that in which most of its last hour lies.
        hour = _hour(now - min(window, HOUR) / 2)
        await self._read(session, _hour(now), now)
        span = max(1, math.ceil(window / HOUR))
        ends = [end for day in self._days(hour, span) for end in _near(hour - DAY * day)]
        if len(ends) < LEAST_DAYS * (2 * NEIGHBOURS + 1):
            return None
        brought = self._brought(kind)
        like = [sum(brought[each] for each in range(end - span + 1, end + 1)) for end in ends]
        return season.against(count, like, span, window / (span * HOUR))

    async def _read(self, session: Session, hour: int, now: datetime) -> None:
        if hour == self._read_at:
            return
        self._kinds = defaultdict(Counter)
        for row in await counts.since(session, now - timedelta(days=DAYS + 2)):
            self._kinds[row.type][_hour(row.at)] += row.negatives
        self._heard = {each for brought in self._kinds.values() for each in brought}
        self._read_at = hour

    def _brought(self, kind: str) -> Counter[int]:
        own = self._kinds.get(kind, Counter())
        return own if own.total() >= LEAST_OF_KIND else sum(self._kinds.values(), Counter())

    def _days(self, hour: int, span: int) -> list[int]:
        """How many days ago each day was of which something is known: one on which nothing at all arrived was no calm day."""
        first = min(self._heard, default=hour)
        return [
            day
            for day in range(1, DAYS + 1)
            if DAY * day - NEIGHBOURS >= span
            and hour - DAY * day - NEIGHBOURS - span >= first
            and any(
                each in self._heard
                for each in range(hour - DAY * day - DAY // 2, hour - DAY * day + DAY // 2)
            )
        ]


def _near(hour: int) -> range:
    return range(hour - NEIGHBOURS, hour + NEIGHBOURS + 1)


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // int(HOUR.total_seconds())
