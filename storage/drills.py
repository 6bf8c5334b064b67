"""Drills: runs of a scenario."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Drill


async def running(session: Session) -> Drill | None:
    """The drill that is on, if one is."""
    return await session.scalar(
        select(Drill).where(Drill.state == "running").order_by(col(Drill.id).desc()).limit(1)
    )


async def start(session: Session, drill: Drill) -> Drill:
    """Store a new run."""
    session.add(drill)
    await session.flush()
    return drill


async def advance(session: Session, number: int, played: int) -> bool:
    """Note that the next inject is out; False if another did so first."""
    return await _set(session, number, played=played, where=[col(Drill.played) == played - 1])


async def end(session: Session, number: int, at: datetime) -> bool:
    """End a run; False if it has ended."""
    return await _set(session, number, state="ended", ended_at=at, where=[])


async def _set(session: Session, number: int, *, where: list[Any], **values: Any) -> bool:
    statement = (
        update(Drill).where(col(Drill.id) == number, col(Drill.state) == "running", *where).values(**values)
    )
    result: CursorResult[Any] = await session.execute(statement)  # type: ignore[assignment]
    return result.rowcount == 1
