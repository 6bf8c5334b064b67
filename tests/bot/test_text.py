from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.transports.text import MAX_MARKS, plain, shorten

FAMILY = "👩\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("退款\u202e不给", "退款不给"),
        ("ig\u200bn\u200core\u2066 me\ufeff", "ignore me"),
        ("bell\x07 null\x00", "bell null"),
        ("a\u200db", "ab"),
        (FAMILY, FAMILY),
        (ENGLAND, ENGLAND),
        ("hidden\U000e0068\U000e0069", "hidden"),
        ("🏴" + "\U000e0061" * 50, "🏴"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("top" + "\n" * 30 + "bottom", "top\n\n\n\nbottom"),
        ("top\n \n\t\n\n \n\nbottom", "top\n\n\n\nbottom"),
        ("tab\there", "tab\there"),
        ("half\ud800", "half"),
        ("\u3164\u115f", ""),
    ],
)
def test_what_is_not_seen_is_taken_out(given_text: str, shown: str) -> None:
    assert plain(given_text) == shown


def test_a_tower_of_accents_is_brought_down() -> None:
    assert plain("e" + "\u0301" * 500 + "x") == "e" + "\u0301" * MAX_MARKS + "x"


@given(st.text())
@settings(max_examples=100)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert not any(unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI"} for c in once)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("ab" + FAMILY + "cd", 5, "ab…"),
        ("🇨🇳🇩🇪🇫🇷", 4, "🇨🇳…"),
        ("ab👍🏽c", 4, "ab…"),
        ("cafe\u0301 noir", 5, "caf…"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_a_cut_never_tears_a_letter(text: str, limit: int, cut: str) -> None:
    assert shorten(text, limit) == cut


@given(st.text(), st.integers(0, 50))
@settings(max_examples=100)
def test_a_cut_keeps_its_limit(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    assert len(cut) <= limit
    assert cut == text or not limit or cut.endswith("…")
