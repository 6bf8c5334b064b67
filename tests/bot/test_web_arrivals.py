"""HTTP as the outside meets it: what is pushed and what the platforms send, what is let in and what is refused."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from bot.monitor.ingest import Tally
from bot.monitor.worker import Worker
from bot.transports.base import Transport
from bot.web import routes
from tests.bot.site import (
    HOOK,
    INGEST,
    ROWS,
    Log,
    Site,
    home,
    log,
    lonely,
    site,
    up,
)

__all__ = ["home", "log", "lonely", "up"]


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


async def test_a_body_that_is_no_rows_is_a_bad_request(up: Site) -> None:
    for body in (b"", b"hello", b"5", b"[" * 9000, b"\xff\xfe\x00", b'[{"text":'):
        answer = await up.push(body)
        assert answer.status_code == 400, body
        assert answer.json()["error"], body


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


async def test_another_method_is_not_allowed(up: Site) -> None:
    for method, path in (
        ("GET", "/ingest/push"), ("PUT", "/ingest/push"), ("GET", "/slack/events"), ("DELETE", "/telegram/webhook"),
        ("POST", "/"), ("POST", "/metrics"), ("POST", "/healthz"), ("POST", "/readyz"),
    ):  # fmt: skip
        assert (await up.http.request(method, path)).status_code == 405, (method, path)


async def test_what_is_not_there_is_not_found(up: Site) -> None:
    for path in ("/nowhere", "/ingest/", "/ingest/a/b", "/board.html", "/..%2f..%2fetc/passwd"):
        answer = await up.http.get(path)
        assert answer.status_code == 404, path
        assert "Traceback" not in answer.text, path
