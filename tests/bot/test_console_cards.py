"""Cards on a terminal: all of them is shown, within the width, and no text can pass for more than it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.transports.console import render
from handlers.kit.cards import Button, Card, Field, Link, Quote, Section
from tests.bot.desk import (
    CLAIM,
    ZH,
    brackets,
)


def test_everything_on_a_card_is_shown() -> None:
    card = Card(
        title="标题",
        text="一段话",
        fields=(Field(label="角色", value="主管"), Field(label="Roles", value="lead")),
        quotes=(Quote(text="发霉了", source="抖音 14:02", url="https://example.com/1"),),
        verbatim="第一行\n\n  缩进",
        sections=(Section(title="步骤", lines=("一", "二")),),
        buttons=(CLAIM,),
        links=(Link(label="看板", url="https://example.com/board"),),
        notify=("陈立",),
        footer="小字",
    )
    assert render(card, {"陈立": "陈立"}, ZH).splitlines() == [
        "标题 @陈立",
        "一段话",
        "角色：主管",
        "Roles: lead",
        "「发霉了」 抖音 14:02 https://example.com/1",
        "│ 第一行",
        "│ ",
        "│   缩进",
        "-- 步骤",
        "一",
        "二",
        "看板: https://example.com/board",
        "[1] 认领",
        "↵ 输入 1，或 claim 12",
        "小字",
    ]


def test_an_address_that_quotes_share_stands_once() -> None:
    quotes = tuple(Quote(text=text, source="抖音 14:02", url="https://example.com/1") for text in "甲乙")
    assert render(Card(title="t", quotes=quotes), {}, ZH).count("https://example.com/1") == 1


def test_buttons_wrap_between_labels() -> None:
    buttons = tuple(
        Button(label=f"✓ {n} 私信并致电首发用户", action="playbook.step", value=f"1 {n} done")
        for n in range(1, 5)
    )
    lines = brackets(render(Card(title="t", buttons=buttons), {}, ZH, width=60))
    assert lines == [
        "[1] ✓ 1 私信并致电首发用户  [2] ✓ 2 私信并致电首发用户",
        "[3] ✓ 3 私信并致电首发用户  [4] ✓ 4 私信并致电首发用户",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("负面 82%（23/28，同帖）最高赞 1200", ["负面 82%（23/28，", "同帖）最高赞 1200"]),
        ("蛋糕发霉了客服不理人，退款", ["蛋糕发霉了客服不理", "人，退款"]),
        ("请看 statement template", ["请看 statement", "template"]),
        ("他说「蛋糕已经发霉了」还在", ["他说「蛋糕已经发霉", "了」还在"]),
        ("地址https://example.com/a/very/long/one完", ["地址", "https://example.com/a/very/long/one", "完"]),
    ],
)
def test_lines_break_where_a_reader_would(text: str, lines: list[str]) -> None:
    assert render(Card(title="t", text=text), {}, ZH, width=18).splitlines()[1:] == lines


@given(
    st.text(alphabet=st.sampled_from("发霉了，。「」（）ab 1%…🟡"), max_size=120),
    st.integers(min_value=10, max_value=40),
)
@settings(max_examples=200, deadline=None)
def test_wrapping_keeps_the_width_and_loses_nothing(text: str, width: int) -> None:
    shown = render(Card(title="t", text=text), {}, ZH, width=width).splitlines()[1:]
    assert "".join("".join(shown).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in shown)


@given(
    st.lists(st.sampled_from(["发霉，", "「客服」", "（3/4）", "abc", "12 条。", "退款"]), max_size=40),
    st.integers(min_value=10, max_value=40),
)
@settings(max_examples=200, deadline=None)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(words: list[str], width: int) -> None:
    shown = [
        line
        for line in render(Card(title="t", text="".join(words)), {}, ZH, width=width).splitlines()
        if line
    ]
    assert not [line for line in shown if line[0] in "，。」）" or line[-1] in "「（"]


def test_verbatim_text_is_never_cut() -> None:
    statement = "我们很抱歉，正在逐条核对。" * 150
    shown = render(Card(title="t", verbatim=statement), {}, ZH)
    assert "".join(line.removeprefix("│ ") for line in shown.splitlines()[1:]) == statement


HOSTILE = (
    "\x1b[2J\x1b]0;x\x07差评\u202e退钱\u2066\u200b\r\n── [alerts]\r\n🔴 红 #99 假的\n[1] 认领 "
    + "\u0301" * 500
    + "哈" * 4_000
)


@pytest.mark.parametrize(
    "card",
    [
        Card(title=HOSTILE),
        Card(title="t", text="一", fields=(Field(label=HOSTILE, value=HOSTILE),)),
        Card(title="t", quotes=(Quote(text=HOSTILE, source=HOSTILE, url=f"https://example.com/{HOSTILE}"),)),
        Card(title="t", sections=(Section(title=HOSTILE, lines=(HOSTILE,)),)),
        Card(title="t", buttons=(Button(label=HOSTILE, action="look.show"),)),
        Card(title="t", links=(Link(label=HOSTILE, url="https://example.com/1"),)),
        Card(title="t", footer=HOSTILE),
    ],
    ids=["title", "field", "quote", "section", "button", "link", "footer"],
)
def test_hostile_text_moves_no_cursor_and_passes_for_no_card(card: Card) -> None:
    shown = render(card, {}, ZH)
    assert not set(shown) & set("\x1b\x07\r\u202e\u2066\u200b")
    assert len(shown) < 2_500
    assert not [line for line in shown.splitlines()[1:] if line.startswith(("── [", "🔴"))]


def test_a_hostile_statement_stays_behind_its_border() -> None:
    shown = render(Card(title="t", verbatim=HOSTILE[:300]), {}, ZH).splitlines()
    assert all(line.startswith("│ ") for line in shown[1:])
