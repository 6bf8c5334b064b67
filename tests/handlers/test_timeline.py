"""The timeline: what enters it, once, and in which order."""

from datetime import timedelta

import pytest

from bot.transports.base import TransportError
from handlers.kit.messages import Place
from storage import timeline
from storage.models import Inbox
from tests.chat import NOW, Chat, rows


async def logged(chat: Chat) -> list[str]:
    """The texts that people logged."""
    return [entry.text for entry in await chat.entries() if entry.kind == "log"]


async def test_what_is_typed_is_logged_as_it_stands(chat: Chat) -> None:
    await chat.opens()
    told = (await chat.says("记录 1 已联系顾客，\n退款今天到账", by="林悦")).whisper
    assert "#1" in told.title
    assert "2" in told.title
    entry = (await chat.entries())[-1]
    assert (entry.text, entry.by, entry.at, entry.source) == ("已联系顾客，\n退款今天到账", "林悦", NOW, None)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("log 3 people called", "3 people called"),
        ("log 1 3 people called", "3 people called"),
        ("log #1 3 people", "3 people"),
        ("log 12345", "12345"),
    ],
)
async def test_in_its_thread_only_its_own_number_is_one(chat: Chat, words: str, text: str) -> None:
    await chat.opens()
    await chat.says(words, by="林悦", under=await chat.card())
    assert await logged(chat) == [text]


async def test_a_reply_with_log_enters_the_message_it_replies_to_once(chat: Chat) -> None:
    await chat.opens()
    said = chat.writes("顾客已经收到退款", by="陈立", on="telegram")
    await chat.passes(minutes=7)
    await chat.says("log 1", by="林悦", replying=said)
    told = (await chat.says("记录 #1", by="陈立", replying=said)).whisper
    assert "#1" in told.title
    (entry,) = [entry for entry in await chat.entries() if entry.kind == "log"]
    assert (entry.text, entry.by, entry.at) == ("陈立：顾客已经收到退款", "林悦", NOW)
    assert entry.data["author"] == "陈立"


async def test_words_in_a_reply_are_logged_and_not_the_message(chat: Chat) -> None:
    await chat.opens()
    said = chat.writes("顾客已经收到退款", by="陈立", on="telegram")
    await chat.says("log 1 已核实", by="林悦", replying=said)
    await chat.says("log 1 已核实", by="林悦", replying=said)
    assert await logged(chat) == ["已核实", "已核实"]


async def test_a_pinned_message_of_a_thread_enters_once_however_many_pin_it(chat: Chat) -> None:
    await chat.opens()
    said = chat.writes("供应商承认批次有问题", by="吴桐", under=await chat.card())
    for name in ("林悦", "陈立", "林悦"):
        await chat.pins(said, by=name)
    assert await logged(chat) == ["吴桐：供应商承认批次有问题"]


async def test_a_pinned_message_that_could_not_be_read_at_first_is_read_when_it_is_worked_on(
    chat: Chat,
) -> None:
    await chat.opens()
    said = chat.writes("供应商承认批次有问题", by="吴桐", under=await chat.card())
    slack = chat.transports["slack"]
    slack.failing["fetch"] = [TransportError("slow")]
    told = (await chat.pins(said, by="林悦")).whisper
    assert told.card.tone == "warn"
    await chat.pins(said, by="陈立")
    assert await logged(chat) == ["吴桐：供应商承认批次有问题"]


async def test_a_pin_that_belongs_to_no_incident_is_answered_with_the_way_to_log_it(chat: Chat) -> None:
    await chat.opens()
    said = chat.writes("午饭吃什么", by="吴桐")
    told = (await chat.pins(said, by="林悦")).whisper
    assert "log N TEXT" in told.text
    assert await logged(chat) == []


