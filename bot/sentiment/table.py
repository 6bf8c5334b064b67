"""Learnt weights of characters and pairs of characters: what speaks for negative, and what for no feeling at all.

The file has two parts, `polarity` and `plainness`, and in each a line a weight: the weight, in steps of a
thirty-second logit, then all that has it, first the characters, then the pairs. A last line has the pairs that are words
and may be shown as reasons. `python -m bot.sentiment.train`
makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from operator import add

STEPS = 32
"""Weights are whole numbers of this part of a logit, so that the same data make the same file anywhere."""
TELLING = 0.25
"""Logits from which a word of two characters is worth showing."""
BIAS = "\ue002"
"""Stands for what every text has (private use area)."""

_ROOM = 1 << 20
"""Both weights ride in one number, polarity * _ROOM + plainness, so that one sum gives both."""


class Table:
    """Weights by character or pair.

    Args:
        polarity: in steps, above zero for negative.
        plainness: in steps, above zero for a text without feeling: a question, news, a remark.
        words: pairs that are words, and so can be shown to people.
    """

    def __init__(
        self, polarity: Mapping[str, int], plainness: Mapping[str, int], words: Iterable[str] = ()
    ) -> None:
        self._both = {gram: steps * _ROOM for gram, steps in polarity.items()}
        for gram, steps in plainness.items():
            self._both[gram] = self._both.get(gram, 0) + steps
        self._bias = self._both.pop(BIAS, 0)
        weights = {word: polarity.get(word, 0) / STEPS for word in words}
        self.telling = {word: weight for word, weight in weights.items() if abs(weight) >= TELLING}
        """Words that are worth showing as a reason, in logits."""

    def weight(self, pair: str) -> int:
        """What a pair, and its first character, add to a text's sum."""
        return self._both.get(pair, 0) + self._both.get(pair[0], 0)

    def logits(self, total: int) -> tuple[float, float]:
        """What the sum of a text's weights says: polarity and plainness."""
        total += self._bias
        plainness = (total + _ROOM // 2) % _ROOM - _ROOM // 2
        return (total - plainness) / _ROOM / STEPS, plainness / STEPS


@cache
def load() -> Table:
    """Read the table that is shipped."""
    return read(files(__package__).joinpath("model.tsv").read_text("utf-8"))


def read(content: str) -> Table:
    """Read the text of a table's file."""
    parts: dict[str, dict[str, int]] = {"polarity": {}, "plainness": {}, "words": {}}
    for line in content.splitlines():
        if line.startswith("#"):
            continue
        part, steps, characters, pairs = line.split("\t")
        weights, weight = parts[part], int(steps)
        weights.update(dict.fromkeys(characters, weight))
        weights.update(dict.fromkeys(map(add, pairs[::2], pairs[1::2]), weight))
    return Table(**parts)


def written(
    polarity: Mapping[str, int], plainness: Mapping[str, int], words: Iterable[str], head: str
) -> str:
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
    lines.append(f"words\t0\t\t{''.join(sorted(words))}")
    return "\n".join(lines) + "\n"
