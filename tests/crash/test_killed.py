"""A bot that is killed again and again, at any moment, loses nothing and repeats nothing."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.transports.telegram_render import REPEAT
from tests.crash.stage import GROUP, SLACK_ROOMS, Stage

SEED = 20_261_120
KILLS = 50
STILL_STARTING = 0.3
"""The share of lives that end before the bot is up."""
START, LIFE = (0.1, 2.5), (0.2, 2.0)
"""Seconds that lives last: from the start of the process, or from when it is up."""
SLOW_ANSWER = 0.15
"""Seconds between a post and the answer to it: the moment in which a kill leaves the bot unsure."""
REST_LIMIT = 240.0
PEOPLE = (("U0LIN", 1001), ("U0CHEN", 1002))

MATTERS = (
    "柚子茶里喝出一只虫子，客服不理人",
    "蛋糕发霉了，要退款客服不理",
    "奶茶喝完拉肚子一晚上，投诉也没用",
    "红豆糕里吃出头发，店家不承认",
    "会员卡退款拖了两个月，找谁都踢皮球",
    "店员骂人还翻白眼，服务态度极差",
    "第二杯半价，结账却是全价，虚假宣传，已打12315",
    "后厨牛奶过期还在用，举报到市监局了",
)
ENDINGS = ("", "！", "！！", "，太恶心了", "，大家避雷", "，气死我了")
TALK = ("杯子是蓝色的", "包装换了新的", "旁边坐了一桌学生", "菜单改版了", "这周第三次路过", "下次想点热的")
NEXT_MATTER = 150
"""After how many lines people begin to complain about the next matter."""

WAITING = {
    "messages": "select count(*) from outbox where state in ('pending', 'sending', 'unsure')",
    "arrivals": "select count(*) from inbox where done_at is null",
    "notices": "select count(*) from notice where done_at is null",
}


@dataclass
class Story:
    """What happened, told by those who did it."""

    random: Random = field(default_factory=lambda: Random(SEED))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    written: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    presses: int = 0
    is_over: bool = False

    async def pause(self, least: float, most: float) -> None:
        """Wait a while."""
        await asyncio.sleep(self.random.uniform(least, most))

    def note(self, text: str, *, is_accepted: bool) -> None:
        """Remember a command that was given: a `title-N` is an incident, an `entry-N` a line of a timeline."""
        if not is_accepted:
            self.uncertain.add(text)
        else:
            (self.opened if text.startswith("title") else self.accepted).add(text)

    def words(self, openings: float) -> tuple[str, str]:
        """A command, and what tells it from every other one."""
        if self.random.random() < openings:
            text = f"title-{next(self.numbers)}"
            return f"new yellow user_complaint {text}", text
        text = f"entry-{next(self.numbers)}"
        return f"log 1 {text}", text


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_at_fifty_moments_it_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    story, began = Story(), time.monotonic()
    async with Stage(tmp_path) as stage:
        await begin(stage)
        deeds = (write, slash, mention, chat, press)
        crowd = [asyncio.create_task(deed(stage, story)) for deed in deeds]
        for _ in range(KILLS):
            await live_and_die(stage, story)
        killed = time.monotonic()
        story.is_over = True
        await stage.start()
        await stage.up()
        await asyncio.gather(*crowd)
        await at_rest(stage, story)
        slack, telegram = await stage.state(stage.slack_url), await stage.state(stage.telegram_url)
        assert len(stage.left_over()) <= 3, "the bot, its worker and what looks after the worker's semaphores"
        assert await stage.stop() == 0
        assert await (await stage.run("db", "verify")).wait() == 0, stage.log[-2000:]
        assert "Traceback" not in stage.log
        check_mentions(stage, story)
        check_commands(stage, story)
        check_queues(stage)
        check_slack(stage, slack)
        repeats = check_telegram(stage, telegram)
    print(  # noqa: T201 - figures for whoever runs it with -s
        f"\n{KILLS} kills in {killed - began:.0f} s, all in {time.monotonic() - began:.0f} s: {len(story.written)} mentions, "
        f"{len(story.accepted)} logs and {len(story.opened)} incidents accepted, {len(story.uncertain)} commands not, "
        f"{story.presses} presses; {len(slack['posted'])} posts and {len(slack['whispers'])} whispers on Slack; "
        f"{repeats} repeats on Telegram"
    )


async def begin(stage: Stage) -> None:
    """The first incident stands; from now on answers to posts are slow."""
    await stage.start()
    await stage.up()
    assert (await stage.slack("mention", text="new blue user_complaint 第一件", retries=5))["ok"]
    await stage.slack("fail", method="chat.postMessage", delay=SLOW_ANSWER, times=10**6)
    await stage.telegram("fail", method="sendMessage", delay=SLOW_ANSWER, times=10**6)


async def live_and_die(stage: Stage, story: Story) -> None:
    """One more life."""
    assert stage.bot
    if stage.bot.returncode is not None:
        await stage.start()
        if story.random.random() < STILL_STARTING:
            await story.pause(*START)
            await stage.kill()
            return
        await stage.up()
    await story.pause(*LIFE)
    await stage.kill()


async def at_rest(stage: Stage, story: Story) -> None:
    """Wait until nothing is left to do."""
    left: dict[str, int] = {}
    deadline = time.monotonic() + REST_LIMIT
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        left = {name: stage.count(query) for name, query in WAITING.items()}
        left["mentions"] = len(story.written) - stage.count("select count(*) from mention")
        left["updates"] = (await stage.state(stage.telegram_url))["pending"]
        if not any(left.values()):
            return
    raise AssertionError(f"still waiting after {REST_LIMIT:.0f} s: {left}\n{stage.log[-3000:]}")


# What goes on meanwhile


async def write(stage: Stage, story: Story) -> None:
    """Files of comments grow, cut anywhere, even within a character."""
    rests = {f"{name}/jsonl/search_comments_2026-11-20.jsonl": b"" for name in ("douyin", "weibo")}
    for name in rests:
        (stage.inbox / name).parent.mkdir(parents=True)
    while not story.is_over or any(rests.values()):
        name = story.random.choice(list(rests))
        if not story.is_over:
            rests[name] += b"".join(line(story) for _ in range(story.random.randrange(12)))
        cut = len(rests[name]) if story.is_over else story.random.randrange(len(rests[name]) + 1)
        with (stage.inbox / name).open("ab") as file:
            file.write(rests[name][:cut])
        rests[name] = rests[name][cut:]
        await story.pause(0.05, 0.2)


def line(story: Story) -> bytes:
    """A comment: talk, or one more complaint about what people complain about just now."""
    matter = min(len(story.written) // NEXT_MATTER, len(MATTERS) - 1)
    text = f"{story.random.choice(TALK)}，{story.random.choice(TALK)}"
    if story.random.random() < 0.15:
        text = f"青柚的{MATTERS[matter]}{story.random.choice(ENDINGS)}"
    number = len(story.written)
    row = {
        "comment_id": str(7 * 10**18 + number),
        "content": text,
        "note_id": str(5 * 10**15 + matter),
        "nickname": f"用户{number}",
        "user_id": str(number),
        "create_date_time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00"),
    }
    story.written.add(row["comment_id"])
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


async def slash(stage: Stage, story: Story) -> None:
    """Slash commands; Slack brings each only once."""
    while not story.is_over:
        await story.pause(0.3, 1.2)
        words, text = story.words(0)
        ack = await stage.slack("command", text=words, channel=story.random.choice(SLACK_ROOMS))
        story.note(text, is_accepted=ack["ok"])


async def mention(stage: Stage, story: Story) -> None:
    """Mentions, which Slack brings again until they are acknowledged."""
    while not story.is_over:
        await story.pause(0.5, 1.5)
        words, text = story.words(0.15)
        channel, user = story.random.choice(SLACK_ROOMS), story.random.choice(PEOPLE)[0]
        ack = await stage.slack("mention", text=words, channel=channel, user=user, retries=3)
        story.note(text, is_accepted=ack["ok"])


async def chat(stage: Stage, story: Story) -> None:
    """Commands on Telegram, which brings every update until it is confirmed: so all of them count in the end."""
    while not story.is_over:
        await story.pause(1.0, 3.0)
        words, text = story.words(0.1)
        where = story.random.choice((GROUP, 1001, 1002))
        user = story.random.choice(PEOPLE)[1] if where == GROUP else where
        await stage.telegram("say", text=f"/{words}", user=user, chat=where)
        story.note(text, is_accepted=True)


async def press(stage: Stage, story: Story) -> None:
    """Two people press Claim on the same card."""
    while not story.is_over:
        await story.pause(1.0, 3.0)
        posted = (await stage.state(stage.slack_url))["posted"]
        claims = (
            (card["ts"], re.search(r'"(incident\.claim:[^"]*)"', json.dumps(card["blocks"])))
            for card in posted
        )
        newest = max(((ts, found[1]) for ts, found in claims if found), default=None)
        if newest:
            ts, action = newest
            both = [stage.slack("press", message_ts=ts, action_id=action, user=user) for user, _ in PEOPLE]
            story.presses += sum(bool(ack.get("ok")) for ack in await asyncio.gather(*both))


# What must hold afterwards


def check_mentions(stage: Stage, story: Story) -> None:
    """Each comment is stored once, and counted once in what it belongs to."""
    stored = Counter(native for (native,) in stage.rows("select native_id from mention"))
    assert set(stored) == story.written
    assert set(stored.values()) == {1}
    assert stage.count("select count(*) from quarantine") == 0
    counted = dict(stage.rows("select id, mentions from topic"))
    assert counted == dict(
        stage.rows("select topic_id, count(*) from mention where topic_id is not null group by topic_id")
    )
    assert stage.count("select count(*) from incident where opened_by = ''") > 3


def check_commands(stage: Stage, story: Story) -> None:
    """What was accepted was done once, anything else at most once."""
    done = Counter(text for (text,) in stage.rows("select text from entry where kind = 'log'"))
    done += Counter(
        title for (title,) in stage.rows("select title from incident where opened_by != '' and id > 1")
    )
    assert {text for text in story.accepted | story.opened if not done[text]} == set()
    assert set(done) <= story.accepted | story.opened | story.uncertain
    assert set(done.values()) == {1}
    claims = Counter(
        number for (number,) in stage.rows("select incident_id from entry where kind = 'claimed'")
    )
    assert set(claims.values()) <= {1}


def check_queues(stage: Stage) -> None:
    """All was worked on and said."""
    assert stage.rows("select state, error from outbox where state not in ('sent', 'superseded')") == []
    assert stage.rows("select outcome from inbox where outcome not in ('done', 'refused')") == []


def check_slack(stage: Stage, state: dict[str, Any]) -> None:
    """Every message stands once, and every incident's card in each alerts room."""
    ids = Counter(each["metadata"]["event_payload"]["id"] for each in state["posted"])
    assert set(ids.values()) == {1}
    said = Counter(
        (each["channel"], each["thread_ts"], json.dumps(each["blocks"])) for each in state["posted"]
    )
    assert {what: times for what, times in said.items() if times > 1} == {}
    for (number,) in stage.rows("select id from incident"):
        cards = dict(
            stage.rows(
                f"select channel, id from outbox where key = 'incident:{number}' and kind = 'post' and transport = 'slack'"
            )
        )
        assert set(cards) == set(SLACK_ROOMS)
        assert all(ids[str(row)] == 1 for row in cards.values())
    texts = (json.dumps(each["blocks"], ensure_ascii=False) for each in state["whispers"])
    answers = Counter(answer for text in texts for answer in re.findall(r"entry \d+|title-\d+", text))
    assert answers
    assert set(answers.values()) == {1}


