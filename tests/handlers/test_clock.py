"""Clocks: what each level asks for and when, what a team sets otherwise, putting off, and legal clocks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.teamfile import read_team
from playbooks import load
from playbooks.clocks import Clocks, Tell
from playbooks.levels import Level
from playbooks.reading import PlaybookError
from storage import deadlines
from storage.models import Deadline
from tests.chat import NOW, Chat, team
from tests.fakes import Said

MINUTE = timedelta(minutes=1)


async def owed(chat: Chat, number: int = 1) -> dict[str, float]:
    """Minutes from now until what is due, or since."""
    async with chat.database.read() as session:
        found = await deadlines.of(session, number)
    return {each.kind: (each.due_at - chat.clock()) / MINUTE for each in found}


async def row(chat: Chat, kind: str) -> Deadline:
    async with chat.database.read() as session:
        return next(each for each in await deadlines.of(session, 1) if each.kind == kind)


def due_line(card: Said) -> str:
    return next(line for line in card.text.splitlines() if line.startswith("Due: "))


def nudge(chat: Chat) -> Said:
    """The latest one on Slack."""
    return next(each for each in reversed(chat.transports["slack"].posts) if each.broadcast)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("red", {"claim": 5, "assemble": 15, "holding": 60, "golden": 240, "brief": 60}),
        ("orange", {"claim": 10, "assemble": 30, "holding": 120, "golden": 240, "brief": 120}),
        ("yellow", {"claim": 30, "assemble": 60, "holding": 240, "brief": 480}),
        ("blue", {"claim": 120, "assemble": 240, "holding": 1440}),
    ],
)
async def test_each_level_starts_its_clocks(chat: Chat, level: str, expected: dict[str, float]) -> None:
    await chat.opens(level)
    assert await owed(chat) == expected


async def test_the_card_shows_the_three_that_come_first_and_show_tells_them_all(chat: Chat) -> None:
    await chat.opens("red")
    assert due_line(await chat.card()) == ("Due: claim by 14:05, assemble by 14:15, first statement by 15:00")
    await chat.passes(minutes=5)
    assert due_line(await chat.card()).startswith("Due: unclaimed since 14:05, ")
    await chat.says("claim 1", by="林悦")
    assert due_line(await chat.card()) == (
        "Due: assemble by 14:15, first statement by 15:00, golden hours until 18:00"
    )
    shown = (await chat.says("show 1", by="林悦")).posts[0]
    assert "next brief at 15:00" in shown.text
    assert "golden hours until 18:00" in shown.text


async def test_what_is_done_ends_its_clock(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("claim 1", by="林悦")
    assert set(await owed(chat)) == {"assemble", "holding"}
    await chat.says("respond 1", by="林悦")
    assert set(await owed(chat)) == {"holding"}
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert await owed(chat) == {"update": 1440}


async def test_each_public_word_starts_the_time_to_the_next_anew(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.passes(hours=3)
    assert (await owed(chat))["update"] == 21 * 60
    text = (await chat.versions())[-1].text
    await chat.says(f"edit 1 {text}\n目前已联系到三位顾客。", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert (await owed(chat))["update"] == 24 * 60
    heard = await chat.passes(hours=24)
    assert any("no public update is out" in each.title for each in heard.posts)


async def test_a_level_up_restarts_the_clocks_and_never_gives_more_time(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.passes(minutes=28)
    await chat.says("level 1 red", by="林悦")
    found = await owed(chat)
    # Two minutes were left to claim it, and red would give five.
    assert (found["claim"], found["assemble"], found["holding"], found["golden"]) == (2, 15, 60, 212)
    await chat.passes(minutes=3)
    assert (await row(chat, "claim")).rung == 1
    await chat.says("level 1 orange", by="陈立")
    assert (await row(chat, "claim")).rung == 1, "down, they stay as they are"
    await chat.says("level 1 red", by="林悦")
    # What was late gets its time anew, and its ladder.
    assert ((await row(chat, "claim")).rung, (await owed(chat))["claim"]) == (0, 5)


async def test_a_release_asks_for_a_new_commander_in_time(chat: Chat) -> None:
    await chat.opens("red")
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    await chat.passes(minutes=20)
    await chat.says("release 1", by="林悦")
    assert {kind: left for kind, left in (await owed(chat)).items() if kind in {"claim", "assemble"}} == {
        "claim": 5
    }


# A team's own


OWN = """
rooms: [{name: alerts}]
people:
  - {name: 陈立, roles: [lead], deputy: 林悦, mail: chenli@example.com}
  - {name: 林悦, roles: [responder]}
