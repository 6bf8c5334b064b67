"""Read a SQLite database, such as MediaCrawler's or DouK's, while the crawler goes on writing it.

New rows come by their number. A crawler that meets a comment again updates its row, which `last_modify_ts` tells.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bot.sources.intake import Intake, Origin
from bot.sources.marks import Mark

SUFFIXES = (".db", ".sqlite", ".sqlite3")
WAIT = 1.0
"""Seconds to wait for a crawler that is writing."""
CHANGED = "last_modify_ts"
_NAMED = re.compile(r"^(douyin|weibo|xhs|bilibili|kuaishou|tieba|zhihu)_(\w*?)(comment)?$")
_PEOPLE = re.compile(r"(^|_)(creators?|contacts?|contact_info|up_info|users?)$", re.IGNORECASE)


class Place(NamedTuple):
    """How far a table was read: the last row's number, and up to when changes of older rows are known.

    Args:
        upto: while the changes are read: the time that the one being read bears, and its row.
    """

    row: int = 0
    known: int = 0
    upto: int = 0
    upto_row: int = 0


def version(path: str) -> tuple[int, int]:
    """Size and time (ns) of a database with the log beside it, where the newest changes stand."""
    size = mtime = 0
    for name in (path, f"{path}-wal"):
        file = Path(name)
        if file.exists():
            stat = file.stat()
            size, mtime = size + stat.st_size, max(mtime, stat.st_mtime_ns)
    return size, mtime


def read(path: str, mark: Mark, intake: Intake, name: str) -> bool:
    """Read on as far as the intake allows, and move the mark; True if there is more. Raises sqlite3.Error."""
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=WAIT)) as base:
        base.text_factory = lambda raw: raw.decode(errors="replace")
        base.row_factory = sqlite3.Row
        for table, columns in _tables(base, intake):
            left_off = Place(*mark.tables.get(table, ()))
            for place in _read(base, (table, columns), left_off, intake, _origin(intake, name, table)):
                mark.tables[table] = list(place)
                if intake.is_full:
                    return True
    return False


def _tables(base: sqlite3.Connection, intake: Intake) -> Iterator[tuple[str, frozenset[str]]]:
    """The tables that hold what was said; never those that list people."""
    listed = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%' ORDER BY name"
    )
    names = [row[0] for row in base.execute(listed)]
    for name in names:
        if name.startswith("sqlite_") or _PEOPLE.search(name):
            continue
        columns = [row[0] for row in base.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        if intake.is_header(columns):
            yield name, frozenset(columns)


def _origin(intake: Intake, name: str, table: str) -> Origin:
    said = _NAMED.match(table)
    origin = intake.origin(f"{name}#{table}", table)
    if said is None:
        return origin
    return Origin(file=origin.file, platform=said[1], kind="comment" if said[3] else "post")


def _read(
    base: sqlite3.Connection, table: tuple[str, frozenset[str]], place: Place, intake: Intake, origin: Origin
) -> Iterator[Place]:
    """Take rows one by one; yields the place behind each."""
    name, columns = table
    quoted = '"' + name.replace('"', '""') + '"'
    has_changes = CHANGED in columns
    last, changed = base.execute(
        f"SELECT coalesce(max(rowid), 0), {f'coalesce(max({CHANGED}), 0)' if has_changes else '0'} FROM {quoted}"  # noqa: S608 - quoted
    ).fetchone()
    changed = changed if isinstance(changed, int) else 0
    if last < place.row:  # emptied and filled anew
        place = Place()
    if not place.row:
        place = place._replace(known=changed)
    start = place.row
    rows = f"SELECT rowid AS _number, * FROM {quoted} WHERE "  # noqa: S608 - quoted
    for row in base.execute(rows + "rowid > ? ORDER BY rowid", (place.row,)):
        place = place._replace(row=row["_number"])
        intake.add(_plain(row), origin, row["_number"])
        yield place
    if not has_changes or changed <= place.known:
        return
    # What was new in this call was read after `changed` was.
    since = f"({CHANGED} > ? OR ({CHANGED} = ? AND rowid > ?)) AND {CHANGED} <= ? AND rowid <= ?"
    upto = max(place.upto, place.known)
    upto_row = place.upto_row if place.upto > place.known else 2**62
    order = f" ORDER BY {CHANGED}, rowid"
    for row in base.execute(rows + since + order, (upto, upto, upto_row, changed, start)):
        place = place._replace(upto=row[CHANGED], upto_row=row["_number"])
        intake.add(_plain(row), origin, row["_number"])
        yield place
    yield place._replace(known=changed, upto=0, upto_row=0)


def _plain(row: sqlite3.Row) -> dict[str, object]:
    return {name: row[name] for name in row.keys() if name != "_number"}  # noqa: SIM118 - a Row is no mapping
