"""When alarms wait, and when silence is news: the rules themselves, and the settings that name them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.monitor.coverage import habit
from bot.monitor.quiet import Matter
from bot.sources.base import Batch, Found, SourceError
from bot.teamfile import TeamFile
from playbooks.checking import parse
from playbooks.levels import Level
from playbooks.quiet import Hours, Maintenance, Quiet
from playbooks.reading import PlaybookError, read_sheet
from storage import held, mentions, mutes, sources
from storage.models import Incident
from tests.chat import CHANNELS, COMPLAINTS, NOW, SHANGHAI, Chat, complaints, rotten
from tests.stores import on_both

HOUR = timedelta(hours=1)


def matter(*texts: str, **more: Any) -> Matter:
    return Matter(number=1, level=Level.YELLOW, type="user_complaint", texts=texts, **more)


# Quiet hours


@given(
    st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None)),
    st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - the zone is added
)
def test_quiet_hours_hold_from_their_begin_to_their_end_and_never_longer_than_a_day(
    start: time, end: time, moment: datetime
) -> None:
    if start == end:
        return
    hours = Hours.model_validate({"from": f"{start:%H:%M}", "to": f"{end:%H:%M}"})
    now = moment.replace(tzinfo=SHANGHAI)
    until = hours.until(now, SHANGHAI)
    clock = moment.time()
    is_on = start <= clock < end if start < end else clock >= start or clock < end
    assert (until is not None) == is_on
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert until.timetz().replace(tzinfo=None) == end


def test_maintenance_is_read_in_the_teams_time_zone() -> None:
    window = Maintenance.model_validate(
        {"from": "2026-11-20 14:00", "to": "2026-11-20 15:00", "reason": "直播"}
    )
    assert window.until(NOW, SHANGHAI) == NOW + HOUR
    assert window.until(NOW - timedelta(seconds=1), SHANGHAI) is None
    assert window.until(NOW + HOUR, SHANGHAI) is None
    assert window.until(NOW, ZoneInfo("UTC")) is None


def test_a_word_in_passing_mutes_nothing() -> None:
    assert matter("发霉了", "又发霉", "客服不理").says(["发霉"])
    assert not matter("发霉了", "客服不理", "退款驳回").says(["发霉"])
    assert not matter().says(["发霉"])
    assert matter("ABC 坏了").says(["abc"])


# What the file may say


def written(folder: Path, text: str) -> TeamFile:
    file = folder / "fenghuo.yaml"
    file.write_text("rooms: [{name: alerts}]\n" + text, encoding="utf-8")
    return parse(read_sheet(file), TeamFile)


def test_one_span_of_quiet_hours_or_one_for_each_level(tmp_path: Path) -> None:
    one = written(tmp_path, 'quiet_hours: {from: "23:00", to: "07:00", levels: [蓝, yellow]}\n')
    assert [each.levels for each in one.quiet.hours] == [(Level.BLUE, Level.YELLOW)]
    two = written(
        tmp_path,
        'quiet_hours:\n  - {from: "22:00", to: "08:00", levels: [blue]}\n  - {from: "23:00", to: "07:00", levels: [yellow]}\n',
    )
    assert [each.start.hour for each in two.quiet.hours] == [22, 23]
    assert two.quiet.zone.key == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('quiet_hours: {from: "25:00", to: "07:00"}', "time of day"),
        ('quiet_hours: {from: "23:00", to: "07:00", levels: [red]}', "red alerts always pass"),
        ('quiet_hours: {from: "23:00", to: "07:00", levels: [purple]}', "not levels"),
        ('quiet_hours: {from: "07:00", to: "07:00"}', "are none"),
        ('quiet_hours: {from: "23:00", till: "07:00"}', 'unknown key "till"'),
        (
            'maintenance: [{from: "2026-11-21 18:00", to: "2026-11-21 17:00", reason: x}]',
            "end after it begins",
        ),
        ('maintenance: [{from: "tomorrow", to: "2026-11-21 17:00", reason: x}]', "not a moment"),
        ('maintenance: [{from: "2026-11-21 18:00", to: "2026-11-21 19:00"}]', "reason"),
        ("alert_cap: {alerts: 0, within: 1h}", "1 or more"),
        ("alert_cap: {alerts: 3, within: 0s}", "longer than nothing"),
        ("coverage: {silence: long}", "not a duration"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        written(tmp_path, f"{line}\n")
    assert message in str(caught.value)
    assert "fenghuo.yaml:2: " in str(caught.value)


# Maintenance and the cap


def quiet(**rules: Any) -> Quiet:
    return Quiet.model_validate(rules)


async def test_maintenance_holds_back_what_has_its_keywords_and_says_why_at_the_end(url: str) -> None:
    window = {"from": "2026-11-20 13:00", "to": "2026-11-20 15:00", "reason": "直播", "keywords": ["发霉"]}
    async with Chat(url, quiet=quiet(maintenance=[window])) as chat:
        await chat.mentions(*(rotten(f"{text}，发霉") for text in COMPLAINTS[:3]))
        assert chat.all_said("alerts") == []
        broken = (
            "小程序崩了，付款失败钱被扣了",
            "登录不了，一直闪退，垃圾系统",
            "点单页面打不开，付款失败三次了，气死",
        )
        await chat.mentions(*(rotten(text, item="app") for text in broken))
        assert (await chat.card("incident:2")).title
        told = [each for each in (await chat.passes(hours=1)).posts if "Maintenance" in each.title]
        assert len(told) == 2
        assert "直播" in told[0].title
        assert "#1" in told[0].text


async def test_more_alarms_of_one_type_than_the_cap_wait_until_it_lets_them_pass(url: str) -> None:
    async with Chat(url, quiet=quiet(cap={"alerts": 1, "within": "10d"})) as chat:
        await chat.mentions(*complaints(3))
        await chat.says("dismiss 1 旧图", by="陈立")
        await chat.passes(days=8)
        await chat.mentions(*complaints(3, created_at=chat.clock()))
        assert (await chat.incident(2)).type == (await chat.incident(1)).type
        assert not [each for each in chat.all_said("alerts") if "#2" in each.title]
        told = [each for each in (await chat.passes(days=2)).posts if "one kind" in each.title]
        assert len(told) == 2
        assert "#2" in told[0].text


# Heartbeats


def beats(days: int, *, gap: timedelta, start: int = 8, end: int = 23) -> list[datetime]:
    """What a source yields that is awake from one hour to another, Shanghai time."""
    found = []
    for day in range(days):
        moment = datetime(2026, 11, 1 + day, start, tzinfo=SHANGHAI)
        while moment.day == 1 + day and moment.hour < end:
            found.append(moment.astimezone(UTC))
            moment += gap
    return found


def test_a_habit_is_learned_by_the_time_of_day() -> None:
    history = beats(10, gap=timedelta(minutes=10))
    noon = habit(history, datetime(2026, 11, 10, 12, 3, tzinfo=SHANGHAI), SHANGHAI)
    night = habit(history, datetime(2026, 11, 10, 22, 50, tzinfo=SHANGHAI), SHANGHAI)
    assert noon == timedelta(minutes=15)
    assert night is not None
    assert timedelta(hours=9) < night < timedelta(hours=15), "it sleeps from 23 to 8"


def test_one_day_on_which_the_bot_was_down_is_no_habit() -> None:
    history = [each for each in beats(10, gap=timedelta(minutes=10)) if not (each.day == 5 and each.hour > 3)]
    noon = habit(history, datetime(2026, 11, 10, 12, 3, tzinfo=SHANGHAI), SHANGHAI)
    assert noon == timedelta(minutes=15)


def test_two_days_are_no_habit_yet() -> None:
    assert habit(beats(2, gap=HOUR), datetime(2026, 11, 2, 12, tzinfo=SHANGHAI), SHANGHAI) is None
    assert habit([], NOW, SHANGHAI) is None


class Broken:
    """A source that cannot be read until it is mended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_broken = True

    def read(self, cursor: Mapping[str, Any], limit: int, now: datetime) -> Batch:
        if self.is_broken:
            raise SourceError("HTTP 503, captcha")
        return Batch(found=(Found(platform="weibo", text="路过", native_id=f"{now}"),), cursor={"n": 1})


