"""An HTTP server that takes what the bot tells other programs, checks signatures as the real robots do, and fails when told to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(slots=True)
class Got:
    """A request as it came in."""

    body: bytes
    headers: dict[str, str]
    query: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(slots=True)
class Answer:
    """What a request is answered."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Receiver:
    """The server; `answers` are given first, then `usual`."""

    def __init__(self, **usual: Any) -> None:
        self.got: list[Got] = []
        self.answers: list[Answer] = []
        self.usual = Answer(**usual)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(Got(await request.read(), dict(request.headers), dict(request.query)))
        answer = self.answers.pop(0) if self.answers else self.usual
        if answer.delay:
            await asyncio.sleep(answer.delay)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)


def feishu_takes(got: Got, secret: str) -> bool:
    """Feishu: the key is "timestamp\\nsecret" and nothing is signed."""
    key = f"{got.json['timestamp']}\n{secret}".encode()
    return bool(got.json["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode())


def dingtalk_takes(got: Got, secret: str) -> bool:
    """DingTalk: the secret signs "milliseconds\\nsecret", and both stand in the address."""
    said = f"{got.query['timestamp']}\n{secret}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    return len(got.query["timestamp"]) == 13 and got.query["sign"] == base64.b64encode(digest).decode()
