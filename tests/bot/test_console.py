"""The terminal as a platform: what is typed, what is printed, and that no text can pass for more than it is."""

from __future__ import annotations

import asyncio
import io
import queue
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from typing_extensions import override

from bot.transports.base import Letter, TransportError
from bot.transports.console import MAX_BUTTONS, ConsoleTransport, render
from handlers.kit.cards import Button, Card, Field, Form, Link, Quote, Section, Tone
from handlers.kit.locale import Locale
from handlers.kit.messages import Pressed, Typed


def locale(language: str) -> Locale:
    return Locale(
        language=language, zone=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 11, 20, 6, tzinfo=UTC)
    )


ZH, EN = locale("zh"), locale("en")
CLAIM = Button(label="认领", action="incident.claim", value="12")
PLAN = Button(label="看预案", action="playbook.playbook", value="12 user_complaint")
ALERT = Card(title="橙 #12 蛋糕发霉", text="抖音 ×37", tone=Tone.ORANGE, buttons=(CLAIM, PLAN))


class Intake:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Typed | Pressed] = asyncio.Queue()

    async def receive(self, event: Typed | Pressed) -> None:
        self.events.put_nowait(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError("the terminal has no forms")


class Screen(io.StringIO):
    """What is printed, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    @override
    def write(self, text: str) -> int:
        self.printed.set()
        return super().write(text)


class Desk:
    """A terminal, somebody who types, and what the screen shows."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.out = Screen()
        self.intake = Intake()
        self.console = ConsoleTransport(
            person="陈立",
            rooms={"alerts": ZH, "drills": ZH, "abroad": EN},
            people=["陈立", "林悦"],
            out=self.out,
            read_line=self.lines.get,
        )

    async def types(self, line: str) -> Typed | Pressed:
        self.lines.put(f"{line}\n")
        return await asyncio.wait_for(self.intake.events.get(), 5)

    async def types_aside(self, line: str) -> str:
        """What is printed after a line that is for the terminal itself; nothing arrives."""
        before = len(self.screen)
        self.out.printed.clear()
        self.lines.put(f"{line}\n")
        await asyncio.wait_for(self.out.printed.wait(), 5)
        assert self.intake.events.empty()
        return self.screen[before:].strip()

    async def shows(self, card: Card = ALERT, **how: object) -> str:
        return await self.console.post(letter(card, **how))

    @property
    def screen(self) -> str:
        return self.out.getvalue()


def letter(card: Card = ALERT, **how: object) -> Letter:
    return Letter(**{"outbox_id": "1", "channel": "alerts", "card": card, **how})  # type: ignore[arg-type]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with sitting() as someone:
        yield someone


@asynccontextmanager
async def sitting() -> AsyncIterator[Desk]:
    someone = Desk()
    await someone.console.start(someone.intake)
    yield someone
    await someone.console.stop()
    someone.lines.put("")


def brackets(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip().startswith("[")]


# What is typed


async def test_a_line_is_a_command_of_the_person_in_the_room(desk: Desk) -> None:
    event = await desk.types("claim 12")
    assert isinstance(event, Typed)
    assert (event.text, event.by.user, event.at.channel) == ("claim 12", "陈立", "alerts")
    assert not event.answer


@pytest.mark.parametrize("line", ["/claim 12", "/crisis claim 12", "/crisis  claim 12"])
async def test_a_slash_changes_nothing(desk: Desk, line: str) -> None:
    event = await desk.types(line)
    assert isinstance(event, Typed)
    assert event.text == "claim 12"


async def test_a_button_is_pressed_by_its_number(desk: Desk) -> None:
    message = await desk.shows()
    assert "[1] 认领  [2] 看预案" in desk.screen
    event = await desk.types("2")
    assert isinstance(event, Pressed)
    assert (event.action, event.value) == (PLAN.action, PLAN.value)
    assert (event.at.channel, event.at.message) == ("alerts", message)


async def test_a_number_presses_the_same_button_whatever_is_printed_meanwhile(desk: Desk) -> None:
    await desk.shows()
    other = await desk.shows(
        Card(title="黄 #13", buttons=(Button(label="认领", action="incident.claim", value="13"),))
    )
    await desk.console.edit(letter(Card(title="黄 #13 · 陈立 负责", buttons=(PLAN, CLAIM))), other)
    event = await desk.types("1")
    assert isinstance(event, Pressed)
    assert event.value == "12"


async def test_an_edited_card_keeps_the_numbers_of_the_buttons_that_it_keeps(desk: Desk) -> None:
    message = await desk.shows(thread="m1")
    respond = Button(label="开始处置", action="incident.respond", value="12")
    await desk.console.edit(letter(Card(title="橙 #12 · 陈立 负责", buttons=(respond, PLAN))), message)
    assert brackets(desk.screen) == ["    [1] 认领  [2] 看预案", "[3] 开始处置  [2] 看预案"]
    assert "↵ 输入 3，或 respond 12" in desk.screen


async def test_numbers_begin_anew_when_there_are_many(desk: Desk) -> None:
    for number in range(1, MAX_BUTTONS + 2):
        await desk.shows(Card(title="t", buttons=(Button(label="b", action="look.show", value=str(number)),)))
    event = await desk.types("1")
    assert isinstance(event, Pressed)
    assert event.value == str(MAX_BUTTONS + 1)


async def test_a_number_that_no_button_has_is_said_to_be_none(desk: Desk) -> None:
    assert await desk.types_aside("7") == "没有 7 号按钮。"


async def test_as_changes_who_acts(desk: Desk) -> None:
    assert await desk.types_aside("as @林悦") == "你是 林悦，在 alerts"
    assert (await desk.types("whoami")).by.user == "林悦"


async def test_in_changes_the_room_and_its_language(desk: Desk) -> None:
    assert await desk.types_aside("in abroad") == "You are 陈立 in abroad."
    assert (await desk.types("list")).at.channel == "abroad"


async def test_an_unknown_name_brings_the_known_ones(desk: Desk) -> None:
    assert await desk.types_aside("as 王五") == "没有「王五」。有：陈立 林悦"
    assert (await desk.types("whoami")).by.user == "陈立"


@pytest.mark.parametrize("line", ["1", "in abroad", "as 林悦", "看起来没事了"])
async def test_what_follows_a_question_is_its_answer(desk: Desk, line: str) -> None:
    await desk.shows()
    await desk.console.whisper(letter(Card(title="结案：结案原因"), to="陈立", prompt=True))
    event = await desk.types(line)
    assert isinstance(event, Typed)
    assert (event.text, event.answer, event.by.user) == (line, True, "陈立")


async def test_one_answer_is_enough(desk: Desk) -> None:
    await desk.console.whisper(letter(Card(title="结案：结案原因"), to="陈立", prompt=True))
    await desk.types("赔付完成")
    event = await desk.types("list")
    assert isinstance(event, Typed)
    assert not event.answer


async def test_a_slash_command_is_no_answer(desk: Desk) -> None:
    await desk.console.whisper(letter(Card(title="结案：结案原因"), to="陈立", prompt=True))
    event = await desk.types("/list")
    assert isinstance(event, Typed)
    assert not event.answer


async def test_two_runs_never_give_the_same_id() -> None:
    async with sitting() as one, sitting() as other:
        assert (await one.types("list")).id != (await other.types("list")).id


async def test_without_a_terminal_cards_are_printed_all_the_same() -> None:
    out = io.StringIO()
    console = ConsoleTransport(person="陈立", rooms={"alerts": ZH}, out=out, read_line=lambda: "")
    await console.start(Intake())
    await console.post(letter())
    await console.stop()
    assert "🟠 橙 #12 蛋糕发霉" in out.getvalue()


async def test_there_are_no_forms(desk: Desk) -> None:
    with pytest.raises(TransportError) as raised:
        await desk.console.open_form("", Form(title="t", fields=(), action="incident.close"))
    assert raised.value.permanent


# What is printed


async def test_whispers_repeats_and_threads_are_told_apart(desk: Desk) -> None:
    await desk.console.whisper(letter(Card(title="你是 陈立"), to="陈立"))
    await desk.shows(repeat=True)
    await desk.shows(Card(title="陈立 已认领 #12"), thread="m1")
    assert "── [alerts] 只给 陈立\n你是 陈立\n" in desk.screen
    assert "── [alerts] 可能重复\n🟠 橙 #12 蛋糕发霉\n" in desk.screen
    assert "    ── [alerts]\n    陈立 已认领 #12\n" in desk.screen


async def test_a_room_hears_its_own_language(desk: Desk) -> None:
    await desk.shows(channel="abroad")
    assert "↵ type 1, or claim 12" in desk.screen


async def test_an_edit_is_printed_briefly_and_only_if_it_looks_different(desk: Desk) -> None:
    quotes = (Quote(text="发霉了", source="抖音 14:02"),)
    message = await desk.shows()
    before = len(desk.screen)
    grown = Card(
        title="橙 #12 蛋糕发霉", text="抖音 ×40\n更多", quotes=quotes, sections=(Section(lines=("为什么",)),)
    )
    await desk.console.edit(letter(grown), message)
    await desk.console.edit(letter(grown), message)
    assert desk.screen[before:] == "── [alerts] ↻\n橙 #12 蛋糕发霉\n抖音 ×40\n\n"


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


async def test_a_room_that_is_made_can_be_gone_to_until_it_is_closed(desk: Desk) -> None:
    opened = await desk.console.open_room(letter(Card(title="#1 蛋糕发霉", name="inc-1")))
    assert opened.channel == "inc-1"
    assert "房间 inc-1 已开" in desk.screen
    await desk.console.describe_room(letter(Card(title="", text="橙 #1"), channel="inc-1"))
    assert "── [inc-1] 橙 #1" in desk.screen
    await desk.types_aside("in inc-1")
    assert (await desk.types("claim")).at.channel == "inc-1"
    await desk.console.close_room(letter(channel="inc-1"))
    assert (await desk.types("list")).at.channel == "alerts"
