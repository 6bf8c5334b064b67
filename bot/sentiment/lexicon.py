"""The words that carry feeling, read from `lexicon.tsv`, and the search for them in a text.

A mask ("笑死", "差不多") is an entry like any other. Of entries that overlap the leftmost wins and
then the longest, so a harmless phrase swallows the bad word inside it and no second pass is needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import emoji
from opencc import OpenCC

HEAD, TAIL = 700, 300
"""Characters of a long text that are read: how it begins and how it ends tell what it wants."""


class Kind(StrEnum):
    """What a word does in a text."""

    HARM = "harm"
    COMPLAINT = "complaint"
    ANGER = "anger"
    SWEAR = "swear"
    DEMAND = "demand"
    IRONY = "irony"
    PRAISE = "praise"
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
    SNOWNLP = "snownlp"
    EMPHASIS = "emphasis"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the lexicon.

    Args:
        weight: logits, above zero for negative; a factor for degree, turn and negation.
        harm: severity to people, 0 to 3.
        loose: the harm counts only beside a person, a product or the use of one.
    """

    word: str
    weight: float
    kind: Kind
    harm: float = 0.0
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry where it stands in the text."""

    entry: Entry
    start: int
    end: int


class LexiconError(Exception):
    """A line of the lexicon cannot be read."""


_CODE = re.compile(r"\[[^\[\]\s]{1,6}\]")
_UNLISTED = Entry("[]", 0.0, Kind.MASK)
"""A platform's picture code that the lexicon does not know: it says nothing, nor do the words in it."""


class Lexicon:
    """Entries by word. Looking up slices by first character is five times as fast as one `re` alternation."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: Mapping[str, Entry] = {entry.word: entry for entry in entries}
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._entries:
            lengths[word[0]].add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def hits(self, text: str) -> list[Hit]:
        """Find the entries in a normalised text from left to right, the longest first, none inside another."""
        found: list[Hit] = []
        start, end = 0, len(text)
        while start < end:
            hit = self._hit_at(text, start) if text[start] in self._lengths else None
            if hit is not None:
                found.append(hit)
                start = hit.end
            else:
                start += 1
        return found

    def _hit_at(self, text: str, start: int) -> Hit | None:
        for length in self._lengths[text[start]]:
            end = start + length
            entry = self._entries.get(text[start:end])
            if entry is not None and end <= len(text) and _is_whole(text, start, end):
                return Hit(entry, start, end)
        if text[start] == "[" and (code := _CODE.match(text, start)):
            return Hit(_UNLISTED, start, code.end())
        return None


_CONTROL = (*range(0x09), *range(0x0B, 0x20), 0x7F)
_FORMAT = (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
_EMOJI_VARIANTS = (0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400))
_UNSEEN: Mapping[int, str | None] = {**dict.fromkeys((*_CONTROL, *_FORMAT, *_EMOJI_VARIANTS)), 0x09: " "}
"""Control and bidi characters, zero widths, and what only changes an emoji's looks."""

_NOT_SAID = re.compile(r"https?://\S+|(?:回复)?@[^\s:@,]{1,30}[:\s]?")
_ISLANDS = re.compile(
    r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?:[ .*·/_-][\u4e00-\u9fff])+(?![\u4e00-\u9fff])"
    r"|(?<=[\u4e00-\u9fff])[*·_](?=[\u4e00-\u9fff])"
)
_RUNS = re.compile(r"(.)\1{3,}", re.DOTALL)
_BREAKS = ",;:~、 "
_STOPS = "。!?\n."


def normalise(text: str) -> str:
    """Bring a text into the form that the lexicon is written in.

    Half-width, lower case, simplified, without invisible characters, addresses and names called
    with @; "垃 圾" and "骗*子" are put together, and runs of one character cut to three.
    """
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    text = unicodedata.normalize("NFKC", text).translate(_UNSEEN).lower()
    if not _traditional().isdisjoint(text):
        text = _converter().convert(text)
    if "@" in text or "://" in text:
        text = _NOT_SAID.sub(" ", text)
    text = _ISLANDS.sub(lambda match: re.sub(r"[ .*·/_-]", "", match.group()), text)
    return _RUNS.sub(r"\1\1\1", text)[: HEAD + TAIL]


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
    kind, weight, words = line.split("\t")
    kind, _, level = kind.partition(":")
    harm, loose = float(level.rstrip("?") or 0), level.endswith("?")
    found: dict[str, Entry] = {}
    for word in map(_written, words.split()):
        if word in known or word in found:
            raise ValueError(f"{word} is listed twice; take it out of one of the lines")
        found[word] = Entry(word, float(weight), Kind(kind), harm, loose)
    return found


def _written(word: str) -> str:
    """Turn `:呕吐:` into the emoji of that (Chinese CLDR) name, and any word into its normal form."""
    if len(word) > 2 and word[0] == word[-1] == ":":
        sign = emoji.emojize(word, language="zh")
        if sign == word:
            raise ValueError(f"no emoji is called {word}")
        return normalise(sign)
    return normalise(word)


def _punctuation() -> Iterator[Entry]:
    for sign in _BREAKS:
        yield Entry(sign, 0.0, Kind.BREAK)
    for sign in _STOPS:
        yield Entry(sign, 0.0, Kind.STOP)


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _traditional() -> frozenset[str]:
    """Characters that simplify to another one: the cheap test whether a text needs conversion at all."""
    characters = [chr(code) for code in range(0x4E00, 0xA000)]
    simplified = _converter().convert("\n".join(characters)).split("\n")
    return frozenset(old for old, new in zip(characters, simplified, strict=True) if old != new)
