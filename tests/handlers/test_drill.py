"""Drills, and the fence around them."""

from datetime import timedelta

import pytest

from storage.models import Drill, Mention
from tests.chat import CHANNELS, Chat, complaints, rows, team
from tests.fakes import Said

MARK = "【演练】"
LIVE = ("alerts", "leads")


async def on(chat: Chat, injects: int = 1) -> Said:
    """The card of the drill's incident on Slack, so many injects into the drill."""
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    for _ in range(injects - 1):
        await chat.says("drill next", by="周帆", room="drills")
        await chat.looks()
    return await chat.card("incident:1")


async def drill(chat: Chat) -> Drill:
    async with chat.database.read() as session:
        found: list[Drill] = list(await rows(session, Drill))
    return found[-1]


async def test_the_scenarios_are_listed_and_start_with_a_press(chat: Chat) -> None:
    told = (await chat.says("演练 列表", by="周帆", room="drills")).whisper
    assert "moldy_cake" in told.text
    await chat.presses("drill.drill:start moldy_cake", told, by="周帆")
    assert (await drill(chat)).scenario == "moldy_cake"
    told = (await chat.says("drill", by="周帆", room="drills")).whisper
    assert "drill.drill:next" in told.wires


@pytest.mark.parametrize(
    "words",
    [
        "drill start moldy_cake",
        "演练 开始 发霉的蛋糕",
        "drill START The mouldy cake",
        "演练　开始　moldy_cake",
    ],
)
async def test_a_drill_begins_with_a_briefing_and_its_first_inject(chat: Chat, words: str) -> None:
    heard = await chat.says(words, by="周帆", room="drills")
    assert {each.channel for each in heard.posts} == set(CHANNELS["drills"].values())
    assert len(heard.posts) == 4
    assert all(each.title.startswith(MARK) for each in heard.posts)
    assert "1/3" in heard.posts[1].title
    assert ((await drill(chat)).played, (await drill(chat)).by) == (1, "周帆")


async def test_the_comments_run_through_the_real_monitor(chat: Chat) -> None:
    card = await on(chat)
    assert "drill1" in str({mention.key for mention in await mentions(chat)})
    incident = await chat.incident()
    assert (incident.drill_id, incident.type) == (1, "food_safety")
    assert card.channel == CHANNELS["drills"]["slack"]
    before = len(await mentions(chat))
    await chat.looks()
    assert len(await mentions(chat)) == before


async def mentions(chat: Chat) -> list[Mention]:
    async with chat.database.read() as session:
        return list(await rows(session, Mention))


async def test_three_injects_then_the_end_with_a_summary(chat: Chat) -> None:
    await on(chat)
    await chat.says("claim 1", by="林悦", room="drills")
    for number in (2, 3):
        await chat.passes(minutes=20)
        controls = [each for each in chat.transports["telegram"].posts if "drill.drill:next" in each.wires]
        heard = await chat.presses("drill.drill:next", controls[-1], by="周帆")
        assert any(f"{number}/3" in each.title for each in heard.posts)
        await chat.looks()
    why = await chat.refused("演练 下一个", by="周帆", room="drills")
    assert "3" in why.title
    assert "drill end" in why.text
    heard = await chat.says("drill end", by="周帆", room="drills")
    summary = [each for each in heard.posts if "review.review:1" in each.wires]
    assert {each.transport for each in summary} == {"slack", "telegram"}
    assert "40 min" in summary[0].text
    assert (await chat.incident()).state == "closed"
    assert (await drill(chat)).state == "ended"
    assert (await chat.kinds())[-1] == "closed"
    assert not (await chat.passes(days=2)).posts


async def test_one_drill_at_a_time(chat: Chat) -> None:
    await on(chat)
    assert "drill end" in (await chat.refused("drill start moldy_cake", by="周帆", room="drills")).text
    await chat.says("drill end", by="周帆", room="drills")
    assert "drill start" in (await chat.refused("drill end", by="周帆", room="drills")).text
    assert "drill start" in (await chat.refused("drill next", by="周帆", room="drills")).text
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    assert await chat.count(Drill) == 2


async def test_a_drill_that_is_none_is_refused(chat: Chat) -> None:
    assert "moldy_cake" in (await chat.refused("drill start ufo", by="周帆", room="drills")).text
    assert "moldy_cake" in (await chat.refused("drill start", by="周帆", room="drills")).text
    assert "start SCENARIO" in (await chat.refused("drill dance", by="周帆", room="drills")).text


async def test_without_a_drills_room_there_is_no_drill(url: str) -> None:
    async with Chat(url, team=team(rooms=team().rooms[:2])) as chat:
        assert "fenghuo.yaml" in (await chat.refused("drill start moldy_cake", by="周帆")).text


