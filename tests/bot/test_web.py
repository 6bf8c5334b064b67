"""HTTP as the outside meets it: health, the board, the metrics, who may see them, and what the log says."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.transports.base import Transport
from storage import drills, incidents
from storage.models import Drill, Incident
from tests.bot.site import (
    BOARD,
    BOT_TOKENS,
    HASH_KEY,
    HOOK,
    INGEST,
    ROWS,
    SECRETS,
    SIGNING,
    Log,
    Site,
    Unreachable,
    home,
    log,
    lonely,
    site,
    until,
    up,
)

__all__ = ["home", "log", "lonely", "up"]


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
