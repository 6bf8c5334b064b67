"""Makes a stranger's text safe to show, and cuts it without breaking a letter.

Public comments arrive with bidi overrides, zero-width tricks and towers of accents. They must not turn
a card around, hide words in it, or cover the lines above it, on any platform.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 4
"""Combining marks kept on one letter: more than any living script needs, far fewer than a tower of them."""

MAX_BLANK_LINES = 3

_ELLIPSIS = "…"
_JOINER = "\u200d"

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that draw nothing (Unicode `Default_Ignorable_Code_Point`, and the empty Braille cell)."""

_EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"(?<![{_EMOJI}\ufe0f]){_JOINER}|{_JOINER}(?![{_EMOJI}])")
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f)|[\U000e0020-\U000e007f]+")
_ORDINARY = re.compile("[ -~\u2014\u2018-\u201d\u2026\u3000-\u3029\u3041-\u3096\u4e00-\u9fff\uff01-\uff9f]*")
"""What most comments are made of, and all of it is seen; looking at each letter of them would be a waste."""
_NEW_LINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(rf"\n(?:[^\S\n]*\n){{{MAX_BLANK_LINES + 1},}}")

_REACH = 40
"""How far back a cut looks for a whole letter; the longest emoji in use has 14 code points."""


def plain(text: str) -> str:
    """Take out what is not seen: control and bidi characters, zero-width ones, accents beyond reason.

    Emoji sequences, line breaks and tabs stay. Every kind of line break becomes a line feed, and
    gaps of more than `MAX_BLANK_LINES` blank lines are closed up. Doing it twice changes nothing more.
    """
    if _ORDINARY.fullmatch(text):
        return text
    shown = _NEW_LINE.sub("\n", text)
    shown = "".join(c for c in shown if _is_shown(c))
    shown = _TAGS.sub(r"\1", _STRAY_JOINER.sub("", shown))
    return _BLANK_LINES.sub("\n" * (MAX_BLANK_LINES + 1), _fewer_marks(shown))


def shorten(text: str, limit: int) -> str:
    """Cut to `limit` code points, the last an ellipsis, without tearing an emoji, a flag or an accent."""
    if len(text) <= limit:
        return text
    if limit <= 0:
        return ""
    cut = limit - 1
    for place in range(cut, max(cut - _REACH, 0), -1):
        if not _is_inside(text, place):
            cut = place
            break
    return text[:cut].rstrip() + _ELLIPSIS


def _is_shown(char: str) -> bool:
    if char in "\n\t" or char == _JOINER or "\U000e0020" <= char <= "\U000e007f":
        return True
    return char not in _BLANK_LETTERS and unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Me"}


def _fewer_marks(text: str) -> str:
    kept = []
    marks = 0
    for char in text:
        marks = marks + 1 if _is_mark(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _is_inside(text: str, place: int) -> bool:
    """Tell whether `place` lies within one visible letter (Unicode UAX #29, the parts that emoji need)."""
    before, after = text[place - 1], text[place]
    if before == _JOINER or after == _JOINER or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    return _is_flag_half(before) and _is_flag_half(after) and _flag_halves_before(text, place) % 2 == 1


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(text: str, place: int) -> int:
    start = place
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return place - start
