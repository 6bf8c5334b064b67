"""What an edit changed, in a few lines: `…更新时间：−〔18:00〕＋〔19:30〕 前…`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from handlers.kit.cards import cut

SENTENCE = re.compile(r"[^。！？!?；\n]*(?:[。！？!?；\n]+|$)")
TOKEN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:：%,/-]*[A-Za-z0-9%])?|.", re.DOTALL)
"""A number or a Latin word is one thing; so is each Chinese character."""
AROUND = 8
"""Tokens shown on each side of what changed."""
APART = 3
"""Changes with fewer tokens between them are shown as one: single characters that two words share tell nothing."""
LONGEST = 60
"""Characters of one side of a change; the versions hold it whole."""
MOST_SENTENCES = 400
MOST_PAIRS = 160_000
"""Comparing costs the product of both lengths; what is longer is shown as changed as a whole."""

Hunk = tuple[int, int, int, int]
"""From and to in the old tokens, from and to in the new ones."""


def difference(old: str, new: str) -> list[str]:
    """One line for each place that changed."""
    before, after = (SENTENCE.findall(text) for text in (old, new))
    if len(before) > MOST_SENTENCES or len(after) > MOST_SENTENCES:
        return list(_within([old], [new]))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [
        line
        for kind, first, last, start, end in matcher.get_opcodes()
        if kind != "equal"
        for line in _within(before[first:last], after[start:end])
    ]


def _within(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """The changes within neighbouring sentences."""
    before, after = (TOKEN.findall("".join(each)) for each in (old, new))
    for first, last, start, end in _hunks(before, after):
        gone, come = _words(before[first:last]), _words(after[start:end])
        if gone or come:
            left, right = before[max(0, first - AROUND) : first], before[last : last + AROUND]
            marks = (f"−〔{gone}〕" if gone else "") + (f"＋〔{come}〕" if come else "")
            yield re.sub(r"\s+", " ", "".join((*left, marks, *right))).strip()


def _hunks(before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    if len(before) * len(after) > MOST_PAIRS:
        return [(0, len(before), 0, len(after))]
    hunks: list[Hunk] = []
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if hunks and first - hunks[-1][1] < APART:
            hunks[-1] = (hunks[-1][0], last, hunks[-1][2], end)
        else:
            hunks.append((first, last, start, end))
    return hunks


def _words(tokens: Sequence[str]) -> str:
    return cut("".join(tokens), LONGEST)
