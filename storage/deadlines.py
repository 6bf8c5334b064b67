"""Deadlines: rows, so that a restart loses none, each fired by one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, or_, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Deadline, Incident


async def put(
    session: Session,
    incident: Incident,
    kind: str,
    due_at: datetime,
    *,
    ref: str = "",
    what: str = "",
    to: str = "",
    fires_at: datetime | None = None,
) -> None:
    """Set a deadline; an earlier one of the same kind and `ref` is replaced. See `Deadline` for what each part says."""
    number = incident.id or 0
    await drop(session, number, kind, ref=ref)
    row = Deadline(
        incident_id=number,
        kind=kind,
        ref=ref,
        what=what,
        to=to,
        due_at=due_at,
        fires_at=fires_at,
        drill_id=incident.drill_id,
    )
    session.add(row)
    await session.flush()


async def drop(session: Session, incident_id: int, *kinds: str, ref: str | None = None) -> None:
    """Drop an incident's deadlines of these kinds (or only the one with this `ref`), or all: nobody owes that any more.

    What has a `ref` may have parts, one for each person: `3` drops `3 林悦` too.
    """
    statement = delete(Deadline).where(col(Deadline.incident_id) == incident_id)
    if kinds:
        statement = statement.where(col(Deadline.kind).in_(kinds))
    if ref is not None:
        parts = col(Deadline.ref).startswith(f"{ref} ", autoescape=True)
        statement = statement.where(or_(col(Deadline.ref) == ref, parts))
    await session.execute(statement)


async def forget(session: Session, row: Deadline) -> None:
    """Drop this one deadline."""
    await session.execute(delete(Deadline).where(col(Deadline.id) == row.id))


async def get(session: Session, number: int) -> Deadline | None:
    """The deadline with this id; None if its duty was done meanwhile."""
    return await session.get(Deadline, number, populate_existing=True)


async def of(session: Session, incident_id: int) -> Sequence[Deadline]:
    """An incident's deadlines, soonest first: those ahead, and those that have passed."""
    query = select(Deadline).where(Deadline.incident_id == incident_id)
    return (await session.scalars(query.order_by(col(Deadline.due_at), col(Deadline.id)))).all()


async def of_many(session: Session, numbers: Collection[int]) -> Sequence[Deadline]:
    """The deadlines of several incidents, soonest first."""
    query = select(Deadline).where(col(Deadline.incident_id).in_(numbers))
    return (await session.scalars(query.order_by(col(Deadline.due_at), col(Deadline.id)))).all()


async def due(session: Session, now: datetime) -> Sequence[Deadline]:
    """The deadlines of which somebody has to be told."""
    query = select(Deadline).where(
        func.coalesce(col(Deadline.fires_at), col(Deadline.due_at)) <= now, col(Deadline.done_at).is_(None)
    )
    return (await session.scalars(query.order_by(col(Deadline.due_at), col(Deadline.id)))).all()


async def fire(session: Session, row: Deadline, at: datetime) -> bool:
    """Claim a deadline for telling somebody; False if another process did or it was dropped."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Deadline)
        .where(col(Deadline.id) == row.id, col(Deadline.rung) == row.rung, col(Deadline.done_at).is_(None))
        .values(done_at=at, rung=row.rung + 1)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def again(session: Session, number: int, at: datetime, *, rung: int | None = None) -> None:
    """Tell somebody once more at this time, unless the duty is done by then. `rung`: the one that was told before it."""
    told = {} if rung is None else {"rung": rung}
    await session.execute(
        update(Deadline)
        .where(col(Deadline.id) == number)
        .values(fires_at=at, done_at=None, **told)
        .execution_options(synchronize_session=False)
    )


async def hand_over(session: Session, incident_id: int, kind: str, ref: str, to: str) -> None:
    """Make what is due somebody else's duty; its time stays."""
    await session.execute(
        update(Deadline)
        .where(col(Deadline.incident_id) == incident_id, col(Deadline.kind) == kind, col(Deadline.ref) == ref)
        .values(to=to)
        .execution_options(synchronize_session=False)
    )
