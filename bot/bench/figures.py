"""What is measured, boiled down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, nan

from rich.table import Table


class BenchError(Exception):
    """A benchmark could not be run; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Many measurements of one thing, in seconds."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Boil down; of nothing, every figure is NaN."""
        ranked = sorted(seconds)
        return cls(
            count=len(ranked),
            p50=_at(ranked, 0.5),
            p95=_at(ranked, 0.95),
            p99=_at(ranked, 0.99),
            most=_at(ranked, 1.0),
        )

    def milliseconds(self) -> list[str]:
        """The cells of a row: how many, then the figures."""
        return [
            str(self.count),
            *(f"{1000 * each:.1f}" for each in (self.p50, self.p95, self.p99, self.most)),
        ]


def _at(ranked: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was really measured."""
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else nan


def table(title: str, *columns: str) -> Table:
    """A table of figures: words on the left, which may wrap, and numbers, which may not."""
    made = Table(title=title, title_justify="left", caption_justify="left")
    for place, column in enumerate(columns):
        made.add_column(column, justify="right" if place else "left", no_wrap=bool(place))
    return made