async def test_a_source_that_fails_is_told_once_it_has_failed_for_a_while(url: str) -> None:
    async with Chat(url, sources=["weibo"]) as chat:
        source = Broken("weibo")
        chat.monitor.sources = [source]
        for _ in range(9):
            await chat.looks()
            assert not (await chat.passes(minutes=1)).posts, "a hiccup is no news"
        await chat.looks()
        told = (await chat.passes(minutes=1)).posts
        assert sorted(each.channel for each in told) == sorted(CHANNELS["alerts"].values())
        assert "failing" in told[0].title
        assert "captcha" in told[0].text
        source.is_broken = False
        await chat.looks()
        assert any("back" in each.title for each in (await chat.passes(minutes=1)).posts)


AFTERNOON = {"hours": [{"from": "14:00", "to": "20:00"}]}


async def falls_silent(chat: Chat) -> list[str]:
    """The source `push` yields something at 14:00 and never again; what is said of it by 14:30 of the next day."""
    await chat.passes(seconds=30)
    await chat.mentions(rotten("路过"))
    chat.clock.passes(timedelta(hours=11))
    await chat.passes(hours=13, minutes=30)
    return [each.title for each in chat.all_said("alerts") if "Collector" in each.title]


async def test_in_quiet_hours_a_collector_waits_for_the_morning(url: str) -> None:
    async with Chat(url, sources=["push"], quiet=quiet(**AFTERNOON)) as chat:
        assert await falls_silent(chat) == []
        told = (await chat.passes(hours=6)).posts
        over, card = [each for each in told if each.transport == "slack"]
        assert over.title == "Quiet hours are over · held back: 1"
        assert "collector push did not deliver" in over.text
        assert card.title.startswith("Collector push")


