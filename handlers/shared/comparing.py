"""Whether what stands in public is what was approved: layout aside, to the letter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xFF61: "。", 0xFF64: "、"}
"""Full width to half width (Unicode, Halfwidth and Fullwidth Forms): platforms set one for the other."""
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
LOOSE = re.compile(r"(?<![!-~])\s+|\s+(?![!-~])")
"""White space that parts no two words: Chinese is written without any."""
PIECE = 6
"""Characters of the pieces by which a changed text is found again on a page."""
LEAST = 0.4
"""Of the pieces of a text, how many must be on a page for the page to hold it, if changed."""
NEAR = 60
"""Characters by which pieces of one text may be out of step with each other, at least."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found: the text itself, or what stands in its place."""

    is_same: bool
    found: str = ""


def tidy(text: str) -> str:
    """A text without what layout makes of it: line breaks, blanks, width, what nobody sees."""
    return " ".join(LOOSE.sub("", UNSEEN.sub("", text.translate(WIDTH))).split())


def same(approved: str, found: str) -> bool:
    """Tell whether two texts are the same to the letter."""
    return _bare(tidy(approved)) == _bare(tidy(found))


def find(approved: str, page: str) -> Match | None:
    """Look for a text among all that a page shows; None if the page does not hold it, nor most of it."""
    shown = tidy(page)
    letters = [place for place, letter in enumerate(shown) if letter != " "]
    wanted, there = _bare(tidy(approved)), _bare(shown)
    if not wanted:
        return None
    if wanted in there:
        return Match(is_same=True)
    span = _place(wanted, there)
    if span is None:
        return None
    first, last = span
    return Match(is_same=False, found=shown[letters[first] : letters[last - 1] + 1])


def _bare(text: str) -> str:
    return text.replace(" ", "")


def _place(wanted: str, there: str) -> tuple[int, int] | None:
    """From where to where most pieces of a text stand in step with each other."""
    size = min(PIECE, len(wanted))
    pieces: Mapping[str, int] = {wanted[at : at + size]: at for at in range(len(wanted) - size + 1)}
    # How far a piece is from where it would be if the page were the text: alike for all pieces of one copy.
    hits = sorted(
        (at - pieces[piece], at)
        for at in range(len(there) - size + 1)
        if (piece := there[at : at + size]) in pieces
    )
    width, start, best = max(NEAR, len(wanted) // 2), 0, (0, 0)
    for end, (shift, _) in enumerate(hits):
        while shift - hits[start][0] > width:
            start += 1
        best = max(best, (start, end + 1), key=lambda each: each[1] - each[0])
    cluster = hits[slice(*best)]
    if len({at - shift for shift, at in cluster}) < LEAST * len(pieces):
        return None
    # What was changed at either end stands before the first piece, or behind the last.
    head = min(cluster, key=lambda hit: hit[1])
    tail = max(cluster, key=lambda hit: hit[1])
    after = len(wanted) - (tail[1] - tail[0]) - size
    return max(0, head[0]), min(len(there), tail[1] + size + after)
