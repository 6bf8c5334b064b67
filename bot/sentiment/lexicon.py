"""The words that carry feeling, read from `lexicon.tsv`, and the search for them in a text.

A mask ("笑死", "差不多") is an entry like any other. Of entries that overlap the leftmost wins and
then the longest, so a harmless phrase swallows the bad word inside it and no second pass is needed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files

from bot.sentiment.text import normalise


class Kind(StrEnum):
    """What a word does in a text."""

    __hash__ = str.__hash__
    """An enum's own is written in Python, and kinds are looked up for every hit."""

    HARM = "harm"
    COMPLAINT = "complaint"
    ANGER = "anger"
    SADNESS = "sadness"
    FEAR = "fear"
    SWEAR = "swear"
    DEMAND = "demand"
    IRONY = "irony"
    PRAISE = "praise"
    JOY = "joy"
    EMOJI = "emoji"
    BRACKET = "bracket"
    NEGATION = "negation"
    DEGREE = "degree"
    TURN = "turn"
    QUESTION = "question"
    DOUBT = "doubt"
    EXPERIENCE = "experience"
    MINOR = "minor"
    SEVERAL = "several"
    FICTION = "fiction"
    FACT = "fact"
    DOCTOR = "doctor"
    MASK = "mask"
    BREAK = "break"
    STOP = "stop"
    PHRASE = "phrase"
    WORDING = "wording"
    SNOWNLP = "snownlp"
    EMPHASIS = "emphasis"


SIMPLE = frozenset(
    {
        Kind.COMPLAINT,
        Kind.ANGER,
        Kind.SADNESS,
        Kind.FEAR,
        Kind.PRAISE,
        Kind.JOY,
        Kind.EMOJI,
        Kind.BRACKET,
        Kind.MASK,
        Kind.BREAK,
        Kind.DOUBT,
        Kind.EXPERIENCE,
        Kind.MINOR,
        Kind.SEVERAL,
        Kind.FICTION,
        Kind.FACT,
        Kind.DOCTOR,
    }
)
"""Kinds that mean the same, or nothing, whatever of these kinds stands around them, unless there is harm."""
MODIFYING = frozenset({Kind.NEGATION, Kind.DEGREE, Kind.TURN, Kind.STOP})
"""Kinds that mean nothing where there is no feeling."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the lexicon.

    Args:
        weight: logits, above zero for negative; a factor for degree, turn and negation.
        harm: severity to people, 0 to 3.
        loose: the harm counts only beside a person, a product or the use of one.
        simple: it needs no look at what stands around it, as long as that is simple too.
        modifies: it needs none as long as there is no feeling.
        asks: the same, but it asks something.
        latin: it begins or ends with a Latin letter or a digit, and so counts only as a word of its own.
        idle: it says nothing where all is simple; but no word inside it counts.
    """

    word: str
    weight: float
    kind: Kind
    harm: float = 0.0
    loose: bool = False
    simple: bool = False
    modifies: bool = False
    asks: bool = False
    latin: bool = False
    idle: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "idle", self.simple and not self.weight and self.kind is not Kind.MASK)


Hit = tuple[Entry, int, int]
"""An entry, and from where to where it stands in the text. A bare tuple, since there are several in every text."""


class LexiconError(Exception):
    """A line of the lexicon cannot be read."""


_CODE = re.compile(r"\[[^\[\]\s]{1,6}\]")


class Lexicon:
    """Entries by word, found by the two characters that they begin with."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Mapping[str, Entry] = {entry.word: entry for entry in entries}
        self._lengths = _lengths(self.entries)

    def lengths(self, pair: str) -> tuple[int, ...]:
        """How long the words are that begin with two characters, the longest first; none for most."""
        return self._lengths.get(pair) or self._lengths.get(pair[0], ())


def outside_codes(text: str, found: list[Hit]) -> list[Hit]:
    """Leave out what stands in a platform's picture code that the lexicon does not know: it says nothing."""
    known = {start for _, start, _ in found}
    inside = [code.span() for code in _CODE.finditer(text) if code.start() not in known]
    return [hit for hit in found if not any(start < hit[1] < end for start, end in inside)]


def _lengths(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = defaultdict(set)
    for word in words:
        found[word[:2]].add(len(word))
    return {
        first: tuple(sorted(lengths | ({1} if first[0] in found else set()), reverse=True))
        for first, lengths in found.items()
    }


_BREAKS = ",;:~、 "
_STOPS = "。!?\n."


@cache
def load() -> Lexicon:
    """Read the lexicon that is shipped. Raises LexiconError with the line at fault."""
    source = files(__package__).joinpath("lexicon.tsv")
    return Lexicon([*parse(source.read_text(encoding="utf-8")), *_punctuation()])


def parse(content: str, name: str = "lexicon.tsv") -> list[Entry]:
    """Read lines of kind, weight and words, parted by tabs. Raises LexiconError with the line at fault."""
    entries: dict[str, Entry] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entries.update(_parse_line(line, entries))
        except ValueError as error:
            raise LexiconError(f"{name}, line {number}: {error}") from error
    return list(entries.values())


def _parse_line(line: str, known: Mapping[str, Entry]) -> dict[str, Entry]:
    if line.count("\t") != 2:
        raise ValueError("write KIND, WEIGHT and WORDS, parted by tabs")
    name, weight, words = line.split("\t")
    name, _, level = name.partition(":")
    kind, harm, loose = Kind(name), float(level.rstrip("?") or 0), level.endswith("?")
    found: dict[str, Entry] = {}
    for word in map(normalise, words.split()):
        if word in known or word in found:
            raise ValueError(f"{word} is listed twice; take it out of one of the lines")
        simple = kind in SIMPLE and not harm
        latin = any(char.isascii() and char.isalnum() for char in (word[0], word[-1]))
        found[word] = Entry(
            word,
            float(weight),
            kind,
            harm,
            loose,
            simple=simple,
            modifies=kind in MODIFYING,
            asks=kind is Kind.QUESTION,
            latin=latin,
        )
    return found


def _punctuation() -> Iterator[Entry]:
    for sign in _BREAKS:
        yield Entry(sign, 0.0, Kind.BREAK, simple=True)
    for sign in _STOPS:
        yield Entry(sign, 0.0, Kind.STOP, simple=sign != "?", modifies=True)
