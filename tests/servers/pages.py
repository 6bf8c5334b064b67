"""A web site on this machine: pages as they are told, and a count of who asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web


@dataclass(slots=True)
class Shown:
    """What one address answers."""

    body: str | bytes = ""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Site:
    """The server. `pages`: path -> what it answers."""

    def __init__(self, **pages: Shown) -> None:
        self.pages = dict(pages)
        self.asked: list[str] = []
        self.cookies: list[str] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._show)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        self.cookies.append(request.headers.get("Cookie", ""))
        page = self.pages.get(name, Shown("nothing here", status=404))
        await asyncio.sleep(page.delay)
        body = page.body if isinstance(page.body, bytes) else page.body.encode()
        return web.Response(
            body=body, status=page.status, headers={"Content-Type": page.kind, **page.headers}
        )
