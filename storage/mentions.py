"""Mentions and the topics that they are merged into."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from orjson import dumps
from sqlalchemy import Dialect, Row, bindparam, func, insert, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import LIVING, Incident, Mention, Topic

UNDER_POSTS = ("comment", "reply", "dm")
"""Kinds of mentions that stand under a post; the others are posts themselves."""
MOST_PARAMETERS = 10_000
"""Parameters of one statement; SQLite takes 32,766."""


async def known(session: Session, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Those of these mentions that are stored: key -> (id, key, topic_id, likes, replies, shares, plays)."""
    query = select(  # type: ignore[call-overload, misc]
        Mention.id,
        Mention.key,
        Mention.topic_id,
        Mention.likes,
        Mention.replies,
        Mention.shares,
        Mention.plays,
    ).where(col(Mention.key).in_(keys))
    return {row.key: row for row in (await session.execute(query)).all()}


async def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new mentions, given as values of all columns but `id`."""
    connection = await session.connection()
    if rows and connection.dialect.paramstyle != "qmark":
        await connection.execute(insert(Mention), list(rows))
    elif rows:
        # Past SQLAlchemy, which takes longer to prepare a row than SQLite to store it.
        statement, names = _insertion(connection.dialect)
        columns = {name: [row[name] for row in rows] for name in names}
        columns |= {name: [moment and _as_text(moment) for moment in columns[name]] for name in _MOMENTS}
        columns |= {
            name: [dumps(each).decode() if each else "[]" for each in columns[name]] for name in _JSON
        }
        await connection.exec_driver_sql(statement, list(zip(*columns.values(), strict=True)))


_MOMENTS, _JSON = ("written_at", "seen_at"), ("reasons", "hits", "repairs")
"""Columns that SQLite does not take as they are."""


@cache
def _insertion(dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement that stores a mention in SQLite, and its columns in order."""
    table = Mention.__table__  # type: ignore[attr-defined]
    names = [column.name for column in table.c if column.name != "id"]
    statement = insert(table).compile(dialect=dialect, column_keys=names)
    return str(statement), tuple(statement.positiontup or ())


