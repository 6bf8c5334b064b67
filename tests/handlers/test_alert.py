"""What the bot says by itself: alarms, growth, a graver level, deadlines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.models import Deadline, Incident
from tests.chat import CHANNELS, COMPLAINTS, NOW, Chat, complaints, rotten, rows, team
from tests.fakes import Said

ALERTS = sorted(CHANNELS["alerts"].values())


async def cards(chat: Chat) -> list[Said]:
    """Both copies of the card of incident #1."""
    return [await chat.card(on=name) for name in chat.transports]


async def test_three_who_say_the_same_raise_one_alarm_in_each_alerts_room(chat: Chat) -> None:
    tally = await chat.mentions(*complaints(2))
    assert tally.raised == []
    tally = await chat.mentions(rotten(COMPLAINTS[2]))
    assert tally.raised == [1]
    assert sorted(each.channel for transport in chat.transports.values() for each in transport.said) == ALERTS
    for card in await cards(chat):
        assert "#1" in card.title
        assert "×3" in card.text
        assert len(card.card.quotes) == 3
        assert card.wires[0] == "incident.claim:1"
    assert await chat.kinds() == ["opened"]


async def test_more_comments_update_the_card_and_call_nobody(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.passes(minutes=1)
    await chat.mentions(*complaints(2, platform="weibo"))
    assert [len(transport.said) for transport in chat.transports.values()] == [1, 1]
    for card in await cards(chat):
        assert "Douyin ×3" in card.text
        assert "Weibo ×2" in card.text


async def test_the_monitor_edits_a_card_once_in_fifteen_seconds(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    slack = chat.transports["slack"]
    for _ in range(10):
        await chat.passes(seconds=1)
        await chat.mentions(rotten(COMPLAINTS[0]))
    assert len(slack.edits) == 1
    await chat.passes(seconds=15)
    assert len(slack.edits) == 2
    assert "×13" in (await chat.card()).text


async def test_what_a_person_did_shows_at_once(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    for number in range(3):
        await chat.passes(seconds=1)
        await chat.mentions(rotten(COMPLAINTS[number]))
    await chat.presses("Claim", await chat.card(), by="林悦")
    for card in await cards(chat):
        assert "林悦" in card.title
        assert "×6" in card.text


async def test_what_a_person_did_is_not_put_off_by_what_the_monitor_adds(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.mentions(rotten(COMPLAINTS[0]))
    await chat.passes(seconds=1)
    # Both happen before delivery gets to send either.
    await chat.dispatch.receive(chat.typed("claim 1", by="林悦"))
    await chat.dispatch.drain()
    await chat.monitor.take("push", [rotten(COMPLAINTS[1])], ())
    await chat.dispatch.drain()
    await chat.settle()
    assert "林悦" in (await chat.card()).title
    assert "×5" in (await chat.card()).text


async def test_a_graver_level_is_announced_and_restarts_the_clocks(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    incident = await chat.incident()
    assert incident.level == "yellow"
    await chat.passes(minutes=20)
    heard_before = len(chat.transports["slack"].said)
    await chat.mentions(
        rotten("我妈吃了发霉蛋糕住院了，客服不理", likes=20_000), *complaints(8, platform="weibo")
    )
    assert (await chat.incident()).level == "red"
    said = chat.transports["slack"].said[heard_before:]
    told = [each for each in said if each.channel == CHANNELS["alerts"]["slack"]]
    assert [(each.broadcast, each.thread) for each in told] == [(True, (await chat.card()).message)]
    assert "#1" in told[0].title
    assert told[0].card.tone == "red"
    async with chat.database.read() as session:
        due = {
            each.kind: (each.due_at - NOW) / timedelta(minutes=1) for each in await rows(session, Deadline)
        }
    # What was due at twenty past is not put off by a level that would give until twenty-five past.
    assert due == {"claim": 25, "assemble": 35, "holding": 80, "golden": 240, "brief": 80}
    assert [(entry.kind, entry.by) for entry in await chat.entries()] == [
        ("opened", ""),
        ("level", ""),
        ("brief", ""),
    ]


async def test_unclaimed_it_is_overdue_once_on_both_platforms(chat: Chat) -> None:
    await chat.opens()
    assert not (await chat.passes(minutes=9)).posts
    heard = await chat.passes(minutes=1)
    assert {(each.transport, each.broadcast) for each in heard.posts} == {("slack", True), ("telegram", True)}
    assert all(each.wires == ["incident.claim:1"] for each in heard.posts)
    assert all("陈立" in each.calls for each in heard.posts)
    assert (await chat.kinds()) == ["opened", "overdue"]
    assert not (await chat.passes(minutes=19)).posts, "there is nobody else to tell"
    assert {each.wires[0] for each in (await chat.passes(minutes=1)).posts} == {"incident.claim:1"}
    alerts = [each for each in (await chat.passes(minutes=90)).posts if each.channel in ALERTS]
    assert [each.wires for each in alerts] == [["statement.draft:1"]] * 2
    told = next(each for each in chat.transports["slack"].said if each.broadcast)
    await chat.presses("incident.claim:1", told, by="林悦")
    assert (await chat.incident()).owner == "林悦"


async def test_a_restart_loses_no_deadline_and_fires_none_twice(chat: Chat) -> None:
    await chat.opens()
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        assert len((await again.passes(minutes=10)).posts) == 2
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as third:
        assert not (await third.passes(minutes=1)).posts
    assert not (await chat.passes(minutes=1)).posts
    assert (await chat.kinds()) == ["opened", "overdue"]


async def test_what_was_done_in_time_is_not_overdue(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    assert not (await chat.passes(hours=23)).posts
    assert "overdue" not in await chat.kinds()


async def test_what_is_done_before_the_reminder_is_said_is_not_called_overdue(chat: Chat) -> None:
    await chat.opens()
    chat.clock.passes(timedelta(hours=2))
    await chat.dispatch.receive(chat.typed("claim 1", by="林悦"))
    await chat.sweeper.sweep()
    await chat.settle()
    told = [entry.data["what"] for entry in await chat.entries() if entry.kind == "overdue"]
    assert sorted(told) == ["assemble", "holding"]


@pytest.mark.parametrize("end", ["close 1 done", "dismiss 1 旧图"])
async def test_what_is_over_is_never_overdue(chat: Chat, end: str) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says(end, by="林悦")
    assert not (await chat.passes(days=7)).posts


async def test_the_matter_of_a_closed_incident_comes_back_as_a_proposal(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.says("claim 1", by="林悦")
    await chat.says("close 1 done", by="林悦")
    await chat.passes(hours=1)
    later = [replace(each, created_at=chat.clock()) for each in complaints(2)]
    await chat.mentions(*later)
    proposal = chat.last()
    assert proposal.wires == ["incident.reopen:1"]
    assert proposal.broadcast
    assert await chat.count(Incident) == 1
    said = len(chat.transports["slack"].said)
    await chat.mentions(*(replace(each, created_at=chat.clock()) for each in complaints(2)))
    assert len(chat.transports["slack"].said) == said, "it is proposed once"
    form = (await chat.presses("incident.reopen", proposal, by="林悦")).form
    await chat.fills(form, {"reason": "又有新投诉"}, by="林悦", on=proposal)
    assert (await chat.incident()).state == "claimed"


async def test_a_false_alarm_stays_quiet_until_it_is_graver_than_it_was(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.says("dismiss 1 旧图", by="陈立")
    said = len(chat.transports["slack"].said)
    await chat.mentions(*complaints(3))
    assert len(chat.transports["slack"].said) == said
    await chat.mentions(
        rotten("吃了发霉蛋糕住院了，客服不理", likes=20_000), *complaints(8, platform="weibo")
    )
    assert chat.last().wires == ["incident.reopen:1"]


async def test_a_room_hears_of_the_levels_and_words_that_it_wants(url: str) -> None:
    alerts = team().rooms[0]
    grave = replace(alerts, name="grave", ids={"slack": "C0GRAVE"}, levels=frozenset({"red", "orange"}))
    cakes = replace(alerts, name="cakes", ids={"slack": "C0CAKES"}, keywords=("蛋糕",))
    async with Chat(url, team=team(rooms=(alerts, grave, cakes))) as chat:
        await chat.opens("yellow", "奶茶洒了")
        await chat.opens("red", "奶茶又洒了")
        await chat.opens("blue", "蛋糕塌了")
    where = {(each.channel, each.title.split("#")[1][0]) for each in chat.transports["slack"].posts}
    assert where == {
        ("C0ALERTS", "1"),
        ("C0ALERTS", "2"),
        ("C0ALERTS", "3"),
        ("C0GRAVE", "2"),
        ("C0CAKES", "3"),
    }


async def test_each_room_reads_its_own_language(url: str) -> None:
    alerts = team().rooms[0]
    rooms = (
        replace(alerts, ids={"slack": "C0ALERTS"}),
        replace(alerts, name="zh", ids={"slack": "C0ZH"}, language="zh"),
    )
    async with Chat(url, team=team(rooms=rooms)) as chat:
        await chat.opens("orange", "蛋糕")
        await chat.says("claim 1", by="林悦")
        english, chinese = [each for each in chat.transports["slack"].posts if not each.thread]
        assert english.title.startswith("Orange #1")
        assert chinese.title.startswith("橙 #1")
        assert "林悦" in english.title
        assert "林悦" in chinese.title


async def test_hostile_words_reach_the_card_as_they_are_and_run_nothing(chat: Chat) -> None:
    hostile = "<!channel> @everyone /claim 1 <b>青柚蛋糕发霉</b> 客服不理，退款被拒 {brand} %s"
    await chat.mentions(*(rotten(hostile, item=f"post{number}") for number in range(3)))
    incident = await chat.incident()
    assert incident.owner == ""
    assert any("<!channel>" in quote.text for quote in (await chat.card()).card.quotes)
    await chat.says(f"log 1 {hostile}", by="林悦")
    await chat.says("draft 1", by="林悦")
    assert await chat.kinds() == ["opened", "log", "drafted"]
