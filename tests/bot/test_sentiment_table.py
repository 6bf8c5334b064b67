"""The table that sentiment is read from: its file, how it is learned, and how good it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.sentiment import table, train
from bot.sentiment.evaluate import figures
from bot.sentiment.text import EDGE, pairs, spelt


def test_a_table_is_read_as_it_was_written() -> None:
    written = table.written(
        {table.BIAS: -3, "好": -40, "很差": 55}, {"请问": 20, "好": 1}, ["很差", "请问"], "A head"
    )
    found = table.read(written)
    assert found.logits(found.weight("很差")) == ((55 - 3) / 32, 0)
    assert found.logits(found.weight("好人") + found.weight("人手")) == ((-40 - 3) / 32, 1 / 32)
    assert found.logits(0) == (-3 / 32, 0)
    assert found.telling == {"很差": 55 / 32}


def test_a_pair_is_a_character_with_the_one_behind_it_whatever_they_are() -> None:
    text = "好吃😋a\ud83d"
    assert [spelt(pair) for pair in pairs(text)] == ["好吃", "吃😋", "😋a", "a\ud83d", f"\ud83d{EDGE}"]
    assert pairs("") == []


def test_learning_tells_apart_what_it_was_taught_and_the_same_lessons_teach_the_same() -> None:
    lessons = [train.Lesson(("差",), 1.0, 1.0), train.Lesson(("好",), 0.0, 1.0)] * 50
    weights = train.fit(lessons)
    assert weights["差"] > 0 > weights["好"]
    assert train.fit(lessons) == weights


def test_figures_count_neutrals_only_against_negatives() -> None:
    found = figures([1.0, 0.0, 0.45, 0.45], [0.9, 0.1, 0.2, 0.7])
    assert (found.texts, found.both, round(found.negative, 3)) == (4, 1.0, 0.667)


@pytest.mark.slow
def test_the_table_is_what_the_script_makes_of_the_data() -> None:
    folder = os.environ.get("FENGHUO_SENTIMENT_DATA")
    if folder is None:
        pytest.skip(
            "set FENGHUO_SENTIMENT_DATA to the folder of training data (see MODEL.md); they are not ours to ship"
        )
    texts = train.read(Path(folder))
    shipped = (Path(train.__file__).parent / "model.tsv").read_text("utf-8")
    assert table.written(*train.learn(texts), train.head(texts)) == shipped
