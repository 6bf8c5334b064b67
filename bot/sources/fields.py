"""Which field of a foreign row means what.

Crawlers, exports and hand-made files name the same thing in many ways; the names are all here. Rows of
MediaCrawler come in two generations: the newer one holds `creator_hash` and a masked nickname, the older
one `user_id`, avatar and place. Whatever is not named here (avatars, signatures, profile links) never gets in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.sources.base import Found
from bot.sources.values import count, identifier, moment, plain, truth
from handlers.kit.cards import is_web

MAX_TEXT = 20_000
"""Characters kept of one text: longer ones are articles, or an attempt to choke us."""

Names = tuple[str, ...]

TEXT: Names = ("text", "content", "desc", "content_text", "title")
TITLE: Names = ("title", "item_title")
COMMENT_ID: Names = ("comment_id", "cid")
CRAWLED_ITEM_ID: Names = ("aweme_id", "note_id", "video_id", "content_id", "dynamic_id")
ITEM_ID: Names = (*CRAWLED_ITEM_ID, "item_id")
PARENT_ID: Names = ("parent_comment_id", "parent_id", "reply_id")
URL: Names = ("url", "aweme_url", "note_url", "content_url", "video_url", "share_url", "link")
# `create_date_time` first: Weibo's `create_time` was 8 hours late in MediaCrawler until July 2026.
TIME: Names = (
    "create_date_time", "created_at", "create_time", "created_time", "time", "publish_time", "pub_ts",
)  # fmt: skip
AUTHOR: Names = ("author_id", "user_id", "creator_hash", "sec_uid", "user_unique_id", "author")
NICKNAME: Names = ("nickname", "user_nickname", "user_name", "author")
LIKES: Names = (
    "likes", "liked_count", "like_count", "comment_like_count", "voteup_count", "digg_count", "total_liked",
)  # fmt: skip
REPLIES: Names = (
    "replies", "comment_count", "comments_count", "video_comment", "total_replay_num", "sub_comment_count",
    "reply_comment_total", "total_comments",
)  # fmt: skip
SHARES: Names = ("shares", "share_count", "shared_count", "video_share_count", "total_forwards")
PLAYS: Names = ("plays", "play_count", "video_play_count", "viewd_count")
FOLLOWERS: Names = ("followers", "followers_count")
PLACE: Names = ("ip_location", "ip_label")
KEYWORD: Names = ("keyword", "source_keyword")
_ALL = frozenset(
    (*TEXT, *TITLE, *COMMENT_ID, *ITEM_ID, *PARENT_ID, *URL, *TIME, *AUTHOR, *NICKNAME, *PLACE, *KEYWORD)
) | {*LIKES, *REPLIES, *SHARES, *PLAYS, *FOLLOWERS, "id", "platform", "kind", "verified"}

_ALIASES = {
    "dy": "douyin", "抖音": "douyin", "wb": "weibo", "微博": "weibo", "新浪微博": "weibo", "xiaohongshu": "xhs",
    "rednote": "xhs", "小红书": "xhs", "bilibili": "bili", "哔哩哔哩": "bili", "b站": "bili", "ks": "kuaishou",
    "快手": "kuaishou", "贴吧": "tieba", "百度贴吧": "tieba", "知乎": "zhihu",
}  # fmt: skip
_PLATFORMS = frozenset(_ALIASES.values())
_SIGNS = (
    ("aweme_id", "douyin"), ("tieba_id", "tieba"), ("tieba_name", "tieba"), ("tieba_link", "tieba"),
    ("create_date_time", "weibo"), ("comment_like_count", "weibo"), ("shared_count", "weibo"),
    ("viewd_count", "kuaishou"), ("video_play_url", "kuaishou"), ("video_danmaku", "bili"),
    ("disliked_count", "bili"), ("dynamic_id", "bili"), ("voteup_count", "zhihu"), ("content_id", "zhihu"),
    ("note_id", "xhs"),
)  # fmt: skip
"""A field that gives its platform away; the first one present decides."""
_HOSTS = {
    "douyin.com": "douyin", "iesdouyin.com": "douyin", "weibo.com": "weibo", "weibo.cn": "weibo",
    "xiaohongshu.com": "xhs", "xhslink.com": "xhs", "bilibili.com": "bili", "b23.tv": "bili",
    "kuaishou.com": "kuaishou", "tieba.baidu.com": "tieba", "zhihu.com": "zhihu",
}  # fmt: skip
_PAGES = {
    "douyin": "https://www.douyin.com/video/{}",
    "weibo": "https://m.weibo.cn/detail/{}",
    "xhs": "https://www.xiaohongshu.com/explore/{}",
    "bili": "https://www.bilibili.com/video/av{}",
    "kuaishou": "https://www.kuaishou.com/short-video/{}",
    "tieba": "https://tieba.baidu.com/p/{}",
}
_UNDER_ITEM = frozenset({"comment", "reply", "dm"})
_KINDS = _UNDER_ITEM | {"post", "video", "news"}
_FILE_KIND = re.compile(r"_(comments|contents|videos|dynamics)_")
_PROFILE_FILE = re.compile(r"_(creators|contacts)_")
_PROFILE_SIGNS = ("fans", "total_fans", "follows", "fan_id")
_FIRST_DAY = datetime.fromisoformat("2005-01-01T00:00:00+00:00")
_SKEW = timedelta(days=1)


class RowError(ValueError):
    """A row cannot be read; says why in words, without quoting it."""


def to_found(row: object, *, platform: str = "", kind: str = "", timezone: ZoneInfo, now: datetime) -> Found:
    """Read a row of MediaCrawler (seven platforms, both generations) or of the generic form.

    Args:
        row: one row, as JSON or CSV gave it.
        platform: where the row is from, if the file's folder says so; the row's own word counts more.
        kind: `comment` or `post`, if the file's name says so.
        timezone: where times without an offset were written.
        now: no row is younger than this, give or take a day.

    Raises:
        RowError: it is no row, has no text, or describes a person.
    """
    if not isinstance(row, Mapping):
        raise RowError("not an object with named fields")
    if _is_profile(row):
        raise RowError("describes a person, not something that was said")
    notes: list[str] = []
    text = _text(row, TEXT, notes)
    if not text:
        raise RowError(f"no text in any of the fields {', '.join(TEXT)}")
    where = _platform(row, platform)
    kind, native, item, parent = _identity(row, where, kind, notes)
    return Found(
        platform=where,
        text=text,
        native_id=native,
        kind=kind,
        title=_text(row, TITLE, notes),
        url=_url(row, where, item),
        item_id=item,
        parent_id=parent,
        author=_plain(row, AUTHOR),
        nickname=_plain(row, NICKNAME),
        created_at=_written(row, timezone, now, notes),
        likes=_count(row, LIKES),
        replies=_count(row, REPLIES),
        shares=_count(row, SHARES),
        plays=_count(row, PLAYS),
        followers=_count(row, FOLLOWERS),
        verified=truth(row.get("verified")),
        place=_plain(row, PLACE),
        keyword=_plain(row, KEYWORD),
        repairs=tuple(notes),
    )


def hints(path: Iterable[str]) -> tuple[str, str]:
    """Tell platform and kind from the folders and the name of a file (`douyin/jsonl/search_comments_....jsonl`).

    Returns:
        Both as `to_found` takes them, each empty if the path does not say.
    """
    *folders, name = path
    known = [platform for folder in folders if (platform := _known(folder)) in _PLATFORMS]
    kind = _FILE_KIND.search(name)
    return known[-1] if known else "", ("comment" if kind[1] == "comments" else "post") if kind else ""


def holds_profiles(name: str) -> bool:
    """Tell the files of a crawl that list people (creators, followers): they must not be read at all."""
    return bool(_PROFILE_FILE.search(name))


def is_header(cells: Iterable[str]) -> bool:
    """Tell a CSV's header: it names a field for the text, and one more unless it is alone."""
    names = [cell.strip() for cell in cells]
    known = _ALL.intersection(names)
    return not known.isdisjoint(TEXT) and (len(known) > 1 or len(names) == 1)


