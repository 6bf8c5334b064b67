"""The message house: what every text of an incident says is proposed, agreed, drafted from, checked and, when it changes, flagged."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from handlers.kit.team import Team
from storage import house
from storage.models import HouseLine
from tests.chat import Chat, Said, rows, team

ROOF = "这是我们的责任，我们负责到底。"
STOPPED = "涉事的 3 家门店已停售该批次蛋糕。"
REFUND = "买到这批蛋糕的顾客，我们原价退款。"


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    async with Chat(url) as found:
        await found.opens()
        yield found


@pytest.fixture
async def housed(chat: Chat) -> Chat:
    """With a fact, the roof and two pillars, agreed."""
    await chat.says("fact 1 涉事的 3 家门店已停售该批次蛋糕（来源：王店长）", by="林悦")
    await chat.says("fact 1 F1 confirm", by="陈立")
    await chat.says(f"house 1 roof {ROOF}", by="陈立")
    await chat.says(f"house 1 1 {STOPPED} F1", by="陈立")
    await chat.says(f"house 1 2 {REFUND}", by="陈立")
    return chat


async def lines(chat: Chat, state: str = house.AGREED) -> dict[int, str]:
    async with chat.database.read() as session:
        return {each.place: each.text for each in await rows(session, HouseLine) if each.state == state}


async def shown(chat: Chat, on: str = "slack") -> Said:
    return await chat.card("house:1", on=on)


# Who may


async def test_a_lead_sets_a_line_and_a_responder_proposes_one(chat: Chat) -> None:
    await chat.says(f"house 1 roof {ROOF}", by="陈立")
    heard = await chat.says(f"口径 1 1 {STOPPED}", by="林悦")
    assert await lines(chat) == {0: ROOF}
    assert await lines(chat, house.PROPOSED) == {1: STOPPED}
    asked = next(each for each in heard.posts if each.title == "林悦 proposes: key message 1")
    assert asked.calls == ("陈立", "吴桐")
    assert "Only" in (await chat.refused("house 1 1 agree", by="林悦")).title
    assert await lines(chat) == {0: ROOF}
    await chat.presses("Agree: key message 1", asked, by="吴桐")
    assert await lines(chat) == {0: ROOF, 1: STOPPED}
    assert await lines(chat, house.PROPOSED) == {}
    assert "key message 1" in (await chat.refused("house 1 1 agree", by="陈立")).title
    kinds = [(each.kind, each.by, each.text) for each in (await chat.entries())[-3:]]
    assert kinds == [
        ("house", "陈立", ROOF),
        ("house_proposed", "林悦", STOPPED),
        ("house", "吴桐", STOPPED),
    ]


async def test_the_commander_agrees_and_is_the_one_who_is_asked(chat: Chat) -> None:
    await chat.says("claim 1", by="林悦")
    await chat.says("handover 1 @陈立", by="林悦")
    heard = await chat.says(f"house 1 2 {REFUND}", by="林悦")
    assert next(each for each in heard.posts if "proposes" in each.title).calls == ("陈立",)


async def test_whoever_commands_sets_lines_without_being_a_lead(chat: Chat) -> None:
    await chat.says("claim 1", by="林悦")
    await chat.says(f"house 1 roof {ROOF}", by="林悦")
    assert await lines(chat) == {0: ROOF}


async def test_a_reader_reads_and_sets_nothing(chat: Chat) -> None:
    heard = await chat.says("house 1", by="林悦", on="telegram")
    assert "house.house:1 roof" in heard.posts[-1].wires
    await chat.refused(f"house 1 1 {STOPPED}", by="周帆", on="telegram")
    assert await lines(chat, house.PROPOSED) == {}


async def test_a_proposal_leaves_what_is_agreed_in_force(housed: Chat) -> None:
    await housed.says("house 1 2 我们退一赔三。", by="林悦")
    assert (await lines(housed))[2] == REFUND
    text = (await shown(housed)).text
    assert REFUND in text
    assert "林悦 proposes: 我们退一赔三。" in text
    await housed.says("house 1 2 我们退一赔十。", by="林悦")
    assert await lines(housed, house.PROPOSED) == {2: "我们退一赔十。"}
    await housed.says("house 1 2 drop", by="陈立")
    assert 2 not in await lines(housed)
    assert await lines(housed, house.PROPOSED) == {}
    assert "key message 2" in (await housed.refused("house 1 2 drop", by="陈立")).title


# Words and forms


@pytest.mark.parametrize(
    ("words", "place", "text"),
    [
        ("house 1 1 我们退款", 1, "我们退款"),
        ("house 1 我们退款", None, ""),
        ("house 2 我们退款", 2, "我们退款"),
        ("house roof 我们退款", 0, "我们退款"),
        ("信息屋 核心 我们退款", 0, "我们退款"),
    ],
)
async def test_in_its_own_thread_the_incident_s_number_may_be_left_out(
    chat: Chat, words: str, place: int | None, text: str
) -> None:
    await chat.says(words, by="陈立", under=await chat.card())
    assert await lines(chat) == ({1: "我们退款"} if place is None else {place: text})


async def test_the_facts_stand_at_the_end_or_are_told_from_the_words(housed: Chat) -> None:
    async def proof(words: str) -> list[int]:
        await housed.says(f"house 1 3 {words}", by="陈立")
        async with housed.database.read() as session:
            [line] = [
                each for each in await house.of(session, 1) if (each.place, each.state) == (3, house.AGREED)
            ]
        assert "F1" not in line.text
        return line.facts

    await housed.says("fact 1 全部退款已到账", by="林悦")
    assert await proof("退款办完了 F2") == [2]
    assert await proof("退款办完了 [F1 F2]") == [1, 2]
    assert await proof("退款办完了（f2，F1）") == [2, 1]
    assert await proof("3 家门店已停售该批次蛋糕，其余照常") == [1]
    assert await proof("我们负责") == []


async def test_what_cannot_be_a_line_is_refused_with_the_way_out(housed: Chat) -> None:
    assert "F9" in (await housed.refused("house 1 3 停售 F9", by="陈立")).title
    assert "200" in (await housed.refused(f"house 1 3 {'字' * 201}", by="陈立")).title
    assert "[F1]" in (await housed.refused("house 1 3 停售[F1]并退款", by="陈立")).title
    assert "words" in (await housed.refused("house 1 3 F1", by="陈立")).title
    assert "says that already" in (await housed.refused(f"house 1 2 {REFUND}", by="吴桐")).title
    assert "house 1 1 TEXT" in (await housed.refused("house 退款", by="陈立", under=await housed.card())).text
    await housed.says("dismiss 1 旧图", by="陈立")
    assert "reopen 1" in (await housed.refused("house 1 3 我们负责", by="陈立")).text


async def test_a_tap_opens_a_form_with_the_line_as_it_is_or_words_to_start_from(housed: Chat) -> None:
    card = await shown(housed)
    form = (await housed.presses("Key message 1…", card, by="陈立")).form
    assert form.fields[0].initial == f"{STOPPED} F1"
    start = (await housed.presses("Key message 3…", card, by="陈立")).form
    assert "[please fill in" in start.fields[0].initial
    assert await housed.fills(start, {"text": "我们负责"}, by="陈立", on=card) == {}
    assert (await lines(housed))[3] == "我们负责"
    assert "F9" in " ".join((await housed.fills(form, {"text": "停售 F9"}, by="陈立", on=card)).values())


async def test_on_telegram_the_reply_to_the_question_is_the_line(housed: Chat) -> None:
    asked = (await housed.presses("Core message…", await shown(housed, "telegram"), by="陈立")).whisper
    assert asked.card.verbatim == ROOF
    await housed.replies("我们错了，我们来补救。", asked, by="陈立")
    assert (await lines(housed))[0] == "我们错了，我们来补救。"


# What is made of it


async def test_drafts_are_made_of_what_is_agreed_and_proven(housed: Chat) -> None:
    await housed.says("fact 1 有 5 位顾客就医", by="林悦")
    await housed.says("house 1 3 5 位顾客就医的费用由我们承担。 F2", by="陈立")
    await housed.says("house 1 2 我们退一赔三。", by="林悦")
    await housed.says("draft 1 full", by="林悦")
    [version] = await housed.versions()
    for said in (ROOF, STOPPED, REFUND):
        assert said in version.text
    assert "5 位" not in version.text
    assert "退一赔三" not in version.text
    assert "left out of drafts" in (await shown(housed)).text
    await housed.says("fact 1 F2 confirm", by="陈立")
    await housed.says("draft 1 full", by="林悦")
    assert "5 位顾客就医的费用由我们承担。" in (await housed.versions())[-1].text


@pytest.mark.parametrize(
    "template", ["full", "progress", "result", "apology", "denial", "staff", "partner", "service"]
)
async def test_every_template_but_the_pre_approved_one_says_it(housed: Chat, template: str) -> None:
    await housed.says(f"draft 1 {template}", by="林悦")
    [version] = await housed.versions()
    assert all(said in version.text for said in (ROOF, STOPPED, REFUND))
    assert "\n\n\n" not in version.text


async def test_the_pre_approved_text_stays_what_was_approved(housed: Chat) -> None:
    await housed.says("draft 1 holding", by="林悦")
    assert ROOF not in (await housed.versions())[0].text
    assert "statement.emergency:1 v1" in (await housed.card("statement:1:1")).wires


async def test_a_text_that_says_none_of_it_is_warned_about_and_its_card_says_what_it_lacks(
    housed: Chat,
) -> None:
    await housed.says("edit 1 我们看到了大家的反映。", by="林悦")
    card = await housed.card("statement:1:1")
    assert "L17" in card.text
    assert "🏠 core message ✗ · key message 1 ✗ · key message 2 ✗" in card.text
    assert "statement.approve:1 v1" in card.wires
    await housed.says(f"edit 1 我们看到了大家的反映。{REFUND}", by="林悦")
    card = await housed.card("statement:1:2")
    assert "L17" not in card.text
    assert "key message 1 ✗ · key message 2 ✓" in card.text


async def test_a_line_that_is_agreed_later_is_held_against_texts_that_wait(chat: Chat) -> None:
    await chat.says("edit 1 我们看到了大家的反映。", by="林悦")
    assert "L17" not in (await chat.card("statement:1:1")).text
    await chat.says(f"house 1 roof {ROOF}", by="陈立")
    assert "L17" in (await chat.card("statement:1:1")).text


async def test_the_house_names_the_texts_that_say_a_line_and_what_speaks_against_it(housed: Chat) -> None:
    await housed.says(f"edit 1 {REFUND}", by="林悦")
    assert "said in v1 (waiting for approval)" in (await housed.says("house 1", by="林悦")).posts[0].text
    for name in ("陈立", "吴桐"):
        await housed.says("approve 1", by=name)
    assert "said in v1 (approved)" in (await shown(housed)).text
    await housed.says("house 1 3 我们保证 100% 安全", by="陈立")
    assert "L07" in (await shown(housed)).text


# When it changes


async def test_a_changed_line_voids_approvals_of_texts_that_say_the_old_one(housed: Chat) -> None:
    await housed.says(f"edit 1 {ROOF}{REFUND}", by="林悦")
    await housed.says("approve 1", by="陈立")
    heard = await housed.says("house 1 2 买到这批蛋糕的顾客，我们退一赔三。", by="陈立")
    told = next(each for each in heard.posts if each.title.startswith("Changed: key message 2"))
    assert "v1" in told.text
    assert set(told.calls) == {"陈立", "林悦"}
    card = await housed.card("statement:1:1")
    assert "陈立 14:00's approval fell: key message 2 changed" in card.text
    assert "0/2" in card.title
    assert (await housed.kinds())[-1] == "house"


async def test_a_text_that_may_be_public_is_named_for_correction(housed: Chat) -> None:
    await housed.says(f"edit 1 {ROOF}{REFUND}", by="林悦")
    for name in ("陈立", "吴桐"):
        await housed.says("approve 1", by=name)
    assert (await housed.versions())[0].state == "approved"
    heard = await housed.says("house 1 roof drop", by="吴桐")
    told = next(each for each in heard.posts if each.title.startswith("Changed: core message"))
    assert told.card.tone == "red"
    assert "may be public" in told.text
    assert "recall.recall:1 v1" in told.wires


async def test_a_change_that_no_text_says_calls_nobody(housed: Chat) -> None:
    await housed.says(f"edit 1 {REFUND}", by="林悦")
    await housed.says("approve 1", by="陈立")
    heard = await housed.says("house 1 1 涉事门店已停业。", by="陈立")
    assert next(each.calls for each in heard.posts if "key message 1" in each.title) == ()
    assert "1/2" in (await housed.card("statement:1:1")).title


async def test_a_drill_s_house_stays_in_the_drills_room(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    heard = await chat.says(f"house 2 roof {ROOF}", by="陈立", room="drills")
    assert {each.channel for each in heard.posts} == {"C0DRILL", "-1002"}
    async with chat.database.read() as session:
        [line] = await rows(session, HouseLine)
    assert line.drill_id is not None


# What else the checks know


def told(**known: tuple[str, ...]) -> Team:
    made = team()
    for name, words in known.items():
        setattr(made, name, words)
    return made


async def test_a_slogan_and_a_code_name_bar_a_text_for_the_public(url: str) -> None:
    async with Chat(url, team=told(slogans=("一口青柚，满心欢喜",), internal=("雷霆项目",))) as chat:
        await chat.opens()
        await chat.says("edit 1 我们会改。一口青柚，满心欢喜。", by="林悦")
        assert "L14" in (await chat.refused("approve 1", by="陈立")).title
        await chat.says("edit 1 雷霆项目先停下。", by="林悦")
        assert "L20" in (await chat.refused("approve 1", by="陈立")).title


async def test_staff_may_read_a_code_name_and_consumers_no_threat(url: str) -> None:
    async with Chat(url, team=told(internal=("雷霆项目",))) as chat:
        await chat.opens()
        await chat.says("draft 1 staff", by="林悦")
        await chat.says("edit 1 各位同事：雷霆项目先停下。", by="林悦")
        assert "L20" not in (await chat.card("statement:1:2")).text
        await chat.says("draft 1 service", by="林悦")
        await chat.says("edit 1 我们将追究法律责任。", by="林悦")
        assert "L12" in (await chat.refused("approve 1", by="陈立")).title


async def test_an_english_text_that_takes_another_stance_is_barred(chat: Chat) -> None:
    await chat.says("edit 1 流传的说法不实，检测报告见附图。", by="林悦")
    await chat.says("variant 1 英文 We apologize to our customers and take full responsibility.", by="林悦")
    assert "L23" in (await chat.refused("approve 1", by="陈立")).title
    card = await chat.card("statement:1:2")
    assert "英文版" in card.text
    await chat.says("variant 1 english The claims are not true; the test report is attached.", by="林悦")
    assert "L23" not in (await chat.card("statement:1:3")).text
