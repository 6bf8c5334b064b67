"""Runs the benchmarks and lays out what they found, as tables and as JSON."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass

from rich.console import Console, Group
from rich.table import Table

from bot.bench import acknowledge, screening
from bot.bench.acknowledge import BARE, FENGHUO, MOST_TIMES_BARE, MOST_TO_CHANGE, Acknowledgement
from bot.bench.figures import Spread
from bot.bench.screening import Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured."""

    acknowledgement: Acknowledgement
    screening: Screening

    def json(self) -> str:
        """The figures, in seconds and megabytes."""
        found = {
            "acknowledgement": {
                **asdict(self.acknowledgement),
                "times_bare": self.acknowledgement.times_bare,
            },
            "screening": {**asdict(self.screening), "times_snownlp": self.screening.times_snownlp},
            "holds": self.acknowledgement.holds,
        }
        return json.dumps(found, ensure_ascii=False, indent=2)

    def __rich__(self) -> Group:
        """The figures as tables."""
        return Group(
            _acknowledged(self.acknowledgement), _ingested(self.acknowledgement), _screened(self.screening)
        )


def run(mentions: int) -> Report:
    """Run every benchmark; how far it is goes to standard error. Raises BenchError."""
    console = Console(stderr=True)
    with console.status("starting") as status:
        acknowledged = asyncio.run(acknowledge.measure(mentions, status.update))
        status.update("scoring")
        return Report(acknowledgement=acknowledged, screening=screening.measure())


def _acknowledged(found: Acknowledgement) -> Table:
    table = _table("Acknowledged, in ms", "", "n", "p50", "p95", "p99", "max")
    for when, spreads in (
        ("in quiet", found.quiet),
        (f"while {found.mentions:,} mentions come in", found.busy),
    ):
        for name, label in ((BARE, "bare Bolt app"), (FENGHUO, "Fenghuo")):
            table.add_row(f"{label}, {when}", *_spread(spreads[name], 1000))
        table.add_section()
    table.add_row("from a press to the changed card", *_spread(found.changes, 1000))
    table.caption = (
        f"p99 is {found.times_bare:.2f} times the bare app's (claimed: at most {MOST_TIMES_BARE:g})\n"
        f"p95 to the changed card is {found.changes.p95:.2f} s (claimed: at most {MOST_TO_CHANGE:g})\n"
        f"{len(found.failures)} requests failed · {'✓ holds' if found.holds else '✗ does not hold'}"
    )
    return table


def _spread(found: Spread, scale: float) -> list[str]:
    return [
        str(found.count),
        *(f"{scale * figure:.1f}" for figure in (found.p50, found.p95, found.p99, found.most)),
    ]


def _ingested(found: Acknowledgement) -> Table:
    table = _table("Meanwhile", "", "")
    table.add_row("mentions a second", f"{found.mentions / found.seconds:,.0f} ({found.seconds:.0f} s)")
    table.add_row("incidents raised", str(found.raised))
    table.add_row("messages posted, edited", f"{found.posts}, {found.edits}")
    table.add_row("longest write transaction", f"{1000 * found.spent.longest_write:.0f} ms")
    table.add_row("peak memory, app and worker", f"{found.spent.memory:.0f} MB, {found.spent.worker:.0f} MB")
    return table


def _screened(found: Screening) -> Table:
    table = _table("Scoring", "", "texts a second")
    table.add_row("SnowNLP alone", f"{found.snownlp:,.0f}")
    table.add_row(f"Fenghuo (asked SnowNLP for {found.asked:.0%})", f"{found.fenghuo:,.0f}")
    table.caption = f"{found.times_snownlp:.1f} × SnowNLP, {found.texts:,} texts"
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    return table
