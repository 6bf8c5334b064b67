"""Levels go down by people only: they are asked once, when the numbers have been low for a while."""

from __future__ import annotations

from typing import Any

from playbooks.quiet import Quiet
from storage.models import Gauge
from tests.chat import Chat, complaints, rows
from tests.fakes import Said
from tests.stores import on_both


def asking(posts: list[Said]) -> list[Said]:
    return [each for each in posts if any(wire.startswith("easing.keep") for wire in each.wires)]


async def wave(chat: Chat, count: int = 12, **more: Any) -> None:
    """Enough complaints, well enough liked, for orange; without the numbers of the moment it is 5 points."""
    await chat.mentions(*complaints(count, likes=1500, created_at=chat.clock(), **more))


async def fallen(chat: Chat) -> Said:
    """Incident #1 is orange, its numbers fall, and the bot asks; returns the question on Slack."""
    await wave(chat)
    assert (await chat.incident()).level == "orange"
    await chat.passes(minutes=31)
    [told, other] = asking((await chat.passes(minutes=30)).posts)
    assert {told.transport, other.transport} == {"slack", "telegram"}
    return next(each for each in (told, other) if each.transport == "slack")


@on_both
async def test_when_the_numbers_have_been_low_for_a_while_people_are_asked_once(chat: Chat) -> None:
    await wave(chat)
    assert not asking((await chat.passes(minutes=31)).posts)
    assert not asking((await chat.passes(minutes=29)).posts)
    told = asking((await chat.passes(minutes=1)).posts)
    assert sorted(each.transport for each in told) == ["slack", "telegram"]
    for each in told:
        assert each.title == "Lower #1 from orange to yellow?"
        assert each.wires == ["incident.level:1 yellow", "easing.keep:1"]
        assert "= 5 (orange from 7)" in each.text
        assert "14:31" in each.text
        assert not each.broadcast
        assert not each.calls
    assert (await chat.incident()).level == "orange", "it is only a question"
    for _ in range(5):
        assert not asking((await chat.passes(hours=1)).posts)
    assert (await chat.kinds()).count("eased") == 1


async def test_a_lead_lowers_it_and_a_new_wave_raises_it_again(chat: Chat) -> None:
    question = await fallen(chat)
    await chat.refused_press("Lower to yellow", question, by="林悦")
    await chat.presses("Lower to yellow", question, by="陈立")
    assert (await chat.incident()).level == "yellow"
    assert "Yellow #1" in (await chat.card()).title
    assert "= 5 (yellow from 4)" in (await chat.card()).text
    assert question.title == "陈立 set #1 from orange to yellow."
    assert question.wires == []
    await wave(chat, 15)
    assert (await chat.incident()).level == "orange"
    assert any("raised from yellow to orange" in each.title for each in chat.transports["slack"].posts)


async def test_a_new_wave_while_it_waits_begins_the_time_anew(chat: Chat) -> None:
    await wave(chat)
    await chat.passes(minutes=31)
    await chat.passes(minutes=20)
    await wave(chat)
    assert not asking((await chat.passes(minutes=15)).posts)
    assert not asking((await chat.passes(minutes=20)).posts), "low again since now"
    assert asking((await chat.passes(minutes=30)).posts)


async def test_a_new_wave_takes_the_question_back(chat: Chat) -> None:
    question = await fallen(chat)
    await wave(chat)
    await chat.passes(minutes=1)
    await chat.passes(seconds=15)
    assert question.title == "#1 stays orange"
    assert question.wires == []
    assert (await chat.incident()).level == "orange"
    await chat.refused("keep 1", by="陈立")
    await chat.passes(minutes=31)
    assert asking((await chat.passes(minutes=30)).posts), "the next fall is another matter"


async def test_whoever_keeps_it_is_not_asked_again_until_the_numbers_have_been_back(chat: Chat) -> None:
    question = await fallen(chat)
    await chat.refused_press("Keep orange", question, by="林悦")
    await chat.presses("Keep orange", question, by="陈立")
    assert question.title == "陈立 keeps #1 at orange."
    assert question.wires == []
    assert (await chat.kinds())[-1] == "kept_level"
    await chat.refused("keep 1", by="陈立")
    for _ in range(6):
        assert not asking((await chat.passes(hours=1)).posts)
    await wave(chat)
    await chat.passes(minutes=1)
    await chat.passes(minutes=31)
    assert asking((await chat.passes(minutes=30)).posts)


