"""Grade a matter: what is measured, and the level that the visible sum proposes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.monitor.rhythm import Rhythm
from bot.monitor.season import LEAST, Season
from playbooks.levels import Factor, Grade
from playbooks.library import Library
from storage import mentions
from storage.database import Session
from storage.mentions import Measures
from storage.models import Incident, Topic

DISPLEASURE, SIGNAL, SEVERE = 1, 2, 3
"""The harm grades of `levels.yaml`."""


LEAST_SHARE = 20
"""Comments; a share of fewer says nothing."""
LEAST_COPIED = 5
"""Comments, of which copies are a share worth naming."""
CONFIDENCE = 1.96
"""Sigmas of Wilson's interval: 95 %."""
KNOWN, FAMOUS = 100_000, 1_000_000
"""Followers from which an account is one of the figures, and a great one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an incident stands by its numbers.

    Args:
        count: its negatives within the window.
        usual: what that time of day usually brings; None if that is not known.
    """

    grade: Grade
    count: int
    usual: float | None

    @property
    def summed(self) -> list[list[str | int]]:
        """The sum behind the level, as an incident keeps it."""
        return [[factor.value, points] for factor, points in self.grade.points.items()]


class Grader:
    """Adds up what an incident holds.

    Args:
        window: what counts as lately.
    """

    def __init__(self, library: Library, window: timedelta) -> None:
        self.library = library
        self.window = window
        self._rhythm = Rhythm()

    async def grade(
        self, session: Session, incident: Incident, topics: Sequence[Topic], now: datetime
    ) -> Standing:
        """Measure all factors (see `Factor`)."""
        number, window, levels = incident.id or 0, self.window, self.library.levels
        lately = await mentions.measure(session, number, now - window, now)
        before = await mentions.negatives_between(session, number, now - 2 * window, now - window)
        negative, comments = await mentions.share(session, number, now - window)
        found = await self._season(session, incident, lately.count, now)
        measures = {
            Factor.HARM: harm(incident, topics),
            Factor.GROWTH: lately.count / before if before else 0,
            Factor.SHARE: wilson(negative, comments) if comments >= LEAST_SHARE else 0,
            Factor.REACH: max((topic.likes for topic in topics), default=0),
            Factor.FIGURES: figures(lately),
            Factor.PLATFORMS: len({name for topic in topics for name in topic.platforms}),
            Factor.COPIES: copied(lately),
        }
        volume = levels.volume(lately.count, found.surprise if found else None, LEAST)
        return Standing(
            grade=levels.grade(measures, volume), count=lately.count, usual=found.usual if found else None
        )

    async def _season(self, session: Session, incident: Incident, count: int, now: datetime) -> Season | None:
        """What is usual. A drill is graded by its script, whatever the season."""
        if incident.drill_id is not None:
            return None
        return await self._rhythm.against(session, count, incident.type, now, self.window)


def harm(incident: Incident, topics: Sequence[Topic]) -> int:
    """The harm grade of `levels.yaml`."""
    if any(topic.severe for topic in topics):
        return SEVERE
    return SIGNAL if incident.type else DISPLEASURE


def wilson(count: int, of: int, sigmas: float = CONFIDENCE) -> float:
    """The lower end of Wilson's interval for a share: what it is at least, given so few."""
    if not of:
        return 0.0
    share, square = count / of, sigmas * sigmas
    middle = share + square / (2 * of)
    spread = sigmas * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return (middle - spread) / (1 + square / of)


def figures(found: Measures) -> int:
    """Whether somebody speaks whom many hear: 0 no, 1 yes, 2 very many."""
    if found.followers >= FAMOUS:
        return 2
    return int(found.verified or found.followers >= KNOWN)


def copied(found: Measures) -> float:
    """The share of comments that repeat another one's text."""
    return 1 - found.texts / found.count if found.count >= LEAST_COPIED else 0.0
