"""Statements: drafting and editing, and the votes that follow."""

from collections.abc import AsyncIterator

import pytest

from handlers.kit.team import Person
from storage import statements
from storage.models import Version, Vote
from tests.chat import PEOPLE, Chat, Said, complaints, rows, team

MORE_LEADS = (
    *PEOPLE,
    Person(name="何青", ids={"slack": "U0HE", "telegram": "1005"}, roles=frozenset({"lead"})),
    Person(name="郑好", ids={"slack": "U0ZHENG"}, roles=frozenset({"pr"})),
)


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a third lead, and somebody of PR who is none."""
    async with Chat(url, team=team(people=MORE_LEADS)) as chat:
        yield chat


async def drafted(chat: Chat, level: str = "orange") -> Said:
    """The card of statement #1 v1 on Slack, which 林悦 drafted."""
    await chat.opens(level)
    await chat.says("draft 1", by="林悦")
    return await chat.card("statement:1:1")


async def states(chat: Chat) -> list[str]:
    return [version.state for version in await chat.versions()]


async def votes(chat: Chat) -> list[tuple[str, str]]:
    async with chat.database.read() as session:
        return [(vote.person, vote.choice) for vote in await rows(session, Vote)]


async def test_a_draft_is_made_of_the_template_and_the_incident(chat: Chat) -> None:
    await chat.opens(title="蛋糕发霉，客服不理")
    heard = await chat.says("声明 1", by="林悦")
    (version,) = await chat.versions()
    assert (version.number, version.authors, version.level, version.template) == (
        1,
        ["林悦"],
        "orange",
        "holding",
    )
    assert version.made == version.hash
    assert version.hash == statements.hash_of(version.text)
    for part in ("our goods and services", "14:00", "18:00", "青柚茶饮"):
        assert part in version.text
    assert "蛋糕发霉" not in version.text, "a title is typed in a hurry, and this text is approved beforehand"
    cards = [await chat.card("statement:1:1", on=name) for name in ("slack", "telegram")]
    assert [card.thread for card in cards] == [
        (await chat.card(on=name)).message for name in ("slack", "telegram")
    ]
    assert all(card.card.verbatim == version.text for card in cards)
    assert all(version.hash[:12] in card.card.footer for card in cards)
    in_leads = [each for each in heard.posts if each.channel == "C0LEADS"]
    assert len(in_leads) == 1
    assert "#1" in in_leads[0].title
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.data["text_hash"]) == ("drafted", "林悦", version.hash)


async def test_a_text_that_nobody_approved_beforehand_says_what_the_incident_is_called(chat: Chat) -> None:
    await chat.opens(title="蛋糕发霉，客服不理")
    await chat.says("draft 1 full", by="林悦")
    assert "蛋糕发霉，客服不理" in (await chat.versions())[-1].text


@pytest.mark.parametrize("words", ["draft 1 holding", "起草 1 首次回应", "draft 1"])
async def test_a_template_goes_by_its_name_or_title(chat: Chat, words: str) -> None:
    await chat.opens()
    await chat.says(words, by="林悦")
    assert (await chat.versions())[0].template == "holding"


async def test_a_draft_is_refused_without_template_or_living_incident(chat: Chat) -> None:
    await chat.opens()
    assert "Holding statement" in (await chat.refused("draft 1 poem", by="林悦")).text
    await chat.says("dismiss 1 旧图", by="陈立")
    assert "reopen 1" in (await chat.refused("draft 1", by="林悦")).text
    assert "reopen 1" in (await chat.refused("edit 1 文字", by="林悦")).text


async def test_a_draft_pressed_twice_stands_once(chat: Chat) -> None:
    await chat.opens()
    await chat.presses("Claim", await chat.card(), by="林悦")
    await chat.presses("statement.draft", await chat.card(), by="林悦")
    assert "v1" in await chat.refused_press("statement.draft", await chat.card(on="telegram"), by="陈立")
    assert len(await chat.versions()) == 1


async def test_from_yellow_up_two_different_people_approve(chat: Chat) -> None:
    for number, level in enumerate(("yellow", "orange", "red"), 1):
        await chat.opens(level)
        await chat.says(f"draft {number}", by="林悦")
        card = await chat.card(f"statement:{number}:1")
        await chat.presses("statement.approve", card, by="陈立")
        assert (await chat.versions(number))[0].state == "pending"
        assert "v1" in await chat.refused_press("statement.approve", card, by="陈立")
        await chat.presses("statement.approve", card, by="吴桐")
        assert (await chat.versions(number))[0].state == "approved"
        assert not card.wires
        assert (await chat.incident(number)).stated_at == chat.clock()


async def test_blue_needs_one(chat: Chat) -> None:
    card = await drafted(chat, "blue")
    heard = await chat.says("批准 1", by="陈立", on="telegram")
    assert await states(chat) == ["approved"]
    assert {each.transport for each in heard.edits if each.card.verbatim} == {"slack", "telegram"}
    assert "陈立 lead 14:00" in card.text
    assert [entry.kind for entry in await chat.entries()][-2:] == ["approve", "approved"]
    async with chat.database.read() as session:
        (vote,) = await rows(session, Vote)
    assert vote.hash == (await chat.versions())[0].hash


