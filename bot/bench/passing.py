"""The whole pass on one core: parse, scrub, score, merge, grade and store in SQLite. How many mentions a second, and does it stay so?"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from rich.table import Table

from bot.bench.apps import MEGABYTE
from bot.bench.crowd import SPAN, Crowd
from bot.bench.figures import table
from bot.monitor.ingest import Ingest
from bot.monitor.prepare import Preparer, Recipe
from bot.monitor.worker import collect_seldom
from bot.sentiment.second import second_opinion
from bot.sources.files import FilesSource
from playbooks import load
from storage.database import Database

LEAST_RATE = 5000.0
MOST_GROWTH = 1.3
"""The claims: mentions a second; the cost of a mention at the end in times that of the ten-thousandth."""
EARLY = 10_000
BLOCK = 10_000
"""Mentions that a cost is measured over."""
SNOWNLP_TEXTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """What was measured.

    Args:
        seconds: wall clock for all of them.
        early: CPU seconds for one mention, around the ten-thousandth.
        late: the same at the end.
        snownlp: texts a second that SnowNLP alone scores on the same core.
        memory: peak in megabytes.
    """

    mentions: int
    seconds: float
    early: float
    late: float
    snownlp: float
    memory: float

    @property
    def rate(self) -> float:
        """Mentions a second."""
        return self.mentions / self.seconds

    @property
    def growth(self) -> float:
        """What the last mentions cost, in times the ten-thousandth."""
        return self.late / self.early

    @property
    def holds(self) -> bool:
        """Whether both claims hold."""
        return self.rate >= LEAST_RATE and self.growth <= MOST_GROWTH

    def __rich__(self) -> Table:
        """The figures."""
        shown = table("The whole pass, on one core", "", "")
        shown.add_row("mentions", f"{self.mentions:,}")
        shown.add_row("mentions a second", f"{self.rate:,.0f}")
        shown.add_row("SnowNLP alone, texts a second", f"{self.snownlp:,.0f}")
        shown.add_row(f"CPU time of the {EARLY:,}th", f"{1e6 * self.early:.0f} µs")
        shown.add_row(f"CPU time of the {self.mentions:,}th", f"{1e6 * self.late:.0f} µs")
        shown.add_row("peak memory", f"{self.memory:.0f} MB")
        shown.caption = (
            f"{self.rate:,.0f} a second (claimed: at least {LEAST_RATE:,.0f})\n"
            f"growth {self.growth:.2f} (claimed: at most {MOST_GROWTH:g})\n"
            f"{'✓ holds' if self.holds else '✗ does not hold'}"
        )
        return shown


def measure(mentions: int, tell: Callable[[str], None]) -> Passing:
    """Let so many mentions pass, in a process of its own."""
    tell("making up comments for the pass")
    with TemporaryDirectory(prefix="fenghuo-bench-") as name:
        folder = Path(name)
        Crowd(mentions, datetime.now(UTC)).write(folder / "crawl")
        tell(f"letting {mentions:,} comments pass")
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            return pool.submit(_on_one_core, folder, mentions).result()


def _on_one_core(folder: Path, mentions: int) -> Passing:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    passed = asyncio.run(_pass(folder, mentions))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    return Passing(
        mentions=passed[-1][0],
        seconds=passed[-1][1] - passed[0][1],
        early=_cost(passed, EARLY),
        late=_cost(passed, passed[-1][0]),
        snownlp=_snownlp(),
        memory=memory,
    )


async def _pass(folder: Path, mentions: int) -> list[tuple[int, float, float]]:
    """Read the folder to its end; after each portion: mentions so far, wall clock, CPU clock."""
    database = Database(f"sqlite:///{folder / 'fenghuo.db'}", b"")
    await database.upgrade()
    ingest = Ingest(
        database=database,
        library=load(),
        preparer=Preparer(Recipe(key=b"key of the benchmark", names=("青柚",))),
        window=timedelta(minutes=30),
        min_mentions=3,
    )
    source = FilesSource(name="crawl", path=folder / "crawl", timezone=ZoneInfo("Asia/Shanghai"))
    start = datetime.now(UTC)
    # Dictionaries are loaded when the first complaint needs them; how long that takes is another question.
    ingest.preparer.reader.read("蛋糕发霉了，客服不理，太气人了")
    collect_seldom()
    passed = [(0, time.perf_counter(), time.process_time())]
    more, done = True, 0
    while more:
        tally = await ingest.read(source, start + SPAN * min(1.0, done / mentions))
        more, done = tally.more, done + tally.new
        passed.append((done, time.perf_counter(), time.process_time()))
    await database.close()
    return passed


def _cost(passed: list[tuple[int, float, float]], until: int) -> float:
    """CPU seconds for one of the mentions in the block that ends about there."""
    block = [(done, spent) for done, _, spent in passed if until - BLOCK <= done <= until]
    (first, began), (last, ended) = block[0], block[-1]
    return (ended - began) / max(1, last - first)


def _snownlp() -> float:
    texts = Crowd(SNOWNLP_TEXTS, datetime.now(UTC), seed=3).texts()
    second_opinion(texts[0])
    began = time.perf_counter()
    for text in texts:
        second_opinion(text)
    return SNOWNLP_TEXTS / (time.perf_counter() - began)
