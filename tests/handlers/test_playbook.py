"""Playbooks in chat: shown, attached, ticked."""

import re
from pathlib import Path

import pytest

from bot.rereading import Rereader, told
from handlers.kit.locale import Locale
from handlers.shared.playbook_card import Progress, all_steps, rules, shown
from playbooks import Change, Library, Problem
from playbooks.shelf import BUNDLED
from storage import notices
from storage.models import Incident, Step
from tests.chat import CHANNELS, NOW, SHANGHAI, Chat, complaints, library, rows
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
    card = heard.posts[0].card
    steps = next(section for section in card.sections if section.lines[0].startswith("1. "))
    assert "Engineering · within 10 min" in steps.lines[-1]
    assert "Version" in card.footer
    assert "… and 7 more steps" in heard.posts[0].text


async def test_without_a_name_the_playbooks_are_named(chat: Chat) -> None:
    assert "tech_failure" in (await chat.refused("playbook", by="林悦")).text
    assert "User complaint" in (await chat.refused("playbook ufo", by="林悦")).text


async def test_the_alert_proposes_the_playbook_that_its_words_match(chat: Chat) -> None:
    await chat.mentions(*complaints())
    assert "playbook.playbook:1 food_safety" in (await chat.card()).wires
    await chat.presses("playbook.playbook", await chat.card(), by="林悦")
    assert (await chat.incident()).playbook == "food_safety"


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
    async with chat.database.read() as session:
        assert [row.outcome for row in await rows(session, Step)] == [""] * 12


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


# What is folded away


@pytest.mark.parametrize(
    ("words", "shown"),
    [("playbook food_safety all", "13. "), ("预案 食品安全 口径", "How to speak")],
)
async def test_what_is_folded_away_is_shown_to_whoever_asks(chat: Chat, words: str, shown: str) -> None:
    heard = await chat.says(words, by="周帆")
    assert shown in heard.posts[0].text


async def test_a_tap_unfolds_a_playbook_that_is_looked_at(chat: Chat) -> None:
    looked_at = (await chat.says("playbook data_leak", by="林悦")).posts[0]
    assert "12. " not in looked_at.text
    all_of_it = (await chat.presses("All steps", looked_at, by="林悦")).posts[0]
    assert "12. " in all_of_it.text
    rules = (await chat.presses("Levels and wording", all_of_it, by="林悦")).posts[0]
    assert "by law" not in rules.text
    assert "Report within 4 hours" in rules.text
    assert "checked 2026-11-20" in rules.text


async def test_a_part_that_is_none_is_refused(chat: Chat) -> None:
    assert "all" in (await chat.refused("playbook food_safety everything", by="林悦")).text


async def test_unfolding_attaches_nothing_and_knows_what_is_done(chat: Chat) -> None:
    checklist = await attached(chat)
    await chat.presses("playbook.step:1 1 done", checklist, by="林悦")
    unfolded = (await chat.presses("All steps", checklist, by="陈立")).posts[0]
    assert "✅ 1. " in unfolded.text
    assert "☐ 2. " in unfolded.text
    assert (await chat.kinds()).count("playbook") == 1


# How it reads


async def test_a_checklist_shows_the_next_steps_in_full_and_the_rest_in_short(chat: Chat) -> None:
    checklist = await attached(chat)
    first, *_ = checklist.card.sections
    assert first.title == "Next"
    assert [line[:4] for line in first.lines if line.startswith("☐")] == ["☐ 1.", "☐ 2.", "☐ 3.", "☐ 5."]
    full = "Message and call the first poster: listen, say sorry, solve it; never ask for deletion"
    assert full not in checklist.text
    later = next(section for section in checklist.card.sections if section.title == "Recovery 0/1")
    assert len(later.lines[0]) < 80
    await chat.presses("playbook.step:1 1 done", checklist, by="林悦")
    assert f"☐ 4. {full}" in checklist.text
    assert any(section.title == "Assess 1/2" for section in checklist.card.sections)


async def test_a_step_that_waits_for_another_comes_after_those_that_do_not(chat: Chat) -> None:
    checklist = await attached(chat)
    for number in (2, 3):
        await chat.presses(f"playbook.step:1 {number} done", checklist, by="林悦")
    assert "playbook.step:1 4 done" not in checklist.wires[:1]
    assert "playbook.step:1 1 done" in checklist.wires


