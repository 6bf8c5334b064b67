"""Files out of Slack: what a message says of them, and their bytes, against tests/servers/slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from bot.transports.base import TransportError, Why
from bot.transports.slack import SlackTransport
from bot.transports.slack_files import is_slacks
from handlers.kit.messages import Attached, Pressed, Typed
from tests.servers.slack import SlackServer

PHOTO = b"\x89PNG mouldy cake" * 10_000
LIMIT = len(PHOTO)


class Inbox:
    """An intake that keeps what it is given."""

    def __init__(self) -> None:
        self.typed: list[Typed] = []

    async def receive(self, event: Typed | Pressed) -> None:
        assert isinstance(event, Typed)
        self.typed.append(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError(event)


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


def reader(slack: SlackServer) -> SlackTransport:
    """A transport that only asks; receiving is not up."""
    return SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)


@asynccontextmanager
async def listening(slack: SlackServer) -> AsyncIterator[tuple[SlackTransport, Inbox]]:
    transport, inbox = reader(slack), Inbox()
    await transport.start(inbox)
    try:
        yield transport, inbox
    finally:
        await transport.stop()


async def test_a_mention_brings_its_files_and_their_bytes_can_be_had(slack: SlackServer) -> None:
    async with listening(slack) as (transport, inbox):
        sent = slack.attach("蛋糕.png", PHOTO)
        assert (await slack.mention("log 1 照片", files=[sent])).ok
        [attached] = inbox.typed[0].files
        assert attached == Attached(id=sent["id"], name="蛋糕.png", size=len(PHOTO), mime="image/png")
        assert await transport.read_file(attached.id, LIMIT) == PHOTO


async def test_a_marked_message_brings_its_files(slack: SlackServer) -> None:
    async with listening(slack) as (_, inbox):
        said = slack.hear("", "U0CHEN", "C0ALERTS", files=[slack.attach("蛋糕.png", PHOTO)])
        await slack.react("pushpin", said.ts)
        quoted = inbox.typed[0].quoted
        assert quoted
        assert [each.name for each in quoted.files] == ["蛋糕.png"]


async def test_what_cannot_be_had_is_refused_with_the_reason(slack: SlackServer) -> None:
    transport = reader(slack)
    number = slack.attach("蛋糕.png", PHOTO)["id"]

    async def refused(file: str = number, limit: int = LIMIT) -> TransportError:
        with pytest.raises(TransportError) as caught:
            await transport.read_file(file, limit)
        return caught.value

    assert (await refused("F0")).why is Why.GONE
    assert (await refused(limit=LIMIT - 1)).why is Why.TOO_LARGE
    slack.uploads[number]["size"] = 0
    assert (await refused(limit=LIMIT - 1)).why is Why.TOO_LARGE
    slack.uploads[number]["size"] = LIMIT + 1
    assert not (await refused(limit=LIMIT + 1)).permanent
    slack.fail("files.info", error="missing_scope")
    assert (await refused()).why is Why.NO_RIGHTS
    slack.fail("files.info", ratelimit=7)
    assert (await refused()).retry_after == 7
    del slack.contents[number]
    slack.uploads[number]["size"] = LIMIT
    assert (await refused()).why is Why.GONE


async def test_whoever_is_sent_to_the_log_in_page_keeps_no_page(slack: SlackServer) -> None:
    number = slack.attach("蛋糕.png", PHOTO)["id"]
    transport = reader(slack)
    slack.hides_files = True
    with pytest.raises(TransportError) as caught:
        await transport.read_file(number, LIMIT)
    assert (caught.value.permanent, caught.value.why) == (True, Why.NO_RIGHTS)


async def test_the_token_goes_to_slack_only(slack: SlackServer) -> None:
    async with SlackServer() as stranger:
        number = slack.attach("x.png", PHOTO, url_private_download=f"{stranger.url}/files/F1")["id"]
        stranger.contents["F1"] = PHOTO
        with pytest.raises(TransportError, match="only a link"):
            await reader(slack).read_file(number, LIMIT)
        external = slack.attach("x.png", PHOTO, is_external=True)["id"]
        with pytest.raises(TransportError, match="only a link"):
            await reader(slack).read_file(external, LIMIT)


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/x.png", True),
        ("https://files.slack-gov.com/x", True),
        ("http://files.slack.com/x", False),
        ("https://files.slack.com.example.com/x", False),
        ("https://notslack.com/x", False),
        ("https://files.slack.com@example.com/x", False),
        ("http://proxy.internal:8080/files/x", True),
        ("http://proxy.internal:9090/files/x", False),
        ("", False),
    ],
)
def test_an_address_is_slacks_own(url: str, is_ours: bool) -> None:
    assert is_slacks(url, "http://proxy.internal:8080/api/") is is_ours
