"""Keyword groups: which texts are about the brand at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")


class Wanted:
    """The group of `brand.keywords`: plain = any of, `+` = must, `!` = must not; none = keep all.

    Width, case and invisible characters make no difference, neither in a keyword (`！柚子皮`) nor in a text.
    """

    def __init__(self, keywords: Iterable[str]) -> None:
        words = [_fold(keyword).strip() for keyword in keywords]
        self._must = _after("+", words)
        self._must_not = _after("!", words)
        self._any = tuple(word for word in words if word and word[0] not in "+!")

    def keeps(self, text: str, title: str = "", keyword: str = "") -> bool:
        """Tell whether a text is wanted; `title` and the search `keyword` that found it count as its words."""
        if not (self._must or self._must_not or self._any):
            return True
        said = _fold(f"{text}\n{title}\n{keyword}")
        if any(word in said for word in self._must_not):
            return False
        return all(word in said for word in self._must) and (
            not self._any or any(word in said for word in self._any)
        )


def _after(sign: str, words: Iterable[str]) -> tuple[str, ...]:
    return tuple(rest for word in words if word.startswith(sign) and (rest := word[1:].strip()))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()
