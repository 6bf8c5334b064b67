"""The fact table, and the texts that rest on it."""

from collections.abc import AsyncIterator

import pytest

from handlers.kit.messages import Sender
from handlers.kit.team import Person
from storage import facts
from storage.models import Fact
from tests.chat import PEOPLE, Chat, Said, rows, team

XU = Person(name="许诺", ids={"slack": "U0XU"}, roles=frozenset({"responder"}))
CLAIM = "上海 3 家门店停售该批次"
TEXT = "我们已收到反映，正在核实。上海 3 家门店停售该批次。"


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a second responder."""
    async with Chat(url, team=team(people=(*PEOPLE, XU))) as chat:
        yield chat


async def table(chat: Chat) -> list[Fact]:
    async with chat.database.read() as session:
        return list(await facts.of(session, 1))


async def told(chat: Chat, text: str = TEXT, level: str = "blue") -> Said:
    """The card of a statement that rests on F1, which 许诺 brought and 林悦 confirmed."""
    await chat.opens(level)
    await chat.says(f"fact 1 {CLAIM}", by="许诺")
    await chat.says("fact 1 F1 confirm", by="林悦")
    await chat.says(f"edit 1 {text}", by="林悦")
    return await chat.card("statement:1:1")


@pytest.mark.parametrize(
    ("words", "claim", "source"),
    [
        (CLAIM, CLAIM, "林悦"),
        (f"{CLAIM}（来源：王店长）", CLAIM, "王店长"),
        (f"{CLAIM}，出处：门店群公告", CLAIM, "门店群公告"),
        (f"{CLAIM} https://example.com/notice?id=3", CLAIM, "https://example.com/notice?id=3"),
        ("https://example.com/notice", "https://example.com/notice", "https://example.com/notice"),
    ],
)
async def test_a_fact_says_what_where_from_and_who_brought_it(
    chat: Chat, words: str, claim: str, source: str
) -> None:
    await chat.opens()
    await chat.says(f"fact 1 {words}", by="林悦")
    (fact,) = await table(chat)
    assert (fact.number, fact.claim, fact.source, fact.by, fact.state) == (
        1,
        claim,
        source,
        "林悦",
        "unconfirmed",
    )
    assert (await chat.entries())[-1].data["fact"] == "F1"


async def test_the_table_is_one_living_card_in_the_thread_of_every_platform(chat: Chat) -> None:
    await chat.opens()
    await chat.says(f"事实 {CLAIM}", by="林悦", under=await chat.card())
    cards = [await chat.card("facts:1", on=name) for name in ("slack", "telegram")]
    heard = await chat.says("fact 1 已为 42 位顾客退款", by="许诺")
    assert ["F2 to be confirmed" in each.title for each in heard.posts] == [True, True]
    assert all("❔ F2 已为 42 位顾客退款" in card.text for card in cards)
    await chat.presses("Confirm F1", cards[1], by="陈立")
    assert all("1 confirmed, 1 unconfirmed" in card.title for card in cards)
    assert "✅ F1" in cards[0].text
    assert "陈立 14:00" in cards[0].text
    assert "fact.fact:1 F1 confirm" not in cards[0].wires


async def test_a_fact_may_be_added_in_a_form(chat: Chat) -> None:
    await chat.opens()
    await chat.says("fact 1 已为 42 位顾客退款", by="许诺")
    card = await chat.card("facts:1")
    form = (await chat.presses("Add a fact…", card, by="林悦")).form
    assert [field.name for field in form.fields] == ["text", "source"]
    assert await chat.fills(form, {"text": CLAIM, "source": "王店长"}, by="林悦", on=card) == {}
    assert [(each.claim, each.source) for each in await table(chat)][1:] == [(CLAIM, "王店长")]


async def test_somebody_else_confirms_it_or_a_lead(chat: Chat) -> None:
    await chat.opens()
    await chat.says(f"fact 1 {CLAIM}", by="林悦")
    assert "许诺" in (await chat.refused("fact 1 F1 confirm", by="林悦")).text
    await chat.refused("fact 1 F1 confirm", by="周帆")
    await chat.says("fact 1 F1 确认 已电话核实", by="许诺")
    assert [(each.state, each.settled_by) for each in await table(chat)] == [("confirmed", "许诺")]
    assert "许诺" in (await chat.refused("fact 1 f1 confirm", by="陈立")).title
    await chat.says("fact 1 已为 42 位顾客退款", by="陈立")
    await chat.says("fact 1 F2 confirm", by="陈立")
    assert [each.state for each in await table(chat)] == ["confirmed", "confirmed"]


async def test_whoever_brought_it_may_take_it_back(chat: Chat) -> None:
    await chat.opens()
    await chat.says(f"fact 1 {CLAIM}", by="林悦")
    await chat.says("fact 1 F1 deny 记错了", by="林悦")
    assert [each.state for each in await table(chat)] == ["false"]


async def test_a_guest_brings_facts_and_confirms_none(url: str) -> None:
    async with Chat(url, team=team(guests="responder")) as chat:
        guest = Sender(transport="slack", user="U0GUEST", name="路人")
        await chat.opens()
        await chat.says(f"fact 1 {CLAIM}", by="林悦")
        await chat.refused("fact 1 F1 confirm", by=guest)
        await chat.refused("fact 1 F1 deny", by=guest)
        await chat.says("fact 1 已为 42 位顾客退款", by=guest)
        await chat.refused("fact 1 F2 confirm", by=guest)
        await chat.says("fact 1 F2 deny", by=guest)
        assert [each.state for each in await table(chat)] == ["unconfirmed", "false"]


async def test_what_cannot_be_is_refused(chat: Chat) -> None:
    await chat.opens()
    await chat.says(f"fact 1 {CLAIM}", by="林悦")
    assert "F1" in (await chat.refused(f"fact 1 {CLAIM}", by="许诺")).title
    assert "F9" in (await chat.refused("fact 1 F9 confirm", by="许诺")).title
    assert "F1" in (await chat.refused("fact 1 F1 maybe", by="许诺")).title
    await chat.says("dismiss 1 旧图", by="陈立")
    assert "reopen 1" in (await chat.refused("fact 1 又一条", by="林悦")).text


async def test_personal_data_is_left_out(chat: Chat) -> None:
    await chat.opens()
    await chat.says("fact 1 顾客 13812345678 已退款", by="林悦")
    assert "13812345678" not in (await table(chat))[0].claim


# Texts


async def test_a_text_that_rests_on_confirmed_facts_says_so(chat: Chat) -> None:
    card = await told(chat)
    assert "Rests on facts F1, all confirmed" in card.text
    assert "0 blocks" in card.text
    await chat.presses("Approve", card, by="陈立")
    assert (await chat.versions())[0].state == "approved"


async def test_a_figure_that_the_table_does_not_hold_is_a_warning(chat: Chat) -> None:
    card = await told(chat, TEXT + "已封存 86 件。")
    assert "L04 86 件" in card.text
    await chat.presses("Approve", card, by="陈立")
    assert (await chat.versions())[0].state == "approved"


async def test_an_unconfirmed_fact_bars_the_text_until_it_is_confirmed(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says(f"fact 1 {CLAIM}", by="许诺")
    await chat.says(f"edit 1 {TEXT}", by="林悦")
    card = await chat.card("statement:1:1")
    assert "⛔ L04" in card.text
    assert "F1 (unconfirmed)" in card.text
    assert "L04" in (await chat.refused("approve 1", by="陈立")).title
    await chat.says("fact 1 F1 confirm", by="林悦")
    assert "all confirmed" in card.text
    await chat.presses("Approve", card, by="陈立")
    assert (await chat.versions())[0].state == "approved"


async def test_a_fact_that_turns_out_false_voids_the_votes_and_names_the_texts(chat: Chat) -> None:
    card = await told(chat, level="yellow")
    await chat.presses("Approve", card, by="陈立")
    heard = await chat.says("fact 1 F1 deny 只有 2 家", by="许诺")
    flagged = next(each for each in heard.posts if each.transport == "slack")
    assert "v1, waiting for approval: approvals are void." in flagged.text
    assert set(flagged.calls) == {"陈立", "林悦"}
    assert "approval fell: F1 changed" in card.text
    assert "L04" in (await chat.refused("approve 1", by="吴桐")).title
    await chat.says("fact 1 F1 confirm", by="吴桐")
    await chat.presses("Approve", card, by="吴桐")
    assert (await chat.versions())[0].state == "pending", "the first approval stays void"
    await chat.presses("Approve", card, by="陈立")
    assert (await chat.versions())[0].state == "approved"


async def test_a_text_that_may_be_public_is_named_first_and_in_the_room(chat: Chat) -> None:
    card = await told(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.says(f"edit 1 {TEXT}谢谢大家的监督。", by="林悦")
    heard = await chat.says("fact 1 F1 deny", by="吴桐")
    flagged = next(each for each in heard.posts if each.transport == "slack")
    lines = flagged.card.sections[0].lines
    assert ["v1 may be public" in lines[0], "v2, waiting" in lines[1]] == [True, True]
    assert flagged.card.tone == "red"
    assert flagged.broadcast
    assert "F1 (false)" in card.text


async def test_where_a_text_stands_that_rests_on_what_is_false_is_named_live_ones_first(chat: Chat) -> None:
    card = await told(chat)
    await chat.says("claim 1", by="林悦")
    await chat.presses("Approve", card, by="陈立")
    await chat.says("publish 1 微博 https://weibo.com/1/abc", by="林悦")
    await chat.says("recall 1 v1 门店数写错了", by="陈立")
    await chat.says(f"edit 1 {TEXT}谢谢大家的监督。", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says("down 1 微博", by="林悦")
    await chat.says("publish 1 抖音 https://v.douyin.com/x", by="林悦")
    await chat.says("publish 1 公众号 https://mp.weixin.qq.com/s/x", by="林悦")
    heard = await chat.says("fact 1 F1 deny", by="吴桐")
    flagged = next(each for each in heard.posts if each.transport == "slack")
    places = flagged.card.sections[0].lines
    assert [each.split()[1] for each in places] == ["公众号", "抖音"], "what is gone is not named"
    assert flagged.wires == ["recall.recall:1 v2", "statement.draft:1 correction"]
    entry = next(each for each in await chat.entries() if each.kind == "fact_false")
    assert entry.data["cited"] == {"1": "recalled", "2": "approved"}
    form = (await chat.presses("Recall v2…", flagged, by="陈立")).form
    assert await chat.fills(form, {"reason": "门店数不实"}, by="陈立", on=flagged) == {}
    again = await chat.says("fact 1 F1 confirm", by="吴桐")
    assert not [each for each in again.posts if "rest on it" in each.title], "nothing is to be mended"


async def test_a_text_that_says_nothing_of_a_fact_is_left_alone(chat: Chat) -> None:
    card = await told(chat, "我们已收到反映，正在核实。", level="yellow")
    await chat.presses("Approve", card, by="陈立")
    heard = await chat.says("fact 1 F1 deny", by="吴桐")
    assert heard.posts == []
    await chat.presses("Approve", card, by="吴桐")
    assert (await chat.versions())[0].state == "approved"


async def test_facts_of_another_incident_say_nothing_here(chat: Chat) -> None:
    await told(chat)
    await chat.opens("blue")
    await chat.says("fact 2 上海 3 家门店停售该批次", by="许诺")
    await chat.presses("Approve", await chat.card("statement:1:1"), by="陈立")
    assert (await chat.versions())[0].state == "approved"
    async with chat.database.read() as session:
        assert [(each.incident_id, each.number) for each in await rows(session, Fact)] == [(1, 1), (2, 1)]
