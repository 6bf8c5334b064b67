"""The ingest in a process of its own, so that reading a crowd of comments keeps nobody waiting who presses a button."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from typing import Any
from zoneinfo import ZoneInfo

from bot import logs
from bot.monitor.ingest import Ingest, Tally
from bot.monitor.metrics import Rules
from bot.monitor.prepare import Preparer, Recipe
from bot.monitor.reading import Reading
from bot.sources.base import Found, Reject, Source
from playbooks.quiet import Quiet
from storage.database import Database
from storage.precedence import Precedence

LITTER = 50_000
"""Things made anew after which Python looks for circles among them. Its own 700 suit a program that holds little; here each look
goes through many rows, and now and then through all words of a dictionary, which together takes a tenth of the time."""
NICENESS = 5
"""The worker gives way to those who have people waiting. Not by more: it holds SQLite's lock now and then, and must get to let it go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an ingest is made of; picklable. See `Ingest`."""

    url: str
    recipe: Recipe
    window: timedelta
    min_mentions: int
    precedence: Precedence
    log_level: str
    quiet: Quiet = field(default_factory=Quiet)
    rules: Rules = field(default_factory=Rules)
    secrets: tuple[str, ...] = field(repr=False)
    """What no line of its log may show."""


class Worker:
    """Does what `Ingest` does, elsewhere. If its process dies, the next call has a new one.

    Every method raises BrokenProcessPool if the process dies meanwhile; what was not stored is read again.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._pool: ProcessPoolExecutor | None = None

    async def read(self, source: Source, now: datetime) -> Tally:
        """See `Ingest.read`."""
        tally: Tally = await self._call("read", source, now)
        return tally

    async def push(self, source: str, body: bytes, zone: ZoneInfo, now: datetime) -> Tally:
        """See `Ingest.push`."""
        tally: Tally = await self._call("push", source, body, zone, now)
        return tally

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
        rows = tuple(found), tuple(rejects)
        tally: Tally = await self._call("take", source, *rows, now, drill_id=drill_id, cursor=cursor)
        return tally

    async def explain(self, text: str) -> Reading:
        """See `Ingest.explain`."""
        found: Reading = await self._call("explain", text)
        return found

    def stop(self) -> None:
        """Let it end when it has stored what it is at."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                # A fork of a process that runs threads may deadlock.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._setup,),
            )
        pool = self._pool
        try:
            return await asyncio.wrap_future(pool.submit(_work, name, args, kwargs))
        except BrokenProcessPool:
            if self._pool is pool:
                self.stop()
            raise


def made(setup: Setup, database: Database) -> Ingest:
    """An ingest in this process."""
    preparer = Preparer(setup.recipe)
    return Ingest(
        database=database,
        library=preparer.library,
        preparer=preparer,
        window=setup.window,
        min_mentions=setup.min_mentions,
        quiet=setup.quiet,
        rules=setup.rules,
    )


_runner: asyncio.Runner | None = None
_ingest: Ingest | None = None


def _begin(setup: Setup) -> None:
    """Make this process the worker."""
    global _ingest, _runner
    # Ctrl-C reaches every process of the terminal, and a supervisor may end every process of a service at once; only the
    # bot itself decides when to stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    logs.set_up(setup.log_level, setup.secrets)
    _runner = asyncio.Runner()
    _ingest = made(setup, Database(setup.url, setup.recipe.key, gives_way_to=setup.precedence))
    collect_seldom()


def collect_seldom() -> None:
    """Let Python look seldom for litter, and never among what is there already."""
    gc.set_threshold(LITTER, 20, 50)
    gc.freeze()


def _end_with(bot: BaseProcess) -> None:
    """A worker whose bot was killed would wait for work for ever."""
    bot.join()
    os._exit(1)


def _work(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    assert _runner is not None
    return _runner.run(getattr(_ingest, name)(*args, **kwargs))
