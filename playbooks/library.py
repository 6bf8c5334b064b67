"""Everything a team has written down for the day it goes wrong, loaded and ready to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from playbooks.levels import Levels
from playbooks.matching import Match, Matcher, Proposal
from playbooks.reading import PlaybookError
from playbooks.scenarios import Scenario
from playbooks.schema import Playbook, Role
from playbooks.shelf import fill, spoken
from playbooks.templates import Template


@dataclass(frozen=True)
class Library:
    """All playbooks, templates and scenarios by id (the file's stem), the levels, and the roles by id."""

    playbooks: Mapping[str, Playbook]
    levels: Levels
    templates: Mapping[str, Template]
    scenarios: Mapping[str, Scenario]
    roles: Mapping[str, Role]

    @cached_property
    def matcher(self) -> Matcher:
        """The signals of all active playbooks, compiled."""
        return Matcher(self.playbooks.values())

    def find(self, words: str) -> Playbook | None:
        """Find a playbook by file stem, title, alias or the beginning of one of them; None if none or several fit."""
        asked = spoken(words)
        if not asked:
            return None
        names = [(name, playbook) for playbook in self.playbooks.values() for name in _names(playbook)]
        exact = [playbook for name, playbook in names if name == asked]
        begun = {playbook.id: playbook for name, playbook in names if name.startswith(asked)}
        if exact:
            return exact[0]
        return next(iter(begun.values())) if len(begun) == 1 else None

    def match(self, text: str) -> Match:
        """Find the playbook that one text speaks for, and the signals that say so."""
        return self.matcher.match(text)

    def propose(self, texts: Sequence[str]) -> list[Proposal]:
        """Rank the playbooks that texts speak for, best first."""
        return self.matcher.propose(texts)


def load(folder: Path | None = None) -> Library:
    """Load the bundled files and, over them, the team's own.

    Args:
        folder: laid out like the bundled one; a file there replaces the bundled one of the same name.

    Raises:
        PlaybookError: with all problems of all files.
    """
    shelf = fill(folder)
    if shelf.problems or shelf.levels is None or shelf.roles is None:
        raise PlaybookError(shelf.problems)
    return Library(
        playbooks={stem: loaded.value for stem, loaded in shelf.playbooks.items()},
        levels=shelf.levels.value,
        templates={stem: loaded.value for stem, loaded in shelf.templates.items()},
        scenarios={stem: loaded.value for stem, loaded in shelf.scenarios.items()},
        roles=shelf.roles.value.roles,
    )


def _names(playbook: Playbook) -> Iterator[str]:
    yield from filter(None, map(spoken, (playbook.id, playbook.title, playbook.title_en, *playbook.aliases)))
