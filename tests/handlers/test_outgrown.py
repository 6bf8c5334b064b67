"""A level that rises after a text was approved: what it asks for is asked for before the text goes out."""

from collections.abc import AsyncIterator

import pytest

from storage import incidents
from storage.models import Release
from tests.chat import PEOPLE, Chat, Said, rows, team
from tests.handlers.test_approval import GAO, HE


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a third lead and the CEO."""
    async with Chat(url, team=team(people=(*PEOPLE, HE, GAO))) as chat:
        yield chat


async def state(chat: Chat) -> str:
    return (await chat.versions())[-1].state


async def agreed(chat: Chat) -> Said:
    """A yellow text that has its two approvals."""
    await chat.opens("yellow")
    await chat.says("draft 1", by="林悦")
    card = await chat.card("statement:1:1")
    await chat.presses("Approve", card, by="陈立")
    await chat.presses("Approve", card, by="吴桐")
    assert await state(chat) == "approved"
    return card


async def released(chat: Chat) -> list[Release]:
    async with chat.database.read() as session:
        return list(await rows(session, Release))


async def test_a_text_approved_at_a_lower_level_goes_out_only_when_the_graver_one_has_approved_it(
    chat: Chat,
) -> None:
    card = await agreed(chat)
    heard = await chat.says("level 1 red", by="何青")
    told = [each for each in heard.posts if "approved again" in each.title]
    assert {"陈立", "吴桐", "高远"} == {name for each in told for name in each.calls}
    assert await state(chat) == "pending"
    for words in (
        "copy 1 微博",
        "publish 1 微博 https://weibo.com/1/abc",
        "publish 1 v1 微博 https://weibo.com/1",
    ):
        refusal = await chat.refused(words, by="林悦")
        assert "Legal (吴桐), CEO office (高远)" in refusal.text
    for name in ("陈立", "吴桐", "高远"):
        assert await state(chat) == "pending"
        await chat.says("approve 1", by=name)
    assert "CEO" in card.text
    await chat.says("publish 1 微博 https://weibo.com/1/abc", by="林悦")
    assert [each.state for each in await released(chat)] == ["live"]
    assert (await chat.kinds()).count("put_back") == 1


async def test_what_is_out_stays_out_and_its_card_says_that_a_lower_level_approved_it(chat: Chat) -> None:
    card = await agreed(chat)
    await chat.says("publish 1 微博 https://weibo.com/1/abc", by="林悦")
    await chat.says("level 1 red", by="何青")
    assert [each.state for each in await released(chat)] == ["live"]
    assert await state(chat) == "approved"
    assert "approved at Yellow only" in card.title
    assert "nobody publishes it anywhere else" in card.text
    for words in ("copy 1", "publish 1 抖音 https://v.douyin.com/x"):
        refusal = await chat.refused(words, by="林悦")
        assert "Missing: PR or lead (" in refusal.title
        assert "CEO office (高远)" in refusal.title
    text = (await chat.versions())[0].text
    await chat.says(f"edit 1 {text}", by="何青")
    first, second = await chat.versions()
    assert (first.state, second.state, second.text) == ("approved", "pending", text)
    assert set(second.authors) == {"林悦", "何青"}
    await chat.says("recall 1 v1 说法有变", by="何青")
    assert (await chat.versions())[0].state == "recalled"


async def test_a_level_that_the_monitor_raised_keeps_the_text_in_before_anybody_is_told(chat: Chat) -> None:
    await agreed(chat)
    async with chat.database.write() as session:
        assert await incidents.set_level(session, 1, "yellow", "red")
    refusal = await chat.refused("publish 1 微博 https://weibo.com/1/abc", by="林悦")
    assert "v1 was approved at Yellow; #1 is Red now" in refusal.title
    await chat.refused("copy 1 微博", by="林悦")


async def test_a_level_that_falls_takes_no_approval_away(chat: Chat) -> None:
    await agreed(chat)
    await chat.says("level 1 blue", by="何青")
    assert await state(chat) == "approved"
    await chat.says("publish 1 微博 https://weibo.com/1/abc", by="林悦")


async def test_a_text_that_one_lead_released_alone_may_go_out_at_any_level(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.says("draft 1", by="林悦")
    await chat.says("emergency 1 凌晨联系不上会签人", by="何青")
    await chat.says("approve 1", by="吴桐")
    await chat.says("level 1 red", by="何青")
    assert await state(chat) == "approved"
    await chat.says("publish 1 微博 https://weibo.com/1/abc", by="林悦")


async def test_an_approval_from_before_an_emergency_release_is_no_review_of_it(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says("emergency 1 无人可联系", by="吴桐")
    assert (await chat.kinds())[-1] == "emergency"
    await chat.says("approve 1", by="陈立")
    assert (await chat.kinds())[-2:] == ["approve", "reviewed_after"]
