"""A watched folder for tests, and rows to put into it."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.sources.base import Batch, Found, Reject
from bot.sources.files import FilesSource

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOM = b"\xef\xbb\xbf"


class Folder:
    """A folder and a reader that goes on from its saved cursor each time, as the monitor does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = FilesSource("crawl", path, ZoneInfo("Asia/Shanghai"))
        self.cursor: Mapping[str, Any] = {}
        self.rejects: list[Reject] = []

    def write(self, name: str, data: bytes | str, *, age: float = 60) -> Path:
        """Write a file anew; it was last changed `age` seconds ago."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return self.touch(file, age)

    def append(self, name: str, data: bytes | str, *, age: float = 60) -> Path:
        with (self.path / name).open("ab") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return self.touch(self.path / name, age)

    def touch(self, file: Path, age: float) -> Path:
        stamp = NOW.timestamp() - age
        os.utime(file, (stamp, stamp))
        return file

    def batch(self, limit: int = 1000, now: datetime = NOW) -> Batch:
        batch = self.source.read(self.cursor, limit, now)
        self.cursor = json.loads(json.dumps(batch.cursor))
        self.rejects += batch.rejects
        return batch

    def found(self, now: datetime = NOW) -> list[Found]:
        """Read until there is no more."""
        batch = self.batch(now=now)
        found = list(batch.found)
        while batch.more:
            batch = self.batch(now=now)
            found += batch.found
        return found

    def ids(self, now: datetime = NOW) -> list[str]:
        return [one.native_id for one in self.found(now)]

    def reasons(self) -> list[tuple[str, int, str]]:
        taken = [(reject.file, reject.offset, reject.reason) for reject in self.rejects]
        self.rejects.clear()
        return taken


def row(number: int, text: str = "蛋糕发霉了") -> dict[str, Any]:
    return {"comment_id": f"c{number}", "aweme_id": "v1", "content": text, "create_time": 1795000000 + number}


def line(number: int, text: str = "蛋糕发霉了") -> str:
    return json.dumps(row(number, text), ensure_ascii=False) + "\n"


def lines(*numbers: int) -> str:
    return "".join(map(line, numbers))


def array(*numbers: int) -> str:
    return json.dumps([row(number) for number in numbers], ensure_ascii=False, indent=4)


def table(rows: Sequence[Mapping[str, Any]], *, header: bool = True) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, rows[0])
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
