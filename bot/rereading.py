"""Playbooks and the team's file, which people edit while the bot runs: taken over, and told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
from handlers.kit.team import Person, Room, Team
from playbooks.approvals import OwnApprovals
from playbooks.library import Change, Library
from storage import notices
from storage.database import Database

log = logging.getLogger(__name__)

GONE = (0, 0, 0)
"""The stamp of a file that is not there."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What an edited `fenghuo.yaml` says.

    Args:
        team: the team that it names; None if the file has mistakes.
        approvals: who has to approve, where that is otherwise than in the playbooks.
        waiting: the settings in it that differ from those in force and need a restart.
    """

    team: Team | None = None
    approvals: OwnApprovals | None = None
    waiting: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class TeamRereader:
    """Looks whether `fenghuo.yaml` was edited, takes over people, rooms, guests and approvals, and leaves a notice of it.

    Args:
        team: the one that all parts read through.
        library: another such.
        read: reads the file.
    """

    def __init__(
        self,
        *,
        team: Team,
        library: Library,
        path: Path,
        read: Callable[[], Edited],
        database: Database,
        clock: Clock,
        ring: Callable[[], None],
    ) -> None:
        self.team = team
        self.library = library
        self.path = path
        self.database = database
        self.clock = clock
        self._read = read
        self._ring = ring
        self._stamp = stamp(path)

    async def look(self) -> None:
        """Take over what was edited, all of it or nothing. A mistake is told of once, until somebody edits again."""
        now = stamp(self.path)
        if now in (self._stamp, GONE):
            return
        self._stamp = now
        edited = await asyncio.to_thread(self._read)
        changed = differences(self.team, edited.team) if edited.team else {}
        if edited.team and (parts := reworded(self.library.own_approvals, edited.approvals)):
            changed["approvals"] = {"changed": parts}
        for problem in edited.problems:
            log.warning("the team is not taken over: %s", problem)
        if not (changed or edited.waiting or edited.problems):
            return
        if edited.team:
            self.team.become(edited.team)
            self.library.own_approvals = edited.approvals
        data = {"changed": changed, "waiting": list(edited.waiting), "problems": list(edited.problems)}
        async with self.database.write() as session:
            await notices.put(session, "team.edited", self.clock(), data=data)
        self._ring()


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file does. It may be gone for a moment, since some editors replace it."""
    try:
        found = path.stat()
    except OSError:
        return GONE
    return found.st_mtime_ns, found.st_size, found.st_ino


def differences(old: Team, new: Team) -> dict[str, dict[str, list[str]]]:
    """What is new, gone or changed, by name."""
    parts = {"people": compared(old.listed, new.listed), "rooms": compared(old.rooms, new.rooms)}
    if old.guests != new.guests:
        parts["guests"] = {"changed": [new.guests]}
    return {part: changes for part, changes in parts.items() if any(changes.values())}


def reworded(old: OwnApprovals | None, new: OwnApprovals | None) -> list[str]:
    """The parts of the approvals that are others now."""
    before, after = old or OwnApprovals(), new or OwnApprovals()
    return [name for name in OwnApprovals.model_fields if getattr(before, name) != getattr(after, name)]


def compared(old: Iterable[Person | Room], new: Iterable[Person | Room]) -> dict[str, list[str]]:
    """The names of what is new, gone or changed."""
    before, after = ({each.name: each for each in things} for things in (old, new))
    return {
        "new": [name for name in after if name not in before],
        "gone": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and after[name] != before[name]],
    }
