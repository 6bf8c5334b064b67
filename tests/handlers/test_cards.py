"""How the cards read, as a tired person would: the central ones word for word, and what holds for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from textwrap import dedent

import pytest

from bot.sources.base import Found
from bot.transports.console import render
from handlers.kit.cards import VERBATIM_LIMIT, Card, pages
from handlers.kit.locale import Locale
from handlers.look import overview
from tests.chat import NOW, SHANGHAI, Chat, rotten, team
from tests.fakes import Said

ZH = Locale(language="zh", zone=SHANGHAI, now=NOW)
PHONE = 42
"""Columns of a phone: about 20 Chinese characters."""
SCREEN = 24
"""Lines of a phone's screen, without the field that one writes in."""
URL = "https://www.douyin.com/video/1"


@pytest.fixture
async def chinese(url: str) -> AsyncIterator[Chat]:
    async with Chat(url, team=team(language="zh")) as chat:
        yield chat


def complaints() -> list[Found]:
    before = timedelta(minutes=2)
    return [
        rotten(
            "青柚的蛋糕买回来发霉了，客服不理人，退款也不给", likes=25, created_at=NOW - 3 * before, url=URL
        ),
        rotten(
            "我在青柚买的蛋糕也发霉了！！找客服一直没人理，垃圾",
            likes=12,
            created_at=NOW - 2 * before,
            url=URL,
        ),
        rotten(
            "青柚这蛋糕吃完拉肚子，投诉了三天都没人管，避雷", likes=12_345, created_at=NOW - before, url=URL
        ),
        rotten(
            "青柚的蛋糕发霉了还不给退款，我要去 12315 投诉",
            platform="weibo",
            likes=7,
            item="w1",
            created_at=NOW,
        ),
    ]


async def alert(chat: Chat) -> Said:
    await chat.mentions(*complaints())
    return await chat.card()


def shown(said: Said | Card, language: str = "zh", width: int = 78) -> str:
    card = said if isinstance(said, Card) else said.card
    return render(card, {}, Locale(language=language, zone=SHANGHAI, now=NOW), width=width)


def text(block: str) -> str:
    return dedent(block).strip("\n")


# Word for word


async def test_the_alert(chinese: Chat) -> None:
    assert shown(await alert(chinese)) == text(
        """
        🟠 橙 #1 青柚的蛋糕买回来发霉了，客服不理人，退款也不给 · 14:00 起未认领
        抖音 ×3、微博 ×1 · 见到 4 条，总数未知 · 负面 100%（4/4，同帖 24 小时） · 最高
        赞 1.2 万
        「青柚的蛋糕发霉了还不给退款，我要去 12315 投诉」 微博 14:00
        「青柚这蛋糕吃完拉肚子，投诉了三天都没人管，避雷」 抖音 13:58
        https://www.douyin.com/video/1
        「我在青柚买的蛋糕也发霉了！！找客服一直没人理，垃圾」 抖音 13:56
        为什么是橙：伤害 3 + 量 1 + 传播 3 + 平台 1 = 8（橙 ≥ 7）
        预案：食品安全（命中 发霉、拉肚子）
        时限：14:10 前认领，14:30 前集结，16:00 前首次回应
        [1] 认领  [2] 看预案  [3] 误报…  [4] 详情
        ↵ 输入 1，或 claim 1
        """
    )


async def test_the_alert_in_english(chat: Chat) -> None:
    assert shown(await alert(chat), "en") == text(
        """
        🟠 Orange #1 青柚的蛋糕买回来发霉了，客服不理人，退款也不给 · unclaimed since
        14:00
        Douyin ×3, Weibo ×1 · 4 comments seen, total unknown · negative 100% (4 of 4
        under these posts, 24 h) · most likes 12,345
        「青柚的蛋糕发霉了还不给退款，我要去 12315 投诉」 Weibo 14:00
        「青柚这蛋糕吃完拉肚子，投诉了三天都没人管，避雷」 Douyin 13:58
        https://www.douyin.com/video/1
        「我在青柚买的蛋糕也发霉了！！找客服一直没人理，垃圾」 Douyin 13:56
        Why orange: harm 3 + volume 1 + reach 3 + platforms 1 = 8 (orange from 7)
        Playbook: Food safety (matched 发霉, 拉肚子)
        Due: claim by 14:10, assemble by 14:30, first statement by 16:00
        [1] Claim  [2] See playbook  [3] False alarm…  [4] Details
        ↵ type 1, or claim 1
        """
    )


