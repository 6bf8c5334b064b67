"""One crisis with one voice: what goes out is agreed, rests on what is known, and is taken back when that was wrong.

The people talk to the bot on both platforms, through the real dispatch; after each turn stands what has to be seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from handlers.kit.team import Person
from storage import incidents, releases, statements, timeline
from storage.models import Release
from tests.chat import Chat, Said, team

PEOPLE = (
    Person(name="林悦", ids={"slack": "U0LIN", "telegram": "1001"}, roles=frozenset({"responder"})),
    Person(name="许诺", ids={"slack": "U0XU", "telegram": "1006"}, roles=frozenset({"responder"})),
    Person(name="陈立", ids={"slack": "U0CHEN", "telegram": "1002"}, roles=frozenset({"lead", "pr"})),
    Person(name="吴桐", ids={"slack": "U0WU", "telegram": "1003"}, roles=frozenset({"lead", "legal"})),
)
CLAIM = "上海 3 家门店停售该批次蛋糕"
TRUTH = "上海 2 家门店停售该批次蛋糕"
PROMISE = "我们会在 3 天内完成全部退款"
TEXT = f"""关于「蛋糕发霉」的情况说明

我们看到有顾客反映蛋糕发霉，给大家添了麻烦和担心，我们很抱歉。没有把好关，是我们的责任。

已经确认：{CLAIM}。
还不清楚：发霉的原因。查清之前，我们不作推测。
正在做的：逐条核对反映，优先联系受影响的顾客。
{PROMISE}。如果您也遇到了，请联系官方客服，由专人跟进。

下一次说明：今天 18:00 前。

