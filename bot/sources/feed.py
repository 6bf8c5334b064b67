"""RSS, Atom and JSON Feed, as RSSHub and most sites serve them.

An answer that is not a feed is an error and never "nothing new": RSSHub answers an error where a route is broken, and a
monitor that takes that for silence is blind without knowing it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import struct_time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import feedparser
import orjson

from bot.sources.base import Batch, Cursor, Found, Reject, SourceError
from bot.sources.fields import RowError, to_found

WAIT = 20.0
"""Seconds for one answer."""
LARGEST = 8 * 1024 * 1024
REMEMBERED = 1000
"""Entries that are not handed over again; feeds hold a few dozen."""
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """One feed, fetched every so often."""

    name: str
    url: str
    every: timedelta
    timezone: ZoneInfo

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:  # noqa: ARG002 - a feed comes whole
        """Fetch the feed if it is time, and hand over the entries that are new. Raises SourceError."""
        if cursor and now < datetime.fromisoformat(cursor["fetched"]) + self.every:
            return Batch(cursor=cursor)
        body, etag, modified = self._fetch(cursor)
        seen = list(cursor.get("seen", []))
        rows = [] if body is None else [row for row in entries(body) if row["id"] not in set(seen)]
        found: list[Found] = []
        rejects: list[Reject] = []
        for number, row in enumerate(rows):
            try:
                found.append(to_found(row, kind="post", timezone=self.timezone, now=now))
            except RowError as error:
                rejects.append(Reject(file=self.name, offset=number, reason=str(error)))
        seen = [*seen, *(row["id"] for row in rows)][-REMEMBERED:]
        state = {"fetched": now.isoformat(), "etag": etag, "modified": modified, "seen": seen}
        return Batch(found=tuple(found), rejects=tuple(rejects), cursor=state)

    def _fetch(self, cursor: Cursor) -> tuple[bytes | None, str, str]:
        """The body (None: unchanged) and its validators."""
        etag, modified = str(cursor.get("etag", "")), str(cursor.get("modified", ""))
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {"User-Agent": "Fenghuo", **{name: value for name, value in conditions.items() if value}}
        try:
            with urlopen(Request(self.url, headers=headers), timeout=WAIT) as answer:  # noqa: S310 - http(s) is checked in config
                body = answer.read(LARGEST + 1)
                etag, modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        except HTTPError as error:
            with error:
                if error.code == 304:
                    return None, etag, modified
                raise SourceError(f"{self.name}: the feed answers {error.code} {error.reason}") from error
        except (URLError, OSError) as error:
            raise SourceError(f"{self.name}: the feed cannot be reached: {error}") from error
        if len(body) > LARGEST:
            raise SourceError(f"{self.name}: the feed is over {LARGEST} bytes")
        return body, etag, modified


def entries(body: bytes) -> list[dict[str, Any]]:
    """The entries of a feed in the generic form. Raises SourceError if it is not a feed."""
    if body.lstrip()[:1] == b"{":
        try:
            items = orjson.loads(body)["items"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise SourceError("the answer is JSON, but not a JSON Feed") from error
        return list(_of_json(items))
    parsed = feedparser.parse(body)
    if not parsed.get("version"):
        raise SourceError("the answer is not a feed")
    return list(_of_xml(parsed.get("entries", [])))


def _of_json(items: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for item in items:
        if isinstance(item, Mapping):
            authors = item.get("authors") or [{}]
            yield {
                "id": str(item.get("id") or item.get("url") or ""),
                "title": str(item.get("title") or ""),
                "text": str(item.get("content_text") or "") or as_text(str(item.get("content_html") or "")),
                "url": str(item.get("url") or ""),
                "created_at": item.get("date_published"),
                "author": str(authors[0].get("name", "")) if isinstance(authors[0], Mapping) else "",
            }


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
        }


def _iso(moment: struct_time) -> str:
    """A moment as feedparser gives it: in UTC."""
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00".format(*moment[:6])


def as_text(markup: str) -> str:
    """HTML as plain words."""
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())
