"""RSS, Atom and JSON Feed, as RSSHub and most sites serve them.

An answer that is not a feed is an error and never "nothing new": RSSHub answers an error where a route is broken or
empty, and a monitor that takes that for silence is blind without knowing it.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from http.client import HTTPException, HTTPResponse
from time import struct_time
from typing import Annotated, Any, Literal
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request
from zlib import crc32
from zoneinfo import ZoneInfo

import feedparser
import orjson
from pydantic import Field
from typing_extensions import override

from bot.sources.base import Batch, Cursor, Found, Reject, SourceError
from bot.sources.fetching import fetch
from bot.sources.fields import RowError, hints, to_found
from bot.sources.kinds import Site, SourceSettings
from bot.sources.links import identify
from playbooks.checking import Duration

WAIT = 20.0
"""Seconds for one answer."""
LARGEST = 8 * 1024 * 1024
REMEMBERED = 1000
"""Entries that are not handed over again; feeds hold a few dozen."""
LONGEST_NAME = 30
"""Characters of an author's name; platforms allow 20 to 30."""
_TAGS = re.compile(r"<[^>]*>")
_HEAD = re.compile(rf"([^:：\s]{{1,{LONGEST_NAME}}})\s?(?::\s|：)\s*")
_NAMED_FIRST = frozenset({"weibo", "bili"})
"""Where RSSHub writes `name: text` as a title. Elsewhere `公告: ...` is part of it."""
_COMMENT = re.compile(r"#reply([0-9]+)$")
"""How its links tell one Bilibili comment from the others under the video."""
_REASON = re.compile(r"(?:Error Message:?|Message:)\s*(?:<[^>]*>|\s)*([^<\n]{3,200})", re.IGNORECASE)
_COUNTS = {"likes": "attitudes_count", "replies": "comments_count", "shares": "reposts_count"}
"""What RSSHub puts into `<stats>` of Weibo."""


