"""Playbooks in chat: shown, attached, ticked."""

import pytest

from storage.models import Incident, Step
from tests.chat import Chat, complaints
from tests.fakes import Said


async def attached(chat: Chat) -> Said:
    """The checklist on Slack, of incident #1 that 林悦 has."""
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    return await chat.card("playbook:1:user_complaint")


@pytest.mark.parametrize("words", ["playbook tech_failure", "预案 技术故障"])
async def test_a_playbook_is_shown_to_whoever_asks(chat: Chat, words: str) -> None:
    heard = await chat.says(words, by="周帆")
    assert [each.channel for each in heard.posts] == ["-1001"]
    steps = next(section for section in heard.posts[0].card.sections if section.lines[0].startswith("1. "))
    assert len(steps.lines) > 3
    assert "Version" in heard.posts[0].card.footer


async def test_without_a_name_the_playbooks_are_named(chat: Chat) -> None:
    assert "tech_failure" in (await chat.refused("playbook", by="林悦")).text
    assert "User complaint" in (await chat.refused("playbook ufo", by="林悦")).text


async def test_the_alert_proposes_the_playbook_that_its_words_match(chat: Chat) -> None:
    await chat.mentions(*complaints())
    assert "playbook.playbook:1 user_complaint" in (await chat.card()).wires
    await chat.presses("playbook.playbook", await chat.card(), by="林悦")
    assert (await chat.incident()).playbook == "user_complaint"


async def test_an_attached_playbook_stands_once_in_the_thread_on_both_platforms(chat: Chat) -> None:
    checklist = await attached(chat)
    assert checklist.thread == (await chat.card()).message
    assert (await chat.card("playbook:1:user_complaint", on="telegram")).thread == (
        await chat.card(on="telegram")
    ).message
    assert checklist.wires[0] == "playbook.step:1 1 done"
    again = await chat.says("playbook 1", by="陈立")
    assert len(again.posts) == 1
    assert not again.edits
    assert (await chat.kinds()).count("playbook") == 1


async def test_another_playbook_takes_its_place(chat: Chat) -> None:
    await attached(chat)
    await chat.says("预案 1 技术故障", by="林悦")
    incident = await chat.incident()
    assert (incident.playbook, incident.type) == ("tech_failure", "tech_failure")
    assert (await chat.kinds()).count("playbook") == 2


async def test_a_step_has_one_tick_and_the_first_one_counts(chat: Chat) -> None:
    checklist = await attached(chat)
    heard = await chat.presses("playbook.step:1 1 done", checklist, by="林悦")
    assert {each.transport for each in heard.edits} == {"slack", "telegram"}
    assert "林悦 14:00" in checklist.text
    assert "playbook.step:1 1 done" not in checklist.wires
    assert "1/12" in (await chat.card()).text
    on_telegram = await chat.card("playbook:1:user_complaint", on="telegram")
    on_telegram.card = on_telegram.past[0]
    assert "林悦" in await chat.refused_press("playbook.step:1 1 done", on_telegram, by="陈立")
    why = await chat.refused("step 1 1 skip", by="陈立", on="telegram")
    assert "林悦" in why.title
    assert "14:00" in why.title
    assert await chat.count(Step) == 1
    assert [
        (entry.by, entry.data["number"]) for entry in await chat.entries() if entry.kind == "step_done"
    ] == [("林悦", 1)]


async def test_a_step_may_be_skipped_with_the_reason(chat: Chat) -> None:
    checklist = await attached(chat)
    await chat.says("步骤 1 5 跳过 没有批次", by="林悦")
    assert "没有批次" in checklist.text
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.text, entry.data["number"]) == ("step_skip", "没有批次", 5)


async def test_a_finished_checklist_has_no_button_left(chat: Chat) -> None:
    checklist = await attached(chat)
    while checklist.wires:
        await chat.presses(checklist.wires[0], checklist, by="林悦")
    assert "12/12" in checklist.title
    assert await chat.count(Step) == 12


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("step 1 13 done", "12"),
        ("step 1 0 done", "12"),
        ("step 1 done", "step N K"),
        ("step 1 3", "step N K"),
        ("step 1 3 maybe", "step N K"),
        ("step", "step N K"),
    ],
)
async def test_a_step_that_is_none_is_refused(chat: Chat, words: str, hint: str) -> None:
    await attached(chat)
    assert hint in (await chat.refused(words, by="林悦")).text
    assert await chat.count(Step) == 0


async def test_without_a_playbook_there_is_no_step(chat: Chat) -> None:
    await chat.opens()
    assert "playbook 1" in (await chat.refused("step 1 1 done", by="林悦")).text


async def test_in_its_own_thread_the_number_may_be_left_out(chat: Chat) -> None:
    card = await attached(chat)
    thread = await chat.card()
    for words in ("step 3 done", "step 1 4 done", "step #1 5 done", "step 1 done"):
        await chat.says(words, by="林悦", under=thread)
    await chat.says("step 6 done", by="林悦", under=await chat.card(on="telegram"))
    ticked = [entry.data["number"] for entry in await chat.entries() if entry.kind == "step_done"]
    assert ticked == [3, 4, 5, 1, 6]
    assert "5/12" in card.title


async def test_in_the_thread_of_number_12_only_12_is_its_own_number(chat: Chat) -> None:
    for _ in range(12):
        async with chat.database.write() as session:
            session.add(Incident(title="x", type="user_complaint", opened_at=chat.clock()))
    await chat.opens()
    thread = await chat.card("incident:13")
    await chat.says("playbook", by="林悦", under=thread)
    await chat.says("step 13 3 done", by="林悦", under=thread)
    await chat.says("step 12 done", by="林悦", under=thread)
    assert [entry.data["number"] for entry in await chat.entries(13) if entry.kind == "step_done"] == [3, 12]
    assert "12" in (await chat.refused("claim 12", by="林悦", under=thread)).title
    await chat.says("claim #12", by="林悦", under=thread)
    assert ((await chat.incident(12)).owner, (await chat.incident(13)).owner) == ("林悦", "")
