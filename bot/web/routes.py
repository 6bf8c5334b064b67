"""HTTP: pushed comments, the webhooks of Slack and Telegram, health."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.clock import Clock
from bot.monitor.watch import Monitor
from bot.sources.webhook import BodyError, SignatureError, parse_body, verify
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport

log = logging.getLogger(__name__)

LARGEST = 5 * 1024 * 1024
"""Bytes of one pushed body."""
LARGEST_WEBHOOK = 1024 * 1024


class TooLargeError(Exception):
    """A body is over its limit."""


class Web:
    """The HTTP side, for those transports and sources that have one.

    Args:
        pushed: names of the webhook sources.
        is_ready: whether the database answers and every transport is up.
    """

    def __init__(
        self,
        *,
        monitor: Monitor,
        pushed: set[str],
        secret: str,
        zone: ZoneInfo,
        clock: Clock,
        slack: SlackTransport | None,
        telegram: TelegramTransport | None,
        is_ready: Callable[[], Awaitable[Mapping[str, bool]]],
    ) -> None:
        self.monitor = monitor
        self.pushed = pushed
        self._secret = secret
        self.zone = zone
        self.clock = clock
        self.slack = slack
        self.telegram = telegram
        self.is_ready = is_ready

    def app(self) -> Starlette:
        """The application with its routes."""
        routes = [
            Route("/healthz", self.health),
            Route("/readyz", self.ready),
            Route("/ingest/{source}", self.ingest, methods=["POST"]),
        ]
        if self.slack is not None:
            routes.append(Route("/slack/events", self.from_slack, methods=["POST"]))
        if self.telegram is not None:
            routes.append(Route("/telegram/webhook", self.from_telegram, methods=["POST"]))
        return Starlette(routes=routes)

    async def health(self, _request: Request) -> Response:
        """The process is alive."""
        return PlainTextResponse("ok")

    async def ready(self, _request: Request) -> Response:
        """Every part is up: 200, else 503; says which is not."""
        parts = await self.is_ready()
        return JSONResponse(dict(parts), status_code=200 if all(parts.values()) else 503)

    async def ingest(self, request: Request) -> Response:
        """Take pushed comments; they are stored when it answers 202."""
        source = request.path_params["source"]
        if not self._secret:
            return _error(503, "INGEST_SECRET is not set, so nothing is accepted")
        try:
            body = await _body(request, LARGEST)
            verify(
                self._secret,
                request.headers.get("X-Fenghuo-Timestamp"),
                request.headers.get("X-Fenghuo-Signature"),
                body,
                self.clock(),
            )
        except TooLargeError:
            return _error(413, f"at most {LARGEST} bytes")
        except SignatureError as error:
            log.warning("ingest %s from %s refused: %s", source[:40], request.client and request.client.host, error)
            return _error(401, str(error))
        if source not in self.pushed:
            return _error(404, "there is no webhook source of this name")
        try:
            found, rejects = parse_body(body, source, timezone=self.zone, now=self.clock())
        except BodyError as error:
            return _error(400, str(error))
        tally = await self.monitor.take(source, found, rejects)
        counts = {"new": tally.new, "known": tally.known, "dropped": tally.dropped, "rejected": tally.rejected}
        return JSONResponse({"accepted": tally.new + tally.known, **counts}, status_code=202)

    async def from_slack(self, request: Request) -> Response:
        """What Slack sends: commands, interactivity, events."""
        assert self.slack is not None
        return await self.slack.http_handler(request)

    async def from_telegram(self, request: Request) -> Response:
        """What Telegram sends."""
        assert self.telegram is not None
        try:
            body = await _body(request, LARGEST_WEBHOOK)
        except TooLargeError:
            return Response(status_code=413)
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        return Response(status_code=await self.telegram.receive_webhook(body, secret))


async def _body(request: Request, most: int) -> bytes:
    """Read a body, but never more than `most` bytes of it."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise TooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLargeError
    return bytes(body)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
