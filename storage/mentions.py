"""Mentions and the topics that they are merged into."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import LIVING, Incident, Mention, Topic


async def known(session: Session, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Those of these mentions that are stored: key -> (id, key, topic_id, likes, replies, shares, plays)."""
    query = select(  # type: ignore[call-overload]
        Mention.id, Mention.key, Mention.topic_id, Mention.likes, Mention.replies, Mention.shares, Mention.plays
    ).where(col(Mention.key).in_(keys))
    return {row.key: row for row in (await session.execute(query)).all()}


async def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new mentions, given as column values."""
    if rows:
        await session.execute(insert(Mention), list(rows))


async def recount(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update the counters of mentions that were seen again: `id` and the new counts."""
    table = Mention.__table__  # type: ignore[attr-defined]
    names = ("likes", "replies", "shares", "plays")
    if rows:
        statement = (
            update(table)
            .where(table.c.id == bindparam("key_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        values = [{"key_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        await (await session.connection()).execute(statement, values)


async def add_topics(session: Session, topics: Sequence[Topic]) -> None:
    """Store new topics; they get their ids."""
    session.add_all(topics)
    await session.flush()


async def update_topics(session: Session, topics: Iterable[Topic]) -> None:
    """Store the counts of topics, and the incident they belong to."""
    rows = [
        {
            "key_id": topic.id,
            "new_incident": topic.incident_id,
            "new_last": topic.last_at,
            "new_mentions": topic.mentions,
            "new_negatives": topic.negatives,
            "new_fresh": topic.fresh,
            "new_harm": topic.harm,
            "new_likes": topic.likes,
            "new_platforms": topic.platforms,
        }
        for topic in topics
    ]
    table = Topic.__table__  # type: ignore[attr-defined]
    if rows:
        statement = (
            update(table)
            .where(table.c.id == bindparam("key_id"))
            .values(
                incident_id=bindparam("new_incident"),
                last_at=bindparam("new_last", type_=table.c.last_at.type),
                mentions=bindparam("new_mentions"),
                negatives=bindparam("new_negatives"),
                fresh=bindparam("new_fresh"),
                harm=bindparam("new_harm"),
                likes=bindparam("new_likes"),
                platforms=bindparam("new_platforms", type_=table.c.platforms.type),
            )
        )
        await (await session.connection()).execute(statement, rows)


async def open_topics(session: Session, since: datetime, closed_since: datetime) -> list[tuple[Topic, bool]]:
    """Topics that may still take mentions, and whether they do beyond the window.

    Those are the topics that moved since then, and those of an incident that is still worked on or ended lately.
    """
    lasting = select(Incident.id).where(
        col(Incident.state).in_(LIVING) | (col(Incident.closed_at) >= closed_since)
    )
    query = select(Topic, col(Topic.incident_id).in_(lasting)).where(
        (col(Topic.last_at) >= since) | col(Topic.incident_id).in_(lasting)
    )
    return [(topic, bool(is_lasting)) for topic, is_lasting in (await session.execute(query)).all()]


async def traces_of(session: Session, topics: Collection[int], each: int) -> list[tuple[int, str, str, list[str]]]:
    """The newest negatives of some topics, at most `each` of one: (topic id, text, item id, hits)."""
    ranked = (
        select(  # type: ignore[call-overload]
            Mention.topic_id,
            Mention.text,
            Mention.item_id,
            Mention.hits,
            func.row_number().over(partition_by=col(Mention.topic_id), order_by=col(Mention.id).desc()).label("place"),
        )
        .where(col(Mention.topic_id).in_(list(topics)), Mention.label == "negative")
        .subquery()
    )
    query = select(ranked.c.topic_id, ranked.c.text, ranked.c.item_id, ranked.c.hits).where(ranked.c.place <= each)
    return [tuple(row) for row in (await session.execute(query)).all()]  # type: ignore[misc]


async def newest(session: Session, incident_id: int, limit: int = 3) -> Sequence[Mention]:
    """The newest negative mentions of an incident."""
    query = (
        select(Mention)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id, Mention.label == "negative")
        .order_by(col(Mention.id).desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def negatives_between(session: Session, incident_id: int, start: datetime, end: datetime) -> int:
    """How many negative mentions of an incident arrived in a span of time."""
    query = (
        select(func.count())
        .select_from(Mention)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(
            Topic.incident_id == incident_id,
            Mention.label == "negative",
            col(Mention.seen_at) > start,
            col(Mention.seen_at) <= end,
        )
    )
    return await session.scalar(query) or 0


async def share(session: Session, incident_id: int, since: datetime) -> tuple[int, int]:
    """Negatives and all mentions under the posts that an incident's mentions stand under, since then."""
    items = (
        select(Mention.item_id)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id, Mention.item_id != "")
        .distinct()
        .limit(50)
    )
    query = select(
        func.count().filter(col(Mention.label) == "negative"),
        func.count(),
    ).where(col(Mention.item_id).in_(items), col(Mention.seen_at) >= since, Mention.kind != "post", Mention.kind != "video")
    negative, total = (await session.execute(query)).one()
    return negative, total


async def count(session: Session) -> int:
    """How many mentions are stored."""
    return await session.scalar(select(func.count()).select_from(Mention)) or 0
