"""The parts that must run for as long as the bot does. One that dies takes the bot down, so that it is started anew.

A bot that only looks alive is worse than none: nobody would miss the alarms that it no longer gives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Parts:
    """Tasks side by side. `broken` is set when one of them has died; the log says which, and why."""

    def __init__(self) -> None:
        self.broken = asyncio.Event()
        self.is_stopping = False
        """From here on parts may end."""
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a part."""
        self.watch(asyncio.create_task(work, name=name))

    def watch(self, task: asyncio.Task[None]) -> None:
        """Take a task that runs already for a part."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def end(self, *kinds: str) -> None:
        """Cancel the parts whose names begin so, or all, and wait for them."""
        tasks = [task for task in self._tasks if task.get_name().startswith(kinds or ("",))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None or (task.cancelled() and not self.is_stopping):
            log.critical("%s broke down", task.get_name(), exc_info=error)
            self.broken.set()
