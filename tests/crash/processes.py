"""The bot and the two platforms as processes of their own, so that any of them can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

ROOT = Path(__file__).parents[2]
READY = "http on"
TEAM = {
    "brand": {"name": "青柚茶饮", "keywords": ["青柚"]},
    "language": "zh",
    "rooms": [
        {"name": "alerts", "slack": "C0ALERTS", "telegram": "-1001"},
        {"name": "drills", "slack": "C0DRILL", "telegram": "-1002"},
    ],
    "people": [
        {"name": "林悦", "slack": "U0LIN", "telegram": "1001", "roles": ["responder"]},
        {"name": "陈立", "slack": "U0CHEN", "telegram": "1002", "roles": ["lead", "pr"]},
    ],
    "sources": [{"name": "crawl", "kind": "files", "path": "./inbox"}],
    "monitor": {"every": "1s", "merge_window": "30m", "min_mentions": 3},
}


@dataclass
class Platform:
    """A chat platform that outlives the bot. `do` lets people act there; `state` is all that happened."""

    url: str
    http: aiohttp.ClientSession

    async def do(self, path: str, **args: Any) -> Any:
        async with self.http.post(f"{self.url}{path}", json=args) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def state(self) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/_state") as answer:
            return dict(await answer.json())


@asynccontextmanager
async def platforms() -> AsyncIterator[tuple[Platform, Platform]]:
    """Slack and Telegram."""
    slack = await _spawn("-m", "tests.servers.slack")
    telegram = await _spawn("-m", "tests.servers.telegram", "--chat", "-1001", "--chat", "-1002")
    assert slack.stdout
    assert telegram.stdout
    slack_url = (await slack.stdout.readline()).decode().strip().removesuffix("/api/")
    telegram_url = json.loads(await telegram.stdout.readline())["url"]
    try:
        async with aiohttp.ClientSession() as http:
            yield Platform(slack_url, http), Platform(telegram_url, http)
    finally:
        for process in (slack, telegram):
            process.kill()
            await process.wait()


async def _spawn(*command: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )


@dataclass
class Bot:
    """The bot in a folder of its own, killed and started again at will; the log of all runs is kept."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    process: Process | None = None
    starts: list[float] = field(default_factory=list)
    """Seconds from each start until the bot was up."""

    async def __aenter__(self) -> Bot:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.kill()

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")

    def set_up(self, slack: str = "", telegram: str = "", **env: str) -> None:
        """Write the team file and choose the platforms."""
        (self.folder / "fenghuo.yaml").write_text(yaml.safe_dump(TEAM, allow_unicode=True), encoding="utf-8")
        (self.folder / "inbox").mkdir(exist_ok=True)
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HTTP_PORT": "0",
            "FENGHUO_DATA": str(self.folder / "data"),
            "FENGHUO_HASH_KEY": "a key of thirty-two characters !!",
        }
        if slack:
            tokens = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_APP_TOKEN": "xapp-test", "SLACK_API_URL": f"{slack}/api/"}
            self.env |= tokens
        if telegram:
            self.env |= {"TELEGRAM_BOT_TOKEN": "4242:test-token", "TELEGRAM_API_URL": telegram}
        self.env |= env

    async def start(self, *, until_up: bool = True) -> None:
        """Start it; with `until_up`, wait for its word that it is."""
        began = time.monotonic()
        seen = (self.folder / "log.txt").stat().st_size if (self.folder / "log.txt").exists() else 0
        with (self.folder / "log.txt").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=self.folder, env=self.env, stdin=DEVNULL, stdout=log, stderr=log
            )
        if until_up:
            async with asyncio.timeout(60):
                while READY.encode() not in (self.folder / "log.txt").read_bytes()[seen:]:  # noqa: ASYNC110
                    assert self.process.returncode is None, self.log[-3000:]
                    await asyncio.sleep(0.02)
            self.starts.append(time.monotonic() - began)

    async def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.process.wait()

    @property
    def port(self) -> int:
        """Where HTTP is since the last start."""
        return int(self.log.rpartition(READY)[2].partition(":")[2].split()[0])
