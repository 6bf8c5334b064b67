"""The outbox: messages that are committed with the state they tell of, and sent after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Outbox, Spot

LEASE = timedelta(seconds=90)
"""A row that is still `sending` after this long was cut off: whoever sent it is gone."""


async def put(session: Session, row: Outbox) -> Outbox:
    """Add a message. An edit replaces the edits of the same card in the same channel that are not sent yet."""
    if row.kind == "edit":
        await session.execute(
            update(Outbox)
            .where(
                col(Outbox.kind) == "edit",
                col(Outbox.state) == "pending",
                col(Outbox.key) == row.key,
                col(Outbox.transport) == row.transport,
                col(Outbox.channel) == row.channel,
            )
            .values(state="superseded")
        )
    session.add(row)
    await session.flush()
    return row


async def due(session: Session, transport: str, now: datetime, limit: int = 200) -> Sequence[Outbox]:
    """What a transport may send now: new alerts first, then in order. Includes rows whose sender was cut off."""
    query = (
        select(Outbox)
        .where(
            Outbox.transport == transport,
            or_(
                col(Outbox.state).in_(["pending", "unsure"]) & (col(Outbox.not_before) <= now),
                (col(Outbox.state) == "sending") & (col(Outbox.lease_until) < now),
            ),
        )
        .order_by(col(Outbox.rank), col(Outbox.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def next_due(session: Session, transport: str) -> datetime | None:
    """When the next waiting message of a transport may go."""
    query = select(Outbox.not_before).where(Outbox.transport == transport, col(Outbox.state).in_(["pending", "unsure"]))
    return await session.scalar(query.order_by(col(Outbox.not_before)).limit(1))


async def take(session: Session, row: Outbox, now: datetime) -> bool:
    """Claim a row for sending; False if another sender has it or it was superseded."""
    return await _set(
        session,
        row,
        [row.state],
        state="sending",
        lease_until=now + LEASE,
        attempts=col(Outbox.attempts) + 1,
        lease_was=row.lease_until,
    )


async def sent(session: Session, row: Outbox, message: str, now: datetime) -> None:
    """Note that a row was delivered, and where its message stands."""
    await _set(session, row, ["sending"], state="sent", message=message, sent_at=now, lease_until=None)


async def again(session: Session, row: Outbox, at: datetime, error: str, *, unsure: bool) -> None:
    """Try a row again later. `unsure`: it may have gone through."""
    state = "unsure" if unsure else "pending"
    await _set(session, row, ["sending"], state=state, not_before=at, error=error, lease_until=None)


async def fail(session: Session, row: Outbox, error: str) -> None:
    """Give a row up."""
    await _set(session, row, ["sending"], state="failed", error=error, lease_until=None)


async def free_leases(session: Session, transport: str, now: datetime) -> None:
    """At start: whatever this transport was sending was cut off, so nobody need wait for its lease."""
    await session.execute(
        update(Outbox)
        .where(col(Outbox.transport) == transport, col(Outbox.state) == "sending")
        .values(state="unsure", not_before=now, lease_until=None)
    )


async def parent_pending(session: Session, row: Outbox, key: str) -> bool:
    """Tell whether the card that a row goes under or replaces is itself still on its way to that channel."""
    query = select(Outbox.id).where(
        Outbox.transport == row.transport,
        Outbox.channel == row.channel,
        Outbox.key == key,
        Outbox.kind == "post",
        col(Outbox.state).in_(["pending", "sending", "unsure"]),
    )
    return await session.scalar(query.limit(1)) is not None


async def copy_in(session: Session, row: Outbox, key: str) -> Spot | None:
    """The newest copy of a card in a row's channel."""
    query = select(Spot).where(Spot.key == key, Spot.transport == row.transport, Spot.channel == row.channel)
    return await session.scalar(query.order_by(col(Spot.id).desc()).limit(1))


async def move_channel(session: Session, transport: str, old: str, new: str) -> None:
    """Follow a channel whose id the platform changed."""
    await session.execute(
        update(Outbox)
        .where(col(Outbox.transport) == transport, col(Outbox.channel) == old, col(Outbox.state) != "sent")
        .values(channel=new)
    )


async def channels_of(session: Session, key: str) -> list[tuple[str, str]]:
    """Every (transport, channel) where a living card stands or is about to."""
    query = (
        select(Outbox.transport, Outbox.channel)
        .where(Outbox.key == key, Outbox.kind == "post", Outbox.state != "failed")
        .distinct()
    )
    return [(transport, channel) for transport, channel in (await session.execute(query)).all()]


async def replace_unsent(session: Session, key: str, transport: str, channel: str, card: dict[str, Any]) -> bool:
    """Put a newer card into a post that has not begun to go out; False if there is none."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Outbox)
        .where(
            col(Outbox.key) == key,
            col(Outbox.kind) == "post",
            col(Outbox.state) == "pending",
            col(Outbox.attempts) == 0,
            col(Outbox.transport) == transport,
            col(Outbox.channel) == channel,
        )
        .values(card=card)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount > 0


async def _set(
    session: Session, row: Outbox, states: list[str], *, lease_was: datetime | None = None, **values: Any
) -> bool:
    statement = update(Outbox).where(col(Outbox.id) == row.id, col(Outbox.state).in_(states))
    if lease_was is not None:
        statement = statement.where(col(Outbox.lease_until) == lease_was)
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        statement.values(**values).execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
