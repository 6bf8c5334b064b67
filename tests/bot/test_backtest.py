"""Replaying what was stored with other settings: which alarms are gained and lost, and what labels say of that."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.backtest import Raised, Report, Trial, compare, remembered
from bot.cli import main
from bot.config import Environment
from bot.feedback import Feedback
from storage import labels, mentions
from storage.models import Incident, Label, Proposal
from tests.cast import preparer
from tests.chat import COMPLAINTS, NOW, Chat, complaints, library, rotten

WINDOW = timedelta(minutes=30)
PEEL = (
    "柚子皮打开全是霉斑，发霉了还敢卖？太恶心了",
    "我的柚子皮也发霉了，找客服不理人，申请退款直接给我驳回，气死了",
    "柚子皮底下长霉了，客服到现在没人回，真的很失望",
)
"""Complaints about pomelo peel, which is not ours."""
BROKEN = (
    "小程序崩了，付款失败钱被扣了",
    "登录不了，一直闪退，垃圾系统",
    "点单页面打不开，付款失败三次了，气死",
)


async def peel(chat: Chat, day: int) -> int:
    """Somebody else's crisis, which the team dismisses; returns the incident's number."""
    tally = await chat.mentions(*(rotten(text, item=f"peel{day}", created_at=chat.clock()) for text in PEEL))
    [number] = tally.raised
    await chat.says(f"dismiss {number} 不是我们的柚子皮", by="陈立")
    await chat.passes(days=8)
    return number


async def replayed(chat: Chat, **change: Any) -> Report:
    present = Trial(min_mentions=3, window=WINDOW)
    proposed = Trial(**{"min_mentions": 3, "window": WINDOW, **change})
    return await compare(
        chat.database,
        library(),
        preparer(),
        present,
        proposed,
        start=NOW - timedelta(days=1),
        now=chat.clock() + timedelta(days=1),
    )


async def test_the_same_settings_raise_the_same_alarms_again(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.passes(days=1)
    await chat.mentions(*(rotten(text, item="peel", created_at=chat.clock()) for text in PEEL))
    report = await replayed(chat)
    assert len(report.before) == await chat.count(Incident)
    assert [each.at for each in report.before] == [each.at for each in report.after]
    assert (report.lost, report.gained) == ([], [])


async def test_more_voices_lose_alarms_and_fewer_gain_them(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.mentions(*complaints(2, item="other"))
    assert len((await replayed(chat, min_mentions=9)).lost) == 1
    assert (await replayed(chat, min_mentions=9)).after == []


async def test_a_muted_word_drops_the_false_alarms_and_keeps_the_real_one(chat: Chat) -> None:
    await peel(chat, 1)
    [real] = (
        await chat.mentions(*(rotten(text, item="app", created_at=chat.clock()) for text in BROKEN))
    ).raised
    await chat.says(f"claim {real}", by="林悦")
    found = (await replayed(chat, mutes=("柚子皮",))).summary()
    assert (found["lost"], found["false"], found["false_kept"], found["real"], found["kept"]) == (
        1,
        1,
        0,
        1,
        1,
    )
    assert found["false_after"] < found["false_before"]


async def test_a_proposed_word_turns_what_holds_it_into_complaints(chat: Chat) -> None:
    plain = ("青柚今天换成绿杯子了", "在青柚门口看到绿杯子的海报", "我拿到的也是绿杯子，星期三去的")
    await chat.mentions(*(rotten(text, item="queue") for text in plain))
    assert await chat.count(Incident) == 0
    report = await replayed(chat, words=("绿杯子",))
    assert len(report.gained) == 1


async def test_what_was_missed_counts_when_the_proposal_finds_it(chat: Chat) -> None:
    await chat.mentions(*complaints(2, item="7300000000000000001"))
    await chat.says("missed https://www.douyin.com/video/7300000000000000001", by="林悦")
    found = (await replayed(chat, min_mentions=1)).summary()
    assert (found["missed"], found["missed_found"]) == (1, 1)


async def test_what_is_remembered_is_what_was_prepared(chat: Chat) -> None:
    found = [*complaints(3), rotten("请问在哪里买"), rotten("绝绝子！太好吃了，下次还来")]
    fresh = {each.row["key"]: each for each in preparer().mentions("push", found, NOW, None)}
    await chat.mentions(*found)
    async with chat.database.read() as session:
        stored = await mentions.history(session, NOW, 0, 100)
    for mention in stored:
        again, first = remembered(mention, preparer()), fresh[mention.key]
        assert (again.exact, again.fresh) == (first.exact, first.fresh)
        assert again.reading.is_negative == first.reading.is_negative
        if first.reading.is_negative:
            assert (again.reading.words, again.reading.types) == (first.reading.words, first.reading.types)


async def test_a_drill_is_no_history(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    report = await replayed(chat)
    assert (report.mentions, report.before) == (0, [])


def test_alarms_are_the_same_that_share_a_comment() -> None:
    def alarm(*keys: str) -> Raised:
        return Raised(at=NOW, level="blue", type="", title="", keys=frozenset(keys))

    trial = Trial(min_mentions=3, window=WINDOW)
    report = Report(
        days=1,
        mentions=4,
        present=trial,
        proposed=trial,
        before=[alarm("a", "b"), alarm("c")],
        after=[alarm("b", "d"), alarm("e")],
    )
    assert report.lost == [alarm("c")]
    assert report.gained == [alarm("e")]


# From labels to a proposal


def thinking(chat: Chat, asked: list[Trial] | None = None) -> Feedback:
    async def compared(present: Trial, proposed: Trial, days: int) -> Mapping[str, Any]:
        if asked is not None:
            asked.append(proposed)
        start = chat.clock() - timedelta(days=days)
        report = await compare(
            chat.database, library(), preparer(), present, proposed, start=start, now=chat.clock()
        )
        found: Mapping[str, Any] = json.loads(json.dumps(report.summary()))
        return found

    return Feedback(
        database=chat.database,
        clock=chat.clock,
        ring=chat.dispatch.wake,
        present=Trial(min_mentions=3, window=WINDOW),
        compare=compared,
        library=library(),
    )


async def with_a_proposal(chat: Chat) -> Feedback:
    [real] = (await chat.mentions(*(rotten(text, item="app") for text in BROKEN))).raised
    await chat.says(f"claim {real}", by="林悦")
    feedback = thinking(chat)
    for day in range(3):
        await peel(chat, day)
    assert await feedback.think() == 1
    await chat.settle()
    return feedback


async def test_a_proposal_from_feedback_counts_once_a_lead_accepts_it(chat: Chat) -> None:
    feedback = await with_a_proposal(chat)
    card = await chat.card("proposal:1")
    assert card.channel == "C0LEADS"
    assert "柚子" in card.title, "what they share; 发霉 is a signal, which is never muted for good"
    assert "kept 1 of 1" in card.text
    assert card.wires == ["feedback.proposal:1 accept", "feedback.proposal:1 decline"]
    assert "lead" in await chat.refused_press("Accept", card, by="林悦")
    before = len(chat.all_said("alerts"))
    await chat.presses("Accept", card, by="陈立")
    assert "陈立" in (await chat.card("proposal:1")).title
    await chat.mentions(*(rotten(text, item="peel9", created_at=chat.clock()) for text in PEEL))
    assert len(chat.all_said("alerts")) == before, "muted from now on"
    assert "already" in await chat.refused_press(
        "feedback.proposal:1 decline", _with_old_buttons(card), by="吴桐"
    )
    await chat.presses("Undo", await chat.card("proposal:1"), by="吴桐")
    assert [each for each in (await chat.passes(seconds=1)).posts if "is over" in each.title]
    assert await feedback.think() is None, "every label is thought about once"


def _with_old_buttons(card: Any) -> Any:
    return type(card)(transport=card.transport, channel=card.channel, message=card.message, card=card.past[0])


async def test_a_declined_proposal_changes_nothing_and_is_not_made_again(chat: Chat) -> None:
    feedback = await with_a_proposal(chat)
    await chat.presses("Decline", await chat.card("proposal:1"), by="陈立")
    tally = await chat.mentions(*(rotten(text, item="peel9", created_at=chat.clock()) for text in PEEL))
    assert len(tally.raised) == 1
    await chat.says(f"dismiss {tally.raised[0]} 又是柚子皮", by="陈立")
    await feedback.think()
    async with chat.database.read() as session:
        said = await labels.proposals(session)
    assert [each.value for each in said].count(said[-1].value) == 1


async def test_two_false_alarms_are_no_reason_yet(chat: Chat) -> None:
    asked: list[Trial] = []
    for day in range(2):
        await peel(chat, day)
    assert await thinking(chat, asked).think() is None
    assert asked == []


async def test_how_many_voices_it_takes_is_read_from_what_leads_agreed_to_and_can_be_undone(
    chat: Chat,
) -> None:
    async with chat.database.write() as session:
        await labels.propose(
            session, Proposal(kind="min_mentions", value="5", labels=[1, 2, 3], trial={"now": 3}, at=NOW)
        )
    await chat.says("proposal 1 accept", by="陈立")
    assert (await chat.mentions(*complaints(4))).raised == []
    assert "accepted" in (await chat.says("proposal", by="吴桐")).whisper.text
    await chat.says("提案 1 撤销", by="吴桐")
    assert (await chat.mentions(rotten(COMPLAINTS[0]))).raised == [1]
    assert "9" in (await chat.refused("proposal 9 accept", by="吴桐")).title
    await chat.refused("proposal 1 perhaps", by="吴桐")


async def test_few_voices_are_proposed_to_be_too_few(chat: Chat) -> None:
    feedback = thinking(chat)
    odd = (BROKEN, COMPLAINTS[:3], PEEL)
    for day, texts in enumerate(odd):
        [number] = (
            await chat.mentions(*(rotten(text, item=f"odd{day}", created_at=chat.clock()) for text in texts))
        ).raised
        await chat.says(f"dismiss {number} 误报", by="陈立")
        await chat.passes(days=8)
    assert await feedback.think() == 1
    async with chat.database.read() as session:
        [made] = await labels.proposals(session)
    assert (made.kind, made.value, made.trial["false_kept"]) == ("min_mentions", "4", 0)
    assert await chat.count(Label) == 3


# The command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with nothing in it; the log goes afterwards where it went before."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:], root.level = before


def test_the_command_says_plainly_that_there_is_no_data(home: Path) -> None:
    result = CliRunner().invoke(main, ["backtest", "--min-mentions", "5"])
    assert result.exit_code == 0, result.output
    assert "no data" in result.output


def test_the_command_refuses_what_is_no_length_of_time(home: Path) -> None:
    result = CliRunner().invoke(main, ["backtest", "--window", "soon"])
    assert result.exit_code == 2
    assert "30m" in result.output