async def test_the_statement(chinese: Chat) -> None:
    await chinese.opens(title="蛋糕发霉，客服不理")
    await chinese.passes(minutes=31)
    await chinese.says("draft 1", by="林悦")
    await chinese.says("approve 1", by="陈立")
    card = await chinese.card("statement:1:1")
    statement = card.card.verbatim
    digest = (await chinese.versions())[0].hash[:12]
    assert shown(card).splitlines()[0] == "🟠 声明 #1 v1 首次回应 · 待批 1/2：法务"
    assert shown(card).splitlines()[1] == "│ 关于「商品和服务方面的情况」的情况说明"
    assert shown(card).splitlines()[-5:] == [
        "✅ 陈立 公关 14:31（16:31 前有效）",
        "⏳ 法务：吴桐，14:31 已提醒，14:46 到期",
        "[1] 批准  [2] 要求修改…  [3] 否决…  [4] 我回避  [5] 编辑…  [6] 紧急放行…",
        "↵ 输入 1，或 approve 1 v1",
        f"{len(statement)} 字 · 指纹 {digest} · 执笔 林悦",
    ]


async def test_a_statement_that_too_few_can_approve_says_so(chinese: Chat) -> None:
    await chinese.opens()
    await chinese.says("draft 1", by="陈立")
    card = shown(await chinese.card("statement:1:1"))
    assert "⏳ 法务：吴桐，14:00 已提醒，14:15 到期" in card
    assert "⚠️ 还差 1 人，名单上已没有能批的人。请在名单（people）里加上：公关或主管" in card


async def test_a_statement_sent_back_says_by_whom_and_why_and_calls_its_author(chinese: Chat) -> None:
    await chinese.opens()
    await chinese.says("draft 1", by="林悦")
    await chinese.says("changes 1 时间写错了", by="吴桐")
    said = chinese.last()
    assert shown(said).splitlines()[:3] == ["⚠️ 声明 #1 v1：退回修改", "吴桐：时间写错了", "[1] 编辑…"]
    assert said.calls == ("林悦",)


async def test_what_is_overdue_says_what_since_when_and_calls_somebody(chinese: Chat) -> None:
    await chinese.opens(title="蛋糕发霉，客服不理")
    await chinese.passes(minutes=11)
    said = chinese.last()
    assert shown(said) == text(
        """
        ⚠️ 橙 #1 · 无人认领（14:10 到期）
        蛋糕发霉，客服不理
        [1] 认领
        ↵ 输入 1，或 claim 1
        已通知：陈立、吴桐
        """
    )
    assert said.calls == ("陈立", "吴桐")
    assert "时限：认领已超时（14:10），14:30 前集结，16:00 前首次回应" in shown(await chinese.card())


async def test_a_duty_that_was_done_late_is_no_longer_overdue(chinese: Chat) -> None:
    await chinese.opens()
    await chinese.passes(minutes=11)
    await chinese.says("claim 1", by="林悦")
    assert "时限：14:30 前集结，16:00 前首次回应，黄金时间到 18:00" in shown(await chinese.card())


async def test_the_checklist_shortens_what_is_done(chinese: Chat) -> None:
    await chinese.opens()
    await chinese.says("playbook 1", by="林悦")
    await chinese.says("step 1 1 done", by="林悦")
    await chinese.says("step 1 3 跳过 今天没有投放", by="林悦")
    lines = shown(await chinese.card("playbook:1:user_complaint")).splitlines()
    assert lines[0] == "#1 预案：用户投诉 2/12"
    assert "✅ 1. 存证 · 林悦 14:00" in lines
    assert "➖ 3. 暂停全部定时发布 · 林悦 14:00 · 今天没有投放" in lines
    ticks = next(line for line in lines if line.startswith("[1]"))
    assert ticks.startswith("[1] ✓ 2 核对事实与人数  [2] ✓ 4 私信"), ticks


# The level and its reasons


async def test_a_level_that_people_set_is_told_from_the_sum(chinese: Chat) -> None:
    await alert(chinese)
    await chinese.says("level 1 红 上了热搜", by="陈立")
    assert "人工定为红，打分是橙：伤害 3 + 量 1 + 传播 3 + 平台 1 = 8（橙 ≥ 7）" in shown(
        await chinese.card()
    )
    said = next(each for each in reversed(chinese.transports["slack"].posts) if each.broadcast)
    assert shown(said).splitlines() == [
        "🔴 #1 升级：橙 → 红",
        "青柚的蛋糕买回来发霉了，客服不理人，退款也不给",
        "上了热搜",
    ]


async def test_an_incident_opened_by_hand_says_by_whom_and_gives_no_sum(chinese: Chat) -> None:
    card = shown(await chinese.opens(title="门口有人拉横幅"))
    assert "林悦 手动建立，没有关联评论" in card
    assert "为什么" not in card


