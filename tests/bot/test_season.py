"""Spikes: seldom a false alarm, seldom late, whatever the rhythm of the day."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bench import spikes
from bot.monitor import season

DAY = [1, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 6, 5, 4, 4, 4, 5, 6, 7, 8, 8, 6, 3]


def test_at_two_negatives_an_hour_it_hardly_cries_wolf_and_is_in_time() -> None:
    found = {each.method: each for each in spikes.measure(lambda _: None, (2.0,), runs=6).outcomes}
    own = found.pop("Fenghuo: same hour of day")
    assert own.false_a_day <= 0.15
    assert own.delay <= 2
    assert len(found) == 3
    assert all(each.false_a_day > own.false_a_day or each.delay > own.delay for each in found.values())


def test_the_usual_evening_is_no_spike_and_ten_times_the_night_is() -> None:
    assert not season.judge(DAY * 14 + DAY[:21]).is_spike
    night = season.judge([*(DAY * 14), *DAY[:3], 10])
    assert night.is_spike
    assert night.ratio > season.RATIO


def test_without_a_past_nothing_is_a_spike() -> None:
    assert not season.judge([50]).is_spike
    assert not season.judge([]).is_spike


@pytest.mark.parametrize("size", [1.5, 3.0, math.inf])
def test_the_odds_fall_as_counts_rise(size: float) -> None:
    odds = [season.tail(count, 4.0, size) for count in range(30)]
    assert odds[0] == 1
    assert odds == sorted(odds, reverse=True)


@given(st.lists(st.integers(0, 50), max_size=400))
def test_any_series_is_judged(hourly: list[int]) -> None:
    found = season.judge(hourly)
    assert 0 <= found.odds <= 1
    assert found.count <= sum(hourly)