async def test_everything_said_in_a_drill_carries_the_mark_and_stays_in_its_room(chat: Chat) -> None:
    card = await on(chat)
    for button, name in (
        ("incident.claim", "林悦"),
        ("playbook.playbook", "林悦"),
        ("statement.draft", "林悦"),
        ("incident.respond", "陈立"),
    ):
        await chat.presses(button, card, by=name)
    statement = await chat.card("statement:1:1", on="telegram")
    await chat.presses("statement.approve", statement, by="陈立")
    await chat.presses(
        "playbook.step:1 1 done", await chat.card("playbook:1:food_safety", on="telegram"), by="林悦"
    )
    await chat.says("level 1 red", by="林悦", room="drills")
    await chat.says("claim 1", by="陈立", room="drills", on="telegram")
    await chat.refused_press(
        "playbook.step:1 2 done", _old(await chat.card("playbook:1:food_safety", on="telegram")), by="周帆"
    )
    await chat.says("nonsense", by="陈立", room="drills")
    await chat.passes(days=1)
    await chat.says("close 1 done", by="陈立", room="drills")
    await chat.says("review 1", by="陈立", room="drills")
    await chat.says("drill end", by="周帆", room="drills")
    said = chat.all_said("drills")
    assert len(said) > 30
    assert [each.title for each in said if not each.title.startswith(MARK)] == []
    assert [each.title for each in said if each.title.count(MARK) > 1] == []
    toasts = [text for _, text in chat.transports["telegram"].answers if text]
    assert toasts
    assert all(text.startswith(MARK) for text in toasts)
    assert chat.all_said(*LIVE) == []


def _old(card: Said) -> Said:
    card.card = card.past[0] if card.past else card.card
    return card


async def test_a_drill_and_the_real_thing_do_not_meet(chat: Chat) -> None:
    await on(chat)
    live = complaints(4)
    await chat.mentions(*live)
    assert [(await chat.incident(number)).drill_id for number in (1, 2)] == [1, None]
    assert {each.channel for each in chat.all_said("drills", "alerts") if "#2" in each.title} == set(
        CHANNELS["alerts"].values()
    )
    counted = (await chat.card("incident:2")).card.text
    assert "×4" in counted


async def test_a_live_incident_is_not_handled_in_the_drills_room(chat: Chat) -> None:
    await chat.opens()
    for words in ("claim 1", "show 1", "log 1 x", "timeline 1", "close 1 x"):
        why = await chat.refused(words, by="陈立", room="drills")
        assert "#1" in why.title
    assert (await chat.incident()).state == "open"


async def test_a_drills_incident_is_not_handled_in_a_live_room_nor_in_a_foreign_channel(chat: Chat) -> None:
    await on(chat)
    for room in LIVE:
        for words in ("claim 1", "show 1", "log 1 x", "draft 1", "review 1", "playbook 1"):
            assert "#1" in (await chat.refused(words, by="陈立", on="slack", room=room)).title
    assert "#1" in (await chat.refused("show 1", by="陈立", channel="C0OTHER")).title
    assert (await chat.kinds()) == ["opened"]


async def test_in_a_private_chat_a_drills_incident_is_shown_with_the_mark(chat: Chat) -> None:
    await on(chat)
    heard = await chat.says("show 1", by="陈立", direct=True)
    assert heard.posts[0].title.startswith(MARK)
    heard = await chat.says("claim 1", by="陈立", direct=True)
    assert heard.whisper.title.startswith(MARK)
    heard = await chat.says("list drills", by="陈立", direct=True)
    assert heard.whisper.title.startswith(MARK)
    assert "look.show:1" in heard.whisper.wires


async def test_lists_keep_drills_and_the_real_thing_apart(chat: Chat) -> None:
    await on(chat)
    await chat.opens()

    async def listed(words: str, **how: object) -> list[str]:
        return (await chat.says(words, by="陈立", **how)).whisper.wires

    assert await listed("list") == ["look.show:2"]
    assert await listed("list all") == ["look.show:2"]
    assert await listed("list", room="drills") == ["look.show:1"]
    assert await listed("list drills", room="drills") == ["look.show:1"]
    assert (await chat.refused("list drills", by="陈立")).text


async def test_new_in_the_drills_room_belongs_to_the_drill_that_is_on(chat: Chat) -> None:
    assert (
        "drill start" in (await chat.refused("new red tech_failure 支付故障", by="林悦", room="drills")).text
    )
    await on(chat)
    await chat.says("new red tech_failure 支付故障", by="林悦", room="drills")
    assert (await chat.incident(2)).drill_id == 1
    assert chat.all_said(*LIVE) == []


async def test_a_facilitator_elsewhere_hears_what_was_done(chat: Chat) -> None:
    for words in ("drill start moldy_cake", "drill next", "drill end"):
        heard = await chat.says(words, by="周帆", direct=True)
        assert heard.whisper.channel == "1004"
    for words in ("drill start moldy_cake", "drill next", "drill end"):
        heard = await chat.says(words, by="周帆")
        assert heard.whisper.channel == CHANNELS["alerts"]["telegram"]
    assert len(chat.all_said(*LIVE)) == 3
    assert not any("霉" in each.text for each in chat.all_said(*LIVE)[1:])


async def test_clocks_of_a_drill_ring_in_the_drills_room(chat: Chat) -> None:
    await on(chat)
    heard = await chat.passes(timedelta(days=1))
    assert {each.channel for each in heard.posts} == set(CHANNELS["drills"].values())
    assert all(each.title.startswith(MARK) for each in heard.posts)
