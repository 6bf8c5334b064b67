"""What a comment is about, whatever words it is said in: the trouble, the thing, and the other words that set it apart.

`matters.yaml` says which words mean the same. What a text is about is a set of marks: `trouble:spoilt`, `thing:food:cake`,
`call:refund`, and plain words for what no line of the file knows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from itertools import product
from operator import add
from pathlib import Path

import yaml

from playbooks.matching import plain

FILE = Path(__file__).with_name("matters.yaml")
GAP = 8
"""Characters that may stand between the two parts of a phrase."""
LONGEST_SECOND = 8
"""Characters of a second part that are looked for."""
NEAR = 30
"""Characters around the first part in which a second part counts that may stand anywhere."""
REACH = 5
"""Characters before a phrase in which it may be denied."""
TROUBLE, GRUMBLE, FIELD, THING = "trouble:", "grumble:", "field:", "thing:"
CALL, POST, TYPE = "call:", "post:", "type:"
"""What marks begin with; a grumble is a trouble that is met anywhere, a field what related troubles have in common (`field:food`)."""
KIND, ANY, CITY = "kind:", "any", "city:"
"""What marks begin with that tell one kind of a trouble or a thing from another (`kind:trouble:bug:rat`), and words for all kinds."""
SUBJECTS = tuple(f"{THING}{group}:" for group in ("food", "ware", "place", "staff", "media"))
WORD_WEIGHT = 0.8
WEIGHTS = {
    TROUBLE: 2.0,
    GRUMBLE: 1.5,
    FIELD: 0.5,
    THING: 1.2,
    CALL: 0.3,
    POST: 1.5,
    TYPE: 0.8,
    KIND: 1.0,
    CITY: 0.5,
}
"""What a mark that two texts share counts for. What went wrong tells most, what people ask for next to nothing."""
MOST_MARKS = 40

_SIGN = re.compile("([…&])")
_CLAUSE_END = re.compile(r"[，。！？!?,；;、\n]")
_DENIAL = re.compile(r"(?<![是差])(没|没有|不|不会|未|无|毫无)(再|怎么|那么|发现|遇到|出现|见过|任何|容易)?$")


class Phrasebook:
    """Finds marks in texts.

    Args:
        data: as in `matters.yaml`.
    """

    def __init__(self, data: Mapping[str, Mapping[str, object]]) -> None:
        self._marks: dict[str, set[str]] = defaultdict(set)
        self._behind: dict[str, dict[str, list[tuple[str, set[str]]]]] = defaultdict(dict)
        self._beside: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
        for marks, phrases in _lines(data):
            for phrase in _folded(phrases):
                first, sign, second = (*_SIGN.split(phrase, maxsplit=1), "", "")[:3]
                for one, other in product(first.split("|"), second.split("|")):
                    if other and sign == "&":
                        self._beside[one].append((other, marks))
                    elif other:
                        self._behind[one].setdefault(other[0], []).append((other, marks))
                    else:
                        self._marks[one] |= marks
        self._masks = frozenset(str(data["masks"]).split())
        self._lengths = _lengths((*self._marks, *self._behind, *self._beside, *self._masks))

    def find(self, text: str, words: Iterable[str]) -> tuple[set[str], set[str]]:
        """The marks of a text, and the phrases that bear them.

        Args:
            text: normalised.
            words: the same text cut into words; a single character counts only as one of them.
        """
        found: set[str] = set()
        said = {word for word in words if word in self._marks}
        for word in said:
            if len(word) == 1:
                found |= self._marks[word]
        masked = 0
        for start, pair in enumerate(map(add, text, text[1:] + " ")):
            for length in self._lengths.get(pair, ()) + self._lengths.get(pair[0], ()):
                part = text[start : start + length]
                if part in self._masks:
                    masked = max(masked, start + length)
                met = self._marks.get(part) if length > 1 else None
                if met and start + length > masked:
                    said.add(part)
                    found |= met if not _is_denied(text, start) else _but_troubles(met)
                if part in self._behind or part in self._beside:
                    met = set(self._in_two(part, text, start))
                    found |= met if met and not _is_denied(text, start) else set()
        return found, said

    def _in_two(self, first: str, text: str, start: int) -> Iterator[str]:
        """The marks of the phrases whose first part stands there and whose second part stands where it must."""
        after = start + len(first)
        end = _CLAUSE_END.search(text, after, after + GAP + LONGEST_SECOND)
        rest = text[after : end.start() if end else after + GAP + LONGEST_SECOND]
        behind = self._behind.get(first, {})
        for gap, char in enumerate(rest[: GAP + 1]):
            for second, marks in behind.get(char, ()):
                if rest.startswith(second, gap):
                    yield from marks
        if first in self._beside:
            around = f"{text[max(0, start - NEAR) : start]}\n{text[after : after + NEAR]}"
            for second, marks in self._beside[first]:
                if second in around:
                    yield from marks


def _folded(phrases: Iterable[str]) -> list[str]:
    """Phrases in plain form, but for their ellipses, which folding the width would break up."""
    return "…".join(map(plain, " ".join(phrases).split("…"))).split()


def _lengths(phrases: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """How long the phrases are that begin with a pair of characters, or are one; the longest first."""
    found: dict[str, set[int]] = defaultdict(set)
    for phrase in phrases:
        found[phrase[:2]].add(len(phrase))
    return {first: tuple(sorted(lengths, reverse=True)) for first, lengths in found.items()}


def _is_denied(text: str, start: int) -> bool:
    """Tell whether what stands there is said not to be: `没有发霉`; but not `是不是发霉`, and not `不干净`, which is a phrase itself."""
    return bool(_DENIAL.search(text, max(0, start - REACH), start))


def _but_troubles(marks: Set[str]) -> set[str]:
    return {mark for mark in marks if not mark.startswith((TROUBLE, GRUMBLE, FIELD, f"{KIND}{TROUBLE}"))}


def _lines(data: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[set[str], list[str]]]:
    for field, troubles in _folders(data["troubles"]):
        for name, phrases in troubles.items():
            yield from _kinds(f"{TROUBLE}{name}", {f"{FIELD}{field}"}, phrases)
    for group, things in _folders(data["things"]):
        for name, phrases in things.items():
            yield from _kinds(f"{THING}{group}:{name}", set(), phrases)
    for begin, lines in ((GRUMBLE, data["grumbles"]), (CALL, data["calls"])):
        for name, phrases in lines.items():
            yield from _kinds(f"{begin}{name}", set(), phrases)
    for city in str(data["cities"]).split():
        yield {f"{CITY}{city}"}, [city]


def _kinds(mark: str, more: set[str], phrases: object) -> Iterator[tuple[set[str], list[str]]]:
    if not isinstance(phrases, Mapping):
        yield {mark, *more}, str(phrases).split()
        return
    for kind, words in phrases.items():
        yield {mark, *more, *(() if kind == ANY else (f"{KIND}{mark}:{kind}",))}, str(words).split()


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
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times as fast, where libyaml is at hand
    return Phrasebook(yaml.load(FILE.read_text(encoding="utf-8"), loader))  # noqa: S506 (both are safe)