def _as_text(moment: datetime) -> str:
    """A moment as SQLAlchemy writes it in SQLite, which takes it four times as long."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {moment!r}")
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:-6]


async def recount(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update the counters of mentions that were seen again: `id` and the new counts."""
    table = Mention.__table__  # type: ignore[attr-defined]
    names = ("likes", "replies", "shares", "plays")
    if rows:
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = update(table).where(table.c.id == bindparam("key_id")).values(changed)
        values = [{"key_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        await (await session.connection()).execute(statement, values)


async def add_topics(session: Session, topics: Sequence[Topic]) -> None:
    """Store new topics; they get their ids."""
    session.add_all(topics)
    await session.flush()


async def update_topics(session: Session, topics: Iterable[Topic]) -> None:
    """Store the counts of topics, what they speak of, and the incident they belong to."""
    rows = [
        {
            "key_id": topic.id,
            "new_incident": topic.incident_id,
            "new_type": topic.type,
            "new_last": topic.last_at,
            "new_mentions": topic.mentions,
            "new_negatives": topic.negatives,
            "new_fresh": topic.fresh,
            "new_harm": topic.harm,
            "new_severe": topic.severe,
            "new_likes": topic.likes,
            "new_platforms": topic.platforms,
            "new_words": topic.words,
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
                type=bindparam("new_type"),
                last_at=bindparam("new_last", type_=table.c.last_at.type),
                mentions=bindparam("new_mentions"),
                negatives=bindparam("new_negatives"),
                fresh=bindparam("new_fresh"),
                harm=bindparam("new_harm"),
                severe=bindparam("new_severe"),
                likes=bindparam("new_likes"),
                platforms=bindparam("new_platforms", type_=table.c.platforms.type),
                words=bindparam("new_words", type_=table.c.words.type),
            )
        )
        await (await session.connection()).execute(statement, rows)


def _lasting(closed_since: datetime) -> Any:
    """The incidents whose topics take mentions beyond the window: those still worked on, and those ended lately."""
    return select(Incident.id).where(
        col(Incident.state).in_(LIVING) | (col(Incident.closed_at) >= closed_since)
    )


async def open_topics(
    session: Session, drill_id: int | None, since: datetime, closed_since: datetime
) -> list[tuple[Topic, bool]]:
    """Topics that may still take mentions, and whether they do beyond the window.

    Those are the topics that moved since then, and those of an incident that is still worked on or ended lately.
    """
    lasting = _lasting(closed_since)
    query = select(Topic, col(Topic.incident_id).in_(lasting)).where(
        col(Topic.drill_id) == drill_id,
        (col(Topic.last_at) >= since) | col(Topic.incident_id).in_(lasting),
    )
    return [(topic, bool(is_lasting)) for topic, is_lasting in (await session.execute(query)).all()]


async def lasting_topics(session: Session, drill_id: int | None, closed_since: datetime) -> set[int | None]:
    """The ids of the topics that take mentions beyond the window."""
    query = select(Topic.id).where(
        col(Topic.drill_id) == drill_id, col(Topic.incident_id).in_(_lasting(closed_since))
    )
    return set((await session.scalars(query)).all())


async def traces_of(session: Session, topics: Collection[int], each: int) -> list[Row[Any]]:
    """The newest negatives of some topics, at most `each` of one, the older ones first.

    Returns:
        Rows of topic_id, text, item_id, author, type, hits, seen_at, written_at.
    """
    numbers = list(topics)
    found: list[Row[Any]] = []
    for start in range(0, len(numbers), MOST_PARAMETERS):
        part = numbers[start : start + MOST_PARAMETERS]
        found += (await session.execute(_traces_of(part, each))).all()
    return found


def _traces_of(topics: Sequence[int], each: int) -> Any:
    ranked = (
        select(
            Mention.id,
            func.row_number()
            .over(partition_by=col(Mention.topic_id), order_by=col(Mention.id).desc())
            .label("place"),
        )
        .where(col(Mention.topic_id).in_(topics), Mention.label == "negative")
        .subquery()
    )
    return (
        select(  # type: ignore[call-overload]
            Mention.topic_id,
            Mention.text,
            Mention.item_id,
            Mention.author,
            Mention.type,
            Mention.hits,
            Mention.seen_at,
            Mention.written_at,
        )
        .join(ranked, ranked.c.id == Mention.id)
        .where(ranked.c.place <= each)
        .order_by(col(Mention.id))
    )


async def under_posts(session: Session, drill_id: int | None, since: datetime) -> list[tuple[str, int]]:
    """How many mentions arrived under each post since then: (item id, count)."""
    query = (
        select(Mention.item_id, func.count())
        .where(col(Mention.drill_id) == drill_id, col(Mention.seen_at) >= since)
        .group_by(Mention.item_id)
    )
    return [(item, count) for item, count in (await session.execute(query)).all()]


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


@dataclass(frozen=True, slots=True)
class Measures:
    """What is counted of an incident's negatives in a span of time.

    Args:
        texts: different texts among them.
        followers: the most that one of their authors has.
        verified: one of their authors is.
    """

    count: int
    texts: int
    followers: int
    verified: bool


async def measure(session: Session, incident_id: int, start: datetime, end: datetime) -> Measures:
    """Count an incident's negatives that arrived in a span of time."""
    query = (
        select(
            func.count(),
            func.count(func.distinct(Mention.text)),
            func.coalesce(func.max(Mention.followers), 0),
            func.count().filter(col(Mention.verified)),
        )
        .select_from(Mention)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(
            Topic.incident_id == incident_id,
            Mention.label == "negative",
            col(Mention.seen_at) > start,
            col(Mention.seen_at) <= end,
        )
    )
    count, texts, followers, verified = (await session.execute(query)).one()
    return Measures(count, texts, followers or 0, bool(verified))


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
    ).where(
        col(Mention.item_id).in_(items),
        col(Mention.seen_at) >= since,
        Mention.kind != "post",
        Mention.kind != "video",
    )
    negative, total = (await session.execute(query)).one()
    return negative, total


async def count(session: Session) -> int:
    """How many mentions are stored."""
    return await session.scalar(select(func.count()).select_from(Mention)) or 0


async def complaints(session: Session, incident_id: int, limit: int) -> list[tuple[str, str]]:
    """The newest negative mentions of an incident: text and source of each."""
    query = (
        select(Mention.text, Mention.source)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id, Mention.label == "negative")
        .order_by(col(Mention.id).desc())
        .limit(limit)
    )
    return [(text, source) for text, source in (await session.execute(query)).all()]


