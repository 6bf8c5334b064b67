"""The watch: sources that fall silent, mutes that end, quiet hours that red alarms pass, feedback that changes something."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot.sources.base import Found
from playbooks.quiet import Quiet
from storage import labels
from storage.models import Held, Label, Mute
from tests.chat import CHANNELS, COMPLAINTS, NOW, Chat, complaints, rotten, rows

NIGHT = Quiet.model_validate({"hours": [{"from": "23:00", "to": "07:00"}]})
SEVERE = "孩子吃了他家蛋糕食物中毒，现在还在医院抢救"


def down(count: int = 3, created_at: datetime = NOW) -> list[Found]:
    """Complaints about something else, under another post."""
    said = (
        "小程序崩了，付款失败钱被扣了",
        "登录不了，一直闪退，垃圾系统",
        "点单页面打不开，付款失败三次了，气死",
    )
    return [rotten(said[number % 3], item="app", created_at=created_at) for number in range(count)]


async def at_night(url: str) -> Chat:
    chat = Chat(url, quiet=NIGHT)
    await chat.passes(hours=9, minutes=30)
    return chat


# Quiet hours


async def test_in_quiet_hours_a_red_alarm_passes_and_a_yellow_one_is_told_in_the_morning(url: str) -> None:
    async with await at_night(url) as chat:
        now = chat.clock()
        await chat.mentions(*down(created_at=now))
        assert chat.all_said("alerts") == [], "yellow waits"
        assert (await chat.incident(1)).level in {"yellow", "blue"}
        await chat.mentions(
            *(
                rotten(f"{SEVERE}，第 {day} 天了", item="ward", likes=20_000, platform=name, created_at=now)
                for day in range(6)
                for name in ("weibo", "xhs")
            ),
        )
        card = await chat.card("incident:2")
        assert card.card.tone == "red"
        assert "held_hours" in await chat.kinds(1)
        assert not [each for each in (await chat.passes(hours=7, minutes=29)).posts if "Quiet" in each.title]
        heard = await chat.passes(minutes=1)
        told = [each for each in heard.posts if "Quiet hours are over" in each.title]
        assert sorted(each.channel for each in told) == sorted(CHANNELS["alerts"].values()), (
            "one card in each room"
        )
        assert "#1" in told[0].text
        assert "#2" not in told[0].text
        assert not [each for each in (await chat.passes(hours=1)).posts if "Quiet" in each.title], "told once"


async def test_what_was_held_back_gets_its_card_and_its_clocks_by_one_press(url: str) -> None:
    async with await at_night(url) as chat:
        await chat.mentions(*complaints(3, created_at=chat.clock()))
        told = (await chat.passes(hours=7, minutes=30)).posts[0]
        heard = await chat.presses("quiet.bring:1", told, by="林悦")
        assert {each.channel for each in heard.posts} == set(CHANNELS["alerts"].values())
        assert "incident.claim:1" in (await chat.card()).wires
        assert "shown" in await chat.kinds()
        assert (await chat.passes(hours=1)).posts, "the clock for claiming runs from then on"
        assert "already" in await chat.refused_press("quiet.bring:1", told, by="林悦")


async def test_a_matter_that_goes_on_after_the_quiet_gets_its_card_by_itself(url: str) -> None:
    async with await at_night(url) as chat:
        await chat.mentions(*complaints(3, created_at=chat.clock()))
        await chat.mentions(rotten(COMPLAINTS[3], created_at=chat.clock()))
        assert chat.all_said("alerts") == []
        await chat.passes(hours=7, minutes=30)
        await chat.mentions(rotten(COMPLAINTS[0], created_at=chat.clock()))
        assert "×5" in (await chat.card()).text


async def test_a_matter_that_gets_red_at_night_calls_at_once(url: str) -> None:
    async with await at_night(url) as chat:
        await chat.mentions(*complaints(3, created_at=chat.clock()))
        await chat.mentions(
            rotten("我妈吃了发霉蛋糕住院了，客服不理", likes=20_000, created_at=chat.clock()),
            *complaints(8, platform="weibo", created_at=chat.clock()),
        )
        assert (await chat.card()).card.tone == "red"


async def test_a_restart_forgets_nothing_that_was_held_back(url: str) -> None:
    async with await at_night(url) as chat:
        await chat.mentions(*complaints(3, created_at=chat.clock()))
        async with Chat(url, transports=chat.transports, clock=chat.clock, quiet=NIGHT) as anew:
            told = (await anew.passes(hours=7, minutes=30)).posts
            assert len([each for each in told if "Quiet" in each.title]) == 2
            assert not [each for each in (await chat.passes(seconds=1)).posts if "Quiet" in each.title]


# Mutes


async def test_a_mute_holds_back_what_speaks_of_it_and_ends_with_one_card(chat: Chat) -> None:
    heard = await chat.says("mute 发霉 2h", by="陈立")
    assert {each.channel for each in heard.posts} == set(CHANNELS["alerts"].values())
    assert "16:00" in heard.posts[0].title
    before = len(chat.all_said("alerts"))
    await chat.mentions(*(rotten(f"{text}，都发霉了") for text in COMPLAINTS[:3]))
    assert len(chat.all_said("alerts")) == before
    await chat.mentions(*down())
    assert (await chat.card("incident:2")).title, "what is not muted passes"
    told = [each for each in (await chat.passes(hours=2)).posts if "is over" in each.title]
    assert len(told) == 2
    assert "发霉" in told[0].title
    assert "#1" in told[0].text
    assert "quiet.bring:1" in told[0].wires
    assert not [each for each in (await chat.passes(hours=2)).posts if "is over" in each.title]


async def test_a_mute_in_which_nothing_came_says_so(chat: Chat) -> None:
    await chat.says("静默 柚子皮 30分钟", by="陈立")
    told = (await chat.passes(minutes=30)).posts
    assert "Nothing was held back" in told[0].text


async def test_a_mute_is_ended_early_by_a_press_and_lengthened_by_words(chat: Chat) -> None:
    posted = (await chat.says("mute 发霉 2h", by="陈立")).posts[0]
    await chat.says("mute 发霉 1d", by="陈立")
    async with chat.database.read() as session:
        assert [each.until - each.at for each in await rows(session, Mute)] == [timedelta(days=1)]
    await chat.presses("End it now", posted, by="陈立")
    assert [each for each in (await chat.passes(seconds=1)).posts if "is over" in each.title]
    assert "not muted" in (await chat.refused("mute 发霉 off", by="陈立")).title


async def test_an_incident_may_be_muted_by_its_number(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.says("mute #1 1d", by="陈立")
    before = len(chat.all_said("alerts"))
    await chat.mentions(rotten(COMPLAINTS[3], platform="weibo", likes=12_345))
    assert (await chat.incident()).level == "orange"
    assert len(chat.all_said("alerts")) == before, "graver, but not red"
    await chat.passes(seconds=15)
    assert "Orange" in (await chat.card()).title, "the card is up to date; only nobody is called"
    told = (await chat.passes(days=1)).posts
    assert any("raised" in each.text and "#1" in each.text for each in told)


async def test_a_muted_source_counts_only_while_nothing_comes_from_another(url: str) -> None:
    async with Chat(url, sources=["push", "crawl"]) as chat:
        await chat.says("mute source:push 4h", by="陈立")
        await chat.mentions(*complaints(3))
        before = len(chat.all_said("alerts"))
        await chat.monitor.take("crawl", complaints(1), ())
        await chat.settle()
        assert len(chat.all_said("alerts")) > before


@pytest.mark.parametrize(
    "words",
    [
        "mute 发霉",
        "mute 发霉 soon",
        "mute 发霉 0s",
        "mute 发霉 90d",
        "mute 2h",
        "mute #99 2h",
        "mute 没有 off",
    ],
)
async def test_a_mute_without_an_end_or_a_meaning_is_refused(chat: Chat, words: str) -> None:
    await chat.refused(words, by="陈立")
    assert await chat.count(Mute) == 0


async def test_only_a_lead_mutes(chat: Chat) -> None:
    assert "lead" in (await chat.refused("mute 发霉 2h", by="林悦")).title
    assert "lead" in (await chat.refused("proposal", by="林悦")).title


async def test_a_mute_of_a_drill_touches_nothing_live(chat: Chat) -> None:
    await chat.refused("mute 发霉 2h", by="陈立", room="drills")
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.says("mute 发霉 2h", by="陈立", room="drills")
    await chat.mentions(*complaints(3))
    assert (await chat.card("incident:1")).title
    assert await chat.count(Held) == 0


# Sources


async def test_a_source_that_falls_silent_is_missed_once_and_its_return_is_told(url: str) -> None:
    async with Chat(url, sources=["push"]) as chat:
        await chat.passes(seconds=30)
        for number in range(4 * 4):
            await chat.monitor.take("push", [rotten(f"今天也来买 {number}", item="calm")], ())
            await chat.passes(hours=6)
        assert not [each for each in chat.all_said("alerts") if "Collector" in each.title], (
            "a steady source is no news"
        )
        heard = await chat.passes(hours=4)
        told = [each for each in heard.posts if "Collector push" in each.title]
        assert sorted(each.channel for each in told) == sorted(CHANNELS["alerts"].values())
        assert "silent" in told[0].title
        assert "collector first" in told[0].text
        assert not (await chat.passes(hours=5)).posts, "once"
        listed = (await chat.says("sources", by="林悦")).whisper
        assert "⚠️ push" in listed.text
        await chat.monitor.take("push", [rotten("又来买了", item="calm")], ())
        heard = await chat.passes(minutes=1)
        back = [each for each in heard.posts if "back" in each.title]
        assert {each.broadcast for each in back} == {True}
        assert len(back) == 2
        assert "silent" not in (await chat.says("sources", by="林悦")).whisper.text


async def test_a_source_that_never_yielded_anything_and_one_that_is_unknown_are_told_apart(url: str) -> None:
    async with Chat(url, sources=["push"]) as chat:
        await chat.passes(seconds=30)
        assert "never" in (await chat.says("来源", by="林悦")).whisper.text
        heard = await chat.passes(days=1)
        assert any("nothing yet" in each.title for each in heard.posts)
        assert "push" in (await chat.refused("mute source:weibo 1h", by="陈立")).text


async def test_with_no_source_that_is_said_plainly(chat: Chat) -> None:
    assert "nothing is watched" in (await chat.says("sources", by="林悦")).whisper.title


async def test_a_card_says_how_much_was_seen_and_which_source_is_blind(url: str) -> None:
    async with Chat(url, sources=["push", "weibo"]) as chat:
        await chat.passes(seconds=30)
        post = Found(
            platform="douyin",
            text="新品蛋糕上市",
            native_id="cake",
            item_id="cake",
            kind="video",
            replies=3400,
        )
        await chat.mentions(post, *complaints(3))
        assert "sampled 3 of 3,400" in (await chat.card()).text
        await chat.passes(days=1)
        for _ in range(2):
            await chat.mentions(rotten(COMPLAINTS[3], created_at=chat.clock()))
            await chat.passes(seconds=30)
        text = (await chat.card()).text
        assert "sampled 5 of 3,400" in text
        assert "Blind: weibo" in text


# What people say of alarms


async def test_a_dismissed_incident_is_kept_as_a_false_alarm_until_it_is_reopened(chat: Chat) -> None:
    await chat.opens()
    await chat.says("dismiss 1 旧图", by="陈立")
    async with chat.database.read() as session:
        [label] = await labels.since(session, chat.clock())
        assert (label.kind, label.incident_id, label.text, label.by) == ("false_alarm", 1, "旧图", "陈立")
    await chat.says("reopen 1 是真的", by="陈立")
    async with chat.database.read() as session:
        assert list(await labels.since(session, chat.clock())) == []


async def test_a_missed_matter_is_kept_and_leads_to_an_incident(chat: Chat) -> None:
    link = "https://www.douyin.com/video/7300000000000000001"
    heard = await chat.says(f"missed {link} 顾客晒出发霉蛋糕，电话13800138000", by="林悦")
    card = heard.posts[0]
    assert "no source has brought it" in card.text
    async with chat.database.read() as session:
        label = (await session.scalars(select(Label))).one()
    assert (label.kind, label.url) == ("missed", link)
    assert "13800138000" not in label.text
    form = (await chat.presses("Open an incident…", card, by="林悦")).form
    assert form.action == "incident.new"
    assert "no link" in (await chat.refused("missed 发霉", by="林悦")).title


async def test_a_missed_matter_that_came_in_says_what_became_of_it(chat: Chat) -> None:
    await chat.mentions(rotten(COMPLAINTS[0], item="7300000000000000001"))
    card = (await chat.says("漏报 https://www.douyin.com/video/7300000000000000001", by="林悦")).posts[0]
    assert "too few for an alarm" in card.text


async def test_a_score_is_explained_in_chat_and_nothing_of_it_is_stored(chat: Chat) -> None:
    told = (await chat.says("score 蛋糕发霉了，客服还不理人", by="林悦")).whisper
    assert "negative" in told.title
    assert "发霉" in told.text
    assert "TEXT" in (await chat.refused("score", by="林悦")).text