async def test_a_mention_in_a_thread_finds_its_incident(chat: Chat) -> None:
    await chat.opens()
    await chat.opens()
    await chat.says("log 顾客来电", by="林悦", under=await chat.card("incident:2"))
    assert [entry.text for entry in await chat.entries(2)][-1] == "顾客来电"
    await chat.says("log 第二次来电", by="林悦", under=await chat.card("incident:2", on="telegram"))
    assert [entry.text for entry in await chat.entries(2)][-1] == "第二次来电"


async def test_what_people_write_about_an_incident_leads_back_to_it(chat: Chat) -> None:
    await chat.opens()
    heard = await chat.says("show 1", by="林悦", mention=True)
    asked = heard.posts[0].thread
    place = Place(transport="slack", channel="C0ALERTS", thread=asked, message="later")
    event = chat.typed("log 从这里接着说", by="林悦", replying=place)
    await chat.dispatch.receive(event)
    await chat.settle()
    assert await logged(chat) == ["从这里接着说"]


async def test_personal_data_is_left_out_of_what_people_type_and_they_are_told(chat: Chat) -> None:
    await chat.opens()
    heard = await chat.says("log 1 @陈立 顾客王女士 13812345678 已退款", by="林悦")
    assert (await logged(chat)) == ["@陈立 顾客王女士 【手机号】 已退款"]
    assert ["【手机号】" in each.text for each in heard.whispers] == [False, True]
    said = chat.writes("她的邮箱是 wang@example.com", by="陈立", on="telegram")
    await chat.says("log 1", by="林悦", replying=said)
    assert (await logged(chat))[-1] == "陈立：她的邮箱是 【邮箱】"
    await chat.says("new red user_complaint 13812345678 来电投诉", by="林悦")
    assert (await chat.incident(2)).title == "【手机号】 来电投诉"
    form = (await chat.presses("incident.dismiss", await chat.card(), by="陈立")).form
    await chat.fills(form, {"reason": "13812345678 打错了"}, by="陈立", on=await chat.card())
    assert (await chat.incident()).reason == "【手机号】 打错了"
    async with chat.database.read() as session:
        stored = [row.payload for row in await rows(session, Inbox)]
    assert stored == [{}] * len(stored)


async def test_a_statement_stands_word_for_word(chat: Chat) -> None:
    await chat.opens()
    heard = await chat.says("edit 1 请拨打 400-123-4567 或发邮件到 help@example.com", by="林悦")
    assert (await chat.versions())[0].text == "请拨打 400-123-4567 或发邮件到 help@example.com"
    assert heard.whispers == []


async def test_there_is_nothing_to_log(chat: Chat) -> None:
    await chat.opens()
    assert "log N TEXT" in (await chat.refused("log 1", by="林悦")).text
    assert "log N TEXT" in (await chat.refused("log", by="林悦", under=await chat.card())).text
    assert await chat.kinds() == ["opened"]


async def test_the_timeline_tells_it_in_order_and_by_whom(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.passes(minutes=3)
    await chat.says("log 1 已联系顾客", by="陈立")
    heard = await chat.says("时间线 1", by="周帆")
    lines = heard.posts[0].card.sections[0].lines
    assert [line.split()[:2] for line in lines] == [["14:00", "林悦"], ["14:00", "林悦"], ["14:03", "陈立"]]
    assert "已联系顾客" in lines[2]
    async with chat.database.read() as session:
        assert await timeline.broken(session, await chat.incident()) == ""


async def test_a_long_timeline_shows_the_newest_and_says_how_many_came_before(chat: Chat) -> None:
    await chat.opens()
    async with chat.database.write() as session:
        for number in range(40):
            await timeline.append(
                session, 1, "log", at=NOW + timedelta(seconds=number), by="林悦", text=f"第{number}条"
            )
    card = (await chat.says("timeline 1", by="林悦")).posts[0].card
    assert len(card.sections[0].lines) == 30
    assert "第39条" in card.sections[0].lines[-1]
    assert "11" in card.text
