"""A whole red-level incident in compressed time: nobody answers, then a team answers late.

Every nudge, escalation and brief comes once and in order, through two restarts and a kill.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.kit.team import Person, Team
from playbooks import load
from playbooks.clocks import Clocks
from playbooks.levels import Level
from playbooks.rota import Rota
from storage.models import Deadline
from tests.chat import CHANNELS, NOW, Chat, rows, team
from tests.fakes import FakeTransport, SetClock

CLOCKS = Clocks.model_validate(
    {
        "claim": "5s",
        "assemble": "15s",
        "holding": "60s",
        "update_every": "100s",
        "brief_every": "60s",
        "golden": "90s",
        "ladder": [
            {"after": "0s", "tell": "owner"},
            {"after": "5s", "tell": "deputy"},
            {"after": "10s", "tell": "lead"},
            {"after": "15s", "tell": "rota"},
        ],
    }
)
"""What `clocks: {red: ...}` says in fenghuo.yaml when a crisis is rehearsed in minutes."""
LIBRARY = load(adapt=lambda levels: levels.adapted({Level.RED: CLOCKS}, None))
FIRST, DEPUTY, LEADS, NEXT = ("林悦",), ("赵敏",), ("陈立", "吴桐"), ("何川",)


def crew() -> Team:
    def person(name: str, *roles: str, deputy: str = "") -> Person:
        return Person(name=name, ids={"slack": f"U0{name}"}, roles=frozenset(roles), deputy=deputy)

    people = (
        person("林悦", "responder", deputy="赵敏"),
        person("赵敏", "responder"),
        person("陈立", "lead", "pr"),
        person("吴桐", "lead", "legal"),
        person("何川", "responder", "ceo"),
    )
    rota = Rota.model_validate({"people": ["林悦", "何川"], "from": "2026-11-16", "zone": "Asia/Shanghai"})
    return replace(team(people=people), rota=rota)


class Story:
    """One database and one Slack, and the processes of the bot that come and go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = SetClock(NOW)
        self.slack = FakeTransport("slack", native_forms=True, looks_back=True)

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[Chat]:
        """A process of the bot, until it stops."""
        async with Chat(self.url, team=crew(), transports={"slack": self.slack}, clock=self.clock) as chat:
            chat.dispatch.library = LIBRARY
            yield chat

    @property
    def second(self) -> int:
        return round((self.clock() - NOW).total_seconds())

    async def until(self, chat: Chat, second: int) -> None:
        """Time goes by, second by second, as in the bot."""
        while self.second < second:
            await chat.passes(seconds=1)

    def nudges(self, since: int = 0) -> list[tuple[str, tuple[str, ...]]]:
        """What was shown in the room: what is overdue, and who was called."""
        said = [each for each in self.slack.posts[since:] if each.broadcast and "·" in each.title]
        return [(each.title.partition(" · ")[2].partition(",")[0], each.calls) for each in said]

    def briefs(self) -> list[str]:
        leads = [each for each in self.slack.posts if each.channel == CHANNELS["leads"]["slack"]]
        return [each.title.partition(" ·")[0] for each in leads if each.title.startswith("Brief")]


CLAIM, BEGIN, SAY = "nobody has claimed it", "the response has not begun", "no statement is approved"
GOLDEN = "the golden hours are over"


class Killed(BaseException):
    """The process ends here."""


async def killed(chat: Chat, second: int, story: Story) -> None:
    """The process is killed while it tells what comes due: all is done, and nothing of it is committed."""

    async def die(*_: Any) -> None:
        raise Killed

    await story.until(chat, second - 1)
    chat.dispatch.speech.put = die  # type: ignore[assignment, method-assign]
    with pytest.raises(Killed):
        await story.until(chat, second)


async def test_a_red_incident_that_nobody_answers_and_then_a_team_answers_late(url: str) -> None:
    story = Story(url)
    async with story.bot() as chat:
        await chat.opens("red", "门店后厨视频", by="何川")
        await story.until(chat, 12)
        assert story.nudges() == [(CLAIM, FIRST), (CLAIM, DEPUTY)]
    # Restarted; it was off when two things came due.
    story.clock.passes(timedelta(seconds=3))
    async with story.bot() as chat:
        await story.until(chat, 21)
        assert story.nudges()[2:] == [(CLAIM, LEADS), (BEGIN, FIRST), (CLAIM, NEXT), (BEGIN, DEPUTY)]
        # Killed within the transaction that tells the leads that nothing has begun.
        await killed(chat, 26, story)
    async with story.bot() as chat:
        await story.until(chat, 59)
        assert story.nudges()[6:] == [(BEGIN, LEADS), (BEGIN, NEXT)]
        assert story.briefs() == []
        await story.until(chat, 62)
        assert story.nudges()[8:] == [(SAY, FIRST)]
        assert story.briefs() == ["Brief 1"]
        # The row is fired, and the process ends before anybody is told.
        story.clock.passes(timedelta(seconds=3))
        await chat.sweeper.sweep()
    async with story.bot() as chat:
        await story.until(chat, 110)
        assert story.nudges()[9:] == [(SAY, DEPUTY), (SAY, LEADS), (SAY, NEXT), (GOLDEN, FIRST)]
        assert story.briefs() == ["Brief 1"]
        silent = await chat.kinds()
        assert (silent.count("overdue"), silent.count("escalated"), silent.count("brief")) == (4, 9, 1)
        await _answered_late(chat, story)


async def _answered_late(chat: Chat, story: Story) -> None:
    before = len(story.slack.posts)
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    for name in ("陈立", "吴桐", "何川"):
        await chat.says("approve 1", by=name)
    assert (await chat.incident()).stated_at is not None
    async with chat.database.read() as session:
        left = {each.kind for each in await rows(session, Deadline)}
    assert {"claim", "assemble", "holding", "golden"}.isdisjoint(left)
    # The next public update is owed, and 林悦 is late with it.
    await story.until(chat, 209)
    assert story.nudges(before) == []
    await story.until(chat, 214)
    assert story.nudges(before) == [("no public update is out", FIRST)]
    # Her deputy is told, and steps in.
    await story.until(chat, 215)
    nudge = next(each for each in reversed(story.slack.posts) if each.broadcast)
    assert nudge.calls == DEPUTY
    await chat.presses("rota.takeover", nudge, by="赵敏")
    assert (await chat.incident()).owner == "赵敏"
    await chat.says("close 1 处置完成", by="赵敏")
    said = len(story.slack.posts)
    await chat.passes(days=1)
    assert len(story.slack.posts) == said
    assert story.briefs() == ["Brief 1", "Brief 2", "Brief 3"]
