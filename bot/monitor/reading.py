"""Read a comment: how it is meant, what kind of crisis it speaks of, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bot.monitor.phrases import MOST_MARKS, TROUBLE, phrasebook
from bot.sentiment import Reason, Score, Scorer, Segmenter
from bot.sentiment.score import AT_A_TIME, NEGATIVE_FROM
from bot.sentiment.text import EDGE, normalise, normalise_many
from playbooks.matching import Matcher

SIGNAL, MOST_SIGNALS = 0.7, 2
"""What a telling signal adds to an undecided score, in logits, and how many are counted."""
WORTH, ENOUGH = 40, 240
"""Characters that a signal accounts for (a telling one for twice as many), and the length from which they need to be no more.

A long text that mentions one signal in passing is not about it.
"""
EVIDENT = 0.4
"""Logits of one word of feeling that make a negative count as a voice. SnowNLP's opinion alone, or the wording, does not."""
_OPINIONS = frozenset({"snownlp", "wording"})
SEVERE_HARM = 2.0
"""Injury: one such comment is enough to alarm."""
KEYWORDS = 24
"""Words of a text that it is compared by, besides the marks of the phrasebook."""

Types = Mapping[str, tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a comment says. Nobody changes one (see `Found`).

    Args:
        types: playbook -> the signals of it that the text holds, the strongest first; only if it is negative and about them.
        telling: some of those signals tell it from other matters (see `Matcher.telling`).
        words: what it is about, if it is negative: the marks that the phrasebook finds, telling signals, and the words that set it
            apart.
        severe: one such comment is enough to alarm.
        evident: signals or words of feeling say that it is negative.
        plain: the text, normalised (see `normalise`), if it is known.
    """

    score: Score
    types: Types
    telling: bool
    words: tuple[str, ...]
    severe: bool
    evident: bool
    plain: str = ""

    @property
    def is_negative(self) -> bool:
        """Whether it is a complaint."""
        return self.score.label == "negative"


class Reader:
    """Reads comments.

    Args:
        names: brand and product names: never words of feeling, and nothing that comments are compared by.
        matcher: knows the playbooks' signals.
        second: ask SnowNLP where our own score is unsure.
    """

    def __init__(self, names: Iterable[str], matcher: Matcher, *, second: bool = False) -> None:
        names = tuple(map(normalise, names))
        self.matcher = matcher
        self._names = frozenset(names)
        self._scorer = Scorer(names, second=second)
        self._segmenter = Segmenter(names)

    def read(self, text: str) -> Reading:
        """Read one text of any length."""
        return self.read_all((text,))[0]

    def read_all(self, texts: Iterable[str]) -> list[Reading]:
        """Read texts in order, some at a time (see `Scorer.score_many`)."""
        found: list[Reading] = []
        texts = iter(texts)
        while some := list(islice(texts, AT_A_TIME)):
            plain = normalise_many(some)
            found += map(self._read, some, plain.split(EDGE), self._scorer.score_plain(plain))
        return found

    def _read(self, text: str, plain: str, opinion: Score) -> Reading:
        if opinion.label == "positive" or (opinion.label == "neutral" and _asks(opinion, text)):
            return _nothing_in(opinion, plain)
        found = self.matcher.matches(text)
        if not found and opinion.label == "neutral":
            return _nothing_in(opinion, plain)
        telling = tuple(dict.fromkeys(hit for hits in found.values() for hit in self.matcher.telling(hits)))
        score = _with_signals(opinion, telling)
        is_negative = score.label == "negative"
        types = found if is_negative and _is_about(found, telling, text) else {}
        words = self._about(plain, telling if types else ()) if is_negative else ()
        severe = opinion.label == "negative" and (opinion.harm >= SEVERE_HARM or self._alarms(types))
        return Reading(
            score=score,
            types=types,
            telling=bool(types and telling),
            words=words,
            severe=severe,
            evident=is_negative and (bool(types) or severe or _is_evident(score) or _names_trouble(words)),
            plain=plain,
        )

    def _alarms(self, found: Types) -> bool:
        return any(self.matcher.severe(hits) for hits in found.values())

    def about(self, text: str, telling: Iterable[str] = ()) -> tuple[str, ...]:
        """What a text is about, brand and product names left out."""
        return self._about(normalise(text), telling)

    def _about(self, text: str, telling: Iterable[str]) -> tuple[str, ...]:
        cut = self._segmenter.words(text)
        found, said = phrasebook().find(text, cut)
        words = self.matcher.telling(self._segmenter.keywords(text, KEYWORDS, cut))
        plain_words = [
            word
            for word in (*telling, *words)
            if word not in self._names and not any(word in phrase for phrase in said)
        ]
        return tuple(dict.fromkeys((*sorted(found), *plain_words)))[:MOST_MARKS]


def _nothing_in(score: Score, plain: str) -> Reading:
    return Reading(score=score, types={}, telling=False, words=(), severe=False, evident=False, plain=plain)


def _asks(score: Score, text: str) -> bool:
    return text.rstrip().endswith(("?", "？")) or any(reason.kind == "question" for reason in score.reasons)


def _with_signals(score: Score, telling: Sequence[str]) -> Score:
    """An undecided text that names trouble, and asks nothing, speaks of it."""
    if score.label != "neutral" or not telling:
        return score
    signs = [Reason(word, SIGNAL, "signal") for word in telling[:MOST_SIGNALS]]
    logit = math.log(score.negative / (1 - score.negative)) + sum(sign.weight for sign in signs)
    negative = 1 / (1 + math.exp(-logit))
    label = "negative" if negative >= NEGATIVE_FROM else score.label
    return replace(score, negative=round(negative, 4), label=label, reasons=(*signs, *score.reasons))


def _is_about(types: Types, telling: Sequence[str], text: str) -> bool:
    accounted = WORTH * (sum(map(len, types.values())) + len(telling))
    return accounted >= min(len(text), ENOUGH)


def _is_evident(score: Score) -> bool:
    return any(reason.kind not in _OPINIONS and reason.weight >= EVIDENT for reason in score.reasons)


def _names_trouble(words: Iterable[str]) -> bool:
    return any(word.startswith(TROUBLE) for word in words)
