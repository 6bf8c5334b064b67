"""Mutes: what leads do not want to hear of, each until a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Mute


async def put(session: Session, mute: Mute) -> Mute:
    """Store a mute. One of the same thing that is on already gets the new end instead."""
    same = select(Mute).where(
        Mute.kind == mute.kind,
        Mute.value == mute.value,
        col(Mute.drill_id) == mute.drill_id,
        col(Mute.ended_at).is_(None),
    )
    found = await session.scalar(same.order_by(col(Mute.id)).limit(1).with_for_update())
    if found is None:
        session.add(mute)
        found = mute
    else:
        found.until, found.by = mute.until, mute.by
    await session.flush()
    return found


async def on(session: Session, now: datetime, drill_id: int | None = None) -> Sequence[Mute]:
    """The mutes that hold at a moment, of a drill or of what is live; the first to end first."""
    query = select(Mute).where(
        col(Mute.ended_at).is_(None), col(Mute.until) > now, col(Mute.drill_id) == drill_id
    )
    return (await session.scalars(query.order_by(col(Mute.until)))).all()


async def over(session: Session, now: datetime) -> Sequence[Mute]:
    """The mutes whose end has come and that nobody has ended yet."""
    query = select(Mute).where(col(Mute.ended_at).is_(None), col(Mute.until) <= now)
    return (await session.scalars(query.order_by(col(Mute.until)))).all()


async def end(session: Session, number: int, at: datetime) -> bool:
    """End a mute; False if another process or person was first."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Mute)
        .where(col(Mute.id) == number, col(Mute.ended_at).is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def of_proposal(session: Session, proposal_id: int) -> Mute | None:
    """The mute that a proposal brought, if it is still on."""
    return await session.scalar(
        select(Mute).where(Mute.proposal_id == proposal_id, col(Mute.ended_at).is_(None)).limit(1)
    )


def named(mute: Mute) -> str:
    """A mute as people write it: `发霉`, `source:weibo`, `#12`."""
    return {"source": "source:", "topic": "#"}.get(mute.kind, "") + mute.value