async def test_a_collector_that_is_back_by_then_is_only_counted(url: str) -> None:
    async with Chat(url, sources=["push"], quiet=quiet(**AFTERNOON)) as chat:
        assert await falls_silent(chat) == []
        await chat.mentions(rotten("又路过"))
        assert (await chat.passes(minutes=1)).posts == []
        told = [each for each in (await chat.passes(hours=6)).posts if each.transport == "slack"]
        assert [each.title for each in told] == ["Quiet hours are over · held back: 1"]


async def test_while_something_grave_goes_on_a_blind_source_is_told_at_any_hour(url: str) -> None:
    async with Chat(url, sources=["push"], quiet=quiet(**AFTERNOON)) as chat:
        await chat.opens("orange")
        assert len(await falls_silent(chat)) == 2


async def test_maintenance_holds_no_collector_back(url: str) -> None:
    window = {"from": "2026-11-20 13:00", "to": "2026-11-22 15:00", "reason": "直播"}
    async with Chat(url, sources=["push"], quiet=quiet(maintenance=[window])) as chat:
        assert len(await falls_silent(chat)) == 2, "an expected rush explains no silence"


async def test_two_processes_miss_a_source_once(url: str) -> None:
    async with Chat(url, sources=["push"]) as one:
        await one.passes(seconds=30)
        async with Chat(url, sources=["push"], transports=one.transports, clock=one.clock) as two:
            await two.passes(seconds=30)
            await one.passes(days=1)
            await two.passes(seconds=30)
            told = [each for each in one.all_said("alerts") if "Collector" in each.title]
            assert len(told) == 2, "one card in each room"


# Storage


@on_both
async def test_mutes_and_what_they_hold_back_are_settled_once(url: str) -> None:
    async with Chat(url) as chat:
        await chat.says("mute 发霉 1h", by="陈立")
        await chat.mentions(*(rotten(f"{text}，发霉") for text in COMPLAINTS[:3]))
        async with chat.database.write() as session:
            assert await held.is_hidden(session, 1)
            [row] = await held.due(session, chat.clock() + HOUR)
            assert await held.tell(session, [row.id or 0], NOW) == {row.id}
            assert await held.tell(session, [row.id or 0], NOW) == set()
            assert await held.show(session, 1, NOW)
            assert not await held.show(session, 1, NOW)
            [mute] = await mutes.over(session, chat.clock() + HOUR)
            assert await mutes.end(session, mute.id or 0, NOW)
            assert not await mutes.end(session, mute.id or 0, NOW)
            assert await held.raised_lately(session, "food_safety", NOW - HOUR, 0) is not None


@on_both
async def test_coverage_is_counted_by_post(url: str) -> None:
    async with Chat(url, sources=["push"]) as chat:
        await chat.passes(seconds=30)
        post = Found(
            platform="douyin", text="新品", native_id="cake", item_id="cake", kind="video", replies=40
        )
        await chat.mentions(post, *complaints(3))
        async with chat.database.read() as session:
            assert (await session.get(Incident, 1)) is not None
            assert await mentions.sampled(session, 1) == (3, 40, 0)
            state = await sources.get(session, "push")
            assert state is not None
            assert (state.added, state.new_at) == (4, chat.clock())
            assert len(await sources.beats(session, "push", NOW - HOUR)) == 1
            [found] = [
                each for each in await mentions.by_link(session, "douyin", "cake", "") if each.kind == "video"
            ]
            assert found.native_id == "cake"
        async with chat.database.write() as session:
            assert await sources.turn(session, "push", "", "silent")
            assert not await sources.turn(session, "push", "", "silent")
            await sources.watch(session, ["push", "other"], NOW)
            assert [each.name for each in await sources.ailing(session)] == ["push"]
