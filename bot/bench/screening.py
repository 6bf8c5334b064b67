"""How many comments a second are scored, beside SnowNLP alone on the same texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.bench.crowd import Crowd
from bot.sentiment import Scorer
from bot.sentiment.second import second_opinion

TEXTS = 2000
TURN = 100
"""Texts that each scores before it is the other's turn, so that both meet the same weather."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Texts a second of both, and the share of texts for which SnowNLP was asked as well."""

    texts: int
    fenghuo: float
    snownlp: float
    asked: float

    @property
    def times_snownlp(self) -> float:
        """How much faster."""
        return self.fenghuo / self.snownlp


def measure() -> Screening:
    """Score a crowd's texts both ways."""
    texts = Crowd(TEXTS, datetime.now(UTC), seed=3).texts()
    scorer = Scorer(("青柚茶饮", "青柚"))
    asked = sum(any(reason.kind == "snownlp" for reason in scorer.score(text).reasons) for text in texts)
    ours = theirs = 0.0
    for start in range(0, TEXTS, TURN):
        some = texts[start : start + TURN]
        ours += _seconds(scorer.score, some)
        theirs += _seconds(second_opinion, some)
    return Screening(texts=TEXTS, fenghuo=TEXTS / ours, snownlp=TEXTS / theirs, asked=asked / TEXTS)


def _seconds(score: Callable[[str], object], texts: list[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        score(text)
    return time.perf_counter() - began
