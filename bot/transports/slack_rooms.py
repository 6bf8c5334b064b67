"""Slack channels of the bot's own making: one for an incident, public or private."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.transports.base import Letter, Opened
from bot.transports.slack_calls import RefusedError, call
from bot.transports.text import plain, shorten

LONGEST_NAME = 80
"""docs.slack.dev/reference/methods/conversations.create"""
LONGEST_TOPIC = 250
MOST_NAMES = 20
"""How many names are tried that are taken."""
PAGE = 1000
MAX_PAGES = 20
BOTH = "public_channel,private_channel"


class SlackRooms:
    """What the bot does with channels that it made itself."""

    has_private_rooms = True
    door = ""

    _client: AsyncWebClient
    _me: AuthorizeResult | None

    async def open_room(self, letter: Letter) -> Opened:
        """Make a channel; a name that is taken gets a number. Where an answer was lost, the channel may be there already."""
        base = channel_name(letter.card.name)
        made = await self._made(base) if letter.repeat else None
        made = made or await self._make(base, is_private=letter.secret)
        channel = str(made["id"])
        return Opened(
            channel=channel,
            name=f"#{made['name']}",
            url=f"https://slack.com/app_redirect?channel={channel}",
        )

    async def describe_room(self, letter: Letter) -> None:
        """Set the channel's topic."""
        topic = shorten(plain(letter.card.text), LONGEST_TOPIC)
        await call(self._client.conversations_setTopic(channel=letter.channel, topic=topic))

    async def invite(self, letter: Letter) -> None:
        """Bring somebody into the channel. One at a time: one who cannot come would keep all others out."""
        await self._unless(
            {"already_in_channel", "cant_invite_self"},
            self._client.conversations_invite(channel=letter.channel, users=letter.to),
        )

    async def pin(self, letter: Letter, message: str) -> None:
        """Pin a message."""
        await self._unless(
            {"already_pinned"}, self._client.pins_add(channel=letter.channel, timestamp=message)
        )

    async def close_room(self, letter: Letter) -> None:
        """Archive the channel."""
        await self._unless({"already_archived"}, self._client.conversations_archive(channel=letter.channel))

    async def _unless(self, harmless: set[str], request: Any) -> None:
        try:
            await call(request)
        except RefusedError as refused:
            if refused.error not in harmless:
                raise

    async def _make(self, base: str, *, is_private: bool) -> Mapping[str, Any]:
        names = [base, *(f"{base}-{number}" for number in range(2, MOST_NAMES))]
        for name in names[:-1]:
            try:
                return await self._create(name, is_private=is_private)
            except RefusedError as refused:
                if refused.error != "name_taken":
                    raise
        return await self._create(names[-1], is_private=is_private)

    async def _create(self, name: str, *, is_private: bool) -> Mapping[str, Any]:
        made = await call(self._client.conversations_create(name=name, is_private=is_private))
        channel: Mapping[str, Any] = made["channel"]
        return channel

    async def _made(self, base: str) -> Mapping[str, Any] | None:
        """The bot's own open channel of this name, numbered or not."""
        me = self._me.bot_user_id if self._me else ""
        async for channel in self._channels():
            if re.fullmatch(rf"{re.escape(base)}(-\d+)?", channel["name"]) and channel.get("creator") == me:
                return channel
        return None

    async def _channels(self) -> AsyncIterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in itertools.repeat(None, MAX_PAGES):
            page = await call(
                self._client.conversations_list(types=BOTH, exclude_archived=True, limit=PAGE, cursor=cursor)
            )
            for channel in page["channels"]:
                yield channel
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def channel_name(name: str) -> str:
    """What Slack takes for a channel's name: lower-case Latin letters, digits and hyphens."""
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return safe[: LONGEST_NAME - 3].strip("-") or "incident"
