"""Read a text file that may still grow: JSON Lines, JSON and CSV, from where it was left off."""

from __future__ import annotations

import os
import zlib
from typing import BinaryIO

from bot.sources.columns import TEXT
from bot.sources.fields import RowError
from bot.sources.intake import Intake, Origin
from bot.sources.marks import Mark
from bot.sources.records import (
    ARRAY,
    BLOCK,
    LINES,
    TABLE,
    Form,
    Piece,
    parse_json,
    parse_row,
    pieces,
    skip_line,
)

JSONL, JSON, CSV = "jsonl", "json", "csv"
FORMS = {JSONL: LINES, JSON: ARRAY, CSV: TABLE}
HEAD, TAIL = 1024, 256
"""Bytes at both ends of what was read that prove it is still the same file."""
MOST_RESTARTS = 100
"""Per file: each may have to look through a whole record again, and a hostile file may hold nothing else."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _FileError(RowError):
    """The whole file cannot be read, so its rows are not tried."""


def read(file: BinaryIO, mark: Mark, intake: Intake, origin: Origin, age: float) -> None:
    """Read on as far as the intake allows, and move the mark. `age`: seconds since the file was last changed."""
    stat = os.fstat(file.fileno())
    one = _Growing(file, mark, intake, age)
    if not one.find_place(stat.st_size, stat.st_mtime_ns):
        mark.left = "tail"
        return
    start = mark.offset
    mark.look(stat.st_size, stat.st_mtime_ns)
    one.read(origin)
    mark.check = one.checksum(start)


class _Growing:
    """A file that is open for reading, and how its records are read."""

    def __init__(self, file: BinaryIO, mark: Mark, intake: Intake, age: float) -> None:
        self.file = file
        self.mark = mark
        self.form: Form = FORMS[mark.kind]
        self._intake = intake
        self._is_quiet = age >= self.form.quiet
        self._parse = self._parse_csv if mark.kind == CSV else self._parse_json

    def read(self, origin: Origin) -> None:
        """Read records until there are no more or the intake is full."""
        while self._skip() and self._read_on(origin):
            pass

    def _read_on(self, origin: Origin) -> bool:
        """Read on; True if that must begin anew elsewhere."""
        for piece in pieces(self.file, self.mark.offset, self.form):
            if self._intake.is_full:
                self.mark.left = "rows"
                return False
            try:
                row = self._take(piece)
            except _FileError as error:
                self._give_up(origin.file, piece.start, str(error))
                return False
            except RowError as error:
                if self._restarts(piece):
                    self._intake.reject(origin.file, piece.start, str(error))
                    return True
                self._stumble(origin.file, piece, str(error))
            else:
                if row is not None:
                    self._intake.add(row, origin, piece.start)
        return False

    def find_place(self, size: int, mtime: int) -> bool:
        """Make sure that what was read is still there, else start again; False if it is just being rewritten."""
        mark = self.mark
        if (mark.size, mark.mtime) == (size, mtime):
            return True
        if size < mark.offset:
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

    def _skip(self) -> bool:
        """Pass over the rest of a line that is too long; False if the file ends inside it."""
        if self.mark.skipping:
            self.mark.offset, ended = skip_line(self.file, self.mark.offset)
            self.mark.skipping = not ended
        return not self.mark.skipping

    def _restarts(self, piece: Piece) -> bool:
        """Move the mark to where the next record may begin inside one that cannot be read; False if there is no such place."""
        mark, pattern = self.mark, self.form.restart
        found = pattern.search(piece.raw, 1) if pattern and mark.restarts < MOST_RESTARTS else None
        if found is None or found.end() >= len(piece.raw):
            return False
        mark.offset, mark.restarts = piece.start + found.end(), mark.restarts + 1
        return True

    def _stumble(self, name: str, piece: Piece, reason: str) -> None:
        """Step over a record that cannot be read, as far as it is certain where the next one begins."""
        mark = self.mark
        if piece.whole or mark.offset == piece.end:
            self._intake.reject(name, piece.start, reason)
            mark.offset = piece.end
        elif not self.form.by_line:
            self._give_up(name, piece.start, reason)
        elif piece.too_long or b"\n" in piece.raw:
            self._intake.reject(name, piece.start, reason)
            mark.offset, mark.skipping, mark.left = piece.start, True, "rows"

    def _give_up(self, name: str, start: int, reason: str) -> None:
        if self.mark.bad != start:
            self._intake.reject(name, start, reason)
        self.mark.bad = start

    def _take(self, piece: Piece) -> object | None:
        """Parse a piece and move the mark behind it; None if it holds no row, or must wait for its end.

        Raises:
            RowError: it cannot be read; the mark has not moved.
        """
        if piece.start == 0 and piece.raw.startswith(_UTF16):
            raise _FileError("saved as UTF-16 (Unicode): save it as UTF-8")
        if piece.too_long:
            raise RowError(f"longer than {self.form.longest} bytes")
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
        mark, presets = self.mark, self._intake.presets
        cells, mark.gb18030 = parse_row(raw, gb18030=mark.gb18030)
        if not cells:
            return None
        if not mark.header and not presets.is_header(cells):
            raise _FileError(f"the first line does not name a column for the text: {', '.join(TEXT)}")
        if not mark.header or cells == mark.header or presets.is_header_again(cells):
            mark.header = [cell.strip() for cell in cells]
            return None
        if len(cells) != len(mark.header):
            raise RowError(f"{len(cells)} cells under {len(mark.header)} column names")
        return dict(zip(mark.header, cells, strict=True))