clocks:
  red: {claim: 5s, holding: 1m, ladder: [{after: 0s, tell: owner}, {after: 2s, tell: lead}]}
  blue: {brief_every: 12h}
ladder: [{after: 0m, tell: owner}, {after: 1m, tell: lead}]
"""


def test_a_team_sets_its_own_clocks_and_ladder_down_to_seconds(tmp_path: Path) -> None:
    file = tmp_path / "fenghuo.yaml"
    file.write_text(OWN, encoding="utf-8")
    usual, own = load().levels, load(adapt=read_team(file).adapt).levels
    red = own[Level.RED]
    assert (red.claim, red.holding) == (timedelta(seconds=5), timedelta(minutes=1))
    assert red.assemble == usual[Level.RED].assemble
    assert [(rung.after.total_seconds(), rung.tell) for rung in red.ladder] == [
        (0, Tell.OWNER),
        (2, Tell.LEAD),
    ]
    assert [rung.tell for rung in own[Level.BLUE].ladder] == [Tell.OWNER, Tell.LEAD]
    assert (own[Level.BLUE].brief_every, usual[Level.BLUE].brief_every) == (timedelta(hours=12), None)
    assert own.grading == usual.grading


def test_a_team_s_clocks_stay_when_the_playbooks_are_read_again(tmp_path: Path) -> None:
    own = Clocks.model_validate({"claim": "5s"})
    folder = tmp_path / "playbooks"
    folder.mkdir()
    library = load(folder, lambda levels: levels.adapted({Level.RED: own}, None))
    bundled = (Path(load.__code__.co_filename).parent / "levels.yaml").read_text(encoding="utf-8")
    (folder / "levels.yaml").write_text(bundled.replace("assemble: 15m", "assemble: 14m"), encoding="utf-8")
    change = library.refresh()
    assert change is not None
    assert dict(change.changed) == {"levels": ("levels",)}
    red = library.levels[Level.RED]
    assert (red.claim, red.assemble) == (timedelta(seconds=5), timedelta(minutes=14))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("clocks: {red: {claim: 0s}}", "clocks red claim: must be longer than nothing"),
        ("clocks: {red: {hold: 1m}}", 'unknown key "hold"'),
        ("ladder: [{after: 5m, tell: owner}, {after: 5m, tell: lead}]", "each rung must come later"),
        ("ladder: [{after: 0m, tell: boss}]", 'cannot be "boss"'),
        ("ladder: []", "needs at least 1"),
    ],
)
def test_clocks_that_cannot_be_are_refused_once_with_the_line(wrong: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "fenghuo.yaml"
    file.write_text(f"rooms: [{{name: alerts}}]\n{wrong}\n", encoding="utf-8")
    with pytest.raises(PlaybookError) as caught:
        read_team(file)
    assert [(problem.line, said in str(problem)) for problem in caught.value.problems] == [(2, True)]


# Putting off


async def test_a_reminder_is_put_off_by_whoever_has_it_and_it_is_written_down(chat: Chat) -> None:
    await chat.opens("red")
    await chat.says("claim 1", by="林悦")
    heard = await chat.says("snooze 1 30m", by="林悦")
    assert "14:30" in heard.posts[0].title
    assert not heard.posts[0].broadcast
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.data["what"], entry.data["until"]) == (
        "snoozed", "林悦", "assemble", "14:30",
    )  # fmt: skip
    assert not [each for each in (await chat.passes(minutes=29)).posts if each.broadcast]
    assert [each for each in (await chat.passes(minutes=1)).posts if each.broadcast]
    assert "assembly overdue since 14:15" in due_line(await chat.card()), "its time stays what it was"


async def test_the_button_puts_off_what_the_nudge_is_about(chat: Chat) -> None:
    await chat.opens("red")
    await chat.says("claim 1", by="林悦")
    await chat.passes(minutes=15)
    await chat.presses("Put off 30 min", nudge(chat), by="林悦")
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.data["what"]) == ("snoozed", "assemble")
    said = [each for each in (await chat.passes(minutes=29)).posts if "begun" in each.title]
    assert not said
    await chat.passes(minutes=1)
    assert "begun" in nudge(chat).title
    # The ladder goes on where it was.
    assert nudge(chat).calls == ("陈立", "吴桐")


async def test_one_may_be_named_and_one_that_was_told_for_the_last_time_is_told_once_more(chat: Chat) -> None:
    await chat.opens("orange")
    await chat.says("claim 1", by="陈立")
    await chat.says("稍后 1 3小时 首次回应", by="陈立")
    assert (await row(chat, "holding")).fires_at == NOW + timedelta(hours=3)
    await chat.says("respond 1", by="陈立")
    await chat.passes(hours=5)
    await chat.passes(hours=1)
    await chat.passes(hours=1)
    assert (await row(chat, "holding")).done_at is not None
    await chat.says("snooze 1 10m holding", by="陈立")
    heard = await chat.passes(minutes=10)
    assert [each.title for each in heard.posts if each.broadcast and each.transport == "slack"] == [
        "Orange #1 · no statement is approved, due 16:00"
    ]
    assert (await row(chat, "holding")).done_at is not None


async def test_putting_off_has_its_bounds(chat: Chat) -> None:
    await chat.opens("red")
    await chat.refused("snooze 1 10m", by="林悦")
    await chat.says("claim 1", by="林悦")
    assert "2 h" in (await chat.refused("snooze 1 3h", by="林悦")).title
    assert "14:15" in (await chat.refused("snooze 1 10m", by="林悦")).title
    assert "soon" in (await chat.refused("snooze 1 soon", by="林悦")).title
    why = await chat.refused("snooze 1 30m update", by="林悦")
    assert "update" in why.title
    assert "assemble" in why.text
    await chat.refused("snooze 1 30m", by="周帆")
    await chat.says("snooze 1 30m", by="陈立")
    await chat.says("close 1 done", by="林悦")
    await chat.refused("snooze 1 30m", by="林悦")


# Legal clocks


async def opens_leak(chat: Chat) -> None:
    await chat.says("new orange data_leak 会员手机号外泄", by="林悦")
    await chat.passes(seconds=1)


async def test_a_legal_clock_runs_from_the_opening_and_ends_when_legal_was_told(chat: Chat) -> None:
    await opens_leak(chat)
    told = nudge(chat)
    assert "Measures on reporting cybersecurity incidents" in told.title
    assert "due 18:00" in told.title
    assert "reminder to ask your lawyers, not advice" in told.text
    assert "Checked 2026-11-20" in told.text
    assert "Source: " in told.text
    assert "within 4 hours" in told.text
    assert "which ends 18:00" in (await chat.says("show 1", by="林悦")).posts[0].text
    assert await chat.kinds() == ["opened", "legal_clock", "reminded"]
    heard = await chat.presses("Told legal", told, by="林悦")
    assert "Measures on reporting" in heard.posts[0].title
    assert "legal" not in await owed(chat)
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by) == ("told_legal", "林悦")
    # Neither a level nor an opening anew starts it again.
    await chat.says("level 1 red", by="林悦")
    await chat.says("playbook 1", by="林悦")
    assert "legal" not in await owed(chat)
    assert "legal 1" in await chat.refused_press("Told legal", told, by="陈立")


async def test_a_legal_clock_climbs_the_ladder_until_legal_was_told(chat: Chat) -> None:
    await chat.says("new orange data_leak 会员手机号外泄", by="林悦")
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    await chat.passes(seconds=1)
    assert nudge(chat).calls == ("林悦",)
    heard = await chat.passes(minutes=20)
    [again] = [each for each in heard.posts if each.broadcast and each.transport == "slack"]
    assert "Measures" in again.title
    assert "which ends 18:00" in (await chat.says("legal 1", by="林悦")).posts[0].text


async def test_it_starts_when_a_playbook_with_one_is_attached(chat: Chat) -> None:
    await chat.opens("orange")
    assert "legal" not in await owed(chat)
    assert "No legal clock" in (await chat.says("法务 1", by="林悦")).posts[0].title
    await chat.passes(minutes=30)
    await chat.says("playbook 1 data_leak", by="林悦")
    assert (await owed(chat))["legal"] == 210, "counted from the opening"
    await chat.passes(hours=5)
    await chat.opens("orange")
    await chat.passes(hours=5)
    await chat.says("playbook 2 data_leak", by="林悦")
    assert "legal" not in await owed(chat, 2), "what has run out by then is no clock any more"


async def test_a_room_reads_the_rule_in_its_own_language(url: str) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        await opens_leak(chat)
        assert "国家网络安全事件报告管理办法" in nudge(chat).title
        assert "Measures" not in nudge(chat).text
        assert "不是法律意见" in nudge(chat).text
