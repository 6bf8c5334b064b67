"""The fact table: what is known of an incident, and whether it is certain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Fact, Incident


async def add(session: Session, fact: Fact) -> Fact:
    """Store a fact under the incident's next number."""
    # The incident's row serialises them, so that two who add at once get two numbers.
    await session.scalar(select(Incident.id).where(Incident.id == fact.incident_id).with_for_update())
    newest = await session.scalar(select(func.max(Fact.number)).where(Fact.incident_id == fact.incident_id))
    fact.number = (newest or 0) + 1
    session.add(fact)
    await session.flush()
    return fact


async def of(session: Session, incident_id: int) -> Sequence[Fact]:
    """An incident's facts in order."""
    query = select(Fact).where(Fact.incident_id == incident_id).order_by(col(Fact.number))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def settle(session: Session, fact: Fact, state: str, by: str, at: datetime) -> bool:
    """Move a fact to confirmed or false; False if it is no longer as it was read."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Fact)
        .where(col(Fact.id) == fact.id, col(Fact.state) == fact.state, col(Fact.state) != state)
        .values(state=state, settled_by=by, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
