"""Topics that the Telegram transport makes, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.transports.base import TransportError, Why
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import Card
from handlers.kit.messages import Typed
from tests.bot.telegram_talk import CHEN, FORUM, GROUP, Inbox, letter, talking
from tests.servers.telegram import TelegramServer

TITLE = "蛋糕发霉客服不理人退款也不给" * 15


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP], forums=[FORUM]) as server:
        yield server


@pytest_asyncio.fixture
async def poster(telegram: TelegramServer) -> AsyncIterator[TelegramTransport]:
    async with talking(telegram, Inbox()) as found:
        yield found


async def test_a_room_is_a_topic_whose_title_fits(
    poster: TelegramTransport, telegram: TelegramServer
) -> None:
    opened = await poster.open_room(letter(card=Card(title=f"#12 {TITLE}"), channel=FORUM))
    [(number, name)] = telegram.chats[FORUM].named.items()
    assert (opened.thread, opened.channel, opened.name) == (f"topic:{number}", str(FORUM), name)
    assert len(name) == 128
    message = await poster.post(letter("hello", channel=FORUM, thread=opened.thread))
    assert telegram.message(int(message)).topic == number
    await poster.pin(letter(channel=FORUM, thread=opened.thread), message)
    assert telegram.chats[FORUM].pinned == [int(message)]


async def test_a_group_without_topics_says_so(poster: TelegramTransport) -> None:
    with pytest.raises(TransportError) as refused:
        await poster.open_room(letter(channel=GROUP))
    assert (refused.value.permanent, refused.value.why) == (True, Why.NO_TOPICS)


async def test_a_bot_that_may_not_make_topics_says_so(
    poster: TelegramTransport, telegram: TelegramServer
) -> None:
    telegram.chats[FORUM].manages_topics = False
    with pytest.raises(TransportError) as refused:
        await poster.open_room(letter(channel=FORUM))
    assert refused.value.why is Why.NO_RIGHTS
    assert "let the bot manage topics" in refused.value.message


async def test_a_topic_is_closed_once_and_takes_nothing_then(poster: TelegramTransport) -> None:
    opened = await poster.open_room(letter("#12", channel=FORUM))
    own = letter("#12", channel=FORUM, thread=opened.thread)
    for _ in range(2):
        await poster.close_room(own)
    with pytest.raises(TransportError) as refused:
        await poster.post(own)
    assert refused.value.why is Why.GONE
    with pytest.raises(TransportError) as refused:
        await poster.post(replace(own, thread="topic:9999"))
    assert refused.value.why is Why.GONE


async def test_an_invitation_is_a_link_that_makes_people_say_a_command(telegram: TelegramServer) -> None:
    inbox = Inbox()
    async with talking(telegram, inbox) as poster:
        assert poster.door == "https://t.me/FenghuoBot"
        await telegram.say("/start private-12", user=CHEN, chat=CHEN)
        await telegram.say("/start", user=CHEN, chat=CHEN)
        await telegram.until(lambda: len(inbox.events) == 2)
    assert [event.text for event in inbox.events if isinstance(event, Typed)] == ["private 12", "help"]
