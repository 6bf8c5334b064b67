"""The whole bot behind a real port, the platforms it talks to, and the log that it writes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from typing_extensions import override

from bot import logs
from bot.app import App, serving
from bot.config import Environment, load
from bot.monitor.watch import Ingesting
from bot.transports.base import Intake, Transport, TransportError
from tests.cast import ingest
from tests.fakes import FakeTransport
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer
from tests.stores import copy_of

Found = TypeVar("Found")
TEAM = """
brand: {name: 青柚茶饮}
rooms:
  - {name: alerts, slack: C0ALERTS, telegram: -1001}
  - {name: drills, slack: C0DRILL, telegram: -1002}
people:
  - {name: 林悦, slack: U0LIN, telegram: 1001, roles: [responder]}
  - {name: 陈立, slack: U0CHEN, telegram: 1002, roles: [lead]}
sources:
  - {name: push, kind: webhook}
"""
INGEST = "sentinel-ingest-secret"
BOARD = "sentinel-board-token"
HOOK = "sentinel-telegram-hook"
SIGNING = "5e5717e15e5717e15e5717e15e5717e1"
BOT_TOKENS = {"SLACK_BOT_TOKEN": "xoxb-sentinel", "TELEGRAM_BOT_TOKEN": "4242:sentinel-token"}
HASH_KEY = "sentinel-hash-key"
SECRETS = (INGEST, BOARD, HOOK, SIGNING, *BOT_TOKENS.values(), HASH_KEY)
ROWS = [
    {
        "id": f"c{number}",
        "platform": "douyin",
        "item": "cake",
        "text": f"蛋糕发霉了，客服不理人，第 {number} 次",
    }
    for number in range(3)
]


@dataclass
class Site:
    """The bot behind its port, and the platforms it talks to."""

    app: App
    http: httpx.AsyncClient
    slack: SlackServer
    telegram: TelegramServer

    async def push(
        self, body: bytes | str, *, source: str = "push", secret: str = INGEST, ago: float = 0.0
    ) -> httpx.Response:
        raw = body.encode() if isinstance(body, str) else body
        return await self.http.post(f"/ingest/{source}", content=raw, headers=signed(raw, secret, ago))

    async def board(self) -> str:
        """The board's HTML."""
        answer = await self.http.get("/", headers={"Authorization": f"Bearer {BOARD}"})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def state(self) -> dict[str, float]:
        """The metrics by name and labels."""
        answer = await self.http.get("/metrics", headers={"Authorization": f"Bearer {BOARD}"})
        assert answer.status_code == 200, answer.text
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def signed(body: bytes, secret: str = INGEST, ago: float = 0.0) -> dict[str, str]:
    stamp = str(int(time.time() - ago))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Fenghuo-Timestamp": stamp, "X-Fenghuo-Signature": f"sha256={digest}"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, fresh_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a team in it, an environment that says nothing else."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fenghuo.yaml").write_text(TEAM, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", copy_of(fresh_file, tmp_path))
    monkeypatch.setenv("FENGHUO_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("HTTP_PORT", "0")


@asynccontextmanager
async def site(
    monkeypatch: pytest.MonkeyPatch,
    transports: dict[str, Transport] | None = None,
    ingesting: Ingesting | None = None,
    **settings: str,
) -> AsyncIterator[Site]:
    """The bot on both platforms, each over its webhook, unless other transports are given; takes comments in here."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(
            SlackServer(bot_token=BOT_TOKENS["SLACK_BOT_TOKEN"], signing_secret=SIGNING)
        )
        telegram = await stack.enter_async_context(
            TelegramServer(token=BOT_TOKENS["TELEGRAM_BOT_TOKEN"], chats=[-1001, -1002])
        )
        usual = {
            "SLACK_SIGNING_SECRET": SIGNING,
            "SLACK_API_URL": slack.api_url,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_URL": "http://127.0.0.1:9/telegram/webhook",
            "TELEGRAM_WEBHOOK_SECRET": HOOK,
            "INGEST_SECRET": INGEST,
            "BOARD_TOKEN": BOARD,
            **BOT_TOKENS,
        }
        for name, value in ((usual if transports is None else {}) | settings).items():
            monkeypatch.setenv(name, value)
        app = App(
            load(console=False), transports=transports, ingest=lambda app: ingesting or ingest(app.database)
        )
        await stack.enter_async_context(app.running())
        port = await stack.enter_async_context(serving(app))
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20)
        )
        yield Site(app, http, slack, telegram)


@pytest.fixture
async def up(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    async with site(monkeypatch) as running:
        yield running


@pytest.fixture
def lonely() -> dict[str, Transport]:
    """One platform that is always there."""
    return {"slack": FakeTransport("slack", native_forms=True, looks_back=True)}


class Log:
    """What an operator reads with LOG_LEVEL=DEBUG."""

    def __init__(self) -> None:
        self._stream = StringIO()

    @contextmanager
    def kept(self) -> Iterator[None]:
        root = logging.getLogger()
        before = root.handlers[:], root.level
        levels = {name: logging.getLogger(name).level for name in logs.QUIET}
        with redirect_stderr(self._stream):
            logs.set_up("DEBUG", SECRETS)
        yield
        root.handlers[:], root.level = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)

    def read(self) -> str:
        """All lines so far."""
        return self._stream.getvalue()


@pytest.fixture
def log() -> Iterator[Log]:
    kept = Log()
    with kept.kept():
        yield kept


class Unreachable(FakeTransport):
    """A platform that cannot be reached."""

    tries = 0

    @override
    async def start(self, ingest: Intake) -> None:
        self.tries += 1
        raise TransportError("it cannot be reached")


async def until(look: Callable[[], Awaitable[Found]], is_there: Callable[[Found], object]) -> Found:
    """Look again and again until it is there; what it looks like then."""
    async with asyncio.timeout(10):
        while True:
            found = await look()
            if is_there(found):
                return found
            await asyncio.sleep(0.02)
