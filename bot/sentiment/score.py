"""Score a text: how negative it is, whether people came to harm, and which words say so.

Two things are asked. The lexicon knows words of feeling and what stands around them; the table knows how some
forty thousand labelled texts used every character and pair. Each speaks in logits, so that they add up. The
constants that weigh them were chosen on `tests/bot/sentiment_cases.tsv` (see MODEL.md).

SnowNLP is not asked by default: its domain is shop reviews, on talk it is near a coin, and it costs two seconds to
load, 400 MB, and some hundred times the time. A team that wants it all the same switches the second opinion on, and
it is asked only where ours is unsure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bot.sentiment import lexicon
from bot.sentiment.context import Context
from bot.sentiment.lexicon import Hit, Kind
from bot.sentiment.result import NEGATIVE_FROM, POSITIVE_TO, Reason, Score, label_of
from bot.sentiment.second import second_opinion
from bot.sentiment.segment import name_pattern
from bot.sentiment.table import Table
from bot.sentiment.table import load as load_table
from bot.sentiment.text import NAME, normalise, pairs

TABLE, LEXICON, LEANING = 0.85, 1.6, -0.2
"""What a logit of the table and one of the lexicon count for, and what is added to their sum."""
MOST = 6.0
"""Logits that the lexicon, or the table, can have in the matter: a long text repeats itself."""
FELT = 1.0
"""What each logit of the lexicon, of either sign, takes from plainness: a word of feeling is seldom plain news."""
QUIET, ASKS = 0.4, 0.8
"""What is added to plainness, and what a question adds to it."""
PLAIN = 0.4
"""Where a text without any feeling lies between praise and complaint."""
UNSURE = (0.38, 0.62)
"""The band on which the second opinion may be asked."""
TRUST = 0.5
"""What SnowNLP's logit counts for then."""
ENOUGH, MOST_PHRASES = 3, 3
"""Words of the lexicon from which no phrases are shown beside them, and how many phrases else."""

__all__ = ["NEGATIVE_FROM", "POSITIVE_TO", "Reason", "Score", "Scorer"]


class Scorer:
    """Scores texts.

    Args:
        words: names of brands and products. They never count as words of feeling.
        second: ask SnowNLP where the score is unsure.
        table: another one than the one that is shipped.
    """

    def __init__(
        self, words: Iterable[str] = (), *, second: bool = False, table: Table | None = None
    ) -> None:
        self._names = name_pattern(normalise(word) for word in words)
        self._second = second
        self._lexicon = lexicon.load()
        self._table = table or load_table()
        self._reason = {
            entry.word: Reason(entry.word, round(LEXICON * entry.weight, 2), entry.kind.value)
            for entry in self._lexicon.entries()
            if entry.simple
        }

    def score(self, text: str) -> Score:
        """Score one text of any length; what has no words is neutral."""
        plain = normalise(text)
        if self._names is not None:
            plain = self._names.sub(NAME, plain)
        grams = pairs(plain)
        hits = self._lexicon.hits(plain, grams)
        felt, asks, harm, reasons = self._feel(plain, hits)
        says_something = reasons or any(map(str.isalpha, plain))
        negative = self._negative(plain, grams, hits, felt, asks) if says_something else PLAIN
        if len(reasons) < ENOUGH:
            reasons += self._phrases(grams, plain, reasons)
        if len(reasons) > 1:
            reasons.sort(key=_heaviness)
        if self._second and UNSURE[0] <= negative <= UNSURE[1]:
            negative = _ask_snownlp(plain, negative, reasons)
        label = label_of(negative)
        if harm and label == "positive":
            harm = min(harm, 1.0)
        return Score(round(negative, 4), label, tuple(reasons), harm)

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """Score texts in order."""
        return [self.score(text) for text in texts]

    def _negative(
        self, text: str, grams: Sequence[str], hits: Iterable[Hit], felt: float, asks: bool
    ) -> float:
        unmasked = _unmasked(text, hits)
        said, plainness = self._table.weigh(unmasked, grams if unmasked is text else pairs(unmasked))
        polarity = LEANING + TABLE * _within(said) + LEXICON * _within(felt)
        plain = 1 / (1 + math.exp(-_within(plainness + QUIET + ASKS * asks - FELT * abs(felt))))
        return PLAIN * plain + (1 - plain) / (1 + math.exp(-polarity))

    def _feel(self, text: str, hits: list[Hit]) -> tuple[float, bool, float, list[Reason]]:
        """Weigh the words of the lexicon: logits, whether anything is asked, what harm was done, and one reason a word."""
        heard = {entry.word: entry.weight for entry, _, _ in hits if entry.weight and entry.simple}
        rest = [entry for entry, _, _ in hits if not entry.simple]
        if not rest or (not heard and all(entry.modifies for entry in rest)):
            return sum(heard.values()), False, 0.0, [self._reason[word] for word in heard]
        context = Context(hits)
        signs = context.signs()
        said: dict[str, Reason] = {}
        felt = 0.0
        for sign in signs:
            word = text[sign.start : sign.end]
            if word not in said and (sign.weight or sign.kind is Kind.QUESTION):
                felt += sign.weight
                said[word] = Reason(word, round(LEXICON * sign.weight, 2), sign.kind.value)
        harm = context.harm() if any(sign.harm for sign in signs) else 0.0
        return felt, context.asks(), harm, list(said.values())

    def _phrases(self, grams: Sequence[str], text: str, said: Iterable[Reason]) -> list[Reason]:
        """The strongest stretches of telling pairs outside the lexicon's words."""
        telling = self._table.telling
        if telling.keys().isdisjoint(grams):
            return []
        found: dict[str, Reason] = {}
        for start, end, weight in _stretches(grams, telling):
            word = text[start:end]
            if not any(word in reason.word or reason.word in word for reason in said):
                found[word] = Reason(word, round(weight, 2), "phrase")
        return sorted(found.values(), key=_heaviness)[:MOST_PHRASES]


def _unmasked(text: str, hits: Iterable[Hit]) -> str:
    """Take out what is harmless in spite of the words inside, so that the table does not see them either."""
    for entry, _, _ in hits:
        if entry.kind is Kind.MASK:
            text = text.replace(entry.word, NAME)
    return text


def _within(logits: float) -> float:
    return MOST if logits > MOST else max(logits, -MOST)


def _heaviness(reason: Reason) -> float:
    return -abs(reason.weight)


def _stretches(grams: Iterable[str], telling: Mapping[str, float]) -> list[tuple[int, int, float]]:
    """Join telling pairs that follow each other and speak for the same: where from, where to, and how much."""
    found: list[tuple[int, int, float]] = []
    for place, weight in enumerate(map(telling.get, grams)):
        if weight is None:
            continue
        if found and found[-1][1] > place and found[-1][2] * weight > 0:
            start, _, before = found.pop()
            found.append((start, place + 2, before + weight))
        elif not found or found[-1][1] <= place:
            found.append((place, place + 2, weight))
    return found


def _ask_snownlp(text: str, negative: float, reasons: list[Reason]) -> float:
    positive = second_opinion(text.replace(NAME, ""))
    if positive is None:
        return negative
    clipped = min(max(positive, 0.05), 0.95)
    weight = TRUST * math.log((1 - clipped) / clipped)
    reasons.append(Reason(f"snownlp {positive:.2f}", round(weight, 2), Kind.SNOWNLP.value))
    return 1 / (1 + math.exp(-(math.log(negative / (1 - negative)) + weight)))
