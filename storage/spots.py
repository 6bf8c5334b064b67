"""Spots: which incident a message, thread or channel belongs to, and where the copies of a living card are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, case, func, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Spot


async def add(
    session: Session,
    transport: str,
    channel: str,
    message: str,
    *,
    key: str = "",
    incident_id: int | None = None,
    drill_id: int | None = None,
) -> None:
    """Note that a message (or, with an empty id, a channel) belongs to an incident or is a copy of a card.

    Whatever is known of it already stays. Somebody may press a button before delivery has noted the message: then the
    place is known without its key, and the key is added.
    """
    values = {
        "transport": transport,
        "channel": channel,
        "message": message,
        "key": key,
        "incident_id": incident_id,
        "drill_id": drill_id,
    }
    insert: Callable[..., Any] = type(inserting(session, Spot))
    connection = await session.connection()
    await connection.execute(_adding(insert), values)


@cache
def _adding(insert: Callable[..., Any]) -> Any:
    """Built once for a dialect's INSERT: each message that is sent comes by, and putting this together takes longer than running it."""
    statement = insert(Spot)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["transport", "channel", "message"],
        set_={
            "key": case((col(Spot.key) == "", new.key), else_=col(Spot.key)),
            "incident_id": func.coalesce(col(Spot.incident_id), new.incident_id),
            "drill_id": func.coalesce(col(Spot.drill_id), new.drill_id),
        },
    )


async def incident_at(session: Session, transport: str, channel: str, messages: Sequence[str]) -> int | None:
    """The incident that a place belongs to: the first of these messages that is known, else the channel's own."""
    query = select(Spot.message, Spot.incident_id).where(
        Spot.transport == transport,
        Spot.channel == channel,
        col(Spot.message).in_([*messages, ""]),
        col(Spot.incident_id).is_not(None),
    )
    known = {spot.message: spot.incident_id for spot in (await session.execute(query)).all()}
    return next((known[message] for message in [*messages, ""] if message in known), None)


async def copies(session: Session, key: str) -> Sequence[Spot]:
    """Every place where a living card stands."""
    return (await session.scalars(select(Spot).where(Spot.key == key).order_by(col(Spot.id)))).all()


async def key_at(session: Session, transport: str, channel: str, message: str) -> str:
    """The key of the card that a message is a copy of; empty if of none."""
    query = select(Spot.key).where(
        Spot.transport == transport, Spot.channel == channel, Spot.message == message
    )
    return await session.scalar(query) or ""


async def edited(session: Session, transport: str, channel: str, message: str, at: datetime) -> None:
    """Note when a copy of a card was last edited."""
    await session.execute(
        update(Spot)
        .where(col(Spot.transport) == transport, col(Spot.channel) == channel, col(Spot.message) == message)
        .values(edited_at=at)
        .execution_options(synchronize_session=False)
    )


async def move_channel(session: Session, transport: str, old: str, new: str) -> None:
    """Follow a channel whose id the platform changed."""
    await session.execute(
        update(Spot).where(col(Spot.transport) == transport, col(Spot.channel) == old).values(channel=new)
    )


async def forget_room(session: Session, key: str, transport: str, channel: str, thread: str) -> bool:
    """Send nothing more to an incident's room, of which `key` is the key; it stays known as the incident's. False if it was none."""
    whole = (col(Spot.transport) == transport, col(Spot.channel) == channel)
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Spot).where(*whole, col(Spot.message).in_([thread, ""]), col(Spot.key) == key).values(key="")
    )
    return result.rowcount == 1


async def rename(session: Session, incident_id: int, prefix: str) -> list[str]:
    """Put something before the keys of all cards of an incident, so that later edits of them go nowhere; returns the new keys."""
    mine = (col(Spot.incident_id) == incident_id, col(Spot.key) != "", ~col(Spot.key).startswith(prefix))
    keys = (await session.scalars(select(Spot.key).where(*mine).distinct())).all()
    await session.execute(
        update(Spot)
        .where(*mine)
        .values(key=prefix + col(Spot.key))
        .execution_options(synchronize_session=False)
    )
    return [prefix + key for key in keys]