async def test_a_sum_that_wavers_at_the_cut_changes_nothing(chat: Chat) -> None:
    # 3 for harm and 3 for reach stay, the seventh point comes and goes.
    for _ in range(4):
        await chat.mentions(*complaints(3, likes=12_000, created_at=chat.clock()))
        assert (await chat.incident()).level == "orange"
        assert not asking((await chat.passes(minutes=45)).posts)
        assert not asking((await chat.passes(minutes=45)).posts)
    assert [entry.kind for entry in await chat.entries() if entry.kind in {"level", "eased"}] == []


async def test_a_level_that_people_have_just_set_stands(chat: Chat) -> None:
    await wave(chat)
    await chat.says("level 1 red 上了热搜", by="陈立")
    for _ in range(3):
        assert not asking((await chat.passes(hours=1)).posts)
    assert asking((await chat.passes(hours=1)).posts), "four hours later the numbers may speak"


async def test_an_incident_that_no_comments_are_tied_to_is_left_to_people(chat: Chat) -> None:
    await chat.opens("red")
    for _ in range(8):
        assert not asking((await chat.passes(hours=1)).posts)


async def test_what_is_over_is_not_asked_about(chat: Chat) -> None:
    await wave(chat)
    await chat.passes(minutes=31)
    await chat.says("dismiss 1 旧图", by="陈立")
    assert not asking((await chat.passes(minutes=45)).posts)


async def test_a_question_is_taken_back_when_the_incident_is_closed(chat: Chat) -> None:
    question = await fallen(chat)
    await chat.says("claim 1", by="陈立")
    await chat.says("close 1 赔付完成", by="陈立")
    assert question.title == "#1 is over, at orange."
    assert question.wires == []
    await chat.says("reopen 1 又有新投诉", by="陈立")
    await chat.refused("keep 1", by="陈立")


async def test_it_waits_while_the_matter_is_muted(chat: Chat) -> None:
    await wave(chat)
    await chat.says("mute #1 2h", by="陈立")
    await chat.passes(minutes=31)
    assert not asking((await chat.passes(minutes=60)).posts)
    assert asking((await chat.passes(minutes=30)).posts)


async def test_while_its_source_is_blind_nothing_is_low(url: str) -> None:
    async with Chat(url, sources=["push"]) as chat:
        await chat.passes(seconds=30)
        await wave(chat)
        told = (await chat.passes(days=1)).posts
        assert any("silent" in each.title for each in told)
        assert not asking((await chat.passes(hours=5)).posts), "silence is no calm then"
        await chat.mentions(*complaints(1, created_at=chat.clock()))
        await chat.passes(minutes=31)
        assert not asking((await chat.passes(minutes=20)).posts), "it is seen to be low only since now"
        assert asking((await chat.passes(minutes=10)).posts)


async def test_it_waits_for_the_end_of_quiet_hours(url: str) -> None:
    hours = {"hours": [{"from": "14:30", "to": "20:00"}]}
    async with Chat(url, quiet=Quiet.model_validate(hours)) as chat:
        await wave(chat)
        await chat.passes(minutes=31)
        for _ in range(5):
            assert not asking((await chat.passes(hours=1)).posts)
        assert asking((await chat.passes(minutes=30)).posts)


@on_both
async def test_a_restart_forgets_no_fall_and_two_processes_ask_once(chat: Chat) -> None:
    await wave(chat)
    await chat.passes(minutes=31)
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        assert len(asking((await again.passes(minutes=30)).posts)) == 2
        async with chat.database.read() as session:
            [gauge] = await rows(session, Gauge)
        assert (gauge.asked, gauge.lower) == (1, "yellow")
        assert not asking((await chat.passes(minutes=1)).posts)


async def test_a_graver_level_answers_the_question(chat: Chat) -> None:
    question = await fallen(chat)
    await chat.says("level 1 red 上了热搜", by="林悦")
    assert question.title == "林悦 set #1 from orange to red."
    assert question.wires == []