青柚茶饮"""
WEIBO = f"青柚茶饮：蛋糕发霉一事，我们很抱歉，这是我们的责任。{CLAIM}。{PROMISE}，请联系官方客服。"
WECHAT = f"{WEIBO}您手里如有同批次蛋糕，请不要食用。"
LINKS = {
    "微博": "https://weibo.com/1/abc",
    "公众号": "https://mp.weixin.qq.com/s/abc",
    "抖音": "https://v.douyin.com/abc",
    "小红书": "https://www.xiaohongshu.com/explore/abc",
}
CORRECTED = "https://weibo.com/1/def"
PROOF = "https://example.com/refunds.pdf"
GAPS = {
    "【请填写：原来的那句话】": f"{CLAIM}。",
    "【请填写：核实后的事实】": f"{TRUTH}。",
    "【请填写：原因】": "汇总时把一家店算了两次。",
}
STEPS = (
    "opened claimed fact drafted drafted fact_confirmed promised drafted drafted drafted approve drafted "
    "approve approve approved published published published published verified differs fact_false recalled "
    "taken_down fact fact_confirmed drafted drafted approve approve approved published "
    "taken_down taken_down taken_down promise_kept closed"
)
"""All that happens, in order, as the timeline calls it."""
OF_A_TEXT = {"drafted", "approve", "approved", "published", "verified", "differs", "recalled", "taken_down"}


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """Rooms that speak Chinese; PR and legal can be reached on both platforms."""
    async with Chat(url, team=team(language="zh", people=PEOPLE)) as chat:
        yield chat


async def test_one_crisis_is_told_with_one_voice(chat: Chat) -> None:
    await it_is_opened_and_claimed(chat)
    await what_nobody_has_confirmed_is_not_said(chat)
    await what_is_promised_has_somebody_who_keeps_it(chat)
    await two_channels_that_contradict_each_other_are_mended(chat)
    await an_edit_takes_the_first_vote_away(chat)
    await legal_signs_on_telegram_and_pr_on_slack(chat)
    await a_person_publishes_on_four_channels(chat)
    await what_stands_there_is_held_against_the_text(chat)
    await a_fact_turns_out_false(chat)
    await the_text_is_recalled_and_corrected(chat)
    await the_promise_is_kept_and_the_matter_closed(chat)
    await every_step_has_a_person_and_every_text_its_hash(chat)


async def it_is_opened_and_claimed(chat: Chat) -> None:
    await chat.says("new 橙 食品安全 蛋糕发霉，客服不理", by="许诺")
    await chat.presses("认领", await chat.card(), by="林悦")
    for on in ("slack", "telegram"):
        assert "林悦 负责" in (await chat.card(on=on)).title
    assert (await chat.incident()).owner == "林悦"


async def what_nobody_has_confirmed_is_not_said(chat: Chat) -> None:
    thread = await chat.card()
    await chat.says(f"事实 {CLAIM}（来源：王店长）", by="许诺", under=thread)
    await chat.says("draft 1", by="林悦")
    await chat.says(f"edit 1 {TEXT}", by="林悦")
    card = await chat.card("statement:1:2")
    assert "⛔ L04" in card.text
    assert "F1（未确认）" in card.text
    assert "L04" in (await chat.refused("approve 1", by="陈立")).title
    await chat.presses("确认 F1", await chat.card("facts:1", on="telegram"), by="林悦")
    assert "L04" not in card.text
    assert "引用事实 F1，均已确认" in card.text


async def what_is_promised_has_somebody_who_keeps_it(chat: Chat) -> None:
    card = await chat.card("statement:1:2")
    assert "⛔ L16" in card.text
    heard = await chat.says(f"promise 1 {PROMISE} @许诺 3d", by="林悦")
    assert heard.posts[0].calls == ("许诺",)
    told = (await chat.says("timeline 1", by="陈立")).posts[0].text
    assert f"登记承诺 1（许诺，11-23 14:00 前）：{PROMISE}" in told
    await chat.says(f"variant 1 微博 {WEIBO}", by="林悦")
    card = await chat.card("statement:1:3")
    assert "检查：0 阻断" in card.text, card.text


async def two_channels_that_contradict_each_other_are_mended(chat: Chat) -> None:
    await chat.says(f"variant 1 公众号 {WECHAT.replace('3 家', '5 家')}", by="许诺")
    card = await chat.card("statement:1:4")
    assert "⛔ L17" in card.text
    assert "与「公众号」的文本不一致：那里是「5 家」" in card.text
    assert "L17" in (await chat.refused("approve 1", by="陈立")).title
    await chat.says(f"variant 1 公众号 {WECHAT}", by="许诺")
    card = await chat.card("statement:1:5")
    assert "检查：0 阻断" in card.text
    assert [WEIBO in card.text, WECHAT in card.text] == [True, True]


async def an_edit_takes_the_first_vote_away(chat: Chat) -> None:
    card = await chat.card("statement:1:5", on="telegram")
    await chat.presses("批准", card, by="吴桐")
    assert "待批 1/2：公关" in (await chat.card("statement:1:5")).title
    heard = await chat.says(f"edit 1 {TEXT.replace('官方客服', '各门店或官方客服')}", by="林悦")
    shown = [each for each in heard.posts if each.title == "v6 对 v5 的改动"]
    assert {each.transport for each in shown} == {"slack", "telegram"}
    assert all("＋〔各门店或〕" in each.text for each in shown)
    assert not card.wires, "the text before can no longer be voted on"
    assert "待批 0/2" in (await chat.card("statement:1:6")).title


async def legal_signs_on_telegram_and_pr_on_slack(chat: Chat) -> None:
    await chat.presses("批准", await chat.card("statement:1:6", on="telegram"), by="吴桐")
    await chat.presses("批准", await chat.card("statement:1:6"), by="陈立")
    for on in ("slack", "telegram"):
        card = await chat.card("statement:1:6", on=on)
        assert ["✅ 吴桐 法务" in card.text, "✅ 陈立 公关" in card.text] == [True, True]
    states = [each.state for each in await chat.versions()]
    assert states == [*["superseded"] * 5, "approved"]


async def a_person_publishes_on_four_channels(chat: Chat) -> None:
    for channel, link in LINKS.items():
        await chat.says(f"publish 1 {channel} {link}", by="林悦")
    version = (await chat.versions())[-1]
    found = await standing(chat)
    assert [each.text for each in found] == [WEIBO, WECHAT, version.text, version.text]
    assert [each.url for each in found] == [*LINKS.values()]
    assert all(each.hash == statements.hash_of(each.text) for each in found)


async def what_stands_there_is_held_against_the_text(chat: Chat) -> None:
    heard = await chat.says(f"verify 1 微博 {WEIBO}", by="许诺", on="telegram")
    assert "一字不差" in heard.whisper.title, heard.whisper.title
    heard = await chat.says(f"verify 1 公众号 {WECHAT.replace('不要食用', '放心食用')}", by="许诺")
    told = heard.posts[0]
    assert told.broadcast
    assert told.calls == ("林悦",)
    assert "−〔不要〕＋〔放心〕" in told.text
    assert [each.differs for each in await standing(chat)] == [False, True, False, False]


async def a_fact_turns_out_false(chat: Chat) -> None:
    heard = await chat.says("fact 1 F1 deny 实际是 2 家", by="许诺", on="telegram")
    told = next(each for each in heard.posts if each.transport == "slack")
    assert "v6" in told.text
    assert told.broadcast
    assert set(told.calls) == {"林悦", "许诺"}, "whoever wrote it"
    assert "L04" in (await chat.refused(f"publish 1 微博评论 {LINKS['微博']}", by="林悦")).title


async def the_text_is_recalled_and_corrected(chat: Chat) -> None:
    await chat.says("recall 1 v6 停售门店数写错了", by="林悦")
    recalled = await chat.card("recall:1:6")
    assert "停售门店数写错了" in recalled.text
    assert [each.state for each in await standing(chat)] == ["recalled"] * 4
    await chat.presses("微博已撤下", recalled, by="林悦")
    await chat.says(f"fact 1 {TRUTH}", by="许诺")
    await chat.says("fact 1 F2 confirm", by="吴桐")
    await chat.presses("statement.draft", recalled, by="林悦")
    assert "L02" in (await chat.refused("approve 1", by="吴桐")).title
    text = (await chat.versions())[-1].text
    for gap, words in GAPS.items():
        text = text.replace(gap, words)
    await chat.says(f"edit 1 {text}", by="林悦")
    assert "检查：0 阻断" in (await chat.card("statement:1:8")).text
    await chat.presses("批准", await chat.card("statement:1:8", on="telegram"), by="吴桐")
    await chat.presses("批准", await chat.card("statement:1:8"), by="陈立")
    await chat.says(f"publish 1 微博 {CORRECTED}", by="林悦")
    await all_are_taken_down(chat, recalled)


async def all_are_taken_down(chat: Chat, recalled: Said) -> None:
    for channel in ("公众号", "抖音", "小红书"):
        await chat.presses(f"{channel}已撤下", recalled, by="林悦")
    assert [each.action for each in recalled.card.buttons] == ["statement.draft"]
    found = await standing(chat)
    assert [each.state for each in found] == [*["down"] * 4, "live"]
    assert TRUTH in found[-1].text


async def the_promise_is_kept_and_the_matter_closed(chat: Chat) -> None:
    assert PROMISE in (await chat.refused("close 1 已更正并退款", by="林悦")).title
    await chat.says(f"promise 1 1 kept {PROOF}", by="许诺")
    await chat.says("close 1 已更正并退款", by="林悦")
    assert (await chat.incident()).state == "closed"


async def every_step_has_a_person_and_every_text_its_hash(chat: Chat) -> None:
    entries = await chat.entries()
    assert [each.kind for each in entries] == STEPS.split()
    assert all(each.by for each in entries)
    hashes = {each.number: each.hash for each in await chat.versions()}
    public = {(each.version, each.hash) for each in await standing(chat)}
    for each in entries:
        assert (each.kind in OF_A_TEXT) is ("text_hash" in each.data), each.kind
        if "text_hash" in each.data:
            said = (each.data["version"], each.data["text_hash"])
            assert said in public if "channel" in each.data else hashes[said[0]] == said[1]
    async with chat.database.read() as session:
        incident = await incidents.get(session, 1)
        assert incident is not None
        assert await timeline.broken(session, incident) == ""


# Where the text for all is silent


async def test_two_channels_contradict_each_other_although_the_text_for_all_says_nothing_of_it(
    chat: Chat,
) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 青柚茶饮：涉事门店已停售该批次蛋糕。", by="林悦")
    await chat.says("variant 1 微博 涉事的 3 家门店已停售该批次蛋糕。", by="林悦")
    await chat.says("variant 1 公众号 涉事的 5 家门店已停售该批次蛋糕。", by="林悦")
    assert "公众号：与「微博」的文本不一致" in (await chat.card("statement:1:3")).text
    assert "L17" in (await chat.refused("approve 1", by="陈立")).title
    await chat.says("variant 1 公众号 涉事的 3 家门店已停售该批次蛋糕。", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert (await chat.versions())[-1].state == "approved"


async def test_a_text_rests_on_a_fact_that_only_one_channel_tells(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says(f"fact 1 {CLAIM}", by="许诺")
    await chat.says("fact 1 F1 confirm", by="林悦")
    await chat.says("edit 1 青柚茶饮：涉事门店已停售该批次蛋糕。", by="林悦")
    await chat.says(f"variant 1 微博 {CLAIM}。", by="林悦")
    assert "引用事实 F1，均已确认" in (await chat.card("statement:1:2")).text
    await chat.says("approve 1", by="陈立")
    heard = await chat.says("fact 1 F1 deny", by="吴桐")
    assert any("v2" in each.text for each in heard.posts)


async def standing(chat: Chat) -> list[Release]:
    async with chat.database.read() as session:
        return list(await releases.of(session, 1))
