"""Texts that many people post."""

from __future__ import annotations

from sqlmodel import col, func, select

from storage.database import Session
from storage.models import Mention, Topic

NEWEST = 5000
"""Mentions of an incident that are looked at."""


async def texts(session: Session, incident_id: int, limit: int) -> list[tuple[str, int]]:
    """Different texts among an incident's newest mentions, and how many mentions bear each, the most frequent first."""
    newest = (
        select(Mention.text)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id, Mention.text != "")
        .order_by(col(Mention.id).desc())
        .limit(NEWEST)
        .subquery()
    )
    query = (
        select(newest.c.text, func.count())
        .group_by(newest.c.text)
        .order_by(func.count().desc(), newest.c.text)
        .limit(limit)
    )
    return [(text, count) for text, count in (await session.execute(query)).all()]
