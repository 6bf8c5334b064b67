"""From a source's row to what is stored: scrubbed, scored, typed and sketched.

All of it is plain work on plain values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.monitor import sketch
from bot.monitor.metrics import Own
from bot.monitor.reading import Reader, Reading
from bot.monitor.scrub import clean
from bot.monitor.wanted import Wanted
from bot.sources.base import Batch, Cursor, Found, Reject
from bot.transports.text import plain
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
    """

    key: bytes = field(repr=False)
    keywords: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    playbooks: Path | None = None
    own: Own = field(default_factory=Own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One mention, ready to be merged and stored.

    Args:
        row: column values of `Mention`, without its topic.
        fresh: not older than a day, so it may open an incident.
        exact: the normalised text.
        sketch: see `sketch.of`; empty for short texts.
    """

    row: dict[str, Any]
    reading: Reading
    fresh: bool
    exact: str
    sketch: tuple[int, ...]


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
        self.reader = Reader(recipe.names, self.library.matcher)

    def lot(self, source: str, batch: Batch, now: datetime, drill_id: int | None = None) -> Lot:
        """Prepare a batch. Drill comments are played on purpose, so the keywords do not apply to them."""
        if self.library.refresh():
            self.reader.matcher = self.library.matcher
        counts = () if drill_id is not None else tuple(self._counts(batch, now))
        self.ours |= {each.item_id for each in counts}
        kept = [found for found in batch.found if drill_id is not None or self._is_wanted(found)]
        return Lot(
            source=source,
            mentions=tuple(self.mention(source, found, now, drill_id) for found in kept),
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
                safe = clean(_visible(found), self.recipe.key, self.recipe.names)
                yield replace(counts, title=(safe.title or safe.text)[:LONGEST_TITLE], url=safe.url)

    def mention(self, source: str, found: Found, now: datetime, drill_id: int | None) -> Prepared:
        """Prepare one row."""
        # First of all, since a number with something invisible in it is still a number to whoever reads it.
        safe = clean(_visible(found), self.recipe.key, self.recipe.names)
        text, title = safe.text[:LONGEST], safe.title[:LONGEST_TITLE]
        reading = self.reader.read(f"{title}\n{text}" if title and title not in text else text)
        score, kind = reading.score, next(iter(reading.types), "")
        exact = sketch.normal(text)
        return Prepared(
            row={
                "key": _key(safe, drill_id),
                "drill_id": drill_id,
                "source": source,
                "platform": safe.platform,
                "native_id": safe.native_id,
                "kind": safe.kind,
                "item_id": safe.item_id,
                "parent_id": safe.parent_id,
                "title": title,
                "text": text,
                "url": safe.url,
                "author": safe.author,
                "nickname": safe.nickname,
                "province": safe.place,
                "keyword": safe.keyword,
                "verified": safe.verified,
                "followers": safe.followers,
                "likes": safe.likes,
                "replies": safe.replies,
                "shares": safe.shares,
                "plays": safe.plays,
                "written_at": safe.created_at,
                "seen_at": now,
                "negative": round(score.negative, 4),
                "label": score.label,
                "reasons": [
                    [reason.word, round(reason.weight, 2), reason.kind] for reason in score.reasons[:8]
                ],
                "harm": score.harm,
                "type": kind,
                "hits": list(reading.types.get(kind, ())),
                "repairs": list(safe.repairs),
            },
            reading=reading,
            fresh=safe.created_at is None or now - safe.created_at <= STALE,
            exact=exact,
            sketch=sketch.of(exact),
        )


def _visible(found: Found) -> Found:
    """A row without characters that nobody sees."""
    return replace(
        found,
        text=plain(found.text),
        title=plain(found.title),
        nickname=plain(found.nickname),
        place=plain(found.place),
        keyword=plain(found.keyword),
    )


def _key(found: Found, drill_id: int | None) -> str:
    """What makes a mention the same when it is seen again."""
    drill = "" if drill_id is None else f"drill{drill_id}:"
    if found.native_id:
        return f"{drill}{found.platform}:{found.native_id}"
    moment = found.created_at.isoformat() if found.created_at else ""
    parts = "\x1f".join((found.platform, found.item_id, found.author, moment, found.text))
    return f"{drill}{hashlib.sha256(parts.encode(errors='replace')).hexdigest()}"
