"""Gauges: what the numbers of incidents say, and the question whether to lower a level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import LIVING, Entry, Gauge, Incident, Mention, SourceState, Topic


async def get(session: Session, incident_id: int) -> Gauge | None:
    """What the numbers of an incident say, as far as anybody looked."""
    return await session.get(Gauge, incident_id, populate_existing=True)


async def note(
    session: Session, incident_id: int, at: datetime, count: int, window: timedelta, usual: float
) -> None:
    """Keep how many negatives came within a window up to now, and how many usually do."""
    values = {"at": at, "count": count, "seconds": round(window.total_seconds()), "usual": usual}
    await _upsert(session, incident_id, values)


async def watched(session: Session) -> Sequence[tuple[Incident, Gauge | None]]:
    """The incidents whose level may go down: worked on, and above the lowest; with their gauges."""
    query = (
        select(Incident, Gauge)
        .outerjoin(Gauge, col(Gauge.incident_id) == col(Incident.id))
        .where(col(Incident.state).in_(LIVING), Incident.level != "blue")
        .order_by(col(Incident.id))
    )
    return [(incident, gauge) for incident, gauge in (await session.execute(query)).all()]


async def fall(session: Session, incident_id: int, at: datetime) -> None:
    """Note that an incident's sum asks for a lower level from now on."""
    await _upsert(session, incident_id, {"since": at})


async def recover(session: Session, incident_id: int) -> bool:
    """Begin anew: the sum is back, or the level is another. True if people were asked and have not answered."""
    was_open = await settle(session, incident_id, None)
    await _change(
        session, update(Gauge).where(col(Gauge.incident_id) == incident_id).values(since=None, asked_at=None)
    )
    return was_open


async def ask(session: Session, incident_id: int, lower: str, why: list[Any], at: datetime) -> int | None:
    """Ask people, once in a spell of low numbers; the question's number, or None if another process did."""
    asked = (
        update(Gauge)
        .where(
            col(Gauge.incident_id) == incident_id,
            col(Gauge.since).is_not(None),
            col(Gauge.asked_at).is_(None),
        )
        .values(asked=col(Gauge.asked) + 1, asked_at=at, settled_at=None, lower=lower, why=why)
        .returning(col(Gauge.asked))
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(asked)


async def settle(session: Session, incident_id: int, at: datetime | None) -> bool:
    """Close the question; False if none is open. `at`: when people answered, None if it is taken back."""
    closed: dict[str, Any] = {"settled_at": at} if at else {"asked_at": None}
    open_ = (
        col(Gauge.incident_id) == incident_id,
        col(Gauge.asked_at).is_not(None),
        col(Gauge.settled_at).is_(None),
    )
    return await _change(session, update(Gauge).where(*open_).values(**closed))


async def set_by_hand(session: Session, incident_id: int) -> datetime | None:
    """When people last set an incident's level."""
    query = select(Entry.at, Entry.kind, Entry.by).where(
        Entry.incident_id == incident_id, col(Entry.kind).in_(["level", "opened"]), Entry.by != ""
    )
    return max((row.at for row in (await session.execute(query)).all()), default=None)


async def is_blind(session: Session, incident_id: int) -> bool:
    """Tell whether something ails a source from which an incident's mentions come."""
    theirs = (
        select(Mention.source)
        .join(Topic, col(Mention.topic_id) == col(Topic.id))
        .where(Topic.incident_id == incident_id)
        .distinct()
    )
    query = select(SourceState.name).where(SourceState.ailment != "", col(SourceState.name).in_(theirs))
    return await session.scalar(query.limit(1)) is not None


async def _upsert(session: Session, incident_id: int, values: dict[str, Any]) -> None:
    fresh = Gauge(incident_id=incident_id).model_dump() | values
    new = inserting(session, Gauge).values(**fresh)
    changed = new.on_conflict_do_update(index_elements=["incident_id"], set_=values)
    await session.execute(changed.execution_options(synchronize_session=False))


async def _change(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[assignment]
    return result.rowcount == 1
