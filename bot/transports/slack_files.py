"""Puts pictures into Slack: asked for an address, uploaded there, then shared in the thread of their card."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.charts import draw
from bot.transports.base import Letter
from bot.transports.slack_calls import call
from bot.transports.slack_render import escape
from bot.transports.text import plain, shorten

MAX_CAPTION = 1_000
"""Characters of `alt_txt` (docs.slack.dev/reference/methods/files.getUploadURLExternal)."""


async def share(client: AsyncWebClient, letter: Letter) -> None:
    """Share the picture of a card. Raises TransportError."""
    caption = shorten(plain(letter.card.title), MAX_CAPTION)
    png = await asyncio.to_thread(draw, letter.card.images[0])
    sharing = client.files_upload_v2(
        filename=_name(letter),
        content=png,
        title=shorten(caption, 80),
        alt_txt=caption,
        channel=letter.channel,
        thread_ts=letter.thread or None,
        initial_comment=escape(caption),
    )
    await call(sharing)


def holds(message: Mapping[str, Any], letter: Letter) -> bool:
    """Tell whether a message is this picture: files carry no metadata, but their names."""
    return any(each.get("name") == _name(letter) for each in message.get("files") or ())


def _name(letter: Letter) -> str:
    return f"fenghuo-{letter.outbox_id}.png"
