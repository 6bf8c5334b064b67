"""What a comment is about, whatever words it is said in: the trouble, the thing, and the other words that set it apart.

`matters.yaml` says which words mean the same. What a text is about is a set of marks: `trouble:spoilt`, `thing:food:cake`,
`call:refund`, and plain words for what no line of the file knows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from playbooks.matching import plain

FILE = Path(__file__).with_name("matters.yaml")
GAP = 8
"""Characters that may stand between the two parts of a phrase."""
TROUBLE, FIELD, THING, CALL, POST, TYPE = "trouble:", "field:", "thing:", "call:", "post:", "type:"
"""The kinds of marks; a field is what related troubles have in common (`field:food`)."""
SUBJECTS = tuple(f"{THING}{group}:" for group in ("food", "ware", "place", "staff", "media"))
WORD_WEIGHT = 0.8
WEIGHTS = {TROUBLE: 2.0, FIELD: 0.5, THING: 1.2, CALL: 0.3, POST: 1.5, TYPE: 0.8}
"""What a mark that two texts share counts for. What went wrong tells most, what people ask for next to nothing."""
MOST_MARKS = 40

_CLAUSE_END = re.compile(r"[，。！？!?,；;、\n]")


class Phrasebook:
    """Finds marks in texts.

    Args:
        data: as in `matters.yaml`.
    """

    def __init__(self, data: Mapping[str, Mapping[str, object]]) -> None:
        self._marks: dict[str, set[str]] = defaultdict(set)
        self._second: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
        for marks, phrases in _lines(data):
            for phrase in phrases:
                first, _, second = phrase.partition("…")  # which folding the width would break up
                if second:
                    self._second[plain(first)].append((plain(second), marks))
                else:
                    self._marks[plain(first)] |= marks
        self._longest = max(map(len, (*self._marks, *self._second)), default=0)

    def knows(self, word: str) -> bool:
        """Tell whether a word is one of the file's."""
        return word in self._marks

    def marks(self, text: str, words: Iterable[str]) -> set[str]:
        """The marks of a text. `words`: the same text cut into words; a single character counts only as one of them."""
        text = plain(text)
        found: set[str] = set()
        for word in words:
            if len(word) == 1 and word in self._marks:
                found |= self._marks[word]
        for start in range(len(text)):
            for end in range(start + 1, min(start + self._longest, len(text)) + 1):
                part = text[start:end]
                if end - start > 1 and part in self._marks:
                    found |= self._marks[part]
                if part in self._second:
                    found.update(self._with_gap(part, text[end : end + GAP + self._longest]))
        return found

    def _with_gap(self, first: str, after: str) -> Iterator[str]:
        rest = _CLAUSE_END.split(after, maxsplit=1)[0]
        for second, marks in self._second[first]:
            if 0 <= rest.find(second) <= GAP:
                yield from marks


def _lines(data: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[set[str], list[str]]]:
    for field, troubles in _folders(data["troubles"]):
        for name, phrases in troubles.items():
            yield {f"{TROUBLE}{name}", f"{FIELD}{field}"}, str(phrases).split()
    for group, things in _folders(data["things"]):
        for name, phrases in things.items():
            yield {f"{THING}{group}:{name}"}, str(phrases).split()
    for name, words in data["calls"].items():
        yield {f"{CALL}{name}"}, str(words).split()


def _folders(data: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    assert isinstance(data, Mapping)
    yield from data.items()


def subjects(marks: Iterable[str]) -> set[str]:
    """Those of the marks that name what a complaint is about: food, wares, places, people, what was published."""
    return {mark for mark in marks if mark.startswith(SUBJECTS)}


def weight(mark: str) -> float:
    """What a mark counts for when it is shared."""
    head, colon, _ = mark.partition(":")
    return WEIGHTS.get(head + colon, WORD_WEIGHT)


@cache
def phrasebook() -> Phrasebook:
    """The bundled one."""
    return Phrasebook(yaml.safe_load(FILE.read_text(encoding="utf-8")))
