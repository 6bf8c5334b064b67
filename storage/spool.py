"""Where arrivals are kept until they are in the inbox, so that on SQLite nobody waits for another's transaction to be acknowledged.

SQLite lets one transaction write at a time, be it a page of comments or a handler's work. A file of its own is never locked for
longer than one insert. What is in it survives a crash, and is moved to the inbox before anything else is worked on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

BUSY_SECONDS = 5.0
"""How long another process is waited for, which holds the file for a fraction of a millisecond."""
TABLE = """create table if not exists arrival
    (id integer primary key, key text not null, transport text not null, payload blob not null, at text not null)"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrived. See `Inbox`."""

    id: int
    key: str
    transport: str
    payload: dict[str, Any]
    at: datetime


class Spool:
    """One file of arrivals. Its calls take some 0.1 ms and are made where one stands.

    Args:
        file: made when the first arrival comes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def put(self, key: str, transport: str, payload: Mapping[str, Any], at: datetime) -> None:
        """Keep an arrival; when this returns, a crash cannot lose it."""
        self._open().execute(
            "insert into arrival (key, transport, payload, at) values (?, ?, ?, ?)",
            (key, transport, orjson.dumps(payload), at.isoformat()),
        )

    def kept(self, limit: int = 100) -> list[Arrival]:
        """The oldest arrivals."""
        if self._connection is None and not self._file.exists():
            return []
        rows = self._open().execute(
            "select id, key, transport, payload, at from arrival order by id limit ?", (limit,)
        )
        return [
            Arrival(number, key, transport, orjson.loads(payload), datetime.fromisoformat(at))
            for number, key, transport, payload, at in rows
        ]

    def forget(self, arrivals: Iterable[Arrival]) -> None:
        """Drop those that are in the inbox."""
        with self._open() as connection:
            connection.execute("begin")
            connection.executemany(
                "delete from arrival where id = ?", [(arrival.id,) for arrival in arrivals]
            )

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            for line in ("pragma journal_mode=wal", "pragma synchronous=normal", TABLE):
                self._connection.execute(line)
        return self._connection
