"""What the public says, and what the monitor makes of it: one incident per matter, and none of noise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.monitor import chance
from bot.monitor.chance import Usual
from bot.monitor.ingest import Ingest
from bot.monitor.merge import MOST_AT_A_TIME, Index
from bot.sources.base import Batch, Cursor, Found
from storage import incidents, mentions
from storage.models import Incident, Mention, Topic
from tests.chat import Chat

THREE = (
    "蛋糕发霉了，还敢卖给顾客，太恶心了",
    "客服一直没人理，气死我了，垃圾",
    "申请退款直接驳回，坑人，投诉了",
)
"""Complaints of one kind in three wordings that share nothing."""


def comment(
    chat: Chat, text: str, number: int, *, item: str = "v1", platform: str = "douyin", **more: object
) -> Found:
    base = Found(
        platform=platform,
        text=text,
        native_id=f"{platform}-{number}",
        item_id=item,
        author=f"u{number}",
        created_at=chat.clock() - timedelta(minutes=2),
        likes=3,
    )
    return replace(base, **more)  # type: ignore[arg-type]


async def opened(chat: Chat) -> list[Incident]:
    async with chat.database.read() as session:
        return list(await incidents.every(session))


async def test_three_complaints_of_one_kind_under_one_post_are_one_incident(chat: Chat) -> None:
    await chat.mentions(*(comment(chat, text, number) for number, text in enumerate(THREE)))
    [incident] = await opened(chat)
    assert incident.type == "food_safety"


class Dry:
    """A source that yields nothing."""

    name = "dry"

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        return Batch()


async def killed_before_judging(chat: Chat, monkeypatch: pytest.MonkeyPatch, *found: Found) -> None:
    """The public speaks, and the monitor dies between storing and judging it."""

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "_settle", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await chat.mentions(*found)


async def test_what_was_stored_but_not_judged_when_it_was_killed_is_judged_after_the_restart(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints = (comment(chat, text, number) for number, text in enumerate(THREE))
    await killed_before_judging(chat, monkeypatch, *complaints)
    assert await opened(chat) == []
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        again.monitor.sources = (Dry(),)
        await again.looks()
        [incident] = await opened(again)
    assert incident.type == "food_safety"


async def test_a_severe_comment_alarms_with_the_rows_it_is_stored_with(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = (
        comment(chat, f"今天喝了柚子茶，第{number}杯", number, item=f"v{number}") for number in range(2, 60)
    )
    poisoned = comment(chat, "孩子吃了他家蛋糕食物中毒，现在还在医院抢救", 1)
    await killed_before_judging(chat, monkeypatch, poisoned, *talk)
    [incident] = await opened(chat)
    assert incident.level != "blue"


async def test_an_incident_that_grew_just_before_a_restart_is_graded_after_it(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.mentions(*(comment(chat, text, number) for number, text in enumerate(THREE)))
    [before] = await opened(chat)
    more = (comment(chat, THREE[0], number, likes=50_000) for number in range(10, 40))
    await killed_before_judging(chat, monkeypatch, *more)
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        again.monitor.sources = (Dry(),)
        await again.looks()
        [after] = await opened(again)
    assert sum(points for _, points in after.why) > sum(points for _, points in before.why)


async def test_two_complaints_are_no_incident_yet(chat: Chat) -> None:
    await chat.mentions(*(comment(chat, text, number) for number, text in enumerate(THREE[:2])))
    assert await opened(chat) == []


async def test_one_severe_comment_is_enough(chat: Chat) -> None:
    await chat.mentions(comment(chat, "孩子吃了他家蛋糕食物中毒，现在还在医院抢救", 1))
    [incident] = await opened(chat)
    assert incident.level != "blue"


@pytest.mark.parametrize(
    "text", ["请问这款蛋糕在哪里买呀", "今天路过买了一块，人不多", "绝绝子！太好吃了，下次还来"]
)
async def test_questions_praise_and_small_talk_never_alarm(chat: Chat, text: str) -> None:
    await chat.mentions(*(comment(chat, f"{text}{'！' * number}", number) for number in range(12)))
    assert await opened(chat) == []


async def test_old_complaints_never_open_an_incident(chat: Chat) -> None:
    old = chat.clock() - timedelta(hours=25)
    await chat.mentions(*(comment(chat, text, number, created_at=old) for number, text in enumerate(THREE)))
    assert await opened(chat) == []


async def test_copies_of_one_text_under_many_posts_are_one_incident_that_keeps_the_count(chat: Chat) -> None:
    text = "这家店的蛋糕发霉还不给退款，大家千万别买"
    await chat.mentions(*(comment(chat, text, number, item=f"post{number}") for number in range(50)))
    [incident] = await opened(chat)
    async with chat.database.read() as session:
        topics = await incidents.topics(session, incident.id or 0)
    assert sum(topic.mentions for topic in topics) == 50


async def test_matters_that_have_nothing_in_common_are_two_incidents(chat: Chat) -> None:
    broken = (
        "小程序崩了，付款失败钱被扣了",
        "登录不了，一直闪退，垃圾系统",
        "点单页面打不开，付款失败三次了，气死",
    )
    rotten = [comment(chat, text, number) for number, text in enumerate(THREE)]
    down = [comment(chat, text, number, item="w9", platform="weibo") for number, text in enumerate(broken)]
    await chat.mentions(*rotten, *down)
    assert sorted(each.type for each in await opened(chat)) == ["food_safety", "tech_failure"]


async def test_what_is_seen_again_is_not_stored_again_but_its_counts_are(chat: Chat) -> None:
    first = [comment(chat, text, number) for number, text in enumerate(THREE)]
    await chat.mentions(*first)
    again = await chat.mentions(*(replace(each, likes=900) for each in first))
    assert (again.new, again.known, again.raised) == (0, 3, [])
    async with chat.database.read() as session:
        assert await mentions.count(session) == 3
        assert {each.likes for each in await mentions.newest(session, 1)} == {900}


async def test_a_comment_of_an_open_incident_joins_it_long_after_the_window(chat: Chat) -> None:
    await chat.mentions(*(comment(chat, text, number) for number, text in enumerate(THREE)))
    await chat.passes(hours=3)
    await chat.mentions(comment(chat, THREE[0], 9))
    assert len(await opened(chat)) == 1


async def test_complaints_that_lie_further_apart_than_the_window_do_not_add_up(chat: Chat) -> None:
    for number, text in enumerate(THREE):
        await chat.mentions(comment(chat, text, number))
        await chat.passes(minutes=40)
    assert await opened(chat) == []


async def test_nothing_personal_is_stored(chat: Chat) -> None:
    await chat.mentions(
        comment(
            chat,
            "客服电话13800138000打不通，加我微信abc12345，蛋糕发霉",
            1,
            author="MS4wLjABAAAA",
            nickname="小明同学",
        )
    )
    async with chat.database.read() as session:
        stored = [*await session.scalars(select(Mention)), *await session.scalars(select(Topic))]
    text = "\n".join(map(repr, stored))
    assert "发霉" in text
    for secret in ("13800138000", "abc12345", "MS4wLjABAAAA", "小明同学"):
        assert secret not in text


def usual_with(comments: int, likes: int, *, complaints: int) -> Usual:
    """What is usual where so many comments with so many likes stand under posts of ten each."""
    usual, now = Usual(timedelta(minutes=30)), datetime(2026, 11, 20, 6, tzinfo=UTC)
    for number in range(comments):
        usual.note(now, f"post{number // 10}", now, likes)
    usual.hear(now, (), complaints=complaints)
    return usual


def test_well_liked_complaints_surprise_only_where_comments_seldom_are() -> None:
    voices = [300, 40, 95, 66, 120]
    assert chance.liked(usual_with(1000, 1, complaints=500), voices) > 5
    assert chance.liked(usual_with(1000, 300, complaints=500), voices) == 0
    assert chance.liked(usual_with(1000, 1, complaints=500), [None] * 5) == 0


def test_a_post_under_which_all_complain_surprises_only_where_people_seldom_do() -> None:
    voices = ["post1"] * 9
    assert chance.besieged(usual_with(1000, 1, complaints=100), voices) > 5
    assert chance.besieged(usual_with(1000, 1, complaints=950), voices) < 1


def test_only_so_many_incidents_are_opened_at_once_but_the_first_of_each_platform_always() -> None:
    index, now = Index(timedelta(minutes=30)), datetime(2026, 11, 20, 6, tzinfo=UTC)
    opened = [index.may_open(now, "weibo", anyway=False) for _ in range(MOST_AT_A_TIME + 3)]
    assert opened.count(True) == MOST_AT_A_TIME
    assert index.may_open(now, "douyin", anyway=False), "weibo was read first"
    assert not index.may_open(now, "douyin", anyway=False)
    assert index.may_open(now, "douyin", anyway=True), "one comment of it is enough to alarm"
    later = now + timedelta(minutes=31)
    assert index.may_open(later, "weibo", anyway=False)
