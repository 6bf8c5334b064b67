"""Private incidents: who may know of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, exists, or_, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Admitted, Assignment, Incident


async def seal(session: Session, incident_id: int) -> bool:
    """Make an incident private; False if it is already."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Incident)
        .where(col(Incident.id) == incident_id, ~col(Incident.private))
        .values(private=True)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def admit(session: Session, incident_id: int, people: Iterable[str], *, by: str, at: datetime) -> None:
    """Let people know of an incident, by roster name; whoever does already stays."""
    for person in people:
        statement = inserting(session, Admitted).values(incident_id=incident_id, person=person, by=by, at=at)
        await session.execute(statement.on_conflict_do_nothing(index_elements=["incident_id", "person"]))


async def insiders(session: Session, incident: Incident) -> list[str]:
    """Who may know of a private incident: its commander, who holds a role in it, who was admitted."""
    admitted = select(Admitted.person).where(Admitted.incident_id == incident.id)
    holders = select(Assignment.person).where(
        Assignment.incident_id == incident.id, col(Assignment.until).is_(None)
    )
    named = [*(await session.scalars(admitted)).all(), *(await session.scalars(holders)).all()]
    return sorted({*named, *filter(None, [incident.owner])})


def open_to(person: str = "") -> ColumnElement[bool]:
    """That somebody may know of an incident; without a name: that everybody may."""
    if not person:
        return ~col(Incident.private)
    mine = col(Incident.id)
    return or_(
        ~col(Incident.private),
        col(Incident.owner) == person,
        exists().where(col(Admitted.incident_id) == mine, col(Admitted.person) == person),
        exists().where(
            col(Assignment.incident_id) == mine,
            col(Assignment.person) == person,
            col(Assignment.until).is_(None),
        ),
    )
