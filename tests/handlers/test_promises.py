"""Promises made in public: owed until they are kept, and an incident that owes one cannot be closed."""

from __future__ import annotations

from datetime import timedelta

from storage import deadlines, incidents
from storage.models import LIVING, State
from tests.chat import NOW, Chat

PROOF = "https://example.com/refund-list"


async def promised(chat: Chat, text: str = "三天内完成退款") -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says(f"promise 1 {text} @林悦 2h", by="陈立")


async def test_a_promise_has_an_owner_a_time_and_a_card(chat: Chat) -> None:
    await promised(chat)
    card = await chat.card("promise:1:1")
    assert "三天内完成退款" in card.card.title
    assert "林悦" in card.card.text
    assert card.calls == ("林悦",)
    async with chat.database.read() as session:
        [due] = [each for each in await deadlines.of(session, 1) if each.kind == "promise"]
    assert (due.due_at, due.to) == (NOW + timedelta(hours=2), "林悦")
    assert (await chat.kinds())[-1] == "promised"


async def test_an_open_promise_keeps_its_incident_open_until_it_is_kept(chat: Chat) -> None:
    await promised(chat)
    refusal = await chat.refused("close 1 处理完了", by="林悦")
    assert "三天内完成退款" in refusal.title
    await chat.says(f"promise 1 1 kept {PROOF}", by="林悦")
    await chat.says("close 1 处理完了", by="林悦")
    assert (await chat.incident()).state == "closed"
    entry = next(each for each in await chat.entries() if each.kind == "promise_kept")
    assert entry.data["evidence"][0]["link"] == PROOF


async def test_a_promise_is_not_kept_without_a_proof(chat: Chat) -> None:
    await promised(chat)
    heard = await chat.presses("Kept…", await chat.card("promise:1:1"), by="林悦")
    assert await chat.fills(heard.form, {"note": ""}, by="林悦") != {}
    assert await chat.fills(heard.form, {"note": PROOF}, by="林悦") == {}
    assert PROOF in (await chat.card("promise:1:1")).card.text


async def test_only_a_lead_drops_a_promise_and_says_why(chat: Chat) -> None:
    await promised(chat)
    await chat.refused("promise 1 1 drop 算了", by="林悦")
    await chat.says("promise 1 1 drop 已改为全额退款", by="陈立")
    await chat.says("close 1 处理完了", by="林悦")
    assert (await chat.incident()).state == "closed"


async def test_a_promise_that_is_late_calls_whoever_sees_to_it(chat: Chat) -> None:
    await promised(chat)
    await chat.passes(hours=2, minutes=1)
    said = [
        each
        for each in chat.all_said("alerts")
        if "三天内完成退款" in each.title and "overdue" not in each.title
    ]
    assert any(each.calls == ("林悦",) for each in said[1:])


async def test_a_promise_settled_once_is_settled(chat: Chat) -> None:
    await promised(chat)
    await chat.says(f"promise 1 1 kept {PROOF}", by="林悦")
    refusal = await chat.refused(f"promise 1 1 kept {PROOF}", by="陈立")
    assert "林悦" in refusal.title


async def test_the_list_says_what_is_open(chat: Chat) -> None:
    await promised(chat)
    await chat.says("promise 1 公布检测报告 @陈立 3h", by="陈立")
    await chat.says(f"promise 1 1 kept {PROOF}", by="林悦")
    heard = await chat.says("promise 1", by="林悦")
    [card] = [each.card for each in heard.posts]
    assert [line[0] for line in card.sections[0].lines] == ["✅", "⏳"]


async def test_a_text_that_promises_something_by_a_time_waits_until_somebody_sees_to_it(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 青柚茶饮：我们承诺在 3 天内完成全部退款。", by="林悦")
    card = await chat.card("statement:1:1")
    assert any("L16" in line for section in card.card.sections for line in section.lines)
    await chat.refused("approve 1", by="陈立")
    await chat.says("promise 1 我们承诺在 3 天内完成全部退款 @林悦 3d", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert (await chat.versions())[0].state == "approved"


# Other ways to an end


async def test_no_incident_that_owes_a_promise_is_a_false_alarm(chat: Chat) -> None:
    await promised(chat)
    refusal = await chat.refused("dismiss 1 旧图", by="林悦")
    assert "P1 三天内完成退款" in refusal.title
    assert "promise 1 1 drop REASON" in refusal.text
    assert (await chat.incident()).state == "claimed"
    await chat.says("promise 1 1 drop 旧图，不用退", by="陈立")
    await chat.says("dismiss 1 旧图", by="林悦")
    assert (await chat.incident()).state == "dismissed"


async def test_what_is_still_owed_is_followed_again_once_the_incident_is_open_again(chat: Chat) -> None:
    await promised(chat)
    async with chat.database.write() as session:
        # As it was ended before promises kept an incident open.
        await incidents.move(session, 1, State.CLOSED, allowed=LIVING, at=NOW, reason="处理完了")
        await deadlines.drop(session, 1)
    await chat.says("reopen 1 又有新投诉", by="林悦")
    async with chat.database.read() as session:
        [due] = [each for each in await deadlines.of(session, 1) if each.kind == "promise"]
    assert (due.due_at, due.to, due.ref) == (NOW + timedelta(hours=2), "林悦", "1")
    late = await chat.passes(hours=2, minutes=1)
    assert any("三天内完成退款" in each.text and "林悦" in each.calls for each in late.posts)
