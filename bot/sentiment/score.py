"""Score a text: how negative it is, whether people came to harm, and which words say so.

Every sign is a weight in logits, so the signs add up and each can be shown. The lexicon is
asked first; where it sees little, SnowNLP adds one more sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from bot.sentiment import lexicon
from bot.sentiment.lexicon import Hit, Kind
from bot.sentiment.second import second_opinion
from bot.sentiment.segment import Segmenter, name_pattern

NEGATIVE_FROM, POSITIVE_TO = 0.6, 0.4
"""Bounds of the labels. What lies between is neutral: a fact, a question, or a mixed feeling."""

REACH = 4
"""Characters between a negation or degree word and the word that it bears on ("不是很好吃")."""
REACH_TO_BLAME = 2
"""The same for a negation before a bad word, where a verb in between takes the negation ("别理那个骗子")."""
HALF_FLIP = 0.5
"""Not bad is less than good; not good is bad."""
ASKED, ENDS_IN_A_QUESTION_MARK = 0.15, 0.7
"""What remains of a sign in a clause that asks ("会过敏吗"), or that only ends in a question mark."""
REPEATED = 0.3
STRONGEST = 5.0
LONG = 30
"""Characters from which a text is told like a review, and praise and blame in it may mix."""
CLEAR, CLEAR_WHEN_LONG = 0.9, 1.8
"""Lexicon evidence, in logits, from which SnowNLP is not asked."""
TRUST, TRUST_PER_CHARACTER = 0.5, 0.01
"""What SnowNLP's logit counts for: by length, so that alone it cannot label a remark, and half at most."""

_NAME = "\ue000"
"""Stands for a brand's name (private use area), so that nothing in the name is found and nothing reaches across it."""

_FEELINGS = frozenset({Kind.HARM, Kind.COMPLAINT, Kind.ANGER, Kind.SWEAR, Kind.PRAISE})
_SOMEONE = frozenset({Kind.EXPERIENCE, Kind.MINOR, Kind.SEVERAL, Kind.DOCTOR})
_GRAVE = frozenset({Kind.MINOR, Kind.SEVERAL, Kind.DOCTOR})
_MARKS = _SOMEONE | {Kind.FICTION, Kind.FACT}


@dataclass(frozen=True, slots=True)
class Reason:
    """A word that made the score. Above zero it speaks for negative, below for positive, in logits."""

    word: str
    weight: float
    kind: str


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class _Sign:
    """A reason in the making."""

    word: str
    weight: float
    kind: Kind
    harm: float = 0.0
    loose: bool = False


@dataclass(slots=True)
class _Sentence:
    signs: list[_Sign] = field(default_factory=list)
    marks: set[Kind] = field(default_factory=set)


