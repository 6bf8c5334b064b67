"""What is usual at a time of day, and what it does to a grade."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.monitor.rhythm import Rhythm
from bot.monitor.season import Season
from playbooks.levels import Factor
from storage import counts
from storage.models import Gauge, Hour
from tests.cast import library
from tests.chat import NOW, Chat, complaints, rotten, rows, team
from tests.stores import on_both

HOUR = timedelta(hours=1)
WINDOW = timedelta(minutes=30)
KIND = "food_safety"


async def past(chat: Chat, days: int, *, kind: str = KIND, noon: int = 6, night: int = 0) -> None:
    """So many days on which each hour from 12 to 18 brought so many negatives, and each other hour others."""
    async with chat.database.write() as session:
        for number in range(1, 24 * days + 1):
            at = chat.clock() - number * HOUR
            is_noon = 4 <= at.hour < 10
            await counts.add(session, at, {kind: noon if is_noon else night})


async def against(
    chat: Chat, count: int, now: datetime, kind: str = KIND, window: timedelta = WINDOW
) -> Season | None:
    async with chat.database.read() as session:
        return await Rhythm().against(session, count, kind, now, window)


@on_both
async def test_negatives_are_counted_by_hour_and_type_as_they_arrive(chat: Chat) -> None:
    old = [replace(each, created_at=NOW - timedelta(days=3)) for each in complaints(2)]
    await chat.mentions(*complaints(3), rotten("路过看看"), *old)
    await chat.passes(hours=1)
    await chat.mentions(rotten("今天天气不错"))
    await chat.passes(minutes=10)
    await chat.mentions(*complaints(2))
    async with chat.database.read() as session:
        found = {(each.at, each.type): each.negatives for each in await rows(session, Hour)}
    assert found == {(NOW, ""): 0, (NOW, KIND): 3, (NOW + HOUR, ""): 0, (NOW + HOUR, KIND): 2}


async def test_what_is_played_in_a_drill_is_not_counted(chat: Chat) -> None:
    await chat.monitor.ingest.take("drill:1", complaints(3), (), NOW, drill_id=1)
    assert await chat.count(Hour) == 0


async def test_what_is_usual_goes_by_the_hour_of_day(chat: Chat) -> None:
    await past(chat, 14)
    noon = await against(chat, 3, NOW)
    assert noon is not None
    assert noon.usual == 3
    assert noon.surprise == 0, "it is not even twice the usual"
    night = await against(chat, 3, NOW + 10 * HOUR)
    assert night is not None
    assert night.usual == 0
    assert night.surprise > 1
    day = await against(chat, 100, NOW, window=timedelta(hours=4))
    assert day is not None
    assert day.usual == 12, "two of its hours are of the busy ones"


@pytest.mark.parametrize(("days", "is_known"), [(0, False), (4, False), (6, True)])
async def test_it_is_not_known_before_some_days_have_passed(chat: Chat, days: int, is_known: bool) -> None:
    await past(chat, days)
    assert (await against(chat, 3, NOW) is not None) == is_known


async def test_days_on_which_nothing_arrived_are_no_calm_days(chat: Chat) -> None:
    await past(chat, 6)
    chat.clock.passes(timedelta(days=7))
    found = await against(chat, 3, chat.clock())
    assert found is not None
    assert found.usual == pytest.approx(3, abs=0.3)


async def test_a_type_that_is_seldom_met_is_held_against_the_whole_brand(chat: Chat) -> None:
    await past(chat, 14, kind="user_complaint", noon=20)
    rare = await against(chat, 10, NOW, kind="minors")
    assert rare is not None
    assert rare.usual == 10
    own = await against(chat, 10, NOW, kind="user_complaint")
    assert own is not None
    assert own.usual == 10


def test_points_for_volume_go_by_how_unusual_it_is_and_by_the_count_where_that_is_not_known() -> None:
    levels = library().levels
    assert [levels.volume(count, None, 5) for count in (2, 3, 10, 30, 100)] == [0, 1, 2, 3, 4]
    assert [levels.volume(40, surprise, 5) for surprise in (0, 1, 3, 6, 12)] == [0, 1, 2, 3, 4]
    assert levels.volume(4, 9.0, 5) == 1, "few are few"
    assert levels.model_copy(update={"unusual": {}}).volume(40, 0.0, 5) == 3


async def graded(chat: Chat, count: int) -> int:
    """The points for volume of so many complaints that come now."""
    await chat.mentions(*complaints(count, created_at=chat.clock()))
    found: dict[str, int] = dict((await chat.incident()).why)
    return found[Factor.VOLUME]


async def test_the_same_count_weighs_less_where_it_is_usual(chat: Chat) -> None:
    await past(chat, 14, noon=24)
    assert await graded(chat, 12) == 0


async def test_the_same_count_weighs_more_where_it_is_not(chat: Chat) -> None:
    await past(chat, 14, noon=1)
    assert await graded(chat, 12) == 4


async def test_the_card_says_what_is_usual_only_if_it_is_known(url: str) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        await past(chat, 14)
        await chat.mentions(*complaints(12))
        assert "抖音 ×12 · 14:00 前 30 分钟内 12 条，平时约 3 条" in (await chat.card()).text
    async with Chat(url) as chat:
        async with chat.database.read() as session:
            [gauge] = await rows(session, Gauge)
        assert (gauge.count, gauge.seconds, gauge.usual) == (12, 1800, 3)


async def test_without_a_past_the_card_says_nothing_of_it(chat: Chat) -> None:
    await chat.mentions(*complaints(12))
    assert "usually" not in (await chat.card()).text
    assert await chat.count(Gauge) == 0
