"""What a digest tells: counted from stored rows, live ones only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, cast, func
from sqlmodel import col, extract, select

from storage.admission import open_to
from storage.database import Session
from storage.metrics import abnormal_between
from storage.models import (
    LIVING,
    Abnormal,
    Deadline,
    Entry,
    Incident,
    Mention,
    Quarantine,
    SourceState,
    Topic,
    Version,
    Video,
)

COUNTS = (
    func.count().label("mentions"),
    func.count().filter(col(Mention.label) == "negative").label("negatives"),
)
UNLISTED = ("drill:", "ingest:")
"""Names of what is read once, so that nobody waits for more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Mentions and the negatives among them."""

    mentions: int = 0
    negatives: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A topic, and how much of it arrived in the span."""

    topic: Topic
    mentions: int
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that a digest tells of a span of time.

    Args:
        total: of the span; `before`: of the span of the same length before it.
        parts: of each of the equal parts of the span, in order.
        platforms: by platform, most first; `sources` likewise by source.
        talks: the topics with most negatives.
        raised: incidents that were opened in the span; `ended`: closed or dismissed in it.
        overdue: incident numbers, and the duty that was not done in time.
        abnormal: own videos whose numbers left their usual range.
        open: incidents that are worked on at its end.
        pending: incident and version numbers of statements that wait for approval.
        due: what is due next.
        states: the sources.
        rejected: rows that could not be read.
    """

    start: datetime
    end: datetime
    total: Slice
    before: Slice
    parts: Sequence[Slice]
    platforms: Sequence[tuple[str, Slice]]
    sources: dict[str, int]
    talks: Sequence[Talk]
    raised: Sequence[Incident]
    ended: Sequence[Incident]
    overdue: Sequence[tuple[int, str]]
    abnormal: Sequence[tuple[Abnormal, Video]]
    open: Sequence[Incident]
    pending: Sequence[tuple[int, int]]
    due: Sequence[Deadline]
    states: Sequence[SourceState]
    rejected: int


async def gather(session: Session, start: datetime, end: datetime, parts: int, talks: int = 3) -> Digest:
    """Count what happened in a span of time, in so many equal parts."""
    counted = await _counted(session, start, end, (end - start) / parts)
    return Digest(
        start=start,
        end=end,
        total=_sum(counted),
        before=await _whole(session, start - (end - start), start),
        parts=list(_by(counted, "part", range(parts)).values()),
        platforms=sorted(_by(counted, "platform").items(), key=lambda each: -each[1].mentions),
        sources={name: found.mentions for name, found in _by(counted, "source").items()},
        talks=await _talks(session, _by(counted, "topic_id"), talks),
        raised=await _incidents(session, col(Incident.opened_at) >= start, col(Incident.opened_at) < end),
        ended=await _incidents(session, col(Incident.closed_at) >= start, col(Incident.closed_at) < end),
        overdue=await _overdue(session, start, end),
        abnormal=await abnormal_between(session, start, end),
        open=await _incidents(session, col(Incident.state).in_(LIVING)),
        pending=await _pending(session),
        due=await _due(session, end),
        states=await _states(session),
        rejected=await _rejected(session, start, end),
    )


async def _counted(session: Session, start: datetime, end: datetime, length: timedelta) -> Sequence[Row[Any]]:
    """Rows of part, platform, source, topic_id, mentions and negatives: all is counted in one pass over the span."""
    seconds = cast(extract("epoch", Mention.seen_at), Integer) - int(start.timestamp())
    part = (seconds // max(int(length.total_seconds()), 1)).label("part")
    groups = part, col(Mention.platform), col(Mention.source), col(Mention.topic_id)
    counted = select(*groups).add_columns(*COUNTS)
    query = counted.where(*_live(start, end)).group_by(*groups)
    return (await session.execute(query)).all()


async def _whole(session: Session, start: datetime, end: datetime) -> Slice:
    row = (await session.execute(select(*COUNTS).where(*_live(start, end)))).one()
    return Slice(mentions=row.mentions, negatives=row.negatives)


def _live(start: datetime, end: datetime) -> tuple[Any, ...]:
    return col(Mention.seen_at) >= start, col(Mention.seen_at) < end, col(Mention.drill_id).is_(None)


def _sum(rows: Iterable[Any]) -> Slice:
    found = list(rows)
    return Slice(mentions=sum(row.mentions for row in found), negatives=sum(row.negatives for row in found))


def _by(rows: Iterable[Any], name: str, wanted: Iterable[Any] = ()) -> dict[Any, Slice]:
    """The sums by one of the columns. `wanted`: what is there even if it is nothing, in this order."""
    found: dict[Any, list[Any]] = {each: [] for each in wanted}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return {each: _sum(some) for each, some in found.items()}


async def _talks(session: Session, counted: Mapping[int | None, Slice], limit: int) -> list[Talk]:
    """The topics with most negatives."""
    query = select(Topic.id).join(Incident, col(Incident.id) == col(Topic.incident_id)).where(~open_to())
    private = set((await session.scalars(query)).all())
    ranked = sorted(
        (pair for pair in counted.items() if pair[0] is not None and pair[0] not in private),
        key=lambda pair: (-pair[1].negatives, -pair[1].mentions, pair[0]),
    )[:limit]
    topics = [await session.get(Topic, number) for number, _ in ranked]
    return [
        Talk(topic=topic, mentions=found.mentions, negatives=found.negatives)
        for topic, (_, found) in zip(topics, ranked, strict=True)
        if topic
    ]


async def _incidents(session: Session, *conditions: Any) -> Sequence[Incident]:
    query = select(Incident).where(col(Incident.drill_id).is_(None), open_to(), *conditions)
    return (await session.scalars(query.order_by(col(Incident.id)))).all()


async def _overdue(session: Session, start: datetime, end: datetime) -> list[tuple[int, str]]:
    query = (
        select(Entry)
        .join(Incident, col(Incident.id) == col(Entry.incident_id))
        .where(Entry.kind == "overdue", col(Incident.drill_id).is_(None), open_to())
        .where(col(Entry.at) >= start, col(Entry.at) < end)
        .order_by(col(Entry.id))
    )
    rows = (await session.scalars(query)).all()
    return [(row.incident_id, str(row.data.get("what", ""))) for row in rows]


async def _pending(session: Session) -> list[tuple[int, int]]:
    query = (
        select(Version.incident_id, Version.number)
        .join(Incident, col(Incident.id) == col(Version.incident_id))
        .where(Version.state == "pending", col(Version.drill_id).is_(None), col(Incident.state).in_(LIVING))
        .where(open_to())
        .order_by(col(Version.id))
    )
    return [(incident, number) for incident, number in (await session.execute(query)).all()]


async def _due(session: Session, after: datetime) -> Sequence[Deadline]:
    query = (
        select(Deadline)
        .join(Incident, col(Incident.id) == col(Deadline.incident_id))
        .where(col(Deadline.rung) == 0, col(Deadline.drill_id).is_(None))
        .where(col(Deadline.due_at) >= after, col(Incident.state).in_(LIVING), open_to())
        .order_by(col(Deadline.due_at))
    )
    return (await session.scalars(query)).all()


async def _states(session: Session) -> list[SourceState]:
    rows = (await session.scalars(select(SourceState).order_by(col(SourceState.name)))).all()
    return [row for row in rows if not row.name.startswith(UNLISTED)]


async def _rejected(session: Session, start: datetime, end: datetime) -> int:
    query = (
        select(func.count())
        .select_from(Quarantine)
        .where(col(Quarantine.at) >= start, col(Quarantine.at) < end, col(Quarantine.drill_id).is_(None))
    )
    return await session.scalar(query) or 0
