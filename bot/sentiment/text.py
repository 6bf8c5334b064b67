"""Bring a text into the one form that the lexicon and the table are written in."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import pairwise

HEAD, TAIL = 700, 300
"""Characters of a long text that are read: how it begins and how it ends tell what it wants."""

NAME = "\ue000"
"""Stands for a brand's name (private use area), so that nothing in the name is found and nothing reaches across it."""
EDGE = "\ue001"
"""Stands before and after a text, so that "the first character is 不" is a pair like any other."""

MOST_KEPT = 60_000
"""What is remembered of characters or pairs met: what strangers send must not fill the memory."""
_CONTROL = (*range(0x09), *range(0x0B, 0x20), 0x7F, 0x85)
_FORMAT = (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
_EMOJI_VARIANTS = (0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400))
_UNSEEN = frozenset((*_CONTROL, *_FORMAT, *_EMOJI_VARIANTS))
"""Control and bidi characters, zero widths, and what only changes an emoji's looks."""

_NOT_SAID = re.compile(rf"https?://[^\s{EDGE}]+|(?:回复)?@[^\s:@,{EDGE}]{{1,30}}[:\s]?")
_WIDE = f"utf-32-{sys.byteorder[0]}e"
"""Every character takes the same four bytes, so that two neighbours read as one number of eight."""
_ISLANDS = re.compile(
    r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?:[ .*·/_-][\u4e00-\u9fff])+(?![\u4e00-\u9fff])"
    r"|(?<=[\u4e00-\u9fff])[*·_](?=[\u4e00-\u9fff])"
)
_GAP = re.compile(r"[ .*·/_-][\u4e00-\u9fff]")
"""Where there is none, there are no islands, and that is seen sooner."""
_APART = re.compile(r"[ .*·/_-]")
_FULL_WIDTH = tuple(zip("，！？：；（）", ",!?:;()", strict=True))
"""What is in nearly every text. To replace them one by one takes a third of the time that it takes to look at each character."""
_SAME = r"\n -@\[-~、。\ue000\ue001"
"""What stays as it is, besides simplified Chinese; a class of a regular expression."""


def normalise(text: str) -> str:
    """Make a text half-width, lower case and simplified.

    Invisible characters, addresses and names called with @ are left out; "垃 圾" and "骗*子" are put together.
    """
    return _in_form(_bounded(text))


def normalise_many(texts: Iterable[str]) -> str:
    """Make texts so, in one go; an edge stands between them."""
    return _in_form(EDGE.join(map(_bounded, texts)))


def _bounded(text: str) -> str:
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    return text.replace(EDGE, "")


def _in_form(text: str) -> str:
    for wide, narrow in _FULL_WIDTH:
        text = text.replace(wide, narrow)
    plain = _others().sub(_formed, text)
    if "@" in plain or "://" in plain:
        plain = _NOT_SAID.sub(" ", plain)
    if _GAP.search(plain):
        plain = EDGE.join([_put_together(part) if _GAP.search(part) else part for part in plain.split(EDGE)])
    return plain


def _formed(match: re.Match[str]) -> str:
    return match[0].translate(_forms())


def _put_together(text: str) -> str:
    return _ISLANDS.sub(lambda match: _APART.sub("", match.group()), text)


def pairs(text: str) -> list[int]:
    """Each character of a normalised text with the one behind it, the last with the text's edge, as one number.

    Numbers are made and looked up some three times as fast as strings of two characters.
    """
    count = len(text)
    found = [0] * count
    wide = memoryview(f"{text}{EDGE}".encode(_WIDE, "surrogatepass"))
    found[::2] = wide[: (count + 1) // 2 * 8].cast("Q")
    found[1::2] = wide[4 : count // 2 * 8 + 4].cast("Q")
    return found


def spelt(pair: int) -> str:
    """The two characters of a pair."""
    return pair.to_bytes(8, sys.byteorder).decode(_WIDE, "surrogatepass")


class _Forms(dict[int, str]):
    """The form of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if code in _UNSEEN:
            form = ""
        elif char.isspace():
            form = " "
        else:
            form = unicodedata.normalize("NFKC", char).lower()
        if len(self) < MOST_KEPT:
            self[code] = form
        return form


@cache
def _forms() -> _Forms:
    forms = _Forms({0x0A: "\n"})
    lines = files(__package__).joinpath("traditional.tsv").read_text("utf-8").splitlines()
    forms.update((ord(line[0]), line[2]) for line in lines if not line.startswith("#"))
    return forms


@cache
def _others() -> re.Pattern[str]:
    """What may have another form: all but simplified Chinese and what stays the same."""
    traditional = sorted(
        code for code, form in _forms().items() if 0x4E00 <= code <= 0x9FFF and form != chr(code)
    )
    simplified = "".join(
        f"{chr(before + 1)}-{chr(after - 1)}"
        for before, after in pairwise((0x4DFF, *traditional, 0xA000))
        if after - before > 1
    )
    return re.compile(f"[^{_SAME}{simplified}]+")
