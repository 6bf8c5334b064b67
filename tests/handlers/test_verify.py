"""What stands in public is read, or pasted, and held against what was approved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.fetching import PageReader
from handlers.shared.comparing import Match, find, same
from storage import releases
from storage.models import Notice, Outbox, Release
from tests.chat import Chat, rows
from tests.servers.pages import Shown, Site

AROUND = "<nav>首页 热门 登录</nav><h1>青柚茶饮</h1>{}<footer>转发 12 评论 345 赞 678</footer>"
SECRET = "路人甲的评论，与声明无关"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as running:
        yield running


async def published(chat: Chat, site: Site) -> str:
    """An approved text that stands on Weibo; returns it. Pages of this machine may be read."""
    found = chat.dispatch.settings["ports"]
    chat.dispatch.settings["ports"] = replace(found, page=PageReader(allowed=lambda _: True, seconds=1))
    await chat.opens("blue")
    await chat.says("claim 1", by="林悦")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="陈立")
    await chat.says(f"publish 1 微博 {site.url}/post", by="林悦")
    return (await chat.versions())[0].text


def shows(text: str) -> Shown:
    return Shown(AROUND.format("".join(f"<p>{line}</p>" for line in text.split("\n"))) + SECRET)


async def standing(chat: Chat) -> Release:
    async with chat.database.read() as session:
        return list(await releases.of(session, 1))[-1]


async def test_a_tap_reads_the_page_and_finds_the_text_word_for_word(chat: Chat, site: Site) -> None:
    text = await published(chat, site)
    site.pages["post"] = shows(text.replace("，", ","))
    card = next(each for each in chat.all_said("alerts") if "release.verify:1 weibo" in each.wires)
    heard = await chat.presses("Check what stands there", card, by="林悦")
    assert [*heard.toasts, *(each.title for each in heard.whispers)] == [
        "What stands on 微博 is v1, word for word."
    ]
    row = await standing(chat)
    assert (row.verified_by, row.differs, site.asked) == ("林悦", False, ["post"])
    assert (await chat.kinds())[-1] == "verified"


async def test_a_page_that_says_something_else_is_shown_with_what_differs(chat: Chat, site: Site) -> None:
    text = await published(chat, site)
    half = len(text) // 2
    site.pages["post"] = shows(f"{text[:half]}立即赔偿{text[half:]}")
    heard = await chat.says(f"verify 1 微博 {site.url}/post", by="陈立")
    said = next(each for each in heard.posts if "is not v1" in each.title)
    assert said.calls == ("林悦",)
    assert any("立即赔偿" in line for line in said.card.sections[0].lines), said.text
    assert (await standing(chat)).differs


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (Shown("<p>请登录后查看</p>"), "the page does not hold the text"),
        (Shown("<div id=app></div><script>render()</script>"), "drawn by a script"),
        (Shown("no", status=418), "the site refuses it (418)"),
        (Shown(b"x", kind="video/mp4"), "it is no page of text (video/mp4)"),
    ],
)
async def test_where_the_page_tells_nothing_somebody_is_asked_to_paste(
    chat: Chat, site: Site, shown: Shown, why: str
) -> None:
    text = await published(chat, site)
    site.pages["post"] = shown
    heard = await chat.says("核对 1 微博", by="林悦")
    assert why in heard.whisper.title
    assert (await standing(chat)).verified_at is None, "nothing was learned, so nothing is noted"
    assert (await chat.kinds())[-1] == "published"
    form = (await chat.presses("Paste what stands there…", heard.whisper, by="林悦")).form
    assert await chat.fills(form, {"text": text}, by="林悦", on=heard.whisper) == {}
    assert (await standing(chat)).verified_by == "林悦"


async def test_a_link_that_nothing_was_published_under_is_not_read(chat: Chat, site: Site) -> None:
    await published(chat, site)
    refusal = await chat.refused(f"verify 1 微博 {site.url}/other", by="林悦")
    assert f"{site.url}/post" in refusal.text
    assert site.asked == []


async def test_of_the_page_nothing_is_kept_but_the_verdict_and_a_hash(chat: Chat, site: Site) -> None:
    text = await published(chat, site)
    site.pages["post"] = shows(text)
    await chat.says("verify 1 微博", by="林悦")
    entry = (await chat.entries())[-1]
    assert len(entry.data["found_hash"]) == 64
    async with chat.database.read() as session:
        kept = [each.model_dump_json() for table in (Outbox, Notice) for each in await rows(session, table)]
    assert not [each for each in [*kept, entry.model_dump_json()] if SECRET in each]


async def test_the_bot_reads_no_page_inside_the_house(chat: Chat, site: Site) -> None:
    ports = chat.dispatch.settings["ports"]
    await published(chat, site)
    chat.dispatch.settings["ports"] = ports
    heard = await chat.says("verify 1 微博", by="林悦")
    assert "not on the public web" in heard.whisper.title
    assert site.asked == []


# What counts as the same

TEXT = "我们已收到反映，正在核实。3 家门店已停售。下一次说明：今天 18:00 前。"


@pytest.mark.parametrize(
    ("found", "is_same"),
    [
        (TEXT, True),
        (TEXT.replace(" ", ""), True),
        (TEXT.replace("。", "。\n\n"), True),
        (TEXT.replace("，", ",").replace("：", ":"), True),
        (f"\u200b{TEXT}\u3000", True),
        (TEXT.replace("3", "３"), True),
        (TEXT.replace("3 家", "8 家"), False),
        (TEXT.replace("已停售", "未停售"), False),
        (TEXT[:-1], False),
        (f"{TEXT}请放心食用。", False),
    ],
)
def test_layout_and_width_do_not_count_and_every_letter_does(found: str, is_same: bool) -> None:
    assert same(TEXT, found) is is_same


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (f"首页 登录 {TEXT} 转发 12", Match(is_same=True)),
        ("", None),
        ("首页 登录 请先登录", None),
        ("别家的声明：我们已收到反映。" + "无关的话" * 50, None),
    ],
)
def test_a_page_holds_the_text_or_not(page: str, wanted: Match | None) -> None:
    assert find(TEXT, page) == wanted


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("3 家", "8 家"),
        TEXT.replace("我们已", "本店刚"),
        TEXT.replace("18:00 前。", "晚上。"),
        TEXT.replace("3 家门店已停售。", ""),
    ],
)
def test_a_changed_text_is_found_where_it_stands(changed: str) -> None:
    match = find(TEXT, f"{'热搜榜单。' * 200}{changed}{'评论：支持！' * 200}")
    assert match is not None
    assert not match.is_same
    assert changed[4:-6].replace(" ", "")[:12] in match.found.replace(" ", "").replace(",", "，").replace(
        ":", "："
    )
    assert len(match.found) < 2 * len(TEXT)
