"""The brand's own videos: numbers that leave their usual range raise a card with the curve, once a day."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.charts import draw
from bot.monitor.ingest import Ingest
from bot.monitor.metrics import Own, Rules
from bot.monitor.wanted import Wanted
from bot.sources.base import Found
from bot.teamfile import TeamFile
from playbooks.checking import parse
from playbooks.quiet import Quiet
from playbooks.reading import read_sheet
from storage.database import Database
from storage.models import Abnormal, Incident, Mention, Snapshot, Video
from tests.cast import preparer
from tests.chat import NOW, SHANGHAI, Chat, complaints, library, rotten, rows
from tests.fakes import Said
from tests.stores import on_both

HOUR = timedelta(hours=1)
ACCOUNT = "MS4wLjABAAAA-qingyou"
AGE = 30
"""Hours that the video which is looked at is old."""


def watching(database: Database, quiet: Quiet | None = None) -> Ingest:
    """An ingest that knows the brand's account."""
    knowing = copy(preparer())
    knowing.recipe = replace(knowing.recipe, own=Own.of([ACCOUNT], []), keywords=("青柚",))
    knowing.wanted, knowing.ours = Wanted(("青柚",)), frozenset()
    return Ingest(
        database=database,
        library=library(),
        preparer=knowing,
        window=timedelta(minutes=30),
        min_mentions=3,
        quiet=quiet,
        rules=Rules(zone=SHANGHAI),
    )


@asynccontextmanager
async def resting(url: str, **rules: object) -> AsyncIterator[Chat]:
    """The team with rules for when alerts wait."""
    quiet = Quiet.model_validate(rules)
    async with Chat(url, quiet=quiet) as team:
        team.monitor.ingest = watching(team.database, quiet)
        yield team


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    async with Chat(url) as team:
        team.monitor.ingest = watching(team.database)
        yield team


def video(
    name: str,
    published: datetime,
    age: float,
    *,
    size: float = 1.0,
    comments: int = 0,
    plays: float = 0,
    shares: int = 0,
    author: str = ACCOUNT,
) -> Found:
    """A video as the crawler saw it at an age in hours: its numbers grow fast at first; then come what is added."""
    grown = size * (1 - math.exp(-age / 12))
    return Found(
        platform="douyin",
        text="新品柠檬茶上市",
        title="新品柠檬茶上市",
        native_id=name,
        item_id=name,
        kind="video",
        url=f"https://www.douyin.com/video/{name}",
        author=author,
        created_at=published,
        counted_at=published + age * HOUR,
        plays=round(200_000 * grown + plays),
        likes=round(6_000 * grown),
        replies=round(2_000 * grown) + comments,
        shares=round(800 * grown) + shares,
    )


def earlier(count: int = 4) -> list[Found]:
    """The brand's earlier videos, seen every two hours of their first two days."""
    return [
        video(f"70000000000000000{number}", NOW - timedelta(days=5 * number), age, size=0.7 + 0.2 * number)
        for number in range(1, count + 1)
        for age in range(2, 48, 2)
    ]


NEW = "7300000000000000001"
PUBLISHED = NOW - AGE * HOUR


async def life(chat: Chat, *, peers: int = 4) -> None:
    """All is as usual until now."""
    await chat.mentions(*earlier(peers), *(video(NEW, PUBLISHED, age) for age in range(1, AGE + 1)))
    assert await chat.count(Abnormal) == 0


async def goes_on(chat: Chat, hours: int = 1, **added: float) -> None:
    """Time goes by, and the video is seen again."""
    chat.clock.passes(hours * HOUR)
    age = (chat.clock() - PUBLISHED) / HOUR
    await chat.mentions(video(NEW, PUBLISHED, age, **added))  # type: ignore[arg-type]


def cards(chat: Chat, on: str = "slack") -> list[Said]:
    return [each for each in chat.transports[on].posts if not each.card.images]


def pictures(chat: Chat, on: str = "slack") -> list[Said]:
    return [each for each in chat.transports[on].posts if each.card.images]