def check_telegram(stage: Stage, state: dict[str, Any]) -> int:
    """Nothing is said twice without a mark, and nothing is marked that was not cut off; returns how much was repeated."""
    sent = [call["params"] for call in state["calls"] if call["method"] == "sendmessage"]
    plain = Counter(content(params) for params in sent if REPEAT not in params["text"])
    marked = Counter(content(params) for params in sent if REPEAT in params["text"])
    assert {what: times for what, times in plain.items() if times > 1} == {}
    # What was cut off twice may be worded differently the third time: a new process has met nobody yet.
    cut_off = stage.count(
        "select coalesce(sum(attempts - 1), 0) from outbox where transport = 'telegram' and kind != 'edit' and attempts > 1"
    )
    assert len(marked) <= cut_off
    cards = [
        key
        for (key,) in stage.rows(
            "select key from outbox where kind = 'post' and transport = 'telegram' and key != ''"
        )
    ]
    assert sorted(cards) == sorted(
        f"incident:{number}" for (number,) in stage.rows("select id from incident")
    )
    return (plain + marked).total() - len(plain | marked)


def content(params: dict[str, Any]) -> tuple[str, str, str]:
    """What makes a message the same as another: where it goes, what it answers, what it says."""
    return (
        str(params["chat_id"]),
        str(params.get("reply_parameters")),
        re.sub(rf"（{REPEAT}）\s*", "", params["text"]),
    )
