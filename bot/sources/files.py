"""Read a folder that crawlers and people put files into: JSON Lines, JSON arrays and CSV, while they grow.

A file is known by device and inode, so a renamed one goes on where it was. What was read of it is known by a
checksum, so a file that was truncated, replaced or rewritten differently starts again; the store drops what it
has already. A JSON array that grows is rewritten as a whole, but its beginning stays the same byte for byte,
so it too is read on from an offset.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from bot.sources.base import Batch, Cursor, Found, Reject, SourceError
from bot.sources.fields import TEXT, RowError, hints, holds_profiles, is_header, to_found
from bot.sources.records import (
    ARRAY,
    BLOCK,
    LINES,
    MAX_RECORD,
    TABLE,
    Form,
    Piece,
    parse_json,
    parse_row,
    pieces,
    skip_line,
)

HEAD, TAIL = 1024, 256
"""Bytes at both ends of what was read that prove it is still the same file."""
FORGET_AFTER = 24 * 3600.0
"""Seconds for which a vanished file is remembered, should it come back."""
JSONL, JSON, CSV, SHEET = "jsonl", "json", "csv", "sheet"
_SUFFIXES = {".jsonl": JSONL, ".ndjson": JSONL, ".json": JSON, ".csv": CSV, ".xlsx": SHEET, ".xls": SHEET}
_FORMS = {JSONL: LINES, JSON: ARRAY, CSV: TABLE}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _FileError(RowError):
    """The whole file cannot be read, so its rows are not tried."""


@dataclass(slots=True)
class Mark:
    """How far one file was read.

    Args:
        kind: jsonl, json, csv or sheet; kept here since a rotated file changes its name.
        size: and `mtime` (ns): as they were at the last look; the file is left alone while they stay.
        offset: the end of the last record read.
        check: checksum that the bytes before `offset` are still the same.
        left: `rows` (the limit was reached), `tail` (the end is unfinished), `shut` (it could not be opened), or
            nothing to do.
        skipping: `offset` stands in a line that is passed over.
        gb18030: a record was found that is GB18030 and not UTF-8.
        header: the CSV's columns.
        bad: the offset of an unreadable rest that was reported, -1 if none.
        gone: when the file was first missed, epoch seconds.
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
    gone: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Write what differs from a fresh mark."""
        fresh = Mark(self.kind)
        pairs = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value for name, value in pairs.items() if name == "kind" or value != getattr(fresh, name)
        }

    def is_due(self, stat: os.stat_result) -> bool:
        """Tell whether the file changed or something of it is left."""
        return bool(self.left) or (self.size, self.mtime) != (stat.st_size, stat.st_mtime_ns)

    def look(self, stat: os.stat_result) -> None:
        """Remember the file as it is, with nothing left to do until that turns out otherwise."""
        self.size, self.mtime, self.left = stat.st_size, stat.st_mtime_ns, ""

    def restart(self) -> None:
        """Read from the beginning again."""
        self.offset, self.check, self.bad = 0, 0, -1
        self.skipping, self.gb18030, self.header = False, False, []


@dataclass(frozen=True, slots=True)
class _Sighting:
    path: str
    name: str
    """Relative to the folder; what people are shown."""
    stat: os.stat_result
    mark: Mark


@dataclass(frozen=True, slots=True)
class FilesSource:
    """A folder, read again and again with all its subfolders; or one file, taken as it is, with no wait for its end.

    Times without an offset are in `timezone`.
    """

    name: str
    path: Path
    timezone: ZoneInfo

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        """Read on, oldest file first.

        Raises:
            SourceError: the folder can neither be read nor made, or the file is none that holds rows.
        """
        marks = {key: Mark(**saved) for key, saved in cursor.get("files", {}).items()}
        seen = self._look(marks)
        due = sorted(
            (s for s in seen.values() if s.mark.is_due(s.stat)), key=lambda s: (s.stat.st_mtime_ns, s.name)
        )
        reading = _Reading(self, now, limit)
        unread = [sighting for sighting in due if not reading.read(sighting)]
        kept = {key: s.mark for key, s in seen.items()} | _missing(marks, seen, now.timestamp())
        return Batch(
            found=tuple(reading.found),
            rejects=tuple(reading.rejects),
            cursor={"files": {key: mark.to_json() for key, mark in kept.items()}},
            more=bool(unread) or any(sighting.mark.left == "rows" for sighting in due),
        )

    def _look(self, marks: Mapping[str, Mark]) -> dict[str, _Sighting]:
        seen: dict[str, _Sighting] = {}
        root = self.path.parent if self.path.is_file() else self.path
        try:
            root.mkdir(parents=True, exist_ok=True)
            for path, stat in _list(self.path):
                key = f"{stat.st_dev}:{stat.st_ino}"
                mark = marks.get(key) or _fresh_mark(path)
                if mark:
                    mark.gone = 0.0
                    name = os.path.relpath(path, root).replace(os.sep, "/")
                    seen[key] = _Sighting(path, name, stat, mark)
        except OSError as error:
            raise SourceError(f"the folder {error.filename} cannot be read: {error.strerror}") from error
        if root != self.path and not seen:
            raise SourceError(f"{self.path} is no list of comments in .jsonl, .json or .csv", permanent=True)
        return seen


def _list(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if path.is_file():
        yield str(path), path.stat()
    else:
        yield from _walk(str(path))


def _walk(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """List regular files. Symbolic links are not followed: they may lead out of the folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # removed since it was listed
                continue


