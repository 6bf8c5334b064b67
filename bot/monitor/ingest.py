"""Take rows in: prepare, merge, grade, store, and leave a notice of what people must see.

Rows are stored in small transactions, each with the topics and the severe alarms that follow from it; a source moves on in the
transaction that stores the last of what it yielded. When it yields no more, the rest is judged: what is alarming, and how
incidents stand that have grown. So a crash at any moment loses nothing and stores nothing twice, for what was stored and not
judged is judged after it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from bot.monitor import outbreak, thread
from bot.monitor.alarm import Alarm
from bot.monitor.merge import Index
from bot.monitor.metrics import Metrics, Rules
from bot.monitor.prepare import Lot, Prepared, Preparer
from bot.monitor.reading import Reading
from bot.monitor.thread import Thread
from bot.sources.base import Batch, Cursor, Found, Reject, Source, SourceError
from bot.sources.webhook import parse_body
from playbooks.library import Library
from playbooks.quiet import Quiet
from storage import counts, incidents, labels, mentions, metrics, sources
from storage.database import Database, Session
from storage.models import Quarantine

log = logging.getLogger(__name__)

READ_ROWS = 1000
"""Rows of one reading; a push waits until one is over."""
WRITE_SECONDS = 0.05
"""How long a transaction is meant to take: on SQLite, nobody else writes meanwhile."""
LEAST_ROWS, MOST_ROWS = 20, 500
"""Rows of one transaction, of which there are as many as fit into that time."""
SETTLE_ROWS, SETTLE_WITHIN = 5000, timedelta(minutes=5)
"""Rows after which it is judged what is alarming, if there is no end to them; what moved so shortly before a restart may not have
been."""
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
        min_mentions: how many fresh negatives of a topic open an incident, unless leads agreed to another number.
        quiet: when news is held back.
        rules: when the numbers of an own video are abnormal.
    """

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        preparer: Preparer,
        window: timedelta,
        min_mentions: int,
        quiet: Quiet | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.database = database
        self.library = library
        self.preparer = preparer
        self.window = window
        self.min_mentions = min_mentions
        self._alarm = Alarm(library, window, min_mentions, quiet)
        self._metrics = Metrics(database, library, rules or Rules(), quiet)
        self._indexes: dict[int | None, Index] = {}
        self._turn = asyncio.Lock()
        self._rows = LEAST_ROWS
        self._knows_ours = False
        self._unsettled = 0

    async def read(self, source: Source, now: datetime) -> Tally:
        """Read a portion of a source. Raises SourceError."""
        async with self._turn:
            await self._recall_ours()
            async with self.database.read() as session:
                cursor = await sources.cursor_of(session, source.name)
            lot = self._read(source, cursor, now)
            if lot.mentions or lot.rejects or lot.dropped or lot.cursor != cursor:
                tally = await self._store(lot, now)
            else:
                tally = Tally(more=lot.more)
            if not lot.more:
                await self._settle(tally, now, None)
            return tally

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
            await self._recall_ours()
            lot = replace(self.preparer.lot(source, batch, now, drill_id), cursor=cursor)
            tally = await self._store(lot, now, drill_id)
            await self._settle(tally, now, drill_id)
            return tally

    async def replay(self, lot: Lot, now: datetime) -> Tally:
        """Take rows that were prepared before, with all that follows from them."""
        async with self._turn:
            tally = await self._store(lot, now)
            await self._settle(tally, now, None)
            return tally

    async def _recall_ours(self) -> None:
        """Once: which videos are the brand's own, since what is said under them is wanted."""
        if not self._knows_ours:
            async with self.database.read() as session:
                self.preparer.ours |= await metrics.items(session)
            self._knows_ours = True

    async def explain(self, text: str) -> Reading:
        """Read a text as a comment would be read; nothing of it is stored."""
        return self.preparer.reader.read(text)

    async def _store(self, lot: Lot, now: datetime, drill_id: int | None = None) -> Tally:
        tally = Tally(dropped=lot.dropped, rejected=len(lot.rejects), more=lot.more)
        await self._metrics.take(lot.counts, now)
        start, is_last = 0, False
        while not is_last:
            batch = lot.mentions[start : start + self._rows]
            is_last = start + len(batch) >= len(lot.mentions)
            async with self._writing() as session:
                began = monotonic()
                if not start:
                    agreed = await labels.min_mentions(session) if drill_id is None else None
                    self._alarm.min_mentions = agreed or self.min_mentions
                await self._store_batch(session, batch, tally, now, drill_id)
                if is_last:
                    await _advance(session, lot, now, tally.new)
            start += len(batch)
            self._adapt(len(batch), monotonic() - began)
            self._unsettled += len(batch)
            if self._unsettled >= SETTLE_ROWS:
                await self._settle(tally, now, drill_id)
        return tally

    async def _settle(self, tally: Tally, now: datetime, drill_id: int | None) -> None:
        """Judge what was read as a whole: only then it is known what is usual in it."""
        self._unsettled = 0
        if drill_id not in self._indexes:
            async with self.database.read() as session:
                await self._index(session, drill_id, now)
        index = self._indexes[drill_id]
        found = outbreak.gather(index, self._alarm.min_mentions, now)
        if not (found or index.moved or outbreak.has_kin(index)):
            index.pending.clear()
            return
        async with self._writing() as session:
            await self._bring_up_to_date(session, index, now)
            tally.raised += await self._alarm.settle(session, index, found, now)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Session]:
        try:
            async with self.database.write() as session:
                yield session
        except BaseException:
            # The index ran ahead of the database; it is made anew from what is stored.
            self._indexes.clear()
            raise

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
        moved = dict.fromkeys(topic for _, topic in placed if topic is not None)
        await mentions.add_topics(session, [each.topic for each in moved if each.topic.id is None])
        rows = [{**each.row, "topic_id": found.topic.id if found else None} for each, found in placed]
        await mentions.add(session, rows)
        if new and drill_id is None:
            await counts.add(session, now, negatives_of(new))
        moved |= dict.fromkeys(await self._recount(session, index, again, known))
        await _follow_people(session, moved)
        await mentions.update_topics(session, [each.sum_up() for each in moved])
        index.moved |= {each: None for each in moved if each.topic.incident_id is not None}
        if any(each.topic.severe and each.topic.incident_id is None for each in moved):
            found = outbreak.gather(index, self._alarm.min_mentions, now, severe_only=True)
            tally.raised += await self._alarm.judge(session, index, found, now)

    async def _bring_up_to_date(self, session: Session, index: Index, now: datetime) -> None:
        """Grade the incidents whose topics have moved; not for every batch, since each takes as long as ten mentions."""
        await _follow_people(session, index.moved)
        await self._alarm.consider(session, index.moved, now)
        index.moved = {}

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
            [each for each in index.threads if each.topic.likes < likes.get(each.topic.id, 0)]
            if likes
            else []
        )
        for each in moved:
            each.topic.likes = likes[each.topic.id]
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
        for trace in await mentions.traces_of(session, threads, max(thread.TEXTS, self.min_mentions)):
            threads[trace.topic_id].recall(
                trace,
                self.preparer.reader.about(trace.text),
                telling=bool(self.library.matcher.telling(trace.hits)),
            )
        for each in threads.values():
            session.expunge(each.topic)
            index.add(each)
            index.remember(each, now)
            if each.topic.incident_id is not None and now - each.topic.last_at <= SETTLE_WITHIN:
                index.moved[each] = None
        return index


