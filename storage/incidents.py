"""Incidents: what people handle, and who has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.admission import open_to
from storage.database import Session
from storage.models import LIVING, Incident, State, Topic


async def get(session: Session, number: int) -> Incident | None:
    """The incident with this number."""
    return await session.get(Incident, number, populate_existing=True)


async def hold(session: Session, number: int) -> Incident | None:
    """The incident with this number, held until the transaction ends: whoever works on it sees it as it is."""
    return await session.get(Incident, number, populate_existing=True, with_for_update=True)


async def create(session: Session, incident: Incident) -> Incident:
    """Store a new incident; its number is its id."""
    session.add(incident)
    await session.flush()
    return incident


async def find(
    session: Session,
    *,
    states: Collection[State] | None = None,
    owner: str = "",
    drills: bool = False,
    viewer: str = "",
    limit: int = 20,
) -> Sequence[Incident]:
    """Incidents, the newest first; with `drills` those of drills instead of live ones.

    `viewer` is whoever alone reads it, so that private ones that they know of are among them.
    """
    query = select(Incident).where(
        col(Incident.drill_id).is_not(None) if drills else col(Incident.drill_id).is_(None), open_to(viewer)
    )
    if states is not None:
        query = query.where(col(Incident.state).in_(list(states)))
    if owner:
        query = query.where(Incident.owner == owner)
    return (await session.scalars(query.order_by(col(Incident.id).desc()).limit(limit))).all()


async def ended(session: Session, limit: int = 20) -> Sequence[Incident]:
    """Live incidents that are over, the latest end first; no private ones."""
    query = select(Incident).where(
        col(Incident.drill_id).is_(None), col(Incident.closed_at).is_not(None), open_to()
    )
    return (await session.scalars(query.order_by(col(Incident.closed_at).desc()).limit(limit))).all()


async def every(session: Session) -> Sequence[Incident]:
    """All incidents, drills included, by number."""
    return (await session.scalars(select(Incident).order_by(col(Incident.id)))).all()


async def claim(session: Session, number: int, owner: str, at: datetime) -> bool:
    """Take command of an open incident; False if somebody has it or it is not open. The first one wins."""
    return await _changed(
        session,
        update(Incident)
        .where(col(Incident.id) == number, col(Incident.state) == State.OPEN, col(Incident.owner) == "")
        .values(owner=owner, state=State.CLAIMED, claimed_at=func.coalesce(col(Incident.claimed_at), at)),
    )


async def hand_over(session: Session, number: int, old: str, new: str) -> bool:
    """Move command from one person to another; False if `old` no longer has it."""
    return await _changed(
        session,
        update(Incident).where(col(Incident.id) == number, col(Incident.owner) == old).values(owner=new),
    )


async def release(session: Session, number: int, owner: str) -> bool:
    """Give command back; the incident is open again. False if `owner` does not have it."""
    return await _changed(
        session,
        update(Incident)
        .where(col(Incident.id) == number, col(Incident.owner) == owner, col(Incident.state).in_(LIVING))
        .values(owner="", state=State.OPEN),
    )


async def move(
    session: Session, number: int, state: State, *, allowed: Collection[State], at: datetime, reason: str = ""
) -> bool:
    """Move an incident to another state; False if it is in none of the allowed ones."""
    values: dict[str, Any] = {"state": state}
    if reason:
        values["reason"] = reason
    if state in {State.CLOSED, State.DISMISSED}:
        values["closed_at"] = at
    elif state in LIVING:
        values["closed_at"] = None
    return await _changed(
        session,
        update(Incident)
        .where(col(Incident.id) == number, col(Incident.state).in_(list(allowed)))
        .values(**values),
    )


async def set_level(session: Session, number: int, old: str, new: str, why: list[Any] | None = None) -> bool:
    """Change the level; False if it is no longer `old`."""
    values: dict[str, Any] = {"level": new}
    if why is not None:
        values["why"] = why
    return await _changed(
        session,
        update(Incident).where(col(Incident.id) == number, col(Incident.level) == old).values(**values),
    )


async def give_type(session: Session, number: int, kind: str) -> None:
    """Say what type of crisis an incident is that numbers opened, as the first topic joins it."""
    statement = update(Incident).where(
        col(Incident.id) == number,
        col(Incident.type) == "",
        col(Incident.opened_by) == "",
        ~select(Topic.id).where(Topic.incident_id == number).exists(),
    )
    await _changed(session, statement.values(type=kind))


async def attach_playbook(session: Session, number: int, playbook: str) -> bool:
    """Attach a playbook, once; False if this one is attached already."""
    return await _changed(
        session,
        update(Incident)
        .where(col(Incident.id) == number, col(Incident.playbook) != playbook)
        .values(playbook=playbook, type=playbook),
    )


async def topics(session: Session, number: int) -> Sequence[Topic]:
    """The topics that an incident holds."""
    return (
        await session.scalars(select(Topic).where(Topic.incident_id == number).order_by(col(Topic.id)))
    ).all()


async def take_topics(session: Session, old: int, new: int, *, only: int | None = None) -> None:
    """Move the topics of one incident to another, or only one of them."""
    statement = update(Topic).where(col(Topic.incident_id) == old).values(incident_id=new)
    if only is not None:
        statement = statement.where(col(Topic.id) == only)
    await session.execute(statement.execution_options(synchronize_session=False))


async def of_topics(session: Session, topics: Collection[int | None]) -> dict[int, int | None]:
    """The incident that each of these topics belongs to, as people may have put it meanwhile."""
    query = select(Topic.id, Topic.incident_id).where(col(Topic.id).in_(topics))
    return {topic or 0: number for topic, number in (await session.execute(query)).all()}


async def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[assignment]
    return result.rowcount == 1
