"""Merging and splitting by hand: counts are kept, and every incident has one card."""

from __future__ import annotations

from bot.sources.base import Found
from storage import incidents
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
