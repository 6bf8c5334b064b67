"""Who writes first when two processes share a SQLite file.

SQLite lets whoever happens to ask next have its lock, and a process that writes all the time asks all the time: somebody who
presses a button would wait for luck. So the process that people talk to says that it is waiting, and the one that takes
comments in pauses until it is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from time import monotonic

LOOK_AGAIN = 0.0005
"""Seconds between two looks whether they are done."""
PATIENCE = 0.5
"""Seconds that are waited at most: people who write without a pause must not stop the monitor."""


class Precedence:
    """Passed from one process to another when that one is started."""

    def __init__(self) -> None:
        self._waiting = multiprocessing.get_context("spawn").RawValue("i", 0)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """To be asked for before the lock, and kept until the commit. By one process only: the count is not locked."""
        self._waiting.value += 1
        try:
            yield
        finally:
            self._waiting.value -= 1

    async def given(self) -> None:
        """Wait until nobody of the other process waits for the lock or has it."""
        until = monotonic() + PATIENCE
        while self._waiting.value and monotonic() < until:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(LOOK_AGAIN)
