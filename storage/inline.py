"""SQLite without a thread in between.

aiosqlite hands every call to a thread and waits for the answer. A call takes some 0.05 ms, but on a busy event loop each
of the two hand-overs waits until the other thread lets go of the interpreter, up to 5 ms, and a transaction makes ten
calls: a button press during ingest waited 100 ms for its one row. So a writing transaction makes its calls right here.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

import aiosqlite
from typing_extensions import override

PRIMARY_CODE = 0xFF
"""The bits of SQLite's result codes that say what; the rest says why: after a crash it is busy with recovery, for one
(sqlite.org/rescode.html)."""
LOOK_AGAIN = 0.001
"""Seconds between two tries to get a lock that another process holds."""
OTHERS = 0.001
"""Seconds after which, between two calls, whoever else has something to do on this loop does it."""


class InlineConnection(aiosqlite.Connection):
    """A connection that works on the thread of the event loop.

    Args:
        file: the database.
        patience: seconds that a lock is waited for which another process holds. SQLite itself would wait asleep, and
            everything here with it, so the waiting is done here.
    """

    def __init__(self, file: str, patience: float) -> None:
        connect = partial(sqlite3.connect, file, timeout=0, check_same_thread=False)
        super().__init__(connect, iter_chunk_size=64)
        # It opens and closes the file, and must not keep a program alive that forgot to close it.
        self._thread.daemon = True
        self._patience = patience
        self._others_at = 0.0

    @override
    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        began = monotonic()
        if began - self._others_at > OTHERS:
            await asyncio.sleep(0)
            self._others_at = monotonic()
        while True:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                if (
                    error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY
                    or monotonic() - began >= self._patience
                ):
                    raise
            await asyncio.sleep(LOOK_AGAIN)