@on_both
async def test_a_pile_on_raises_a_card_with_its_numbers_and_the_curve(chat: Chat) -> None:
    await life(chat)
    await goes_on(chat, comments=690)
    for name in chat.transports:
        [card], [picture] = cards(chat, name), pictures(chat, name)
        assert card.title == "Own video: comments pile up, plays do not follow"
        assert "《新品柠檬茶上市》 · Douyin · published 11-19 08:00" in card.text
        assert "comments: 703 an hour; usual at this age: 15" in card.text
        assert "from 4 earlier videos" in card.text
        assert "plays are at 0." in card.text or "plays are at 1" in card.text
        assert "comments 1,836 → 2,539" in card.text
        assert card.wires == ["incident.new:"]
        assert picture.thread == card.message
        assert "Red: this video" in picture.title
        [drawn] = picture.card.images
        assert drawn.ticks[-1] == "15:00"
        assert drawn.line[-1] == pytest.approx(703, abs=2)
        assert drawn.high[-1] is not None
        assert drawn.high[-1] < 100
        assert draw(drawn).startswith(b"\x89PNG")


async def test_it_is_said_once_a_day(chat: Chat) -> None:
    await life(chat)
    await goes_on(chat, comments=690)
    await goes_on(chat, comments=1_400)
    assert len(cards(chat)) == 1
    await goes_on(chat, hours=8, comments=1_400)
    await goes_on(chat, comments=2_200)
    assert len(cards(chat)) == 2, "the next day, by the team's clock"


async def test_a_video_that_simply_does_well_calls_nobody(chat: Chat) -> None:
    await life(chat)
    await goes_on(chat, comments=690, plays=90_000, shares=300)
    assert cards(chat) == []
    assert await chat.count(Snapshot) == 4 * 23 + AGE + 1


async def test_a_few_comments_more_call_nobody_however_few_are_usual(chat: Chat) -> None:
    await life(chat)
    await goes_on(chat, hours=90)
    await goes_on(chat, comments=20)
    assert cards(chat) == []


async def test_plays_that_collapse_are_told(chat: Chat) -> None:
    await life(chat)
    # It is hidden: nothing moves any more.
    chat.clock.passes(HOUR)
    await chat.mentions(replace(video(NEW, PUBLISHED, AGE), counted_at=chat.clock()))
    [card] = cards(chat)
    assert card.title == "Own video: plays have collapsed"
    assert "plays: 0 an hour" in card.text
    assert "% of the usual" in card.text


async def test_with_too_few_earlier_videos_it_is_held_against_its_own_hours(chat: Chat) -> None:
    await life(chat, peers=2)
    await goes_on(chat, comments=690)
    [card] = cards(chat)
    assert "before, this video had" in card.text
    assert "what it had before" in pictures(chat)[0].title


async def test_without_plays_it_says_so(chat: Chat) -> None:
    blind = [replace(each, plays=None, likes=None) for each in earlier()]
    own = [replace(video(NEW, PUBLISHED, age), plays=None, likes=None) for age in range(1, AGE + 1)]
    await chat.mentions(*blind, *own)
    chat.clock.passes(HOUR)
    await chat.mentions(replace(video(NEW, PUBLISHED, AGE + 1, comments=690), plays=None, likes=None))
    [card] = cards(chat)
    assert card.title == "Own video: comments pile up"
    assert "how plays do is not known" in card.text


async def test_likes_stand_in_for_plays_where_there_are_none(chat: Chat) -> None:
    """MediaCrawler's Douyin rows have no plays."""
    whole = [*earlier(), *(video(NEW, PUBLISHED, age) for age in range(1, AGE + 1))]
    await chat.mentions(*(replace(each, plays=None) for each in whole))
    chat.clock.passes(HOUR)
    await chat.mentions(replace(video(NEW, PUBLISHED, AGE + 1, comments=690), plays=None))
    [card] = cards(chat)
    assert card.title == "Own video: comments pile up, likes do not follow"


async def test_what_is_said_under_an_own_video_is_wanted_whatever_words_it_uses(chat: Chat) -> None:
    await chat.mentions(video(NEW, PUBLISHED, 3), rotten("太甜了", item=NEW), rotten("太甜了", item="else"))
    chat.monitor.ingest = watching(chat.database)
    await chat.mentions(rotten("又太甜了", item=NEW))
    async with chat.database.read() as session:
        assert [each.text for each in await rows(session, Mention)] == ["太甜了", "又太甜了"]


