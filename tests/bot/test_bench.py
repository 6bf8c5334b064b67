"""The benchmarks: that they run, and that what they measure with is true."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import httpx
import pytest
from typer.testing import CliRunner

from bot.bench.apps import SECRET, bare_app
from bot.bench.crowd import Crowd
from bot.bench.figures import Spread
from bot.bench.load import Load
from bot.bench.workspace import ROOM, Workspace
from bot.cli import main
from bot.sentiment import Scorer
from bot.sources.files import FilesSource

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def card(*buttons: str, thread: str = "") -> dict[str, object]:
    elements = [{"type": "button", "action_id": button} for button in buttons]
    return {"channel": ROOM, "thread_ts": thread, "blocks": [{"type": "actions", "elements": elements}]}


async def test_the_bare_app_says_yes_to_what_is_signed_and_to_nothing_else() -> None:
    load = Load({}, SECRET, Workspace())
    body = load.body()
    transport = httpx.ASGITransport(app=bare_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://bare") as client:
        signed = await client.post("/slack/events", content=body, headers=load.signed(body))
        forged = await client.post("/slack/events", content=body + "0", headers=load.signed(body))
    assert (signed.status_code, forged.status_code) == (200, 401)


async def test_a_press_is_over_when_an_edit_takes_its_button_away() -> None:
    async with Workspace() as slack, aiohttp.ClientSession() as bot:

        async def call(method: str, said: dict[str, object]) -> str:
            async with bot.post(slack.url + method, json=said) as answer:
                return str((await answer.json())["ts"])

        message = await call("chat.postMessage", card("incident.claim:1", "look.show:1"))
        await call("chat.postMessage", card("incident.claim:2", thread=message))
        assert slack.press() == (message, "incident.claim:1")
        assert slack.press() is None
        await call("chat.update", {**card("incident.claim:1"), "ts": message})
        assert len(slack.unchanged()) == 1
        await call("chat.update", {**card("incident.respond:1"), "ts": message})
        assert (len(slack.changes), slack.unchanged()) == (1, [])
        assert slack.press() == (message, "incident.respond:1")


def test_a_crowd_reads_like_a_crawl_and_one_in_twenty_complains(tmp_path: Path) -> None:
    Crowd(2000, NOW).write(tmp_path)
    batch = FilesSource(name="crawl", path=tmp_path, timezone=ZoneInfo("Asia/Shanghai")).read({}, 5000, NOW)
    assert (len(batch.found), batch.rejects) == (2000, ())
    assert {found.platform for found in batch.found} == {"douyin", "weibo", "xhs"}
    post, complaints = Counter(found.item_id for found in batch.found).most_common(1)[0]
    assert 60 < complaints < 140
    scorer = Scorer(("青柚",))
    labels = [scorer.score(found.text).label for found in batch.found if found.item_id == post]
    assert labels[:30].count("negative") >= 27


def test_the_same_seed_makes_the_same_crowd() -> None:
    assert Crowd(200, NOW).texts() == Crowd(200, NOW).texts() != Crowd(200, NOW, seed=2).texts()


def test_a_percentile_is_a_value_that_was_measured() -> None:
    spread = Spread.of([number / 1000 for number in range(100, 0, -1)])
    assert (spread.p50, spread.p95, spread.p99, spread.most) == (0.05, 0.095, 0.099, 0.1)


@pytest.mark.slow
@pytest.mark.timeout(900)  # what is alarming shows every five thousand comments, so there must be more
def test_bench_measures_both_apps_and_reports_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Settings of whoever runs it must not reach the apps under test.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    result = CliRunner().invoke(main, ["bench", "--mentions", "8000", "--passing", "5000", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    measured = found["acknowledgement"]
    assert measured["failures"] == []
    assert measured["raised"] >= 1
    assert measured["changes"]["count"] >= 1
    assert all(measured[when][app]["count"] > 20 for when in ("quiet", "busy") for app in ("fenghuo", "bare"))
    assert 0 < measured["spent"]["longest_write"] < 5
    assert found["screening"]["fenghuo"] > found["screening"]["snownlp"]
    passing = found["passing"]
    assert passing["mentions"] == 5000
    assert min(passing[name] for name in ("seconds", "early", "late", "snownlp", "memory")) > 0
