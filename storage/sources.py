"""Sources: where each left off, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from storage.database import Session
from storage.models import Quarantine, SourceState


async def cursor_of(session: Session, name: str) -> Mapping[str, Any]:
    """Where a source left off; empty if it was never read."""
    state = await session.get(SourceState, name)
    return state.cursor if state else {}


async def advance(
    session: Session, name: str, *, at: datetime, cursor: Mapping[str, Any] | None, found: int, rejected: int
) -> None:
    """Move a source on, in the transaction that stores what it yielded."""
    state = await session.get(SourceState, name) or SourceState(name=name)
    if cursor is not None:
        state.cursor = dict(cursor)
    state.read_at, state.error = at, ""
    if found:
        state.found_at = at
    state.found += found
    state.rejected += rejected
    session.add(state)


async def ail(session: Session, name: str, *, at: datetime, error: str) -> None:
    """Note that a source could not be read."""
    state = await session.get(SourceState, name) or SourceState(name=name)
    state.error, state.read_at = error, state.read_at or at
    session.add(state)


async def quarantine(session: Session, rows: Iterable[Quarantine]) -> None:
    """Keep where the rows that could not be read stand, and why."""
    session.add_all(rows)


async def states(session: Session) -> Sequence[SourceState]:
    """All sources that were ever read."""
    return (await session.scalars(select(SourceState))).all()


async def quarantined(session: Session) -> int:
    """How many rows could not be read."""
    return await session.scalar(select(func.count()).select_from(Quarantine)) or 0
