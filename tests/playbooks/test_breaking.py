"""A thousand ways to break a playbook: whatever a slip of the hand does, it is refused with file and line, or it is no harm."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks import PlaybookError, take_in
from playbooks.markdown import written
from playbooks.shelf import BUNDLED
from playbooks.writing import bare

SAMPLE = (Path(__file__).parent / "shop_flood.yaml").read_text("utf-8")
Slip = Callable[[list[str], int, random.Random], None]


def gone(lines: list[str], at: int, _draw: random.Random) -> None:
    del lines[at]


def twice(lines: list[str], at: int, _draw: random.Random) -> None:
    lines.insert(at, lines[at])


def moved(lines: list[str], at: int, draw: random.Random) -> None:
    lines.insert(draw.randrange(len(lines)), lines.pop(at))


def shifted(lines: list[str], at: int, draw: random.Random) -> None:
    lines[at] = draw.choice([" ", "  ", "\t", "- "]) + lines[at]


def unshifted(lines: list[str], at: int, _draw: random.Random) -> None:
    lines[at] = lines[at].lstrip()


def mistyped(lines: list[str], at: int, draw: random.Random) -> None:
    line = lines[at]
    place = draw.randrange(len(line) + 1)
    sign = draw.choice([*"xy：:，,[]{}\"'#&*!|>%@`-~\\ \x07", ""])
    lines[at] = line[:place] + sign + line[place + 1 :]


def joined(lines: list[str], at: int, _draw: random.Random) -> None:
    lines[at : at + 2] = ["".join(lines[at : at + 2])]


def blanked(lines: list[str], at: int, _draw: random.Random) -> None:
    lines[at] = lines[at].partition(":")[0] + ":"


SLIPS: tuple[Slip, ...] = (gone, twice, moved, shifted, unshifted, mistyped, joined, blanked)


def slipped(text: str, slips: list[Slip], seed: int) -> str:
    draw, lines = random.Random(seed), text.splitlines()
    for slip in slips:
        slip(lines, draw.randrange(len(lines)), draw)
    return "\n".join(lines) + "\n"


def refusals(path: Path, text: str) -> int:
    """How many problems a text has; each names the file, a line of it, what is wrong, and how to mend it."""
    path.write_text(text, "utf-8")
    try:
        take_in(path)
    except PlaybookError as error:
        for problem in error.problems:
            assert problem.path.name in (path.name, "moldy_cake.yaml")
            assert 1 <= problem.line <= text.count("\n") + 1
            assert str(problem).startswith(f"{problem.path}:{problem.line}: ")
            assert problem.message
            assert "Traceback" not in str(problem)
            assert "validation error" not in str(problem)
        return len(error.problems)
    return 0


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small bundle, so that a thousand files are read in seconds."""
    bundle = tmp_path / "bundle"
    (bundle / "templates").mkdir(parents=True)
    for name in ("levels.yaml", "roles.yaml", "templates/holding.yaml"):
        (bundle / name).write_bytes((BUNDLED / name).read_bytes())
    monkeypatch.setattr("playbooks.shelf.BUNDLED", bundle)
    return tmp_path


any_slips = given(slips=st.lists(st.sampled_from(SLIPS), min_size=1, max_size=3), seed=st.integers(0, 10_000))
bounded = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@bounded
@any_slips
def test_slips_of_the_hand_are_each_refused_with_file_and_line(
    alone: Path, slips: list[Slip], seed: int
) -> None:
    refusals(alone / "shop_flood.yaml", slipped(SAMPLE, slips, seed))


@pytest.mark.slow
@settings(bounded, max_examples=1000)
@any_slips
def test_so_are_a_thousand(alone: Path, slips: list[Slip], seed: int) -> None:
    refusals(alone / "shop_flood.yaml", slipped(SAMPLE, slips, seed))


@settings(bounded, max_examples=100)
@any_slips
def test_a_checklist_that_somebody_edited_is_refused_with_file_and_line(
    alone: Path, slips: list[Slip], seed: int
) -> None:
    sheet = alone / "sample.yaml"
    sheet.write_text(SAMPLE, "utf-8")
    refusals(alone / "shop_flood.md", slipped(written(bare(take_in(sheet))), slips, seed))


def test_most_slips_are_noticed(alone: Path) -> None:
    found = [
        refusals(alone / "shop_flood.yaml", slipped(SAMPLE, [slip], seed))
        for slip in SLIPS
        for seed in range(40)
    ]
    assert sum(map(bool, found)) > len(found) // 2
