"""Levels as people write them, and the sum that proposes one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import Factor, Level, Library, Problem
from playbooks.checking import parse
from playbooks.levels import Levels
from playbooks.reading import read_sheet
from playbooks.shelf import BUNDLED

LEVELS = (BUNDLED / "levels.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("level", "spellings"),
    [
        (Level.RED, "red RED Red 红 红色 红色预警 Ⅰ ⅰ I i 1 １ 一级 Ⅰ级 1级 🔴"),
        (Level.ORANGE, "orange 橙 橙色 Ⅱ II ii 2 ２ 二级 🟠 Ｏｒａｎｇｅ"),
        (Level.YELLOW, "yellow 黄 黄色 Ⅲ III iii 3 ３ 三级 🟡"),
        (Level.BLUE, "blue 蓝 蓝色 Ⅳ IV iv 4 ４ 四级 🔵"),
    ],
)
def test_a_level_is_read_as_people_write_it(level: Level, spellings: str) -> None:
    assert {Level.read(spelling) for spelling in spellings.split()} == {level}
    assert Level.read(f"  {level.zh} 色 ") is level


@pytest.mark.parametrize("words", ["", " ", "5", "0", "11", "purple", "紫", "色", "级", "红橙", "redd", "V"])
def test_other_words_are_no_level(words: str) -> None:
    assert Level.read(words) is None


@given(st.text(max_size=12))
def test_any_words_give_a_level_or_none(words: str) -> None:
    assert Level.read(words) in (None, *Level)


def test_levels_rank_from_red_to_blue() -> None:
    assert [(level.rank, level.symbol, level.dot, level.zh, level.en) for level in Level] == [
        (4, "Ⅰ", "🔴", "红", "Red"),
        (3, "Ⅱ", "🟠", "橙", "Orange"),
        (2, "Ⅲ", "🟡", "黄", "Yellow"),
        (1, "Ⅳ", "🔵", "蓝", "Blue"),
    ]
    assert (Level.RED.label("zh"), Level.RED.label("en")) == ("红", "Red")


def test_the_graver_the_level_the_shorter_its_clocks(library: Library) -> None:
    rules = [library.levels[level] for level in Level]
    for clock in ("assemble", "holding", "update_every"):
        times = [getattr(rule, clock) for rule in rules]
        assert times == sorted(times)
        assert len(set(times)) == len(times)
    assert library.levels[Level.ORANGE].assemble == timedelta(minutes=30)
    assert [rule.approvals for rule in rules] == [2, 2, 2, 1]


def test_the_sum_on_the_card_is_the_sum_of_the_tables(library: Library) -> None:
    grade = library.levels.grade({Factor.HARM: 2, Factor.VOLUME: 23, Factor.GROWTH: 3.4, Factor.REACH: 120})
    assert (grade.level, grade.total) == (Level.ORANGE, 8)
    assert list(grade.points.items()) == [
        (Factor.HARM, 3),
        (Factor.VOLUME, 2),
        (Factor.GROWTH, 2),
        (Factor.SHARE, 0),
        (Factor.REACH, 1),
        (Factor.FIGURES, 0),
        (Factor.PLATFORMS, 0),
        (Factor.COPIES, 0),
    ]


@pytest.mark.parametrize(
    ("factor", "measure", "points"),
    [
        (Factor.VOLUME, 2, 0),
        (Factor.VOLUME, 3, 1),
        (Factor.VOLUME, 9, 1),
        (Factor.VOLUME, 100_000, 4),
        (Factor.REACH, 99, 0),
        (Factor.REACH, 12_000, 3),
        (Factor.GROWTH, 1.99, 0),
        (Factor.GROWTH, 2, 1),
        (Factor.HARM, 0, 0),
        (Factor.HARM, 3, 5),
    ],
)
def test_a_threshold_counts_from_its_own_value_on(
    library: Library, factor: Factor, measure: float, points: int
) -> None:
    assert library.levels.points(factor, measure) == points


@given(measures=st.dictionaries(st.sampled_from(Factor), st.floats(0, 1e6)), more=st.sampled_from(Factor))
def test_more_of_anything_never_lowers_the_level(
    library: Library, measures: dict[Factor, float], more: Factor
) -> None:
    before = library.levels.grade(measures)
    after = library.levels.grade(measures | {more: measures.get(more, 0) * 2 + 1})
    assert after.level.rank >= before.level.rank
    assert before.total == sum(before.points.values())


def test_nothing_measured_is_blue(library: Library) -> None:
    assert library.levels.grade({}).level is Level.BLUE


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  blue:\n", "  purple:\n", 'levels purple cannot be "purple"'),
        ("volume: {3: 1, 10: 2", "volume: {10: 2, 3: 1", "must both rise"),
        ("volume: {3: 1", "volume: {three: 1", "must be a number"),
        ("red: 10,", "red: 6,", "must fall from red"),
        ("cuts: {red: 10, ", "cuts: {", "red is missing"),
        ("yellow: 4}", "yellow: 4, blue: 1}", "must fall from red"),
        ("  platforms: {2: 1, 3: 2}", "", "platforms is missing"),
        ("assemble: 15m", "assemble: 0m", "longer than nothing"),
        ("approvals: 1", "approvals: 0", "must be 1 or more"),
        ("reach: {100: 1", "reach: {nan: 1", "finite"),
        ("unusual: {1: 1, 3: 2", "unusual: {3: 2, 1: 1", "must both rise"),
        ("margin: 1", "margin: -1", "must be 0 or more"),
        ("after: 30m", "after: soon", "not a duration"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    refused: Callable[..., tuple[Problem, ...]], old: str, new: str, message: str
) -> None:
    assert old in LEVELS
    found = refused(levels=LEVELS.replace(old, new, 1))
    assert any(message in problem.message for problem in found), list(map(str, found))
    assert all(problem.line > 1 for problem in found)


def test_a_sum_must_be_well_below_the_cut_before_a_lower_level_is_asked_for(library: Library) -> None:
    levels = library.levels
    assert [levels.eased(total) for total in (7, 6, 5, 3, 2)] == [
        Level.ORANGE,
        Level.ORANGE,
        Level.YELLOW,
        Level.YELLOW,
        Level.BLUE,
    ]


def test_a_file_of_an_older_version_needs_no_new_tables(tmp_path: Path) -> None:
    file = tmp_path / "levels.yaml"
    kept = [line for line in LEVELS.splitlines() if not line.startswith(("unusual:", "easing:"))]
    file.write_text("\n".join(kept), encoding="utf-8")
    levels = parse(read_sheet(file), Levels)
    assert levels.volume(40, 9.0, 5) == 3
    assert levels.easing.after == timedelta(minutes=30)
