"""One pass of the monitor: collect, prepare, merge, grade, notice.

Rows are prepared in a worker process and stored in small transactions, each with the topics, incidents and notices that
follow from it; a source moves on in the transaction that stores the last of what it yielded. So a crash at any moment
loses nothing and stores nothing twice, and people's commands never wait long for the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.monitor import merge, prepare, sketch
from bot.monitor.grade import grade
from bot.monitor.merge import Index, Thread
from bot.monitor.prepare import Lot, Prepared
from bot.sources.base import Found, Reject, Source, SourceError
from playbooks.levels import Level
from playbooks.library import Library
from playbooks.scenarios import Scenario
from storage import drills, incidents, mentions, notices, sources, timeline
from storage.database import Database, Session
from storage.models import LIVING, Incident, Quarantine, State

log = logging.getLogger(__name__)

READ_ROWS = 500
BATCH_ROWS = 60
"""Rows of one transaction: about 10 ms, so that a command waits no longer."""
REMEMBER = timedelta(days=7)
"""A matter that comes back within this time after its end is proposed for reopening."""
TITLE_LENGTH = 40


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
        self._executor = executor
        self._ring = ring
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
                # Whoever waits for the database goes first.
                await asyncio.sleep(0)

    async def _advance(self, session: Session, lot: Lot, cursor: Any) -> None:
        await sources.quarantine(
            session,
            [
                Quarantine(source=lot.source, file=each.file, offset=each.offset, reason=each.reason, at=self.clock())
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
        rows: list[dict[str, Any]] = []
        placed: dict[int, Thread] = {}
        seen: set[str] = set()
        again: list[dict[str, Any]] = []
        joined: list[tuple[dict[str, Any], Thread | None]] = []
        for each in batch:
            key = each.row["key"]
            if key in known:
                if changed := _recounted(known[key], each.row):
                    again.append(changed)
                tally.known += 1
            elif key not in seen:
                seen.add(key)
                thread = index.place(each, now)
                joined.append((each.row, thread))
                if thread is not None:
                    placed[id(thread)] = thread
        await mentions.add_topics(session, [thread.topic for thread in placed.values() if thread.topic.id is None])
        for row, thread in joined:
            rows.append({**row, "topic_id": thread.topic.id if thread else None})
        tally.new += len(rows)
        await mentions.add(session, rows)
        await mentions.recount(session, again)
        for thread in placed.values():
            await self._consider(session, thread, now, tally)
        await mentions.update_topics(session, [thread.topic for thread in placed.values()])

    async def _index(self, session: Session, drill_id: int | None, now: datetime) -> Index:
        index = self._indexes.get(drill_id)
        if index is None:
            index = self._indexes[drill_id] = Index(self.window)
            await _recall(session, index, drill_id, now)
        index.forget(now)
        return index

    async def _consider(self, session: Session, thread: Thread, now: datetime, tally: Tally) -> None:
        """Open an incident for a topic, or bring the one that it belongs to up to date."""
        topic = thread.topic
        if topic.incident_id is None:
            if thread.severe or topic.fresh >= self.min_mentions:
                tally.raised.append(await self._raise(session, thread, now))
            return
        incident = await incidents.get(session, topic.incident_id)
        if incident is None:
            return
        if incident.state in LIVING:
            await self._grow(session, incident, thread, now)
        elif incident.state == State.DISMISSED:
            await self._stir(session, incident, thread, now)
        elif topic.fresh:
            ended = incident.closed_at.isoformat() if incident.closed_at else ""
            await notices.put(
                session,
                "incident.again",
                now,
                incident_id=incident.id,
                drill_id=incident.drill_id,
                data={"ended": ended},
                once=True,
            )

    async def _raise(self, session: Session, thread: Thread, now: datetime) -> int:
        topic = thread.topic
        incident = await incidents.create(
            session,
            Incident(drill_id=topic.drill_id, title=headline(topic.title), type=topic.type, opened_at=now),
        )
        topic.incident_id, thread.lasting = incident.id, True
        await mentions.update_topics(session, [topic])
        graded = await grade(
            session, self.library.levels, incident, [topic], now, self.window, severe=thread.severe
        )
        incident.level = graded.level.value
        incident.why = [[factor.value, points] for factor, points in graded.points.items()]
        await session.flush()
        await timeline.append(
            session, incident.id or 0, "opened", at=now, text=incident.title, data={"level": incident.level}
        )
        await notices.put(session, "incident.raised", now, incident_id=incident.id, drill_id=incident.drill_id)
        log.info("incident #%s raised, %s", incident.id, incident.level)
        return incident.id or 0

    async def _grow(self, session: Session, incident: Incident, thread: Thread, now: datetime) -> None:
        topics = await incidents.topics(session, incident.id or 0)
        current = [thread.topic if topic.id == thread.topic.id else topic for topic in topics]
        severe = thread.severe or any(name == "harm" and points >= self._severe_points() for name, points in incident.why)
        graded = await grade(session, self.library.levels, incident, current, now, self.window, severe=severe)
        old = Level(incident.level)
        if graded.level.rank > old.rank:
            why = [[factor.value, points] for factor, points in graded.points.items()]
            if await incidents.set_level(session, incident.id or 0, old.value, graded.level.value, why):
                await timeline.append(
                    session, incident.id or 0, "level", at=now, data={"old": old.value, "new": graded.level.value}
                )
                await notices.put(
                    session,
                    "incident.level",
                    now,
                    incident_id=incident.id,
                    drill_id=incident.drill_id,
                    data={"old": old.value, "new": graded.level.value},
                )
                return
        await notices.put(session, "incident.grown", now, incident_id=incident.id, drill_id=incident.drill_id)

    def _severe_points(self) -> int:
        return max(self.library.levels.grading["harm"].values())  # type: ignore[index]

    async def _stir(self, session: Session, incident: Incident, thread: Thread, now: datetime) -> None:
        """A false alarm stays quiet until the matter reaches a higher level than it had."""
        graded = await grade(
            session, self.library.levels, incident, [thread.topic], now, self.window, severe=thread.severe
        )
        if graded.level.rank > Level(incident.level).rank:
            await notices.put(
                session,
                "incident.again",
                now,
                incident_id=incident.id,
                drill_id=incident.drill_id,
                data={"level": graded.level.value},
                once=True,
            )


def _recounted(known: Any, row: dict[str, Any]) -> dict[str, Any] | None:
    """The new counts of a mention that was seen before; None if none changed."""
    names = ("likes", "replies", "shares", "plays")
    counts = {name: row[name] if row[name] is not None else getattr(known, name) for name in names}
    if all(getattr(known, name) == value for name, value in counts.items()):
        return None
    return {"id": known.id, **counts}


async def _recall(session: Session, index: Index, drill_id: int | None, now: datetime) -> None:
    """Fill an index from what is stored."""
    open_topics = await mentions.open_topics(session, now - index.window, now - REMEMBER)
    threads = {
        topic.id or 0: Thread(topic, lasting=lasting) for topic, lasting in open_topics if topic.drill_id == drill_id
    }
    for number, text, item, hits in await mentions.traces_of(session, threads, merge.TEXTS):
        thread = threads[number]
        thread.texts.append(sketch.normal(text))
        thread.signals |= set(hits)
        if item:
            thread.items.add(item)
    for thread in threads.values():
        session.expunge(thread.topic)
        index.add(thread)


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


def headline(text: str) -> str:
    """An incident's title from the comment that began it: its first sentence, within bounds."""
    flat = " ".join(text.split())
    if len(flat) <= TITLE_LENGTH:
        return flat
    end = max((flat.rfind(mark, 8, TITLE_LENGTH) for mark in "。！？!?；;，,"), default=-1)
    return flat[:end] if end > 0 else flat[: TITLE_LENGTH - 1] + "…"