async def test_it_goes_into_the_thread_of_the_incident_about_that_video(chat: Chat) -> None:
    await life(chat)
    await chat.mentions(*complaints(3, item=NEW))
    incident = await chat.card()
    await goes_on(chat, comments=690)
    told = cards(chat)[-1]
    assert (told.thread, told.broadcast) == (incident.message, True)
    assert "#1" in told.title
    assert told.wires == ["look.show:1"]
    assert pictures(chat)[-1].thread == incident.message
    assert "pile_on" in await chat.kinds()
    assert await chat.count(Incident) == 1


async def test_when_what_is_said_there_is_negative_it_opens_an_incident_by_itself(chat: Chat) -> None:
    await life(chat)
    # Too old for a topic to open one.
    yesterday = NOW - timedelta(hours=25)
    await chat.mentions(*complaints(14, item=NEW, created_at=yesterday))
    assert await chat.count(Incident) == 0
    await goes_on(chat, comments=690)
    incident = await chat.incident()
    assert incident.title == "新品柠檬茶上市"
    assert (await chat.kinds())[:2] == ["opened", "pile_on"]
    told = cards(chat)[-1]
    assert told.thread == (await chat.card()).message
    assert "negative" in told.text
    await goes_on(chat, hours=20, comments=690)
    await goes_on(chat, comments=1_500)
    assert await chat.count(Incident) == 1, "the next day it goes to the same incident"


async def opened_by_numbers(chat: Chat) -> None:
    """Incident #1: a pile-on under which complaints stand that are too old for a topic to open one."""
    await life(chat)
    yesterday = chat.clock() - timedelta(hours=25)
    await chat.mentions(*complaints(14, item=NEW, created_at=yesterday))
    await goes_on(chat, comments=690)


async def test_the_living_card_of_such_an_incident_shows_its_numbers(chat: Chat) -> None:
    await opened_by_numbers(chat)
    text = (await chat.card()).text
    assert "Own video “新品柠檬茶上市”, an hour, 15:00: plays" in text
    assert "comments 703 (usually 15)" in text
    assert "tied to it" not in text


async def test_what_is_said_beside_it_joins_it(chat: Chat) -> None:
    await opened_by_numbers(chat)
    tally = await chat.mentions(*complaints(3, item=NEW, created_at=chat.clock()))
    assert tally.raised == []
    assert await chat.count(Incident) == 1
    incident = await chat.incident()
    assert (incident.type, incident.title) == ("food_safety", "新品柠檬茶上市")
    await chat.passes(seconds=15)
    assert "Douyin ×3" in (await chat.card()).text
    elsewhere = complaints(3, item="else", created_at=chat.clock())
    assert (await chat.mentions(*elsewhere)).raised == [], "by now it is the same matter"


async def test_what_is_said_elsewhere_does_not_join_it(chat: Chat) -> None:
    await opened_by_numbers(chat)
    broken = (
        "小程序崩了，付款失败钱被扣了",
        "登录不了，一直闪退，垃圾系统",
        "点单页面打不开，付款失败三次了，气死",
    )
    found = [rotten(f"青柚{text}", item="app", created_at=chat.clock()) for text in broken]
    assert (await chat.mentions(*found)).raised == [2]


async def test_once_it_is_over_what_is_said_there_is_a_matter_of_its_own(chat: Chat) -> None:
    await opened_by_numbers(chat)
    await chat.says("dismiss 1 抽奖", by="陈立")
    assert (await chat.mentions(*complaints(3, item=NEW, created_at=chat.clock()))).raised == [2]


@on_both
async def test_in_quiet_hours_numbers_wait_and_are_told_at_the_end(url: str) -> None:
    hours = {"from": "14:30", "to": "18:00", "levels": ["blue", "yellow"]}
    async with resting(url, hours=[hours]) as chat:
        await life(chat)
        await goes_on(chat, comments=690)
        assert cards(chat) == []
        assert pictures(chat) == []
        await chat.passes(hours=3)
        over, card = cards(chat)
        assert over.title == "Quiet hours are over · held back: 1"
        assert "15:00 own video “新品柠檬茶上市”: numbers that are not usual" in over.text
        assert card.title == "Own video: comments pile up, plays do not follow"
        assert "an hour" in card.text
        assert len(pictures(chat)) == 1


