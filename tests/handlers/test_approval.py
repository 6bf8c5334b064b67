"""Approval in the thread: whose turn it is, what makes votes fall, and the two ways past the rules."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handlers.kit.locale import Locale
from handlers.kit.team import Person
from handlers.shared.entries import describe
from playbooks import load
from storage import deadlines, incidents
from storage.models import Override, Vote
from tests.chat import NOW, PEOPLE, SHANGHAI, Chat, Said, rows, team

HE = Person(name="何青", ids={"slack": "U0HE", "telegram": "1005"}, roles=frozenset({"lead"}))
ZHENG = Person(name="郑好", ids={"slack": "U0ZHENG"}, roles=frozenset({"pr"}))
GAO = Person(name="高远", ids={"telegram": "1009"}, roles=frozenset({"ceo"}))
BARRED = "我们已收到反映，正在核实。请联系 13812345678。"
"""Holds a telephone number of somebody (L03)."""


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a third lead, somebody of PR, and the CEO."""
    async with Chat(url, team=team(people=(*PEOPLE, HE, ZHENG, GAO))) as chat:
        yield chat


async def drafted(chat: Chat, level: str = "orange", by: str = "林悦") -> Said:
    await chat.opens(level)
    await chat.says("draft 1", by=by)
    return await chat.card("statement:1:1")


async def state(chat: Chat) -> str:
    return (await chat.versions())[-1].state


async def due(chat: Chat) -> dict[str, tuple[str, int, str]]:
    """What is due about statements: which version, in how many minutes, whose duty."""
    async with chat.database.read() as session:
        found = await deadlines.of(session, 1)
    return {
        each.kind: (each.ref, round((each.due_at - chat.clock()) / timedelta(minutes=1)), each.to)
        for each in found
        if each.kind in {"approval", "review_holding"}
    }


# Whose turn it is


async def test_the_card_says_who_is_asked_as_what_and_by_when(chat: Chat) -> None:
    card = await drafted(chat)
    assert "0/2: PR or lead, Legal" in card.title
    assert "⏳ Legal: 吴桐, asked 14:00, due 14:15" in card.text
    await chat.presses("Approve", card, by="郑好")
    assert "1/2: Legal" in card.title
    assert "✅ 郑好 PR 14:00 (counts until 16:00)" in card.text
    assert await due(chat) == {"approval": ("1 吴桐", 15, "吴桐")}
    await chat.passes(minutes=5)
    await chat.says("批准 v1", by="吴桐", under=await chat.card("statement:1:1"))
    assert await state(chat) == "approved"
    assert await due(chat) == {}
    assert "✅ 吴桐 Legal 14:05" in card.text


async def test_a_role_that_has_its_vote_gives_no_second_one(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="郑好")
    for name in ("陈立", "何青"):
        assert "Legal" in await chat.refused_press("Approve", card, by=name)
    assert "Legal" in (await chat.refused("approve 1", by="高远")).title


async def test_who_can_do_more_than_one_thing_does_what_nobody_else_can(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="吴桐")
    assert "✅ 吴桐 Legal" in card.text
    await chat.presses("Approve", card, by="何青")
    assert "✅ 何青 lead" in card.text
    assert await state(chat) == "approved"


async def test_red_waits_for_the_ceo(chat: Chat) -> None:
    card = await drafted(chat, "red")
    for name in ("陈立", "吴桐"):
        await chat.presses("Approve", card, by=name)
    assert await state(chat) == "pending"
    await chat.says("approve 1 v1", by="高远")
    assert await state(chat) == "approved"


