"""The HTTP server itself: up at a port, down at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette

from bot.transports.base import TransportError

log = logging.getLogger(__name__)

HTTP_STOP_SECONDS = 2
"""How long open requests may take at the stop; with delivery's and Slack's share it stays below the ten promised."""


@contextlib.asynccontextmanager
async def listening(app: Starlette, host: str, port: int) -> AsyncIterator[int]:
    """Serve an application; yields the port, which is picked where 0 is given.

    Raises:
        TransportError: the address cannot be opened.
    """
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=HTTP_STOP_SECONDS,
    )
    server = uvicorn.Server(settings)
    # Signals are ours: uvicorn would swallow them.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn sets a flag, no event
            await asyncio.sleep(0.01)
        if task.done():
            raise TransportError(f"HTTP: {host}:{port} cannot be opened", permanent=True)
        opened = int(server.servers[0].sockets[0].getsockname()[1])
        log.info("http on %s:%s", host, opened)
        yield opened
    finally:
        server.should_exit = True
        await task
