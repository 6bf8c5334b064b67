"""SnowNLP's second opinion, for texts in which the lexicon sees little.

It has read book, hotel and phone reviews: good on those, near a coin on talk. So it is one
weighted sign among others and is asked late: the import takes two seconds and 400 MB, and
it reads some 500 texts a second.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache

LONGEST = 200
"""Characters it is given: its time grows faster than the text (16 ms for 100 without punctuation, 417 ms for 2,000)."""

_HAN = re.compile(r"[\u4e00-\u9fff]")


def second_opinion(text: str) -> float | None:
    """Ask how likely a text is to be positive, 0 to 1; None where there is nothing to judge.

    Without at least two Chinese characters it fails on the empty remainder or gives its prior.
    """
    if len(_HAN.findall(text)) < 2:
        return None
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + text[-LONGEST // 2 :]
    return float(_classifier()(text))


@cache
def _classifier() -> Callable[[str], float]:
    with warnings.catch_warnings():
        # Its source has invalid escapes, and it leaves model files for the garbage collector to close.
        for category in (SyntaxWarning, DeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        from snownlp import sentiment  # late: two seconds and 400 MB, only in the process that scores

    classify: Callable[[str], float] = sentiment.classify
    return classify
