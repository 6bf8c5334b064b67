"""What Telegram delivers to the webhook, and what is refused there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.transports.base import TransportError
from bot.transports.telegram import TelegramTransport
from tests.bot.telegram_talk import FORUM, GROUP, LIN, SECRET, Inbox, talking, typed
from tests.servers.telegram import TelegramServer


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP], forums=[FORUM]) as running:
        yield running


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def transport(server: TelegramServer, inbox: Inbox) -> AsyncIterator[TelegramTransport]:
    async with talking(server, inbox) as running:
        yield running


def update(text: str = "/claim 12", number: int = 5) -> bytes:
    chat = {"id": GROUP, "type": "supergroup", "title": "g"}
    sender = {"id": LIN, "is_bot": False, "first_name": "Lin"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": sender, "text": text}
    return json.dumps({"update_id": number, "message": message}).encode()


@pytest.fixture
async def hooked(server: TelegramServer, inbox: Inbox) -> AsyncIterator[TelegramTransport]:
    settings = {"webhook_url": "http://127.0.0.1:9/telegram/webhook", "webhook_secret": SECRET}
    async with talking(server, inbox, **settings) as running:
        yield running


async def test_the_webhook_is_asked_for_with_its_secret(
    server: TelegramServer, hooked: TelegramTransport
) -> None:
    assert server.webhook["url"] == "http://127.0.0.1:9/telegram/webhook"
    assert server.webhook["secret_token"] == SECRET
    assert not server.named("getUpdates")


async def test_the_webhook_takes_an_update_once_stored(hooked: TelegramTransport, inbox: Inbox) -> None:
    assert await hooked.receive_webhook(update(), SECRET) == 200
    assert await hooked.receive_webhook(update(), SECRET) == 200
    assert [e.id for e in inbox.events] == ["telegram:update:5"]


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET.upper(), "密"])
async def test_the_webhook_refuses_a_wrong_secret(
    hooked: TelegramTransport, inbox: Inbox, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await hooked.receive_webhook(update(), secret) == 403
    assert not inbox.events
    assert SECRET not in caplog.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"update_id": "5"}', b"\xff", b"[" * 100_000])
async def test_the_webhook_refuses_what_is_no_update(hooked: TelegramTransport, body: bytes) -> None:
    assert await hooked.receive_webhook(body, SECRET) == 400


async def test_the_webhook_asks_for_a_repeat_when_storing_failed(
    hooked: TelegramTransport, inbox: Inbox
) -> None:
    inbox.failures = 1
    assert await hooked.receive_webhook(update(), SECRET) == 503
    assert await hooked.receive_webhook(update(), SECRET) == 200
    assert len(inbox.events) == 1


async def test_without_a_secret_the_webhook_is_shut(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    assert await transport.receive_webhook(update(), "") == 403


async def test_polling_takes_an_old_webhook_away(server: TelegramServer, inbox: Inbox) -> None:
    server.webhook = {"url": "http://127.0.0.1:9/", "secret_token": SECRET}
    async with talking(server, inbox):
        await server.say("/claim 12", user=LIN, chat=GROUP)
        assert (await typed(server, inbox)).text == "claim 12"


async def test_a_webhook_needs_a_secret(server: TelegramServer, inbox: Inbox) -> None:
    transport = TelegramTransport(token=server.token, api_url=server.url, webhook_url="https://a.example/t")
    with pytest.raises(TransportError, match="TELEGRAM_WEBHOOK_SECRET") as refused:
        await transport.start(inbox)
    assert refused.value.permanent
