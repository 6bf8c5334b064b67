"""How many comments a second are screened, with reasons, beside SnowNLP and jieba on the same texts and one core."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table

from bot.bench.crowd import Crowd
from bot.bench.figures import table
from bot.sentiment import Scorer, Segmenter
from bot.sentiment.second import second_opinion

TEXTS = 2000
TURN = 100
"""Texts that each scores before it is the other's turn, so that all meet the same weather."""
MIN_TIMES_ONE, MIN_TIMES_BATCH = 90, 200
"""Times SnowNLP that is claimed, for one text a call and in batches."""
MOST_SECONDS, MOST_MEGABYTES = 0.3, 80
"""What a fresh process may take, claimed, until the first text is scored."""

_OURS = "from bot.sentiment import Scorer; Scorer().score('这家店怎么样')"
_THEIRS = "from bot.sentiment.second import second_opinion; second_opinion('这家店怎么样')"
_STARTED = """
import json, re, time
began = time.perf_counter()
{start}
seconds = time.perf_counter() - began
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([seconds, int(peak.group(1)) / 1024]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A fresh process from its first import to its first score: seconds, and megabytes at the peak."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Texts a second, and what a fresh process takes."""

    texts: int
    snownlp: float
    jieba: float
    fenghuo: float
    batches: float
    start: Start
    snownlp_start: Start

    @property
    def holds(self) -> bool:
        """Whether what is claimed holds."""
        return (
            self.fenghuo >= MIN_TIMES_ONE * self.snownlp
            and self.batches >= MIN_TIMES_BATCH * self.snownlp
            and self.start.seconds <= MOST_SECONDS
            and self.start.megabytes <= MOST_MEGABYTES
        )

    def __rich__(self) -> Table:
        """The figures."""
        shown = table("Screening, with reasons", "", "texts a second", "× SnowNLP", "× jieba.lcut")
        for name, speed in (
            ("SnowNLP", self.snownlp),
            ("jieba.lcut", self.jieba),
            ("Fenghuo, a text a call", self.fenghuo),
            ("Fenghuo, in batches", self.batches),
        ):
            shown.add_row(name, f"{speed:,.0f}", f"{speed / self.snownlp:,.1f}", f"{speed / self.jieba:,.2f}")
        shown.caption = (
            f"claimed: at least {MIN_TIMES_ONE} and {MIN_TIMES_BATCH} × SnowNLP\n"
            f"ready in {self.start.seconds:.2f} s and {self.start.megabytes:.0f} MB "
            f"(claimed: at most {MOST_SECONDS} s and {MOST_MEGABYTES} MB; "
            f"SnowNLP {self.snownlp_start.seconds:.1f} s and {self.snownlp_start.megabytes:.0f} MB)\n"
            f"{self.texts:,} texts · {'✓ holds' if self.holds else '✗ does not hold'}"
        )
        return shown


def measure(tell: Callable[[str], None]) -> Screening:
    """Score a crowd's texts all ways, in turns."""
    tell("starting to score")
    start, snownlp_start = _started(_OURS), _started(_THEIRS)
    tell("scoring")
    texts = Crowd(TEXTS, datetime.now(UTC), seed=3).texts()
    scorer, segmenter = Scorer(("青柚茶饮", "青柚")), Segmenter()
    ways: dict[str, Callable[[Sequence[str]], object]] = {
        "snownlp": lambda some: [second_opinion(text) for text in some],
        "jieba": lambda some: [segmenter.words(text) for text in some],
        "fenghuo": lambda some: [scorer.score(text) for text in some],
        "batches": scorer.score_many,
    }
    spent = dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(texts[:TURN])
    for place in range(TURN, TEXTS, TURN):
        for name, way in ways.items():
            began = time.perf_counter()
            way(texts[place : place + TURN])
            spent[name] += time.perf_counter() - began
    speeds = {name: (TEXTS - TURN) / seconds for name, seconds in spent.items()}
    return Screening(texts=TEXTS - TURN, **speeds, start=start, snownlp_start=snownlp_start)


def _started(start: str) -> Start:
    done = subprocess.run(  # noqa: S603 (our own lines)
        [sys.executable, "-W", "ignore", "-c", _STARTED.format(start=start)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, megabytes = json.loads(done.stdout)
    return Start(seconds=seconds, megabytes=megabytes)
