"""Which column of a foreign table means what.

Crawlers, exports and hand-made files name the same thing in many ways. The names of the generic form and of
MediaCrawler's seven platforms are here; those of other programs are presets: one YAML file each, in `presets/` beside
this file or in a team's own folder. Whatever is not named (avatars, signatures, profile links) never gets in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from playbooks.checking import FaultError, Strict, Text, parse
from playbooks.reading import PlaybookError, Problem, read_sheet

BUNDLED = Path(__file__).parent / "presets"
MOST_NESTED = 3
"""Answers hold comments, and these their replies."""
MOST_PLANS = 1000
"""Kinds of rows that are remembered; only an attack has more."""

Names = tuple[str, ...]

TEXT: Names = (
    "text", "content", "desc", "content_text", "评论内容", "正文", "内容", "评论", "全文", "摘要", "title", "标题",
)  # fmt: skip
CRAWLED_ITEM: Names = ("aweme_id", "note_id", "video_id", "content_id", "dynamic_id")
NAMES: Mapping[str, Names] = {
    "text": TEXT,
    "title": ("title", "item_title", "标题"),
    "id": ("id", "编号"),
    "comment_id": ("comment_id", "cid", "评论id"),
    "item_id": (*CRAWLED_ITEM, "item_id", "作品id", "帖子id", "文章id"),
    "parent_id": ("parent_comment_id", "parent_id", "reply_id"),
    "url": (
        "url", "aweme_url", "note_url", "content_url", "video_url", "share_url", "link", "原文链接", "链接", "网址", "地址",
    ),
    # `create_date_time` first: Weibo's `create_time` was 8 hours late in MediaCrawler until July 2026.
    "created_at": (
        "create_date_time", "created_at", "create_time", "created_time", "time", "publish_time", "pub_ts",
        "发布时间", "评论时间", "发表时间", "发布日期", "时间", "日期",
    ),
    "collected_at": ("collected_at", "last_modify_ts", "采集时间", "抓取时间", "入库时间"),
    "author": (
        "author_id", "user_id", "creator_hash", "sec_uid", "user_unique_id", "author", "用户id", "作者id", "作者", "发布者",
    ),
    "nickname": (
        "nickname", "user_nickname", "user_name", "author", "昵称", "用户昵称", "用户名", "作者", "发布者", "账号",
    ),
    "likes": (
        "likes", "liked_count", "like_count", "comment_like_count", "voteup_count", "digg_count", "total_liked",
        "点赞数", "点赞量", "点赞", "获赞数",
    ),
    "replies": (
        "replies", "comment_count", "comments_count", "video_comment", "total_replay_num", "sub_comment_count",
        "reply_comment_total", "total_comments", "评论数", "评论量", "回复数", "回复量",
    ),
    "shares": (
        "shares", "share_count", "shared_count", "video_share_count", "total_forwards", "转发数", "转发量", "分享数", "分享量",
    ),
    "plays": (
        "plays", "play_count", "video_play_count", "viewd_count", "播放量", "播放数", "阅读量", "阅读数", "浏览量",
    ),
    "followers": ("followers", "followers_count", "粉丝数", "粉丝量"),
    "verified": ("verified",),
    "place": ("ip_location", "ip_label", "ip属地", "ip归属地", "属地", "地域"),
    "keyword": ("keyword", "source_keyword", "关键词", "命中词"),
    "platform": ("platform", "平台", "来源平台", "媒体平台"),
    "kind": ("kind",),
}  # fmt: skip
"""Our field -> what it is called elsewhere; the first that holds something counts."""
ALL_NAMES = frozenset(name for names in NAMES.values() for name in names)
_SIGNS = (
    ("aweme_id", "douyin"), ("tieba_id", "tieba"), ("tieba_name", "tieba"), ("tieba_link", "tieba"),
    ("create_date_time", "weibo"), ("comment_like_count", "weibo"), ("shared_count", "weibo"),
    ("viewd_count", "kuaishou"), ("video_play_url", "kuaishou"), ("video_danmaku", "bili"),
    ("disliked_count", "bili"), ("dynamic_id", "bili"), ("voteup_count", "zhihu"), ("content_id", "zhihu"),
    ("note_id", "xhs"),
)  # fmt: skip
"""A column that gives its platform away; the first one present decides."""
_PROFILE_SIGNS = ("fans", "total_fans", "follows", "fan_id")


def _known_fields(fields: dict[str, Names]) -> dict[str, Names]:
    for name in fields:
        if name not in NAMES:
            raise FaultError(f'"{name}" is no field', f"fields: {', '.join(NAMES)}", (name,))
    return fields


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise FaultError(f"not a pattern: {error}", "quote it with '...'") from error
    if text and groups != 1:
        raise FaultError("must have one (group): the id")
    return text


class Preset(Strict):
    """Another program's columns.

    Args:
        title: what people call such a file.
        columns: all of these are there in such a table, and tell it from others.
        platform: where all of its rows are from, if that is so.
        kind: what all of its rows are, if that is so.
        rows: where the rows stand, if the file holds them inside an envelope (`data.comments`).
        item: a pattern with one group, which finds the id of the post in the name of the file or table.
        fields: our field -> its columns, the first that holds something counts; the usual names still apply after them.
            `user.uid` is `uid` within `user`.
    """

    title: Text
    columns: Annotated[tuple[Text, ...], Field(min_length=1)]
    platform: str = ""
    kind: Literal["", "comment", "post", "video", "reply", "dm", "news"] = ""
    rows: tuple[Text, ...] = ()
    item: Annotated[str, AfterValidator(_pattern)] = ""
    fields: Annotated[dict[str, tuple[Text, ...]], AfterValidator(_known_fields)] = Field(
        default_factory=dict
    )

    def fits(self, columns: Names) -> bool:
        """Whether a table with these columns is meant."""
        return all(name in columns for name in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How rows with certain columns are read: for each field, those of its columns that are there.

    Args:
        nested: the ways to where more rows may stand inside such a row.
        deep: columns inside other values, with the way to them.
        platform: what a column gives away.
        profile: columns that only the description of a person has.
        crawled: columns that hold the id of an item.
    """

    preset: Preset | None
    nested: tuple[Names, ...]
    deep: tuple[tuple[str, Names], ...]
    platform: str
    profile: Names
    crawled: Names
    text: Names
    title: Names
    id: Names
    comment_id: Names
    item_id: Names
    parent_id: Names
    url: Names
    created_at: Names
    collected_at: Names
    author: Names
    nickname: Names
    likes: Names
    replies: Names
    shares: Names
    plays: Names
    followers: Names
    verified: Names
    place: Names
    keyword: Names
    platform_said: Names
    kind_said: Names

    def flat(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """The row with what stands deeper inside it under dotted names."""
        if not self.deep:
            return row
        return {**row, **{name: value for name, way in self.deep if (value := dig(row, way)) is not None}}

    @property
    def used(self) -> frozenset[str]:
        """The columns that are read."""
        fields = [getattr(self, _SAID.get(name, name)) for name in NAMES]
        return frozenset(column for names in fields for column in names)


_SAID = {"platform": "platform_said", "kind": "kind_said"}


def dig(row: object, way: Iterable[str]) -> object:
    """What stands at the end of a way through objects and lists, or None."""
    for step in way:
        if isinstance(row, list) and step.isdigit() and int(step) < len(row):
            row = row[int(step)]
        elif isinstance(row, Mapping):
            row = row.get(step)
        else:
            return None
    return row


class Presets:
    """All presets there are, the team's own first, and the plans made with them."""

    def __init__(self, known: Iterable[Preset]) -> None:
        self.known = tuple(known)
        self._plans: dict[Names, Plan] = {}
        self._texts = frozenset(TEXT).union(*(each.fields.get("text", ()) for each in self.known))
        self._envelopes = {tuple(way.split(".")): None for each in self.known for way in each.rows}

    def plan(self, row: Iterable[str]) -> Plan:
        """How to read a row with certain columns."""
        columns = tuple(row)
        plan = self._plans.get(columns)
        if plan is None:
            preset = next((each for each in self.known if each.fits(columns)), None)
            plan = _planned(columns, preset, [way for way in self._envelopes if way[0] in columns])
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            self._plans[columns] = plan
        return plan

    def item_in(self, names: Iterable[str]) -> str:
        """The id of the post that the name of a file or table tells, or nothing."""
        patterns = [each.item for each in self.known if each.item]
        found = (re.search(pattern, name) for name in names for pattern in patterns)
        return next((match[1] or "" for match in found if match), "")

    def is_header(self, cells: Iterable[str]) -> bool:
        """Tell a table's header: it names a column for the text, and one more unless it is alone."""
        names = [cell.strip() for cell in cells]
        plan = self.plan(names)
        return any(name in names for name in plan.text) and (len(plan.used & {*names}) > 1 or len(names) == 1)

    def is_header_again(self, cells: Sequence[str]) -> bool:
        """Tell a header among rows; quick, as nearly all are none."""
        return len(cells) > 1 and not self._texts.isdisjoint(cells) and self.is_header(cells)

    def rows_of(self, value: object, depth: int = MOST_NESTED) -> Iterable[object]:
        """The rows in a value: itself, if it says something, and those it is the envelope of."""
        if not isinstance(value, dict) or not depth or not (plan := self.plan(value)).nested:
            return (value,)
        inside = [(way[-1], dig(value, way[:-1])) for way in plan.nested]
        lists = [holder[name] for name, holder in inside if isinstance(holder, Mapping) and name in holder]
        rows: list[object] = [] if lists and not any(value.get(name) for name in plan.text) else [value]
        for row in chain.from_iterable(each for each in lists if isinstance(each, list)):
            rows += self.rows_of(row, depth - 1)
        return rows


def _planned(columns: Names, preset: Preset | None, nested: Iterable[Names]) -> Plan:
    spelled = {_spelling(column): column for column in reversed(columns)}
    own = preset.fields if preset else {}
    deep: dict[str, Names] = {}

    def present(field_name: str) -> Names:
        here = []
        for name in dict.fromkeys((*own.get(field_name, ()), *NAMES[field_name])):
            if "." in name and name not in columns and name.split(".")[0] in columns:
                deep[name] = tuple(name.split("."))
                here.append(name)
            elif name in columns or name in spelled:
                here.append(name if name in columns else spelled[name])
        return tuple(here)

    read = {_SAID.get(name, name): present(name) for name in NAMES}
    return Plan(
        preset=preset,
        nested=tuple(nested),
        deep=tuple(deep.items()),
        platform=_platform_by(columns),
        profile=tuple(name for name in _PROFILE_SIGNS if name in columns),
        crawled=tuple(name for name in (*own.get("item_id", ()), *CRAWLED_ITEM) if name in columns),
        **read,
    )


def _spelling(name: str) -> str:
    """A column's name as it is compared: `Created At` is `created_at`."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", name).strip().lower())


def _platform_by(columns: Names) -> str:
    for name, platform in _SIGNS:
        if name in columns:
            return platform
    if "video_id" in columns:
        return "bili" if "parent_comment_id" in columns else "kuaishou"
    return ""


def check(folder: Path) -> list[str]:
    """What is wrong with the presets of a folder."""
    try:
        _read(folder)
    except PlaybookError as error:
        return list(map(str, error.problems))
    return []


@lru_cache(maxsize=8)
def presets(folder: Path | None = None) -> Presets:
    """The presets of a team's folder, then the bundled ones. Raises PlaybookError."""
    return Presets((*(_read(folder) if folder else ()), *_read(BUNDLED)))


def _read(folder: Path) -> list[Preset]:
    if not folder.is_dir():
        raise PlaybookError([Problem(folder, 1, "there is no such folder", "make it, or mend `presets`")])
    return [parse(read_sheet(path), Preset) for path in sorted(folder.glob("*.yaml"))]
