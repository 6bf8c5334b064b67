"""The steps of a playbook as work: whose they are, when they are due, what becomes due by another, what hangs on a condition."""

import copy
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from handlers.shared.evidence import digest_of
from storage import deadlines, tasks
from storage.models import Deadline, Step
from tests.chat import NOW, Chat, library, rows
from tests.fakes import Said

PLAYBOOK = "user_complaint"


async def attached(chat: Chat, level: str = "orange") -> Said:
    """The checklist on Slack, of incident #1 that 林悦 has."""
    await chat.opens(level)
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    return await chat.card(f"playbook:1:{PLAYBOOK}")


async def steps(chat: Chat) -> dict[int, Step]:
    async with chat.database.read() as session:
        return await tasks.steps(session, 1, PLAYBOOK)


async def owed(chat: Chat, kind: str = "step") -> dict[str, Deadline]:
    """The deadlines of a kind, by what they refer to."""
    async with chat.database.read() as session:
        return {row.ref: row for row in await deadlines.of(session, 1) if row.kind == kind}


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def test_an_attached_playbook_is_work_with_a_time_and_somebody_to_do_it(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    found = await steps(chat)
    assert len(found) == 12
    assert (found[7].role, found[7].person) == ("commander", "林悦")
    assert (found[10].role, found[10].person) == ("legal", "")
    assert {
        ref: (row.due_at, row.to) for ref, row in (await owed(chat)).items() if ref in {"1", "7", "10"}
    } == {
        "1": (at(10), ""),
        "7": (at(45), "林悦"),
        "10": (at(120), ""),
    }


async def test_filling_a_role_later_gives_it_the_work(chat: Chat) -> None:
    checklist = await attached(chat)
    await chat.says("role 1 legal @吴桐", by="林悦")
    assert (await steps(chat))[10].person == "吴桐"
    due = (await owed(chat))["10"]
    assert (due.to, due.due_at) == ("吴桐", at(120))
    await chat.says("role 1 scribe", by="林悦")
    assert "Scribe 林悦" in checklist.text


async def test_command_takes_its_steps_along(chat: Chat) -> None:
    await chat.opens()
    await chat.says("playbook 1", by="林悦")
    assert (await steps(chat))[7].person == ""
    await chat.says("claim 1", by="林悦")
    assert (await steps(chat))[7].person == "林悦"
    await chat.says("handover 1 @陈立", by="林悦")
    assert ((await steps(chat))[7].person, (await owed(chat))["7"].to) == ("陈立", "陈立")
    await chat.says("release 1", by="陈立")
    assert (await steps(chat))[7].person == ""


async def test_a_step_that_was_handed_on_stays_with_whom_it_is(chat: Chat) -> None:
    await attached(chat)
    heard = await chat.says("step 1 10 hand @陈立", by="林悦")
    assert (await steps(chat))[10].person == "陈立"
    assert heard.posts[0].card.notify == ("陈立",)
    await chat.says("role 1 legal @吴桐", by="林悦")
    assert (await steps(chat))[10].person == "陈立"
    assert "step_hand" in await chat.kinds()
    assert "陈立" in (await chat.refused("步骤 1 10 转交 @陈立", by="林悦")).title


async def test_handing_on_asks_to_whom(chat: Chat) -> None:
    await attached(chat)
    assert "Who takes it over" in (await chat.refused("step 1 10 hand", by="林悦")).title
    assert "may not work" in (await chat.refused("step 1 10 hand @周帆", by="林悦")).title


async def test_a_step_becomes_due_by_another(chat: Chat) -> None:
    await attached(chat)
    await chat.says("role 1 support @陈立", by="林悦")
    assert "4" not in await owed(chat)
    await chat.passes(minutes=25)
    heard = await chat.says("step 1 1 done", by="林悦")
    # Planned for 14:30, twenty minutes after the first; five minutes are left, and it is not late.
    assert (await owed(chat))["4"].due_at == at(30)
    said = next(each for each in heard.posts if each.card.notify)
    assert said.card.notify == ("陈立",)
    assert "playbook.step:1 4 done" in said.wires


async def test_a_late_step_gives_the_next_one_the_time_that_was_planned_between_them(chat: Chat) -> None:
    await attached(chat)
    await chat.passes(minutes=60)
    await chat.says("step 1 1 done", by="林悦")
    assert (await owed(chat))["4"].due_at == at(80)


async def test_leaving_a_step_out_frees_the_next_one_as_well(chat: Chat) -> None:
    await attached(chat)
    await chat.says("step 1 1 skip 原帖已删", by="林悦")
    assert "4" in await owed(chat)


async def test_a_playbook_that_comes_late_gives_each_step_its_full_time(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.passes(minutes=20)
    await chat.says("playbook 1", by="林悦")
    due = await owed(chat)
    assert due["1"].due_at == at(30)
    assert due["7"].due_at == at(45)


async def test_a_step_under_a_condition_is_not_due_until_somebody_says_that_it_holds(chat: Chat) -> None:
    checklist = await attached(chat)
    await chat.says("step 1 1 done", by="林悦")
    assert "5" not in await owed(chat)
    assert "if" in next(line for line in checklist.text.splitlines() if "☐ 5." in line)
    heard = await chat.presses("playbook.step:1 5 start", checklist, by="林悦")
    assert heard.edits
    assert (await owed(chat))["5"].due_at == at(45)
    assert "playbook.step:1 5 done" in checklist.wires
    assert "not waiting" in (await chat.refused("step 1 5 start", by="林悦")).title
    assert (await chat.kinds())[-1] == "step_start"


async def test_a_condition_that_does_not_hold_is_one_tap(chat: Chat) -> None:
    checklist = await attached(chat)
    (skip,) = [wire for wire in checklist.wires if wire.startswith("playbook.step:1 5 skip")]
    await chat.presses(skip, checklist, by="林悦")
    row = (await steps(chat))[5]
    assert (row.outcome, row.note) == ("skip", "does not apply")


async def test_leaving_a_step_out_needs_a_reason(chat: Chat) -> None:
    await attached(chat)
    assert "Why it is left out" in (await chat.refused("step 1 3 skip", by="林悦")).title
    assert (await steps(chat))[3].outcome == ""
    await chat.says("step 1 3 skip 没有商品", by="林悦")
    assert (await steps(chat))[3].note == "没有商品"


async def test_a_tick_ends_the_deadline(chat: Chat) -> None:
    await attached(chat)
    assert "1" in await owed(chat)
    await chat.says("step 1 1 done", by="林悦")
    assert "1" not in await owed(chat)
    heard = await chat.passes(minutes=11)
    assert not [each for each in heard.posts if "Evidence" in each.title or "evidence" in each.title]


async def test_what_is_late_is_said_and_one_tap_from_done(chat: Chat) -> None:
    await attached(chat)
    heard = await chat.passes(minutes=10)
    (said,) = [each for each in heard.posts if each.transport == "slack"]
    assert "not done" in said.title
    await chat.presses("playbook.step:1 1 done", said, by="陈立")
    assert (await steps(chat))[1].by == "陈立"


async def test_a_higher_level_adds_the_steps_that_it_needs(chat: Chat) -> None:
    checklist = await attached(chat, "blue")
    assert 8 not in await steps(chat)
    assert "0/11" in checklist.title
    await chat.says("level 1 yellow 上了同城榜", by="林悦")
    assert (await steps(chat))[8].person == "林悦"
    assert (await owed(chat))["8"].due_at == at(60)
    assert "0/12" in checklist.title


async def test_a_lower_level_takes_away_what_it_does_not_need_and_nobody_did(chat: Chat) -> None:
    await attached(chat)
    await chat.says("level 1 blue 只是一条", by="林悦")
    assert 8 not in await steps(chat)
    assert "8" not in await owed(chat)


async def test_a_step_may_be_done_before_its_level_asks_for_it(chat: Chat) -> None:
    checklist = await attached(chat, "blue")
    await chat.says("step 1 8 done", by="林悦")
    assert "1/12" in checklist.title


async def test_another_playbook_takes_the_open_work_with_it(chat: Chat) -> None:
    await attached(chat)
    await chat.says("step 1 1 done", by="林悦")
    await chat.says("playbook 1 tech_failure", by="林悦")
    assert list(await steps(chat)) == [1]
    async with chat.database.read() as session:
        left = await tasks.left(session, 1)
        assert {row.playbook for row in left} == {"tech_failure"}
        due = {row.ref for row in await deadlines.of(session, 1) if row.kind == "step"}
    assert due <= {str(row.number) for row in left}


async def test_steps_survive_a_restart(chat: Chat) -> None:
    await attached(chat)
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        heard = await again.passes(minutes=10)
        assert any("not done" in each.title for each in heard.posts)
        await again.says("step 1 1 done", by="林悦")
        assert (await again.kinds())[-1] == "step_done"


async def test_the_end_of_an_incident_ends_what_is_due_and_opening_it_again_brings_it_back(
    chat: Chat,
) -> None:
    await attached(chat)
    before = await owed(chat)
    await chat.says("close 1 已解决", by="林悦")
    assert await owed(chat) == {}
    assert "is over" in (await chat.refused("step 1 1 done", by="林悦")).title
    await chat.passes(minutes=12)
    await chat.says("reopen 1 又有新投诉", by="林悦")
    # The first was due at 14:10 and is not called out once more.
    assert set(await owed(chat)) == set(before) - {"1"}


async def test_steps_of_a_drill_belong_to_it(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.opens(room="drills")
    await chat.says("playbook 1", by="林悦", room="drills")
    async with chat.database.read() as session:
        assert {row.drill_id for row in await rows(session, Step)} == {1}
        assert {row.drill_id for row in await rows(session, Deadline)} == {1}


async def test_the_incidents_card_shows_how_far_it_is_and_what_is_next(chat: Chat) -> None:
    await attached(chat)
    text = (await chat.card()).text
    assert "0/12" in text
    # A dozen deadlines would push everything else off the card.
    assert text.count(" by 14:") == 2


LINK = "https://www.douyin.com/video/71234"


@pytest.mark.parametrize("words", [f"step 1 1 done {LINK}", f"log 1 原帖 {LINK}，已截图"])
async def test_a_link_is_kept_with_its_hash(chat: Chat, words: str) -> None:
    await attached(chat)
    heard = await chat.says(words, by="林悦")
    entry = (await chat.entries())[-1]
    assert entry.data["evidence"] == [{"link": LINK, "sha256": digest_of(LINK)}]
    assert digest_of(LINK)[:12] in heard.whisper.text
    assert "not of the page" in heard.whisper.text


async def test_a_message_that_is_kept_is_hashed_as_it_is_stored(chat: Chat) -> None:
    await chat.opens()
    said = chat.writes("顾客电话 13800138000，已退款", by="陈立", on="telegram")
    await chat.says("log 1", by="林悦", replying=said)
    entry = (await chat.entries())[-1]
    (proof,) = entry.data["evidence"]
    assert "13800138000" not in proof["text"]
    assert proof["sha256"] == digest_of(proof["text"])


async def test_a_playbook_that_nobody_has_read_lately_warns_when_it_is_attached(chat: Chat) -> None:
    read = library()
    old = read.playbooks[PLAYBOOK].model_copy(update={"review_by": date(2026, 1, 1)})
    chat.dispatch.library = stale = copy.copy(read)
    stale._contents = replace(read._contents, playbooks={**read.playbooks, PLAYBOOK: old})
    checklist = await attached(chat)
    assert "Not reviewed since 2026-01-01" in checklist.text
    assert "Not reviewed since 2026-01-01" in (await chat.card()).text


async def test_the_answer_says_what_became_of_a_step(chat: Chat) -> None:
    await attached(chat)
    heard = await chat.says("step 1 1 hand @吴桐", by="林悦")
    assert heard.whisper.title == "#1: 吴桐 has step 1 now."
    heard = await chat.says("step 1 1 skip 已有人做", by="林悦")
    assert (heard.whisper.title, heard.whisper.card.text) == ("#1: step 1 is left out.", "已有人做")
    heard = await chat.says("step 1 2 done", by="林悦")
    assert heard.whisper.title == "#1: step 2 is done."
