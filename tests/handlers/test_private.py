"""Private incidents: known to those who were let in, and to nobody else, anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request

from bot.transports.base import TransportError, Why
from bot.web.board import Board
from tests.chat import Chat, complaints
from tests.fakes import FakeRooms, Said
from tests.handlers.test_topics import broken

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
    for on in ("slack", "telegram"):
        assert SECRET not in str(await chat.refused("show 1", by="陈立", on=on))
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


async def test_an_insider_is_told_where_to_ask_where_nobody_else_reads_the_answer(chat: Rooms) -> None:
    await opened(chat)
    refusal = await chat.refused("show 1", by="陈立", on="slack")
    assert refusal.title == "#1 is private, and others read along here."
    assert refusal.text == "Ask in its own room, or me in a private chat."
    # Others would read along on Telegram, and whoever is not let in is told nothing anywhere.
    assert (await chat.refused("show 1", by="陈立", on="telegram")).title == "There is no incident #1."
    assert (await chat.refused("show 1", by="林悦", on="slack")).title == "There is no incident #1."


async def test_its_end_reaches_those_who_know_of_it_although_its_room_is_closed(chat: Rooms) -> None:
    await opened(chat)
    await chat.says("private @林悦", by="陈立", channel=ROOM)
    heard = await chat.says("dismiss 1 查无此事", by="陈立", on="slack", direct=True)
    told = {
        each.channel for each in heard.posts if "false alarm" in each.title and each.card.text == "查无此事"
    }
    assert {"U0CHEN", "U0LIN", "1001", "1002"} <= told
    assert chat.slack.closed == [(ROOM, "")]


async def test_one_that_is_opened_again_has_a_room_again(chat: Rooms) -> None:
    await opened(chat)
    await chat.says("dismiss 1 查无此事", by="陈立", on="slack", direct=True)
    await chat.says("reopen 1 又有证词", by="陈立", on="slack", direct=True)
    assert len(chat.slack.rooms) == 2


async def test_what_is_split_off_a_private_incident_is_private_too(chat: Rooms) -> None:
    await chat.mentions(*complaints(3), *broken())
    await chat.says("merge 1 2", by="陈立")
    await chat.says("private 1 @林悦", by="陈立", on="slack", direct=True)
    before = len(public(chat, "DU0LIN", "U0LIN", "1001"))
    await chat.says("split 1", by="陈立", on="slack", direct=True)
    assert (await chat.incident(3)).private
    said = public(chat, "DU0LIN", "U0LIN", "1001", "C2ROOM")[before:]
    assert not [each.title for each in said if "#3" in each.title]
    assert "林悦" in (await chat.says("private 3", by="陈立", on="slack", direct=True)).whisper.card.text
