"""Files out of Telegram: what a message says of them, and their bytes, through the real library from a Bot API server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.transports.base import TransportError, Why
from bot.transports.telegram import TelegramTransport
from handlers.kit.messages import Attached
from tests.bot.telegram_talk import CHEN, GROUP, LIN, Inbox, letter, talking, typed
from tests.servers.telegram import TelegramServer

PHOTO = b"\x89PNG mouldy cake" * 10_000
LIMIT = 20 * 2**20
SIZES = [
    {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 90, "file_size": 9},
    {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 900, "file_size": 99},
]


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP]) as running:
        yield running


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def transport(server: TelegramServer, inbox: Inbox) -> AsyncIterator[TelegramTransport]:
    async with talking(server, inbox) as running:
        yield running


async def test_a_captioned_document_is_a_command_with_a_file_whose_bytes_can_be_had(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    await server.say("/log 1 照片", user=LIN, chat=GROUP, **server.attach("蛋糕.png", PHOTO))
    event = await typed(server, inbox)
    assert event.text == "log 1 照片"
    [attached] = event.files
    assert (attached.name, attached.size, attached.mime) == ("蛋糕.png", len(PHOTO), "image/png")
    assert await transport.read_file(attached.id, LIMIT) == PHOTO


async def test_a_document_without_a_word_is_heard_in_reply_to_the_bot_only(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    number = int(await transport.post(letter("Statement #1 v1")))
    person = await server.say("看", user=CHEN, chat=GROUP)
    attached = server.attach("声明.txt", "我们正在核实。".encode())
    await server.say("", user=LIN, chat=GROUP, reply_to=person.id, **attached)
    await server.say("", user=LIN, chat=GROUP, reply_to=number, photo=SIZES)
    await server.say("", user=LIN, chat=GROUP, reply_to=number, **attached)
    event = await typed(server, inbox)
    assert (event.text, event.answer) == ("", False)
    assert event.quoted
    assert event.quoted.message == str(number)
    assert [each.name for each in event.files] == ["声明.txt"]


async def test_a_reply_brings_the_largest_photo_of_the_message_it_answers(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    photo = await server.say("看", user=CHEN, chat=-1, photo=SIZES)
    photo.chat = GROUP
    await server.say("/log 1", user=LIN, chat=GROUP, reply_to=photo.id)
    await server.until(lambda: not server.pending)
    quoted = inbox.events[-1].quoted  # type: ignore[union-attr]
    assert quoted
    assert quoted.text == "看"
    assert quoted.files == (Attached(id="large", name="photo.jpg", size=99, mime="image/jpeg"),)


async def test_what_cannot_be_had_is_refused_with_the_reason_and_without_the_token(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    async def refused(file: str, limit: int = LIMIT) -> TransportError:
        with pytest.raises(TransportError) as caught:
            await transport.read_file(file, limit)
        assert server.token not in str(caught.value)
        assert caught.value.permanent
        return caught.value

    server.files |= {"cake": PHOTO, "film": bytes(LIMIT + 1)}
    assert (await refused("nothing")).why is Why.GONE
    assert (await refused("film")).why is Why.TOO_LARGE
    assert (await refused("cake", limit=10)).why is Why.TOO_LARGE
    server.fail("getFile", error=(401, "Unauthorized"))
    assert (await refused("cake")).why is None
    server.lost.add("cake")
    assert (await refused("cake")).why is Why.GONE
