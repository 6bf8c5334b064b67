"""Gets the files that people send on Telegram: asked for by id, then downloaded from an address that lives for an hour."""

from __future__ import annotations

from telegram import Bot
from telegram.error import BadRequest, InvalidToken

from bot.transports.base import TransportError, Why

_MEANS = {
    "file is too big": Why.TOO_LARGE,
    "wrong file_id": Why.GONE,
    "file is temporarily unavailable": Why.GONE,
    "invalid file_id": Why.GONE,
}
"""What a refusal means, by its words (telegram-bot-api/Client.cpp)."""


async def read(bot: Bot, file: str, limit: int) -> bytes:
    """All bytes of a file.

    Telegram's own server hands out 20 MB at most (core.telegram.org/bots/api#getfile).

    Raises:
        TransportError: it is gone or too large.
        TelegramError: anything else.
    """
    try:
        found = await bot.get_file(file)
    except BadRequest as refused:
        why = next((why for sign, why in _MEANS.items() if sign in str(refused).lower()), None)
        if why is None:
            raise
        raise TransportError(str(refused), permanent=True, why=why) from refused
    if (found.file_size or 0) > limit:
        raise TransportError(f"{found.file_size} bytes", permanent=True, why=Why.TOO_LARGE)
    try:
        return bytes(await found.download_as_bytearray())
    except InvalidToken:
        # The token was good a moment ago: this is how PTB reads a 404. Its words hold the address, and that the token.
        raise TransportError("the file is not there any more", permanent=True, why=Why.GONE) from None
