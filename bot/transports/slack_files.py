"""Puts pictures and texts into Slack and gets the files out that people share.

A picture or text: asked for an address, uploaded there, then shared in the thread of its card. A file: asked where it lies, downloaded from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.charts import draw
from bot.transports.base import Letter, TransportError, Why
from bot.transports.slack_calls import RefusedError, call
from bot.transports.slack_render import escape
from bot.transports.text import plain, shorten

MAX_CAPTION = 1_000
"""Characters of `alt_txt` (docs.slack.dev/reference/methods/files.getUploadURLExternal)."""


SLACK_HOSTS = ("slack.com", "slack-gov.com")
"""Where the bot's token may go. The address of a file that only its link was shared of may lead anywhere."""
GONE = {"file_not_found", "file_deleted"}
"""What files.info says of a file that is not there any more (docs.slack.dev/reference/methods/files.info)."""
CHUNK = 2**16


class SlackFiles:
    """Gets the files that people share."""

    _client: AsyncWebClient

    async def read_file(self, file: str, limit: int) -> bytes:
        """All bytes of a file. Raises TransportError."""
        try:
            about = (await call(self._client.files_info(file=file)))["file"]
        except RefusedError as refused:
            refused.why = Why.GONE if refused.error in GONE else refused.why
            raise
        size = about.get("size") or 0
        if size > limit:
            raise TransportError(f"{size} bytes", permanent=True, why=Why.TOO_LARGE)
        url = about.get("url_private_download") or ""
        if about.get("is_external") or not is_slacks(url, self._client.base_url):
            raise TransportError("Slack has only a link to it", permanent=True)
        content = await _download(self._client, url, limit)
        if size and len(content) != size:
            raise TransportError(f"Slack sent {len(content)} bytes of {size}")
        return content


def is_slacks(url: str, api: str) -> bool:
    """Tell whether an address is Slack's own, or lies where the Web API does; only there the token may go."""
    asked, own = urlsplit(url), urlsplit(api)
    if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
        return True
    host = asked.hostname or ""
    return asked.scheme == "https" and any(host == each or host.endswith(f".{each}") for each in SLACK_HOSTS)


async def _download(client: AsyncWebClient, url: str, limit: int) -> bytes:
    """All bytes at an address of Slack's. It leads whoever may not read the file to a page to log in at; that is not followed."""
    headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"}
    content = bytearray()
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(url, allow_redirects=False, proxy=client.proxy, ssl=client.ssl or True) as answer,
        ):
            if answer.status != 200:
                raise _refusal(answer.status)
            async for chunk in answer.content.iter_chunked(CHUNK):
                content += chunk
                if len(content) > limit:
                    raise TransportError(f"over {limit} bytes", permanent=True, why=Why.TOO_LARGE)
    except aiohttp.ClientError as broken:
        raise TransportError(f"Slack did not hand out the file: {type(broken).__name__}") from broken
    return bytes(content)


def _refusal(status: int) -> TransportError:
    why = Why.GONE if status in {404, 410} else Why.NO_RIGHTS if status < 500 and status != 429 else None
    return TransportError(
        f"Slack answered with status {status} when asked for the file", permanent=why is not None, why=why
    )


async def share(client: AsyncWebClient, letter: Letter) -> None:
    """Share the picture or file of a card. Raises TransportError."""
    caption = shorten(plain(letter.card.title), MAX_CAPTION)
    documents = letter.card.documents
    content = (
        documents[0].text.encode() if documents else await asyncio.to_thread(draw, letter.card.images[0])
    )
    sharing = client.files_upload_v2(
        filename=_name(letter),
        content=content,
        title=shorten(caption, 80),
        alt_txt=None if documents else caption,
        channel=letter.channel,
        thread_ts=letter.thread or None,
        initial_comment=escape(caption),
    )
    await call(sharing)


def holds(message: Mapping[str, Any], letter: Letter) -> bool:
    """Tell whether a message is this picture or text: files carry no metadata, but their names."""
    return any(each.get("name") == _name(letter) for each in message.get("files") or ())


def _name(letter: Letter) -> str:
    ending = f"-{letter.card.documents[0].name}" if letter.card.documents else ".png"
    return f"fenghuo-{letter.outbox_id}{ending}"
