"""Playbooks that people edit while the bot runs: taken over, and told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.clock import Clock
from playbooks.library import Change, Library
from storage import notices
from storage.database import Database

log = logging.getLogger(__name__)


class Rereader:
    """Looks for edited files and leaves a notice of what came of it."""

    def __init__(self, library: Library, database: Database, clock: Clock, ring: Callable[[], None]) -> None:
        self.library = library
        self.database = database
        self.clock = clock
        self._ring = ring

    async def look(self) -> None:
        """Take over what was edited. Costs nothing to speak of while nobody edits."""
        if not self.library.is_edited():
            return
        # Reading all files takes some tenths of a second, in which presses would wait.
        change = await asyncio.to_thread(self.library.refresh)
        if change is None:
            return
        for problem in change.problems:
            log.warning("a playbook was edited and is not taken over: %s", problem)
        for name, keys in change.changed.items():
            log.info("playbooks: %s: %s", name, ", ".join(keys))
        async with self.database.write() as session:
            await notices.put(session, "playbooks.edited", self.clock(), data=told(change))
        self._ring()


def told(change: Change) -> dict[str, object]:
    """A change as a notice holds it."""
    return {
        "changed": {name: list(keys) for name, keys in change.changed.items()},
        "problems": list(map(str, change.problems)),
    }
