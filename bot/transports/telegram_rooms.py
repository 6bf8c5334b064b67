"""Telegram's topics: a group that has them takes one for an incident. A bot adds nobody: who is in the group is in the topic."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from telegram import Bot
from telegram.constants import ForumTopicLimit

from bot.transports.base import Letter, Opened
from bot.transports.telegram_updates import TOPIC
from bot.transports.text import plain, shorten


class TelegramRooms:
    """What the bot does with topics that it made itself."""

    has_private_rooms = False

    _bot: Bot
    _name: str
    """The bot's, once it knows itself."""

    @property
    def door(self) -> str:
        """A bot may not write to people who never wrote to it."""
        return f"https://t.me/{self._name}" if self._name else ""

    async def open_room(self, letter: Letter) -> Opened:
        """Make a topic. Telegram shows a bot no list of them, so where an answer was lost there may be two."""
        name = shorten(plain(letter.card.title), ForumTopicLimit.MAX_NAME_LENGTH)
        async with self._told():
            topic = await self._bot.create_forum_topic(letter.channel, name)
        number = topic.message_thread_id
        group = letter.channel.removeprefix("-100")
        return Opened(
            channel=letter.channel,
            thread=f"{TOPIC}{number}",
            name=name,
            url=f"https://t.me/c/{group}/{number}" if group != letter.channel else "",
        )

    async def describe_room(self, letter: Letter) -> None:
        """A topic has a title and nothing besides; its card says the rest."""

    async def invite(self, letter: Letter) -> None:
        """Nobody need be asked in: a topic is open to the whole group."""

    async def pin(self, letter: Letter, message: str) -> None:
        """Pin a message without calling everybody."""
        async with self._told():
            await self._bot.pin_chat_message(letter.channel, int(message), disable_notification=True)

    async def close_room(self, letter: Letter) -> None:
        """Close the topic."""
        async with self._told("topic_not_modified"):
            await self._bot.close_forum_topic(letter.channel, int(letter.thread.removeprefix(TOPIC)))

    def _told(self, harmless: str = "") -> AbstractAsyncContextManager[None]:
        """Turns Telegram's errors into ours, but for one that means that there is nothing to do."""
        raise NotImplementedError
