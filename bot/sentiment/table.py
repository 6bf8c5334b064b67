"""Learnt weights of characters and pairs of characters: what speaks for negative, and what for no feeling at all.

The file has two parts, `polarity` and `plainness`, and in each a line a weight: the weight, in steps of a
thirty-second logit, then all that has it, first the characters, then the pairs. `python -m bot.sentiment.train`
makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import repeat
from operator import add

STEPS = 32
"""Weights are whole numbers of this part of a logit, so that the same data make the same file anywhere."""
TELLING = 0.4
"""Logits from which a pair of characters is worth showing."""
BIAS = "\ue002"
"""Stands for what every text has (private use area)."""

_ROOM = 1 << 20
"""Both weights ride in one number, polarity * _ROOM + plainness, so that one sum gives both."""


class Table:
    """Weights by character or pair."""

    def __init__(self, polarity: Mapping[str, int], plainness: Mapping[str, int]) -> None:
        both = {gram: steps * _ROOM for gram, steps in polarity.items()}
        for gram, steps in plainness.items():
            both[gram] = both.get(gram, 0) + steps
        self._bias = both.pop(BIAS, 0)
        # Two small dictionaries stay in the processor's cache better than one.
        self._characters = {gram: weight for gram, weight in both.items() if len(gram) == 1}
        self._pairs = {gram: weight for gram, weight in both.items() if len(gram) == 2}
        self.telling = {
            gram: steps / STEPS
            for gram, steps in polarity.items()
            if abs(steps) >= TELLING * STEPS and len(gram) == 2 and gram.isalpha() and not gram.isascii()
        }
        """Pairs that are worth showing as a reason, in logits."""

    def weigh(self, text: str, pairs: Iterable[str]) -> tuple[float, float]:
        """Add up what a text's characters and pairs say; what is said again counts once.

        Returns:
            Polarity, above zero for negative, and plainness, above zero for a text without feeling: a question,
            news, a remark. Both in logits.
        """
        nothing = repeat(0)
        total = self._bias + sum(map(self._characters.get, set(text), nothing))
        total += sum(map(self._pairs.get, set(pairs), nothing))
        plainness = (total + _ROOM // 2) % _ROOM - _ROOM // 2
        return (total - plainness) / _ROOM / STEPS, plainness / STEPS


@cache
def load() -> Table:
    """Read the table that is shipped."""
    return read(files(__package__).joinpath("model.tsv").read_text("utf-8"))


def read(content: str) -> Table:
    """Read the text of a table's file."""
    parts: dict[str, dict[str, int]] = {"polarity": {}, "plainness": {}}
    for line in content.splitlines():
        if line.startswith("#"):
            continue
        part, steps, characters, pairs = line.split("\t")
        weights, weight = parts[part], int(steps)
        weights.update(dict.fromkeys(characters, weight))
        weights.update(dict.fromkeys(map(add, pairs[::2], pairs[1::2]), weight))
    return Table(parts["polarity"], parts["plainness"])


def written(polarity: Mapping[str, int], plainness: Mapping[str, int], head: str) -> str:
    """Lay a table out as the text of its file."""
    lines = [f"# {head}"]
    for part, weights in (("polarity", polarity), ("plainness", plainness)):
        grams: dict[int, list[str]] = {}
        for gram in sorted(weights):
            grams.setdefault(weights[gram], []).append(gram)
        for weight, found in sorted(grams.items()):
            if weight:
                characters = "".join(gram for gram in found if len(gram) == 1)
                lines.append(
                    f"{part}\t{weight}\t{characters}\t{''.join(gram for gram in found if len(gram) == 2)}"
                )
    return "\n".join(lines) + "\n"
