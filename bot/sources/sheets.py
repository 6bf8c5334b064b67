"""Read spreadsheets (.xlsx), row by row.

A workbook cannot be entered in the middle, so one that was left off stays open until it is asked for its next rows.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from bot.sources.fields import RowError
from bot.sources.intake import Intake
from bot.sources.marks import Mark

LARGEST = 256 * 1024 * 1024
"""Bytes of a workbook once it is unpacked: some 500,000 comments. A small file may unpack to more than a machine holds."""
MOST_COLUMNS = 500
HEADING_BY = 6
"""The heading stands in one of so many first rows."""
_BROKEN = (
    BadZipFile, zlib.error, SyntaxError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError,
    NotImplementedError, RuntimeError, ArithmeticError, AssertionError,
)  # fmt: skip
"""What openpyxl raises on files that are no workbooks or damaged ones (xml's ParseError is a SyntaxError)."""
_PEOPLE = ("creator", "contact")

Stamp = tuple[str, int, int]
"""Path, size and time of a file: what says that it is still the same."""


class Line(NamedTuple):
    """A row: its number over all sheets, the sheet, its number there, and what it holds under which heading."""

    number: int
    sheet: str
    row: int
    cells: dict[str, Any] | RowError


_open: dict[Stamp, tuple[int, Iterator[Line]]] = {}
"""The workbook that was left off, with the number of the last line that was taken."""


def read(stamp: Stamp, mark: Mark, intake: Intake, name: str) -> None:
    """Read on as far as the intake allows, and move the mark.

    Raises:
        RowError: the file cannot be read (further).
    """
    lines = _resumed(stamp, mark.offset, intake)
    try:
        for line in lines:
            mark.offset = line.number
            origin = intake.origin(f"{name}#{line.sheet}", f"_{line.sheet.lower()}_")
            if isinstance(line.cells, RowError):
                intake.reject(origin.file, line.row, str(line.cells))
            else:
                intake.add(line.cells, origin, line.row)
            if intake.is_full:
                mark.left = "rows"
                _open[stamp] = (line.number, lines)
                return
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file is out of reach; openpyxl's own OSErrors have no number
        raise RowError("damaged, or not a spreadsheet") from error


def _resumed(stamp: Stamp, start: int, intake: Intake) -> Iterator[Line]:
    number, lines = _open.pop(stamp, (0, None))
    _open.clear()
    if lines is None or number != start:
        lines = _lines(Path(stamp[0]), intake)
        for line in lines if start else ():
            if line.number >= start:
                break
    return lines


def _lines(path: Path, intake: Intake) -> Iterator[Line]:
    import openpyxl  # slow to import, and few teams use spreadsheets

    with path.open("rb") as file:
        with ZipFile(file) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST:
                raise RowError(f"over {LARGEST >> 20} MB when unpacked: save it in parts, or as CSV (UTF-8)")
        # It warns of styles and dates it does not know, which are nothing to us.
        warnings.filterwarnings("ignore", module=r"openpyxl\.")
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        number = 0
        for sheet in book.worksheets:
            if any(word in sheet.title.lower() for word in _PEOPLE):
                continue
            sheet.reset_dimensions()  # some programs write wrong ones
            for row, cells in _rows(sheet, intake):
                number += 1
                yield Line(number, sheet.title, row, cells)


def _rows(sheet: Any, intake: Intake) -> Iterator[tuple[int, dict[str, Any] | RowError]]:
    """The rows of a sheet below its heading, with their numbers; blank ones are left out."""
    heading: list[str] = []
    row = 0
    for row, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), 1):
        if all(cell in (None, "") for cell in cells):
            continue
        if heading and cells[0] != heading[0]:
            yield row, _under(heading, cells)
            continue
        names = ["" if cell is None else str(cell).strip() for cell in cells]
        if intake.is_header(names):
            heading = names
        elif heading:
            yield row, _under(heading, cells)
        elif row >= HEADING_BY:  # above it stand titles and notes
            break
    if row and not heading:
        yield row, RowError(f"none of the first {HEADING_BY} rows names a column for the text")


def _under(heading: Iterable[str], cells: Iterable[Any]) -> dict[str, Any]:
    pairs = zip(heading, cells, strict=False)
    return {name: cell for name, cell in pairs if name and cell is not None}
