"""The two apps that are compared, each in a process of its own: Fenghuo as it is run, and a bare Bolt app.

Both stand behind the same HTTP server, check the same signatures and read the same bodies; the bare one then says yes.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import re
import resource
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.routing import Route

from bot.app import App, serving, settle
from bot.bench.figures import BenchError
from bot.config import Environment, load

SECRET = "benchmark-signing-secret"  # noqa: S105
STOP_LIMIT = 30.0
MEGABYTE = 1 << 20 if sys.platform == "darwin" else 1 << 10
"""`ru_maxrss` counts in bytes on macOS, in kilobytes elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What an app took: peak memory of itself and of its worker in megabytes, its longest write in seconds."""

    memory: float
    worker: float = 0.0
    longest_write: float = 0.0


class Running:
    """An app that is up at `port`."""

    def __init__(self, process: multiprocessing.process.BaseProcess, wire: Connection) -> None:
        self._process = process
        self._wire = wire
        self.port = 0

    async def ready(self) -> None:
        """Wait until it is up. Raises BenchError."""
        self.port = await self._heard()

    async def stop(self) -> Spent:
        """Stop it, and hear what it took. Raises BenchError."""
        self._wire.send("stop")
        spent: Spent = await self._heard()
        return spent

    async def _heard(self) -> Any:
        try:
            return await asyncio.to_thread(self._wire.recv)
        except EOFError:
            raise BenchError(f"{self._process.name} has died; its last words stand above") from None


@contextlib.asynccontextmanager
async def started(name: str, serve: Callable[..., None], *args: object) -> AsyncIterator[Running]:
    """Run `serve(*args, wire)` in a process; it is gone at the end of the block. Raises BenchError if it does not start."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(*args, there), name=name)
    process.start()
    # Ours alone now, so that its end is heard here.
    there.close()
    app = Running(process, here)
    try:
        await app.ready()
        yield app
    finally:
        # The closed pipe tells it to stop, whatever happened here.
        here.close()
        await asyncio.to_thread(process.join, STOP_LIMIT)
        if process.is_alive():
            process.kill()


def fenghuo(folder: Path, settings: Mapping[str, str], wire: Connection) -> None:
    """Be Fenghuo, in a folder and with settings of its own."""
    for name in Environment.model_fields:
        os.environ.pop(name.upper(), None)
    os.environ.update(settings)
    os.chdir(folder)
    asyncio.run(_fenghuo(wire))


async def _fenghuo(wire: Connection) -> None:
    app = App(load(console=False))
    async with app.running(), serving(app) as port:
        settle()
        wire.send(port)
        await _told(wire)
        longest = app.database.longest_write
    await asyncio.gather(
        *(asyncio.to_thread(worker.join, STOP_LIMIT) for worker in multiprocessing.active_children())
    )
    _report(
        wire,
        Spent(
            memory=_peak(resource.RUSAGE_SELF), worker=_peak(resource.RUSAGE_CHILDREN), longest_write=longest
        ),
    )


def bare(wire: Connection) -> None:
    """Be a bare Bolt app: check the signature, say yes."""
    asyncio.run(_bare(wire))


async def _bare(wire: Connection) -> None:
    settings = uvicorn.Config(bare_app(), host="127.0.0.1", port=0, log_config=None, access_log=False)
    server = uvicorn.Server(settings)
    # Bound here, since the server does not say when its own socket is open.
    socket = settings.bind_socket()
    task = asyncio.create_task(server.serve([socket]))
    wire.send(socket.getsockname()[1])
    await _told(wire)
    server.should_exit = True
    await task
    _report(wire, Spent(memory=_peak(resource.RUSAGE_SELF)))


def bare_app() -> Starlette:
    """The baseline. By default Bolt looks only every 10 ms whether its listener has acknowledged; this one need not wait."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id="T0BENCH",
            bot_user_id="U0BOT",
            bot_token="xoxb-bench",  # noqa: S106 - invented
        )

    async def yes(ack: AsyncAck) -> None:
        await ack()

    app = AsyncApp(
        signing_secret=SECRET,
        authorize=authorize,
        process_before_response=True,
        attaching_conversation_kwargs_enabled=False,
    )
    app.command(re.compile(".*"))(yes)
    app.action(re.compile(".*"))(yes)
    return Starlette(routes=[Route("/slack/events", AsyncSlackRequestHandler(app).handle, methods=["POST"])])


async def _told(wire: Connection) -> None:
    """Wait for the word to stop, or for the other end to be gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(wire.fileno(), stopping.set)
    await stopping.wait()
    loop.remove_reader(wire.fileno())


def _report(wire: Connection, spent: Spent) -> None:
    # Nobody listens any more if the run was given up.
    with contextlib.suppress(BrokenPipeError):
        wire.send(spent)


def _peak(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / MEGABYTE