def _fresh_mark(path: str) -> Mark | None:
    stem, suffix = os.path.splitext(path)  # noqa: PTH122  # for every file on every look: Path is ten times slower
    kind = _SUFFIXES.get(suffix.lower())
    return Mark(kind) if kind and not holds_profiles(stem.rpartition(os.sep)[2] + "_") else None


def _missing(marks: Mapping[str, Mark], seen: Mapping[str, object], now: float) -> dict[str, Mark]:
    missing = {key: mark for key, mark in marks.items() if key not in seen}
    for mark in missing.values():
        mark.gone = mark.gone or now
    return {key: mark for key, mark in missing.items() if now - mark.gone < FORGET_AFTER}


class _Reading:
    """One call of `read`: what it found, and how much more it may."""

    def __init__(self, source: FilesSource, now: datetime, limit: int) -> None:
        self.found: list[Found] = []
        self.rejects: list[Reject] = []
        self._folder = source.path.absolute().name
        self._timezone = source.timezone
        self._is_final = source.path.is_file()
        self._now = now
        self._limit = limit

    def read(self, sighting: _Sighting) -> bool:
        """Read one file as far as the limit allows; False if nothing more is allowed."""
        if self._is_full():
            return False
        if sighting.mark.kind == SHEET:
            sighting.mark.look(sighting.stat)
            self._reject(sighting.name, 0, "a spreadsheet: save it as CSV (UTF-8) and put that here")
            return True
        try:
            with Path(sighting.path).open("rb") as file:
                self._read_open(file, sighting)
        except FileNotFoundError:  # renamed or removed since the look; found again at the next one
            return True
        except OSError as error:
            if sighting.mark.left != "shut":
                self._reject(sighting.name, sighting.mark.offset, f"cannot be opened: {error.strerror}")
            sighting.mark.left = "shut"
        return True

    def _read_open(self, file: BinaryIO, sighting: _Sighting) -> None:
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) != (sighting.stat.st_dev, sighting.stat.st_ino):
            return  # another file took the name since the look
        mark = sighting.mark
        age = inf if self._is_final else self._now.timestamp() - stat.st_mtime
        one = _OneFile(file, mark, age)
        if not one.find_place(stat):
            mark.left = "tail"
            return
        start = mark.offset
        mark.look(stat)
        self._read_pieces(one, sighting.name)
        mark.check = one.checksum(start)

    def _read_pieces(self, one: _OneFile, name: str) -> None:
        found = self._reader(name)
        if not one.skip():
            return
        for piece in pieces(one.file, one.mark.offset, one.form):
            if self._is_full():
                one.mark.left = "rows"
                return
            try:
                row = one.take(piece)
                if row is not None:
                    self.found.append(found(row))
            except _FileError as error:
                self._give_up(one.mark, name, piece.start, str(error))
                return
            except RowError as error:
                self._stumble(one, name, piece, str(error))

    def _reader(self, name: str) -> Callable[[object], Found]:
        platform, kind = hints((self._folder, *name.split("/")))

        def found(row: object) -> Found:
            return to_found(row, platform=platform, kind=kind, timezone=self._timezone, now=self._now)

        return found

    def _stumble(self, one: _OneFile, name: str, piece: Piece, reason: str) -> None:
        """Step over a record that cannot be read, as far as it is certain where the next one begins."""
        mark = one.mark
        if piece.whole or mark.offset == piece.end:
            self._reject(name, piece.start, reason)
            mark.offset = piece.end
        elif not one.form.by_line:
            self._give_up(mark, name, piece.start, reason)
        elif piece.too_long or b"\n" in piece.raw:
            self._reject(name, piece.start, reason)
            mark.offset, mark.skipping, mark.left = piece.start, True, "rows"

    def _give_up(self, mark: Mark, name: str, start: int, reason: str) -> None:
        if mark.bad != start:
            self._reject(name, start, reason)
        mark.bad = start

    def _reject(self, name: str, offset: int, reason: str) -> None:
        self.rejects.append(Reject(file=name, offset=offset, reason=reason))

    def _is_full(self) -> bool:
        return len(self.found) + len(self.rejects) >= self._limit


