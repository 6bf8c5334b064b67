"""The kinds of sources there are. A new kind is one new file in this folder, with a class derived from SourceSettings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from bot.sources.base import Push, Source
from playbooks.checking import Strict, Text, nearest, parse
from playbooks.reading import Loc, PlaybookError, Problem, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a source may need of the installation.

    Args:
        base: where relative paths start.
        data: the folder for what must not be lost, and for secrets.
        zone: where times without an offset were written.
        variables: of the environment and `.env`, those that `SourceSettings.variables` names.
    """

    base: Path
    data: Path
    zone: ZoneInfo
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


class SourceSettings(Strict):
    """One source in `fenghuo.yaml`. A kind derives from this, narrows `kind` to its name, and says how it is built."""

    name: Annotated[Text, Field(pattern=r"^[\w.-]+$")]
    kind: str

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of environment variables that hold its secrets."""
        return ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Authors under whose ids it gives the brand's own videos, if it gives any."""
        return ()

    def problems(self, site: Site) -> list[str]:  # noqa: ARG002 - for those who have some
        """What is wrong with the settings that only shows on this installation."""
        return []

    def build(self, site: Site) -> Source | None:  # noqa: ARG002 - for those that are read
        """What is read again and again, if it is."""
        return None

    def push(self, site: Site) -> Push | None:  # noqa: ARG002 - for those that are pushed
        """What takes what is sent to `POST /ingest/{name}`, if anything is."""
        return None


@cache
def kinds() -> Mapping[str, type[SourceSettings]]:
    """Every kind by its name."""
    return {settings.model_fields["kind"].annotation.__args__[0]: settings for settings in _declared()}  # type: ignore[union-attr]  # a Literal


def _declared() -> Iterator[type[SourceSettings]]:
    package = import_module(__name__.rpartition(".")[0])
    for name in sorted(f"{package.__name__}.{module.name}" for module in iter_modules(package.__path__)):
        for value in vars(import_module(name)).values():
            is_kind = isinstance(value, type) and issubclass(value, SourceSettings)
            if is_kind and value is not SourceSettings and value.__module__ == name:
                yield value


def sources(parts: Iterable[SourceSettings], site: Site) -> list[Source]:
    """Those that are read, built."""
    built = (part.build(site) for part in parts)
    return [source for source in built if source is not None]


def receivers(parts: Iterable[SourceSettings], site: Site) -> dict[str, Push]:
    """What platforms send to us in ways of their own, by name."""
    built = {part.name: part.push(site) for part in parts}
    return {name: receiver for name, receiver in built.items() if receiver is not None}


def settled(sheet: Sheet) -> tuple[Sheet, list[Problem]]:
    """Read each item of `sources` as its kind wants it.

    Returns:
        The sheet with settings in their place, without those that are wrong, and what is wrong.
    """
    items = sheet.data.get("sources")
    if not isinstance(items, list):
        return sheet, []
    made: list[SourceSettings] = []
    problems: list[Problem] = []
    for number, item in enumerate(items):
        try:
            made.append(_settings(_part(sheet, number, item)))
        except PlaybookError as error:
            problems += error.problems
    return replace(sheet, data=sheet.data | {"sources": made}), problems


def _part(sheet: Sheet, number: int, item: object) -> Sheet:
    at: Loc = ("sources", number)
    if not isinstance(item, dict):
        raise PlaybookError([sheet.problem(at, f"sources {number + 1} must hold keys and values", _EXAMPLE)])
    lines = {loc[2:]: line for loc, line in sheet.lines.items() if loc[:2] == at}
    return Sheet(sheet.path, item, lines)


def _settings(part: Sheet) -> SourceSettings:
    kind = str(part.data.get("kind", ""))
    settings = kinds().get(kind)
    if settings is None:
        said = f'there is no kind "{kind}" of sources' if kind else 'the key "kind" is missing'
        raise PlaybookError([part.problem(("kind",), said, nearest(kind, sorted(kinds())))])
    return parse(part, settings)


_EXAMPLE = 'write "- {name: crawl, kind: files, path: ./inbox}"'
