"""Occasions: what is due again and again. Rows, so that a restart loses none and two processes fire none twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col

from storage.database import Session, inserting
from storage.models import Occasion


async def get(session: Session, name: str) -> Occasion | None:
    """The occasion of this name."""
    return await session.get(Occasion, name, populate_existing=True)


async def begin(session: Session, name: str, rule: str, due_at: datetime) -> None:
    """Set an occasion's first time, unless it has one."""
    await session.execute(
        inserting(session, Occasion).values(name=name, rule=rule, due_at=due_at).on_conflict_do_nothing()
    )


async def move(session: Session, known: Occasion, rule: str, due_at: datetime) -> bool:
    """Set an occasion's next time; False if another process was faster."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Occasion)
        .where(
            col(Occasion.name) == known.name,
            col(Occasion.due_at) == known.due_at,
            col(Occasion.rule) == known.rule,
        )
        .values(rule=rule, due_at=due_at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
