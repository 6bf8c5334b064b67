"""Sources: where each left off, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Beat, Quarantine, SourceState

BEAT_SECONDS = 300
"""Arrivals within so many seconds are one beat: gaps of less are of no interest."""


async def cursor_of(session: Session, name: str) -> Mapping[str, Any]:
    """Where a source left off; empty if it was never read."""
    state = await session.get(SourceState, name)
    return state.cursor if state else {}


async def advance(
    session: Session,
    name: str,
    *,
    at: datetime,
    cursor: Mapping[str, Any] | None,
    found: int,
    rejected: int,
    new: int = 0,
) -> None:
    """Move a source on, in the transaction that stores what it yielded. `new`: how much of that was not known yet."""
    state = await session.get(SourceState, name) or SourceState(name=name)
    if cursor is not None:
        state.cursor = dict(cursor)
    state.read_at, state.error, state.failed_at = at, "", None
    state.since = state.since or at
    if found:
        state.found_at = at
    if new:
        state.new_at = at
        await _beat(session, name, at)
    state.found += found
    state.added += new
    state.rejected += rejected
    session.add(state)


async def ail(session: Session, name: str, *, at: datetime, error: str) -> None:
    """Note that a source could not be read."""
    state = await session.get(SourceState, name) or SourceState(name=name)
    state.error, state.failed_at = error, state.failed_at or at
    session.add(state)


async def answered(session: Session, name: str, at: datetime) -> None:
    """Note that a source could be read, be there anything or not."""
    state = await session.get(SourceState, name) or SourceState(name=name, since=at)
    state.read_at, state.error, state.failed_at = at, "", None
    session.add(state)


async def watch(session: Session, names: Collection[str], at: datetime) -> None:
    """Note since when sources are watched, where that is not known."""
    for name in names:
        new = inserting(session, SourceState).values(
            name=name, cursor={}, found=0, rejected=0, error="", since=at
        )
        await session.execute(new.on_conflict_do_nothing())
    await session.execute(
        update(SourceState)
        .where(col(SourceState.name).in_(names), col(SourceState.since).is_(None))
        .values(since=at)
        .execution_options(synchronize_session=False)
    )


async def _beat(session: Session, name: str, at: datetime) -> None:
    start = datetime.fromtimestamp(at.timestamp() // BEAT_SECONDS * BEAT_SECONDS, at.tzinfo)
    await session.execute(inserting(session, Beat).values(source=name, at=start).on_conflict_do_nothing())


async def beats(session: Session, name: str, start: datetime) -> Sequence[datetime]:
    """When a source yielded something new, from then on, oldest first."""
    query = select(Beat.at).where(Beat.source == name, col(Beat.at) >= start)
    return (await session.scalars(query.order_by(col(Beat.at)))).all()


async def forget_beats(session: Session, before: datetime) -> None:
    """Drop what is too old to be a habit."""
    await session.execute(delete(Beat).where(col(Beat.at) < before))


async def learn(session: Session, name: str, habit: int | None) -> None:
    """Keep how many seconds a source is usually silent at most."""
    await session.execute(
        update(SourceState)
        .where(col(SourceState.name) == name)
        .values(habit=habit)
        .execution_options(synchronize_session=False)
    )


async def turn(session: Session, name: str, old: str, new: str) -> bool:
    """Note what ails a source, or (empty) that it is well again; False if that is no longer news.

    An ailment that follows another belongs to the same episode.
    """
    values: dict[str, Any] = {"ailment": new}
    if not old:
        values["episode"] = col(SourceState.episode) + 1
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(SourceState)
        .where(col(SourceState.name) == name, col(SourceState.ailment) == old)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def get(session: Session, name: str) -> SourceState | None:
    """How one source fares."""
    return await session.get(SourceState, name, populate_existing=True)


async def quarantine(session: Session, rows: Iterable[Quarantine]) -> None:
    """Keep where the rows that could not be read stand, and why."""
    session.add_all(rows)


async def refused(session: Session, names: Collection[str], since: datetime) -> Sequence[Quarantine]:
    """What could not be read of these sources since, in order."""
    query = select(Quarantine).where(col(Quarantine.source).in_(names), col(Quarantine.at) >= since)
    return (await session.scalars(query.order_by(col(Quarantine.id)))).all()


async def states(session: Session) -> Sequence[SourceState]:
    """All sources that were ever read."""
    return (await session.scalars(select(SourceState))).all()


async def quarantined(session: Session) -> int:
    """How many rows could not be read."""
    return await session.scalar(select(func.count()).select_from(Quarantine)) or 0


async def ailing(session: Session) -> Sequence[SourceState]:
    """The sources that something ails."""
    query = select(SourceState).where(SourceState.ailment != "").order_by(col(SourceState.name))
    return (await session.scalars(query)).all()
