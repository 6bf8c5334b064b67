"""What the lexicon and the table know of each pair of characters, worked out when a pair is first met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.sentiment.lexicon import Entry, Hit, Lexicon, outside_codes
from bot.sentiment.result import Reason
from bot.sentiment.table import Table
from bot.sentiment.text import MOST_KEPT, spelt

BEGINS, TELLS, BITS = 1, 1 << 11, 22
"""Below the table's weight stands whether a word of the lexicon may begin with the pair that says something by itself, and whether
the pair is worth showing.

Each has room for the sum of what a thousand pairs say, so that one sum over a text gives all three.
"""


class Known(dict[int, int]):
    """One number for a pair, so that a text costs one look-up a character.

    Args:
        share: what a logit of the table counts for.
    """

    def __init__(self, lexicon: Lexicon, table: Table, share: float) -> None:
        self.lexicon, self.table, self._share = lexicon, table, share
        self._candidates = _Candidates(lexicon)
        self.telling: dict[int, tuple[float, Reason]] = {}
        """Pairs that are worth showing, of those met; a number first that is less for the more telling ones."""

    def __missing__(self, pair: int) -> int:
        characters = spelt(pair)
        known = (self.table.weight(characters) << BITS) + self._tells_something(characters) * BEGINS
        weight = self.table.telling.get(characters)
        if weight is not None:
            worth = round(self._share * weight, 2)
            self.telling[pair] = -abs(worth), Reason(characters, worth, "phrase")
            known += TELLS
        if len(self) < MOST_KEPT:
            self[pair] = known
        return known

    def _tells_something(self, characters: str) -> bool:
        """Tell whether a word may begin here that is not just a comma, or another character that alone says and hides nothing."""
        lengths = self.lexicon.lengths(characters)
        if lengths != (1,):
            return bool(lengths)
        return not self.lexicon.entries[characters[0]].idle

    def all_hits(self, text: str, pairs: Sequence[int]) -> list[Hit]:
        """Find all entries, the idle ones too."""
        return self.hits(text, pairs, range(len(text)), idle=True)

    def hits(
        self, text: str, pairs: Sequence[int], places: Iterable[int], *, idle: bool = False
    ) -> list[Hit]:
        """Find the entries in a normalised text from left to right, the longest first, none inside another.

        Args:
            text: what is searched.
            pairs: its pairs.
            places: where entries may begin.
            idle: tell of idle ones, too.
        """
        found: list[Hit] = []
        entries, candidates = self.lexicon.entries, self._candidates
        over = 0
        for start in places:
            if start < over:
                continue
            for length, sure in candidates[pairs[start]]:
                end = start + length
                entry = sure or entries.get(text[start:end])
                if entry is not None and entry.latin:
                    # Near the text's end a longer piece is cut down to the word, which ends before the piece would.
                    end = start + len(entry.word)
                    entry = entry if _is_whole(text, start, end) else None
                if entry is not None:
                    if idle or not entry.idle:
                        found.append((entry, start, end))
                    over = end
                    break
        return outside_codes(text, found) if "[" in text else found


_Candidate = tuple[int, Entry | None]
"""How long a word may be, and if the pair settles it, which."""


class _Candidates(dict[int, tuple[_Candidate, ...]]):
    """Words of the lexicon that may begin with a pair, the longest first."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def __missing__(self, pair: int) -> tuple[_Candidate, ...]:
        characters = spelt(pair)
        entries = self._lexicon.entries
        found = tuple(
            (length, entries[characters[:length]] if length <= len(characters) else None)
            for length in self._lexicon.lengths(characters)
        )
        if len(self) < MOST_KEPT:
            self[pair] = found
        return found


def _is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether Latin letters are a word of their own: "sb", but not in "usb"."""
    return not (
        (_is_latin(text[start]) and start > 0 and _is_latin(text[start - 1]))
        or (_is_latin(text[end - 1]) and end < len(text) and _is_latin(text[end]))
    )


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
