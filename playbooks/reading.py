"""Read YAML that people wrote, and know the line of everything in it.

The files are edited by people who answer for crises, not for code, so every refusal names the
file, the line and the way out. Every value is read as text and only the schema decides what it
means: YAML's own guesses (`No` is false, `12:30` is 750, `1.10` is 1.1) never happen. Anchors,
aliases and tags are refused, which also rules out files that grow without end when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from typing_extensions import override

MAX_BYTES = 256 * 1024
"""Far above any playbook, far below what would hold up the start."""

MAX_DEPTH = 12
"""How deep lists and keys may nest; the schemas need five."""

Loc = tuple[str | int, ...]
"""The way to a value: keys and list positions, from the top of the file."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, on which line (from 1), and how to mend it. A `warning` does not keep a file from loading."""

    path: Path
    line: int
    message: str
    hint: str = ""
    severity: Severity = "error"

    @override
    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class PlaybookError(Exception):
    """Files that cannot be used. `problems` holds every problem of every file, and `str()` lists one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file as plain data (text, lists, keys), with the line of each key and list item."""

    path: Path
    data: dict[str, object]
    lines: dict[Loc, int] = field(repr=False)

    def line(self, loc: Loc) -> int:
        """The line of a value; of what holds it, if it is not in the file itself."""
        while loc not in self.lines:
            loc = loc[:-1]
        return self.lines[loc]

    def problem(self, loc: Loc, message: str, hint: str = "", severity: Severity = "error") -> Problem:
        """Say what is wrong with the value at `loc`."""
        return Problem(self.path, self.line(loc), message, hint, severity)


def read_sheet(path: Path) -> Sheet:
    """Read one YAML file. Raises PlaybookError."""
    return sheet_of(path, read_text(path))


def sheet_of(path: Path, text: str) -> Sheet:
    """Read the text of a YAML file. Raises PlaybookError."""
    try:
        return _Builder(path, iter(QUICK(text).get_event, None)).sheet()
    except (yaml.YAMLError, ValueError, OverflowError):
        return _slowly(path, text)


QUICK = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""The parser in C, where PyYAML was built with it: five times as fast, but its words on a mistake say less."""


def _slowly(path: Path, text: str) -> Sheet:
    """Read a file that has a mistake, to name it."""
    try:
        loader = yaml.BaseLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise PlaybookError(
            [Problem(path, line, "there is an invisible control character", "delete it")]
        ) from error
    try:
        return _Builder(path, iter(loader.get_event, None)).sheet()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PlaybookError([Problem(path, line, *_reworded(error.problem or str(error)))]) from error
    except (ValueError, OverflowError) as error:
        hint = r"look for a wrong \u or \x escape"
        raise PlaybookError([Problem(path, loader.line + 1, f"not valid YAML: {error}", hint)]) from error


def read_text(path: Path) -> str:
    """The text of a file, of bearable size and in UTF-8. Raises PlaybookError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PlaybookError([Problem(path, 1, f"cannot be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise PlaybookError(
            [Problem(path, 1, f"is over {MAX_BYTES // 1024} KiB", "split it into several files")]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PlaybookError([Problem(path, line, "is not UTF-8 text", "save the file as UTF-8")]) from error


def _reworded(problem: str) -> tuple[str, str]:
    """Turn the YAML parser's words into a message and a hint."""
    if r"'\t'" in problem:
        return "a tab where YAML wants spaces", "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a colon where YAML expects none", 'put the text in "quotes"'
    if "could not find expected ':'" in problem:
        return "a line without its colon", 'write "key: value", or indent the text that runs on'
    if "expected <block end>" in problem:
        return "the indentation does not fit the lines above", "line it up with its neighbours"
    return f"not valid YAML: {problem}", "look at the indentation, quotes and brackets around this line"


class _Builder:
    """Builds a sheet from the parser's events, so that no construction code of YAML is ever reached."""

    def __init__(self, path: Path, events: Iterator[yaml.Event]) -> None:
        self.path = path
        self.events = events
        self.lines: dict[Loc, int] = {(): 1}
        self.problems: list[Problem] = []

    def sheet(self) -> Sheet:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise self.refusal(1, "the file is empty", "write the keys, or delete the file")
        data = self.value(next(self.events), ())
        next(self.events)
        end = next(self.events)
        if not isinstance(end, yaml.StreamEndEvent):
            raise self.refusal(
                _line(end), 'a second document begins here ("---")', "one file holds one document"
            )
        if self.problems:
            raise PlaybookError(self.problems)
        if not isinstance(data, dict):
            raise self.refusal(1, "the file must hold keys and values", 'begin with "title: ..."')
        return Sheet(self.path, data, self.lines)

    def value(self, event: yaml.Event, loc: Loc) -> object:
        self.guard(event, loc)
        if isinstance(event, yaml.ScalarEvent):
            blank = event.implicit[0] and event.value in ("", "~", "null")
            return None if blank else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(loc)
        return self.mapping(loc)

    def items(self, loc: Loc) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*loc, len(found))
            self.lines[here] = _line(event)
            item = self.value(event, here)
            found.append("" if item is None else item)
        return found

    def mapping(self, loc: Loc) -> dict[str, object]:
        """Read keys and values; a key without a value counts as left out."""
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            here = self.key(event, loc)
            value = self.value(next(self.events), here)
            if value is not None:
                found[str(here[-1])] = value
        return found

    def key(self, event: yaml.Event, loc: Loc) -> Loc:
        self.guard(event, loc)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refusal(_line(event), "a list or keys where a key must be", "a key is a plain word")
        here = (*loc, event.value)
        if here in self.lines:
            message = f'"{event.value}" stands twice, first on line {self.lines[here]}'
            self.problems.append(Problem(self.path, _line(event), message, "keep one of them"))
            here = (*loc, f"{event.value} (line {_line(event)})")
        self.lines[here] = _line(event)
        return here

    def guard(self, event: yaml.Event, loc: Loc) -> None:
        """Refuse what could run code, grow without end, or nest too deep to read."""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.refusal(
                _line(event), "anchors (&) and aliases (*) are not used here", "write it out, or quote it"
            )
        if getattr(event, "tag", None):
            raise self.refusal(_line(event), "tags (!) are not used here", 'put the text in "quotes"')
        if len(loc) > MAX_DEPTH:
            raise self.refusal(
                _line(event), f"nested more than {MAX_DEPTH} deep", "check the brackets and the indentation"
            )

    def refusal(self, line: int, message: str, hint: str) -> PlaybookError:
        return PlaybookError([*self.problems, Problem(self.path, line, message, hint)])


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