class Scorer:
    """Scores texts.

    Args:
        words: names of brands and products. They never count as words of feeling.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._names = name_pattern(lexicon.normalise(word) for word in words)
        self._segmenter = Segmenter()
        self._lexicon = lexicon.load()

    def score(self, text: str) -> Score:
        """Score one text of any length; what has no words is neutral."""
        plain = lexicon.normalise(text)
        if self._names is not None:
            plain = self._names.sub(_NAME, plain)
        reading = _Reading(plain, self._own_words(plain))
        signs = reading.signs()
        if reading.is_open(signs):
            signs += _ask_snownlp(plain)
        return _sum_up(signs, reading.harm())

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """Score texts in order."""
        return [self.score(text) for text in texts]

    def _own_words(self, text: str) -> list[Hit]:
        """Drop single characters that are part of a word ("坑" in "坑洼"); only for these is jieba asked."""
        hits = self._lexicon.hits(text)
        if not any(_is_doubtful(hit) for hit in hits):
            return hits
        spans = self._segmenter.spans(text)
        return [hit for hit in hits if not _is_doubtful(hit) or (hit.start, hit.end) in spans]


def _is_doubtful(hit: Hit) -> bool:
    return hit.end - hit.start == 1 and hit.entry.kind in _FEELINGS


class _Reading:
    """One walk over the hits of a text, clause by clause."""

    def __init__(self, text: str, hits: Iterable[Hit]) -> None:
        self._text = text
        self._sentences = [_Sentence()]
        self._open_clause()
        for hit in hits:
            self._STEPS.get(hit.entry.kind, _Reading._feel)(self, hit)
        self._close_clause()

    def signs(self) -> list[_Sign]:
        """The signs, weighed against each other."""
        for sentence in self._sentences:
            _weigh_irony(sentence.signs)
        signs = [sign for sentence in self._sentences for sign in sentence.signs]
        _weigh_praise_beside_harm(signs)
        _forgive_swearing(signs)
        _weigh_emphasis(signs, self._text)
        return signs

    def is_open(self, signs: list[_Sign]) -> bool:
        """Whether the lexicon leaves it open how the text is meant."""
        asks = any(Kind.QUESTION in sentence.marks for sentence in self._sentences)
        tells = not signs and any(Kind.FACT in sentence.marks for sentence in self._sentences)
        clear = CLEAR_WHEN_LONG if len(self._text) >= LONG else CLEAR
        return not asks and not tells and abs(sum(sign.weight for sign in signs)) < clear

    def harm(self) -> float:
        """The worst that the text says happened."""
        fiction = any(Kind.FICTION in sentence.marks for sentence in self._sentences)
        worst = 0.0
        for before, sentence in zip([_Sentence(), *self._sentences], self._sentences, strict=False):
            marks = before.marks | sentence.marks
            worst = max([worst, *(_severity(sign, marks, fiction) for sign in sentence.signs)])
        return worst

    def _open_clause(self) -> None:
        self._clause: list[_Sign] = []
        self._asks = self._doubts = False
        self._negation: Hit | None = None
        self._flip = 1.0
        self._degree: Hit | None = None

    def _close_clause(self, factor: float = 1.0) -> None:
        demands = any(sign.kind in (Kind.DEMAND, Kind.ANGER) for sign in self._clause)
        for sign in self._clause:
            if self._asks and not demands:
                sign.weight *= ASKED
                sign.harm = 0.0
            elif not demands:
                sign.weight *= factor
        self._sentences[-1].signs += self._clause
        self._open_clause()

    def _stop(self, hit: Hit) -> None:
        asks = hit.entry.word == "?"
        self._close_clause(ENDS_IN_A_QUESTION_MARK if asks else 1.0)
        self._sentences.append(_Sentence())

    def _break(self, _: Hit) -> None:
        self._close_clause()

    def _negate(self, hit: Hit) -> None:
        if self._negation is None or not self._reaches(self._negation, hit):
            self._negation, self._flip = hit, 1.0
        else:
            self._negation = Hit(hit.entry, self._negation.start, hit.end)
        self._flip *= -hit.entry.weight

    def _intensify(self, hit: Hit) -> None:
        self._degree = hit

    def _turn(self, hit: Hit) -> None:
        self._close_clause()
        for sentence in self._sentences:
            for sign in sentence.signs:
                sign.weight *= hit.entry.weight

    def _ask(self, hit: Hit) -> None:
        self._asks = True
        self._sentences[-1].marks.add(Kind.QUESTION)
        self._clause.append(_Sign(hit.entry.word, 0.0, Kind.QUESTION))

    def _doubt(self, _: Hit) -> None:
        self._doubts = True

    def _mark(self, hit: Hit) -> None:
        self._sentences[-1].marks.add(hit.entry.kind)

    def _pass(self, _: Hit) -> None:
        """A mask has done its work by being found."""

    def _feel(self, hit: Hit) -> None:
        entry = hit.entry
        sign = _Sign(entry.word, entry.weight, entry.kind, 0.0 if self._doubts else entry.harm, entry.loose)
        if self._degree is not None and self._reaches(self._degree, hit):
            factor = self._degree.entry.weight
            sign.weight *= factor
            sign.harm = min(sign.harm, 1.0) if factor < 1 else sign.harm
        if self._negation is not None and self._negates(self._negation, hit):
            self._turn_round(sign, self._text[self._negation.start : hit.end])
        self._degree = self._negation = None
        self._clause.append(sign)

    def _turn_round(self, sign: _Sign, words: str) -> None:
        sign.word = words
        sign.weight *= self._flip
        if self._flip < 0:
            sign.weight *= HALF_FLIP if sign.weight < 0 else 1.0
            sign.kind, sign.harm = Kind.NEGATION, 0.0

    @staticmethod
    def _negates(negation: Hit, hit: Hit) -> bool:
        reach = REACH if hit.entry.weight < 0 else REACH_TO_BLAME
        return hit.entry.kind in _FEELINGS and hit.start - negation.end <= reach

    @staticmethod
    def _reaches(word: Hit, hit: Hit) -> bool:
        return hit.start - word.end <= REACH

    _STEPS: ClassVar[Mapping[Kind, Callable[[_Reading, Hit], None]]] = {
        Kind.STOP: _stop,
        Kind.BREAK: _break,
        Kind.NEGATION: _negate,
        Kind.DEGREE: _intensify,
        Kind.TURN: _turn,
        Kind.QUESTION: _ask,
        Kind.DOUBT: _doubt,
        Kind.MASK: _pass,
        **dict.fromkeys(_MARKS, _mark),
    }
    """What each kind does to the reading; words of all other kinds are felt."""


def _severity(sign: _Sign, marks: set[Kind], fiction: bool) -> float:
    """How bad a sign of harm is, given who is spoken of around it."""
    if not sign.harm or (sign.loose and (fiction or not marks & _SOMEONE)):
        return 0.0
    if fiction:
        return min(sign.harm, 1.0)
    if sign.kind is not Kind.HARM or sign.loose:
        return sign.harm
    return min(3.0, sign.harm + len(marks & _GRAVE))


def _weigh_irony(signs: list[_Sign]) -> None:
    """Praise beside a mark of irony loses its weight, or turns round; a mark on its own says half."""
    strength = max((sign.weight for sign in signs if sign.kind is Kind.IRONY), default=0.0)
    if not strength:
        return
    alone = all(sign.kind in (Kind.IRONY, Kind.QUESTION) for sign in signs)
    for sign in signs:
        if sign.kind is Kind.IRONY and alone:
            sign.weight *= 0.5
        elif sign.weight < 0:
            sign.weight *= 1 - 1.6 * min(1.0, strength)


def _weigh_praise_beside_harm(signs: list[_Sign]) -> None:
    """Thanks and stars beside an injury, or a cockroach, are seldom meant."""
    if any(sign.harm >= 1 for sign in signs):
        for sign in signs:
            if sign.weight < 0:
                sign.weight *= 0.4


def _forgive_swearing(signs: list[_Sign]) -> None:
    """Swearing in praise is praise."""
    praised = any(sign.weight <= -1 for sign in signs)
    blamed = any(sign.weight > 0.5 and sign.kind is not Kind.SWEAR for sign in signs)
    if praised and not blamed:
        for sign in signs:
            if sign.kind is Kind.SWEAR:
                sign.weight = 0.0


def _weigh_emphasis(signs: list[_Sign], text: str) -> None:
    """Two exclamation marks make a complaint louder; alone they say nothing."""
    total = sum(sign.weight for sign in signs)
    if "!!" in text and total > 0:
        signs.append(_Sign("!!", 0.2 * min(total, 2.0), Kind.EMPHASIS))


def _ask_snownlp(text: str) -> list[_Sign]:
    """One sign, the heavier the longer the text: on a handful of characters SnowNLP guesses."""
    positive = second_opinion(text.replace(_NAME, ""))
    if positive is None:
        return []
    clipped = min(max(positive, 0.05), 0.95)
    trust = min(TRUST, TRUST_PER_CHARACTER * len(text))
    return [_Sign(f"snownlp {positive:.2f}", trust * math.log((1 - clipped) / clipped), Kind.SNOWNLP)]


def _sum_up(signs: list[_Sign], harm: float) -> Score:
    reasons = _reasons(signs)
    total = sum(reason.weight for reason in reasons)
    negative = 1 / (1 + math.exp(-min(max(total, -STRONGEST), STRONGEST)))
    label = "negative" if negative >= NEGATIVE_FROM else "positive" if negative <= POSITIVE_TO else "neutral"
    return Score(round(negative, 4), label, reasons, min(harm, 1.0) if label == "positive" else harm)


def _reasons(signs: list[_Sign]) -> tuple[Reason, ...]:
    """One reason a word, the heaviest first; said again and again, a word counts a little more, once."""
    reasons: dict[str, Reason] = {}
    for sign in sorted(signs, key=lambda sign: -abs(sign.weight)):
        if not sign.weight and sign.kind is not Kind.QUESTION:
            continue
        times = sum(other.word == sign.word for other in signs) if sign.word not in reasons else 0
        if times:
            weight = sign.weight * (1 + REPEATED * (times > 1))
            reasons[sign.word] = Reason(sign.word, round(weight, 2), sign.kind.value)
    return tuple(reasons.values())
