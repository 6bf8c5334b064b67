"""How far each file was read, kept from one reading to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

FORGET_AFTER = 24 * 3600.0
"""Seconds for which a vanished file is remembered, should it come back."""


@dataclass(slots=True)
class Mark:
    """How far one file was read.

    Args:
        kind: jsonl, json, csv, sheet or database; kept here since a rotated file changes its name.
        size: and `mtime` (ns): as they were at the last look; the file is left alone while they stay.
        offset: the end of the last record read: a byte, or a row of a spreadsheet.
        check: checksum that the bytes before `offset` are still the same.
        left: `rows` (the limit was reached), `tail` (the end is unfinished), `shut` (it could not be opened), or
            nothing to do.
        skipping: `offset` stands in a line that is passed over.
        gb18030: a record was found that is GB18030 and not UTF-8.
        header: the CSV's columns.
        bad: the offset of an unreadable rest that was reported, -1 if none.
        restarts: how often reading began anew inside a record that could not be read.
        gone: when the file was first missed, epoch seconds.
        tables: of a database: see `tables.Place`.
    """

    kind: str
    size: int = 0
    mtime: int = 0
    offset: int = 0
    check: int = 0
    left: str = ""
    skipping: bool = False
    gb18030: bool = False
    header: list[str] = field(default_factory=list)
    bad: int = -1
    restarts: int = 0
    gone: float = 0.0
    tables: dict[str, list[int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write what differs from a fresh mark."""
        fresh = Mark(self.kind)
        pairs = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value for name, value in pairs.items() if name == "kind" or value != getattr(fresh, name)
        }

    def is_due(self, size: int, mtime: int) -> bool:
        """Tell whether the file changed or something of it is left."""
        return bool(self.left) or (self.size, self.mtime) != (size, mtime)

    def look(self, size: int, mtime: int) -> None:
        """Remember the file as it is, with nothing left to do until that turns out otherwise."""
        self.size, self.mtime, self.left = size, mtime, ""

    def restart(self) -> None:
        """Read from the beginning again."""
        self.offset, self.check, self.bad, self.restarts = 0, 0, -1, 0
        self.skipping, self.gb18030, self.header, self.tables = False, False, [], {}


def missing(marks: Mapping[str, Mark], seen: Mapping[str, object], now: float) -> dict[str, Mark]:
    """The marks of files that are not there just now and are still remembered."""
    gone = {key: mark for key, mark in marks.items() if key not in seen}
    for mark in gone.values():
        mark.gone = mark.gone or now
    return {key: mark for key, mark in gone.items() if now - mark.gone < FORGET_AFTER}
