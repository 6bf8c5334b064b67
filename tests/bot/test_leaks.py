"""Personal data planted in every source: none of it is in the database, its log, or the program's log."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.monitor.scrub import clean
from bot.sources.base import Found, Source
from bot.sources.douyin import DouyinSettings
from bot.sources.feed import FeedSource
from bot.sources.files import FilesSource
from bot.sources.kinds import Site, kinds
from bot.sources.links import pasted
from bot.sources.webhook import parse_body
from tests.bot import crawls
from tests.bot.test_feed import Site as Web
from tests.bot.watched import NOW
from tests.chat import Chat
from tests.servers.douyin import DouyinServer, Video, comment, event

AUTHOR, SECOND_ID, NICKNAME = "100200300400", "MS4wLjABAAAAplanted", "植入的昵称甲乙"
PHONE, WECHAT = "13912345678", "planted_wx99"
PLANTED = (
    AUTHOR,
    SECOND_ID,
    NICKNAME,
    PHONE,
    WECHAT,
    "planted-avatar",
    "planted-signature",
    "planted-profile",
    "planted-unique",
    "西湖区",
)
PEOPLE = {
    "user_id": AUTHOR, "sec_uid": SECOND_ID, "short_user_id": "planted-unique1", "user_unique_id": "planted-unique2",
    "nickname": NICKNAME, "avatar": "https://p.example.com/planted-avatar.jpeg", "user_signature": f"planted-signature {PHONE}",
    "ip_location": "浙江杭州西湖区", "gender": "f", "profile_url": "https://weibo.com/u/planted-profile",
}  # fmt: skip
SAID = f"蛋糕发霉了，联系我 {PHONE}，加微信 {WECHAT}，@{NICKNAME}"
CLEAN = "蛋糕发霉了"
"""What must have arrived, so that a source that stores nothing does not pass."""

Sources = Callable[[], contextlib.AbstractContextManager[Sequence[Source]]]


def planted(platform: str) -> tuple[dict[str, Any], dict[str, Any]]:
    post, reply = crawls.rows(platform, PEOPLE)
    for row in (post, reply):
        name = next(name for name in ("desc", "content", "content_text") if name in row)
        row[name] = SAID
    return post, reply


def crawled(folder: Path, form: str) -> None:
    for platform in crawls.PLATFORMS:
        post, reply = planted(platform)
        if form == "db":
            crawls.base(
                folder / "sqlite_tables.db",
                dict(zip(crawls.TABLES[platform], ([post], [reply]), strict=True)),
            )
        elif form == "xlsx":
            (folder / f"{platform}.xlsx").write_bytes(
                crawls.book({"Contents": [post], "Comments": [reply], "Creators": [PEOPLE]})
            )
        else:
            for name, row in (
                ("contents", post),
                ("comments", reply),
                ("creators", {**PEOPLE, "desc": SAID}),
            ):
                (folder / platform).mkdir(exist_ok=True)
                (folder / platform / f"search_{name}_2026-11-20.{form}").write_bytes(crawls.text([row], form))


def exported(folder: Path) -> None:
    names = {
        "账号昵称": NICKNAME,
        "账号签名": f"planted-signature {PHONE}",
        "UID": AUTHOR,
        "SEC_UID": SECOND_ID,
    }
    douk = {
        "评论ID": "1",
        "评论时间": "2026-11-20 19:00:00",
        "评论内容": SAID,
        "IP归属地": "浙江西湖区",
        **names,
    }
    (folder / "作品7573000000000000456_评论数据.csv").write_bytes(crawls.text([douk], "csv"))
    user = {"uid": AUTHOR, "sec_uid": SECOND_ID, "unique_id": "planted-unique", "nickname": NICKNAME, "signature": "planted-signature",
            "avatar_thumb": {"url_list": ["https://p.example.com/planted-avatar.jpeg"]}}  # fmt: skip
    raw = {
        "cid": "2",
        "text": SAID,
        "create_time": crawls.SECONDS,
        "aweme_id": "7573000000000000456",
        "digg_count": 1,
        "user": user,
    }
    (folder / "raw.json").write_text(
        json.dumps({"comments": [{**raw, "reply_comment": [{**raw, "cid": "3"}]}]})
    )
    person = {
        "id": AUTHOR,
        "idstr": AUTHOR,
        "screen_name": NICKNAME,
        "profile_image_url": "planted-avatar",
        "profile_url": "planted-profile",
    }
    api = {
        "created_at": "Fri Nov 20 19:00:00 +0800 2026",
        "idstr": "5100000000000001",
        "text": SAID,
        "user": person,
    }
    (folder / "weibo.jsonl").write_text(json.dumps({"comments": [api]}) + "\n")
    generic = {
        "text": SAID,
        "author": AUTHOR,
        "nickname": NICKNAME,
        "url": "https://weibo.com/u/planted-profile",
        "avatar": "planted-avatar",
    }
    (folder / "generic.jsonl").write_text(
        json.dumps(generic) + "\n" + json.dumps({**PEOPLE, "no_text": SAID}) + "\n"
    )


def watched(tmp_path: Path, fill: Callable[[Path], None]) -> Sources:
    @contextlib.contextmanager
    def opened() -> Iterator[Sequence[Source]]:
        fill(tmp_path)
        yield [FilesSource("crawl", tmp_path, ZoneInfo("Asia/Shanghai"))]

    return opened


@contextlib.contextmanager
def feeds() -> Iterator[Sequence[Source]]:
    site = Web()
    link = f"https://weibo.com/{AUTHOR}/OabcDefGh"
    site.body = (
        '<rss version="2.0"><channel><title>x</title><item>'
        f"<title>{NICKNAME}: {SAID}</title><description><![CDATA[<a href='https://weibo.com/u/planted-profile'>{NICKNAME}</a>: {SAID}"
        f"<img src='https://p.example.com/planted-avatar.jpeg'>]]></description><link>{link}</link><guid>{link}</guid>"
        f"<author>{NICKNAME}</author></item><item><title>{NICKNAME} : {SAID}</title></item></channel></rss>"
    )
    yield [
        FeedSource(
            name="feed",
            url=f"{site.url}/bilibili/reply/BV1",
            every=timedelta(minutes=5),
            timezone=ZoneInfo("Asia/Shanghai"),
        )
    ]
    site.server.shutdown()
    site.server.server_close()


def own_account(tmp_path: Path) -> Sources:
    @contextlib.contextmanager
    def opened() -> Iterator[Sequence[Source]]:
        with DouyinServer() as server:
            row = comment(
                1, crawls.SECONDS, SAID, comment_user_id=AUTHOR, nick_name=NICKNAME, avatar="planted-avatar"
            )
            server.videos["@item=="] = Video(f"新品 {PHONE}", "7573000000000000456", [row])
            settings = DouyinSettings(name="own", kind="douyin", client_key=server.client_key, url=server.url)
            variables = {"DOUYIN_CLIENT_SECRET": "planted-secret", "DOUYIN_REFRESH_TOKEN": "rft.first"}
            source = settings.build(
                Site(base=tmp_path, data=tmp_path, zone=ZoneInfo("UTC"), variables=variables)
            )
            assert source is not None
            yield [source]

    return opened


def pushed(tmp_path: Path) -> list[Found]:
    body = json.dumps([{**planted(platform)[1], "text": SAID} for platform in crawls.PLATFORMS]).encode()
    rows, _ = parse_body(body, "push", timezone=ZoneInfo("Asia/Shanghai"), now=NOW)
    settings = DouyinSettings(name="own", kind="douyin", client_key="k")
    site = Site(base=tmp_path, data=tmp_path, zone=ZoneInfo("UTC"), variables={"DOUYIN_CLIENT_SECRET": "s"})
    content = {
        "comment_id": "@c9==",
        "comment_user_id": AUTHOR,
        "content": SAID,
        "at_user_id": AUTHOR,
        "create_time": crawls.SECONDS,
    }
    sent, headers = event("item_comment_reply", content, "s")
    by_hand = pasted(
        f"{NICKNAME}发布了一篇小红书笔记，快来看吧！ {SAID} https://weibo.com/{AUTHOR}/OabcDefGx"
    )
    assert by_hand is not None
    return [*rows, *settings.push(site).accept(headers, sent, NOW).found, by_hand]


def of_a_crawl(form: str) -> Callable[[Path], Sources]:
    return lambda path: watched(path, lambda folder: crawled(folder, form))


WAYS: Mapping[str, Callable[[Path], Sources]] = {
    **{f"files {form}": of_a_crawl(form) for form in crawls.FORMATS},
    "files exports": lambda path: watched(path, exported),
    "feed": lambda _: feeds,
    "douyin": own_account,
}


@pytest.fixture
def everything(chat: Chat) -> Callable[[], Any]:
    """All bytes that the database holds, and all that its tables say."""

    async def written() -> str:
        async with chat.database.read() as session:
            tables = (
                await session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            ).scalars()
            rows = [
                row
                for table in tables
                for row in (await session.execute(text(f'SELECT * FROM "{table}"'))).all()
            ]
        path = Path(chat.url.removeprefix("sqlite:///"))
        files = [each.read_bytes().decode(errors="ignore") for each in path.parent.glob(f"{path.name}*")]
        assert files
        return "\n".join([*map(repr, rows), *files])

    return written


def check(stored: str, logged: str) -> None:
    assert CLEAN in stored
    for secret in PLANTED:
        assert secret not in stored, secret
        assert secret not in logged, secret


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_personal_from_any_source_is_kept(
    chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture, everything: Callable[[], Any], way: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with WAYS[way](tmp_path)() as sources:
        chat.clock.now = NOW + timedelta(minutes=1)
        chat.monitor.sources = sources
        tally = await chat.monitor.tick()
        assert tally.new, "the source yielded nothing"
        await chat.settle()
    check(await everything(), caplog.text)


async def test_nothing_personal_that_is_pushed_or_pasted_is_kept(
    chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture, everything: Callable[[], Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    chat.clock.now = NOW + timedelta(minutes=1)
    found = pushed(tmp_path)
    tally = await chat.mentions(*found)
    assert tally.new == len(found) == len(crawls.PLATFORMS) + 2
    check(await everything(), caplog.text)


def test_every_kind_of_source_is_among_those_that_are_tried() -> None:
    tried = {way.split()[0] for way in WAYS} | {"webhook", "sample"}
    assert tried == set(kinds())


def test_what_a_source_finds_is_clean_once_it_is_scrubbed(tmp_path: Path) -> None:
    crawled(tmp_path, "jsonl")
    exported(tmp_path)
    found = FilesSource("crawl", tmp_path, ZoneInfo("Asia/Shanghai")).read(
        {}, 1000, NOW + timedelta(minutes=1)
    )
    assert len(found.found) > 15
    for each in found.found:
        safe = clean(each, b"key")
        assert any(secret in repr(each) for secret in PLANTED)
        assert not [secret for secret in PLANTED if secret in repr(replace(safe, repairs=()))]
    assert not [secret for secret in PLANTED if secret in repr(found.rejects) + json.dumps(found.cursor)]
