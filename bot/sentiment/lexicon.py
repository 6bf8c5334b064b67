"""The words that carry feeling, read from `lexicon.tsv`, and the search for them in a text.

A mask ("笑死", "差不多") is an entry like any other. Of entries that overlap the leftmost wins and
then the longest, so a harmless phrase swallows the bad word inside it and no second pass is needed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from bot.sentiment.text import MOST_KEPT, normalise


class Kind(StrEnum):
    """What a word does in a text."""

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
    """

    word: str
    weight: float
    kind: Kind
    harm: float = 0.0
    loose: bool = False
    simple: bool = False
    modifies: bool = False


Hit = tuple[Entry, int, int]
"""An entry, and from where to where it stands in the text. A bare tuple, since there are several in every text."""


class LexiconError(Exception):
    """A line of the lexicon cannot be read."""


LATIN = "\u2000"
"""Letters below this are Latin."""
_CODE = re.compile(r"\[[^\[\]\s]{1,6}\]")


class Lexicon:
    """Entries by word, found by the two characters that they begin with."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: Mapping[str, Entry] = {entry.word: entry for entry in entries}
        self._lengths = _Lengths(self._entries)

    def entries(self) -> Iterable[Entry]:
        """All of them."""
        return self._entries.values()

    def hits(self, text: str, pairs: Iterable[str]) -> list[Hit]:
        """Find the entries in a normalised text from left to right, the longest first, none inside another.

        Args:
            text: what is searched.
            pairs: its characters, each with the one behind it (`text.pairs`).
        """
        found: list[Hit] = []
        entries, lengths = self._entries, self._lengths
        over, size = 0, len(text)
        for start, possible in enumerate(map(lengths.__getitem__, pairs)):
            if not possible or start < over:
                continue
            for length in possible:
                end = start + length
                entry = entries.get(text[start:end])
                if entry is not None and end <= size and (entry.word > LATIN or _is_whole(text, start, end)):
                    found.append((entry, start, end))
                    over = end
                    break
        return _outside_codes(text, found) if "[" in text else found


def _outside_codes(text: str, found: list[Hit]) -> list[Hit]:
    """Leave out what stands in a platform's picture code that the lexicon does not know: it says nothing."""
    known = {start for _, start, _ in found}
    inside = [code.span() for code in _CODE.finditer(text) if code.start() not in known]
    return [hit for hit in found if not any(start < hit[1] < end for start, end in inside)]


class _Lengths(dict[str, tuple[int, ...]]):
    """How long the words are that begin with a pair of characters, the longest first; none for most pairs."""

    def __init__(self, words: Iterable[str]) -> None:
        found: dict[str, set[int]] = defaultdict(set)
        for word in words:
            found[word[:2]].add(len(word))
        self._alone = frozenset(word for word in found if len(word) == 1)
        super().__init__(
            (first, tuple(sorted(lengths | ({1} if first[0] in self._alone else set()), reverse=True)))
            for first, lengths in found.items()
        )

    def __missing__(self, pair: str) -> tuple[int, ...]:
        lengths = (1,) if pair[0] in self._alone else ()
        if len(self) < MOST_KEPT:
            self[pair] = lengths
        return lengths


_BREAKS = ",;:~、 "
_STOPS = "。!?\n."


def _is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether Latin letters are a word of their own: "sb", but not in "usb"."""
    return not (
        (_is_latin(text[start]) and start > 0 and _is_latin(text[start - 1]))
        or (_is_latin(text[end - 1]) and end < len(text) and _is_latin(text[end]))
    )


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


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
        found[word] = Entry(word, float(weight), kind, harm, loose, simple, kind in MODIFYING)
    return found


def _punctuation() -> Iterator[Entry]:
    for sign in _BREAKS:
        yield Entry(sign, 0.0, Kind.BREAK, simple=True)
    for sign in _STOPS:
        yield Entry(sign, 0.0, Kind.STOP, simple=sign != "?", modifies=True)
