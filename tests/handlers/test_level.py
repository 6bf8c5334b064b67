"""Levels: up for everybody who works, down for those who answer for it."""

from dataclasses import replace
from datetime import timedelta

from storage import deadlines
from tests.chat import CHANNELS, Chat, team


async def due(chat: Chat, number: int = 1) -> dict[str, float]:
    """Minutes from now until each duty that is still ahead."""
    async with chat.database.read() as session:
        found = await deadlines.of(session, number)
    return {
        each.kind: (each.due_at - chat.clock()) / timedelta(minutes=1)
        for each in found
        if not each.is_late and each.kind not in {"brief", "golden"}
    }


async def opened(chat: Chat, *words: str) -> None:
    """Incident #1, brought as far as the words of 林悦 bring it."""
    await chat.opens()
    for text in words:
        await chat.says(text, by="林悦")


async def test_a_level_up_restarts_the_clocks_and_is_shown_in_the_room(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.says("claim 1", by="林悦")
    await chat.says("release 1", by="林悦")
    await chat.passes(minutes=20)
    heard = await chat.says("level 1 红 上了热搜", by="林悦")
    assert (await chat.incident()).level == "red"
    assert await due(chat) == {"claim": 5, "assemble": 15, "holding": 60}
    told = [each for each in heard.posts if each.broadcast]
    assert {each.transport for each in told} == {"slack", "telegram"}
    assert {each.thread for each in told} == {
        (await chat.card()).message,
        (await chat.card(on="telegram")).message,
    }
    assert all("上了热搜" in each.text for each in told)
    entry = next(each for each in await chat.entries() if each.kind == "level")
    assert (entry.kind, entry.data["old"], entry.data["new"], entry.text) == (
        "level",
        "yellow",
        "red",
        "上了热搜",
    )


async def test_a_level_down_stays_in_the_thread_and_leaves_the_clocks(chat: Chat) -> None:
    await opened(chat, "claim 1", "respond 1")
    await chat.passes(minutes=20)
    heard = await chat.says("级别 1 蓝", by="林悦")
    assert (await chat.incident()).level == "blue"
    assert await due(chat) == {"holding": 100}
    assert heard.posts
    assert not any(each.broadcast for each in heard.posts)


async def test_the_level_goes_down_only_for_the_commander_or_a_lead(chat: Chat) -> None:
    await opened(chat)
    await chat.refused("level 1 blue", by="林悦")
    await chat.says("level 1 yellow", by="吴桐")
    assert (await chat.incident()).level == "yellow"


async def test_level_is_refused_without_sense(chat: Chat) -> None:
    await opened(chat)
    await chat.refused("level 1 orange", by="林悦")
    assert "level N LEVEL" in (await chat.refused("level 1 purple", by="林悦")).text
    assert "level N LEVEL" in (await chat.refused("level 1", by="林悦")).text
    await chat.says("dismiss 1 旧图", by="陈立")
    await chat.refused("level 1 red", by="陈立")
    assert (await chat.incident()).level == "orange"


async def test_a_graver_level_reaches_the_rooms_that_want_only_that(url: str) -> None:
    alerts = team().rooms[0]
    board = replace(alerts, name="board", ids={"slack": "C0BOARD"}, levels=frozenset({"red"}))
    async with Chat(url, team=team(rooms=(alerts, board))) as chat:
        await chat.opens("yellow")
        assert not [each for each in chat.transports["slack"].said if each.channel == "C0BOARD"]
        await chat.says("level 1 red", by="林悦")
        cards = [each for each in chat.transports["slack"].said if each.channel == "C0BOARD"]
        assert "#1" in cards[0].title
        assert "incident.claim:1" in cards[0].wires
        assert (
            len(
                [
                    each
                    for each in chat.transports["slack"].posts
                    if each.channel == CHANNELS["alerts"]["slack"] and not each.thread
                ]
            )
            == 1
        )
        await chat.says("claim 1", by="林悦")
        assert "林悦" in cards[0].title
