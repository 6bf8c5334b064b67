"""Notices: what the bot noticed and has still to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Notice


async def put(
    session: Session,
    kind: str,
    at: datetime,
    *,
    incident_id: int | None = None,
    drill_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    once: bool = False,
) -> None:
    """Leave a notice, in the transaction of what it is about.

    One that waits already and says the same is enough; with `once`, one that was ever left.
    """
    values = dict(data or {})
    query = select(Notice.data).where(Notice.kind == kind, Notice.incident_id == incident_id)
    if not once:
        # One that is being said just now does not know of this, so it does not count as waiting.
        query = query.where(col(Notice.done_at).is_(None)).with_for_update(skip_locked=True)
    if values not in (await session.scalars(query)).all():
        session.add(Notice(kind=kind, incident_id=incident_id, data=values, at=at, drill_id=drill_id))
        await session.flush()


async def waiting(session: Session, limit: int = 100) -> Sequence[Notice]:
    """The notices that are not said yet, oldest first."""
    query = select(Notice).where(col(Notice.done_at).is_(None)).order_by(col(Notice.id)).limit(limit)
    return (await session.scalars(query)).all()


async def take(session: Session, number: int, at: datetime) -> bool:
    """Mark a notice as said, in the transaction of saying it; False if another was first."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Notice).where(col(Notice.id) == number, col(Notice.done_at).is_(None)).values(done_at=at)
    )
    return result.rowcount == 1


async def take_like(session: Session, kind: str, incident_id: int, at: datetime) -> list[dict[str, Any]]:
    """Mark all notices of a kind about an incident as said that still wait, to be said with one of them; what they say."""
    query = select(Notice).where(
        Notice.kind == kind, Notice.incident_id == incident_id, col(Notice.done_at).is_(None)
    )
    waiting = (await session.scalars(query.order_by(col(Notice.id)))).all()
    return [dict(each.data) for each in waiting if await take(session, each.id or 0, at)]