async def test_in_quiet_hours_an_incident_by_numbers_waits_with_what_it_is_about(url: str) -> None:
    hours = {"from": "14:30", "to": "18:00", "levels": ["blue", "yellow", "orange"]}
    async with resting(url, hours=[hours]) as chat:
        await opened_by_numbers(chat)
        assert cards(chat) == []
        await chat.passes(hours=3)
        [over] = cards(chat)
        assert over.title == "Quiet hours are over · held back: 1"
        assert over.wires == ["quiet.bring:1"]
        await chat.presses("quiet.bring:1", over, by="林悦")
        assert "comments 703 (usually 15)" in (await chat.card()).text


async def test_maintenance_explains_numbers_that_have_its_keywords(url: str) -> None:
    window = {
        "from": "2026-11-20 14:30",
        "to": "2026-11-20 16:00",
        "reason": "新品直播",
        "keywords": ["柠檬茶"],
    }
    async with resting(url, maintenance=[window]) as chat:
        await life(chat)
        await goes_on(chat, comments=690)
        assert cards(chat) == []
        await chat.passes(hours=1)
        assert [each.title.split(":")[0] for each in cards(chat)] == ["Maintenance is over", "Own video"]


async def test_numbers_of_a_red_incident_pass_in_quiet_hours(url: str) -> None:
    hours = {"from": "14:30", "to": "18:00", "levels": ["blue", "yellow", "orange"]}
    async with resting(url, hours=[hours]) as chat:
        await life(chat)
        await chat.mentions(*complaints(3, item=NEW))
        await chat.says("level 1 red 上了热搜", by="林悦")
        await goes_on(chat, comments=690)
        assert "comments pile up" in cards(chat)[-1].title


async def test_an_import_of_old_numbers_calls_nobody(chat: Chat) -> None:
    old = NOW - timedelta(days=40)
    await chat.mentions(*earlier(), *(video(NEW, old, age) for age in range(1, AGE)))
    await chat.mentions(video(NEW, old, AGE, comments=900))
    assert cards(chat) == []


async def test_videos_of_others_are_not_watched_and_ids_of_accounts_are_not_stored(chat: Chat) -> None:
    await chat.mentions(
        video("7300000000000000009", PUBLISHED, 3, author="somebody"), video(NEW, PUBLISHED, 3)
    )
    async with chat.database.read() as session:
        [known] = await rows(session, Video)
        said = await rows(session, Mention)
    assert known.item_id == NEW
    assert all(ACCOUNT not in each.author for each in said)


def test_own_videos_may_be_named_by_link_or_id() -> None:
    own = Own.of([], [f"https://www.douyin.com/video/{NEW}", "weibo-1"])
    assert own.counts(video(NEW, PUBLISHED, 3, author="x"), NOW)
    assert own.counts(replace(video("weibo-1", PUBLISHED, 3, author="x"), platform="weibo"), NOW)
    assert not own.counts(video("8", PUBLISHED, 3, author="x"), NOW)
    assert not own.counts(rotten(item=NEW), NOW), "a comment under it is no video"


def test_accounts_and_limits_are_set_in_the_teams_file(tmp_path: Path) -> None:
    file = tmp_path / "fenghuo.yaml"
    file.write_text(
        f"brand: {{accounts: [{ACCOUNT}, 123456789], videos: [{NEW}]}}\nmetrics: {{span: 5s, times: 2, least: 3}}\n",
        encoding="utf-8",
    )
    team = parse(read_sheet(file), TeamFile)
    assert team.brand.accounts == (ACCOUNT, "123456789")
    assert team.brand.videos == (NEW,)
    rules = Rules(zone=SHANGHAI, **team.metrics.model_dump())
    assert (rules.span, rules.times, rules.least) == (timedelta(seconds=5), 2.0, 3)
