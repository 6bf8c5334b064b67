"""Work: the steps of playbooks and free tasks, each settled by one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, update
from sqlmodel import col, select

from storage.admission import open_to
from storage.database import Session, inserting
from storage.models import LIVING, Deadline, Incident, Step

FRESH = {"populate_existing": True}
"""An UPDATE goes past what a session has read, so rows are read anew."""


async def steps(session: Session, incident_id: int, playbook: str) -> dict[int, Step]:
    """The steps of a playbook that an incident has, by number."""
    query = select(Step).where(Step.incident_id == incident_id, Step.playbook == playbook)
    rows = await session.scalars(query.order_by(col(Step.number)), execution_options=FRESH)
    return {row.number: row for row in rows}


async def tasks(session: Session, incident_id: int) -> dict[int, Step]:
    """An incident's free tasks, by number."""
    return await steps(session, incident_id, "")


async def left(session: Session, incident_id: int) -> Sequence[Step]:
    """All that is still to do in an incident: steps of every playbook, and tasks."""
    query = select(Step).where(Step.incident_id == incident_id, Step.outcome == "")
    return (await session.scalars(query.order_by(col(Step.id)), execution_options=FRESH)).all()


async def mine(session: Session, person: str, *, drills: bool = False, viewer: str = "") -> Sequence[Step]:
    """All that somebody has to do now in incidents that are on, what is due first at the front. `viewer`: see `incidents.find`."""
    query = (
        select(Step)
        .join(Incident, col(Incident.id) == col(Step.incident_id))
        .where(
            Step.person == person,
            Step.outcome == "",
            col(Step.started_at).is_not(None),
            col(Incident.state).in_(LIVING),
            open_to(viewer),
            col(Incident.drill_id).is_not(None) if drills else col(Incident.drill_id).is_(None),
        )
    )
    order = (col(Step.due_at).is_(None), col(Step.due_at), col(Step.id))
    return (await session.scalars(query.order_by(*order))).all()


async def add(session: Session, row: Step) -> bool:
    """Add a piece of work; False if an incident's playbook has this step already."""
    statement = inserting(session, Step).values(row.model_dump(exclude={"id"}))
    stored = await session.scalar(statement.on_conflict_do_nothing().returning(Step.id))
    return stored is not None


async def next_number(session: Session, incident_id: int) -> int:
    """The number of an incident's next task. The incident has to be held."""
    query = select(func.max(col(Step.number))).where(Step.incident_id == incident_id, Step.playbook == "")
    return (await session.scalar(query) or 0) + 1


async def forget(session: Session, row: Step) -> bool:
    """Take an open step away that is not needed any more; False if it was settled meanwhile."""
    return await _changed(session, delete(Step).where(col(Step.id) == row.id, col(Step.outcome) == ""))


async def start(session: Session, row: Step, at: datetime, due_at: datetime | None) -> bool:
    """Let a step begin that waited; False if it began or was settled meanwhile."""
    return await _changed(
        session,
        update(Step)
        .where(col(Step.id) == row.id, col(Step.started_at).is_(None), col(Step.outcome) == "")
        .values(started_at=at, due_at=due_at),
    )


async def settle(session: Session, row: Step, outcome: str, *, by: str, at: datetime, note: str) -> bool:
    """Tick a piece of work as done or left out; False if somebody did. The first one wins."""
    return await _changed(
        session,
        update(Step)
        .where(col(Step.id) == row.id, col(Step.outcome) == "")
        .values(outcome=outcome, by=by, at=at, note=note),
    )


async def hand_over(session: Session, row: Step, person: str) -> bool:
    """Give an open piece of work to somebody else; False if it is no longer with whom it was."""
    return await _changed(
        session,
        update(Step)
        .where(col(Step.id) == row.id, col(Step.outcome) == "", col(Step.person) == row.person)
        .values(person=person),
    )


async def move(session: Session, row: Step, incident_id: int, number: int) -> bool:
    """Give an open task to another incident under this number, its deadline included; False if it was settled meanwhile."""
    moved = await _changed(
        session,
        update(Step)
        .where(col(Step.id) == row.id, col(Step.outcome) == "")
        .values(incident_id=incident_id, number=number),
    )
    if moved:
        await session.execute(
            update(Deadline)
            .where(
                col(Deadline.incident_id) == row.incident_id,
                col(Deadline.kind) == row.kind,
                col(Deadline.ref) == str(row.number),
            )
            .values(incident_id=incident_id, ref=str(number))
            .execution_options(synchronize_session=False)
        )
    return moved


async def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[assignment]
    return result.rowcount == 1
