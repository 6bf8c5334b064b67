"""How the bot stops: when it is asked to, when a part of it dies, and when it may not begin."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner
from typing_extensions import override

from bot import app as application
from bot.cli import main
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from tests.crash.stage import GROUP, SLACK_ROOMS, Stage
from tests.fakes import FakeTransport

COMMENTS = 20_000
STOP_LIMIT = 10.0


async def until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Wait until something holds. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - it looks into another process
            await asyncio.sleep(0.02)


def fill(inbox: Path) -> None:
    """A file that takes the bot some seconds."""
    now = datetime.now(UTC).isoformat()
    rows = (
        {"id": f"c{number}", "platform": "weibo", "text": f"第{number}次路过，包装换了新的", "time": now}
        for number in range(COMMENTS)
    )
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (inbox / "comments.jsonl").write_text(lines, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)]
)
async def test_asked_to_stop_amid_an_ingest_it_ends_within_ten_seconds(
    tmp_path: Path, number: signal.Signals, whole: bool
) -> None:
    async with Stage(tmp_path) as stage:
        fill(stage.inbox)
        await stage.start()
        await stage.up()
        await until(lambda: stage.count("select count(*) from mention") > 0)
        began = time.monotonic()
        assert await stage.stop(number, within=STOP_LIMIT, whole=whole) == 0
        assert time.monotonic() - began < STOP_LIMIT
        assert 0 < stage.count("select count(*) from mention") < COMMENTS
        assert "Traceback" not in stage.log
        assert "ERROR" not in stage.log
        assert stage.log.rstrip().endswith("stopped")
        await until(lambda: not stage.left_over(), within=5)


@pytest.mark.slow
@pytest.mark.parametrize(("away", "here"), [("slack", "telegram"), ("telegram", "slack")])
async def test_a_platform_that_is_out_of_reach_does_not_keep_the_other_from_working(
    tmp_path: Path, away: str, here: str
) -> None:
    async with Stage(tmp_path, away=[away]) as stage:
        await stage.start()
        await stage.up()
        assert await stage.ready() == {"database": True, here: True, away: False}
        assert f"{away} is out of reach" in stage.log
        await open_one(stage, here)
        await until(lambda: stage.rows("select 1 from spot where key = 'incident:1'"))
        await stage.appear(away)
        await stage.all_up()
        await until(
            lambda: len(stage.rows("select 1 from spot where key = 'incident:1'")) == len(SLACK_ROOMS) + 1
        )
        assert await stage.stop() == 0
        assert "Traceback" not in stage.log


async def open_one(stage: Stage, platform: str) -> None:
    """Somebody opens an incident there."""
    words = "new blue user_complaint 蛋糕发霉"
    if platform == "slack":
        assert (await stage.slack("mention", text=words))["ok"]
    else:
        await stage.telegram("say", text=f"/{words}", user=1001, chat=GROUP)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong"),
        ("SLACK_APP_TOKEN", "xapp-wrong"),
        ("TELEGRAM_BOT_TOKEN", "4242:wrong"),
    ],
)
async def test_a_token_that_is_refused_stops_the_start_and_is_named(
    tmp_path: Path, setting: str, value: str
) -> None:
    async with Stage(tmp_path, {setting: value}) as stage:
        await stage.start()
        assert stage.bot
        async with asyncio.timeout(30):
            assert await stage.bot.wait() == 1
        assert stage.log.splitlines()[-1].startswith(f"✗ {setting}: ")
        assert value not in stage.log
        assert "Traceback" not in stage.log


class DyingPlatform(FakeTransport):
    """A platform whose own task dies once it is up."""

    def __init__(self, *, dies: bool) -> None:
        super().__init__("fake", native_forms=False, looks_back=False)
        self._dies = dies

    @property
    @override
    def tasks(self) -> Collection[asyncio.Task[None]]:
        return [asyncio.create_task(die(), name="fake polling")] if self._dies else []


class DyingDelivery(Delivery):
    """Delivery that dies at once."""

    @override
    async def run(self, name: str) -> None:
        await die()


class DyingDispatch(Dispatch):
    """Dispatch that dies at once."""

    @override
    async def drain(self) -> bool:
        await die()
        return False


async def die() -> None:
    raise ValueError("nobody foresaw this")


@pytest.mark.parametrize("part", ["fake polling", "delivery fake", "dispatch"])
def test_a_part_that_dies_is_logged_and_stops_the_bot_so_that_it_is_started_anew(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    platform = DyingPlatform(dies=part == "fake polling")
    monkeypatch.setattr(application, "build_transports", lambda *_: {"fake": platform})
    if part == "delivery fake":
        monkeypatch.setattr(application, "Delivery", DyingDelivery)
    if part == "dispatch":
        monkeypatch.setattr(application, "Dispatch", DyingDispatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_PORT", "0")
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 1
    said = result.stderr + capfd.readouterr().err
    assert f"CRITICAL bot.parts: {part} broke down" in said
    assert "ValueError: nobody foresaw this" in said
