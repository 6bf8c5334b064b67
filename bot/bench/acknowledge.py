"""While a crowd of comments is being read in: how fast is a person acknowledged, and how fast does a pressed card change?

The baseline is a bare Bolt app that gets the same requests at the same time on the same machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bot.bench.apps import SECRET, Running, Spent, bare, fenghuo, started
from bot.bench.crowd import Crowd
from bot.bench.figures import BenchError, Spread, table
from bot.bench.load import PEOPLE, Load
from bot.bench.workspace import ROOM, Workspace
from storage import incidents, sources
from storage.database import Database

MOST_TIMES_BARE = 2.0
MOST_TO_CHANGE = 3.0
"""The claims: p99 of the acknowledgement in times the bare app's; p95 from press to changed card in seconds."""

WARM_UP = 3.0
QUIET = 10.0
SETTLE = 5.0
"""Seconds that presses are given to change their card after the last comment is in."""
STALLED = 60.0
"""Seconds without a new comment after which the run is given up."""
LOOK_EVERY = 0.25
FENGHUO, BARE = "fenghuo", "bare"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What was measured. `quiet`: without ingest; `busy`: during it."""

    mentions: int
    seconds: float
    raised: int
    quiet: dict[str, Spread]
    busy: dict[str, Spread]
    changes: Spread
    edits: int
    posts: int
    spent: Spent
    failures: list[str]

    @property
    def times_bare(self) -> float:
        """The acknowledgement's p99 in times the bare app's."""
        return self.busy[FENGHUO].p99 / self.busy[BARE].p99

    @property
    def holds(self) -> bool:
        """Whether both claims hold."""
        return self.times_bare <= MOST_TIMES_BARE and self.changes.p95 <= MOST_TO_CHANGE and not self.failures

    def __rich__(self) -> Table:
        """The figures, in milliseconds."""
        shown = table("Acknowledged, in ms", "", "n", "p50", "p95", "p99", "max")
        for when, spreads in (
            ("in quiet", self.quiet),
            (f"while {self.mentions:,} mentions come in", self.busy),
        ):
            for name, label in ((BARE, "bare Bolt app"), (FENGHUO, "Fenghuo")):
                shown.add_row(f"{label}, {when}", *spreads[name].milliseconds())
            shown.add_section()
        shown.add_row("from a press to the changed card", *self.changes.milliseconds())
        shown.caption = (
            f"{self.mentions / self.seconds:,.0f} mentions a second ({self.seconds:.0f} s), {self.raised} incidents, "
            f"{self.posts} messages, {self.edits} edits\n"
            f"longest write here {1000 * self.spent.longest_write:.0f} ms · peak memory {self.spent.memory:.0f} MB, "
            f"worker {self.spent.worker:.0f} MB\n"
            f"p99 is {self.times_bare:.2f} times the bare app's (claimed: at most {MOST_TIMES_BARE:g})\n"
            f"p95 to the changed card is {self.changes.p95:.2f} s (claimed: at most {MOST_TO_CHANGE:g})\n"
            f"{len(self.failures)} requests failed · {'✓ holds' if self.holds else '✗ does not hold'}"
        )
        return shown


async def measure(mentions: int, tell: Tell) -> Acknowledgement:
    """Run it.

    Args:
        mentions: how many comments are read in.
        tell: called with a line on how far it is.

    Raises:
        BenchError: an app died or stood still.
    """
    with TemporaryDirectory(prefix="fenghuo-bench-") as name:
        folder = Path(name)
        async with Workspace() as slack, _apps(folder, slack) as (app, plain):
            tell("making up comments")
            # After the apps were started: a new process counts the memory of the one that made it.
            await asyncio.to_thread(Crowd(mentions, datetime.now(UTC)).write, folder / "crawl")
            return await _measured(folder, slack, app, plain, mentions, tell)


@contextlib.asynccontextmanager
async def _apps(folder: Path, slack: Workspace) -> AsyncIterator[tuple[Running, Running]]:
    (folder / "inbox").mkdir()
    (folder / "fenghuo.yaml").write_text(_team(), encoding="utf-8")
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.url,
        "HTTP_PORT": "0",
    }
    async with started("Fenghuo", fenghuo, folder, settings) as app, started("the bare app", bare) as plain:
        yield app, plain


def _team() -> str:
    people = "\n".join(f"  - {{name: p{who}, slack: {who}, roles: [responder]}}" for who in PEOPLE)
    return (
        "brand: {name: 青柚}\n"
        f"rooms:\n  - {{name: alerts, slack: {ROOM}}}\n"
        f"people:\n{people}\n"
        "sources:\n  - {name: crawl, kind: files, path: ./inbox}\n"
        "monitor: {every: 1s}\n"
    )


async def _measured(
    folder: Path, slack: Workspace, app: Running, plain: Running, mentions: int, tell: Tell
) -> Acknowledgement:
    load = Load({FENGHUO: app.port, BARE: plain.port}, SECRET, slack)
    tell("warming up")
    await load.run(_after(WARM_UP))
    tell("measuring in quiet")
    quiet = await load.run(_after(QUIET))
    async with _Progress(folder / "data" / "fenghuo.db", mentions, tell) as progress:
        (folder / "crawl").rename(folder / "inbox" / "crawl")
        busy = await load.run(progress.is_over)
        raised = await progress.raised()
    await asyncio.sleep(SETTLE)
    return Acknowledgement(
        mentions=mentions,
        seconds=progress.seconds,
        raised=raised,
        quiet={name: Spread.of(taken) for name, taken in quiet.items()},
        busy={name: Spread.of(taken) for name, taken in busy.items()},
        changes=Spread.of([*slack.changes, *slack.unchanged()]),
        edits=slack.edits,
        posts=slack.posts,
        spent=await app.stop(),
        failures=load.failures,
    )


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


class _Progress:
    """Watches the database from outside, so that the app under test is not asked."""

    def __init__(self, file: Path, mentions: int, tell: Tell) -> None:
        self.seconds = 0.0
        self._database = Database(f"sqlite:///{file}", b"")
        self._mentions = mentions
        self._tell = tell

    async def __aenter__(self) -> _Progress:
        self._began = time.perf_counter()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._database.close()

    def is_over(self) -> bool:
        """Whether all comments are in. Raises BenchError if nothing has moved for long."""
        if self._watching.done():
            self._watching.result()
        return self._watching.done()

    async def raised(self) -> int:
        """How many incidents stand."""
        async with self._database.read() as session:
            return len(await incidents.every(session))

    async def _watch(self) -> None:
        found, moved = 0, time.perf_counter()
        while found < self._mentions:
            await asyncio.sleep(LOOK_EVERY)
            async with self._database.read() as session:
                now_found = sum(state.found for state in await sources.states(session))
            if now_found > found:
                found, moved = now_found, time.perf_counter()
                self._tell(f"{found} of {self._mentions} comments are in")
            elif time.perf_counter() - moved > STALLED:
                raise BenchError(
                    f"only {found} of {self._mentions} comments came in, and no more for {STALLED:.0f} s"
                )
        self.seconds = moved - self._began