def _plain(row: Mapping[str, Any], names: Names) -> str:
    for name in names:
        if (value := row.get(name)) is not None and (text := plain(value)):
            return text[:MAX_TEXT]
    return ""


def _text(row: Mapping[str, Any], names: Names, notes: list[str]) -> str:
    text = _plain(row, names)
    if len(text) == MAX_TEXT:
        notes.append(f"a text was cut after {MAX_TEXT} characters")
    return text


def _count(row: Mapping[str, Any], names: Names) -> int | None:
    for name in names:
        if (value := row.get(name)) is not None and (number := count(value)) is not None:
            return number
    return None


def _id(row: Mapping[str, Any], names: Names, notes: list[str]) -> str:
    for name in names:
        if (value := row.get(name)) is None:
            continue
        text, wrong = identifier(value)
        if wrong:
            notes.append(f"{name} {wrong}")
        if text:
            return text
    return ""


def _identity(
    row: Mapping[str, Any], platform: str, hint: str, notes: list[str]
) -> tuple[str, str, str, str]:
    """Return the kind, the row's own id, the item's and the parent comment's."""
    said = plain(row.get("kind")).lower()
    item = _id(row, ITEM_ID, notes)
    if not _stands_under(row, said, hint):
        # A table's own `id` is a serial number where the platform's id stands beside it.
        native = item if _has(row, CRAWLED_ITEM_ID) else _id(row, ("id",), notes) or item
        return said if said in _KINDS else _content_kind(row, platform), native, native, ""
    native = _id(row, (*COMMENT_ID, "id"), notes)
    parent = _id(row, PARENT_ID, notes)
    # Weibo names a top-level comment as its own root; others write 0, nothing, or the item.
    if parent in {"0", native, item}:
        parent = ""
    return said if said in _KINDS else "reply" if parent else "comment", native, item, parent


