"""Labels: what people said of alarms, false ones and missed ones, and the proposals that follow from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, Label, Proposal, State, Topic

FALSE_ALARM, MISSED = "false_alarm", "missed"
REAL = (State.CLAIMED, State.RESPONDING, State.RECOVERING, State.CLOSED, State.REVIEWED)
"""Somebody took an incident in one of these states for real."""


async def put(session: Session, label: Label) -> Label:
    """Keep what somebody said."""
    session.add(label)
    await session.flush()
    return label


async def dismissed(session: Session, incident: Incident, reason: str, *, by: str, at: datetime) -> None:
    """An incident was a false alarm."""
    await put(
        session,
        Label(
            kind=FALSE_ALARM, incident_id=incident.id, text=reason, by=by, at=at, drill_id=incident.drill_id
        ),
    )


async def withdraw(session: Session, incident_id: int, at: datetime) -> None:
    """An incident was no false alarm after all."""
    await session.execute(
        update(Label)
        .where(
            col(Label.incident_id) == incident_id,
            col(Label.kind) == FALSE_ALARM,
            col(Label.withdrawn_at).is_(None),
        )
        .values(withdrawn_at=at)
        .execution_options(synchronize_session=False)
    )


async def since(session: Session, start: datetime) -> Sequence[Label]:
    """The live labels from then on that still hold, oldest first."""
    query = select(Label).where(
        col(Label.at) >= start, col(Label.withdrawn_at).is_(None), col(Label.drill_id).is_(None)
    )
    return (await session.scalars(query.order_by(col(Label.id)))).all()


async def consider(session: Session, at: datetime) -> int:
    """Claim the labels that nobody has thought about yet; how many there were."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Label)
        .where(col(Label.considered_at).is_(None))
        .values(considered_at=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount


async def topics_of(session: Session, incidents: Collection[int]) -> Sequence[Topic]:
    """The topics that some incidents hold."""
    query = select(Topic).where(col(Topic.incident_id).in_(incidents)).order_by(col(Topic.id))
    return (await session.scalars(query)).all()


async def real(session: Session, start: datetime) -> Sequence[Incident]:
    """The incidents that the monitor opened from then on and that somebody took for real."""
    query = select(Incident).where(
        col(Incident.opened_at) >= start,
        Incident.opened_by == "",
        col(Incident.drill_id).is_(None),
        col(Incident.state).in_(REAL),
    )
    return (await session.scalars(query.order_by(col(Incident.id)))).all()


async def propose(session: Session, proposal: Proposal) -> Proposal:
    """Store a proposal."""
    session.add(proposal)
    await session.flush()
    return proposal


async def proposal(session: Session, number: int) -> Proposal | None:
    """The proposal with this number."""
    return await session.get(Proposal, number, populate_existing=True)


async def proposals(session: Session, *, states: Collection[str] = ()) -> Sequence[Proposal]:
    """Proposals, newest first."""
    query = select(Proposal)
    if states:
        query = query.where(col(Proposal.state).in_(states))
    return (await session.scalars(query.order_by(col(Proposal.id).desc()))).all()


async def settle(session: Session, number: int, old: str, new: str, by: str, at: datetime) -> bool:
    """Apply, decline or undo a proposal; False if it is no longer as it was. The first one wins."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Proposal)
        .where(col(Proposal.id) == number, col(Proposal.state) == old)
        .values(state=new, by=by, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def min_mentions(session: Session) -> int | None:
    """How many voices open an incident by what leads agreed to; None if they agreed to nothing."""
    query = select(Proposal.value).where(Proposal.kind == "min_mentions", Proposal.state == "applied")
    value = await session.scalar(query.order_by(col(Proposal.settled_at).desc()).limit(1))
    return int(value) if value else None


async def unconsidered(session: Session) -> int:
    """How many labels nobody has thought about yet."""
    query = select(func.count()).select_from(Label).where(col(Label.considered_at).is_(None))
    return await session.scalar(query) or 0
