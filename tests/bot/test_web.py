"""HTTP as the outside meets it: the whole bot behind a real port. What is let in, what is refused, what is said of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text
from typing_extensions import override

from bot import logs
from bot.app import App, serving
from bot.config import Environment, load
from bot.monitor.ingest import Tally
from bot.monitor.watch import Ingesting
from bot.monitor.worker import Worker
from bot.transports.base import Intake, Transport, TransportError
from bot.web import routes
from storage import drills, incidents
from storage.models import Drill, Incident
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


# Pushed comments


async def test_what_is_pushed_is_counted_and_stored(up: Site) -> None:
    answer = await up.push(json.dumps([*ROWS, ROWS[0], {"likes": 1}]))
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 4, "new": 3, "known": 1, "dropped": 0, "rejected": 1}
    again = await up.push("\n".join(map(json.dumps, ROWS)))
    assert (again.status_code, again.json()["new"], again.json()["known"]) == (202, 0, 3)
    figures = await up.state()
    assert figures['fenghuo_mentions_stored{platform="douyin"}'] == 3
    assert figures["fenghuo_quarantined_rows"] == 1
    assert 0 <= figures['fenghuo_source_read_age_seconds{source="push"}'] < 60


@pytest.mark.parametrize("body", [b"", b"hello", b"5", b"[" * 9000, b"\xff\xfe\x00", b'[{"text":'])
async def test_a_body_that_is_no_rows_is_a_bad_request(up: Site, body: bytes) -> None:
    answer = await up.push(body)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("how", "why"),
    [({"ago": 301}, "five minutes"), ({"ago": -301}, "five minutes"), ({"secret": "other"}, "wrong")],
)
async def test_a_stale_future_or_wrong_signature_is_refused_and_logged(
    up: Site, log: Log, how: dict[str, Any], why: str
) -> None:
    answer = await up.push(json.dumps(ROWS), **how)
    assert answer.status_code == 401
    assert why in answer.json()["error"]
    said = log.read()
    assert "ingest 'push' from 127.0.0.1 refused" in said
    assert why in said


async def test_without_a_signature_it_is_refused(up: Site) -> None:
    assert (await up.http.post("/ingest/push", content=b"[]")).status_code == 401
    half = {"X-Fenghuo-Timestamp": str(int(time.time()))}
    assert (await up.http.post("/ingest/push", content=b"[]", headers=half)).status_code == 401


async def test_a_source_that_is_not_set_up_is_not_found_but_only_for_who_may_ask(up: Site) -> None:
    assert (await up.push("[]", source="nowhere")).status_code == 404
    assert (await up.push("[]", source="nowhere", secret="guessed")).status_code == 401


async def test_a_name_with_a_line_break_writes_no_line_of_its_own_into_the_log(up: Site, log: Log) -> None:
    answer = await up.http.post("/ingest/push%0A2026-11-20 CRITICAL root: all is lost", content=b"[]")
    assert answer.status_code == 401
    assert not any(line.startswith("2026-11-20 CRITICAL") for line in log.read().splitlines())


async def test_a_body_over_the_limit_is_refused_before_it_is_read(
    up: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MAX_BODY", 1000)
    assert (await up.push(b" " * 1001)).status_code == 413
    assert (await up.push(json.dumps(ROWS[:1]) + " " * 500)).status_code == 202
    reader, writer = await asyncio.open_connection("127.0.0.1", up.http.base_url.port or 0)
    writer.write(b"POST /ingest/push HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
    assert b"413" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_does_not_say_its_length_is_read_to_the_limit_only(
    up: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MAX_BODY", 1000)
    reader, writer = await asyncio.open_connection("127.0.0.1", up.http.base_url.port or 0)
    writer.write(b"POST /ingest/push HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(b"258\r\n" + b"x" * 600 + b"\r\n")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(b"258\r\n" + b"x" * 600 + b"\r\n")
    # It has not ended, and is answered all the same.
    assert b"413" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()


async def test_half_a_body_does_not_hold_a_connection_for_ever(
    up: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", up.http.base_url.port or 0)
    writer.write(b"POST /ingest/push HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n[")
    assert b"408" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()


async def test_who_hangs_up_halfway_leaves_no_traceback(up: Site, log: Log) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", up.http.base_url.port or 0)
    writer.write(b"POST /ingest/push HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n[")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()
    assert (await up.http.get("/healthz")).status_code == 200
    assert "Traceback" not in log.read()


async def test_without_a_secret_nothing_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(monkeypatch, INGEST_SECRET="") as up:
        answer = await up.push("[]", secret="")
        assert answer.status_code == 503
        assert "INGEST_SECRET" in answer.json()["error"]


async def test_a_worker_that_died_asks_for_a_repeat(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    class Dead(Worker):
        def __init__(self) -> None:
            pass

        @override
        async def push(self, source: str, body: bytes, zone: ZoneInfo, now: datetime) -> Tally:
            raise BrokenProcessPool

    async with site(monkeypatch, lonely, Dead(), INGEST_SECRET=INGEST) as up:
        answer = await up.push(json.dumps(ROWS))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# Health


async def test_health_and_readiness(up: Site) -> None:
    assert (await up.http.get("/healthz")).text == "ok"
    ready = await up.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"database": True, "slack": True, "telegram": True})


async def test_a_platform_that_is_out_of_reach_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    telegram = Unreachable("telegram", native_forms=False, looks_back=False)
    async with site(monkeypatch, lonely | {"telegram": telegram}) as up:
        ready = await up.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            503,
            {"database": True, "slack": True, "telegram": False},
        )
        assert (await up.http.get("/healthz")).status_code == 200
    assert telegram.tries > 0


async def test_without_its_database_the_bot_is_not_ready_and_says_so_everywhere(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport], log: Log
) -> None:
    async with site(monkeypatch, lonely, INGEST_SECRET=INGEST, BOARD_TOKEN=BOARD) as up:
        async with up.app.database.write() as session:
            await session.execute(text("ALTER TABLE incident RENAME TO gone"))
        try:
            gone = await up.http.get("/", headers={"Authorization": f"Bearer {BOARD}"})
            assert gone.status_code == 503
            assert "Traceback" not in log.read()
        finally:
            async with up.app.database.write() as session:
                await session.execute(text("ALTER TABLE gone RENAME TO incident"))

        async def no_answer() -> bool:
            return False

        monkeypatch.setattr(up.app.database, "answers", no_answer)
        ready = await up.http.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, False)


# What the platforms send


async def test_telegram_without_its_secret_is_refused(up: Site, log: Log) -> None:
    for headers in (
        {},
        {"X-Telegram-Bot-Api-Secret-Token": "guess"},
        {"X-Telegram-Bot-Api-Secret-Token": HOOK + "x"},
    ):
        assert (await up.http.post("/telegram/webhook", content=b"{}", headers=headers)).status_code == 403
    assert log.read().count("telegram: a webhook request with a wrong or missing secret was refused") == 3


async def test_what_telegram_sends_is_checked_and_bounded(up: Site) -> None:
    secret = {"X-Telegram-Bot-Api-Secret-Token": HOOK}
    assert (await up.http.post("/telegram/webhook", content=b"[]", headers=secret)).status_code == 400
    large = b'{"update_id": 1, "x": "' + b"x" * routes.LARGEST_WEBHOOK + b'"}'
    assert (await up.http.post("/telegram/webhook", content=large, headers=secret)).status_code == 413


async def test_a_true_slack_command_is_answered(up: Site) -> None:
    ack = await up.slack.command("whoami")
    assert (ack.ok, ack.status) == (True, 200)


async def test_forged_and_stale_slack_requests_are_refused_and_logged(up: Site, log: Log) -> None:
    raw = urlencode(
        {
            "command": "/crisis",
            "text": "sentinel words",
            "trigger_id": "1",
            "user_id": "U0LIN",
            "channel_id": "C0ALERTS",
        }
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for headers in (
        form,
        form | up.slack.sign(raw, secret="0" * 32),
        form | up.slack.sign(raw, at=time.time() - 301),
        form | up.slack.sign(raw + "x"),
    ):
        assert (await up.slack.send_raw(raw, headers)).status == 401
    said = log.read()
    assert said.count("slack: a request from 127.0.0.1 with a wrong or stale signature was refused") == 4
    assert "sentinel words" not in said


async def test_a_slack_body_over_the_limit_never_reaches_bolt(up: Site) -> None:
    raw = "text=" + "x" * routes.LARGEST_WEBHOOK
    headers = {"Content-Type": "application/x-www-form-urlencoded", **up.slack.sign(raw)}
    assert (await up.http.post("/slack/events", content=raw, headers=headers)).status_code == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/ingest/push"), ("PUT", "/ingest/push"), ("GET", "/slack/events"), ("DELETE", "/telegram/webhook"), ("POST", "/"),
     ("POST", "/metrics"), ("POST", "/healthz"), ("POST", "/readyz")],
)  # fmt: skip
async def test_another_method_is_not_allowed(up: Site, method: str, path: str) -> None:
    assert (await up.http.request(method, path)).status_code == 405


@pytest.mark.parametrize(
    "path", ["/nowhere", "/ingest/", "/ingest/a/b", "/board.html", "/..%2f..%2fetc/passwd"]
)
async def test_what_is_not_there_is_not_found(up: Site, path: str) -> None:
    answer = await up.http.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


# Who may see the board and the metrics


@pytest.mark.parametrize("path", ["/", "/metrics"])
async def test_without_the_token_nothing_is_shown(up: Site, log: Log, path: str) -> None:
    for how in (
        {},
        {"headers": {"Authorization": "Bearer"}},
        {"headers": {"Authorization": f"Bearer {BOARD}x"}},
        {"headers": {"Authorization": f"Basic {BOARD}"}},
        {"headers": {"Authorization": "Bearer \u5bc6".encode()}},
        {"headers": {"Cookie": f"fenghuo_board={BOARD}"}},
        {"params": {"token": ""}},
        {"params": {"token": BOARD[:-1]}},
        {"params": {"token": "密\ud800".encode(errors="replace").decode()}},
    ):
        answer = await up.http.get(path, **how)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "set-cookie" not in answer.headers
    assert log.read().count(f"{path} refused to 127.0.0.1") == 9


@pytest.mark.parametrize("path", ["/", "/metrics"])
async def test_the_token_opens_once_and_a_cookie_afterwards(up: Site, path: str) -> None:
    first = await up.http.get(path, params={"token": BOARD})
    assert (first.status_code, first.headers["Location"]) == (303, path)
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert BOARD not in cookie
    second = await up.http.get(path)
    assert second.status_code == 200
    assert (await up.http.get(path, params={"token": "wrong"})).status_code == 401
    assert second.headers["Cache-Control"] == "no-store"
    assert second.headers["Referrer-Policy"] == "no-referrer"


async def test_behind_tls_the_cookie_is_for_tls_only(up: Site) -> None:
    answer = await up.http.get("/", params={"token": BOARD}, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Location"] == "/"


async def test_on_this_machine_alone_no_token_is_needed(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    async with site(monkeypatch, lonely) as up:
        assert (await up.http.get("/")).status_code == 200
        assert (await up.http.get("/metrics")).status_code == 200
        # A page elsewhere whose name was made to point here.
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[", ""):
            assert (await up.http.get("/", headers={"Host": host})).status_code == 401


async def test_a_token_that_is_set_is_asked_for_on_this_machine_too(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    async with site(monkeypatch, lonely, BOARD_TOKEN=BOARD) as up:
        assert (await up.http.get("/")).status_code == 401


async def test_with_slack_calling_from_outside_the_board_stays_shut_without_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with site(monkeypatch, TELEGRAM_BOT_TOKEN="", TELEGRAM_WEBHOOK_URL="", BOARD_TOKEN="") as up:
        assert (await up.http.get("/")).status_code == 401
        assert (await up.http.get("/", headers={"Authorization": "Bearer"})).status_code == 401
        assert (await up.http.get("/?token=")).status_code == 401


# What they show


async def test_the_board_shows_who_has_what_and_what_is_due(up: Site) -> None:
    await up.slack.command("new orange user_complaint 蛋糕发霉，客服不理")
    await up.slack.command("new red user_complaint 第二件", user="U0CHEN")
    await up.slack.command("claim 2", user="U0CHEN")
    await up.slack.command("new blue user_complaint 第三件")
    await up.slack.command("dismiss 3 旧图", user="U0CHEN")
    page = await until(lambda: up.board(), lambda page: "误报" in page)
    living, _, ended = page.partition("最近结束")
    assert living.index("第二件") < living.index("蛋糕发霉")
    for words in ("橙 Ⅱ", "蛋糕发霉，客服不理", "未认领", "红 Ⅰ", "已认领", "陈立", "前集结", "前首次回应"):
        assert words in living
    assert "第三件" not in living
    assert "第三件" in ended
    assert "演练" not in page


async def test_drills_stand_apart_on_the_board_and_outside_the_figures(up: Site) -> None:
    await up.slack.command("drill start moldy_cake", user="U0CHEN", channel="C0DRILL")
    async with up.app.database.write() as session:
        number = (
            await drills.start(
                session, Drill(scenario="x", state="ended", by="周帆", started_at=datetime.now(UTC))
            )
        ).id
        await incidents.create(session, Incident(title="演的", drill_id=number, opened_at=datetime.now(UTC)))
        await incidents.create(session, Incident(title="真的", opened_at=datetime.now(UTC)))
    page = await up.board()
    live, _, drilled = page.partition("【演练】")
    assert "真的" in live
    assert "演的" not in live
    assert "【演练】演的" in drilled
    figures = await up.state()
    assert sum(value for name, value in figures.items() if name.startswith("fenghuo_incidents{")) == 1


async def test_the_board_needs_nothing_from_elsewhere_and_runs_nothing(up: Site) -> None:
    answer = await up.http.get("/", headers={"Authorization": f"Bearer {BOARD}"})
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert f'<style nonce="{nonce}">' in answer.text
    again = await up.http.get("/", headers={"Authorization": f"Bearer {BOARD}"})
    assert nonce not in again.text
    assert '<meta http-equiv="refresh" content="30">' in answer.text
    assert not re.search(r"<script|<link|<img|src=|href=|@import|url\(|style=", answer.text)


async def test_metrics_are_what_is_stored(up: Site) -> None:
    await up.push(json.dumps(ROWS))
    await until(
        lambda: up.state(),
        lambda found: found["fenghuo_inbox_waiting"] + found["fenghuo_notices_waiting"] == 0,
    )
    await up.slack.command("claim 1")
    figures = await until(
        lambda: up.state(),
        lambda found: any(value for name, value in found.items() if 'state="claimed"' in name),
    )
    assert sum(value for name, value in figures.items() if name.startswith("fenghuo_incidents{")) == 1
    assert len([name for name in figures if name.startswith("fenghuo_incidents{")]) == 28
    for name in ("slack", "telegram"):
        assert figures[f'fenghuo_outbox_waiting{{transport="{name}"}}'] >= 0
        assert figures[f'fenghuo_delivery_failures{{transport="{name}"}}'] == 0


# What the log says


async def test_no_refusal_puts_a_secret_into_the_log_or_the_answer(up: Site, log: Log) -> None:
    """Under DEBUG, with wrong requests of every kind and a traceback whose words hold the secrets."""
    answers = [
        await up.push("[]", ago=9000),
        await up.push("[]", source=INGEST),
        await up.push(INGEST),
        await up.http.get("/", params={"token": BOARD + "x"}),
        await up.http.get(f"/{BOARD}"),
        await up.http.get("/metrics", headers={"Authorization": f"Bearer {BOARD}{HOOK}"}),
        await up.http.post(
            "/telegram/webhook", content=HOOK.encode(), headers={"X-Telegram-Bot-Api-Secret-Token": HOOK}
        ),
        await up.http.post(
            "/telegram/webhook", content=b"{}", headers={"X-Telegram-Bot-Api-Secret-Token": HOOK + HOOK}
        ),
        await up.http.post("/slack/events", content=SIGNING.encode(), headers={"X-Slack-Signature": SIGNING}),
    ]
    await up.slack.command(f"log 1 {SIGNING}")
    up.slack.fail("chat.postEphemeral", error="invalid_auth")
    up.telegram.fail("sendMessage", error=(401, f"Unauthorized {BOT_TOKENS['TELEGRAM_BOT_TOKEN']}"))
    await up.slack.command("help")
    await asyncio.sleep(0.3)
    try:
        raise ValueError(  # noqa: TRY301
            f"https://api.telegram.org/bot{BOT_TOKENS['TELEGRAM_BOT_TOKEN']}/x {HASH_KEY} {INGEST}"
        )
    except ValueError:
        logging.getLogger("bot.web").exception("%s", BOARD)
    said = log.read()
    assert "Traceback" in said
    assert "***" in said
    shown = said + "".join(answer.text + str(answer.headers) for answer in answers)
    assert [secret for secret in SECRETS if secret in shown] == []
