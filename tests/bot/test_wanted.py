"""Keyword groups: plain = any of, + = must, ! = must not."""

from __future__ import annotations

import pytest

from bot.monitor.wanted import Wanted


@pytest.mark.parametrize(
    ("keywords", "text", "kept"),
    [
        ([], "随便什么", True),
        (["青柚"], "青柚发霉了", True),
        (["青柚"], "奶茶发霉了", False),
        (["青柚", "柚茶"], "柚茶不好喝", True),
        (["青柚", "+茶"], "青柚茶", True),
        (["青柚", "+茶"], "青柚", False),
        (["青柚", "+茶"], "绿茶", False),
        (["+茶", "+发霉"], "茶里发霉", True),
        (["+茶", "+发霉"], "茶", False),
        (["!柚子皮"], "别的事", True),
        (["!柚子皮"], "柚子皮", False),
        (["青柚", "!柚子皮"], "青柚的柚子皮", False),
        (["＋茶", "！柚子皮"], "茶和柚子皮", False),
        (["＋茶", "！柚子皮"], "茶", True),
        (["QingYou"], "ｑｉｎｇｙｏｕ 真难喝", True),
        (["青柚"], "青\u200b柚 难喝", True),
        (["", "  ", "+", "!"], "什么都行", True),
    ],
)
def test_what_a_group_keeps(keywords: list[str], text: str, kept: bool) -> None:
    assert Wanted(keywords).keeps(text) is kept


def test_title_and_search_word_count_as_words_of_the_text() -> None:
    wanted = Wanted(["青柚", "!广告"])
    assert wanted.keeps("发霉了", title="青柚测评")
    assert wanted.keeps("发霉了", keyword="青柚")
    assert not wanted.keeps("发霉了", title="青柚", keyword="广告")


def test_no_word_is_made_up_of_the_end_of_one_and_the_start_of_the_next() -> None:
    assert not Wanted(["青柚"]).keeps("柚", title="青", keyword="柚")
    assert not Wanted(["青柚"]).keeps("青", title="柚")
