"""Bridges: the timeline entries that other programs have still to be told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Entry, Incident

MOST = 100


async def untold(session: Session) -> Sequence[tuple[Entry, Incident]]:
    """The oldest entries that nobody was told of."""
    query = (
        select(Entry, Incident)
        .join(Incident, col(Incident.id) == col(Entry.incident_id))
        .where(~col(Entry.told))
        .order_by(col(Entry.id))
        .limit(MOST)
    )
    return [(entry, incident) for entry, incident in (await session.execute(query)).all()]


async def tell(session: Session, entry_id: int | None) -> bool:
    """Claim an entry to tell of it; False if another process has."""
    told = await session.scalar(
        update(Entry)
        .where(col(Entry.id) == entry_id, ~col(Entry.told))
        .values(told=True)
        .returning(col(Entry.id))
        .execution_options(synchronize_session=False)
    )
    return told is not None


async def forget(session: Session, before: datetime) -> None:
    """Tell of nothing that is older than this: it is no news any more."""
    await session.execute(
        update(Entry)
        .where(~col(Entry.told), col(Entry.at) < before)
        .values(told=True)
        .execution_options(synchronize_session=False)
    )
