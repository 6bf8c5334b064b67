"""Private incidents: known to those who were let in, and to nobody else, anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request

from bot.transports.base import TransportError, Why
from bot.web.board import Board
from tests.chat import Chat
from tests.fakes import FakeRooms, Said

SECRET = "总监骚扰员工"
ROOM = "C1ROOM"


class Rooms(Chat):
    slack: FakeRooms
    telegram: FakeRooms


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Rooms]:
    platforms = {"slack": FakeRooms("slack"), "telegram": FakeRooms("telegram", has_topics=True)}
    async with Rooms(url, transports=platforms, rooms_own="orange") as found:
        found.slack, found.telegram = platforms["slack"], platforms["telegram"]
        yield found


async def opened(chat: Rooms) -> None:
    """A lead opens a private incident, in private."""
    await chat.says(f"new red employee_conduct private {SECRET}", by="陈立", on="slack", direct=True)


def public(chat: Chat, *insiders: str) -> list[Said]:
    """What stands where others read."""
    private = {ROOM, "1002", "DU0CHEN", "U0CHEN", *insiders}
    return [
        each
        for transport in chat.transports.values()
        for each in transport.said
        if each.channel not in private and each.to not in {"U0CHEN", "1002"}
    ]


async def test_a_private_incident_goes_to_a_private_channel_and_to_private_chats(chat: Rooms) -> None:
    await opened(chat)
    made = chat.slack.rooms
    assert [(each.secret, each.card.name) for each in made] == [(True, "inc-1-20261120")]
    assert chat.telegram.rooms == []
    assert chat.slack.guests == [(ROOM, "U0CHEN")]
    cards = [each for each in (*chat.slack.posts, *chat.telegram.posts) if SECRET in each.title]
    assert {each.channel for each in cards} == {ROOM, "1002"}
    assert public(chat) == []


async def test_its_title_appears_nowhere_for_others(chat: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    await opened(chat)
    await chat.opens()
    for text in (
        "claim",
        "level blue 看错了",
        "log 当事人已停职",
        "draft",
        "room",
        "timeline",
        "show",
        "close 已处理",
    ):
        await chat.says(text, by="陈立", channel=ROOM)
    await chat.passes(hours=30)
    for text in (
        "list",
        "list all",
        "list closed",
        "report day",
        "show 1",
        "timeline 1",
        "review 1",
        "claim 1",
    ):
        for by in ("林悦", "吴桐"):
            await chat.says(text, by=by)
            await chat.says(text, by=by, direct=True)
    words = [f"{each.text} {each.card}" for each in public(chat)]
    assert words
    assert not [word for word in words if SECRET in word or "停职" in word]
    page = await Board(database=chat.database, team=chat.team, clock=chat.clock).page(
        Request({"type": "http"})
    )
    assert SECRET not in bytes(page.body).decode()


async def test_commands_of_others_are_refused_as_if_there_were_none(chat: Rooms) -> None:
    await opened(chat)
    for by in ("林悦", "吴桐"):
        for direct in (True, False):
            refusal = await chat.refused("claim 1", by=by, direct=direct)
            none = await chat.refused("claim 7", by=by, direct=direct)
            assert refusal.title == none.title.replace("7", "1")
            assert refusal.text == none.text


async def test_even_an_insider_cannot_show_it_where_others_read_along(chat: Rooms) -> None:
    await opened(chat)
    refusal = await chat.refused("show 1", by="陈立", on="slack")
    assert refusal.title == "There is no incident #1."
    assert any(SECRET in each.title for each in (await chat.says("show 1", by="陈立", direct=True)).posts)


async def test_only_a_lead_may_make_one(chat: Rooms) -> None:
    refusal = await chat.refused(f"new red employee_conduct private {SECRET}", by="林悦")
    assert refusal.title == "Only a lead may do that."
    await chat.opens()
    assert (await chat.refused("private 1", by="林悦")).title == "Only a lead may do that."


async def test_whoever_is_let_in_is_asked_into_the_channel_and_sees_it(chat: Rooms) -> None:
    await opened(chat)
    heard = await chat.says("private @林悦", by="陈立", channel=ROOM)
    assert heard.whisper.card.text == "It is known to: 林悦, 陈立"
    assert not [each for each in heard.posts if each.channel == ROOM]
    assert heard.whisper.card.links[0].url == "https://telegram.invalid/bot?start=private-1"
    assert (ROOM, "U0LIN") in chat.slack.guests
    assert any(each.channel == "1001" and SECRET in each.title for each in chat.telegram.posts)
    await chat.says("claim", by="林悦", channel=ROOM)
    assert (await chat.incident()).owner == "林悦"
    listed = await chat.says("list", by="林悦", direct=True)
    assert SECRET in listed.whisper.text
    assert SECRET not in (await chat.says("list", by="林悦")).whisper.text


async def test_whoever_never_wrote_to_the_bot_gets_the_card_once_they_do(chat: Rooms) -> None:
    await opened(chat)
    chat.telegram.refuses("1001", TransportError("can't initiate conversation", permanent=True), times=9)
    await chat.says("private @林悦", by="陈立", channel=ROOM)
    assert not [each for each in chat.telegram.posts if each.channel == "1001"]
    chat.telegram.refuses("1001", TransportError(""), times=0)
    await chat.says("private 1", by="林悦", on="telegram", direct=True)
    assert (await chat.card(on="telegram")).channel == "1001"


async def test_making_one_private_takes_its_public_cards_back(chat: Rooms) -> None:
    card = await chat.opens(title=SECRET)
    await chat.says("claim 1", by="林悦")
    heard = await chat.says("private 1", by="陈立", on="slack")
    assert card.title == "This is private now."
    assert not card.card.buttons
    assert heard.whisper.card.footer == "What was said of it in public before stays there; delete it by hand."
    assert (await chat.card("incident:1:room")).channel == ROOM
    before = len(public(chat, "1001"))
    await chat.says("respond", by="林悦", channel=ROOM)
    await chat.passes(minutes=5)
    assert [each.title for each in public(chat, "1001")[before:]] == []
    assert SECRET not in card.title
    assert (await chat.incident()).state == "responding"


async def test_a_reply_in_its_old_thread_finds_nothing(chat: Rooms) -> None:
    card = await chat.opens(title=SECRET)
    await chat.says("private 1", by="陈立", direct=True)
    refusal = await chat.refused("claim", by="吴桐", under=card)
    assert refusal.title == "There is no incident #1."


async def test_a_place_in_a_private_channel_is_the_incidents_own(chat: Rooms) -> None:
    await opened(chat)
    await chat.says("log 当事人已停职", by="陈立", channel=ROOM)
    entries = await chat.entries()
    assert [each.text for each in entries if each.kind == "log"] == ["当事人已停职"]


async def test_a_private_channel_that_cannot_be_made_is_told_of_in_private(chat: Rooms) -> None:
    chat.slack.failing["open_room"] = [TransportError("no", permanent=True, why=Why.NO_RIGHTS)]
    await opened(chat)
    told = [each for each in chat.slack.posts if each.title.startswith("No room of its own")]
    assert [each.channel for each in told] == ["U0CHEN"]
    assert public(chat) == []


async def test_none_is_made_where_others_read_along(chat: Rooms) -> None:
    refusal = await chat.refused(f"new red employee_conduct private {SECRET}", by="陈立", on="telegram")
    assert (refusal.title, refusal.text) == ("Others read along here.", "Say this to me in a private chat.")
    assert SECRET not in refusal.title + refusal.text
