"""Errands: what is done besides speaking: to an incident's own room, and to have the files that were given as evidence or text.

They are outbox rows like messages, so they are retried.

What comes of an errand is told to handlers by a notice: they know what is to be said and done then.
"""

from __future__ import annotations

import asyncio
import codecs
import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.evidence import Shelf
from bot.sources.fields import RowError
from bot.sources.records import decode
from bot.transports.base import Files, Letter, Opened, Rooms, Transport, TransportError, Why
from bot.transports.text import plain
from handlers.kit.context import room_key
from handlers.kit.messages import Attached
from handlers.shared.upload import LARGEST as LONGEST_TEXT
from storage import notices, spots
from storage.database import Database, Session
from storage.models import Outbox

log = logging.getLogger(__name__)

QUIET = ("pin", "topic")
"""Errands whose failure keeps nobody from working; the log has it."""
LARGEST = 20 * 2**20
"""Bytes of a file that is kept; Telegram hands out no larger ones to a bot (core.telegram.org/bots/api#getfile)."""
NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
READ_SECONDS = 50.0
"""How long one try to fetch a file may take."""
PATIENCE = timedelta(days=1)
"""How long it is tried to fetch a file."""
FORGET_EVERY = timedelta(hours=1)
"""How often files are looked for that were kept for long enough."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was fetched: its SHA-256, how many bytes it has, and the text in it, if it is wanted for that and holds one."""

    sha256: str
    size: int
    text: str | None = None


async def run(transport: Transport, kind: str, letter: Letter, target: str) -> Opened | None:
    """Do an errand; returns a room that was made. `target`: the message to pin. Raises TransportError."""
    if not isinstance(transport, Rooms):
        raise TransportError(f"{transport.name} has no rooms", permanent=True)
    if kind == "room":
        return await transport.open_room(letter)
    if kind == "pin":
        await transport.pin(letter, target)
    elif kind == "topic":
        await transport.describe_room(letter)
    elif kind == "invite":
        await transport.invite(letter)
    else:
        await transport.close_room(letter)
    return None


async def fetch(transport: Transport, row: Outbox, shelf: Shelf, now: datetime) -> Kept:
    """Have a file, and store it or read the text in it. Raises TransportError, OSError."""
    file = Attached(**row.card["file"])
    is_text = "text_for" in row.card
    largest = LONGEST_TEXT if is_text else LARGEST
    if file.size > largest:
        raise TransportError(f"{file.size} bytes", permanent=True, why=Why.TOO_LARGE)
    if not isinstance(transport, Files):
        raise TransportError(f"{transport.name} hands out no files", permanent=True)
    try:
        async with asyncio.timeout(READ_SECONDS):
            content = await transport.read_file(file.id, largest)
    except TransportError as error:
        error.permanent = error.permanent or now - row.created_at > PATIENCE
        raise
    except TimeoutError:
        slow = f"the file did not come within {READ_SECONDS:.0f} s"
        raise TransportError(slow, permanent=now - row.created_at > PATIENCE) from None
    if is_text:
        return Kept(hashlib.sha256(content).hexdigest(), len(content), text_in(content))
    return Kept(await asyncio.to_thread(shelf.keep, row.incident_id or 0, content), len(content))


def text_in(content: bytes) -> str | None:
    """The text of a file in UTF-8 or GB18030, without what nobody sees; None if it is neither."""
    try:
        text, _ = decode(content.removeprefix(codecs.BOM_UTF8), gb18030=False)
    except RowError:
        return None
    # GB18030 makes letters of most bytes, but a picture or a program has bytes that no text has.
    return None if NO_TEXT.search(text) else plain(text)


async def done(session: Session, row: Outbox, came: Opened | Kept | None, now: datetime) -> None:
    """Write down what an errand did."""
    if isinstance(came, Kept):
        proof: dict[str, str | int | None] = {"sha256": came.sha256, "size": came.size}
        if "text_for" in row.card:
            await _tell_of_file(session, row, "text.had", {**proof, "text": came.text}, now)
        else:
            await _tell_of_file(session, row, "evidence.kept", {**proof, "at": now.isoformat()}, now)
    elif came is not None:
        await spots.add(
            session,
            row.transport,
            came.channel,
            came.thread,
            key=row.key,
            incident_id=row.incident_id,
            drill_id=row.drill_id,
        )
        data = {
            "transport": row.transport,
            "channel": came.channel,
            "thread": came.thread,
            "name": came.name,
            "url": came.url,
            "by": row.to,
        }
        await notices.put(session, "room.opened", now, incident_id=row.incident_id, data=data)
    elif row.kind == "archive":
        await spots.forget_room(session, row.key, row.transport, row.channel, row.thread)


async def failed(session: Session, row: Outbox, error: TransportError, now: datetime) -> None:
    """Tell of what cannot be done or said in an incident's room, and of a file that cannot be had."""
    if row.kind == "fetch":
        reason = {"why": error.why or "", "error": error.message}
        kind = "text.lost" if "text_for" in row.card else "evidence.lost"
        await _tell_of_file(session, row, kind, reason, now)
        return
    data = {"deed": row.kind, "transport": row.transport, "why": error.why or "", "error": error.message}
    if error.why is Why.GONE and row.incident_id and row.kind != "room":
        key = room_key(row.incident_id)
        if await spots.forget_room(session, key, row.transport, row.channel, row.thread):
            await notices.put(session, "room.lost", now, incident_id=row.incident_id, data=data)
            return
    if row.kind in ("room", "invite", "archive"):
        who = {"person": row.to, "channel": row.channel, "thread": row.thread}
        await notices.put(session, "room.refused", now, incident_id=row.incident_id, data={**data, **who})


async def forget_files(database: Database, shelf: Shelf, keep: timedelta, now: datetime) -> None:
    """Delete the files that were kept for long enough; the timeline says so, and their hashes stay in it."""
    for incident, name in await asyncio.to_thread(shelf.older, now - keep):
        log.info("evidence of incident %s is older than %s and is deleted: %s", incident, keep, name)
        # First what is said: a kill between the two then says it again, and deletes nothing unsaid.
        async with database.write() as session:
            about = {"sha256": name}
            await notices.put(session, "evidence.expired", now, incident_id=incident, data=about)
        await asyncio.to_thread(shelf.drop, incident, name)


async def _tell_of_file(
    session: Session, row: Outbox, kind: str, what: Mapping[str, str | int | None], now: datetime
) -> None:
    about = row.card
    file = {key: about["file"][key] for key in ("name", "size", "mime")}
    told = {"row": row.id, "transport": row.transport, "entry": about["entry"], "by": about["by"]}
    await notices.put(
        session,
        kind,
        now,
        incident_id=row.incident_id,
        drill_id=row.drill_id,
        data={**told, **file, **about.get("text_for", {}), **what},
    )
