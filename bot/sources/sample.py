"""The bundled sample feed: invented comments about an invented brand, told as if they came in now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import orjson
from typing_extensions import override

from bot.sources.base import Batch, Cursor, Found
from bot.sources.kinds import Site, SourceSettings

FEED = Path(__file__).parents[1] / "sample" / "feed.jsonl"


class SampleSettings(SourceSettings):
    """The bundled sample feed."""

    kind: Literal["sample"]

    @override
    def build(self, site: Site) -> SampleSource:
        return SampleSource(name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSource:
    """Plays `feed.jsonl`; each row says after how many seconds it comes in."""

    name: str
    path: Path = FEED

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        """Yield the rows whose time has come since the first reading."""
        begun = datetime.fromisoformat(cursor["begun"]) if cursor else now
        told = int(cursor.get("told", 0))
        rows = [orjson.loads(line) for line in self.path.read_bytes().splitlines() if line.strip()]
        due = [row for row in rows[told:] if begun + timedelta(seconds=row["after"]) <= now][:limit]
        found = tuple(_found(number, row, now) for number, row in enumerate(due, told + 1))
        cursor = {"begun": begun.isoformat(), "told": told + len(found)}
        return Batch(found=found, cursor=cursor, more=len(due) == limit)


def _found(number: int, row: dict[str, object], now: datetime) -> Found:
    return Found(
        platform=str(row["platform"]),
        text=str(row["text"]),
        native_id=f"sample-{number}",
        item_id=str(row.get("item", "")),
        author=f"sample-{number}",
        created_at=now - timedelta(seconds=30),
        likes=int(str(row.get("likes", 0))),
    )
