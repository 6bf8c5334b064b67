"""Take rows in: prepare, merge, grade, store, and leave a notice of what people must see.

Rows are stored in small transactions, each with the topics, incidents and notices that follow from it; a source moves on in
the transaction that stores the last of what it yielded. So a crash at any moment loses nothing and stores nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from bot.monitor import merge
from bot.monitor.alarm import Alarm
from bot.monitor.merge import Index, Thread
from bot.monitor.prepare import Lot, Prepared, Preparer
from bot.sources.base import Batch, Cursor, Found, Reject, Source, SourceError
from bot.sources.webhook import parse_body
from playbooks.library import Library
from storage import mentions, sources
from storage.database import Database, Session
from storage.models import Quarantine

log = logging.getLogger(__name__)

READ_ROWS = 500
"""Rows of one reading; a push waits until one is over."""
WRITE_SECONDS = 0.01
"""How long a transaction is meant to take: on SQLite, nobody else writes meanwhile."""
LEAST_ROWS, MOST_ROWS = 5, 500
"""Rows of one transaction, of which there are as many as fit into that time."""
REMEMBER = timedelta(days=7)
"""A matter that comes back within this time after its end is proposed for reopening."""


@dataclass(slots=True)
class Tally:
    """What was taken in. `more`: the source would yield more at once."""

    new: int = 0
    known: int = 0
    rejected: int = 0
    dropped: int = 0
    raised: list[int] = field(default_factory=list)
    more: bool = False

    def add(self, other: Tally) -> None:
        """Count another one in."""
        self.new += other.new
        self.known += other.known
        self.rejected += other.rejected
        self.dropped += other.dropped
        self.raised += other.raised
        self.more = other.more


class Ingest:
    """Takes rows in, a portion at a time.

    Args:
        window: how long mentions merge, and what counts as lately.
        min_mentions: how many fresh negatives of a topic open an incident.
    """

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        preparer: Preparer,
        window: timedelta,
        min_mentions: int,
    ) -> None:
        self.database = database
        self.library = library
        self.preparer = preparer
        self.window = window
        self.min_mentions = min_mentions
        self._alarm = Alarm(library, window, min_mentions)
        self._indexes: dict[int | None, Index] = {}
        self._turn = asyncio.Lock()
        self._rows = LEAST_ROWS

    async def read(self, source: Source, now: datetime) -> Tally:
        """Read a portion of a source. Raises SourceError."""
        async with self._turn:
            async with self.database.read() as session:
                cursor = await sources.cursor_of(session, source.name)
            lot = self._read(source, cursor, now)
            if lot.mentions or lot.rejects or lot.dropped or lot.cursor != cursor:
                return await self._store(lot, now)
            return Tally(more=lot.more)

    def _read(self, source: Source, cursor: Cursor, now: datetime) -> Lot:
        try:
            return self.preparer.lot(source.name, source.read(cursor, READ_ROWS, now), now)
        except SourceError:
            raise
        except Exception as error:  # a source must not stop the others, whatever it does
            log.exception("source %s failed", source.name)
            raise SourceError(f"{type(error).__name__}: {error}") from None

    async def push(self, source: str, body: bytes, zone: ZoneInfo, now: datetime) -> Tally:
        """Take the body of a push; its rows are stored when it returns. Raises BodyError."""
        found, rejects = parse_body(body, source, timezone=zone, now=now)
        return await self.take(source, found, rejects, now)

    async def take(
        self,
        source: str,
        found: Iterable[Found],
        rejects: Iterable[Reject],
        now: datetime,
        *,
        drill_id: int | None = None,
        cursor: Mapping[str, Any] | None = None,
    ) -> Tally:
        """Take rows that were pushed or played; they are stored when it returns, and so is the cursor, if there is one."""
        batch = Batch(found=tuple(found), rejects=tuple(rejects))
        async with self._turn:
            lot = replace(self.preparer.lot(source, batch, now, drill_id), cursor=cursor)
            return await self._store(lot, now, drill_id)

    async def _store(self, lot: Lot, now: datetime, drill_id: int | None = None) -> Tally:
        tally = Tally(dropped=lot.dropped, rejected=len(lot.rejects), more=lot.more)
        start, is_last = 0, False
        while not is_last:
            batch = lot.mentions[start : start + self._rows]
            start += len(batch)
            is_last = start >= len(lot.mentions)
            try:
                async with self.database.write() as session:
                    began = monotonic()
                    await self._store_batch(session, batch, tally, now, drill_id)
                    if is_last:
                        await _advance(session, lot, now)
            except BaseException:
                # The index ran ahead of the database; it is made anew from what is stored.
                self._indexes.clear()
                raise
            self._adapt(len(batch), monotonic() - began)
        return tally

    def _adapt(self, rows: int, seconds: float) -> None:
        """Let the next transaction have as many rows as fit into its time, but not at once: one may be an odd one out."""
        if rows < self._rows and seconds < WRITE_SECONDS:
            return
        fitting = int(rows * WRITE_SECONDS / max(seconds, 1e-6))
        self._rows = max(LEAST_ROWS, min(MOST_ROWS, fitting, 2 * self._rows))

    async def _store_batch(
        self, session: Session, batch: Sequence[Prepared], tally: Tally, now: datetime, drill_id: int | None
    ) -> None:
        if not batch:
            return
        index = await self._index(session, drill_id, now)
        known = await mentions.known(session, [each.row["key"] for each in batch])
        again = [each for each in batch if each.row["key"] in known]
        new = list({each.row["key"]: each for each in batch if each.row["key"] not in known}.values())
        tally.known += len(batch) - len(new)
        tally.new += len(new)
        placed = [(each, index.place(each, now)) for each in new]
        moved = dict.fromkeys(thread for _, thread in placed if thread is not None)
        await mentions.add_topics(session, [thread.topic for thread in moved if thread.topic.id is None])
        rows = [{**each.row, "topic_id": thread.topic.id if thread else None} for each, thread in placed]
        await mentions.add(session, rows)
        moved |= dict.fromkeys(await self._recount(session, index, again, known))
        for thread in moved:
            number = await self._alarm.consider(session, index, thread, now)
            tally.raised += [number] if number else []
        await mentions.update_topics(session, [thread.sum_up() for thread in moved])

    async def _recount(
        self, session: Session, index: Index, again: Sequence[Prepared], known: Mapping[str, Any]
    ) -> list[Thread]:
        """Update the counters of mentions that were seen before; returns the topics that this moves."""
        changed = [row for each in again if (row := _recounted(known[each.row["key"]], each.row))]
        await mentions.recount(session, changed)
        likes = {
            row["topic_id"]: row["likes"] or 0 for row in sorted(changed, key=lambda row: row["likes"] or 0)
        }
        moved = (
            [thread for thread in index.threads if thread.topic.likes < likes.get(thread.topic.id, 0)]
            if likes
            else []
        )
        for thread in moved:
            thread.topic.likes = likes[thread.topic.id]
        return moved

    async def _index(self, session: Session, drill_id: int | None, now: datetime) -> Index:
        index = self._indexes.get(drill_id)
        if index is None:
            index = self._indexes[drill_id] = await self._recalled(session, drill_id, now)
        if index.is_due(now):
            index.forget(now, await mentions.lasting_topics(session, drill_id, now - REMEMBER))
        return index

    async def _recalled(self, session: Session, drill_id: int | None, now: datetime) -> Index:
        """An index of what is stored."""
        index = Index(self.window)
        for item, count in await mentions.under_posts(session, drill_id, now - self.window):
            index.usual.note(now, item, comments=count)
        found = await mentions.open_topics(session, drill_id, now - self.window, now - REMEMBER)
        threads = {topic.id or 0: Thread(topic, lasting=lasting) for topic, lasting in found}
        for trace in await mentions.traces_of(session, threads, max(merge.TEXTS, self.min_mentions)):
            threads[trace.topic_id].recall(trace, telling=bool(self.library.matcher.telling(trace.hits)))
        for thread in threads.values():
            session.expunge(thread.topic)
            index.add(thread)
            index.remember(thread, now)
        return index


async def _advance(session: Session, lot: Lot, now: datetime) -> None:
    await sources.quarantine(
        session,
        [
            Quarantine(source=lot.source, file=each.file, offset=each.offset, reason=each.reason, at=now)
            for each in lot.rejects
        ],
    )
    await sources.advance(
        session, lot.source, at=now, cursor=lot.cursor, found=len(lot.mentions), rejected=len(lot.rejects)
    )


def _recounted(known: Any, row: dict[str, Any]) -> dict[str, Any] | None:
    """The new counts of a mention that was seen before; None if none changed."""
    names = ("likes", "replies", "shares", "plays")
    counts = {name: row[name] if row[name] is not None else getattr(known, name) for name in names}
    if all(getattr(known, name) == value for name, value in counts.items()):
        return None
    return {"id": known.id, "topic_id": known.topic_id, **counts}