async def test_legal_words_bring_legal_in_at_any_level(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 我们已收到反映，正在核实，会按规定赔偿。", by="林悦")
    await chat.says("approve 1", by="何青")
    assert await state(chat) == "pending"
    await chat.says("approve 1", by="吴桐")
    assert await state(chat) == "approved"


async def test_when_the_only_lawyer_wrote_it_another_lead_stands_in_and_the_card_says_so(chat: Chat) -> None:
    card = await drafted(chat, by="吴桐")
    assert "⏳ for Legal: " in card.text
    await chat.presses("Approve", card, by="郑好")
    await chat.presses("Approve", card, by="何青")
    assert await state(chat) == "approved"
    assert "✅ 何青 for Legal 14:00" in card.text


async def test_too_few_people_are_told_with_who_could_be_added(url: str) -> None:
    async with Chat(url) as chat:
        card = await drafted(chat, "red", by="吴桐")
        assert "1 more needed" in card.text
        assert "`people`: Legal" in card.text
        assert "Nobody on the roster is CEO office" in card.text
        await chat.presses("Approve", card, by="陈立")
        assert await state(chat) == "pending"


async def test_in_turn_nobody_jumps_the_queue(url: str) -> None:
    async with Chat(url, team=team(people=(*PEOPLE, ZHENG, GAO))) as chat:
        library = load()
        contents = library._contents
        object.__setattr__(contents, "approvals", contents.approvals.model_copy(update={"order": "in turn"}))
        chat.dispatch.library = library
        card = await drafted(chat, "red")
        assert "0/3: PR or lead" in card.title
        assert "PR or lead" in (await chat.refused("approve 1", by="高远")).title
        for name in ("郑好", "吴桐"):
            await chat.presses("Approve", card, by=name)
        assert "2/3: CEO office" in card.title
        await chat.says("approve 1", by="高远")
        assert await state(chat) == "approved"


async def test_who_steps_back_counts_as_neither_and_the_next_one_is_asked(chat: Chat) -> None:
    card = await drafted(chat, "yellow")
    heard = await chat.presses("I recuse", card, by="陈立")
    assert "↪️ 陈立 14:00 recuses" in card.text
    asked = next(each for each in heard.posts if each.transport == "slack")
    assert "陈立" not in asked.calls
    assert asked.calls
    assert "0/2" in card.title
    assert "already" in await chat.refused_press("Approve", card, by="陈立")
    for name in ("吴桐", "何青"):
        await chat.presses("Approve", card, by=name)
    assert await state(chat) == "approved"


async def test_an_approval_may_be_taken_back_by_stepping_back(chat: Chat) -> None:
    card = await drafted(chat, "yellow")
    await chat.presses("Approve", card, by="陈立")
    await chat.says("回避 1 v1", by="陈立")
    await chat.presses("Approve", card, by="吴桐")
    assert await state(chat) == "pending"
    assert [entry for entry in await chat.kinds() if entry in {"approve", "recuse"}] == [
        "approve", "recuse", "approve",
    ]  # fmt: skip


# What makes votes fall


async def test_a_vote_that_expired_does_not_count_and_may_be_given_again(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.passes(hours=2)
    await chat.presses("Approve", card, by="吴桐")
    assert await state(chat) == "pending"
    assert "陈立 14:00's approval has expired" in card.text
    assert (await due(chat))["approval"] == ("1 陈立", 15, "陈立")
    await chat.presses("Approve", card, by="陈立")
    assert await state(chat) == "approved"


@pytest.mark.parametrize(("old", "new"), [("yellow", "red"), ("red", "yellow")])
async def test_a_level_that_changes_voids_the_votes_and_asks_again(chat: Chat, old: str, new: str) -> None:
    card = await drafted(chat, old)
    await chat.presses("Approve", card, by="陈立")
    heard = await chat.says(f"level 1 {new}", by="何青")
    assert "the level changed" in card.text
    assert any(each.calls == ("陈立",) for each in heard.posts if "approvals" in each.title)
    assert "0/3" in card.title, "the graver level counts, whichever way it went"
    await chat.says(f"level 1 {old}", by="何青")
    await chat.presses("Approve", card, by="吴桐")
    await chat.says("approve 1", by="高远")
    assert await state(chat) == "pending"


async def test_a_level_that_the_monitor_raised_counts_before_anybody_is_told(chat: Chat) -> None:
    card = await drafted(chat, "yellow")
    await chat.presses("Approve", card, by="陈立")
    async with chat.database.write() as session:
        assert await incidents.set_level(session, 1, "yellow", "orange")
    await chat.presses("Approve", card, by="吴桐")
    assert await state(chat) == "pending"
    await chat.presses("Approve", card, by="陈立")
    assert await state(chat) == "approved"


async def test_who_is_no_longer_on_the_roster_has_no_vote(url: str) -> None:
    async with Chat(url, team=team(people=(*PEOPLE, HE))) as chat:
        card = await drafted(chat, "yellow")
        await chat.presses("Approve", card, by="何青")
        chat.team.become(team())
        await chat.presses("Approve", card, by="陈立")
        assert await state(chat) == "pending"
        assert "no longer on the roster" in card.text
        await chat.presses("Approve", card, by="吴桐")
        assert await state(chat) == "approved"


async def test_nobody_votes_on_a_matter_that_is_over(chat: Chat) -> None:
    await drafted(chat)
    await chat.says("dismiss 1 旧图", by="陈立")
    assert "reopen 1" in (await chat.refused("approve 1", by="吴桐")).text


# Past the rules, by name


async def test_a_block_bars_approval_until_a_lead_answers_for_it(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says(f"edit 1 {BARRED}", by="林悦")
    card = await chat.card("statement:1:1")
    assert "statement.approve:1 v1" not in card.wires
    why = await chat.refused("approve 1", by="陈立")
    assert "L03" in why.title
    assert "override 1 v1 L03" in why.text
    assert "13812345678" not in why.title + why.text
    await chat.refused("override 1 L03 公司热线", by="郑好")
    assert "does not bar" in (await chat.refused("override 1 L07 公司热线", by="陈立")).title
    assert "no check" in (await chat.refused("override 1 L99 公司热线", by="陈立")).title
    form = (await chat.presses("Let L03 pass…", card, by="陈立")).form
    assert await chat.fills(form, {"reason": "这是公司自己的热线"}, by="陈立", on=card) == {}
    assert "🔓 L03 let pass by 陈立 14:00: 这是公司自己的热线" in card.text
    await chat.presses("Approve", card, by="何青")
    assert await state(chat) == "approved"
    entry = next(each for each in await chat.entries() if each.kind == "override")
    assert (entry.by, entry.text, entry.data["check"], entry.data["text_hash"]) == (
        "陈立", "这是公司自己的热线", "L03", (await chat.versions())[0].hash,
    )  # fmt: skip


async def test_what_was_let_pass_is_barred_again_in_the_next_text(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says(f"edit 1 {BARRED}", by="林悦")
    await chat.says("override 1 v1 L03 公司热线", by="陈立")
    await chat.says(f"edit 1 {BARRED}谢谢。", by="林悦")
    assert "L03" in (await chat.refused("approve 1", by="陈立")).title
    assert "v2" in (await chat.refused("override 1 v1 L03 公司热线", by="陈立")).title
    assert await chat.count(Override) == 1


async def test_an_author_answers_for_nothing_in_their_own_text(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says(f"edit 1 {BARRED}", by="陈立")
    assert "another lead" in (await chat.refused("override 1 L03 公司热线", by="陈立")).title
    await chat.says("override 1 L03 公司热线", by="何青")
    assert await chat.count(Override) == 1


async def test_in_an_emergency_one_lead_releases_the_pre_approved_text_and_another_reviews_it(
    chat: Chat,
) -> None:
    card = await drafted(chat, "red")
    form = (await chat.presses("Emergency: release alone…", card, by="何青")).form
    assert await chat.fills(form, {"reason": "凌晨联系不上会签人"}, by="何青", on=card) == {}
    assert await state(chat) == "released"
    assert (await chat.incident()).stated_at == chat.clock()
    assert "🚨 Released by 何青 alone" in card.text
    assert (await due(chat))["review_holding"] == ("1 陈立", 60, "陈立")
    assert "You released v1" in await chat.refused_press("Approve", card, by="何青")
    await chat.refused("emergency 1 再来一次", by="陈立")
    await chat.refused("approve 1", by="林悦")
    await chat.passes(minutes=10)
    await chat.presses("Approve", card, by="吴桐")
    assert await state(chat) == "approved"
    assert await due(chat) == {}
    assert [each for each in await chat.kinds() if each in {"emergency", "approve", "approved"}] == [
        "emergency", "approve",
    ]  # fmt: skip
    last = (await chat.entries())[-1]
    said = describe(Locale(language="en", zone=SHANGHAI, now=NOW), last)
    assert (last.by, last.kind) == ("吴桐", "reviewed_after")
    assert said.startswith("reviewed statement v1 afterwards, which 何青 had released alone")


async def test_a_lead_who_drafted_it_may_release_it_but_not_review_it(chat: Chat) -> None:
    await drafted(chat, by="陈立")
    await chat.says("紧急放行 1 无人可联系", by="陈立")
    assert await state(chat) == "released"
    await chat.refused("approve 1", by="陈立")


async def test_a_review_that_fails_says_that_the_text_may_be_public(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.says("emergency 1 无人可联系", by="何青")
    heard = await chat.says("veto 1 时间不对", by="吴桐")
    assert await state(chat) == "vetoed"
    assert any("may be public" in each.text and each.calls == ("林悦",) for each in heard.posts)
    assert not card.wires
    assert await due(chat) == {}


@pytest.mark.parametrize("by", ["林悦", "郑好"])
async def test_only_a_lead_releases_alone(chat: Chat, by: str) -> None:
    await drafted(chat)
    await chat.refused("emergency 1 无人可联系", by=by)
    assert await state(chat) == "pending"


async def test_an_edited_text_or_one_of_another_template_is_not_released_alone(chat: Chat) -> None:
    await drafted(chat)
    text = (await chat.versions())[0].text
    await chat.says(f"edit 1 {text}谢谢。", by="林悦")
    assert "edited" in (await chat.refused("emergency 1 无人可联系", by="何青")).title
    await chat.says(f"edit 1 {text}", by="林悦")
    assert "edited" in (await chat.refused("emergency 1 v3 无人可联系", by="何青")).title
    assert not any("emergency" in wire for wire in (await chat.card("statement:1:3")).wires)


async def test_a_text_released_alone_stays_the_public_one_while_the_next_is_voted_on(chat: Chat) -> None:
    await drafted(chat)
    await chat.says("emergency 1 无人可联系", by="何青")
    await chat.says("edit 1 我们已查明情况，正在处理。", by="林悦")
    assert [each.state for each in await chat.versions()] == ["released", "pending"]
    await chat.says("approve 1 v1", by="吴桐")
    assert [each.state for each in await chat.versions()] == ["approved", "pending"]
    async with chat.database.read() as session:
        assert [vote.version_id for vote in await rows(session, Vote)] == [1]


async def test_a_vote_that_nobody_gives_is_called_for(chat: Chat) -> None:
    await drafted(chat)
    heard = await chat.passes(minutes=16)
    calls = [each for each in heard.posts if "of the statement waits for approval" in each.title]
    assert {each.calls for each in calls if each.transport == "slack"} == {("陈立",), ("吴桐",)}
    assert {each.wires[0] for each in calls} == {"statement.approve:1 v1"}


async def test_who_could_be_added_names_nobodys_role_who_is_there(url: str) -> None:
    async with Chat(url, team=team()) as chat:
        card = await drafted(chat, "orange", by="陈立")
        assert "1 more needed" in card.text
        assert "⏳ Legal: 吴桐" in card.text
        assert "Who could be added to `people`: PR or lead" in card.text


async def test_a_gap_that_is_left_open_cannot_be_let_pass(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 我们正在核实。原因：【请填写：原因】。", by="林悦")
    refusal = await chat.refused("override 1 L02 先发出去", by="陈立")
    assert "【请填写：原因】" in refusal.title
    assert not any("override" in wire for wire in (await chat.card("statement:1:1")).wires)
    await chat.refused("approve 1", by="陈立")
