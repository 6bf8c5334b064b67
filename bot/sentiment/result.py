"""What is said of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

NEGATIVE_FROM, POSITIVE_TO = 0.5, 0.3
"""Bounds of the labels. What lies between is neutral: a fact, a question, or a mixed feeling."""


class Reason(NamedTuple):
    """A word that made the score. Above zero it speaks for negative, below for positive, in logits."""

    word: str
    weight: float
    kind: str


@dataclass(slots=True)
class Score:
    """How a text is meant.

    Args:
        negative: 0 (praise) to 1 (complaint).
        label: `negative`, `neutral` or `positive`.
        reasons: what made it, the heaviest first.
        harm: what it says happened to people: 0 nothing, 1 discomfort or dirt, 2 injury, 3 death, fire, many or minors hurt.
    """

    negative: float
    label: str
    reasons: tuple[Reason, ...]
    harm: float = 0.0

    def json(self) -> dict[str, object]:
        """What `fenghuo score --lines` prints."""
        reasons = [
            {"word": each.word, "weight": round(each.weight, 3), "kind": each.kind} for each in self.reasons
        ]
        return {"negative": round(self.negative, 4), "label": self.label, "reasons": reasons}


def label_of(negative: float) -> str:
    """Name what a number means."""
    if negative >= NEGATIVE_FROM:
        return "negative"
    return "positive" if negative <= POSITIVE_TO else "neutral"
