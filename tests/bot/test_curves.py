"""How fast counters grow, and what is usual."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.monitor.curves import HOUR, Track, spans, usual

START = datetime(2026, 11, 20, 6, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def track(*points: tuple[float, int | None], published: float | None = None) -> Track:
    moment = None if published is None else at(published)
    return Track(moment, [(at(hours), value) for hours, value in points])


def test_between_two_looks_a_counter_grows_evenly() -> None:
    known = track((1, 100), (3, 300), (4, 350))
    assert known.rate(at(1), at(3)) == 100
    assert known.rate(at(1.5), at(2.5)) == pytest.approx(100)
    assert known.rate(at(3), at(4)) == 50


def test_outside_of_what_was_seen_nothing_is_known() -> None:
    known = track((1, 100), (3, 300))
    assert known.rate(at(0), at(1)) is None
    assert known.rate(at(2), at(4)) is None
    assert track().rate(at(0), at(1)) is None


def test_a_gap_that_is_too_wide_for_the_stretch_is_not_bridged() -> None:
    """A video first seen after days tells nothing of its first hour."""
    known = track((100, 5_000), published=0)
    assert known.rate(at(1), at(2)) is None
    assert known.rate(at(0), at(100)) == 50


def test_it_begins_with_nothing_when_it_is_published() -> None:
    assert track((2, 500), published=0).rate(at(0), at(2)) == 250
    assert track((2, 500)).rate(at(0), at(2)) is None


def test_deleted_comments_are_no_growth_and_unknown_counts_no_zero() -> None:
    assert track((1, 500), (2, 480)).rate(at(1), at(2)) == 0
    assert track((1, 100), (2, None), (3, 300)).rate(at(1), at(3)) == 100


def test_what_is_usual_needs_three() -> None:
    assert usual([10, 20, None], 4) is None
    found = usual([10, 20, 30, None], 4)
    assert found is not None
    assert (round(found.rate), found.count) == (20, 3)


def test_one_viral_video_among_few_does_not_move_it() -> None:
    found = usual([15, 18, 22, 9_000], 4)
    assert found is not None
    assert found.rate < 25
    assert not found.is_above(60)
    assert found.is_above(500)


def test_alike_as_they_may_be_less_than_so_many_times_is_in_range() -> None:
    found = usual([20, 20, 20, 20], 4)
    assert found is not None
    assert not found.is_above(80)
    assert found.is_above(90)
    assert found.is_below(2)
    assert not found.is_below(10)


@given(st.lists(st.floats(0, 1e7), min_size=3, max_size=20), st.floats(1.5, 20), st.floats(0, 1e7))
def test_the_range_says_what_it_judges_by(rates: list[float], times: float, rate: float) -> None:
    found = usual(rates, times)
    assert found is not None
    assert found.low <= found.rate * (1 + 1e-9) + 1e-9
    assert found.rate <= found.high * (1 + 1e-9)
    if not math.isclose(rate, found.high, rel_tol=1e-6):
        assert found.is_above(rate) == (rate > found.high)
    assert not (found.is_above(rate) and found.is_below(rate))


def test_stretches_follow_one_another_up_to_the_end() -> None:
    found = spans(at(5), timedelta(hours=2), 3)
    assert found == [(at(-1), at(1)), (at(1), at(3)), (at(3), at(5))]
