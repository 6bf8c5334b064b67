"""News that was held back, and what becomes of it when the quiet is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, or_, update
from sqlmodel import col, select

from storage.admission import open_to
from storage.database import Session
from storage.models import Held, Incident

RAISED = "incident.raised"


async def put(session: Session, held: Held) -> bool:
    """Hold news back; False if the same news of the same incident, or of none, was held before."""
    same = select(Held.data).where(
        col(Held.incident_id).is_not_distinct_from(held.incident_id), Held.notice == held.notice
    )
    if held.data in (await session.scalars(same)).all():
        return False
    session.add(held)
    await session.flush()
    return True


async def is_hidden(session: Session, incident_id: int) -> bool:
    """Tell whether an incident's card was held back and is not out yet."""
    return await session.scalar(select(Held.id).where(*_hidden(incident_id)).limit(1)) is not None


async def show(session: Session, incident_id: int, at: datetime) -> bool:
    """Note that an incident's card goes out now; False if it is out already."""
    return bool(await _changed(session, update(Held).where(*_hidden(incident_id)).values(shown_at=at)))


async def move(session: Session, mute_id: int, until: datetime) -> None:
    """Tell what a mute holds back at another time."""
    await _changed(
        session,
        update(Held).where(col(Held.mute_id) == mute_id, col(Held.told_at).is_(None)).values(until=until),
    )


async def due(session: Session, now: datetime) -> Sequence[Held]:
    """What is to be told by now, oldest first."""
    query = select(Held).where(col(Held.told_at).is_(None), col(Held.until) <= now)
    return (await session.scalars(query.order_by(col(Held.id)))).all()


async def tell(session: Session, numbers: Collection[int], at: datetime) -> set[int]:
    """Claim what is to be told; returns those that nobody else has claimed."""
    statement = (
        update(Held)
        .where(col(Held.id).in_(numbers), col(Held.told_at).is_(None))
        .values(told_at=at)
        .returning(col(Held.id))
        .execution_options(synchronize_session=False)
    )
    return {number for (number,) in (await session.execute(statement)).all() if number is not None}


async def some(session: Session, numbers: Collection[int]) -> list[tuple[Held, Incident | None]]:
    """What was held back, with its incident if it is about one, oldest first."""
    query = (
        select(Held, Incident)
        .outerjoin(Incident, col(Held.incident_id) == col(Incident.id))
        .where(col(Held.id).in_(numbers), or_(col(Incident.id).is_(None), open_to()))
        .order_by(col(Held.id))
    )
    return [(held, incident) for held, incident in (await session.execute(query)).all()]


async def waiting(session: Session, drill_id: int | None = None) -> int:
    """How many pieces of news are held back at the moment."""
    query = select(func.count()).select_from(Held)
    return await session.scalar(query.where(col(Held.told_at).is_(None), col(Held.drill_id) == drill_id)) or 0


async def raised_lately(session: Session, kind: str, since: datetime, but: int) -> list[datetime]:
    """When live alarms of one kind went out to people since then, oldest first. `but`: an incident that does not count."""
    held_back = select(Held.incident_id).where(Held.notice == RAISED, col(Held.shown_at).is_(None))
    query = select(Incident.opened_at).where(
        Incident.type == kind,
        Incident.opened_by == "",
        Incident.id != but,
        col(Incident.drill_id).is_(None),
        col(Incident.opened_at) > since,
        col(Incident.id).not_in(held_back),
    )
    return list((await session.scalars(query.order_by(col(Incident.opened_at)))).all())


def _hidden(incident_id: int) -> tuple[Any, ...]:
    return Held.incident_id == incident_id, Held.notice == RAISED, col(Held.shown_at).is_(None)


async def _changed(session: Session, statement: Any) -> int:
    result: CursorResult[Any] = await session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[assignment]
    return result.rowcount


async def hidden(session: Session) -> set[int]:
    """The incidents whose cards were held back and are not out."""
    query = select(Held.incident_id).where(Held.notice == RAISED, col(Held.shown_at).is_(None))
    return {number for number in (await session.scalars(query)).all() if number is not None}
