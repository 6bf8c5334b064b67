"""Read every file of the bundled folder and of the team's own, and check that they fit each other.

A team's folder is laid out like the bundled one (`types/`, `templates/`, `scenarios/`,
`levels.yaml`, `roles.yaml`, `approvals.yaml`), each part optional. A file there takes the place of the bundled one
of the same name, or stands beside the others.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from playbooks.approvals import Approvals
from playbooks.checking import Strict, nearest, parse
from playbooks.levels import Level, Levels
from playbooks.markdown import read_markdown
from playbooks.matching import plain
from playbooks.reading import Loc, PlaybookError, Problem, Severity, Sheet, read_text, sheet_of
from playbooks.scenarios import Scenario
from playbooks.schema import ID, Playbook, Roles
from playbooks.templates import Template

BUNDLED = Path(__file__).parent
"""The data that comes with the bot."""

FOLDERS = ("types", "templates", "scenarios")
SINGLE = ("levels", "roles", "approvals")

M = TypeVar("M", bound=Strict)

Stamp = tuple[tuple[str, int, int], ...]
"""Path, time of change and size of each file."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """What a file says, and the file, so that later checks can still name the line."""

    value: M
    sheet: Sheet

    def problem(self, loc: Loc, message: str, hint: str = "", severity: Severity = "error") -> Problem:
        """Say what is wrong with the part at `loc`."""
        return self.sheet.problem(loc, message, hint, severity)


@dataclass(slots=True)
class Shelf:
    """All files, read and checked one by one and against each other; `problems` holds what was refused."""

    levels: Loaded[Levels] | None = None
    roles: Loaded[Roles] | None = None
    approvals: Loaded[Approvals] | None = None
    playbooks: dict[str, Loaded[Playbook]] = field(default_factory=dict)
    templates: dict[str, Loaded[Template]] = field(default_factory=dict)
    scenarios: dict[str, Loaded[Scenario]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def fill(folder: Path | None) -> Shelf:
    """Read the bundled files, and those of `folder` over them. Never raises; see `Shelf.problems`.

    Args:
        folder: a team's folder; or one file, which is then taken for a playbook, in YAML or as a Markdown checklist.
    """
    shelf = Shelf()
    found = _files(BUNDLED, shelf.problems)
    if folder is not None and folder.is_file():
        found[f"types/{folder.stem}"] = folder
    elif folder is not None:
        shelf.problems += _strays(folder)
        found |= _files(folder, shelf.problems)
    shelf.levels = _read(found.get("levels"), Levels, shelf.problems)
    shelf.roles = _read(found.get("roles"), Roles, shelf.problems)
    shelf.approvals = _read(found.get("approvals"), Approvals, shelf.problems)
    # A single file comes last: whatever it is called, it takes the place of the playbook whose id it has.
    for name, path in sorted(found.items(), key=lambda item: (item[1] == folder, item[0])):
        _shelve(shelf, name, path)
    if not shelf.problems:
        shelf.problems += _misfits(shelf)
    return shelf


def take_in(path: Path) -> Playbook:
    """Read one playbook, YAML or Markdown, and hold it against everything it names. Raises PlaybookError."""
    shelf = fill(path)
    if shelf.problems:
        raise PlaybookError(shelf.problems)
    return next(each.value for each in shelf.playbooks.values() if each.sheet.path == path)


def _shelve(shelf: Shelf, name: str, path: Path) -> None:
    kind, _, stem = name.partition("/")
    if kind == "types" and (playbook := _read(path, Playbook, shelf.problems, stem)):
        shelf.playbooks[playbook.value.id] = playbook
    elif kind == "templates" and (template := _read(path, Template, shelf.problems, stem)):
        shelf.templates[stem] = template
    elif kind == "scenarios" and (scenario := _read(path, Scenario, shelf.problems, stem)):
        shelf.scenarios[stem] = scenario


def _read(path: Path | None, model: type[M], problems: list[Problem], stem: str = "") -> Loaded[M] | None:
    """Read one file; what is wrong with it goes to `problems`. A file that belongs to a folder has its stem for an id."""
    if path is None:
        return None
    try:
        if path.suffix == ".md":
            return _checked(read_markdown(path), model, stem)
        return _loaded(path, read_text(path), model, stem)
    except PlaybookError as error:
        problems += error.problems
        return None


@lru_cache(maxsize=128)
def _loaded(path: Path, text: str, model: type[M], stem: str) -> Loaded[M]:
    """Read a YAML file; of all files that are read again when one was edited, only that one is parsed again."""
    return _checked(sheet_of(path, text), model, stem)


def _checked(sheet: Sheet, model: type[M], stem: str) -> Loaded[M]:
    if stem:
        _name(sheet, stem)
    return Loaded(parse(sheet, model), sheet)


def _name(sheet: Sheet, stem: str) -> None:
    """Give a sheet its id: the file's stem. A checklist may be called anything, and says its id itself."""
    if sheet.path.suffix == ".md":
        stem = str(sheet.data.get("id", stem))
    if not re.fullmatch(ID, stem):
        raise PlaybookError(
            [sheet.problem(("id",), f'the file name "{stem}" cannot be an id', "small letters, digits and _")]
        )
    if sheet.data.setdefault("id", stem) != stem:
        raise PlaybookError(
            [sheet.problem(("id",), f'the id must be the file\'s name, "{stem}"', "leave the id out")]
        )


