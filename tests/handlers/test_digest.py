"""Digests: what a day, a week or a month brought, from stored rows only, and when they come by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.charts import draw
from bot.schedule import Occasions, Recurring
from bot.teamfile import TeamFile
from handlers.kit.cards import Card
from playbooks.checking import parse
from playbooks.reading import PlaybookError, read_sheet
from storage import sources
from storage.models import Mention, Occasion
from tests.chat import NOW, SHANGHAI, Chat, complaints, rotten, team
from tests.fakes import Said, SetClock
from tests.stores import on_both

HEADINGS = ["Volume", "Sentiment trend", "Top 3 topics", "Warnings", "By channel", "Risk", "Next focus"]
PRAISE = "青柚的柠檬茶好喝，推荐，会回购"


def occasions(chat: Chat, daily: str = "09:00", weekly: str = "mon 09:00", to: str = "leads") -> Occasions:
    """The digests' clock, as the bot builds it."""
    rules = {"day": daily, "week": weekly}
    recurring = {
        f"digest:{length}": Recurring(rule=rule, kind="digest", data={"length": length, "to": to})
        for length, rule in rules.items()
        if rule
    }
    return Occasions(chat.database, chat.clock, SHANGHAI, recurring, lambda: None)


async def comes_round(chat: Chat, clockwork: Occasions, until: datetime) -> list[Said]:
    """Time goes by to a moment; what was said then."""
    said = len(chat.transports["slack"].said)
    chat.clock.passes(until - chat.clock())
    await clockwork.sweep()
    await chat.settle()
    return chat.transports["slack"].said[said:]


def section(card: Card, title: str) -> tuple[str, ...]:
    return next(each.lines for each in card.sections if each.title == title)


