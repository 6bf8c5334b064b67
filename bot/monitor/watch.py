"""One pass of the monitor: collect, prepare, merge, grade, notice.

Rows are prepared in a worker process and stored in small transactions, each with the topics, incidents and notices that
follow from it; a source moves on in the transaction that stores the last of what it yielded. So a crash at any moment
loses nothing and stores nothing twice, and people's commands never wait long for the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.monitor import merge, prepare
from bot.monitor.alarm import Alarm
from bot.monitor.merge import Index, Thread
from bot.monitor.prepare import Lot, Prepared
from bot.sources.base import Found, Reject, Source, SourceError
from playbooks.library import Library
from playbooks.scenarios import Scenario
from storage import drills, mentions, sources
from storage.database import Database, Session
from storage.models import Quarantine

log = logging.getLogger(__name__)

READ_ROWS = 100
"""Rows of one reading; taking them over from the worker stops everything else for some 2 ms."""
BATCH_ROWS = 20
"""Rows of one transaction: about 4 ms, so that a command waits no longer."""
REMEMBER = timedelta(days=7)
"""A matter that comes back within this time after its end is proposed for reopening."""


@dataclass(slots=True)
class Tally:
    """What a pass did."""

    new: int = 0
    known: int = 0
    rejected: int = 0
    dropped: int = 0
    raised: list[int] = field(default_factory=list)


class Monitor:
    """Reads sources and raises what people must see.

    Args:
        executor: where rows are prepared; its workers have run `prepare.begin`.
        window: how long mentions merge, and what counts as lately.
        min_mentions: how many fresh negatives of a topic open an incident.
        ring: called after each commit that left a notice.
    """

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        sources: Sequence[Source],
        executor: Callable[[], Executor],
        clock: Clock,
        window: timedelta,
        min_mentions: int,
        ring: Callable[[], None],
    ) -> None:
        self.database = database
        self.library = library
        self.sources = sources
        self.clock = clock
        self.window = window
        self.min_mentions = min_mentions
        self.read_at: dict[str, datetime] = {}
        """When each source was last read to its end, be there anything new or not."""
        self._executor = executor
        self._ring = ring
        self._alarm = Alarm(library, window, min_mentions)
        self._indexes: dict[int | None, Index] = {}
        self._turn = asyncio.Lock()

    async def tick(self) -> Tally:
        """One pass over all sources and the drill that is on."""
        tally = Tally()
        for source in self.sources:
            await self._read(source, tally)
        await self._play(tally)
        return tally

    async def take(self, source: str, found: Iterable[Found], rejects: Iterable[Reject]) -> Tally:
        """Take rows that were pushed; they are stored when it returns."""
        tally = Tally()
        lot = await self._run(prepare.prepare, source, tuple(found), tuple(rejects), self.clock(), None)
        await self._store(lot, tally)
        return tally

    async def push(self, source: str, body: bytes, zone: ZoneInfo) -> Tally:
        """Take the body of a push; its rows are stored when it returns. Raises BodyError."""
        tally = Tally()
        lot = await self._run(prepare.push, source, body, zone, self.clock())
        await self._store(lot, tally)
        self.read_at[source] = self.clock()
        return tally

    async def _run(self, work: Callable[..., Lot], *args: Any) -> Lot:
        return await asyncio.get_running_loop().run_in_executor(self._executor(), work, *args)

    async def _read(self, source: Source, tally: Tally) -> None:
        async with self.database.read() as session:
            cursor = await sources.cursor_of(session, source.name)
        more = True
        while more:
            try:
                lot = await self._run(prepare.read, source, cursor, READ_ROWS, self.clock())
            except SourceError as error:
                await self._ail(source, error.message)
                return
            except Exception as error:  # a source must not stop the others, whatever it does
                log.exception("source %s failed", source.name)
                await self._ail(source, f"{type(error).__name__}: {error}")
                return
            if lot.mentions or lot.rejects or lot.dropped or lot.cursor != cursor:
                await self._store(lot, tally)
            cursor, more = lot.cursor or {}, lot.more
        self.read_at[source.name] = self.clock()

    async def _ail(self, source: Source, message: str) -> None:
        log.warning("source %s cannot be read: %s", source.name, message)
        async with self.database.write() as session:
            await sources.ail(session, source.name, at=self.clock(), error=message)

    async def _play(self, tally: Tally) -> None:
        """Read the comments of the injects that a drill has played since the last pass."""
        async with self.database.read() as session:
            drill = await drills.running(session)
            name = f"drill:{drill.id}" if drill else ""
            played = (await sources.cursor_of(session, name)).get("played", 0) if drill else 0
        if drill is None or played >= drill.played:
            return
        scenario = self.library.scenarios[drill.scenario]
        now = self.clock()
        found = [each for number in range(played, drill.played) for each in comments(scenario, number, now)]
        lot = await self._run(prepare.prepare, name, found, (), now, drill.id)
        await self._store(lot, tally, cursor={"played": drill.played}, drill_id=drill.id)

    async def _store(
        self, lot: Lot, tally: Tally, *, cursor: dict[str, Any] | None = None, drill_id: int | None = None
    ) -> None:
        tally.dropped += lot.dropped
        tally.rejected += len(lot.rejects)
        batches = [lot.mentions[i : i + BATCH_ROWS] for i in range(0, len(lot.mentions), BATCH_ROWS)] or [()]
        async with self._turn:
            for batch in batches:
                is_last = batch is batches[-1]
                began = monotonic()
                try:
                    async with self.database.write() as session:
                        await self._store_batch(session, batch, tally, drill_id)
                        if is_last:
                            await self._advance(session, lot, cursor or lot.cursor)
                except BaseException:
                    # The index ran ahead of the database; it is made anew from what is stored.
                    self._indexes.clear()
                    raise
                if tally.raised:
                    self._ring()
                # People have half of the time, however much there is to take in.
                await asyncio.sleep(monotonic() - began)

    async def _advance(self, session: Session, lot: Lot, cursor: Any) -> None:
        await sources.quarantine(
            session,
            [
                Quarantine(
                    source=lot.source, file=each.file, offset=each.offset, reason=each.reason, at=self.clock()
                )
                for each in lot.rejects
            ],
        )
        await sources.advance(
            session,
            lot.source,
            at=self.clock(),
            cursor=cursor,
            found=len(lot.mentions),
            rejected=len(lot.rejects),
        )

    async def _store_batch(
        self, session: Session, batch: Sequence[Prepared], tally: Tally, drill_id: int | None
    ) -> None:
        if not batch:
            return
        now = self.clock()
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


def _recounted(known: Any, row: dict[str, Any]) -> dict[str, Any] | None:
    """The new counts of a mention that was seen before; None if none changed."""
    names = ("likes", "replies", "shares", "plays")
    counts = {name: row[name] if row[name] is not None else getattr(known, name) for name in names}
    if all(getattr(known, name) == value for name, value in counts.items()):
        return None
    return {"id": known.id, "topic_id": known.topic_id, **counts}


def comments(scenario: Scenario, number: int, now: datetime) -> list[Found]:
    """The comments of a scenario's inject, as a source would give them."""
    return [
        Found(
            platform=comment.platform,
            text=comment.text,
            native_id=f"{scenario.id}-{number + 1}-{place}",
            item_id=comment.item,
            author=comment.author,
            nickname=comment.author,
            created_at=now - timedelta(minutes=comment.minutes_ago),
            likes=comment.likes,
        )
        for place, comment in enumerate(scenario.injects[number].comments, 1)
    ]
