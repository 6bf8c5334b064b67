"""Say what files are before they are used: what was understood, what was mended, what cannot be read, what is missing.

Nothing of the rows themselves is shown, as they hold personal data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from bot.sources.base import Found, SourceError
from bot.sources.fields import holds_profiles
from bot.sources.files import SUFFIXES, FilesSource
from bot.sources.intake import Intake, Origin

Post = tuple[str, str]
"""Platform and id."""
PORTION = 5000
MOST_NAMES, LONGEST_NAME = 60, 40
"""Columns that are named, and characters of a name."""
MOST_REJECTS = 20
"""Rejected rows that are named one by one."""
FORMATS = {
    "jsonl": "JSON Lines", "json": "JSON", "csv": "CSV", "sheet": "spreadsheet", "old sheet": "old spreadsheet",
    "database": "SQLite database",
}  # fmt: skip
PERSONAL = (
    "avatar", "signature", "gender", "sex", "sign", "profile_url", "short_user_id", "user_unique_id", "sec_uid", "sec_id",
    "user_link", "user_avatar", "账号签名", "年龄", "性别", "头像", "手机", "电话", "邮箱",
)  # fmt: skip
"""In the name of a column that holds personal data and that nobody needs."""
_WANTED = {
    "native_id": "ids: a comment whose text is edited counts as another",
    "created_at": "times: each comment counts as written when it is first seen",
    "item_id": "posts: comments under one post are not brought together",
    "url": "links: there is no way back to what was said",
    "author": "authors: how many people speak cannot be told",
    "likes": "likes: how far it spreads cannot be told",
}
_FIELDS = tuple(name for name in Found.__slots__ if name not in {"platform", "kind", "repairs", "verified"})
_OLD, _NEW = ("user_id", "avatar", "ip_location"), "creator_hash"


@dataclass(slots=True, kw_only=True)
class Report:
    """What one file is.

    Args:
        what: format and origin, in words.
        fields: our field -> share of the rows that have it.
        dropped: columns with personal data that never get in, and `unused`: others that nothing is taken from.
        repairs: what had to be mended -> in how many rows.
        rejects: file (with its table), offset and reason of rows that cannot be read.
        missing: what cannot be done with this file, in words.
        comments: post -> how many comments under it are here, and `said`: how many it says to have.
    """

    file: str
    what: str = ""
    rows: int = 0
    platforms: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    twice: int = 0
    fields: dict[str, float] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    repairs: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    rejects: list[tuple[str, int, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    comments: Mapping[Post, int] = field(default_factory=dict)
    said: Mapping[Post, int] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Whether something could be read."""
        return self.rows > 0

    def json(self) -> dict[str, Any]:
        """As JSON, without the posts."""
        shown = {name: getattr(self, name) for name in self.__slots__ if name not in {"comments", "said"}}
        return {**shown, "usable": self.is_usable}


@dataclass(slots=True, kw_only=True)
class _Witness(Intake):
    """An intake that only counts what it takes.

    Args:
        shapes: which columns the rows had.
        filled: our field -> in how many rows there was something.
        ids: platform and id of what was met.
    """

    shapes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    ids: set[tuple[str, str]] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    comments: Counter[Post] = field(default_factory=Counter)
    said: dict[Post, int] = field(default_factory=dict)
    rows: int = 0
    twice: int = 0

    @override
    def mention(self, row: object, origin: Origin) -> Found:
        if isinstance(row, Mapping):
            self.shapes[tuple(row)] += 1
        return Intake.mention(self, row, origin)

    def count(self) -> None:
        """Count what was found, and let it go."""
        for each in self.found:
            self.rows += 1
            self.platforms[each.platform] += 1
            self.kinds[each.kind] += 1
            self.repairs.update(each.repairs)
            self.filled.update(name for name in _FIELDS if getattr(each, name) not in ("", None))
            if each.created_at:
                self.first = min(self.first or each.created_at, each.created_at)
                self.last = max(self.last or each.created_at, each.created_at)
            key = (each.platform, each.native_id)
            if each.native_id and key in self.ids:
                self.twice += 1
            else:
                self._count_post(each)
            self.ids.add(key)
        self.found.clear()

    def _count_post(self, each: Found) -> None:
        post = (each.platform, each.item_id)
        if each.kind in {"comment", "reply"}:
            self.comments[post] += 1
        elif each.item_id and each.replies:
            self.said[post] = each.replies


def examine(
    paths: Iterable[Path],
    *,
    timezone: ZoneInfo,
    now: datetime,
    presets: Path | None = None,
) -> list[Report]:
    """Examine files, and all files of folders."""
    return [_examined(path, timezone, now, presets) for path in _files(paths)]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                each for each in path.rglob("*") if each.is_file() and not each.name.startswith((".", "~$"))
            )
        else:
            yield path


