"""Cut growing files into records by byte offset, never holding more than one record and one block.

Works on bytes: in UTF-8 and in GB18030 alike, no part of a longer character looks like a newline, a comma
or a quotation mark. An offset always stands at the end of a record, so reading can go on there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from json import loads as loads_leniently
from typing import BinaryIO, NamedTuple

import orjson

from bot.sources.fields import RowError

MAX_RECORD = 1 << 20
MAX_ENVELOPE = 16 << 20
BLOCK = 1 << 18

Span = tuple[int, int]
Cut = Callable[[bytes, int], Span | None]

_BETWEEN = re.compile(rb"[\s,\]]*")
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_MARK = re.compile(_STRING + rb'|[{}\[\]"]', re.DOTALL)
_SCALAR = re.compile(_STRING + rb'|[^\s,\]"]+', re.DOTALL)
_CELL_END = re.compile(rb"[,\n]")
_NEXT_LINE = re.compile(rb"\n")
_NEXT_OBJECT = re.compile(rb"\}\s*,?\s*(?=\{)")
_BOM = re.compile(rb"(?:\xef\xbb\xbf)?")
_BOM_AND_BRACKET = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[?")


class Piece(NamedTuple):
    """A stretch of a file. Not `whole`: the file ends inside it. `too_long`: over the limit, `raw` is its beginning."""

    start: int
    end: int
    raw: bytes
    whole: bool = True
    too_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How records stand in a file.

    Args:
        cut: finds the next whole record in a buffer, or None if the buffer ends first.
        prologue: what may stand before the first record.
        filler: bytes between records; what is left at the end means nothing if it is only these.
        by_line: a new record begins on a new line, so reading can start afresh at the next one.
        quiet: seconds without a change after which an unfinished end is taken for final.
        longest: bytes of one record; an answer of an interface, kept as JSON, holds many rows in one.
        restart: where the next record may begin inside one that cannot be read: a bracket or a quotation mark that is
            missing makes it swallow its neighbours.
    """

    cut: Cut
    prologue: re.Pattern[bytes]
    filler: bytes
    by_line: bool
    quiet: float
    longest: int = MAX_RECORD
    restart: re.Pattern[bytes] | None = None


def cut_line(buffer: bytes, at: int) -> Span | None:
    """Cut JSON Lines."""
    end = buffer.find(b"\n", at) + 1
    return (at, end) if end else None


def cut_row(buffer: bytes, at: int) -> Span | None:
    """Cut CSV as Python's csv module reads it: a quotation mark counts only where a cell begins."""
    line = buffer.find(b"\n", at) + 1
    if line and buffer.find(b'"', at, line) < 0:
        return at, line
    cell = at
    while True:
        if buffer[cell : cell + 1] == b'"' and (cell := _closing_quote(buffer, cell) + 1) == 0:
            return None
        end = _CELL_END.search(buffer, cell)
        if end is None:
            return None
        if end[0] == b"\n":
            return at, end.end()
        cell = end.end()


def _closing_quote(buffer: bytes, opening: int) -> int:
    """Find the mark that closes a quoted cell, or -1. One at the very end may be half of a doubled one."""
    quote = buffer.find(b'"', opening + 1)
    while 0 <= quote < len(buffer) - 1:
        if buffer[quote + 1 : quote + 2] != b'"':
            return quote
        quote = buffer.find(b'"', quote + 2)
    return -1


def cut_value(buffer: bytes, at: int) -> Span | None:
    """Cut the elements of a JSON array, or JSON values that follow one another."""
    between = _BETWEEN.match(buffer, at)
    start = between.end() if between else at
    if buffer[start : start + 1] not in (b"{", b"["):
        scalar = _SCALAR.match(buffer, start)
        return (start, scalar.end()) if scalar and scalar.end() < len(buffer) else None
    depth = 0
    for mark in _MARK.finditer(buffer, start):
        if mark[0] in (b"{", b"["):
            depth += 1
        elif mark[0] in (b"}", b"]"):
            depth -= 1
        elif mark[0] == b'"':  # a string that is still open
            return None
        if depth == 0:
            return start, mark.end()
    return None


