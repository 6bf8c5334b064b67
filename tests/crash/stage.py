"""The whole bot as a process of its own, between a Slack and a Telegram that are processes too, so that it can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil

ROOT = Path(__file__).parents[2]
TOKEN = "4242:test-token"
SLACK_ROOMS = ("C0ALERTS", "C0LEADS")
GROUP = -1001
TEAM = {
    "brand": {"name": "青柚", "keywords": []},
    "rooms": [
        {"name": "first", "for": "alerts", "slack": SLACK_ROOMS[0], "telegram": str(GROUP)},
        {"name": "second", "for": "alerts", "slack": SLACK_ROOMS[1], "language": "en"},
    ],
    "people": [
        {"name": "林悦", "slack": "U0LIN", "telegram": "1001", "roles": ["responder"]},
        {"name": "陈立", "slack": "U0CHEN", "telegram": "1002", "roles": ["lead"]},
    ],
    "sources": [{"name": "crawl", "kind": "files", "path": "./inbox"}],
    "monitor": {"every": "1s", "merge_window": "30m", "min_mentions": 3},
}
UP_LIMIT = 30.0


class Stage:
    """Servers, a folder and a bot.

    Args:
        folder: an empty one, for settings, data, inbox and log.
        env: settings that differ from the usual.
        away: servers that are not there yet; `appear` starts them.
    """

    def __init__(
        self, folder: Path, env: Mapping[str, str] | None = None, *, away: Collection[str] = ()
    ) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self.port, self._slack_port, self._telegram_port = free_port(), free_port(), free_port()
        self.slack_url = f"http://127.0.0.1:{self._slack_port}"
        self.telegram_url = f"http://127.0.0.1:{self._telegram_port}"
        self.bot: Process | None = None
        self._away = away
        self._own = dict(env or {})
        self._servers: list[Process] = []
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self.inbox.mkdir()
        (self.folder / "fenghuo.yaml").write_text(json.dumps(TEAM), encoding="utf-8")
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        for name in {"slack", "telegram"} - set(self._away):
            await self.appear(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in [self.bot, *self._servers]:
            if process and process.returncode is None:
                process.kill()
                await process.wait()
        if self._http:
            await self._http.close()

    async def appear(self, name: str) -> None:
        """Start a server, and wait until it listens."""
        options = {
            "slack": [f"--port={self._slack_port}"],
            "telegram": [f"--port={self._telegram_port}", f"--token={TOKEN}", f"--chat={GROUP}"],
        }
        command = [sys.executable, "-m", f"tests.servers.{name}", *options[name]]
        server = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        self._servers.append(server)
        assert server.stdout
        assert await server.stdout.readline()

    # The bot

    @property
    def env(self) -> dict[str, str]:
        """What the bot is set to."""
        usual = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_APP_TOKEN": "xapp-test",
            "SLACK_API_URL": f"{self.slack_url}/api/",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.telegram_url,
            "HTTP_PORT": str(self.port),
        }
        return usual | self._own

    @property
    def log(self) -> str:
        """All that the bot has said on its output."""
        return (self.folder / "bot.log").read_text(encoding="utf-8", errors="replace")

    async def run(self, *words: str) -> Process:
        """Run `fenghuo ...`; what it says goes to the log."""
        with (self.folder / "bot.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *words, cwd=self.folder, env=self.env, stdout=log, stderr=log
            )

    async def start(self) -> None:
        """Start the bot."""
        self.bot = await self.run("run")

    async def up(self) -> None:
        """Wait until the bot answers over HTTP, which is what it opens last."""
        assert self.bot
        async with asyncio.timeout(UP_LIMIT):
            while (await self.ready()) is None:
                assert self.bot.returncode is None, self.log[-3000:]
                await asyncio.sleep(0.02)

    async def all_up(self) -> None:
        """Wait until every part of the bot is up."""
        async with asyncio.timeout(UP_LIMIT):
            while not all((await self.ready() or {"": False}).values()):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)

    async def ready(self) -> dict[str, bool] | None:
        """What /readyz says; None while nothing listens."""
        assert self._http
        try:
            async with self._http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return dict(await answer.json())
        except aiohttp.ClientError:
            return None

    async def kill(self) -> None:
        """Kill the bot as it stands."""
        assert self.bot
        if self.bot.returncode is None:
            self.bot.kill()
        await self.bot.wait()

    async def stop(
        self, number: signal.Signals = signal.SIGTERM, *, within: float = 10.0, whole: bool = False
    ) -> int:
        """Ask the bot to stop, or the `whole` of its processes at once; returns its exit code. Raises TimeoutError."""
        assert self.bot
        helpers = psutil.Process(self.bot.pid).children(recursive=True) if whole else []
        for helper in helpers:
            helper.send_signal(number)
        self.bot.send_signal(number)
        async with asyncio.timeout(within):
            return await self.bot.wait()

    def left_over(self) -> list[int]:
        """Processes of bots that are gone: each has this stage's folder as its own."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.folder) and "python" in process.name():
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    # What people and platforms do and show

    async def slack(self, do: str, **what: Any) -> dict[str, Any]:
        """Let somebody do something on Slack; empty if it was impossible."""
        return await self._post(f"{self.slack_url}/_do", {"do": do, **what})

    async def telegram(self, do: str, **what: Any) -> dict[str, Any]:
        """Let somebody do something on Telegram; empty if it was impossible."""
        return await self._post(f"{self.telegram_url}/_{do}", what)

    async def state(self, url: str) -> dict[str, Any]:
        """All that a server knows."""
        assert self._http
        async with self._http.get(f"{url}/_state") as answer:
            return dict(await answer.json())

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        assert self._http
        async with self._http.post(url, json=body) as answer:
            return dict(await answer.json()) if answer.status == 200 else {}

    def rows(self, query: str) -> list[Any]:
        """Look into the database."""
        file = f"file:{self.folder / 'data' / 'fenghuo.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=10)) as database:
            return database.execute(query).fetchall()

    def count(self, query: str) -> int:
        """The first number of the first row."""
        return int(self.rows(query)[0][0])


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection is given meanwhile: those begin at 32768."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])