def _files(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """The YAML files of a folder by what they are, such as `types/user_complaint` and `levels`."""
    found: dict[str, Path] = {}
    for path in _yaml_files(folder):
        name = path.stem if path.parent == folder else f"{path.parent.name}/{path.stem}"
        if name in found:
            problems.append(
                Problem(path, 1, f"{found[name].name} has the same name", "delete one of the two")
            )
        found[name] = path
    return found


def holds_some(folder: Path) -> bool:
    """Whether there is a file in a team's folder that is read."""
    return next(_yaml_files(folder), None) is not None


def stamp(folder: Path | None) -> Stamp:
    """What tells whether any of the files has been edited, added or taken away since."""
    found = []
    for place in (BUNDLED, *([folder] if folder else [])):
        for path in _yaml_files(place):
            with contextlib.suppress(OSError):  # taken away this very moment: the next look will tell
                state = path.stat()
                found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(found)


def _yaml_files(folder: Path) -> Iterator[Path]:
    for place in (folder, *(folder / name for name in FOLDERS)):
        if place.is_dir():
            files = sorted(path for path in place.iterdir() if path.suffix in (".yaml", ".yml"))
            yield from (path for path in files if not path.name.startswith("."))


def _strays(folder: Path) -> list[Problem]:
    """A file that nobody reads is a playbook that somebody relies on, so it is a problem."""
    if not folder.is_dir():
        return [Problem(folder, 1, "there is no such folder", "create it, or take the setting out")]
    stray = [path for path in _yaml_files(folder) if path.parent == folder and path.stem not in SINGLE]
    stray += [
        path
        for place in folder.iterdir()
        if place.is_dir() and place.name not in FOLDERS
        for path in place.glob("*.y*ml")
    ]
    hint = f"move it into {', '.join(f'{name}/' for name in FOLDERS)}, or name it levels.yaml, roles.yaml or approvals.yaml"
    return [Problem(path, 1, "nobody reads a file here", hint) for path in stray]


def _misfits(shelf: Shelf) -> Iterator[Problem]:
    """What one file says of another and is not so."""
    roles = shelf.roles.value.roles if shelf.roles else {}
    for loaded in shelf.playbooks.values():
        for loc, kind, name in _references(loaded.value):
            known: Collection[str] = {
                "template": shelf.templates,
                "role": roles,
                "playbook": shelf.playbooks,
                "level": tuple(Level),
            }[kind]
            if name not in known:
                where = "roles.yaml has" if kind == "role" else "there is"
                yield loaded.problem(loc, f'{where} no {kind} "{name}"', nearest(name, list(known)))
    for scenario in shelf.scenarios.values():
        name = scenario.value.crisis_type
        if name not in shelf.playbooks:
            hint = nearest(name, list(shelf.playbooks))
            yield scenario.problem(("crisis_type",), f'there is no playbook "{name}"', hint)
    yield from _unknown_types(shelf)
    yield from _shared_names(shelf)


def _unknown_types(shelf: Shelf) -> Iterator[Problem]:
    """Crisis types that the approval path names and no playbook is about."""
    steps = shelf.approvals.value.steps if shelf.approvals else ()
    for index, kind in [(index, kind) for index, step in enumerate(steps) for kind in step.types]:
        if shelf.approvals and kind not in shelf.playbooks:
            hint = nearest(kind, list(shelf.playbooks))
            yield shelf.approvals.problem(("steps", index, "types"), f'there is no playbook "{kind}"', hint)


def _references(playbook: Playbook) -> Iterator[tuple[Loc, str, str]]:
    """Where a playbook names something of another file: the place, the kind, and the name."""
    yield ("statement", "template"), "template", playbook.statement.template
    for role in playbook.roles:
        yield ("roles", role), "role", role
    for index, case in enumerate(playbook.out_of_scope):
        if case.goto:
            yield ("out_of_scope", index, "goto"), "playbook", case.goto
    kinds = {"draft": "template", "playbook": "playbook", "role": "role", "level": "level"}
    for index, step in enumerate(playbook.steps):
        verb, *words = step.run.split() or [""]
        if words and verb in kinds:
            yield ("steps", index, "run"), kinds[verb], words[0]


def _shared_names(shelf: Shelf) -> Iterator[Problem]:
    """Two playbooks that answer to one name could never be told apart."""
    owners: dict[str, str] = {}
    for stem, loaded in shelf.playbooks.items():
        playbook = loaded.value
        named: list[tuple[Loc, str]] = [
            ((), stem),
            (("title",), playbook.title),
            (("title_en",), playbook.title_en),
        ]
        named += [(("aliases", index), alias) for index, alias in enumerate(playbook.aliases)]
        for loc, name in named:
            owner = owners.setdefault(spoken(name), stem) if name else stem
            if owner != stem:
                yield loaded.problem(loc, f'{owner} is called "{name}" too', "give one of them another name")


def spoken(words: str) -> str:
    """A name as it is compared: case, width, spaces, hyphens and underscores do not matter."""
    return re.sub(r"[\s_\-]", "", plain(words))
