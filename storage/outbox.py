"""The outbox: messages that are committed with the state they tell of, and sent after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, CursorResult, bindparam, exists, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.database import Session
from storage.models import Outbox, Spot

LEASE = timedelta(seconds=90)
"""A row that is still `sending` after this long was cut off: whoever sent it is gone."""
UNDONE = ("pending", "sending", "unsure")
ERRANDS = ("room", "topic", "invite", "pin", "archive", "fetch")
"""What is done besides posting. To an incident's own room: make it, say over it what it is, bring somebody in, pin its card, close it;
the row's card has the words. `fetch`: have a file that was given as evidence; the row's card says which, and for which entry."""
REPLACED = ("edit", "topic")
"""Rows of which only the newest counts."""


async def put(session: Session, row: Outbox) -> Outbox:
    """Add a message.

    An edit (or a room's topic) replaces the edits of the same card in the same channel that are not sent yet, and goes when the first of
    them would have gone: what a person waits for must not be put off by what the monitor adds.
    """
    if row.kind in REPLACED:
        unsent = (
            col(Outbox.kind) == row.kind,
            col(Outbox.state) == "pending",
            col(Outbox.key) == row.key,
            col(Outbox.transport) == row.transport,
            col(Outbox.channel) == row.channel,
        )
        earlier = select(func.min(Outbox.rank), func.min(Outbox.not_before)).where(*unsent)
        rank, not_before = (await session.execute(earlier)).one()
        if rank is not None:
            row.rank, row.not_before = min(row.rank, rank), min(row.not_before, not_before)
        await session.execute(update(Outbox).where(*unsent).values(state="superseded"))
    session.add(row)
    await session.flush()
    return row


async def due(session: Session, transport: str, now: datetime) -> Sequence[Outbox]:
    """What a transport may send now, in order; includes rows whose sender was cut off.

    Of each lane (a channel's posts, edits or whispers) only the first row, so that one slow channel hides no other. A row
    that goes under a card, replaces it or shows its picture is not due while that card is itself still on its way.
    """
    return (await session.scalars(_due(), {"transport": transport, "now": now})).all()


@cache
def _due() -> Any:
    """Built once: putting this query together takes longer than running it."""
    now: BindParameter[datetime] = bindparam("now")
    ready = or_(
        col(Outbox.state).in_(["pending", "unsure"]) & (col(Outbox.not_before) <= now),
        (col(Outbox.state) == "sending") & (col(Outbox.lease_until) < now),
    )
    lane = (col(Outbox.channel), col(Outbox.kind))
    place = func.row_number().over(partition_by=lane, order_by=(col(Outbox.rank), col(Outbox.id)))
    ranked = (
        select(col(Outbox.id).label("id"), place.label("place"))
        .where(
            col(Outbox.transport) == bindparam("transport"),
            ready,
            ~_waits_for_card(),
            ~_waits_for_last_words(),
        )
        .subquery()
    )
    query = select(Outbox).join(ranked, col(Outbox.id) == ranked.c.id).where(ranked.c.place == 1)
    return query.order_by(col(Outbox.rank), col(Outbox.id))


def _waits_for_card() -> ColumnElement[bool]:
    parent = aliased(Outbox)
    wanted = or_(
        (col(Outbox.under) != "") & (col(parent.key) == col(Outbox.under)),
        col(Outbox.kind).in_(["edit", "picture", "pin"]) & (col(parent.key) == col(Outbox.key)),
    )
    return exists().where(
        wanted,
        col(parent.kind) == "post",
        col(parent.transport) == col(Outbox.transport),
        col(parent.channel) == col(Outbox.channel),
        col(parent.state).in_(UNDONE),
    )


def _waits_for_last_words() -> ColumnElement[bool]:
    """A room is closed only when all is said that was to be said about its incident before."""
    before = aliased(Outbox)
    return (col(Outbox.kind) == "archive") & exists().where(
        col(before.incident_id) == col(Outbox.incident_id),
        col(before.transport) == col(Outbox.transport),
        col(before.channel) == col(Outbox.channel),
        col(before.id) < col(Outbox.id),
        col(before.kind) != "fetch",
        col(before.state).in_(UNDONE),
    )


async def newest(session: Session, kind: str, key: str, transport: str, channel: str) -> Outbox | None:
    """The row of a kind and key that was put last for a channel, if it was not given up."""
    query = select(Outbox).where(
        Outbox.kind == kind,
        Outbox.key == key,
        Outbox.transport == transport,
        Outbox.channel == channel,
        Outbox.state != "failed",
    )
    return await session.scalar(query.order_by(col(Outbox.id).desc()).limit(1))


async def next_due(session: Session, transport: str, now: datetime) -> datetime | None:
    """When the next message of a transport that has to wait may go."""
    query = select(func.min(Outbox.not_before)).where(
        Outbox.transport == transport,
        col(Outbox.state).in_(["pending", "unsure"]),
        col(Outbox.not_before) > now,
    )
    return await session.scalar(query)


async def take(session: Session, row: Outbox, now: datetime) -> Outbox | None:
    """Claim a row for sending.

    Returns:
        The row as it stands now (its card may have been replaced since it was read), or None if another sender was
        faster or the row was superseded.
    """
    if not await _set(
        session, row, [row.state], state="sending", lease_until=now + LEASE, attempts=row.attempts + 1
    ):
        return None
    return await session.get(Outbox, row.id, populate_existing=True)


async def postpone(session: Session, row: Outbox, at: datetime) -> None:
    """Let a row that is not claimed wait."""
    await _set(session, row, [row.state], not_before=at)


async def overtaken(session: Session, row: Outbox) -> bool:
    """Give an edit up if a newer one of the same card is there: its words are old. True if it was."""
    if row.kind not in REPLACED:
        return False
    newer = select(Outbox.id).where(
        Outbox.key == row.key,
        Outbox.kind == row.kind,
        Outbox.transport == row.transport,
        Outbox.channel == row.channel,
        col(Outbox.id) > row.id,
        col(Outbox.state).in_([*UNDONE, "sent"]),
    )
    if await session.scalar(newer.limit(1)) is None:
        return False
    return await _set(session, row, [row.state], state="superseded", lease_until=None)


async def sent(session: Session, row: Outbox, message: str, now: datetime) -> bool:
    """Note that a claimed row was delivered, and where its message stands; False if the claim ran out."""
    return await _set(
        session, row, ["sending"], state="sent", message=message, sent_at=now, lease_until=None, **_kept(row)
    )


async def again(session: Session, row: Outbox, at: datetime, error: str, *, unsure: bool) -> None:
    """Try a claimed row again later. `unsure`: it may have gone through."""
    state = "unsure" if unsure else "pending"
    await _set(session, row, ["sending"], state=state, not_before=at, error=error, lease_until=None)


async def fail(session: Session, row: Outbox, error: str) -> bool:
    """Give a claimed row up; False if the claim ran out."""
    return await _set(session, row, ["sending"], state="failed", error=error, lease_until=None, **_kept(row))


def _kept(row: Outbox) -> dict[str, Any]:
    """What is changed of a message that is out: a secret is not kept."""
    return {"card": {}} if row.secret else {}


async def withdraw(session: Session, incident_id: int, prefix: str) -> None:
    """Let nothing of an incident go out that waits, and put something before the keys of its cards, so that edits find them no more.

    A file that is still to be fetched is: what is said of it then goes where the incident may be known.
    """
    mine = update(Outbox).where(col(Outbox.incident_id) == incident_id)
    waiting = mine.where(col(Outbox.state).in_(["pending", "unsure"]), col(Outbox.kind) != "fetch")
    cards = mine.where(col(Outbox.kind) == "post", col(Outbox.key) != "", ~col(Outbox.key).startswith(prefix))
    for statement in (waiting.values(state="superseded"), cards.values(key=prefix + col(Outbox.key))):
        await session.execute(statement.execution_options(synchronize_session=False))


async def free_leases(session: Session, transport: str, now: datetime) -> None:
    """At start: whatever this transport was sending was cut off, so nobody need wait for its lease."""
    await session.execute(
        update(Outbox)
        .where(col(Outbox.transport) == transport, col(Outbox.state) == "sending")
        .values(state="unsure", not_before=now, lease_until=None)
    )


async def copy_in(session: Session, row: Outbox, key: str) -> Spot | None:
    """The newest copy of a card in a row's channel."""
    where = {"key": key, "transport": row.transport, "channel": row.channel}
    found: Spot | None = await session.scalar(_copy(), where)
    return found


@cache
def _copy() -> Any:
    """Built once, as `_due` is."""
    query = select(Spot).where(
        col(Spot.key) == bindparam("key"),
        col(Spot.transport) == bindparam("transport"),
        col(Spot.channel) == bindparam("channel"),
    )
    return query.order_by(col(Spot.id).desc()).limit(1)


async def move_channel(session: Session, transport: str, old: str, new: str) -> None:
    """Follow a channel whose id the platform changed; sent rows too, since they say where living cards stand."""
    await session.execute(
        update(Outbox)
        .where(col(Outbox.transport) == transport, col(Outbox.channel) == old)
        .values(channel=new)
    )


async def channels_of(session: Session, key: str) -> list[tuple[str, str]]:
    """Every (transport, channel) where a living card stands or is about to."""
    query = (
        select(Outbox.transport, Outbox.channel)
        .where(Outbox.key == key, Outbox.kind == "post", col(Outbox.state).not_in(["failed", "superseded"]))
        .distinct()
    )
    return [(transport, channel) for transport, channel in (await session.execute(query)).all()]


async def replace_unsent(
    session: Session, key: str, transport: str, channel: str, card: dict[str, Any]
) -> bool:
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


async def _set(session: Session, row: Outbox, states: list[str], **values: Any) -> bool:
    """Change a row if nobody has claimed it since it was read: `attempts` counts the claims."""
    connection = await session.connection()
    new = {f"new_{name}": value for name, value in values.items()}
    result = await connection.execute(
        _change(tuple(states), tuple(values)), {"row": row.id, "claims": row.attempts, **new}
    )
    return result.rowcount == 1


@cache
def _change(states: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """Built once, as `_due` is, and past the ORM, which has nothing to keep up with here: each message comes by twice."""
    table = Outbox.__table__  # type: ignore[attr-defined]
    return (
        update(table)
        .where(
            table.c.id == bindparam("row"),
            table.c.state.in_(states),
            table.c.attempts == bindparam("claims"),
        )
        .values({name: bindparam(f"new_{name}") for name in names})
    )
