"""The word lists and limits of the checks: data with a source and a day by which somebody looks at them again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from heapq import merge
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from playbooks.checking import Day, FaultError, Strict, Text, parse
from playbooks.checks.text import Text as CheckedText
from playbooks.reading import read_sheet

FOLDER = Path(__file__).parent / "data"
ENDLESS = re.compile(r"(?<!\\)[*+]|\{\d*,\}")


class WordList(Strict):
    """Words and short patterns (regular expressions) in named groups.

    Args:
        source: where they are from.
        checked_on: when they were last held against it; `review_by`: when to do so again.
    """

    title: Text
    source: Text
    checked_on: Day
    review_by: Day
    groups: Mapping[str, tuple[Text, ...]]

    @model_validator(mode="after")
    def _patterns_are_quick(self) -> Self:
        for name, words in self.groups.items():
            for index, word in enumerate(words):
                at = ("groups", name, index)
                if ENDLESS.search(re.sub(r"\[[^\]]*\]", "x", word)):
                    raise FaultError(
                        "this pattern repeats without a limit", "use {0,12} in place of * and +", at
                    )
                try:
                    re.compile(word)
                except re.error as error:
                    raise FaultError(f"not a regular expression: {error}", "check brackets", at) from error
        return self


class Limit(Strict):
    """How much one part of a platform's post may hold.

    Args:
        name: as people call it; `aliases`: other names.
        count: `characters`; `halves` (two Latin letters count as one); `utf16` (units, an emoji counts two); `bytes`.
        topics: how many `#topics`; 0: any number.
        is_short: a comment or title, in which no holding statement fits.
    """

    name: Text
    aliases: tuple[Text, ...] = ()
    limit: int = Field(gt=0)
    least: int = 0
    bytes: int = 0
    count: Literal["characters", "halves", "utf16", "bytes"] = "characters"
    topics: int = 0
    is_short: bool = False
    evidence: Text
    checked_on: Day
    review_by: Day


class Limits(Strict):
    """All limits by id, `weibo` or `weibo.comment`."""

    platforms: Mapping[str, Limit]


@cache
def words(name: str) -> WordList:
    """A word list by its file's stem. Raises PlaybookError."""
    return parse(read_sheet(FOLDER / f"{name}.yaml"), WordList)


class Finder:
    """The words of a group, compiled; `Text.plain` is in small letters, and so are they.

    Args:
        fragments: words and patterns.
    """

    def __init__(self, fragments: Sequence[str]) -> None:
        ordered = [_small(each) for each in sorted(fragments, key=len, reverse=True)]
        self._whole = re.compile("|".join(f"(?:{each})" for each in ordered))
        self._ordered = ordered

    @cached_property
    def _parts(self) -> list[tuple[re.Pattern[str], frozenset[str]]]:
        branches = [branch for each in self._ordered for branch in _branches(each)]
        return [(re.compile(each), needs(each)) for each in branches]

    def finditer(self, text: CheckedText) -> Iterator[re.Match[str]]:
        """Where they stand in a text; in a very long one only those are looked for whose letters it holds."""
        if not text.is_long:
            return self._whole.finditer(text.plain)
        possible = [part for part, needed in self._parts if needed <= text.pairs]
        return merge(*(each.finditer(text.plain) for each in possible), key=lambda found: found.start())

    def is_in(self, text: CheckedText) -> bool:
        """Tell whether one of them stands in a text."""
        return next(self.finditer(text), None) is not None

    def within(self, words: str) -> Iterator[re.Match[str]]:
        """Where they stand in a few words."""
        return self._whole.finditer(words)

    def search(self, words: str) -> re.Match[str] | None:
        """The first of them in a few words."""
        return self._whole.search(words)

    def sub(self, new: str, words: str) -> str:
        """A few words with something else in their place."""
        return self._whole.sub(new, words)


def _small(fragment: str) -> str:
    return re.sub(
        r"\\.|\(\?P<\w+>|[A-Z]", lambda found: found[0].lower() if len(found[0]) == 1 else found[0], fragment
    )


def _branches(fragment: str) -> list[str]:
    """The parts between the bars outside of groups, of which one must be there."""
    found, depth, start = [], 0, 0
    for each in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|[()|]", fragment):
        depth += {"(": 1, ")": -1}.get(each[0], 0)
        if each[0] == "|" and not depth:
            found.append(fragment[start : each.start()])
            start = each.end()
    return [*found, fragment[start:]]


def needs(fragment: str) -> frozenset[str]:
    """Pairs of characters without which a pattern finds nothing, told from what stands outside of its groups."""
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "\0", fragment)
    while "(" in bare:
        shorter = re.sub(r"\([^()]*\)(?:\{[^}]*\}|\?)?", "\0", bare)
        if shorter == bare:
            return frozenset()
        bare = shorter
    if "|" in bare:
        return frozenset()
    bare = re.sub(r".(?:\{[^}]*\}|\?)", "\0", bare)
    runs = re.findall(r"[^\0.^$]+", bare)
    return frozenset(run[place : place + 2] for run in runs for place in range(len(run) - 1))


@cache
def pattern(name: str, group: str) -> Finder:
    """All words of a group. Raises PlaybookError."""
    return Finder(words(name).groups[group])


@cache
def limits() -> Mapping[str, Limit]:
    """The platforms' limits by id. Raises PlaybookError."""
    return parse(read_sheet(FOLDER / "platforms.yaml"), Limits).platforms


def overdue(today: date) -> tuple[str, ...]:
    """The lists that should have been looked at again by now."""
    lists = [path.stem for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "platforms"]
    late = [f"{name}.yaml" for name in lists if words(name).review_by < today]
    return (*late, *(f"platforms.yaml {name}" for name, each in limits().items() if each.review_by < today))
