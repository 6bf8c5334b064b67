"""What the Telegram wire tests share: an inbox, a bot that talks to the server, letters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.transports.base import Letter, Transport
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import Card
from handlers.kit.messages import Pressed, Typed
from tests.servers.telegram import TelegramServer

GROUP = -1001
FORUM = -1002
LIN = 1001
CHEN = 1002
SECRET = "s3cret-for-tests"


class Inbox:
    """Keeps what comes in once, as the real one does; refuses the next `failures` events."""

    def __init__(self) -> None:
        self.events: list[Typed | Pressed] = []
        self.failures = 0

    async def receive(self, event: Typed | Pressed) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the disk is full")
        if event.id not in {e.id for e in self.events}:
            self.events.append(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError(f"Telegram has no forms: {event}")


@asynccontextmanager
async def talking(server: TelegramServer, inbox: Inbox, **settings: Any) -> AsyncIterator[TelegramTransport]:
    transport = TelegramTransport(token=server.token, api_url=server.url, patience=0.01, **settings)
    platform: Transport = transport
    await platform.start(inbox)
    try:
        yield transport
    finally:
        await transport.stop()


def letter(title: str = "hello", *, channel: int = GROUP, **more: object) -> Letter:
    card = more.pop("card", Card(title=title))
    return Letter(outbox_id="1", channel=str(channel), card=card, **more)  # type: ignore[arg-type]


async def heard(server: TelegramServer, inbox: Inbox) -> Typed | Pressed:
    """The one event that came in, once the server knows it is stored."""
    await server.until(lambda: not server.pending)
    assert len(inbox.events) == 1
    return inbox.events[0]


async def typed(server: TelegramServer, inbox: Inbox) -> Typed:
    event = await heard(server, inbox)
    assert isinstance(event, Typed)
    return event
