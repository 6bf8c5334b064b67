"""Everything a team has written down for the day it goes wrong, loaded and ready to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from playbooks.approvals import Approvals, OwnApprovals
from playbooks.checking import Strict
from playbooks.levels import Levels
from playbooks.matching import Match, Matcher, Proposal
from playbooks.reading import PlaybookError, Problem
from playbooks.scenarios import Scenario
from playbooks.schema import Playbook, Role
from playbooks.shelf import fill, spoken, stamp
from playbooks.templates import Template

NEW, GONE = "new", "gone"
"""What is said of a file in place of the keys that differ."""

Adapt = Callable[[Levels], Levels]


@dataclass(frozen=True)
class Contents:
    """What all files say at one moment."""

    playbooks: Mapping[str, Playbook]
    levels: Levels
    templates: Mapping[str, Template]
    scenarios: Mapping[str, Scenario]
    roles: Mapping[str, Role]
    approvals: Approvals

    @cached_property
    def matcher(self) -> Matcher:
        """The signals of all active playbooks, compiled."""
        return Matcher(self.playbooks.values())

    def parts(self) -> dict[str, Strict]:
        """Each part by the name of its file, `types/food_safety`."""
        return {
            "levels": self.levels,
            "approvals": self.approvals,
            **{f"types/{name}": each for name, each in self.playbooks.items()},
            **{f"templates/{name}": each for name, each in self.templates.items()},
            **{f"scenarios/{name}": each for name, each in self.scenarios.items()},
            **{f"roles/{name}": each for name, each in self.roles.items()},
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What came of reading the files again.

    Args:
        changed: the files that differ (`types/food_safety`), and which of their keys; `NEW` or `GONE` as a whole.
        problems: why nothing was taken over; the old contents stay in force.
    """

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Library:
    """All playbooks, templates and scenarios by id (the file's stem), the levels, and the roles by id.

    Args:
        folder: laid out like the bundled one; a file there replaces the bundled one of the same name.
        adapt: what the team has set otherwise than the files, put over the levels each time that they are read.
        own: what the team has otherwise about approvals.

    Raises:
        PlaybookError: with all problems of all files.
    """

    def __init__(
        self,
        folder: Path | None = None,
        adapt: Adapt = lambda levels: levels,
        own: OwnApprovals | None = None,
    ) -> None:
        self._folder = folder
        self._adapt = adapt
        self.own_approvals = own
        """May be set while the bot runs, and is in force from then on."""
        self._stamp = stamp(folder)
        self._contents = _read(folder, adapt)

    @property
    def playbooks(self) -> Mapping[str, Playbook]:
        """The playbooks by id."""
        return self._contents.playbooks

    @property
    def levels(self) -> Levels:
        """What each level asks for, and how it is proposed."""
        return self._contents.levels

    @property
    def approvals(self) -> Approvals:
        """Who has to approve a statement."""
        return self._contents.approvals.adapted(self.own_approvals)

    @property
    def templates(self) -> Mapping[str, Template]:
        """The statement templates by id."""
        return self._contents.templates

    @property
    def scenarios(self) -> Mapping[str, Scenario]:
        """The drill scenarios by id."""
        return self._contents.scenarios

    @property
    def roles(self) -> Mapping[str, Role]:
        """The roles by id."""
        return self._contents.roles

    @property
    def matcher(self) -> Matcher:
        """The signals of all active playbooks, compiled."""
        return self._contents.matcher

    def is_edited(self) -> bool:
        """Tell whether a file was edited, added or taken away since it was last read. Costs a tenth of a millisecond."""
        return stamp(self._folder) != self._stamp

    def refresh(self) -> Change | None:
        """Take over what was edited, all of it or nothing; None if there is nothing to tell.

        A file with a mistake is told of once, and not again until somebody edits something.
        """
        if not self.is_edited():
            return None
        self._stamp = stamp(self._folder)
        try:
            fresh = _read(self._folder, self._adapt)
        except PlaybookError as error:
            return Change(problems=error.problems)
        changed = dict(_differences(self._contents.parts(), fresh.parts()))
        self._contents = fresh
        return Change(changed) if changed else None

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


def load(
    folder: Path | None = None, adapt: Adapt = lambda levels: levels, own: OwnApprovals | None = None
) -> Library:
    """Load the bundled files and, over them, the team's own: see `Library`. Raises PlaybookError."""
    return Library(folder, adapt, own)


def _read(folder: Path | None, adapt: Adapt) -> Contents:
    shelf = fill(folder)
    if shelf.problems or not (shelf.levels and shelf.roles and shelf.approvals):
        raise PlaybookError(shelf.problems)
    return Contents(
        playbooks={stem: loaded.value for stem, loaded in shelf.playbooks.items()},
        levels=adapt(shelf.levels.value),
        templates={stem: loaded.value for stem, loaded in shelf.templates.items()},
        scenarios={stem: loaded.value for stem, loaded in shelf.scenarios.items()},
        roles=shelf.roles.value.roles,
        approvals=shelf.approvals.value,
    )


def _differences(
    old: Mapping[str, Strict], fresh: Mapping[str, Strict]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in sorted(old.keys() | fresh.keys()):
        before, after = old.get(name), fresh.get(name)
        if before is None or after is None:
            yield name, (NEW if before is None else GONE,)
        elif before != after:
            yield (
                name,
                tuple(key for key in type(after).model_fields if getattr(before, key) != getattr(after, key)),
            )


def _names(playbook: Playbook) -> Iterator[str]:
    yield from filter(None, map(spoken, (playbook.id, playbook.title, playbook.title_en, *playbook.aliases)))
