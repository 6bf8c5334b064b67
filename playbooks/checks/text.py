"""A text as the checks read it: as a person sees it, whatever characters it is made of.

Zero-width characters, right-to-left controls, full-width digits, Cyrillic letters that look Latin and Traditional
characters hide nothing: the checks search `plain`, and every place in it leads back to the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from opencc import OpenCC

HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0001-\U000e007f]"
)
"""What takes no room or turns the direction (Unicode: Default_Ignorable_Code_Point and Bidi_Control)."""
SPACED = re.compile(
    r"(?<=[\u4e00-\u9fff])[ ·.*_](?=[\u4e00-\u9fff][ ·.*_][\u4e00-\u9fff])|(?<=[\u4e00-\u9fff][ ·.*_][\u4e00-\u9fff])[ ·.*_](?=[\u4e00-\u9fff])"
)
"""The gaps in 「绝 对 没 有」."""
END = re.compile(r"[。！？!?；;\n…]+|(?<=[A-Za-z)”’\"'])\.(?=\s|$)")
"""What ends a sentence; an English one ends with a full stop behind a word."""
COMMA = re.compile(rf"[，,：:、]|{END.pattern}")
REACH = 200
"""Characters looked at on each side, so that a text of one endless sentence takes no longer than any other."""
LONG = 50_000
"""Characters; far above any statement."""
LONGEST_RUN = 64
RUNS = re.compile(rf"[A-Za-z0-9]{{{LONGEST_RUN},}}|(.)\1{{{LONGEST_RUN},}}", re.DOTALL)
"""Nobody reads further in a run of letters and digits, or of the same character."""
TRADITIONAL = re.compile(
    "[們個這為與對來時會後說無實處過還將產質檢關應負責賠償歉導據確認嚴謠傳謝價優惠買賣廠員調查進網絕證從並]"
)

LOOKALIKES = str.maketrans(
    "аеорсухАВЕКМНОРСТХіѕјԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαν",
    "aeopcyxABEKMHOPCTXisjdhqwABEZHIKMNOPTYXoav",
)
"""Cyrillic and Greek letters that are drawn like Latin ones (Unicode UTS #39, confusables)."""
MIXED = re.compile(
    r"[A-Za-z0-9]{0,20}[\u0370-\u03ff\u0400-\u052f][A-Za-z0-9\u0370-\u03ff\u0400-\u052f]{0,20}"
)


def _stand_ins() -> dict[int, str]:
    """Characters that stand for one Latin letter, digit or Han character each: full-width, circled, mathematical, radicals."""
    ranges = (
        (0xB2, 0xB9), (0x660, 0x669), (0x6F0, 0x6F9), (0x2070, 0x2089), (0x2460, 0x2468), (0x24B6, 0x24E9),
        (0x2E80, 0x2FD5), (0xF900, 0xFAFF), (0xFF05, 0xFF05), (0xFF0B, 0xFF0B), (0xFF0D, 0xFF0D), (0xFF10, 0xFF19),
        (0xFF20, 0xFF3A), (0xFF3F, 0xFF3F), (0xFF41, 0xFF5A), (0x1D400, 0x1D7FF),
    )  # fmt: skip
    found = {}
    for first, last in ranges:
        for code in range(first, last + 1):
            digit = unicodedata.digit(chr(code), None)
            plain = unicodedata.normalize("NFKC", chr(code)) if digit is None else str(digit)
            if len(plain) == 1 and plain != chr(code):
                found[code] = plain
    return found


STAND_INS = _stand_ins()


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@dataclass(frozen=True)
class Sentence:
    """A sentence, or the part of a very long one around a place: its words and where they begin."""

    text: str
    start: int


class Text:
    """What is checked.

    Args:
        raw: as it was written.
    """

    def __init__(self, raw: str) -> None:
        self.raw = raw
        straight = raw.translate(STAND_INS) if not raw.isascii() else raw
        straight = _without_lookalikes(straight)
        gaps = _gaps(straight)
        self.plain = _lower(_simplified(_without(straight, gaps)))
        # the places in `plain` before which something was left out, and how much up to there
        self._moves: list[int] = []
        self._left_out = [0]
        for start, end in gaps:
            self._moves.append(start - self._left_out[-1])
            self._left_out.append(self._left_out[-1] + end - start)

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Where a piece of `plain` stands in the text as it was written."""
        first = start + self._left_out[bisect_right(self._moves, start)]
        if end <= start:
            return first, first
        return first, end + self._left_out[bisect_right(self._moves, end - 1)]

    @cached_property
    def is_long(self) -> bool:
        """Tell whether it pays to leave out the words that cannot stand in the text."""
        return len(self.plain) > LONG

    @cached_property
    def pairs(self) -> frozenset[str]:
        """All pairs of neighbouring characters."""
        return frozenset(map("".join, zip(self.plain, self.plain[1:], strict=False)))

    @cached_property
    def _ends(self) -> list[int]:
        return [each.end() for each in END.finditer(self.plain)]

    def sentence(self, at: int) -> Sentence:
        """The sentence around a place."""
        place = bisect_right(self._ends, at)
        start = self._ends[place - 1] if place else 0
        end = self._ends[place] if place < len(self._ends) else len(self.plain)
        start, end = max(start, at - REACH), min(end, at + REACH)
        return Sentence(self.plain[start:end], start)

    def sentences(self) -> Iterator[Sentence]:
        """All sentences, whole."""
        start = 0
        for end in [*self._ends, len(self.plain)]:
            if end > start:
                yield Sentence(self.plain[start:end], start)
            start = end

    def clause(self, at: int) -> Sentence:
        """The words between the commas around a place."""
        whole = self.sentence(at)
        here, start, end = at - whole.start, 0, len(whole.text)
        for each in COMMA.finditer(whole.text):
            if each.end() <= here:
                start = each.end()
            else:
                end = each.start() if each.start() >= here else end
                break
        return Sentence(whole.text[start:end], whole.start + start)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(each.end() for each in re.finditer("\n", self.raw))]

    def line_and_column(self, at: int) -> tuple[int, int]:
        """The line and column of a place in the text as it was written, both from 1."""
        line = bisect_left(self._line_starts, at + 1)
        return line, at - self._line_starts[line - 1] + 1

    @cached_property
    def first_line(self) -> Sentence:
        """The first line that says anything."""
        found = re.search(r"[^\s].{0,199}", self.plain)
        return Sentence(found[0], found.start()) if found else Sentence("", 0)


def _gaps(text: str) -> list[tuple[int, int]]:
    """The pieces that are left out: what is not seen, gaps between spaced characters, the rest of endless runs."""
    found = [each.span() for pattern in (HIDDEN, SPACED) for each in pattern.finditer(text)]
    if len(text) > LONG:
        found += [(each.start() + LONGEST_RUN, each.end()) for each in RUNS.finditer(text)]
    gaps: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if gaps and start <= gaps[-1][1]:
            gaps[-1] = (gaps[-1][0], max(end, gaps[-1][1]))
        else:
            gaps.append((start, end))
    return gaps


def _without(text: str, gaps: list[tuple[int, int]]) -> str:
    if not gaps:
        return text
    parts, at = [], 0
    for start, end in gaps:
        parts.append(text[at:start])
        at = end
    return "".join(parts) + text[at:]


def _lower(text: str) -> str:
    small = text.lower()
    return (
        small
        if len(small) == len(text)
        else "".join(low if len(low := each.lower()) == 1 else each for each in text)
    )


def _without_lookalikes(text: str) -> str:
    """Read Cyrillic and Greek letters as Latin where they stand among Latin ones, so that Russian stays Russian."""
    if not re.search("[\u0370-\u052f]", text):
        return text
    return MIXED.sub(lambda found: found[0].translate(LOOKALIKES) if mixes(found[0]) else found[0], text)


def mixes(word: str) -> bool:
    """Tell whether a word mixes Latin letters with others that look like them."""
    return bool(re.search("[A-Za-z]", word)) and word.translate(LOOKALIKES) != word


def _simplified(text: str) -> str:
    if not TRADITIONAL.search(text):
        return text
    lines = text.split("\n")
    told = [(line, _simplifier().convert(line)) for line in lines]
    return "\n".join(after if len(after) == len(before) else before for before, after in told)