async def test_a_step_for_graver_levels_is_no_next_step(chat: Chat) -> None:
    await chat.opens(level="blue")
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    checklist = await chat.card("playbook:1:user_complaint")
    for number in range(1, 8):
        await chat.says(f"step 1 {number} done", by="林悦")
    assert "playbook.step:1 8 done" not in checklist.wires
    assert "from Yellow up" in checklist.text
    await chat.says("level 1 orange 扩散了", by="陈立")
    await chat.says("step 1 9 done", by="林悦")
    assert "playbook.step:1 8 done" in checklist.wires


async def test_a_step_that_needs_a_statement_has_it_one_tap_away(chat: Chat) -> None:
    checklist = await attached(chat)
    for number in range(1, 6):
        await chat.says(f"step 1 {number} done", by="林悦")
    assert "→ draft 1 holding" in checklist.text
    await chat.presses("statement.draft:1 holding", checklist, by="林悦")
    assert len(await chat.versions()) == 1


async def test_legal_clocks_run_from_the_opening_and_are_for_the_lawyers(chat: Chat) -> None:
    await chat.says("new red data_leak 骗子能报出订单", by="林悦")
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    text = (await chat.card("playbook:1:data_leak")).text
    assert "Clocks, to check with legal" in text
    assert "hotline 12387 · by 18:00 · checked 2026-11-20" in text


async def test_a_playbook_that_nobody_has_reviewed_says_so_when_it_is_needed(chat: Chat) -> None:
    await chat.passes(days=200)
    assert "Not reviewed since 2027-05-20" in (await attached(chat)).text
    assert (
        "Not reviewed since 2027-05-20" in (await chat.says("playbook tech_failure", by="林悦")).posts[0].text
    )
    assert "Not reviewed since 2027-05-20" in (await chat.card()).text


HAN = re.compile(r"[\u4e00-\u9fff]")
ALL = ("", " all", " rules")


@pytest.mark.parametrize("part", ALL)
async def test_an_english_room_is_shown_english(chat: Chat, part: str) -> None:
    for kind in library().playbooks:
        said = (await chat.says(f"playbook {kind}{part}", by="周帆")).posts[0]
        assert not HAN.search(said.text), (kind, HAN.findall(said.text)[:20])
        assert all(not HAN.search(button.label) for button in said.card.buttons)


@pytest.mark.parametrize("part", ALL)
async def test_every_playbook_fits_one_message(part: str) -> None:
    for kind in library().playbooks.values():
        for language in ("zh", "en"):
            say = Locale(language=language, zone=SHANGHAI, now=NOW)
            seen = Progress(playbook=kind, library=library())
            card = {"": shown, " all": all_steps, " rules": rules}[part](say, seen)
            lines = [
                card.title,
                card.text,
                *(line for each in card.sections for line in (each.title, *each.lines)),
            ]
            # Telegram holds 4,096 and cuts the end of what is longer.
            assert sum(len(line) + 1 for line in lines) < 4096, (kind.id, language)


# Edited while the bot runs


async def test_leads_are_told_what_was_edited(chat: Chat) -> None:
    await leaves(chat, Change({"types/food_safety": ("steps", "dont"), "templates/calm": ("new",)}))
    said = chat.last()
    assert said.channel == CHANNELS["leads"]["slack"]
    assert "Food safety types/food_safety: steps, dont" in said.text
    assert "templates/calm: new" in said.text
    assert "keep their numbers" in said.card.footer


async def test_the_alerts_rooms_are_told_of_a_mistake(chat: Chat) -> None:
    await leaves(chat, Change(problems=(Problem(Path("types/x.yaml"), 3, "unknown key", "did you mean"),)))
    said = chat.last()
    assert said.channel == CHANNELS["alerts"]["slack"]
    assert "types/x.yaml:3: unknown key; did you mean" in said.text
    assert chat.last("telegram").title == said.title


async def leaves(chat: Chat, change: Change) -> None:
    async with chat.database.write() as session:
        await notices.put(session, "playbooks.edited", chat.clock(), data=told(change))
    await chat.settle()


async def test_an_edit_on_disk_reaches_the_rooms(chat: Chat, tmp_path: Path) -> None:
    own = Library(tmp_path)
    rereader = Rereader(own, chat.database, chat.clock, chat.dispatch.wake)
    await rereader.look()
    await chat.settle()
    assert chat.all_said("alerts", "leads") == []
    (tmp_path / "types").mkdir()
    bundled = (BUNDLED / "types" / "food_safety.yaml").read_text("utf-8")
    (tmp_path / "types" / "food_safety.yaml").write_text(bundled.replace("version: 1", "version: 9"), "utf-8")
    await rereader.look()
    await chat.settle()
    assert "types/food_safety: version" in chat.last().text
    assert own.playbooks["food_safety"].version == 9
