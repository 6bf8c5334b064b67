"""Deadlines: rows, so that a restart loses none, each fired by one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Deadline


async def put(session: Session, incident_id: int, kind: str, due_at: datetime, drill_id: int | None) -> None:
    """Set a deadline; an earlier one of the same kind is replaced."""
    await session.execute(
        delete(Deadline).where(col(Deadline.incident_id) == incident_id, col(Deadline.kind) == kind)
    )
    session.add(Deadline(incident_id=incident_id, kind=kind, due_at=due_at, drill_id=drill_id))
    await session.flush()


async def drop(session: Session, incident_id: int, *kinds: str) -> None:
    """Drop an incident's open deadlines of these kinds, or all of them."""
    statement = delete(Deadline).where(
        col(Deadline.incident_id) == incident_id, col(Deadline.done_at).is_(None)
    )
    if kinds:
        statement = statement.where(col(Deadline.kind).in_(kinds))
    await session.execute(statement)


async def of(session: Session, incident_id: int) -> Sequence[Deadline]:
    """An incident's deadlines, soonest first: those ahead, and those that fired (`done_at`)."""
    query = select(Deadline).where(Deadline.incident_id == incident_id)
    return (await session.scalars(query.order_by(col(Deadline.due_at)))).all()


async def of_many(session: Session, numbers: Collection[int]) -> Sequence[Deadline]:
    """The deadlines of several incidents, soonest first."""
    query = select(Deadline).where(col(Deadline.incident_id).in_(numbers))
    return (await session.scalars(query.order_by(col(Deadline.due_at)))).all()


async def due(session: Session, now: datetime) -> Sequence[Deadline]:
    """The deadlines that have come due."""
    query = select(Deadline).where(col(Deadline.due_at) <= now, col(Deadline.done_at).is_(None))
    return (await session.scalars(query.order_by(col(Deadline.due_at)))).all()


async def fire(session: Session, number: int, at: datetime) -> bool:
    """Claim a deadline; False if another process fired it or it was dropped."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Deadline).where(col(Deadline.id) == number, col(Deadline.done_at).is_(None)).values(done_at=at)
    )
    return result.rowcount == 1