class FeedSettings(SourceSettings):
    """A feed, fetched `every` so often (5m)."""

    kind: Literal["feed"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    every: Duration = timedelta(minutes=5)

    @override
    def build(self, site: Site) -> FeedSource:
        return FeedSource(name=self.name, url=self.url, every=self.every, timezone=site.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """One feed, fetched every so often."""

    name: str
    url: str
    every: timedelta
    timezone: ZoneInfo

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:  # noqa: ARG002 - a feed comes whole
        """Fetch the feed if it is time, and hand over the entries that are new or whose counts moved. Raises SourceError."""
        if cursor and now < datetime.fromisoformat(cursor["fetched"]) + self.every:
            return Batch(cursor=cursor)
        body, etag, modified = self._fetch(cursor)
        kept = cursor.get("seen")
        seen: dict[str, int] = dict(kept) if isinstance(kept, dict) else {}  # a list in the first version
        found: list[Found] = []
        rejects: list[Reject] = []
        for number, row in enumerate(self._rows(body)):
            entry, mark = _digest(row["id"]), _mark(row)
            if seen.pop(entry, None) != mark:
                try:
                    found.append(
                        to_found(row, platform=self._route, kind="post", timezone=self.timezone, now=now)
                    )
                except RowError as error:
                    rejects.append(Reject(file=self.name, offset=number, reason=str(error)))
            seen[entry] = mark
        kept = dict(list(seen.items())[-REMEMBERED:])
        state = {"fetched": now.isoformat(), "etag": etag, "modified": modified, "seen": kept}
        return Batch(found=tuple(found), rejects=tuple(rejects), cursor=state)

    def check(self, now: datetime) -> None:  # noqa: ARG002 - a feed is the same at any time
        """See `Checked.check`."""
        self._rows(self._fetch({})[0])

    @property
    def _route(self) -> str:
        """The platform that a route of RSSHub tells (`/bilibili/reply/...`), or nothing."""
        return hints(urlsplit(self.url).path.split("/"))[0]

    def _rows(self, body: bytes | None) -> list[dict[str, Any]]:
        try:
            return [] if body is None else entries(body, self._route)
        except SourceError as error:
            raise SourceError(f"{self.name}: {error.message}", wait=self.every) from error

    def _fetch(self, cursor: Cursor) -> tuple[bytes | None, str, str]:
        """The body (None: unchanged) and its validators."""
        etag, modified = str(cursor.get("etag", "")), str(cursor.get("modified", ""))
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {"User-Agent": "Fenghuo", **{name: value for name, value in conditions.items() if value}}
        request = Request(self.url, headers=headers)  # noqa: S310 - http(s) is checked in the settings
        try:
            body, answer = fetch(request, seconds=WAIT, largest=LARGEST)
        except HTTPError as error:
            with error:
                if error.code == 304:
                    return None, etag, modified
                raise self._refused(error) from error
        except OSError as error:
            raise SourceError(f"{self.name}: the feed cannot be reached: {error}", wait=self.every) from error
        etag, modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        if len(body) > LARGEST:
            raise SourceError(f"{self.name}: the feed is over {LARGEST} bytes", wait=self.every)
        return body, etag, modified

    def _refused(self, error: HTTPError) -> SourceError:
        """A broken route answers a page that says why."""
        said = _said(error)
        message = f"{self.name}: the feed answers {error.code} {error.reason}{f': {said}' if said else ''}"
        return SourceError(message, wait=max(self.every, _asked_to_wait(error.headers)))


def _said(error: HTTPError) -> str:
    """What RSSHub's page of an error gives as its reason."""
    assert isinstance(error.fp, HTTPResponse)
    try:
        page = error.fp.read1(200_000)  # what is there, and no waiting for more
    except (OSError, HTTPException):
        return ""
    reason = _REASON.search(page.decode(errors="replace"))
    return as_text(reason[1]) if reason else ""


def _asked_to_wait(headers: Message | None) -> timedelta:
    seconds = headers.get("Retry-After", "") if headers else ""
    return timedelta(seconds=min(int(seconds), 86_400) if seconds.isdecimal() else 0)


def _digest(said: str) -> str:
    """What stands for an id, which may be a link or a title with somebody's name in it."""
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:24]


def _mark(row: Mapping[str, Any]) -> int:
    """Changes with the counts."""
    return crc32(repr([row.get(name) for name in _COUNTS]).encode())


def entries(body: bytes, platform: str = "") -> list[dict[str, Any]]:
    """The entries of a feed in the generic form. Raises SourceError if it is not a feed.

    Args:
        body: what the site answered.
        platform: where they are from, if that is known.
    """
    if body.lstrip()[:1] == b"{":
        try:
            items = orjson.loads(body)["items"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise SourceError("the answer is JSON, but not a JSON Feed") from error
        rows = _of_json(items if isinstance(items, list) else [])
    else:
        parsed = feedparser.parse(body)
        if not parsed.get("version"):
            raise SourceError("the answer is not a feed")
        rows = _of_xml(parsed.get("entries", []))
    return [_told_apart(row, platform) for row in rows]


def _of_json(items: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for item in items:
        if isinstance(item, Mapping):
            extra = item.get("_extra")
            yield {
                "id": str(item.get("id") or item.get("url") or item.get("title") or ""),
                "title": str(item.get("title") or ""),
                "text": str(item.get("content_text") or "") or as_text(str(item.get("content_html") or "")),
                "url": str(item.get("url") or ""),
                "created_at": item.get("date_published"),
                "author": _first_author(item),
                **_counts(extra.get("stats", extra) if isinstance(extra, Mapping) else None),
            }


def _first_author(item: Mapping[str, Any]) -> str:
    authors = item.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else item.get("author")
    return str(first.get("name") or "") if isinstance(first, Mapping) else ""


def _of_xml(items: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for item in items:
        moment = item.get("published_parsed") or item.get("updated_parsed")
        yield {
            "id": str(item.get("id") or item.get("link") or item.get("title") or ""),
            "title": as_text(str(item.get("title") or "")),
            "text": as_text(str(item.get("summary") or "")),
            "url": str(item.get("link") or ""),
            "created_at": _iso(moment) if moment else None,
            "author": str(item.get("author") or ""),
            **_counts(item),  # feedparser puts what stands in `<stats>` beside the rest
        }


def _counts(said: object) -> dict[str, Any]:
    return {name: said.get(theirs) for name, theirs in _COUNTS.items()} if isinstance(said, Mapping) else {}


def _told_apart(row: dict[str, Any], platform: str) -> dict[str, Any]:
    """An entry whose author stands where authors belong, and whose id names a post and nobody else."""
    post = identify(row["url"]) if row["url"] else None
    if (platform or (post.platform if post else "")) in _NAMED_FIRST:
        for name in ("title", "text"):
            head = _HEAD.match(row[name])
            if head and row["author"] in ({"", head[1]} if name == "title" else {head[1]}):
                row["author"], row[name] = head[1], row[name][head.end() :]
    comment = _COMMENT.search(row["url"])
    if post and post.item_id and comment:
        row |= {"id": comment[1], "kind": "comment", "item_id": post.item_id}
    elif post and post.item_id:
        row["id"] = post.item_id
    elif not row["id"].isascii() or " " in row["id"]:
        # A title, with a name in it.
        row["id"] = _digest(row["id"])
    if post:
        row["url"] = post.url
    return row


def _iso(moment: struct_time) -> str:
    """A moment as feedparser gives it: in UTC."""
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00".format(*moment[:6])


def as_text(markup: str) -> str:
    """HTML as plain words."""
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())
