"""Who is asked for an approval and by when, and what comes when an approval runs out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handlers.kit.team import Person
from playbooks import Level, load
from playbooks.approvals import ApprovalStep, Clocks, OwnApprovals
from storage import deadlines, notices, statements
from tests.chat import PEOPLE, Chat, Heard, Said, team

HE = Person(name="何青", ids={"slack": "U0HE", "telegram": "1005"}, roles=frozenset({"lead"}))
PR, LEGAL, LEAD = (ApprovalStep(roles=roles) for roles in (("pr",), ("legal",), ("lead",)))
THREE, TWO = OwnApprovals(steps=(PR, LEGAL, LEAD)), OwnApprovals(steps=(PR, LEAD))
ZHENG = Person(name="郑好", ids={"slack": "U0ZHENG"}, roles=frozenset({"pr"}))


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a third lead, and somebody of PR."""
    async with Chat(url, team=team(people=(*PEOPLE, HE, ZHENG))) as chat:
        yield chat


async def drafted(chat: Chat, level: str = "orange") -> Said:
    await chat.opens(level)
    await chat.says("draft 1", by="林悦")
    return await chat.card("statement:1:1")


async def due(chat: Chat, kind: str = "approval") -> dict[str, int]:
    """Minutes that are left, by name."""
    async with chat.database.read() as session:
        found = await deadlines.of(session, 1)
    return {
        each.to: round((each.due_at - chat.clock()) / timedelta(minutes=1))
        for each in found
        if each.kind == kind
    }


def told(heard: Heard, words: str) -> list[Said]:
    return [each for each in heard.posts if words in each.title and each.transport == "slack"]


async def edited(chat: Chat, own: OwnApprovals, part: str) -> None:
    """Somebody edits the team's file, and it is read again."""
    chat.dispatch.library.own_approvals = own
    async with chat.database.write() as session:
        data = {"changed": {"approvals": {"changed": [part]}}, "waiting": [], "problems": []}
        await notices.put(session, "team.edited", chat.clock(), data=data)
    await chat.settle()


# Each has a time of their own


async def test_two_who_are_asked_at_once_are_each_reminded_of_their_own_vote(chat: Chat) -> None:
    card = await drafted(chat)
    assert await due(chat) == {"陈立": 15, "吴桐": 15}
    await chat.presses("Approve", card, by="陈立")
    assert await due(chat) == {"吴桐": 15}
    calls = told(await chat.passes(minutes=16), "waits for approval")
    assert [each.calls for each in calls] == [("吴桐",)]
    assert "吴桐" in calls[0].title
    heard = await chat.presses("Approve", calls[0], by="吴桐")
    assert (await chat.versions())[0].state == "approved"
    assert await due(chat) == {}
    assert not told(heard, "waits for approval")


