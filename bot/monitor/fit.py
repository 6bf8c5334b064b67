"""Fit what each sign of `likeness` counts for: `python -m bot.monitor.fit PAIRS.tsv` prints the weights.

Every pair is also learnt from with some of its marks left out, since the next comment says things in words that no line of
`matters.yaml` knows. Logistic regression with a ridge, by full gradients and nothing drawn at random: the same pairs give the same
weights.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from bot.monitor.likeness import FIXED, complaint, signs

LEFT_OUT = (0.0, 0.15)
"""The shares of marks that are left out."""
SHARES = {"fresh": 3.0}
"""What a pair of each part counts for, if not once: the fresh ones were written by somebody who knew none of this."""
KEPT_BACK = "far"
"""Pairs that nothing is learnt from, so that they tell what to expect of the next ones."""
RIDGE, RATE, ROUNDS = 3.0, 0.5, 600
BIAS = "bias"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a pair teaches: its signs, whether it is the same, and what it counts for."""

    signs: Mapping[str, float]
    same: bool
    share: float


def lessons(lines: Iterable[str]) -> list[Lesson]:
    """The lessons of labelled pairs; whoever does not complain teaches nothing."""
    found = []
    for line in lines:
        part, same, *texts = line.split("\t")
        one, other = map(complaint, texts)
        if one is None or other is None or part == KEPT_BACK:
            continue
        for share in LEFT_OUT:
            told = signs(_thinned(one, texts[0], share), _thinned(other, texts[1], share))
            found.append(Lesson(told, same == "1", SHARES.get(part, 1.0)))
    return found


def _thinned(marks: Iterable[str], text: str, share: float) -> frozenset[str]:
    kept = (1 - share) * 2**32
    return frozenset(mark for mark in marks if crc32(f"{mark} {text}".encode()) <= kept)


def fit(taught: Sequence[Lesson]) -> dict[str, float]:
    """The weights, the bias among them. Steps are scaled as by Adagrad (Duchi et al., JMLR 2011)."""
    weights: dict[str, float] = defaultdict(float)
    squares: dict[str, float] = defaultdict(float)
    for _ in range(ROUNDS):
        slopes = {sign: RIDGE * weight for sign, weight in weights.items() if sign != BIAS}
        for each in taught:
            logit = weights[BIAS] + sum(weights[sign] * value for sign, value in each.signs.items())
            error = each.share * (1 / (1 + math.exp(-logit)) - each.same)
            for sign, value in ((BIAS, 1.0), *each.signs.items()):
                slopes[sign] = slopes.get(sign, 0.0) + error * value
        for sign, slope in slopes.items():
            squares[sign] += slope * slope
            weights[sign] -= RATE * slope / math.sqrt(squares[sign] or 1.0)
    return {**weights, **FIXED}


def main() -> None:
    """Print the weights as `likeness` has them."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    for sign, weight in fit(lessons(line for line in lines if line[0] != "#")).items():
        sys.stdout.write(f'    "{sign}": {weight:.2f},\n')


if __name__ == "__main__":
    main()
