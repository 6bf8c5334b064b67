"""Turn Telegram's errors into what delivery needs to know, in words that say how to mend them."""

from __future__ import annotations

import os
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.transports.base import TransportError, Why

# PTB's switch for `RetryAfter.retry_after` as a timedelta; without it every such error warns.
os.environ.setdefault("PTB_TIMEDELTA", "true")

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, RuntimeError)
"""The causes that mean that Telegram never saw the request; PTB raises RuntimeError on a closed connection pool."""

_HINTS = {
    "chat not found": "add the bot to that group and check its id under `rooms`",
    "bot was kicked": "add the bot to the group again",
    "bot is not a member": "add the bot to the group again",
    "bot was blocked": "the person must unblock the bot",
    "can't initiate conversation": "the person must press /start in a private chat with the bot first",
    "user is deactivated": "take the person out of `people`",
    "not enough rights to create": "let the bot manage topics",
    "not enough rights": "let the bot write in the group's permissions",
    "have no rights": "let the bot write in the group's permissions",
    "message thread not found": "the topic is gone",
    "chat is not a forum": "switch topics on in the group's settings",
    "topic_closed": "open the topic again, or let the bot manage topics",
}
"""What to do about an error, by its words (telegram-bot-api/Client.cpp)."""


_MEANS = {
    "not a forum": Why.NO_TOPICS,
    "not enough rights": Why.NO_RIGHTS,
    "chat_admin_required": Why.NO_RIGHTS,
    "message thread not found": Why.GONE,
    "topic_closed": Why.GONE,
    "topic_deleted": Why.GONE,
    "topic_id_invalid": Why.GONE,
    "bot was kicked": Why.GONE,
    "bot is not a member": Why.GONE,
    "chat not found": Why.GONE,
}
"""What some errors mean to us, by their words."""


def explain(err: TelegramError, token: str) -> TransportError:
    """Say what an error means for the message that was on its way.

    Args:
        err: as PTB raised it.
        token: the bot's, which must not be repeated.

    Returns:
        Unsure unless the request is known not to have reached Telegram, or Telegram refused it.
    """
    words = str(err).replace(token, "TOKEN")
    if isinstance(err, RetryAfter):
        wait = err.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        return TransportError(words, retry_after=seconds)
    if isinstance(err, ChatMigrated):
        return TransportError(words, moved_to=str(err.new_chat_id))
    if isinstance(err, InvalidToken | EndPointNotFound):
        return TransportError("TELEGRAM_BOT_TOKEN: Telegram does not know this token", permanent=True)
    if isinstance(err, BadRequest | Forbidden):
        said = words.lower()
        hint = next((hint for sign, hint in _HINTS.items() if sign in said), "")
        why = next((why for sign, why in _MEANS.items() if sign in said), None)
        return TransportError(f"{words}: {hint}" if hint else words, permanent=True, why=why)
    return TransportError(words, unsure=not isinstance(err.__cause__, _NOT_SENT))