async def test_whoever_is_asked_later_has_the_whole_time_and_the_other_keeps_theirs(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.passes(minutes=10)
    await chat.presses("I recuse", card, by="陈立")
    assert await due(chat) == {"吴桐": 5, "何青": 15}
    assert "⏳ PR or lead: 何青 or 郑好, asked 14:10, due 14:25" in card.text
    assert "⏳ Legal: 吴桐, asked 14:00, due 14:15" in card.text


async def test_when_somebody_was_asked_stays_as_it_was_after_a_reminder_was_put_off(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.says("claim 1", by="林悦")
    await chat.passes(minutes=16)
    await chat.says("snooze 1 20m approval", by="林悦")
    await chat.presses("I recuse", card, by="陈立")
    assert "⏳ Legal: 吴桐, overdue since 14:15" in card.text
    assert "何青 or 郑好, asked 14:16, due 14:31" in card.text
    assert not told(await chat.passes(minutes=10), "吴桐")
    await chat.passes(minutes=6)
    assert "asked 14:16" in card.text


async def test_a_barred_text_asks_nobody_until_it_is_mended(chat: Chat) -> None:
    await chat.opens()
    await chat.says("edit 1 我们已收到反映，正在核实。请联系 13812345678。", by="林悦")
    assert await due(chat) == {}
    await chat.says("override 1 L03 公司热线", by="陈立")
    assert set(await due(chat)) == {"陈立", "吴桐"}


async def test_a_path_that_is_edited_counts_at_once_for_what_is_voted_on(chat: Chat) -> None:
    chat.dispatch.library = load()
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    for own, wanted in ((THREE, "1/3: Legal, lead"), (TWO, "1/2: lead")):
        await edited(chat, own, "steps")
        assert wanted in card.title
    assert set(await due(chat)) == {"吴桐"}
    await chat.presses("Approve", card, by="吴桐")
    assert (await chat.versions())[0].state == "approved"


async def test_in_turn_whoever_is_next_is_called_when_it_is_their_turn(chat: Chat) -> None:
    chat.dispatch.library = load(own=OwnApprovals(order="in turn"))
    card = await drafted(chat)
    assert await due(chat) == {"陈立": 15}
    heard = await chat.presses("Approve", card, by="陈立")
    assert [each.calls for each in told(heard, "v1 waits for approval")] == [("吴桐",)]
    assert await due(chat) == {"吴桐": 15}


async def test_who_is_asked_by_an_edited_path_is_called(chat: Chat) -> None:
    chat.dispatch.library = load(own=TWO)
    await drafted(chat)
    assert set(await due(chat)) == {"陈立", "吴桐"}
    before = len(chat.all_said("alerts"))
    await edited(chat, THREE, "steps")
    called = {name for each in chat.all_said("alerts")[before:] for name in each.calls}
    assert called == set(await due(chat)) - {"陈立", "吴桐"} != set()


async def test_other_clocks_ask_anew_and_the_card_says_when(chat: Chat) -> None:
    chat.dispatch.library = load()
    card = await drafted(chat)
    await chat.passes(minutes=10)
    clocks = {Level.ORANGE: Clocks.model_validate({"answer": "5m", "expire": "1h"})}
    await edited(chat, OwnApprovals(clocks=clocks), "clocks")
    assert await due(chat) == {"陈立": 5, "吴桐": 5}
    assert "asked 14:10, due 14:15" in card.text
    await chat.presses("Approve", card, by="陈立")
    assert "counts until 15:10" in card.text


async def test_the_button_puts_off_the_reminder_that_it_stands_under(chat: Chat) -> None:
    await drafted(chat)
    await chat.says("claim 1", by="林悦")
    calls = told(await chat.passes(minutes=16), "waits for approval")
    legal = next(each for each in calls if each.calls == ("吴桐",))
    snooze = next(wire for wire in legal.wires if wire.startswith("clock.snooze"))
    heard = await chat.presses(snooze, legal, by="林悦")
    assert any("(吴桐)" in each.title for each in told(heard, "put it off"))


async def test_when_the_votes_that_are_there_are_enough_by_now_a_tap_settles_it(chat: Chat) -> None:
    chat.dispatch.library = load(own=THREE)
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.presses("Approve", card, by="吴桐")
    chat.dispatch.library.own_approvals = TWO
    await chat.refused("approve 1", by="林悦")
    assert (await chat.versions())[0].state == "pending"
    await chat.presses("Approve", card, by="陈立")
    assert (await chat.versions())[0].state == "approved"
    async with chat.database.read() as session:
        assert len(await statements.votes(session, 1)) == 2


async def test_a_text_that_is_taken_back_asks_nobody_to_review_it(chat: Chat) -> None:
    await drafted(chat)
    await chat.says("emergency 1 凌晨联系不上会签人", by="何青")
    assert await due(chat, "review_holding") == {"陈立": 60}
    await chat.says("recall 1 v1 批次号写错了", by="何青")
    assert await due(chat, "review_holding") == {}
    assert "taken back" in (await chat.card("statement:1:1")).title


# An approval runs out


async def test_an_approval_that_runs_out_is_told_to_the_voter_and_the_drafter_once(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    assert await due(chat, "expiry") == {"陈立": 120}
    heard = await chat.passes(hours=2)
    [said] = told(heard, "approval expired, 陈立")
    assert said.calls == ("陈立", "林悦")
    assert said.thread == (await chat.card()).message
    assert "0/2" in card.title, "the card says so without anybody asking"
    assert "陈立 14:00's approval has expired" in card.text
    assert (await chat.kinds()).count("vote_expired") == 1
    assert (await due(chat, "expiry"), (await due(chat))["陈立"]) == ({}, 15)
    assert not told(await chat.passes(minutes=5), "expired")
    await chat.presses("Approve", said, by="陈立")
    assert await due(chat, "expiry") == {"陈立": 120}


async def test_approvals_that_run_out_together_are_one_message(chat: Chat) -> None:
    chat.dispatch.library = load(own=THREE)
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.presses("Approve", card, by="吴桐")
    [said] = told(await chat.passes(hours=2), "expired")
    assert "陈立, 吴桐" in said.title
    async with chat.database.read() as session:
        assert [vote.fell for vote in await statements.votes(session, 1)] == ["expired", "expired"]


async def test_two_processes_tell_of_it_once_and_a_vote_given_in_that_moment_stands(url: str) -> None:
    everyone = team(people=(*PEOPLE, HE, ZHENG))
    async with Chat(url, team=everyone) as chat:
        card = await drafted(chat)
        await chat.presses("Approve", card, by="陈立")
        async with Chat(url, team=everyone, transports=chat.transports, clock=chat.clock) as other:
            chat.clock.passes(timedelta(hours=2))
            await chat.sweeper.sweep()
            await other.sweeper.sweep()
            await asyncio.gather(
                other.dispatch.receive(other.typed("approve 1", by="吴桐")),
                chat.dispatch.receive(chat.typed("approve 1", by="陈立")),
            )
            for each in (chat, other, chat):
                await each.settle()
        assert (await chat.kinds()).count("vote_expired") <= 1
        assert (
            len(
                [
                    each
                    for each in chat.all_said("alerts")
                    if "expired, 陈立" in each.title and each.transport == "slack"
                ]
            )
            <= 1
        )
        assert (await chat.versions())[0].state == "approved", "both votes were given in time"
        assert await due(chat, "expiry") == {}


@pytest.mark.parametrize(
    "deed", ["approve 1", "changes 1 时间写错了", "edit 1 我们正在核实，请稍候。", "level 1 yellow 已缓和"]
)
async def test_what_became_of_the_text_meanwhile_leaves_nothing_to_run_out(chat: Chat, deed: str) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.says(deed, by="吴桐")
    assert await due(chat, "expiry") == {}
    assert not told(await chat.passes(hours=3), "expired")


async def test_who_steps_back_has_nothing_that_runs_out(chat: Chat) -> None:
    card = await drafted(chat)
    await chat.presses("Approve", card, by="陈立")
    await chat.presses("I recuse", card, by="陈立")
    assert await due(chat, "expiry") == {}


# Whose words are in it


async def test_after_a_recall_the_recalled_words_still_have_their_authors(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 我们已收到反映，正在核实。", by="何青")
    await chat.says("approve 1", by="陈立")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    await chat.says("edit 1 我们已收到反映，正在核实，请稍候。", by="林悦")
    assert (await chat.versions())[-1].authors == ["何青", "林悦"]
    assert "others have to approve it" in (await chat.refused("approve 1", by="何青")).title
    await chat.says("approve 1", by="陈立")
    assert (await chat.versions())[-1].state == "approved"


async def test_a_text_begun_before_the_recall_is_theirs_too_from_then_on(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.says("edit 1 我们已收到反映，正在核实。", by="何青")
    await chat.says("approve 1", by="陈立")
    await chat.says("approve 1", by="吴桐")
    await chat.says("edit 1 我们已收到反映，正在核实，请稍候。", by="林悦")
    assert (await chat.versions())[-1].authors == ["林悦"], "v1 was approved by others"
    await chat.says("approve 1 v2", by="何青")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    card = await chat.card("statement:1:2")
    assert "何青 14:00's approval fell: part of the text is theirs" in card.text
    assert "0/2" in card.title
    assert "others have to approve it" in (await chat.refused("approve 1 v2", by="何青")).title


async def test_an_approved_text_after_the_recalled_one_is_where_the_next_starts(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 我们已收到反映，正在核实。", by="何青")
    await chat.says("approve 1", by="陈立")
    await chat.says("edit 1 我们已收到反映，正在核实，请稍候。", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    await chat.says("edit 1 我们已收到反映，正在核实，谢谢。", by="林悦")
    assert (await chat.versions())[-1].authors == ["林悦"]
    await chat.says("approve 1", by="何青")
    assert (await chat.versions())[-1].state == "approved"