async def test_a_closed_card_says_why_and_what_comes_next(chinese: Chat) -> None:
    await chinese.opens()
    await chinese.says("claim 1", by="林悦")
    await chinese.says("close 1 赔付完成，负面回到平时", by="林悦")
    lines = shown(await chinese.card()).splitlines()
    assert lines[0] == "✅ 橙 #1 蛋糕发霉，客服不理 · 已结案"
    assert lines[-3:] == ["原因：赔付完成，负面回到平时", "[1] 写复盘  [2] 重开…", "↵ 输入 1，或 review 1"]


async def test_a_title_has_one_mark_at_most(chinese: Chat) -> None:
    await chinese.opens()
    for words, by, key in (
        ("ask 1 能退款吗", "林悦", "question:1:1"),
        ("answer 1 Q1 您好，请登记，由专人联系您。", "林悦", "question:1:1"),
        ("answer 1 Q1 批准", "陈立", "question:1:1"),
        ("promise 1 公布检测结果 @林悦 2h", "林悦", "promise:1:1"),
        ("promise 1 1 kept 已公布", "林悦", "promise:1:1"),
        ("task 1 回电 @林悦 2h", "陈立", "task:1:1"),
        ("task 1 1 done", "林悦", "task:1:1"),
    ):
        await chinese.says(words, by=by)
        title = shown(await chinese.card(key)).splitlines()[0]
        assert sum(title.count(mark) for mark in ("✅", "⚠️", "⏳", "❓", "➖")) <= 1, title


# On a phone


async def test_the_worst_alert_still_shows_its_buttons_on_one_screen(chinese: Chat) -> None:
    platforms = ("douyin", "weibo", "xhs", "bili", "kuaishou", "tieba", "zhihu")
    await chinese.mentions(
        *(
            rotten("青柚蛋糕发霉，客服不理人" + "，真是太过分了" * 60, platform=each, likes=54_321, url=URL)
            for each in platforms * 3
        )
    )
    said = await chinese.card()
    quotes = said.card.quotes
    assert len(quotes) == 3
    assert all(len(quote.text) <= 60 for quote in quotes)
    lines = shown(said, width=PHONE).splitlines()
    assert len(lines) <= SCREEN
    assert "其他 ×9" in said.card.text


async def test_a_details_card_shows_more_and_no_button_to_itself(chinese: Chat) -> None:
    card = await alert(chinese)
    heard = await chinese.presses("详情", card, by="林悦")
    details = heard.posts[0].card
    assert len(details.quotes) == 4
    assert "14:00 监测 建立：青柚的蛋糕买回来发霉了，客服不理人，退款也不给" in details.sections[-1].lines
    assert [button.label for button in details.buttons] == ["认领", "看预案", "误报…"]


async def test_no_button_is_longer_than_ten_characters(chinese: Chat) -> None:
    await alert(chinese)
    for line in (
        "claim 1", "playbook 1", "draft 1", "respond 1", "recover 1", "close 1 完成", "reopen 1 又来了", "dismiss 1 旧闻", "list",
    ):  # fmt: skip
        await chinese.says(line, by="林悦")
    await chinese.says("drill", by="周帆", room="drills")
    said = [each for transport in chinese.transports.values() for each in transport.said]
    cards = [card for each in said for card in (each.card, *each.past)]
    labels = {button.label for card in cards for button in card.buttons}
    assert len(labels) > 15
    # A step's number stands before its words.
    assert [label for label in labels if len(label.lstrip("✓ 0123456789")) > 10] == []


async def test_help_fits_two_screens(chinese: Chat) -> None:
    lines = shown(overview(ZH, chinese.registry), width=PHONE).splitlines()
    assert len(lines) <= 2 * SCREEN


def test_parts_of_a_long_text_are_named_without_what_changes_and_end_with_a_line() -> None:
    long = "我们正在核对每一条反映。\n" * 400
    spread = pages(Card(title="声明 #1 v1 · 待批 0/2", name="声明 #1 v1", verbatim=long))
    assert [card.title for card in spread.before] == [
        "声明 #1 v1 · 1/3",
        "声明 #1 v1 · 2/3",
        "声明 #1 v1 · 3/3",
    ]
    assert "".join(card.verbatim for card in spread.before) == long
    assert all(
        card.verbatim.endswith("\n") and len(card.verbatim) <= VERBATIM_LIMIT for card in spread.before
    )
    assert spread.last.title == "声明 #1 v1 · 待批 0/2"


def test_a_long_text_without_lines_is_spread_too() -> None:
    long = "字" * (2 * VERBATIM_LIMIT + 1)
    assert "".join(card.verbatim for card in pages(Card(title="t", verbatim=long)).before) == long
