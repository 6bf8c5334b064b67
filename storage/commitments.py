"""Commitments: what was promised in public, by when, and what proves that it was kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Commitment, Incident


async def add(session: Session, commitment: Commitment) -> Commitment:
    """Store a commitment under the incident's next number."""
    # The incident's row serialises them, so that two who add at once get two numbers.
    mine = Commitment.incident_id == commitment.incident_id
    await session.scalar(select(Incident.id).where(Incident.id == commitment.incident_id).with_for_update())
    commitment.number = (await session.scalar(select(func.max(Commitment.number)).where(mine)) or 0) + 1
    session.add(commitment)
    await session.flush()
    return commitment


async def of(session: Session, incident_id: int) -> list[Commitment]:
    """An incident's commitments in order."""
    query = select(Commitment).where(Commitment.incident_id == incident_id).order_by(col(Commitment.number))
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def settle(
    session: Session, commitment: Commitment, state: str, *, by: str, at: datetime, proof: str
) -> bool:
    """Mark an open commitment as kept or dropped; False if somebody did. The first one wins."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Commitment)
        .where(col(Commitment.id) == commitment.id, col(Commitment.state) == "open")
        .values(state=state, proof=proof, settled_by=by, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
