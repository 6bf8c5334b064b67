"""Grade a matter: what is measured, and the level that the visible sum proposes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from playbooks.levels import Factor, Grade, Levels
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


async def grade(
    session: Session,
    levels: Levels,
    incident: Incident,
    topics: Sequence[Topic],
    now: datetime,
    window: timedelta,
) -> Grade:
    """Add up all factors of what an incident holds (see `Factor`)."""
    number = incident.id or 0
    lately = await mentions.measure(session, number, now - window, now)
    before = await mentions.negatives_between(session, number, now - 2 * window, now - window)
    negative, comments = await mentions.share(session, number, now - window)
    platforms = {name for topic in topics for name in topic.platforms}
    is_severe = any(topic.severe for topic in topics)
    return levels.grade(
        {
            Factor.HARM: SEVERE if is_severe else (SIGNAL if incident.type else DISPLEASURE),
            Factor.VOLUME: lately.count,
            Factor.GROWTH: lately.count / before if before else 0,
            Factor.SHARE: wilson(negative, comments) if comments >= LEAST_SHARE else 0,
            Factor.REACH: max((topic.likes for topic in topics), default=0),
            Factor.FIGURES: figures(lately),
            Factor.PLATFORMS: len(platforms),
            Factor.COPIES: copied(lately),
        }
    )


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
