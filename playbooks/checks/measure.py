"""Precision and recall of every check over a corpus of statements.

    python -m playbooks.checks.measure tests/playbooks/statements

A corpus is a folder of YAML files: `statements`, each with an `id`, a `text`, the `args` of `check`, and the codes that
it `must` raise (`L07!`: as a block) and `may` raise. Whatever else it raises is a false alarm.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from playbooks.checks import CHECKS, Approved, Promise, Severity, check

BRAND = "青柚茶饮"
TODAY = date(2026, 11, 21)
"""The brand and the day of the corpus, where a statement does not name others."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One text, what is known around it, and what must be found."""

    id: str
    text: str
    args: dict[str, Any]
    must: frozenset[str]
    blocks: frozenset[str]
    may: frozenset[str]

    def raised(self) -> dict[str, Severity]:
        """What is found: each code at its worst."""
        found: dict[str, Severity] = {}
        for each in check(self.text, **{"brands": (BRAND,), "today": TODAY, **self.args}):
            if found.get(each.code) is not Severity.BLOCK:
                found[each.code] = each.severity
        return found


@dataclass(slots=True)
class Tally:
    """How a check did."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    blocks: int = 0
    wrong_blocks: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of what was raised that had to be."""
        return _share(self.right, len(self.wrong))

    @property
    def recall(self) -> float:
        """The share of what had to be raised that was."""
        return _share(self.right, len(self.missed))

    @property
    def block_precision(self) -> float:
        """The share of the blocks that had to be blocks."""
        return _share(self.blocks, len(self.wrong_blocks))


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0


def statements(folder: Path) -> Iterator[Statement]:
    """The corpus."""
    for path in sorted(folder.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))["statements"]:
            wanted = [str(code) for code in row.get("must", [])]
            yield Statement(
                id=row["id"],
                text=row["text"],
                args=_args(row.get("args", {})),
                must=frozenset(code.rstrip("!") for code in wanted),
                blocks=frozenset(code.rstrip("!") for code in wanted if code.endswith("!")),
                may=frozenset(map(str, row.get("may", []))),
            )


def _args(given: dict[str, Any]) -> dict[str, Any]:
    args = dict(given)
    if "facts" in args:
        args["facts"] = [tuple(each) for each in args["facts"]]
    if "promises" in args:
        args["promises"] = [Promise(**each) for each in args["promises"]]
    if "earlier" in args:
        args["earlier"] = [Approved(**each) if isinstance(each, dict) else each for each in args["earlier"]]
    return args


def measure(corpus: Iterator[Statement]) -> dict[str, Tally]:
    """How each check does over a corpus."""
    tallies = {code: Tally() for code in sorted(CHECKS)}
    for each in corpus:
        raised = each.raised()
        for code, tally in tallies.items():
            _count(tally, each, code, raised.get(code))
    return tallies


def _count(tally: Tally, each: Statement, code: str, severity: Severity | None) -> None:
    if code in each.must:
        if severity:
            tally.right += 1
        if severity is None or (code in each.blocks and severity is not Severity.BLOCK):
            tally.missed.append(each.id if severity is None else f"{each.id} (not as a block)")
    elif severity and code not in each.may:
        tally.wrong.append(each.id)
    if severity is Severity.BLOCK and code in each.blocks:
        tally.blocks += 1
    elif severity is Severity.BLOCK and code not in each.may:
        tally.wrong_blocks.append(each.id)


def table(tallies: dict[str, Tally]) -> str:
    """A line for each check."""
    rows = [
        "| check | | raised rightly | falsely | missed | precision | recall | blocks | precision of blocks |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for code, each in tallies.items():
        blocks = each.blocks + len(each.wrong_blocks)
        share = f"{each.block_precision:.2f}" if blocks else "-"
        rows.append(
            f"| {code} | {CHECKS[code].zh} | {each.right} | {len(each.wrong)} | {len(each.missed)} "
            f"| {each.precision:.2f} | {each.recall:.2f} | {blocks} | {share} |"
        )
    return "\n".join(rows)


def main(folder: str = "tests/playbooks/statements") -> str:
    """The table and, below it, every text that a check got wrong."""
    corpus = list(statements(Path(folder)))
    tallies = measure(iter(corpus))
    lines = [f"{len(corpus)} statements", "", table(tallies), ""]
    for code, each in tallies.items():
        lines += [f"{code} false: {name}" for name in each.wrong]
        lines += [f"{code} false block: {name}" for name in each.wrong_blocks if name not in each.wrong]
        lines += [f"{code} missed: {name}" for name in each.missed]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(main(*sys.argv[1:]) + "\n")
