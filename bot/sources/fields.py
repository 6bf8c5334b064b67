"""Make a mention of a foreign row.

Rows of MediaCrawler come in two generations: the newer one holds `creator_hash` and a masked nickname, the older one
`user_id`, avatar and place. Which column means what is said in `columns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.sources import columns
from bot.sources.base import Found
from bot.sources.columns import TEXT, Names, Plan, Presets
from bot.sources.links import identify, page_of, platform_of
from bot.sources.values import count, identifier, moment, plain, truth
from handlers.kit.cards import is_web

MAX_TEXT = 20_000
"""Characters kept of one text: longer ones are articles, or an attempt to choke us."""

_ALIASES = {
    "dy": "douyin", "抖音": "douyin", "wb": "weibo", "微博": "weibo", "新浪微博": "weibo", "xiaohongshu": "xhs",
    "rednote": "xhs", "小红书": "xhs", "bilibili": "bili", "哔哩哔哩": "bili", "b站": "bili", "ks": "kuaishou",
    "快手": "kuaishou", "贴吧": "tieba", "百度贴吧": "tieba", "知乎": "zhihu",
}  # fmt: skip
_PLATFORMS = frozenset(_ALIASES.values())
_UNDER_ITEM = frozenset({"comment", "reply", "dm"})
_KINDS = _UNDER_ITEM | {"post", "video", "news"}
_FILE_KIND = re.compile(r"_(comments|contents|videos|dynamics)_")
_PROFILE_FILE = re.compile(r"_(creators|contacts)_")
_FIRST_DAY = datetime.fromisoformat("2005-01-01T00:00:00+00:00")
_SKEW = timedelta(days=1)
_SHIFT = timedelta(hours=8)
"""By how much Chinese time is late when it is taken for UTC, or for Chinese time a second time."""


class RowError(ValueError):
    """A row cannot be read; says why in words, without quoting it."""


def to_found(
    row: object,
    *,
    platform: str = "",
    kind: str = "",
    item: str = "",
    timezone: ZoneInfo,
    now: datetime,
    late: timedelta = timedelta(),
    presets: Presets | None = None,
) -> Found:
    """Read a row of MediaCrawler (seven platforms, both generations), of the generic form, or of a preset.

    Args:
        row: one row, as JSON, CSV, a spreadsheet or a database gave it.
        platform: where the row is from, if the file's folder says so; the row's own word counts more.
        kind: `comment` or `post`, if the file's name says so.
        item: the post it stands under, if the file's name says so.
        timezone: where times without an offset were written.
        now: no row is younger than this, give or take a day.
        late: by how much all times are known to be late.
        presets: which columns mean what; the bundled ones if left out.

    Raises:
        RowError: it is no row, has no text, or describes a person.
    """
    if not isinstance(row, Mapping):
        raise RowError("not an object with named fields")
    plan = (presets or columns.presets()).plan(row)
    if plan.profile and _is_profile(row, plan):
        raise RowError("describes a person, not something that was said")
    row = plan.flat(row)
    notes: list[str] = []
    text = _text(row, plan.text, notes)
    if not text:
        raise RowError(f"no text in any of the fields {', '.join(plan.text or TEXT)}")
    where = _platform(row, plan, platform)
    kind, native, item, parent = _identity(row, plan, where, (kind, item), notes)
    return Found(
        platform=where,
        text=text,
        native_id=native,
        kind=kind,
        title=_text(row, plan.title, notes),
        url=_url(row, plan, where, item),
        item_id=item,
        parent_id=parent,
        author=_plain(row, plan.author),
        nickname=_plain(row, plan.nickname),
        created_at=_written(row, plan, where, timezone, now, late, notes),
        likes=_count(row, plan.likes),
        replies=_count(row, plan.replies),
        shares=_count(row, plan.shares),
        plays=_count(row, plan.plays),
        counted_at=_moment(row, plan.collected_at, timezone),
        followers=_count(row, plan.followers),
        verified=bool(plan.verified) and any(truth(row.get(name)) for name in plan.verified),
        place=_plain(row, plan.place),
        keyword=_plain(row, plan.keyword),
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


def _moment(row: Mapping[str, Any], names: Names, timezone: ZoneInfo) -> datetime | None:
    for name in names:
        if (at := moment(row.get(name), timezone)) is not None:
            return at
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
    row: Mapping[str, Any], plan: Plan, platform: str, said_of_file: tuple[str, str], notes: list[str]
) -> tuple[str, str, str, str]:
    """Return the kind, the row's own id, the item's and the parent comment's."""
    hint, item_hint = said_of_file
    if plan.preset and plan.preset.kind:
        hint = plan.preset.kind
    said_kind = _plain(row, plan.kind_said).lower()
    damage = len(notes)
    item = _id(row, plan.item_id, notes) or item_hint
    if len(notes) > damage:
        item = _mended(row, plan, item, notes)
    if not _stands_under(row, plan, said_kind, hint):
        # A table's own `id` is a serial number where the platform's id stands beside it.
        native = item if _has(row, plan.crawled) else _id(row, plan.id, notes) or item
        kind = said_kind if said_kind in _KINDS else _content_kind(row, platform, hint)
        return kind, native, native, ""
    native = _id(row, (*plan.comment_id, *plan.id), notes)
    # Weibo names a top-level comment as its own root; others write 0, nothing, or the item.
    parent = ""
    for name in plan.parent_id:
        if (said := _id(row, (name,), notes)) not in ("", "0", native, item):
            parent = said
            break
    kind = said_kind if said_kind in _KINDS else "reply" if parent else "comment"
    return kind, native, item, parent


