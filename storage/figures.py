"""Figures for metrics: how much is stored, and what still waits. Drills stay out of what is counted as live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from storage.database import Session
from storage.models import Inbox, Incident, Mention, Notice, Outbox, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One look at the tables.

    Args:
        mentions: stored, by platform.
        incidents: by state; every state is there.
        graded: incidents by state and level; only those that exist.
        outbox: messages that wait, by transport.
        failures: messages that were given up, by transport.
        inbox: arrivals that nobody has worked on yet.
        notices: what was noticed and not said yet.
    """

    mentions: Mapping[str, int]
    incidents: Mapping[str, int]
    graded: Mapping[tuple[str, str], int]
    outbox: Mapping[str, int]
    failures: Mapping[str, int]
    inbox: int
    notices: int


async def count(session: Session) -> Figures:
    """Count everything."""
    states = await _by(session, Incident.state, col(Incident.drill_id).is_(None))
    return Figures(
        mentions=await _by(session, Mention.platform, col(Mention.drill_id).is_(None)),
        incidents={state.value: states.get(state.value, 0) for state in State},
        graded=await _graded(session),
        outbox=await _by(session, Outbox.transport, col(Outbox.state).in_(["pending", "sending", "unsure"])),
        failures=await _by(session, Outbox.transport, Outbox.state == "failed"),
        inbox=await _waiting(session, Inbox),
        notices=await _waiting(session, Notice),
    )


async def _graded(session: Session) -> dict[tuple[str, str], int]:
    query = select(Incident.state, Incident.level, func.count()).where(col(Incident.drill_id).is_(None))
    rows = await session.execute(query.group_by(col(Incident.state), col(Incident.level)))
    return {(str(state), level): number for state, level, number in rows.all()}


async def _by(session: Session, column: Any, condition: Any) -> dict[str, int]:
    rows = await session.execute(select(column, func.count()).where(condition).group_by(column))
    return {str(value): number for value, number in rows.all()}


async def _waiting(session: Session, table: type[Inbox] | type[Notice]) -> int:
    query = select(func.count()).select_from(table).where(col(table.done_at).is_(None))
    return await session.scalar(query) or 0
