"""The terminal as a platform: what is typed, and what is printed of it."""

from __future__ import annotations

import io

import pytest

from bot.transports.base import TransportError
from bot.transports.console import MAX_BUTTONS, ConsoleTransport
from handlers.kit.cards import Button, Card, Form, Quote, Section
from handlers.kit.messages import Pressed, Typed
from tests.bot.desk import (
    CLAIM,
    PLAN,
    ZH,
    Desk,
    Intake,
    brackets,
    desk,
    letter,
    sitting,
)

__all__ = ["desk"]


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


async def test_a_question_says_that_the_next_line_is_its_answer_and_how_to_leave_it(desk: Desk) -> None:
    card = Card(title="改写：正文", footer="直接回复这条消息；不填了就回「取消」")
    await desk.console.whisper(letter(card, to="陈立", prompt=True))
    assert "✎ 下一行就是回答。不填了就输入「取消」；要用命令，前面加 /" in desk.screen
    assert "直接回复" not in desk.screen
    await desk.console.whisper(letter(Card(title="好了"), to="陈立"))
    assert desk.screen.count("✎") == 1


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


async def test_a_private_chat_is_a_place_of_its_own(desk: Desk) -> None:
    assert await desk.types_aside("in me") == "你是 陈立，在 me"
    event = await desk.types("reopen 1 又有证词")
    assert (event.at.channel, event.at.direct) == ("陈立", True)
    assert await desk.types_aside("as 林悦") == "你是 林悦，在 me"
    assert (await desk.types("list")).at.channel == "林悦"
    assert await desk.types_aside("in alerts") == "你是 林悦，在 alerts"
    assert not (await desk.types("list")).at.direct


async def test_a_button_in_a_private_chat_is_pressed_there(desk: Desk) -> None:
    await desk.console.post(letter(Card(title="#12", buttons=(CLAIM,)), channel="林悦"))
    event = await desk.types("1")
    assert (event.at.channel, event.at.direct) == ("林悦", True)