LINES = Form(cut=cut_line, prologue=_BOM, filler=b" \t\r\n", by_line=True, quiet=2)
TABLE = Form(cut=cut_row, prologue=_BOM, filler=b" \t\r\n", by_line=True, quiet=10, restart=_NEXT_LINE)
ARRAY = Form(
    cut=cut_value,
    prologue=_BOM_AND_BRACKET,
    filler=b" \t\r\n,]",
    by_line=False,
    quiet=10,
    longest=MAX_ENVELOPE,
    restart=_NEXT_OBJECT,
)
"""JSON that says by itself where it ends is final after 2 seconds; a cut CSV row may look whole, so it waits longer."""


def pieces(file: BinaryIO, offset: int, form: Form) -> Iterator[Piece]:
    """Cut a file from an offset on. The last piece is not whole if the file ends inside a record."""
    file.seek(offset)
    buffer = b""
    while block := file.read(_next_block(len(buffer), form.longest)):
        at = 0
        if offset == 0 and not buffer and (prologue := form.prologue.match(block)):
            at = prologue.end()
        buffer += block
        while (span := form.cut(buffer, at)) is not None:
            start, at = span
            yield Piece(offset + start, offset + at, buffer[start:at])
        offset, buffer = offset + at, buffer[at:]
        if len(buffer) > form.longest:
            yield Piece(offset, offset + len(buffer), buffer[:BLOCK], whole=False, too_long=True)
            return
    if buffer.strip(form.filler):
        yield Piece(offset, offset + len(buffer), buffer, whole=False)


def _next_block(held: int, longest: int) -> int:
    """Bytes to read next: as many as are held, lest a long record be searched again and again."""
    return min(max(BLOCK, held), max(1, longest + 1 - held))


def skip_line(file: BinaryIO, offset: int) -> tuple[int, bool]:
    """Pass over the rest of a line without holding it; returns where that led and whether the line ended."""
    file.seek(offset)
    while part := file.readline(BLOCK):
        offset += len(part)
        if part.endswith(b"\n"):
            return offset, True
    return offset, False


def parse_json(raw: bytes, *, gb18030: bool = False) -> tuple[object, bool]:
    """Parse one JSON value.

    Returns:
        The value, and what `decode` says of the encoding.

    Raises:
        RowError: it is not JSON.
    """
    if not gb18030:
        try:
            return orjson.loads(raw), False
        except orjson.JSONDecodeError:
            pass
    text, gb18030 = decode(raw, gb18030=gb18030)
    try:  # what orjson refuses and Python's own json writes: NaN, halves of an emoji, endless numbers
        return loads_leniently(text), gb18030
    except (ValueError, RecursionError):
        raise RowError("not valid JSON") from None


def parse_row(raw: bytes, *, gb18030: bool = False) -> tuple[list[str], bool]:
    """Parse one CSV record.

    Returns:
        The cells, none for a blank line, and what `decode` says of the encoding.

    Raises:
        RowError: it is not one record.
    """
    text, gb18030 = decode(raw, gb18030=gb18030)
    try:
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise RowError("not valid CSV") from None
    if len(rows) > 1:
        raise RowError("a quotation mark is not closed")
    return rows[0] if rows and any(rows[0]) else [], gb18030


def decode(raw: bytes, *, gb18030: bool) -> tuple[str, bool]:
    """Decode a record as UTF-8 or GB18030.

    Almost no GB18030 text is valid UTF-8 as well, and such text decodes to two-byte characters only; then
    what the file showed so far (`gb18030`) decides.

    Returns:
        The text, and whether it certainly is GB18030 or the file was known to be.

    Raises:
        RowError: it is neither.
    """
    try:
        text: str | None = raw.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and not (gb18030 and max(text, default="") < "\u0800"):
        return text, gb18030
    try:
        return raw.decode("gb18030"), True
    except UnicodeDecodeError:
        if text is None:
            raise RowError("neither UTF-8 nor GB18030 text") from None
        return text, gb18030
