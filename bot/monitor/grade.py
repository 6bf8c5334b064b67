"""Grade a matter: what is measured, and the level that the visible sum proposes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from playbooks.levels import Factor, Grade, Levels
from storage import mentions
from storage.database import Session
from storage.models import Incident, Topic

DISPLEASURE, SIGNAL, SEVERE = 1, 2, 3
"""The harm grades of `levels.yaml`."""


async def grade(
    session: Session,
    levels: Levels,
    incident: Incident,
    topics: Sequence[Topic],
    now: datetime,
    window: timedelta,
) -> Grade:
    """Add up harm, volume, growth, reach and platforms of all that an incident holds."""
    number = incident.id or 0
    lately = await mentions.negatives_between(session, number, now - window, now)
    before = await mentions.negatives_between(session, number, now - 2 * window, now - window)
    platforms = {name for topic in topics for name in topic.platforms}
    is_severe = any(topic.severe for topic in topics)
    return levels.grade(
        {
            Factor.HARM: SEVERE if is_severe else (SIGNAL if incident.type else DISPLEASURE),
            Factor.VOLUME: lately,
            Factor.GROWTH: lately / before if before else 0,
            Factor.REACH: max((topic.likes for topic in topics), default=0),
            Factor.PLATFORMS: len(platforms),
        }
    )