def negatives_of(found: Iterable[Prepared]) -> Counter[str]:
    """How many fresh negatives there are of each type of crisis; an old one says nothing of the hour in which it is read."""
    return Counter(each.row["type"] for each in found if each.fresh and each.reading.is_negative)


async def _advance(session: Session, lot: Lot, now: datetime, new: int) -> None:
    await sources.quarantine(
        session,
        [
            Quarantine(source=lot.source, file=each.file, offset=each.offset, reason=each.reason, at=now)
            for each in lot.rejects
        ],
    )
    await sources.advance(
        session,
        lot.source,
        at=now,
        cursor=lot.cursor,
        found=len(lot.mentions),
        rejected=len(lot.rejects),
        new=new,
    )


async def _follow_people(session: Session, moved: Iterable[Thread]) -> None:
    """Topics may have been merged or split by hand since."""
    held = [each for each in moved if each.topic.incident_id is not None]
    if held:
        now = await incidents.of_topics(session, [each.topic.id for each in held])
        for each in held:
            each.topic.incident_id = now.get(each.topic.id or 0, each.topic.incident_id)


def _recounted(known: Any, row: dict[str, Any]) -> dict[str, Any] | None:
    """The new counts of a mention that was seen before; None if none changed."""
    names = ("likes", "replies", "shares", "plays")
    counts = {name: row[name] if row[name] is not None else getattr(known, name) for name in names}
    if all(getattr(known, name) == value for name, value in counts.items()):
        return None
    return {"id": known.id, "topic_id": known.topic_id, **counts}
