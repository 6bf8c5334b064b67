"""Texts that go out as files, and what becomes of them on their way to each platform."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from bot.speech import as_json, card_from
from bot.transports.base import Letter
from bot.transports.console import ConsoleTransport
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import DRILL_MARK, Card, Document
from handlers.kit.locale import Locale
from tests.bot.telegram_talk import GROUP, Inbox, talking
from tests.chat import Chat
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

REVIEW = Document(name="review-1.md", text="# 复盘\n" + "顾客来电。\n" * 2_000)
LETTER = Letter(outbox_id="7", channel="C0ALERTS", card=Card(title=REVIEW.name, documents=(REVIEW,)))


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP]) as running:
        yield running


@pytest.fixture
async def transport(server: TelegramServer) -> AsyncIterator[TelegramTransport]:
    async with talking(server, Inbox()) as running:
        yield running


async def test_slack_gets_a_file_in_the_cards_thread_and_finds_it_again() -> None:
    async with SlackServer() as slack:
        poster = SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
        card = await poster.post(Letter(outbox_id="6", channel="C0ALERTS", card=Card(title="#1")))
        letter = replace(LETTER, thread=card)
        assert await poster.find(letter) is None
        await poster.show(letter)
        shown = slack.posted[-1]
        [file] = shown.files
        assert shown.thread_ts == card
        assert slack.contents[file["id"]].decode() == REVIEW.text
        assert file["name"].endswith("review-1.md")
        assert await poster.find(letter) == shown.ts


async def test_telegram_gets_a_file_under_the_card(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    card = await transport.post(Letter(outbox_id="6", channel=str(GROUP), card=Card(title="#1")))
    letter = replace(LETTER, channel=str(GROUP), thread=card)
    shown = server.message(int(await transport.show(letter)))
    assert shown.reply_to == int(card)
    assert shown.document == REVIEW.text


async def test_the_terminal_prints_it_whole_and_once() -> None:
    out = io.StringIO()
    say = Locale(language="zh", zone=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 11, 20, 6, tzinfo=UTC))
    console = ConsoleTransport(person="陈立", rooms={"C0ALERTS": say}, out=out)
    await console.show(LETTER)
    assert out.getvalue().count("顾客来电。") == 2_000


async def test_a_file_comes_back_from_the_store_and_a_card_of_an_older_version_has_none() -> None:
    stored = orjson.loads(orjson.dumps(as_json(LETTER.card)))
    assert card_from(stored) == LETTER.card
    del stored["documents"]
    assert card_from(stored).documents == ()


async def test_the_file_of_a_drill_is_marked_as_one(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    heard = await chat.says("review 1", by="林悦", room="drills")
    file = next(each for each in heard.posts if each.card.documents)
    assert file.title.startswith(DRILL_MARK)
