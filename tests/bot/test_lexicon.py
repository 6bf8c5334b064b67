"""Words of the lexicon are found wherever they stand in a text."""

from __future__ import annotations

import pytest

from bot.sentiment import Scorer, lexicon

WORDS = [word for word, entry in lexicon.load().entries.items() if entry.weight and len(word) > 1]


@pytest.mark.parametrize("around", ["{}", "珍珠{}", "珍珠 {}", "{}珍珠"])
def test_a_word_is_scored_at_the_edges_of_a_text(around: str) -> None:
    scorer = Scorer()
    unheard = [word for word in WORDS if not scorer.score(around.format(word)).reasons]
    assert unheard == []
