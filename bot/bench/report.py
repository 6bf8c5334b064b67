"""Runs the benchmarks and lays out what they found, as tables and as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType

from bot.bench import acknowledge, passing, screening, spikes


class Finding(Protocol):
    """What a benchmark found: a dataclass of figures that can show itself as a table."""

    @property
    def holds(self) -> bool:
        """Whether what is claimed holds."""
        ...

    def __rich__(self) -> RenderableType:
        """The figures as a table."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured, by benchmark."""

    findings: Mapping[str, Finding]

    @property
    def holds(self) -> bool:
        """Whether everything that is claimed holds."""
        return all(finding.holds for finding in self.findings.values())

    def json(self) -> str:
        """The figures, in seconds and megabytes."""
        found: dict[str, Any] = {
            name: {**asdict(finding), "holds": finding.holds}  # type: ignore[call-overload]
            for name, finding in self.findings.items()
        }
        return json.dumps({**found, "holds": self.holds}, ensure_ascii=False, indent=2)

    def __rich__(self) -> Group:
        """The figures as tables."""
        return Group(*(finding.__rich__() for finding in self.findings.values()))


def run(mentions: int, passing_mentions: int) -> Report:
    """Run every benchmark; how far it is goes to standard error.

    Args:
        mentions: how many come in while people are acknowledged.
        passing_mentions: how many the whole pass is measured with.

    Raises:
        BenchError: an app died or stood still.
    """
    with Console(stderr=True).status("starting") as status:
        return Report(
            {
                "acknowledgement": asyncio.run(acknowledge.measure(mentions, status.update)),
                "passing": passing.measure(passing_mentions, status.update),
                "screening": screening.measure(status.update),
                "spikes": spikes.measure(status.update),
            }
        )
