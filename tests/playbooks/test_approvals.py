"""Who has to approve a statement: the path, as data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from playbooks import Level, Library, Problem, load
from playbooks.shelf import BUNDLED

DATA = (BUNDLED / "approvals.yaml").read_text("utf-8")
PR, LEAD, LEGAL, CEO = ("pr", "lead"), ("lead",), ("legal",), ("ceo",)
ALL = {"lead", "pr", "legal", "ceo"}


def seats(
    library: Library, level: str, *codes: str, held: set[str] | None = None, kind: str = "user_complaint"
) -> tuple[tuple[str, ...], ...]:
    rules = library.levels[Level(level)]
    path = library.approvals.path(
        Level(level), kind, codes, held=ALL if held is None else held, least=rules.approvals
    )
    return path.seats


@pytest.mark.parametrize(
    ("level", "codes", "wanted"),
    [
        ("blue", (), (LEAD,)),
        ("blue", ("L19",), (LEAD, LEGAL)),
        ("yellow", (), (PR, LEAD)),
        ("yellow", ("L07", "L19"), (PR, LEGAL)),
        ("orange", (), (PR, LEGAL)),
        ("red", (), (PR, LEGAL, CEO)),
    ],
)
def test_the_path_follows_level_and_findings(
    library: Library, level: str, codes: tuple[str, ...], wanted: tuple[tuple[str, ...], ...]
) -> None:
    assert seats(library, level, *codes) == wanted


def test_a_step_that_nobody_on_the_roster_could_take_falls_away_and_others_make_up_the_number(
    library: Library,
) -> None:
    assert seats(library, "red", held={"lead"}) == (PR, LEAD)
    path = library.approvals.path(Level.RED, "x", (), held={"lead"}, least=2)
    assert path.absent == ("legal", "ceo")


def test_votes_expire_as_the_rules_say(library: Library) -> None:
    hours = {level.value: library.approvals.clocks[level].expire / timedelta(hours=1) for level in Level}
    assert hours == {"red": 1, "orange": 2, "yellow": 8, "blue": 24}


def test_a_team_writes_its_own_path(team: Callable[..., Path]) -> None:
    own = DATA.replace(
        "  - {roles: [ceo], levels: [red]}",
        "  - {roles: [quality], types: [food_safety], levels: [红]}\n  - {roles: [lead], levels: [red], count: 2}",
    )
    library = load(team(approvals=own))
    held = {"lead", "quality"}
    assert seats(library, "red", held=held, kind="food_safety") == (PR, ("quality",), LEAD, LEAD)
    assert seats(library, "red", held=held) == (PR, LEAD, LEAD)
    assert seats(library, "orange", held=held, kind="food_safety") == (PR, LEAD)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[blue]}", "[pink]}", "these are not levels"),
        ("checks: [L19]", "checks: [L1]", "must match"),
        ("roles: [ceo]", "roles: []", "at least 1"),
        ("answer: 10m", "answer: 0m", "longer than nothing"),
        ("  red:    {answer: 10m, expire: 1h}\n", "", "red is missing"),
        ("order: parallel", "order: random", 'cannot be "random"'),
        ("levels: [red]}", "types: [mold]}", 'there is no playbook "mold"'),
    ],
)
def test_a_mistake_is_named_with_its_line(
    refused: Callable[..., tuple[Problem, ...]], old: str, new: str, message: str
) -> None:
    assert DATA.count(old) >= 1
    (problem, *_) = refused(approvals=DATA.replace(old, new, 1))
    assert message in problem.message
