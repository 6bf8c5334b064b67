"""One pass of the monitor: every source is read to its end, and so are the comments that a drill has played."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.monitor.ingest import Tally
from bot.monitor.reading import Reading
from bot.sources.base import Found, Reject, Source, SourceError
from playbooks.library import Library
from playbooks.scenarios import Scenario
from storage import drills, sources
from storage.database import Database

log = logging.getLogger(__name__)

NOTE_EVERY = timedelta(minutes=1)
"""How often it is written down that a source could be read, as long as nothing else is."""


class Ingesting(Protocol):
    """An `Ingest`, here or in a process of its own (`Worker`)."""

    async def read(self, source: Source, now: datetime) -> Tally:
        """See `Ingest.read`."""
        ...

    async def push(self, source: str, body: bytes, zone: ZoneInfo, now: datetime) -> Tally:
        """See `Ingest.push`."""
        ...

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
        """See `Ingest.take`."""
        ...

    async def explain(self, text: str) -> Reading:
        """See `Ingest.explain`."""
        ...


class Monitor:
    """Has sources read, and says when there is something to see.

    Args:
        ring: called when something was stored that people may have to see.
    """

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        sources: Sequence[Source],
        ingest: Ingesting,
        clock: Clock,
        ring: Callable[[], None],
    ) -> None:
        self.database = database
        self.library = library
        self.sources = sources
        self.ingest = ingest
        self.clock = clock
        self.read_at: dict[str, datetime] = {}
        """When each source was last read to its end, be there anything new or not."""
        self._ring = ring
        self._noted_at: dict[str, datetime] = {}
        self._rests_until: dict[str, datetime] = {}

    async def tick(self) -> Tally:
        """One pass over all sources and the drill that is on."""
        tally = Tally()
        for source in self.sources:
            await self._read(source, tally)
        await self._play(tally)
        return tally

    async def take(self, source: str, found: Iterable[Found], rejects: Iterable[Reject]) -> Tally:
        """Take rows that were pushed; they are stored when it returns."""
        return self._rung(await self.ingest.take(source, found, rejects, self.clock()))

    async def push(self, source: str, body: bytes, zone: ZoneInfo) -> Tally:
        """Take the body of a push; its rows are stored when it returns. Raises BodyError."""
        tally = await self.ingest.push(source, body, zone, self.clock())
        self.read_at[source] = self.clock()
        return self._rung(tally)

    def _rung(self, tally: Tally) -> Tally:
        if tally.new or tally.known:
            self._ring()
        return tally

    async def _read(self, source: Source, tally: Tally) -> None:
        more = self._rests_until.get(source.name, self.clock()) <= self.clock()
        if not more:
            return
        while more:
            try:
                portion = await self.ingest.read(source, self.clock())
            except SourceError as error:
                self._rests_until[source.name] = self.clock() + error.wait
                await self._ail(source, error.message)
                return
            tally.add(self._rung(portion))
            more = portion.more
        self.read_at[source.name] = self.clock()
        await self._answered(source.name)

    async def _ail(self, source: Source, message: str) -> None:
        log.warning("source %s cannot be read: %s", source.name, message)
        self._noted_at.pop(source.name, None)
        async with self.database.write() as session:
            await sources.ail(session, source.name, at=self.clock(), error=message)

    async def _answered(self, name: str) -> None:
        """Its heartbeat goes by it: only what was read to its end can be silent."""
        now = self.clock()
        if now - self._noted_at.get(name, now - NOTE_EVERY) >= NOTE_EVERY:
            self._noted_at[name] = now
            async with self.database.write() as session:
                await sources.answered(session, name, now)

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
        cursor = {"played": drill.played}
        tally.add(self._rung(await self.ingest.take(name, found, (), now, drill_id=drill.id, cursor=cursor)))


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
