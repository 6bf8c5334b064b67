"""From a source's row to what is stored: scrubbed, scored and typed.

All of it is plain work on plain values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.monitor import sketch
from bot.monitor.metrics import Own
from bot.monitor.reading import Reader, Reading
from bot.monitor.scrub import cleaned
from bot.monitor.wanted import Wanted
from bot.sources.base import Batch, Cursor, Found, Reject
from playbooks import load
from storage.mentions import UNDER_POSTS
from storage.metrics import Counts

STALE = timedelta(hours=24)
"""Older comments never open an incident."""
LONGEST = 10_000
"""Characters of one text that are kept; platforms allow fewer."""
LONGEST_TITLE = 300
"""Platforms allow a hundred. It stands before the text, which a longer one would keep from being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What preparing needs to know; picklable.

    Args:
        key: hashes authors.
        keywords: what to keep (see `Wanted`).
        names: brand and product names, which are never bad words and never masked.
        playbooks: the team's own folder of playbooks, if it has one.
        own: the brand's own videos, whose numbers are watched.
        second: ask SnowNLP where our own score is unsure.
    """

    key: bytes = field(repr=False)
    keywords: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    playbooks: Path | None = None
    own: Own = field(default_factory=Own)
    second: bool = False


@dataclass(slots=True, kw_only=True)
class Prepared:
    """One mention, ready to be merged and stored. Nobody changes one (see `Found`).

    Args:
        row: column values of `Mention`, without its topic.
        fresh: not older than a day, so it may open an incident.
        exact: the normalised text (see `sketch.normal`).
    """

    row: dict[str, Any]
    reading: Reading
    fresh: bool
    exact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What one reading of a source yielded."""

    source: str
    mentions: tuple[Prepared, ...]
    rejects: tuple[Reject, ...]
    dropped: int
    cursor: Cursor | None
    more: bool
    counts: tuple[Counts, ...] = ()
    """Of own videos, be they wanted as mentions or not."""


class Preparer:
    """Scrubs, filters, scores and types rows."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.wanted = Wanted(recipe.keywords)
        self.ours = recipe.own.items
        """Ids of the brand's own videos, as far as they are known."""
        self.library = load(recipe.playbooks)
        self.reader = Reader(recipe.names, self.library.matcher, second=recipe.second)

    def lot(self, source: str, batch: Batch, now: datetime, drill_id: int | None = None) -> Lot:
        """Prepare a batch. Drill comments are played on purpose, so the keywords do not apply to them."""
        if self.library.refresh():
            self.reader.matcher = self.library.matcher
        counts = () if drill_id is not None else tuple(self._counts(batch, now))
        self.ours |= {each.item_id for each in counts}
        kept = [found for found in batch.found if drill_id is not None or self._is_wanted(found)]
        return Lot(
            source=source,
            mentions=tuple(self.mentions(source, kept, now, drill_id)),
            rejects=batch.rejects,
            dropped=len(batch.found) - len(kept),
            cursor=batch.cursor,
            more=batch.more,
            counts=counts,
        )

    def _is_wanted(self, found: Found) -> bool:
        """What is said under the brand's own videos is about the brand, be its name in it or not."""
        is_under_ours = found.kind in UNDER_POSTS and found.item_id in self.ours
        return is_under_ours or self.wanted.keeps(found.text, found.title, found.keyword)

    def _counts(self, batch: Batch, now: datetime) -> Iterator[Counts]:
        for found in batch.found:
            if counts := self.recipe.own.counts(found, now):
                safe = cleaned(found, self.recipe.key, self.recipe.names)
                title = safe["title"] or safe["text"]
                yield replace(counts, title=title[:LONGEST_TITLE], url=safe["url"])

    def mentions(
        self, source: str, found: Iterable[Found], now: datetime, drill_id: int | None
    ) -> list[Prepared]:
        """Prepare rows. Each step is taken for all of them before the next one, which is a third faster."""
        found = list(found)
        safe = [cleaned(each, self.recipe.key, self.recipe.names) for each in found]
        said = [_said(each["title"], each["text"]) for each in safe]
        readings = self.reader.read_all(said)
        rows = [_row(source, *each, now, drill_id) for each in zip(found, safe, readings, strict=True)]
        return [
            Prepared(
                row=row,
                reading=reading,
                fresh=row["written_at"] is None or now - row["written_at"] <= STALE,
                exact=sketch.normal(row["text"], reading.plain if row["text"] == text else None),
            )
            for row, text, reading in zip(rows, said, readings, strict=True)
        ]


def _said(title: str, text: str) -> str:
    text, title = text[:LONGEST], title[:LONGEST_TITLE]
    return f"{title}\n{text}" if title and title not in text else text


def _row(
    source: str,
    found: Found,
    safe: Mapping[str, str],
    reading: Reading,
    now: datetime,
    drill_id: int | None,
) -> dict[str, Any]:
    score, kind = reading.score, next(iter(reading.types), "")
    return {
        "key": _key(found, safe, drill_id),
        "drill_id": drill_id,
        "source": source,
        "platform": found.platform,
        "native_id": found.native_id,
        "kind": found.kind,
        "item_id": found.item_id,
        "parent_id": found.parent_id,
        "title": safe["title"][:LONGEST_TITLE],
        "text": safe["text"][:LONGEST],
        "url": safe["url"],
        "author": safe["author"],
        "nickname": safe["nickname"],
        "province": safe["place"],
        "keyword": safe["keyword"],
        "verified": found.verified,
        "followers": found.followers,
        "likes": found.likes,
        "replies": found.replies,
        "shares": found.shares,
        "plays": found.plays,
        "written_at": found.created_at,
        "seen_at": now,
        "negative": score.negative,
        "label": score.label,
        "reasons": list(map(list, score.reasons[:8])),
        "harm": score.harm,
        "type": kind,
        "hits": list(reading.types.get(kind, ())),
        "repairs": list(found.repairs),
    }


def _key(found: Found, safe: Mapping[str, str], drill_id: int | None) -> str:
    """What makes a mention the same when it is seen again."""
    drill = "" if drill_id is None else f"drill{drill_id}:"
    if found.native_id:
        return f"{drill}{found.platform}:{found.native_id}"
    moment = found.created_at.isoformat() if found.created_at else ""
    parts = "\x1f".join((found.platform, found.item_id, safe["author"], moment, safe["text"]))
    return f"{drill}{hashlib.sha256(parts.encode(errors='replace')).hexdigest()}"