def _examined(path: Path, timezone: ZoneInfo, now: datetime, presets: Path | None) -> Report:
    report = Report(file=str(path))
    if path.suffix.lower() not in SUFFIXES:
        report.what = f"not read: only {', '.join(SUFFIXES)} are"
        return report
    if holds_profiles(f"{path.stem}_"):
        report.what = "lists people, so it is never read"
        return report
    source = FilesSource("doctor", path, timezone, presets)
    witness = source.intake(now, PORTION, _Witness)
    cursor: Mapping[str, Any] = {}
    more = True
    try:
        while more:
            cursor, more = source.read_into(witness, cursor)
            witness.count()
            witness.limit = len(witness.rejects) + PORTION
    except SourceError as error:
        report.what = error.message
        return report
    _describe(report, witness, cursor)
    return report


def _describe(report: Report, witness: _Witness, cursor: Mapping[str, Any]) -> None:
    mark: Mapping[str, Any] = next(iter(cursor["files"].values()), {})
    encoding = ", GB18030" if mark.get("gb18030") else ""
    report.what = f"{FORMATS[mark.get('kind', 'jsonl')]}{encoding} · {_origin(witness)}"
    report.rows, report.rejected, report.twice = witness.rows, len(witness.rejects), witness.twice
    report.rejects = [(each.file, each.offset, each.reason) for each in witness.rejects[:MOST_REJECTS]]
    report.platforms = dict(witness.platforms.most_common())
    report.kinds = dict(witness.kinds.most_common())
    report.repairs = dict(witness.repairs.most_common())
    if witness.first and witness.last:
        report.first, report.last = (
            at.astimezone(witness.timezone).isoformat(" ", "minutes") for at in (witness.first, witness.last)
        )
    report.fields = {name: round(count / witness.rows, 3) for name, count in witness.filled.most_common()}
    report.comments, report.said = witness.comments, witness.said
    if witness.rows:
        report.missing = [words for name, words in _WANTED.items() if report.fields.get(name, 0) < 0.5]
    _describe_columns(report, witness)


def _describe_columns(report: Report, witness: _Witness) -> None:
    used: set[str] = set()
    for shape in witness.shapes:
        plan = witness.presets.plan(shape)
        used |= plan.used | {way[0] for _, way in plan.deep}
    left = sorted({name[:LONGEST_NAME] for shape in witness.shapes for name in shape} - used)[:MOST_NAMES]
    report.dropped = [name for name in left if any(word in name.lower() for word in PERSONAL)]
    report.unused = [name for name in left if name not in report.dropped]


def _origin(witness: _Witness) -> str:
    """Whose columns these are."""
    if not witness.shapes:
        return "no rows that could be read"
    shape = witness.shapes.most_common(1)[0][0]
    plan = witness.presets.plan(shape)
    if plan.preset:
        return plan.preset.title
    if _NEW in shape:
        return "MediaCrawler since July 2026 (authors hashed)"
    if plan.crawled and any(name in shape for name in _OLD):
        return "MediaCrawler before July 2026 (authors in clear: they are hashed before anything is stored)"
    return "MediaCrawler" if plan.crawled and plan.comment_id else "the generic form"


def sampled(reports: Sequence[Report]) -> tuple[int, int]:
    """How many comments there are under posts that say how many they have, and how many they say."""
    said = {post: count for report in reports for post, count in report.said.items()}
    there = sum(count for report in reports for post, count in report.comments.items() if post in said)
    return there, sum(said.values())


def in_words(report: Report) -> Iterator[str]:
    """A report for people."""
    yield report.file
    yield f"  {report.what}"
    if report.is_usable:
        yield from _understood(report)
    for words, names in (("personal, dropped", report.dropped), ("not used", report.unused)):
        if names:
            yield f"  - {words}: {', '.join(names)}"
    if report.rejected:
        yield f"  ✗ {report.rejected} cannot be read:"
        for reason, count in Counter(reason for _, _, reason in report.rejects).most_common():
            file, offset = next((file, offset) for file, offset, each in report.rejects if each == reason)
            yield f"    {count} × {reason} (first: {file}, at {offset})"
    for words in report.missing:
        yield f"  ! missing {words}"


def _understood(report: Report) -> Iterator[str]:
    about = " · ".join(f"{name} {count}" for name, count in (report.platforms | report.kinds).items())
    yield f"  ✓ {report.rows} rows understood: {about}"
    if report.first:
        yield f"    written from {report.first} to {report.last}"
    yield "    read: " + ", ".join(f"{name} {share:.0%}" for name, share in report.fields.items())
    if report.twice:
        yield f"  ~ {report.twice} rows stand twice; each counts once"
    for words, count in report.repairs.items():
        yield f"  ~ {count} × mended or doubtful: {words}"
