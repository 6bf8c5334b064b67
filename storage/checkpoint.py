"""Bring what was committed to SQLite's file onto the disk, off the event loop.

With `synchronous=NORMAL` a commit is in the log at once, which survives a crash of the program. To survive a power cut it must
be on the disk, which takes 0.2 ms on an idle disk and often 20 on a busy one: too long for a button press to wait for at each
commit. So it is brought there a moment later, together with what came meanwhile (sqlite.org/wal.html#checkpointing).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

WAIT = 0.05
"""Seconds after a commit."""


class Checkpoint:
    """Keeps one file's log short and on the disk, in a thread of its own.

    Args:
        file: the database.
    """

    def __init__(self, file: Path) -> None:
        self._address = f"{file.absolute().as_uri()}?mode=rw"
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()

    def soon(self) -> None:
        """Something was committed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
            self._thread.start()
        self._due.set()

    def stop(self) -> None:
        """End the thread. What is left is done by SQLite itself when the last connection is closed."""
        if self._thread is not None:
            self._over.set()
            self._due.set()
            self._thread.join()
            self._thread = None
            self._over.clear()

    def _run(self) -> None:
        while self._due.wait():
            self._due.clear()
            if self._over.wait(WAIT):
                return
            # What cannot be done now, be it that somebody reads, be it that the disk is full, is left to the next commit.
            with (
                contextlib.suppress(sqlite3.OperationalError),
                contextlib.closing(sqlite3.connect(self._address, uri=True, timeout=0)) as connection,
            ):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
