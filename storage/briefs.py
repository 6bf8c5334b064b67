"""Briefs: what those who lead were told, and who has read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Brief, Incident, Reading


async def add(session: Session, incident: Incident, pages: dict[str, Any], at: datetime) -> Brief:
    """Store an incident's next brief. The incident has to be held, so that no two get the same number."""
    latest = select(func.max(col(Brief.number))).where(Brief.incident_id == incident.id)
    brief = Brief(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        number=(await session.scalar(latest) or 0) + 1,
        level=incident.level,
        pages=pages,
        at=at,
    )
    session.add(brief)
    await session.flush()
    return brief


async def get(session: Session, incident_id: int, number: int | None) -> Brief | None:
    """An incident's brief of this number; without one, its newest."""
    query = select(Brief).where(Brief.incident_id == incident_id)
    if number is not None:
        query = query.where(Brief.number == number)
    return await session.scalar(query.order_by(col(Brief.number).desc()).limit(1))


async def read(session: Session, brief: Brief, person: str, at: datetime) -> bool:
    """Note that somebody has read a brief; False if that is known."""
    statement = inserting(session, Reading).values(brief_id=brief.id, person=person, at=at)
    stored = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=["brief_id", "person"]).returning(Reading.id)
    )
    return stored is not None


async def readers(session: Session, brief: Brief) -> Sequence[Reading]:
    """Who has read a brief, in order."""
    query = select(Reading).where(Reading.brief_id == brief.id)
    return (await session.scalars(query.order_by(col(Reading.at), col(Reading.id)))).all()
