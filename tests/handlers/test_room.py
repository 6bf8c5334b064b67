"""Rooms of incidents: made, kept up to date, closed; and what is said when a platform does not play along."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.transports.base import TransportError, Why
from tests.chat import Chat
from tests.fakes import FakeRooms

LONG = "蛋糕发霉客服不理人退款也不给" * 14
SLACK_ROOM = "C1ROOM"


def able() -> dict[str, FakeRooms]:
    return {"slack": FakeRooms("slack"), "telegram": FakeRooms("telegram", has_topics=True)}


class Rooms(Chat):
    """A chat on platforms that have rooms."""

    slack: FakeRooms
    telegram: FakeRooms


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Rooms]:
    platforms = able()
    async with Rooms(url, transports=platforms, rooms_own="orange") as found:
        found.slack, found.telegram = platforms["slack"], platforms["telegram"]
        yield found


def in_room(chat: Chat, channel: str = SLACK_ROOM) -> list[str]:
    return [each.title for each in chat.transports["slack"].posts if each.channel == channel]


def in_thread(chat: Chat) -> list[str]:
    return [
        each.title for each in chat.transports["slack"].posts if each.channel == "C0ALERTS" and each.thread
    ]


async def test_a_grave_incident_offers_a_room_and_a_lesser_one_does_not(chat: Rooms) -> None:
    grave = await chat.opens("orange")
    lesser = await chat.opens("yellow")
    assert "room.room:1" in grave.wires
    assert "room.room:2" not in lesser.wires
    await chat.presses("Open a channel", grave, by="林悦")
    assert "room.room:1" not in grave.wires


async def test_a_room_has_the_living_card_pinned_its_line_and_its_people(chat: Rooms) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    heard = await chat.says("room 1", by="林悦")
    assert heard.whisper.title == "Opening a room for #1."
    made = chat.slack.rooms[0]
    assert (made.card.name, made.secret) == ("inc-1-20261120-user_complaint", False)
    card = await chat.card("incident:1:room")
    assert card.channel == SLACK_ROOM
    assert card.message in chat.slack.pinned
    assert chat.slack.guests == [(SLACK_ROOM, user) for user in ("U0LIN", "U0CHEN", "U0WU")]
    assert "#1 has a room: #inc-1-20261120-user_complaint" in in_thread(chat)
    assert [(each.kind, each.by) for each in await chat.entries()][2:] == [("room", "林悦"), ("room", "林悦")]
    await chat.says("respond 1", by="林悦")
    await chat.passes(seconds=15)
    assert "responding" in card.title
    assert [line for channel, line in chat.slack.topics if channel == SLACK_ROOM][-1].endswith(
        "responding, 林悦 · 蛋糕发霉，客服不理"
    )


async def test_the_line_over_a_room_is_set_only_when_it_changes(chat: Rooms) -> None:
    await chat.opens()
    await chat.says("room 1", by="林悦")
    before = len(chat.slack.topics)
    await chat.says("log 1 顾客来电", by="林悦")
    await chat.says("log 1 又一通", by="林悦")
    assert len(chat.slack.topics) == before == 1


async def test_what_is_said_in_the_room_needs_no_number_and_is_heard_in_both_places(chat: Rooms) -> None:
    await chat.opens()
    await chat.opens()
    await chat.says("room 1", by="林悦")
    await chat.says("claim", by="林悦", channel=SLACK_ROOM)
    assert (await chat.incident()).owner == "林悦"
    assert "林悦 has #1." in in_room(chat)
    assert "林悦 has #1." in in_thread(chat)
    said = [each for each in chat.slack.posts if each.channel == SLACK_ROOM]
    assert all(each.thread == "" for each in said)


async def test_on_telegram_a_room_is_a_topic_of_the_group_and_takes_the_place_of_the_chain(
    chat: Rooms,
) -> None:
    await chat.opens()
    await chat.says("room 1", by="林悦", on="telegram")
    assert chat.telegram.rooms[0].channel == "-1001"
    await chat.says("claim 1", by="林悦", on="telegram")
    news = [each for each in chat.telegram.posts if each.title == "林悦 has #1."]
    assert [(each.channel, each.thread) for each in news] == [("-1001", "topic:1")]
    main, own = await chat.card("incident:1", "telegram"), await chat.card("incident:1:room", "telegram")
    assert main.title == own.title
    assert own.thread == "topic:1"


async def test_a_room_is_closed_with_the_timeline_in_it(chat: Rooms) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("room 1", by="林悦")
    await chat.says("close 1 赔付完成", by="林悦")
    assert chat.slack.closed == [(SLACK_ROOM, "")]
    assert chat.telegram.closed == [("-1001", "topic:1")]
    last = [each for each in chat.slack.posts if each.channel == SLACK_ROOM][-1]
    assert last.title == "Timeline of #1, 5 entries"
    assert "closed: 赔付完成" in last.card.verbatim
    before = len(in_room(chat))
    await chat.says("reopen 1 又有了", by="林悦")
    assert len(in_room(chat)) == before
    await chat.says("room 1", by="林悦")
    assert len(chat.slack.rooms) == 2


async def test_a_room_is_not_closed_before_the_last_words_are_out(chat: Rooms) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("room 1", by="林悦")
    chat.slack.refuses(SLACK_ROOM, TransportError("busy", retry_after=5), times=1)
    await chat.says("close 1 赔付完成", by="林悦")
    assert chat.slack.closed == []
    await chat.passes(seconds=6)
    assert chat.slack.closed == [(SLACK_ROOM, "")]


async def test_of_two_who_ask_for_a_room_one_is_told_that_there_is_one(chat: Rooms) -> None:
    await chat.opens()
    await chat.says("room 1", by="林悦")
    refusal = await chat.refused("room 1", by="陈立")
    assert refusal.title == "#1 has a room of its own, or it is being opened."
    assert len(chat.slack.rooms) == 1


async def test_a_title_of_two_hundred_characters_reaches_the_platform_whole(chat: Rooms) -> None:
    await chat.opens(title=LONG)
    await chat.says("room 1", by="林悦")
    assert chat.slack.rooms[0].card.title == f"#1 {LONG}"
    assert LONG in chat.slack.topics[0][1]


async def test_two_incidents_of_one_title_have_rooms_of_two_names(chat: Rooms) -> None:
    await chat.opens()
    await chat.opens()
    await chat.says("room 1", by="林悦")
    await chat.says("room 2", by="林悦")
    names = [made.card.name for made in chat.slack.rooms]
    assert len(set(names)) == 2


async def test_a_group_without_topics_is_told_so_and_keeps_its_chain(chat: Rooms) -> None:
    chat.telegram.failing["open_room"] = [
        TransportError("the chat is not a forum", permanent=True, why=Why.NO_TOPICS)
    ]
    await chat.opens()
    await chat.says("room 1", by="林悦")
    said = next(each for each in chat.telegram.posts if each.title.startswith("No room of its own"))
    assert said.thread == (await chat.card(on="telegram")).message
    assert "this group has no topics; switch them on in its settings" in said.card.text
    assert said.card.footer == "The thread under its card stays the place."
    assert (await chat.incident()).room == "open"  # that on Slack


async def test_a_room_that_cannot_be_made_anywhere_can_be_asked_for_again(chat: Rooms) -> None:
    for platform in (chat.slack, chat.telegram):
        platform.failing["open_room"] = [TransportError("no", permanent=True, why=Why.NO_RIGHTS)]
    card = await chat.opens()
    await chat.says("room 1", by="林悦")
    assert (await chat.incident()).room == ""
    assert "room.room:1" in card.wires
    await chat.says("room 1", by="林悦")
    assert len(chat.slack.rooms) == 1


async def test_somebody_who_left_the_platform_is_named_and_the_others_are_asked_in(chat: Rooms) -> None:
    chat.slack.failing["invite"] = [TransportError("user_not_found", permanent=True, why=Why.NOBODY)]
    await chat.opens()
    await chat.says("room 1", by="林悦")
    assert "陈立 could not be asked into the room of #1." in in_room(chat)
    assert chat.slack.guests == [(SLACK_ROOM, "U0WU")]
    assert all(each.to == "U0LIN" for each in chat.slack.whispers)


@pytest.mark.parametrize("words", ["is_archived", "not_in_channel"])
async def test_a_room_that_takes_nothing_any_more_is_told_of_once_in_the_thread(
    chat: Rooms, words: str
) -> None:
    await chat.opens()
    await chat.says("room 1", by="林悦")
    chat.slack.refuses(SLACK_ROOM, TransportError(words, permanent=True, why=Why.GONE), times=99)
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    told = [title for title in in_thread(chat) if "cannot be reached" in title]
    assert told == ["The room of #1 on slack cannot be reached any more."]
    assert "林悦 has #1." in in_thread(chat)


async def test_a_drill_has_no_room_of_its_own(chat: Rooms) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    number = len(chat.telegram.rooms)
    await chat.says("new red user_complaint 演习", by="林悦", room="drills")
    refusal = await chat.refused("room 1", by="林悦", room="drills")
    assert refusal.title == "【演练】A drill stays in the drills room."
    assert len(chat.telegram.rooms) == number


async def test_a_room_that_is_ready_only_after_the_end_is_closed_at_once(chat: Rooms) -> None:
    chat.slack.failing["open_room"] = [TransportError("busy", retry_after=30)]
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("room 1", by="林悦")
    await chat.says("close 1 虚惊", by="林悦")
    await chat.passes(seconds=31)
    assert chat.slack.closed == [(SLACK_ROOM, "")]
    assert in_room(chat) == []