def _mended(row: Mapping[str, Any], plan: Plan, damaged: str, notes: list[str]) -> str:
    """The id of a post whose digits a spreadsheet took, out of the link that stands beside it."""
    for name in plan.url:
        post = identify(plain(row.get(name)))
        if post and post.item_id and (not damaged or post.item_id[:12] == damaged[:12]):
            if post.item_id != damaged:
                notes.append(f"the id of the post was taken from {name}")
            return post.item_id
    return damaged


def _stands_under(row: Mapping[str, Any], plan: Plan, said: str, hint: str) -> bool:
    if said in _KINDS:
        return said in _UNDER_ITEM
    if _has(row, plan.comment_id):
        return True
    return hint in _UNDER_ITEM if hint else not _has(row, plan.crawled)


def _has(row: Mapping[str, Any], names: Names) -> bool:
    return bool(names) and any(map(row.get, names))


def _content_kind(row: Mapping[str, Any], platform: str, hint: str) -> str:
    if hint in _KINDS and hint != "post":
        return hint
    moving = row.get("type") == "video" or row.get("content_type") == "zvideo"
    crawled_video = platform in {"douyin", "bili", "kuaishou"} and not row.get("dynamic_id")
    return "video" if moving or crawled_video else "post"


def _platform(row: Mapping[str, Any], plan: Plan, hint: str) -> str:
    if plan.platform_said and (said := _known(_plain(row, plan.platform_said))):
        return said
    if plan.preset and plan.preset.platform:
        return _known(plan.preset.platform)
    return _known(hint) or plan.platform or platform_of(_plain(row, plan.url)) or "web"


def _known(name: str) -> str:
    lowered = name.strip().lower()[:40]
    return _ALIASES.get(lowered, lowered)


def _url(row: Mapping[str, Any], plan: Plan, platform: str, item: str) -> str:
    for name in plan.url:
        value = row.get(name)
        if isinstance(value, str) and is_web(url := value.strip()):
            # Links of Weibo carry the author's id; the post has a page without it.
            post = identify(url) if platform == "weibo" and "weibo.com/" in url else None
            return post.url if post else url
    return page_of(platform, item)


def _written(
    row: Mapping[str, Any],
    plan: Plan,
    platform: str,
    timezone: ZoneInfo,
    now: datetime,
    late: timedelta,
    notes: list[str],
) -> datetime | None:
    unreadable = ""
    for name in plan.created_at:
        value = row.get(name)
        if value is None or value == "":
            continue
        written = moment(value, timezone)
        if written is not None and platform == "weibo":
            written = _in_time(row, plan, name, written, timezone, notes)
        if written is not None and _FIRST_DAY <= written - late <= now + _SKEW:
            return written - late
        unreadable = unreadable or name
    if unreadable:
        notes.append(f"{unreadable} is not a time that can be true")
    return None


def _in_time(
    row: Mapping[str, Any], plan: Plan, name: str, written: datetime, timezone: ZoneInfo, notes: list[str]
) -> datetime:
    """Weibo's times as they should be: `create_time` of old crawls is 8 hours late."""
    if name == "create_date_time":
        other = moment(row.get("create_time"), timezone)
        if other is not None and other - written == _SHIFT:
            notes.append("create_time is 8 hours late; create_date_time was used")
    elif name == "create_time":
        crawled = _moment(row, plan.collected_at, timezone)
        # Nothing is crawled before it is written. What is older than 8 hours does not give itself away.
        if crawled is not None and crawled < written <= crawled + _SHIFT:
            notes.append("create_time is 8 hours late; the time was set back")
            return written - _SHIFT
    return written


def _is_profile(row: Mapping[str, Any], plan: Plan) -> bool:
    return _has(row, plan.profile) and not _has(row, (*plan.comment_id, *plan.item_id, *plan.id))