@pytest.mark.parametrize("words", ["approve 1", "approve 1 v1", "批准 1 V1"])
async def test_the_version_may_be_named(chat: Chat, words: str) -> None:
    await drafted(chat, "blue")
    await chat.says(words, by="陈立")
    assert await states(chat) == ["approved"]


async def test_an_author_never_approves_and_neither_does_a_co_author(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.says("edit 1 改过的文字", by="陈立")
    await chat.says("edit 1 又改过的文字", by="何青")
    card = await chat.card("statement:1:3")
    for name in ("陈立", "何青"):
        assert "v3" in await chat.refused_press("statement.approve", card, by=name)
    assert "吴桐" in (await chat.refused("approve 1", by="陈立")).text
    assert await votes(chat) == []
    assert (await chat.versions())[-1].authors == ["林悦", "陈立", "何青"]


async def test_after_an_approval_authorship_starts_anew(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("draft 1", by="陈立")
    await chat.says("approve 1", by="吴桐")
    await chat.says("edit 1 第二份", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert await states(chat) == ["approved", "approved"]


async def test_an_edit_clears_the_votes_and_the_old_buttons_are_refused(chat: Chat) -> None:
    old = await drafted(chat)
    shown = old.card
    await chat.presses("statement.approve", old, by="陈立")
    await chat.says("修改 1 改过的文字", by="林悦")
    assert await states(chat) == ["superseded", "pending"]
    assert not old.wires
    old.card = shown
    assert "v2" in await chat.refused_press("statement.approve", old, by="吴桐")
    assert "v2" in (await chat.refused("approve 1 v1", by="吴桐", on="slack")).title
    await chat.says("approve 1", by="吴桐")
    assert await states(chat) == ["superseded", "pending"]
    await chat.says("approve 1", by="陈立")
    assert await states(chat) == ["superseded", "approved"]


async def test_an_edit_of_an_older_version_is_refused(chat: Chat) -> None:
    old = await drafted(chat)
    form = (await chat.presses("statement.edit", old, by="林悦")).form
    assert form.fields[0].initial == (await chat.versions())[0].text
    await chat.says("edit 1 改过的文字", by="陈立")
    problems = await chat.fills(form, {"text": "我的改动"}, by="林悦", on=old)
    assert "v2" in " ".join(problems.values())
    assert len(await chat.versions()) == 2


async def test_the_text_is_edited_in_a_form(chat: Chat) -> None:
    card = await drafted(chat)
    form = (await chat.presses("statement.edit", card, by="林悦")).form
    assert await chat.fills(form, {"text": (await chat.versions())[0].text}, by="林悦", on=card)
    assert await chat.fills(form, {"text": "字" * 20_001}, by="林悦", on=card)
    assert await chat.fills(form, {"text": "改过的\n\n文字"}, by="林悦", on=card) == {}
    assert (await chat.versions())[-1].text == "改过的\n\n文字"


async def test_in_a_thread_on_slack_a_button_opens_that_form(chat: Chat) -> None:
    card = await drafted(chat)
    heard = await chat.says("edit", by="林悦", under=await chat.card())
    opened = await chat.presses(heard.whisper.wires[0], heard.whisper, by="林悦")
    assert await chat.fills(opened.form, {"text": "改过的文字"}, by="林悦", on=card) == {}
    assert await states(chat) == ["superseded", "pending"]


async def test_on_telegram_the_present_text_is_shown_and_the_reply_replaces_it(chat: Chat) -> None:
    await drafted(chat)
    asked = (
        await chat.presses("statement.edit", await chat.card("statement:1:1", on="telegram"), by="林悦")
    ).whisper
    assert asked.card.verbatim == (await chat.versions())[0].text
    await chat.replies("改过的文字", asked, by="林悦")
    assert (await chat.versions())[-1].text == "改过的文字"


async def test_a_level_that_rose_since_the_draft_asks_for_more_approvals(chat: Chat) -> None:
    card = await drafted(chat, "blue")
    await chat.says("level 1 red", by="林悦")
    await chat.presses("statement.approve", card, by="陈立")
    assert await states(chat) == ["pending"]
    assert "1/2" in card.title
    await chat.presses("statement.approve", card, by="吴桐")
    assert await states(chat) == ["approved"]


async def test_a_level_that_fell_does_not_ask_for_fewer(chat: Chat) -> None:
    card = await drafted(chat, "red")
    await chat.says("level 1 blue", by="陈立")
    await chat.presses("statement.approve", card, by="陈立")
    assert await states(chat) == ["pending"]


@pytest.mark.parametrize(
    ("verb", "alias", "state"), [("changes", "要求修改", "changes"), ("veto", "否决", "vetoed")]
)
async def test_one_objection_with_a_reason_stops_it(chat: Chat, verb: str, alias: str, state: str) -> None:
    card = await drafted(chat)
    assert f"{verb} N REASON" in (await chat.refused(f"{verb} 1", by="陈立")).text
    await chat.presses("statement.approve", card, by="陈立")
    heard = await chat.says(f"{alias} 1 时间写错了", by="吴桐")
    assert await states(chat) == [state]
    assert not card.wires
    assert "时间写错了" in card.text
    assert any(
        each.calls == ("林悦",) and "时间写错了" in each.text
        for each in heard.posts
        if each.transport == "slack"
    )
    assert "edit 1" in (await chat.refused("approve 1", by="何青")).text
    entry = next(entry for entry in await chat.entries() if entry.kind == verb)
    assert (entry.by, entry.text) == ("吴桐", "时间写错了")
    await chat.says("edit 1 改过的文字", by="林悦")
    assert (await states(chat))[-1] == "pending"


async def test_an_objection_may_be_given_by_button_with_a_form(chat: Chat) -> None:
    card = await drafted(chat)
    form = (await chat.presses("statement.changes", card, by="吴桐")).form
    assert await chat.fills(form, {"reason": "时间写错了"}, by="吴桐", on=card) == {}
    assert await votes(chat) == [("吴桐", "changes")]


@pytest.mark.parametrize("verb", ["approve 1", "changes 1 x", "veto 1 x"])
async def test_only_roles_of_the_path_vote_whatever_they_do_in_the_incident(chat: Chat, verb: str) -> None:
    await drafted(chat, "blue")
    await chat.says("claim 1", by="林悦")
    for name in ("郑好", "周帆", "林悦"):
        assert "lead" in (await chat.refused(verb, by=name)).title
    assert await votes(chat) == []


async def test_there_is_nothing_to_vote_on(chat: Chat) -> None:
    await chat.opens()
    assert "draft 1" in (await chat.refused("approve 1", by="陈立")).text
    assert "draft 1" in (await chat.refused("edit 1", by="林悦")).text
    await chat.says("edit 1 自己写的", by="林悦")
    assert "v1" in (await chat.refused("approve 1 v7", by="陈立")).text
    assert "approve N" in (await chat.refused("approve 1 please", by="陈立")).text


async def test_a_long_statement_is_never_cut(chat: Chat) -> None:
    await chat.opens()
    text = "\n".join(f"第{number}段，" + "情况说明" * 100 for number in range(20))
    heard = await chat.says(f"edit 1 {text}", by="林悦")
    shown = [each for each in heard.posts if each.transport == "telegram" and each.card.verbatim]
    assert "".join(each.card.verbatim for each in shown[:-1]) == text
    assert "statement.approve:1 v1" in shown[-1].wires
    assert not any(each.wires for each in shown[:-1])


async def test_a_new_version_stands_below_and_the_old_card_loses_its_buttons(chat: Chat) -> None:
    old = await drafted(chat)
    await chat.says("edit 1 改过的文字", by="林悦")
    new = await chat.card("statement:1:2")
    assert (old.wires, "statement.approve:1 v2" in new.wires) == ([], True)
    assert new.card.verbatim == "改过的文字"
    async with chat.database.read() as session:
        assert len(await rows(session, Version)) == 2


async def test_what_an_edit_changes_stands_above_the_new_text(chat: Chat) -> None:
    await drafted(chat)
    text = (await chat.versions())[0].text
    heard = await chat.says(f"edit 1 {text.replace('18:00', '19:30')}", by="陈立")
    titles = [each.title for each in heard.posts if each.transport == "slack" and each.channel == "C0ALERTS"]
    assert titles[0] == "What v2 changes in v1"
    assert titles[1].startswith("Statement #1 v2")
    assert "−〔18:00〕＋〔19:30〕" in heard.posts[0].text


async def test_a_mark_of_the_fact_table_does_not_get_into_a_text(chat: Chat) -> None:
    await chat.opens()
    assert "[F1]" in (await chat.refused("edit 1 三家门店停售[F1]。", by="林悦")).title
    assert await chat.versions() == []


async def test_a_draft_says_what_is_confirmed_and_leaves_a_gap_for_what_nobody_knows(chat: Chat) -> None:
    await chat.opens()
    await chat.says("fact 1 涉事的 3 家门店已停售该批次蛋糕（来源：王店长）", by="林悦")
    await chat.says("fact 1 F1 confirm", by="陈立")
    await chat.says("fact 1 有 5 位顾客就医", by="林悦")
    await chat.says("draft 1 full", by="林悦")
    [version] = await chat.versions()
    assert "涉事的 3 家门店已停售该批次蛋糕" in version.text
    assert "5 位顾客" not in version.text
    refusal = await chat.refused("approve 1", by="吴桐")
    assert "L02" in refusal.title


async def test_a_draft_for_what_the_monitor_found_does_not_quote_the_complaint(chat: Chat) -> None:
    await chat.mentions(*complaints(5))
    await chat.says("draft 1", by="林悦")
    [version] = await chat.versions()
    assert (await chat.incident()).title[:8] not in version.text
