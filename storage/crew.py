"""Crews: who holds which role in an incident now, and who held it before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Assignment, Incident


async def of(session: Session, incident_id: int) -> dict[str, str]:
    """Role -> who holds it now."""
    query = select(Assignment).where(Assignment.incident_id == incident_id, col(Assignment.until).is_(None))
    return {row.role: row.person for row in await session.scalars(query)}


async def history(session: Session, incident_id: int) -> Sequence[Assignment]:
    """Everybody who ever held a role in an incident, in the order in which they took it."""
    query = select(Assignment).where(Assignment.incident_id == incident_id)
    return (await session.scalars(query.order_by(col(Assignment.since), col(Assignment.id)))).all()


async def take(
    session: Session, incident: Incident, role: str, person: str, *, by: str, at: datetime
) -> bool:
    """Give a role to somebody; False if somebody holds it. The first one wins."""
    row = Assignment(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        role=role,
        person=person,
        by=by,
        since=at,
    )
    statement = inserting(session, Assignment).values(row.model_dump(exclude={"id"}))
    stored = await session.scalar(statement.on_conflict_do_nothing().returning(Assignment.id))
    return stored is not None


async def leave(session: Session, incident_id: int, role: str, person: str, at: datetime) -> bool:
    """End somebody's hold on a role; False if they do not hold it any more."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Assignment)
        .where(
            col(Assignment.incident_id) == incident_id,
            col(Assignment.role) == role,
            col(Assignment.person) == person,
            col(Assignment.until).is_(None),
        )
        .values(until=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