async def sampled(session: Session, incident_id: int) -> tuple[int, int, int]:
    """How much of what stands under an incident's posts is stored.

    Returns:
        Comments stored under the posts whose total the platform told; the sum of those totals; comments stored under the
        others.
    """
    items = (
        select(Mention.item_id)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id, Mention.item_id != "")
        .distinct()
        .limit(50)
        .scalar_subquery()
    )
    drill = select(Incident.drill_id).where(Incident.id == incident_id).scalar_subquery()
    is_comment = col(Mention.kind).in_(UNDER_POSTS)
    query = (
        select(
            Mention.item_id,
            func.count().filter(is_comment),
            func.max(Mention.replies).filter(~is_comment),
        )
        .where(col(Mention.item_id).in_(items), col(Mention.drill_id).is_not_distinct_from(drill))
        .group_by(Mention.item_id)
    )
    rows = (await session.execute(query)).all()
    told = [(stored, max(stored, total)) for _, stored, total in rows if total is not None]
    return (
        sum(stored for stored, _ in told),
        sum(total for _, total in told),
        sum(stored for _, stored, total in rows if total is None),
    )


async def by_link(session: Session, platform: str, item_id: str, url: str) -> Sequence[Mention]:
    """The live mentions that a link leads to: the post itself and what stands under it, newest first.

    Only a link that does not tell its post is looked for by its address, which takes a look at every row.
    """
    own = f"{platform}:{item_id}"
    is_meant = (Mention.key == own) | (Mention.item_id == item_id) if item_id else Mention.url == url
    query = select(Mention).where(is_meant, col(Mention.drill_id).is_(None))
    return (await session.scalars(query.order_by(col(Mention.id).desc()).limit(20))).all()


async def topic(session: Session, number: int) -> Topic | None:
    """The topic with this id."""
    return await session.get(Topic, number)


async def history(session: Session, start: datetime, after: int, limit: int) -> Sequence[Mention]:
    """Live mentions in the order in which they arrived, from then on, a portion after the one with this id."""
    query = select(Mention).where(
        col(Mention.drill_id).is_(None), col(Mention.seen_at) >= start, col(Mention.id) > after
    )
    return (await session.scalars(query.order_by(col(Mention.id)).limit(limit))).all()


async def keys_by_incident(session: Session, start: datetime) -> dict[int, dict[str, datetime]]:
    """The keys of the live mentions that incidents hold, from then on, and when each arrived."""
    query = (
        select(Topic.incident_id, Mention.key, Mention.seen_at)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(
            col(Topic.incident_id).is_not(None),
            col(Mention.drill_id).is_(None),
            col(Mention.seen_at) >= start,
        )
    )
    keys: dict[int, dict[str, datetime]] = {}
    for incident, key, at in (await session.execute(query)).all():
        keys.setdefault(incident, {})[key] = at
    return keys


async def keys_of(session: Session, numbers: Collection[int]) -> dict[int, str]:
    """The keys of some mentions, by their ids."""
    query = select(Mention.id, Mention.key).where(col(Mention.id).in_(numbers))
    return {number: key for number, key in (await session.execute(query)).all() if number is not None}
