"""The message house: what all texts of an incident say, line by line; what was agreed once is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import HouseLine, Incident

ROOF = 0
PILLARS = (1, 2, 3)
AGREED, PROPOSED, REPLACED = "agreed", "proposed", "replaced"


async def of(session: Session, incident_id: int) -> Sequence[HouseLine]:
    """All lines that an incident ever had, in the order in which they were written."""
    query = select(HouseLine).where(HouseLine.incident_id == incident_id).order_by(col(HouseLine.id))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def put(session: Session, line: HouseLine) -> None:
    """Store a line in its place. A proposal replaces the proposal there; what is agreed replaces both."""
    # The incident's row serialises them, so that of two who write at once the last one stands.
    await session.scalar(select(Incident.id).where(Incident.id == line.incident_id).with_for_update())
    states = (PROPOSED,) if line.state == PROPOSED else (PROPOSED, AGREED)
    await _replace(session, line.incident_id, line.place, *states)
    session.add(line)
    await session.flush()


async def agree(session: Session, line: HouseLine, by: str, at: datetime) -> bool:
    """Make a proposal what is agreed; False if it is none any more."""
    await session.scalar(select(Incident.id).where(Incident.id == line.incident_id).with_for_update())
    is_proposed = (col(HouseLine.id) == line.id, col(HouseLine.state) == PROPOSED)
    if not await session.scalar(select(HouseLine.id).where(*is_proposed)):
        return False
    await _replace(session, line.incident_id, line.place, AGREED)
    return await _changed(
        session, update(HouseLine).where(*is_proposed).values(state=AGREED, agreed_by=by, agreed_at=at)
    )


async def drop(session: Session, incident_id: int, place: int) -> bool:
    """Leave a place empty; False if it is."""
    return await _replace(session, incident_id, place, PROPOSED, AGREED)


async def _replace(session: Session, incident_id: int, place: int, *states: str) -> bool:
    standing = (
        col(HouseLine.incident_id) == incident_id,
        col(HouseLine.place) == place,
        col(HouseLine.state).in_(states),
    )
    return await _changed(session, update(HouseLine).where(*standing).values(state=REPLACED))


async def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        statement.execution_options(synchronize_session=False)
    )
    return result.rowcount > 0