async def a_day(chat: Chat) -> None:
    """Two incidents, one of them handled, some praise, two platforms, and a drill beside it all."""
    await chat.mentions(*(rotten(PRAISE, item=f"p{n}", platform="weibo") for n in range(6)))
    await chat.mentions(*complaints(4))
    await chat.says("claim 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    await chat.opens("red", "奶茶喝出虫子")


async def report(chat: Chat, length: str = "") -> Said:
    heard = await chat.says(f"report {length}".strip(), by="林悦")
    return next(each for each in heard.posts if not each.card.images)


@on_both
async def test_a_report_has_its_headings_and_every_number_is_counted(chat: Chat) -> None:
    await a_day(chat)
    await chat.passes(minutes=1)
    card = (await report(chat)).card
    assert card.title == "Daily digest · 11-19 14:01 – 11-20 14:01"
    assert [each.title for each in card.sections] == HEADINGS
    assert section(card, "Volume")[0] == "10 mentions, nothing the time before"
    assert section(card, "Sentiment trend")[:2] == ("negative 40% (4/10)", "the time before: no data")
    assert any("×4, negative 4 → #1" in line for line in section(card, "Top 3 topics"))
    assert section(card, "Warnings")[0] == "raised 2, over 0, overdue 0"
    assert section(card, "By channel")[:2] == (
        "Weibo: 6, negative 0% (0/6)",
        "Douyin: 4, negative 100% (4/4)",
    )
    assert "source push: 10 rows, read 14:00" in section(card, "By channel")
    assert section(card, "Risk")[0].startswith("🔴 Red #2 奶茶喝出虫子")
    focus = " ".join(section(card, "Next focus"))
    assert "Red #2 is unclaimed" in focus
    assert "#1 v1 waits for approval" in focus
    assert "#2 assemble by" in focus
    incident = await chat.incident(1)
    assert f"#1 {incident.entries} {incident.head[:16]}" in card.footer
    assert card.tone == "red"


async def test_a_report_has_a_chart_of_the_same_numbers(chat: Chat) -> None:
    await a_day(chat)
    await chat.passes(minutes=1)
    heard = await chat.says("report", by="林悦")
    [card] = [each for each in heard.posts if not each.card.images]
    [shown] = [each for each in heard.posts if each.card.images]
    [picture] = shown.card.images
    assert len(picture.bars) == len(picture.ticks) == 24
    assert (sum(each or 0 for each in picture.bars), sum(each or 0 for each in picture.part)) == (10, 4)
    assert picture.bars[-1] == 10
    assert draw(picture).startswith(b"\x89PNG")
    assert (shown.channel, shown.thread or card.message) == (card.channel, card.message)


async def test_where_nothing_was_read_it_says_that_there_is_no_data(chat: Chat) -> None:
    heard = await chat.says("report week", by="林悦")
    [said] = heard.posts
    assert section(said.card, "Volume") == (
        "No data: nothing was taken in. That alone does not mean that nothing was said.",
    )
    assert section(said.card, "Sentiment trend") == section(said.card, "Top 3 topics") == ("No data",)
    assert section(said.card, "By channel") == ("No data", "No source was ever read: there is no data.")
    assert section(said.card, "Risk") == ("No incident is open.",)
    assert said.card.images == ()


async def test_a_drill_leaves_no_trace_in_it(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆")
    await chat.looks()
    assert await chat.count(Mention) > 0
    card = (await report(chat)).card
    assert section(card, "Volume")[0].startswith("No data")
    assert section(card, "Risk") == ("No incident is open.",)
    assert "drill" not in " ".join(section(card, "By channel"))


async def test_a_blind_source_is_named(chat: Chat) -> None:
    await a_day(chat)
    async with chat.database.write() as session:
        await sources.ail(session, "crawl", at=NOW, error="HTTP 403")
        state = await sources.get(session, "crawl")
        assert state is not None
        state.ailment, state.failed_at = "failing", NOW
        session.add(state)
    card = (await report(chat)).card
    assert "source crawl: 0 rows, failing since 14:00" in section(card, "By channel")
    assert "look at the collector crawl" in section(card, "Next focus")


async def test_it_is_compared_with_the_time_before(chat: Chat) -> None:
    await chat.mentions(*(rotten(PRAISE, item=f"p{n}") for n in range(4)))
    await chat.passes(hours=25)
    await chat.mentions(*(rotten(PRAISE, item=f"q{n}") for n in range(6)))
    await chat.passes(minutes=1)
    card = (await report(chat)).card
    assert section(card, "Volume")[0] == "6 mentions, +50% against 4 the time before"


@pytest.mark.parametrize(("word", "title"), [("周报", "Weekly"), ("month", "Monthly"), ("日", "Daily")])
async def test_lengths_have_chinese_names(chat: Chat, word: str, title: str) -> None:
    assert (await report(chat, word)).title.startswith(title)


async def test_an_unknown_length_is_refused_with_a_hint(chat: Chat) -> None:
    card = await chat.refused("report year", by="林悦")
    assert "year" in card.title
    assert "day|week|month" in card.text


async def test_real_numbers_are_not_told_among_drills(chat: Chat) -> None:
    assert "real" in (await chat.refused("report", by="林悦", room="drills")).title


# By itself


async def test_the_daily_digest_comes_to_the_leads_at_its_time_once(chat: Chat) -> None:
    clockwork = occasions(chat, weekly="")
    await clockwork.sweep()
    await a_day(chat)
    assert await comes_round(chat, clockwork, NOW + timedelta(hours=18, minutes=59)) == []
    card, picture = await comes_round(chat, clockwork, NOW + timedelta(hours=19))
    assert {card.channel, picture.channel} == {"C0LEADS"}
    assert card.title == "Daily digest · 11-20 09:00 – 11-21 09:00"
    assert picture.thread == card.message
    assert picture.card.images[0].ticks[0] == "09:00"
    assert await comes_round(chat, clockwork, NOW + timedelta(hours=20)) == []


async def test_a_digest_that_was_missed_comes_once_and_is_of_the_latest_time(chat: Chat) -> None:
    await occasions(chat, weekly="").sweep()
    # The bot is off over the weekend.
    [card] = await comes_round(chat, occasions(chat, weekly=""), NOW + timedelta(days=3))
    assert card.title == "Daily digest · 11-22 09:00 – 11-23 09:00"


async def test_two_processes_send_it_once(chat: Chat) -> None:
    first, second = occasions(chat, weekly=""), occasions(chat, weekly="")
    await first.sweep()
    chat.clock.passes(timedelta(days=1))
    assert await first.sweep() + await second.sweep() == 1


async def test_the_weekly_digest_comes_on_its_day(chat: Chat) -> None:
    clockwork = occasions(chat, daily="")
    await clockwork.sweep()
    assert await comes_round(chat, clockwork, datetime(2026, 11, 23, 0, 59, tzinfo=UTC)) == []
    [card] = await comes_round(chat, clockwork, datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert card.title == "Weekly digest · 11-16 09:00 – 11-23 09:00"


async def test_a_changed_time_counts_from_then_on(chat: Chat) -> None:
    await occasions(chat, weekly="").sweep()
    later = occasions(chat, daily="18:00", weekly="")
    assert await comes_round(chat, later, NOW + timedelta(hours=1)) == []
    async with chat.database.read() as session:
        known = await session.get(Occasion, "digest:day")
    assert known is not None
    assert known.due_at == NOW + timedelta(hours=4)


async def test_a_team_without_a_room_for_leads_has_it_among_the_alerts(url: str) -> None:
    rooms = tuple(replace(room) for room in team().rooms if room.purpose != "leads")
    async with Chat(url, team=team(rooms=rooms), clock=SetClock(NOW)) as chat:
        clockwork = occasions(chat, weekly="")
        await clockwork.sweep()
        [card] = await comes_round(chat, clockwork, NOW + timedelta(days=1))
    assert card.channel == "C0ALERTS"


# Settings


def settings(tmp_path: Path, text: str) -> TeamFile:
    file = tmp_path / "fenghuo.yaml"
    file.write_text(text, encoding="utf-8")
    return parse(read_sheet(file), TeamFile)


def test_times_are_set_as_people_write_them(tmp_path: Path) -> None:
    found = settings(tmp_path, "digests: {daily: 8:30, weekly: 周一，周四 18：00, to: alerts}\n").digests
    assert (found.daily, found.weekly, found.to) == ("8:30", "mon,thu 18:00", "alerts")
    found = settings(tmp_path, 'digests: {daily: "", weekly: ""}\n').digests
    assert (found.daily, found.weekly) == ("", "")


@pytest.mark.parametrize("wrong", ["25:00", "9", "someday 09:00", "mon-fri 09:00"])
def test_a_time_that_is_none_is_refused_with_how_to_write_it(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(PlaybookError, match="mon,thu 09:00"):
        settings(tmp_path, f'digests: {{daily: "{wrong}"}}\n')
