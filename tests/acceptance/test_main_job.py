"""The main job, end to end: real comments come in, the alarm is raised in the team's chat, people work it to the review.

Through the real client libraries against servers that speak the real wire: Slack's Web API and Socket Mode, Telegram's
Bot API with long polling.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import App
from bot.config import Environment, load
from storage import figures, incidents, mentions, statements, timeline
from storage.models import Entry, Incident, State
from tests.acceptance.crawl import crawl
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import Message
from tests.servers.telegram import TelegramServer

TEAM = """
brand: {name: 青柚茶饮}
rooms:
  - {name: alerts, slack: C0ALERTS, telegram: -1001}
  - {name: leads, slack: C0LEADS}
  - {name: drills, slack: C0DRILL}
people:
  - {name: 林悦, slack: U0LIN, telegram: 1001, roles: [responder]}
  - {name: 陈立, slack: U0CHEN, telegram: 1002, roles: [lead, pr]}
  - {name: 吴桐, slack: U0WU, telegram: 1003, roles: [lead, legal]}
sources:
  - {name: crawl, kind: files, path: ./inbox}
monitor: {every: 1s, merge_window: 30m, min_mentions: 3}
"""
PATIENCE = 45.0
READING = 150.0
"""Seconds for two thousand comments on a busy machine; an idle one takes about ten."""


class Stage:
    """The two servers, the bot between them, and what is seen from outside."""

    def __init__(self, folder: Path, slack: SlackServer, telegram: TelegramServer) -> None:
        self.folder = folder
        self.slack = slack
        self.telegram = telegram
        self.app: App

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        self.app = App(load())
        async with self.app.running():
            await self.slack.connected()
            yield

    async def until(self, what: Callable[[], object], within: float = PATIENCE) -> None:
        begun = time.monotonic()
        while not what():
            assert time.monotonic() - begun < within, self.seen()
            await asyncio.sleep(0.05)

    def seen(self) -> str:
        """Everything that stands on both platforms, for whoever wonders why a test waits in vain."""
        slack = [f"slack {each.channel} {each.thread_ts or ''}: {each.shown}" for each in self.slack.posted]
        return "\n".join([*slack, *(f"telegram: {each.text}" for each in self.telegram.sent(-1001))])

    def on_slack(self, *words: str, thread: str = "") -> list[Message]:
        """Live messages with all these words, at the top level or in a thread."""
        return [
            each
            for each in self.slack.posted
            if all(word in each.shown for word in words) and root_of(each) == thread
        ]

    def on_telegram(self, *words: str) -> list[str]:
        return [each.text for each in self.telegram.sent(-1001) if all(word in each.text for word in words)]

    def on_both(self, tag: str) -> bool:
        return bool(self.on_slack(tag, "起未认领") and self.on_telegram(tag, "起未认领"))

    async def found(self) -> list[Incident]:
        async with self.app.database.read() as session:
            return list(await incidents.every(session))

    async def entries(self, number: int) -> list[Entry]:
        async with self.app.database.read() as session:
            return list(await timeline.of(session, number))

    async def until_all_is_said(self) -> None:
        begun = time.monotonic()
        while await self._is_speaking():
            # Telegram takes twenty messages a minute from a bot in a group.
            assert time.monotonic() - begun < 2 * PATIENCE, self.seen()
            await asyncio.sleep(0.2)

    async def _is_speaking(self) -> bool:
        async with self.app.database.read() as session:
            counted = await figures.count(session)
        return bool(counted.outbox or counted.inbox or counted.notices)

    async def stored(self) -> int:
        async with self.app.database.read() as session:
            return await mentions.count(session)


def root_of(message: Message) -> str:
    """The thread that a message stands in; a parent carries its own ts."""
    return "" if message.thread_ts in {None, message.ts} else message.thread_ts or ""


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fenghuo.yaml").write_text(TEAM, encoding="utf-8")
    async with SlackServer() as slack, TelegramServer(token="1:good", chats=[-1001]) as telegram:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
        monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-test")
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:good")
        monkeypatch.setenv("TELEGRAM_API_URL", telegram.url)
        yield Stage(tmp_path, slack, telegram)


@pytest.mark.slow  # Telegram takes twenty messages a minute, so it lasts more than one
@pytest.mark.timeout(400)
async def test_from_two_thousand_comments_to_the_review_of_one_incident(stage: Stage) -> None:
    total = crawl(stage.folder / "inbox", datetime.now(UTC))
    assert total == 2000
    async with stage.up():
        await until_all_is_read(stage, total)
        found = await stage.found()
        await the_three_complaints_stand_out(stage, found)
        cake = next(each for each in found if each.type == "food_safety")
        await the_cake_is_handled(stage, cake)
        await the_timeline_tells_it_in_order(stage, cake)
        await stage.until_all_is_said()
        before = len(stage.slack.posted), len(stage.telegram.sent(-1001)), await stage.stored()
    async with stage.up():
        await asyncio.sleep(3)
        assert (len(stage.slack.posted), len(stage.telegram.sent(-1001)), await stage.stored()) == before


async def until_all_is_read(stage: Stage, total: int) -> None:
    begun, begun_at = time.monotonic(), datetime.now(UTC)
    while await stage.stored() < total:
        assert time.monotonic() - begun < READING, await stage.stored()
        await asyncio.sleep(0.2)
    # What is alarming shows when a reading is at its end.
    stored_at = datetime.now(UTC)
    while stage.app.monitor.read_at.get("crawl", begun_at) < stored_at:
        assert time.monotonic() - begun < READING
        await asyncio.sleep(0.2)


async def the_three_complaints_stand_out(stage: Stage, found: list[Incident]) -> None:
    assert len(found) <= 10, [each.title for each in found]
    planted = {"蛋糕|霉": "food_safety", "崩|扣|打不开": "tech_failure", "低俗|擦边": "content_violation"}
    for words, kind in planted.items():
        about = [each for each in found if any(word in each.title for word in words.split("|"))]
        assert [each.type for each in about] == [kind], [(each.title, each.type) for each in found]
    for tag in [f"#{each.id} " for each in found]:
        await stage.until(functools.partial(stage.on_both, tag))
        assert len(stage.on_slack(tag, "起未认领")) == 1
        assert len(stage.on_telegram(tag, "起未认领")) == 1
    assert not [each for each in stage.slack.posted if each.channel == "C0DRILL"]


async def the_cake_is_handled(stage: Stage, cake: Incident) -> None:
    slack, telegram, number = stage.slack, stage.telegram, cake.id
    await telegram.say(f"/claim {number}", user=1001, chat=-1001)
    await stage.until(lambda: stage.on_slack(f"#{number} ", "林悦 负责"))
    card = stage.on_slack(f"#{number} ")[0]
    await slack.press(card.ts, f"playbook.playbook:{number} food_safety", user="U0LIN")
    await stage.until(lambda: stage.on_slack("预案", "0/13", thread=card.ts))
    checklist = stage.on_slack("预案", "0/13", thread=card.ts)[0]
    await slack.press(checklist.ts, f"playbook.step:{number} 1 done", user="U0LIN")
    await stage.until(lambda: "1/13" in slack.find(checklist.ts).shown)
    await slack.mention("step 2 done 三家门店", user="U0LIN", thread_ts=card.ts)
    await stage.until(lambda: "2/13" in slack.find(checklist.ts).shown)
    await slack.press(card.ts, f"incident.respond:{number}", user="U0LIN")
    await stage.until(lambda: "处置中" in slack.find(card.ts).shown)
    await the_statement_is_approved_by_two_leads(stage, cake, card)
    await slack.mention("log 已联系首发顾客，今天退款", user="U0LIN", thread_ts=card.ts)
    said = slack.say("门店已停售该批次", user="U0CHEN", thread_ts=card.ts)
    await slack.react("pushpin", said.ts, user="U0LIN")
    await slack.react("pushpin", said.ts, user="U0WU")
    await stage.until(
        lambda: [call for call in slack.whispers if "已联系" in call.shown or "已记入" in call.shown]
    )
    await slack.command(f"close {number} 退款完成，负面回落", user="U0CHEN")
    await stage.until(lambda: "已结案" in slack.find(card.ts).shown)
    await slack.press(card.ts, f"review.review:{number}", user="U0CHEN")
    await stage.until(lambda: stage.on_slack("复盘", "时间线", thread=card.ts))
    await stage.until(lambda: stage.on_telegram("已复盘"))


async def the_statement_is_approved_by_two_leads(stage: Stage, cake: Incident, card: Message) -> None:
    slack, telegram, number = stage.slack, stage.telegram, cake.id
    await slack.mention("draft", user="U0LIN", thread_ts=card.ts)
    await stage.until(lambda: stage.on_slack(f"声明 #{number} v1", thread=card.ts))
    statement = stage.on_slack(f"声明 #{number} v1", thread=card.ts)[0]
    await slack.press(statement.ts, f"statement.approve:{number} v1", user="U0LIN")
    await slack.press(statement.ts, f"statement.approve:{number} v1", user="U0CHEN")
    await stage.until(lambda: "陈立" in slack.find(statement.ts).shown)
    await telegram.say(f"/crisis 批准 {number} v1", user=1003, chat=-1001)
    await stage.until(lambda: "已批准" in slack.find(statement.ts).shown)
    async with stage.app.database.read() as session:
        [version] = await statements.of(session, number or 0)
        assert {vote.person for vote in await statements.votes(session, version.id or 0)} == {"陈立", "吴桐"}


async def the_timeline_tells_it_in_order(stage: Stage, cake: Incident) -> None:
    told = [entry for entry in await stage.entries(cake.id or 0) if entry.kind != "level"]
    assert [(entry.kind, entry.by) for entry in told] == [
        ("opened", ""),
        ("claimed", "林悦"),
        ("playbook", "林悦"),
        ("step_done", "林悦"),
        ("step_done", "林悦"),
        ("responding", "林悦"),
        ("drafted", "林悦"),
        ("approve", "陈立"),
        ("approve", "吴桐"),
        ("approved", "吴桐"),
        ("log", "林悦"),
        ("log", "林悦"),
        ("closed", "陈立"),
        ("reviewed", "陈立"),
    ]
    logged = [entry.text for entry in told if entry.kind == "log"]
    assert logged[0] == "已联系首发顾客，今天退款"
    assert "门店已停售该批次" in logged[1]
    [closed] = [each for each in await stage.found() if each.id == cake.id]
    assert closed.state == State.REVIEWED
    async with stage.app.database.read() as session:
        assert await timeline.broken(session, closed) == ""
