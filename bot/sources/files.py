"""Read a folder that crawlers and people put files into: JSON Lines, JSON, CSV, spreadsheets, SQLite, while they grow.

A file is known by device and inode, so a renamed one goes on where it was. What was read of it is known by a
checksum, so a file that was truncated, replaced or rewritten differently starts again; the store drops what it
has already. A JSON array that grows is rewritten as a whole, but its beginning stays the same byte for byte,
so it too is read on from an offset. Workbooks are read again as a whole, databases row by row.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from typing_extensions import override

from bot.sources import columns, growing, sheets, tables
from bot.sources.base import Batch, Cursor, SourceError
from bot.sources.fields import RowError, holds_profiles
from bot.sources.growing import CSV, JSON, JSONL
from bot.sources.intake import Intake
from bot.sources.kinds import Site, SourceSettings
from bot.sources.marks import Mark, missing
from playbooks.checking import Duration, Text

AnyIntake = TypeVar("AnyIntake", bound=Intake)
SHEET, OLD_SHEET, DATABASE = "sheet", "old sheet", "database"
SUFFIXES = {
    ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSON, ".csv": CSV, ".xlsx": SHEET, ".xls": OLD_SHEET,
    **dict.fromkeys(tables.SUFFIXES, DATABASE),
}  # fmt: skip
QUIET = 10.0
"""Seconds without a change after which a workbook that cannot be read is taken for damaged, not for half written."""


class FilesSettings(SourceSettings):
    """A folder that crawlers and people put files into, or one file, such as a crawler's database.

    Args:
        path: the folder or file; relative paths start at the folder of `fenghuo.yaml`.
        presets: a folder of presets of your own (see `columns.Preset`), one YAML file each.
        late: by how much the times in these files are late, if a crawler is known to err (`8h`).
    """

    kind: Literal["files"]
    path: Text
    presets: str = ""
    late: Duration = timedelta()

    @override
    def problems(self, site: Site) -> list[str]:
        return columns.check(site.base / self.presets) if self.presets else []

    @override
    def build(self, site: Site) -> FilesSource:
        presets = site.base / self.presets if self.presets else None
        return FilesSource(
            name=self.name, path=site.base / self.path, timezone=site.zone, presets=presets, late=self.late
        )


@dataclass(frozen=True, slots=True)
class _Sighting:
    path: str
    name: str
    """Relative to the folder; what people are shown."""
    size: int
    mtime: int
    """Of the last change, ns."""
    key: str
    """Device and inode."""
    mark: Mark

    @property
    def is_due(self) -> bool:
        return self.mark.is_due(self.size, self.mtime)


@dataclass(frozen=True, slots=True)
class FilesSource:
    """A folder, read again and again with all its subfolders; or one file, taken as it is, with no wait for its end.

    Times without an offset are in `timezone`.
    """

    name: str
    path: Path
    timezone: ZoneInfo
    presets: Path | None = None
    late: timedelta = timedelta()

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        """Read on, oldest file first.

        Raises:
            SourceError: the folder can neither be read nor made, or the file is none that holds rows.
        """
        intake = self.intake(now, limit, Intake)
        cursor, more = self.read_into(intake, cursor)
        return Batch(found=tuple(intake.found), rejects=tuple(intake.rejects), cursor=cursor, more=more)

    def intake(self, now: datetime, limit: int, made: type[AnyIntake]) -> AnyIntake:
        """An empty intake for the rows of this source, of the class that is wanted."""
        return made(
            now=now,
            limit=limit,
            timezone=self.timezone,
            presets=columns.presets(self.presets),
            above=self.path.absolute().parts[-3:-1] if self.path.is_file() else (self.path.absolute().name,),
            late=self.late,
        )

    def read_into(self, intake: Intake, cursor: Cursor) -> tuple[Cursor, bool]:
        """Read on into an intake; returns the new cursor, and whether there is more. Raises SourceError."""
        marks = {key: Mark(**saved) for key, saved in cursor.get("files", {}).items()}
        seen = self._look(marks)
        due = sorted(
            (each for each in seen.values() if each.is_due), key=lambda each: (each.mtime, each.name)
        )
        reading = _Reading(intake, is_final=self.path.is_file())
        unread = [sighting for sighting in due if not reading.read(sighting)]
        kept = {key: each.mark for key, each in seen.items()}
        kept |= missing(marks, seen, intake.now.timestamp())
        more = bool(unread) or any(sighting.mark.left == "rows" for sighting in due)
        return {"files": {key: mark.to_json() for key, mark in kept.items()}}, more

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
                    is_base = mark.kind == DATABASE
                    size, mtime = tables.version(path) if is_base else (stat.st_size, stat.st_mtime_ns)
                    seen[key] = _Sighting(path, name, size, mtime, key, mark)
        except OSError as error:
            raise SourceError(f"the folder {error.filename} cannot be read: {error.strerror}") from error
        if root != self.path and not seen:
            raise SourceError(f"{self.path} is no list of comments in {', '.join(SUFFIXES)}", permanent=True)
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
            if entry.name.startswith((".", "~$")):  # hidden, or Excel's lock beside an open workbook
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
    kind = SUFFIXES.get(suffix.lower())
    return Mark(kind) if kind and not holds_profiles(stem.rpartition(os.sep)[2] + "_") else None


_BUSY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT}
)


class _Reading:
    """One call of `read`: it goes through the files that are due."""

    def __init__(self, intake: Intake, *, is_final: bool) -> None:
        self._intake = intake
        self._is_final = is_final
        self._kinds = {SHEET: self._read_sheet, OLD_SHEET: self._refuse, DATABASE: self._read_database}

    def read(self, sighting: _Sighting) -> bool:
        """Read one file as far as the limit allows; False if nothing more is allowed."""
        if self._intake.is_full:
            return False
        mark = sighting.mark
        try:
            self._kinds.get(mark.kind, self._read_text)(sighting)
        except FileNotFoundError:  # renamed or removed since the look; found again at the next one
            return True
        except OSError as error:
            self._shut(sighting, f"cannot be opened: {error.strerror}")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) in _BUSY:  # the crawler is writing
                mark.left = "shut"
                return True
            mark.look(sighting.size, sighting.mtime)
            self._intake.reject(sighting.name, 0, f"cannot be read as an SQLite database: {error}")
        return True

    def _shut(self, sighting: _Sighting, reason: str) -> None:
        if sighting.mark.left != "shut":
            self._intake.reject(sighting.name, sighting.mark.offset, reason)
        sighting.mark.left = "shut"

    def _read_text(self, sighting: _Sighting) -> None:
        with Path(sighting.path).open("rb") as file:
            stat = os.fstat(file.fileno())
            if (
                f"{stat.st_dev}:{stat.st_ino}" == sighting.key
            ):  # else another file took the name since the look
                origin = self._intake.origin(sighting.name)
                growing.read(file, sighting.mark, self._intake, origin, self._age(stat.st_mtime_ns))

    def _read_sheet(self, sighting: _Sighting) -> None:
        mark = sighting.mark
        if (mark.size, mark.mtime) != (sighting.size, sighting.mtime):
            mark.restart()
        mark.look(sighting.size, sighting.mtime)
        try:
            sheets.read((sighting.path, sighting.size, sighting.mtime), mark, self._intake, sighting.name)
        except RowError as error:
            if self._age(sighting.mtime) < QUIET:
                mark.left = "tail"
            else:
                self._intake.reject(sighting.name, mark.offset, str(error))

    def _read_database(self, sighting: _Sighting) -> None:
        mark = sighting.mark
        has_more = tables.read(sighting.path, mark, self._intake, sighting.name)
        mark.look(sighting.size, sighting.mtime)
        mark.left = "rows" if has_more else ""

    def _refuse(self, sighting: _Sighting) -> None:
        sighting.mark.look(sighting.size, sighting.mtime)
        self._intake.reject(sighting.name, 0, "an old spreadsheet (.xls): save it as .xlsx or CSV (UTF-8)")

    def _age(self, mtime: int) -> float:
        return inf if self._is_final else self._intake.now.timestamp() - mtime / 1e9
