"""Rooms of incidents: whether an incident has one of its own. Where they are says `spots`, under the room's key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col

from storage.database import Session
from storage.models import Incident

NONE, ASKED, OPEN = "", "asked", "open"


async def move(session: Session, incident_id: int, old: tuple[str, ...], new: str) -> bool:
    """Note how far an incident's room is; False if it is not where that begins. Of two who ask for one the first wins."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Incident)
        .where(col(Incident.id) == incident_id, col(Incident.room).in_(old))
        .values(room=new)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