class _OneFile:
    """A file that is open for reading, and how its records are read."""

    def __init__(self, file: BinaryIO, mark: Mark, age: float) -> None:
        self.file = file
        self.mark = mark
        self.form: Form = _FORMS[mark.kind]
        self._is_quiet = age >= self.form.quiet
        self._parse = self._parse_csv if mark.kind == CSV else self._parse_json

    def find_place(self, stat: os.stat_result) -> bool:
        """Make sure that what was read is still there, else start again; False if it is just being rewritten."""
        mark = self.mark
        if (mark.size, mark.mtime) == (stat.st_size, stat.st_mtime_ns):
            return True
        if stat.st_size < mark.offset:
            if not self.form.by_line and not self._is_quiet:
                return False
            mark.restart()
        elif mark.check != self.checksum(0):
            mark.restart()
        return True

    def checksum(self, start: int) -> int:
        """Return the checksum of what was read; `start` is where the mark's own checksum ends.

        A rewritten array may differ anywhere, so all of it counts; a log may be huge, so only its ends do.
        """
        end = self.mark.offset
        if self.form.by_line:
            head = self._sum(0, min(HEAD, end), 0)
            return self._sum(max(0, end - TAIL), end, head)
        return self._sum(start, end, self.mark.check if start else 0)

    def _sum(self, start: int, end: int, so_far: int) -> int:
        self.file.seek(start)
        while start < end and (block := self.file.read(min(BLOCK, end - start))):
            so_far = zlib.crc32(block, so_far)
            start += len(block)
        return so_far

    def skip(self) -> bool:
        """Pass over the rest of a line that is too long; False if the file ends inside it."""
        if self.mark.skipping:
            self.mark.offset, ended = skip_line(self.file, self.mark.offset)
            self.mark.skipping = not ended
        return not self.mark.skipping

    def take(self, piece: Piece) -> object | None:
        """Parse a piece and move the mark behind it; None if it holds no row, or must wait for its end.

        Raises:
            RowError: it cannot be read; the mark has not moved.
        """
        if piece.start == 0 and piece.raw.startswith(_UTF16):
            raise _FileError("saved as UTF-16 (Unicode): save it as UTF-8")
        if piece.too_long:
            raise RowError(f"longer than {MAX_RECORD} bytes")
        if not piece.whole and not self._is_quiet:
            self.mark.left = "tail"
            return None
        is_closed = piece.whole or self.form.cut(piece.raw + b"\n", 0)
        row = self._parse(piece.raw) if is_closed else None
        if not piece.whole and not isinstance(row, dict):
            raise RowError("the file ends inside it")
        self.mark.offset = piece.end
        return row

    def _parse_json(self, raw: bytes) -> object | None:
        if raw.isspace():
            return None
        row, self.mark.gb18030 = parse_json(raw, gb18030=self.mark.gb18030)
        if row is None:
            raise RowError("not an object with named fields")
        return row

    def _parse_csv(self, raw: bytes) -> object | None:
        mark = self.mark
        cells, mark.gb18030 = parse_row(raw, gb18030=mark.gb18030)
        if not cells:
            return None
        if not mark.header and not is_header(cells):
            raise _FileError(f"the first line does not name a column for the text: {', '.join(TEXT)}")
        if not mark.header or cells == mark.header or (len(cells) > 1 and is_header(cells)):
            mark.header = [cell.strip() for cell in cells]
            return None
        if len(cells) != len(mark.header):
            raise RowError(f"{len(cells)} cells under {len(mark.header)} column names")
        return dict(zip(mark.header, cells, strict=True))
