"""HTTP: pushed comments, the webhooks of Slack and Telegram, health, metrics and the board."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import BrokenExecutor
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from bot.clock import Clock
from bot.monitor.watch import Monitor
from bot.sources.base import Push, PushError
from bot.sources.webhook import MAX_BODY, BodyError, SignatureError, verify
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from bot.web.gate import Gate, Page
from bot.web.pages import LARGEST_FORM, Pages
from storage.database import DatabaseError, reason

log = logging.getLogger(__name__)

LARGEST_WEBHOOK = 1024 * 1024
"""Bytes of what a chat platform sends; both stay far below."""
BODY_SECONDS = 30.0
"""How long a body may take to arrive, so that nobody holds connections open with half of one."""


class UnwantedError(Exception):
    """A body is not read to its end; `status` is what that is answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Web:
    """The HTTP side, for those transports and sources that have one.

    Args:
        pushed: names of the webhook sources.
        receivers: by name, sources to which a platform sends in its own way.
        is_ready: whether the database answers and every transport is up.
        gate: stands before `board` and `metrics`.
        pages: what people outside open.
    """

    def __init__(
        self,
        *,
        monitor: Monitor,
        pushed: set[str],
        receivers: Mapping[str, Push],
        secret: str,
        zone: ZoneInfo,
        clock: Clock,
        slack: SlackTransport | None,
        telegram: TelegramTransport | None,
        is_ready: Callable[[], Awaitable[Mapping[str, bool]]],
        gate: Gate,
        board: Page,
        metrics: Page,
        pages: Pages,
    ) -> None:
        self.monitor = monitor
        self.pushed = pushed
        self.receivers = receivers
        self._secret = secret
        self.zone = zone
        self.clock = clock
        self.slack = slack
        self.telegram = telegram
        self.is_ready = is_ready
        self.gate = gate
        self.board = board
        self.metrics = metrics
        self.pages = pages

    def app(self) -> Starlette:
        """The application with its routes."""
        routes = [
            Route("/healthz", self.health),
            Route("/readyz", self.ready),
            Route("/metrics", self.gate.around(self.metrics)),
            Route("/", self.gate.around(self.board)),
            Route("/ingest/{source}", self.ingest, methods=["POST"]),
            *self._outside(),
        ]
        if self.slack is not None:
            routes.append(Route("/slack/events", self.from_slack, methods=["POST"]))
        if self.telegram is not None:
            routes.append(Route("/telegram/webhook", self.from_telegram, methods=["POST"]))
        return Starlette(
            routes=routes,
            exception_handlers={
                UnwantedError: _unwanted,
                ClientDisconnect: _gone,
                DatabaseError: _unavailable,
                BrokenExecutor: _unavailable,
            },
        )

    def _outside(self) -> list[Route]:
        pages = self.pages

        def sent(take: Callable[[Request, bytes], Awaitable[Response]]) -> Page:
            async def read(request: Request) -> Response:
                return await take(request, await _body(request, LARGEST_FORM))

            return pages.around(read)

        return [
            Route("/ack/{token}", pages.around(pages.notice)),
            Route("/ack/{token}", sent(pages.confirm), methods=["POST"]),
            Route("/feedback/{token}", pages.around(pages.survey)),
            Route("/feedback/{token}", sent(pages.answer), methods=["POST"]),
        ]

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
        if receiver := self.receivers.get(source):
            return await self._from_platform(request, source, receiver)
        if not self._secret:
            return _error(503, "INGEST_SECRET is not set, so nothing is accepted")
        body = await _body(request, MAX_BODY)
        try:
            verify(
                self._secret,
                request.headers.get("X-Fenghuo-Timestamp"),
                request.headers.get("X-Fenghuo-Signature"),
                body,
                self.clock(),
            )
        except SignatureError as error:
            log.warning("ingest %r from %s refused: %s", source[:40], _host(request), error)
            return _error(401, str(error))
        if source not in self.pushed:
            return _error(404, "there is no webhook source of this name")
        try:
            tally = await self.monitor.push(source, body, self.zone)
        except BodyError as error:
            return _error(400, str(error))
        counts = {
            "new": tally.new,
            "known": tally.known,
            "dropped": tally.dropped,
            "rejected": tally.rejected,
        }
        return JSONResponse({"accepted": tally.new + tally.known, **counts}, status_code=202)

    async def _from_platform(self, request: Request, source: str, receiver: Push) -> Response:
        """Take what a platform sends about our own accounts, as it signs it."""
        body = await _body(request, LARGEST_WEBHOOK)
        try:
            pushed = receiver.accept(request.headers, body, self.clock())
        except PushError as error:
            log.warning("ingest %r from %s refused: %s", source[:40], _host(request), error)
            return _error(error.status, str(error))
        if pushed.found or pushed.rejects:
            await self.monitor.take(source, pushed.found, pushed.rejects)
        receiver.stored(request.headers)
        return JSONResponse(dict(pushed.answer))

    async def from_slack(self, request: Request) -> Response:
        """What Slack sends: commands, interactivity, events."""
        assert self.slack is not None
        body = await _body(request, LARGEST_WEBHOOK)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        answer = await self.slack.http_handler(Request(request.scope, again))
        if answer.status_code == 401:
            log.warning(
                "slack: a request from %s with a wrong or stale signature was refused", _host(request)
            )
        return answer

    async def from_telegram(self, request: Request) -> Response:
        """What Telegram sends."""
        assert self.telegram is not None
        body = await _body(request, LARGEST_WEBHOOK)
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        return Response(status_code=await self.telegram.receive_webhook(body, secret))


async def _body(request: Request, most: int) -> bytes:
    """Read a body, but never more than `most` bytes of it, nor for long. Raises UnwantedError."""
    too_large = UnwantedError(413, f"at most {most} bytes")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        raise UnwantedError(408, "the body did not arrive in time") from None
    return bytes(body)


async def _unwanted(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnwantedError)
    log.warning("%r from %s refused: %s", _path(request), _host(request), error)
    return _error(error.status, str(error))


async def _gone(_request: Request, _gone: Exception) -> Response:
    """Whoever asked has hung up; nobody reads this."""
    return Response(status_code=400)


async def _unavailable(request: Request, error: Exception) -> Response:
    why = reason(error) if isinstance(error, DatabaseError) else "the worker process died"
    log.warning("%r cannot be answered now: %s", _path(request), why)
    return JSONResponse({"error": "not now; try again"}, status_code=503, headers={"Retry-After": "5"})


def _path(request: Request) -> str:
    """What was asked for; a token in it is a secret."""
    path: str = request.scope["path"]
    return path.replace(token, "…")[:60] if (token := request.path_params.get("token")) else path[:60]


def _host(request: Request) -> str:
    return request.client.host if request.client else "nowhere"


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
