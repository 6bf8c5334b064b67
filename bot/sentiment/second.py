"""SnowNLP: an engine to choose in the place of our own, and a second opinion on texts that leave ours unsure.

It has read book, hotel and phone reviews: good on those, near a coin on talk. So neither is on by default,
and it is loaded when it is first asked: the import takes two seconds and 400 MB, and it reads some 500 texts a second.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from bot.sentiment.result import Reason, Score, label_of

LONGEST = 200
"""Characters it is given: its time grows faster than the text (16 ms for 100 without punctuation, 417 ms for 2,000)."""

UNKNOWN = 0.4
"""What a text is given in which there is nothing to judge: neutral."""

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


class Engine(StrEnum):
    """Who scores."""

    OWN = "own"
    SNOWNLP = "snownlp"


class SnowNlpScorer:
    """Scores texts by SnowNLP alone. It cannot tell which words made the score, nor what harm was done."""

    def score(self, text: str) -> Score:
        """Score one text of any length."""
        positive = second_opinion(text)
        if positive is None:
            return Score(UNKNOWN, label_of(UNKNOWN), ())
        reason = Reason(f"snownlp {positive:.2f}", round(0.5 - positive, 2), "snownlp")
        return Score(round(1 - positive, 4), label_of(1 - positive), (reason,))


@cache
def _classifier() -> Callable[[str], float]:
    with warnings.catch_warnings():
        # Its source has invalid escapes, and it leaves model files for the garbage collector to close.
        for category in (SyntaxWarning, DeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        from snownlp import sentiment  # late: two seconds and 400 MB, only in the process that scores

    classify: Callable[[str], float] = sentiment.classify
    return classify
