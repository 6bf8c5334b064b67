"""Outgoing webhooks: timeline entries for other programs and for the robots of other chats. It only speaks.

A receiver is a channel, named as in `webhooks_out`; what is sent is a card whose fields fill the bridge's body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from typing_extensions import override

from bot.clock import Clock
from bot.transports.base import Letter, Pace, TransportError
from bot.transports.one_way import OneWay
from handlers.kit.cards import Card
from playbooks.bridging import Bridge

NAME = "webhook"
TIMEOUT = 10.0
"""Seconds for an answer."""
BUSY_WAIT = 60.0
LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where to send. The address may hold a secret, so it is never said or logged."""

    url: str = field(repr=False)
    bridge: Bridge
    secret: str = field(default="", repr=False)


class WebhookTransport(OneWay):
    """Sends signed requests."""

    name = NAME
    pace = Pace(gap=0.2, per_minute=20)
    """What the robots of DingTalk and WeCom take, of which each receiver may be one."""

    def __init__(self, receivers: Mapping[str, Receiver], clock: Clock, *, timeout: float = TIMEOUT) -> None:
        self.receivers = receivers
        self.clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    @override
    async def post(self, letter: Letter) -> str:
        """Send an entry; returns its delivery's id, by which a receiver knows one that comes twice."""
        receiver = self.receivers.get(letter.channel)
        if receiver is None:
            raise TransportError(f"webhooks_out has no {letter.channel} any more", permanent=True)
        request = receiver.bridge.request(values(letter), receiver.secret, self.clock().timestamp())
        url = receiver.url
        if request.query:
            url += ("&" if "?" in url else "?") + request.query
        headers = {"Content-Type": "application/json; charset=utf-8", **request.headers}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(url, data=request.body, headers=headers, allow_redirects=False) as answer,
            ):
                said = await answer.content.read(LONGEST_ANSWER)
                _judge(receiver.bridge, answer.status, answer.headers.get("Retry-After", ""), said)
        except aiohttp.ClientConnectorError as error:
            raise TransportError("the receiver cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # Its words may hold the address.
            raise TransportError(f"no answer: {type(error).__name__}", unsure=True) from None
        return f"{letter.channel}-{letter.outbox_id}"


def values(letter: Letter) -> dict[str, str]:
    """What the placeholders of a bridge stand for."""
    card: Card = letter.card
    return {
        **{each.label: each.value for each in card.fields},
        "words": card.text,
        "message": f"{card.title}\n{card.text}",
        "delivery": f"{letter.channel}-{letter.outbox_id}",
        "repeat": "true" if letter.repeat else "false",
    }


def _judge(bridge: Bridge, status: int, wait: str, said: bytes) -> None:
    """Go on only if a receiver took what it was sent. Raises TransportError."""
    if status == 429:
        seconds = float(wait) if wait.isdecimal() else BUSY_WAIT
        raise TransportError("too many at once", retry_after=seconds)
    if not 200 <= status < 300:
        raise TransportError(f"refused with status {status}", permanent=status < 500, unsure=status >= 500)
    if not bridge.success:
        return
    told = _told(said)
    codes = {name: str(told.get(name)) for name in bridge.success}
    if any(code in bridge.busy for code in codes.values()):
        raise TransportError(f"busy: {codes}", retry_after=BUSY_WAIT)
    if codes != dict(bridge.success):
        raise TransportError(f"refused: {codes}", permanent=True)


def _told(said: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