def _stands_under(row: Mapping[str, Any], said: str, hint: str) -> bool:
    if said in _KINDS:
        return said in _UNDER_ITEM
    if _has(row, COMMENT_ID):
        return True
    return hint in _UNDER_ITEM if hint else not _has(row, CRAWLED_ITEM_ID)


def _has(row: Mapping[str, Any], names: Names) -> bool:
    return any(row.get(name) for name in names)


def _content_kind(row: Mapping[str, Any], platform: str) -> str:
    moving = row.get("type") == "video" or row.get("content_type") == "zvideo"
    crawled_video = platform in {"douyin", "bili", "kuaishou"} and not row.get("dynamic_id")
    return "video" if moving or crawled_video else "post"


def _platform(row: Mapping[str, Any], hint: str) -> str:
    if said := _known(plain(row.get("platform"))):
        return said
    return _known(hint) or _platform_by_fields(row) or _platform_by_host(_plain(row, URL)) or "web"


def _known(name: str) -> str:
    lowered = name.strip().lower()[:40]
    return _ALIASES.get(lowered, lowered)


def _platform_by_fields(row: Mapping[str, Any]) -> str:
    for name, platform in _SIGNS:
        if name in row:
            return platform
    if "video_id" in row:
        return "bili" if "parent_comment_id" in row else "kuaishou"
    return ""


def _platform_by_host(url: str) -> str:
    if not is_web(url):
        return ""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return next((name for end, name in _HOSTS.items() if host == end or host.endswith("." + end)), "")


def _url(row: Mapping[str, Any], platform: str, item: str) -> str:
    for name in URL:
        value = row.get(name)
        if isinstance(value, str) and is_web(url := value.strip()):
            return url
    page = _PAGES.get(platform)
    return page.format(item) if page and item.isascii() and item.isalnum() else ""


def _written(row: Mapping[str, Any], timezone: ZoneInfo, now: datetime, notes: list[str]) -> datetime | None:
    unreadable = ""
    for name in TIME:
        value = row.get(name)
        if value is None or value == "":
            continue
        written = moment(value, timezone)
        if written is not None and _FIRST_DAY <= written <= now + _SKEW:
            if name == "create_date_time":
                _note_late(row, written, timezone, notes)
            return written
        unreadable = unreadable or name
    if unreadable:
        notes.append(f"{unreadable} is not a time that can be true")
    return None


def _note_late(row: Mapping[str, Any], written: datetime, timezone: ZoneInfo, notes: list[str]) -> None:
    other = moment(row.get("create_time"), timezone)
    if other is not None and other - written == timedelta(hours=8):
        notes.append("create_time is 8 hours late; create_date_time was used")


def _is_profile(row: Mapping[str, Any]) -> bool:
    return _has(row, _PROFILE_SIGNS) and not _has(row, (*COMMENT_ID, *ITEM_ID, "id"))
