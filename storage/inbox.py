"""The inbox: what arrived, kept before it was acknowledged, worked on once."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Database, DatabaseError, Session, inserting
from storage.models import Inbox


async def arrive(
    database: Database, key: str, payload: Mapping[str, Any], at: datetime, transport: str = ""
) -> None:
    """Keep an arrival, so that it can be acknowledged; it is in the inbox after the next `collect`. Raises DatabaseError."""
    if database.spool is None:
        async with database.write() as session:
            await put(session, key, payload, at, transport)
        return
    try:
        database.spool.put(key, transport, payload, at)
    except sqlite3.Error as error:
        raise DatabaseError(f"{type(error).__name__}: {error}") from error


async def collect(database: Database) -> None:
    """Put what has arrived into the inbox, where one that was delivered twice is kept once."""
    while database.spool and (arrivals := database.spool.kept()):
        async with database.write() as session:
            for each in arrivals:
                await put(session, each.key, each.payload, each.at, each.transport)
        # Committed first: what a crash leaves in both is known to the inbox by its key.
        database.spool.forget(arrivals)


async def put(
    session: Session, key: str, payload: Mapping[str, Any], at: datetime, transport: str = ""
) -> bool:
    """Store an arrival; False if `key` is there already."""
    row = {"key": key, "transport": transport, "payload": dict(payload), "at": at, "outcome": ""}
    # Somebody waits to be acknowledged, and the ORM would take as long again.
    connection = await session.connection()
    statement = inserting(session, Inbox).on_conflict_do_nothing().returning(Inbox.id)
    return await connection.scalar(statement, row) is not None


async def waiting(
    session: Session, transports: Collection[str] | None = None, limit: int = 100
) -> list[tuple[int, dict[str, Any]]]:
    """The arrivals that are not worked on yet, oldest first: id and payload. `transports`: only what came from these."""
    query = select(Inbox.id, Inbox.payload).where(col(Inbox.done_at).is_(None))
    if transports is not None:
        query = query.where(col(Inbox.transport).in_(list(transports)))
    rows = await session.execute(query.order_by(col(Inbox.id)).limit(limit))
    return [(number or 0, payload) for number, payload in rows.all()]


async def id_of(session: Session, key: str) -> int | None:
    """The row with this key, if it is not worked on yet."""
    return await session.scalar(select(Inbox.id).where(Inbox.key == key, col(Inbox.done_at).is_(None)))


async def take(session: Session, number: int, at: datetime, outcome: str = "done") -> bool:
    """Mark an arrival as worked on, in the transaction of that work; False if another was first.

    What was said is forgotten then: whatever of it must be kept stands, without personal data, where it belongs.
    """
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Inbox)
        .where(col(Inbox.id) == number, col(Inbox.done_at).is_(None))
        .values(done_at=at, outcome=outcome, payload={})
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def conclude(session: Session, number: int, outcome: str) -> None:
    """Say how the work on an arrival ended, in the transaction that took it."""
    await session.execute(update(Inbox).where(col(Inbox.id) == number).values(outcome=outcome))
