"""A person publishes; the bot keeps who put which text where, holds it against what stands there, and takes it back."""

from __future__ import annotations

from storage import deadlines, releases
from storage.models import Release
from tests.chat import Chat

LINK = "https://weibo.com/1/abc"


async def approved(chat: Chat, level: str = "blue") -> str:
    """A blue incident whose first statement has its one approval; returns the text."""
    await chat.opens(level)
    await chat.says("claim 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    [version] = await chat.versions()
    assert version.state == "approved"
    return version.text


async def standing(chat: Chat) -> list[Release]:
    async with chat.database.read() as session:
        return list(await releases.of(session, 1))


async def test_nothing_is_published_that_is_not_approved(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("draft 1", by="林悦")
    await chat.refused(f"publish 1 微博 {LINK}", by="林悦")
    await chat.refused(f"publish 1 v1 微博 {LINK}", by="林悦")
    await chat.refused("copy 1 微博", by="林悦")
    assert await standing(chat) == []


async def test_the_copy_is_the_text_and_nothing_else(chat: Chat) -> None:
    text = await approved(chat)
    heard = await chat.says("copy 1 微博", by="林悦")
    [card] = [each.card for each in heard.posts]
    assert card.verbatim == text
    assert "/2000" in card.title


async def test_publishing_keeps_who_where_when_and_the_hash(chat: Chat) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    [row] = await standing(chat)
    assert (row.version, row.channel, row.text, row.url, row.by, row.state) == (
        1,
        "weibo",
        text,
        LINK,
        "林悦",
        "live",
    )
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.data["text_hash"]) == ("published", "林悦", row.hash)


async def test_a_text_that_does_not_fit_a_channel_is_not_published_there(chat: Chat) -> None:
    await approved(chat)
    refusal = await chat.refused("publish 1 抖音评论 https://v.douyin.com/x", by="林悦")
    assert "/100" in refusal.title or "100" in refusal.title
    assert await standing(chat) == []


async def test_while_somebody_speaks_for_the_brand_nobody_else_publishes(chat: Chat) -> None:
    await approved(chat)
    await chat.says("role 1 spokesperson @陈立", by="林悦")
    await chat.refused(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says(f"publish 1 微博 {LINK}", by="陈立")
    assert len(await standing(chat)) == 1


async def test_what_stands_there_word_for_word_is_verified_although_line_breaks_are_lost(chat: Chat) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    heard = await chat.says("verify 1 微博 " + text.replace("\n", " "), by="林悦")
    assert len(heard.whispers) == 1
    assert (await standing(chat))[0].verified_by == "林悦"
    assert (await chat.kinds())[-1] == "verified"


async def test_a_live_text_that_differs_is_shown_with_what_differs_and_calls_the_commander(
    chat: Chat,
) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    heard = await chat.says("verify 1 微博 " + f"{text} 立即赔偿", by="陈立")
    said = next(each for each in heard.posts if "v1" in each.title)
    assert said.calls == ("林悦",)
    assert any("立即赔偿" in line for line in said.card.sections[0].lines)
    assert (await standing(chat))[0].differs


async def test_a_recalled_text_is_followed_until_it_stands_nowhere(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("publish 1 抖音 https://v.douyin.com/x", by="林悦")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    card = await chat.card("recall:1:1")
    assert card.card.text == "批次号写错了"
    assert {each.action for each in card.card.buttons} >= {"recall.down", "statement.draft"}
    await chat.refused(f"publish 1 v1 微博 {LINK}", by="林悦")
    await chat.says("down 1 微博", by="林悦")
    await chat.says("down 1 抖音", by="林悦")
    card = await chat.card("recall:1:1")
    assert [each.action for each in card.card.buttons] == ["statement.draft"]
    assert {each.state for each in await standing(chat)} == {"down"}


async def test_a_new_text_waits_until_the_recalled_one_is_gone_but_a_correction_does_not(chat: Chat) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    await chat.says(f"edit 1 {text}\n请以官方账号为准。", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert [each.state for each in await chat.versions()] == ["recalled", "approved"]
    await chat.refused("publish 1 微博 https://weibo.com/1/new", by="林悦")
    await chat.says("down 1 微博", by="林悦")
    await chat.says("publish 1 微博 https://weibo.com/1/new", by="林悦")
    assert [each.state for each in await standing(chat)] == ["down", "live"]


async def test_a_text_put_in_place_of_another_replaces_it(chat: Chat) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says(f"edit 1 {text}\n请以官方账号为准。", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    assert [each.state for each in await standing(chat)] == ["replaced", "live"]


async def test_a_text_that_runs_out_is_called_out_once(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK} 2h", by="林悦")
    heard = await chat.passes(hours=2, minutes=1)
    assert any("微博" in each.title for each in heard.posts)


async def test_what_is_written_in_a_drill_never_goes_out(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.says("new blue user_complaint 演练里的投诉", by="林悦", room="drills")
    incident = await chat.incident()
    assert incident.drill_id is not None
    await chat.says("draft 1", by="林悦", room="drills")
    await chat.says("approve 1", by="陈立", room="drills")
    await chat.refused(f"publish 1 微博 {LINK}", by="林悦", room="drills")
    assert await standing(chat) == []


async def test_a_channel_has_a_text_of_its_own_that_is_voted_on_and_copied(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 青柚茶饮：我们看到了大家的反映，正在逐条核实，进展会在这里说明。", by="林悦")
    await chat.says("variant 1 抖音评论 我们看到了，正在核实，进展会在这里说明。", by="林悦")
    first, second = await chat.versions()
    assert first.text == second.text
    assert first.hash != second.hash
    assert "抖音评论" in (await chat.card("statement:1:2")).card.verbatim
    await chat.says("approve 1 v2", by="陈立")
    await chat.says("publish 1 抖音评论 https://v.douyin.com/x", by="林悦")
    [row] = await standing(chat)
    assert row.text == "我们看到了，正在核实，进展会在这里说明。"


async def test_two_channels_that_contradict_each_other_are_not_approved(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 青柚茶饮：涉事的 3 家门店已停售该批次蛋糕。", by="林悦")
    await chat.says("variant 1 微博评论 涉事的 5 家门店已停售该批次蛋糕。", by="林悦")
    card = await chat.card("statement:1:2")
    assert any("L17" in line for section in card.card.sections for line in section.lines)
    await chat.refused("approve 1 v2", by="陈立")


async def test_a_text_whose_fact_has_turned_out_false_does_not_go_out_any_more(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("fact 1 涉事的 3 家门店已停售该批次蛋糕（来源：王店长）", by="林悦")
    await chat.says("fact 1 F1 confirm", by="陈立")
    await chat.says("edit 1 青柚茶饮：涉事的 3 家门店已停售该批次蛋糕。", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says("fact 1 F1 deny", by="陈立")
    refusal = await chat.refused(f"publish 1 微博 {LINK}", by="林悦")
    assert "L04" in refusal.title


# The end of an incident


async def test_nothing_ends_while_a_recalled_text_still_stands(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    for text in ("close 1 处理完了", "dismiss 1 旧图"):
        refusal = await chat.refused(text, by="陈立")
        assert "微博 v1 has to go, and still stands" in refusal.title
        assert "down 1 微博" in refusal.text
        assert "publish" not in refusal.text
    await chat.says("down 1 微博", by="林悦")
    await chat.says("close 1 处理完了", by="陈立")
    assert (await chat.incident()).state == "closed"


async def test_a_false_alarm_leaves_no_text_in_public(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    refusal = await chat.refused("dismiss 1 旧图", by="陈立")
    assert "微博 v1 stands" in refusal.title
    assert "close 1 REASON" in refusal.text
    await chat.says("close 1 属实，已处理", by="陈立")
    assert (await chat.incident()).state == "closed"


async def test_a_text_that_is_to_be_taken_down_is_followed_until_it_is_or_may_stand(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK} 11-22 18:00", by="林悦")
    refusal = await chat.refused("close 1 处理完了", by="陈立")
    assert "微博 v1 stands until" in refusal.title
    assert "publish 1 CHANNEL LINK" in refusal.text
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("close 1 处理完了", by="陈立")
    assert (await chat.incident()).state == "closed"


async def test_an_approval_that_is_owed_is_asked_for_again_after_reopening(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("claim 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    async with chat.database.read() as session:
        before = {(each.kind, each.ref) for each in await deadlines.of(session, 1) if each.kind == "approval"}
    assert before
    await chat.says("close 1 处理完了", by="陈立")
    await chat.says("reopen 1 又有新投诉", by="陈立")
    async with chat.database.read() as session:
        after = {(each.kind, each.ref) for each in await deadlines.of(session, 1)}
    assert before <= after


async def test_of_two_links_on_one_channel_the_one_that_is_gone_is_named(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("publish 1 微博 https://weibo.com/1/other", by="林悦")
    asked = (await chat.says("down 1 微博", by="林悦")).whisper
    assert [each.state for each in await standing(chat)] == ["live", "live"]
    assert "which is gone?" in asked.title
    labels = [each.label for each in asked.card.buttons]
    assert len(set(labels)) == 2
    await chat.presses(labels[1], asked, by="林悦")
    assert [each.state for each in await standing(chat)] == ["live", "down"]
    refusal = await chat.refused("down 1 微博 https://weibo.com/1/other", by="林悦")
    assert "v1 https://weibo.com/1/abc" in refusal.text
    await chat.says("down 1 微博 v1", by="林悦")
    assert [each.state for each in await standing(chat)] == ["down", "down"]


async def test_what_is_taken_back_at_two_links_has_a_button_for_each(chat: Chat) -> None:
    await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says("publish 1 微博 https://weibo.com/1/other", by="林悦")
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    card = await chat.card("recall:1:1")
    first, second = (each for each in card.card.buttons if each.action == "recall.down")
    assert first.label != second.label
    await chat.presses(first.label, card, by="林悦")
    assert [each.state for each in await standing(chat)] == ["down", "recalled"]
    assert "still stands in 1 places" in card.title
    await chat.says(f"down 1 微博 {'https://weibo.com/1/other'}", by="林悦")
    assert [each.state for each in await standing(chat)] == ["down", "down"]


async def test_what_is_taken_back_already_says_by_whom_and_when(chat: Chat) -> None:
    await approved(chat)
    await chat.says("recall 1 v1 批次号写错了", by="陈立")
    await chat.passes(minutes=5)
    for words, by in (("recall 1 v1 再撤一次", "吴桐"), (f"publish 1 v1 微博 {LINK}", "林悦")):
        refusal = await chat.refused(words, by=by)
        assert refusal.title == "v1 is taken back already: 陈立 14:00, 批次号写错了"


async def test_nothing_is_closed_while_what_stands_is_not_what_was_approved(chat: Chat) -> None:
    text = await approved(chat)
    await chat.says(f"publish 1 微博 {LINK}", by="林悦")
    await chat.says(f"verify 1 微博 {text}每人赔一万元。", by="林悦")
    refusal = await chat.refused("close 1 处理完了", by="陈立")
    assert "微博 v1 stands, and not as it was approved" in refusal.title
    assert "verify 1 微博" in refusal.text
    await chat.says(f"verify 1 微博 {text}", by="林悦")
    await chat.says("close 1 处理完了", by="陈立")
    assert (await chat.incident()).state == "closed"
