"""Merging and splitting by hand: counts are kept, and every incident has one card."""

from __future__ import annotations

from bot.sources.base import Found
from storage import deadlines, incidents
from storage.models import Incident, State
from tests.chat import Chat, complaints, rotten

BROKEN = ("小程序付款失败，钱被扣了，垃圾", "付款失败钱却扣了，气死我了", "支付失败还扣款，坑人")


def broken() -> list[Found]:
    return [rotten(text, item="app", platform="weibo") for text in BROKEN]


async def two(chat: Chat) -> None:
    await chat.mentions(*complaints(3), *broken())
    assert await chat.count(Incident) == 2


async def held(chat: Chat, number: int) -> int:
    async with chat.database.read() as session:
        return sum(topic.mentions for topic in await incidents.topics(session, number))


async def test_two_incidents_become_one_that_keeps_the_counts(chat: Chat) -> None:
    await two(chat)
    await chat.says("merge 1 2", by="陈立")
    assert (await held(chat, 1), await held(chat, 2)) == (6, 0)
    assert (await chat.incident(2)).state == State.CLOSED
    await chat.mentions(rotten(BROKEN[0], item="app", platform="weibo"))
    assert (await held(chat, 1), await held(chat, 2)) == (7, 0)


async def test_what_was_merged_is_split_again_with_a_card_of_its_own(chat: Chat) -> None:
    await two(chat)
    await chat.says("合并 1 2", by="陈立")
    await chat.says("split 1", by="陈立")
    assert (await held(chat, 1), await held(chat, 3)) == (3, 3)
    assert "#3" in (await chat.card("incident:3")).title
    await chat.mentions(rotten(BROKEN[0], item="app", platform="weibo"))
    assert await held(chat, 3) == 4


async def test_what_cannot_be_merged_or_split_is_refused(chat: Chat) -> None:
    await two(chat)
    await chat.refused("merge 1 1", by="陈立")
    await chat.refused("merge 1 99", by="陈立")
    await chat.refused("merge 1 cake", by="陈立")
    await chat.refused("split 1", by="陈立")
    await chat.says("dismiss 2 旧图", by="陈立")
    await chat.refused("merge 1 2", by="陈立")


# What is owed


async def pair(chat: Chat) -> None:
    """Two incidents opened by hand; 林悦 has both."""
    await chat.opens(title="蛋糕发霉")
    await chat.opens(title="蛋糕有异物")
    await chat.says("claim 1", by="林悦")
    await chat.says("claim 2", by="林悦")


async def test_an_open_task_of_what_is_merged_goes_on_with_its_time_and_whoever_has_it(chat: Chat) -> None:
    await pair(chat)
    await chat.says("task 1 封存样品 @陈立 3h", by="林悦")
    await chat.says("task 2 给顾客回电 @陈立 2h", by="林悦")
    await chat.says("task 2 查监控 @陈立 1h", by="林悦")
    await chat.says("task 2 2 done", by="陈立")
    old = await chat.card("task:2:1")
    await chat.says("merge 1 2", by="林悦")
    mine = (await chat.says("list mine", by="陈立")).whisper.text
    assert "#1 task 2 给顾客回电" in mine
    assert "#2" not in mine
    assert "goes on in #1 as task 2" in old.title
    assert not old.card.buttons
    assert (await chat.card("task:1:2")).thread == (await chat.card("incident:1")).message
    assert [each.data["number"] for each in await chat.entries(1) if each.kind == "task_taken"] == [2]
    assert [each.data["there"] for each in await chat.entries(2) if each.kind == "task_moved"] == [2]
    reminded = await chat.passes(hours=2, minutes=1)
    assert any("给顾客回电" in each.text and "陈立" in each.calls for each in reminded.posts)
    await chat.presses("Done", await chat.card("task:1:2"), by="陈立")
    async with chat.database.read() as session:
        assert [each.kind for each in await deadlines.of(session, 1) if each.kind == "task"] == ["task"]


async def test_who_follows_the_merged_incident_is_told_where_it_goes_on(chat: Chat) -> None:
    await pair(chat)
    await chat.says("task 2 给顾客回电 @陈立 2h", by="林悦")
    heard = await chat.says("merge 1 2", by="陈立")
    threads = {(await chat.card(f"incident:{number}")).message for number in (1, 2)}
    told = [each for each in heard.posts if each.title.endswith("put #2 into #1.")]
    assert {each.thread for each in told if each.transport == "slack"} == threads
    assert all(
        each.card.text == "Open tasks that go on there: 1" and each.calls == ("林悦",) for each in told
    )


async def test_what_owes_a_promise_is_not_merged_away_but_the_other_one_is(chat: Chat) -> None:
    await pair(chat)
    await chat.says("promise 2 三天内完成退款 @林悦 2h", by="林悦")
    refusal = await chat.refused("merge 1 2", by="林悦")
    assert "P1 三天内完成退款" in refusal.title
    assert "promise 2 1 drop REASON" in refusal.text
    assert "merge 2 1" in refusal.text
    await chat.says("merge 2 1", by="林悦")
    assert (await chat.incident(1)).state == State.CLOSED
    late = await chat.passes(hours=2, minutes=1)
    assert any("三天内完成退款" in each.text for each in late.posts)


async def test_where_both_owe_something_no_other_way_round_is_offered(chat: Chat) -> None:
    await pair(chat)
    for number in (1, 2):
        await chat.says(f"promise {number} 三天内完成退款 @林悦 2h", by="林悦")
    assert "merge 2 1" not in (await chat.refused("merge 1 2", by="林悦")).text


async def test_a_legal_clock_of_what_is_merged_runs_on(chat: Chat) -> None:
    await chat.opens(title="蛋糕发霉")
    await chat.says("new orange data_leak 用户数据外泄", by="林悦")
    async with chat.database.read() as session:
        before = {each.ref: each.due_at for each in await deadlines.of(session, 2) if each.kind == "legal"}
    assert before
    await chat.says("merge 1 2", by="陈立")
    async with chat.database.read() as session:
        after = {each.ref: each.due_at for each in await deadlines.of(session, 1) if each.kind == "legal"}
    assert before.items() <= after.items()


async def test_merging_betrays_no_private_incident(chat: Chat) -> None:
    await chat.says("new red food_safety private 秘密事", by="陈立", on="slack", direct=True)
    await chat.opens()
    await chat.says("claim 2", by="林悦")
    refusal = await chat.refused("merge 2 1", by="林悦")
    none = await chat.refused("merge 2 77", by="林悦")
    assert (refusal.title, refusal.text) == (none.title.replace("77", "1"), none.text)
    why = await chat.refused("merge 2 1", by="陈立", on="slack", direct=True)
    assert why.title == "#2 and #1 are not known to the same people."
    assert (await chat.incident(1)).state == State.OPEN
