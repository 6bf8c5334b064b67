"""Weigh the words of the lexicon by what stands around them: negation, questions, irony, who was hurt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from bot.sentiment.lexicon import Hit, Kind

REACH = 4
"""Characters between a negation or degree word and the word that it bears on ("不是很好吃")."""
REACH_TO_BLAME = 2
"""The same for a negation before a bad word, where a verb in between takes the negation ("别理那个骗子")."""
HALF_FLIP = 0.5
"""Not bad is less than good; not good is bad."""
ASKED, ENDS_IN_A_QUESTION_MARK = 0.15, 0.7
"""What remains of a sign in a clause that asks ("会过敏吗"), or that only ends in a question mark."""

FEELINGS = frozenset(
    {Kind.HARM, Kind.COMPLAINT, Kind.ANGER, Kind.SADNESS, Kind.FEAR, Kind.SWEAR, Kind.PRAISE, Kind.JOY}
)
_SOMEONE = frozenset({Kind.EXPERIENCE, Kind.MINOR, Kind.SEVERAL, Kind.DOCTOR})
_GRAVE = frozenset({Kind.MINOR, Kind.SEVERAL, Kind.DOCTOR})
_MARKS = _SOMEONE | {Kind.FICTION, Kind.FACT}


class Sign:
    """A reason in the making."""

    __slots__ = ("end", "harm", "kind", "loose", "start", "turned", "weight")

    def __init__(self, hit: Hit) -> None:
        entry, self.start, self.end = hit
        self.weight, self.kind, self.harm, self.loose = entry.weight, entry.kind, entry.harm, entry.loose
        self.turned = False


class _Sentence:
    __slots__ = ("marks", "signs")

    def __init__(self) -> None:
        self.signs: list[Sign] = []
        self.marks: set[Kind] = set()


class Context:
    """One walk over the hits of a text, clause by clause."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._sentences = [_Sentence()]
        self._kinds = {hit[0].kind for hit in hits}
        self._harms = any(hit[0].harm for hit in hits)
        self._open_clause()
        steps = self._STEPS
        for hit in hits:
            steps[hit[0].kind](self, hit)
        self._close_clause()

    def signs(self) -> list[Sign]:
        """The signs, weighed against each other."""
        kinds = self._kinds
        if Kind.IRONY in kinds:
            for sentence in self._sentences:
                _weigh_irony(sentence.signs)
        signs = [sign for sentence in self._sentences for sign in sentence.signs]
        if self._harms:
            _weigh_praise_beside_harm(signs)
        if Kind.SWEAR in kinds:
            _forgive_swearing(signs)
        return signs

    def asks(self) -> bool:
        """Whether anything is asked that wants an answer."""
        return Kind.QUESTION in self._kinds

    def harm(self) -> float:
        """The worst that the text says happened."""
        fiction = any(Kind.FICTION in sentence.marks for sentence in self._sentences)
        worst = 0.0
        for before, sentence in zip([_Sentence(), *self._sentences], self._sentences, strict=False):
            marks = before.marks | sentence.marks
            worst = max([worst, *(_severity(sign, marks, fiction) for sign in sentence.signs)])
        return worst

    def _open_clause(self) -> None:
        self._clause: list[Sign] = []
        self._asks = self._doubts = False
        self._negation: Hit | None = None
        self._flip = 1.0
        self._degree: Hit | None = None

    def _close_clause(self, factor: float = 1.0) -> None:
        clause = self._clause
        if clause and (self._asks or factor != 1.0):
            demands = any(sign.kind in (Kind.DEMAND, Kind.ANGER) for sign in clause)
            for sign in clause:
                if self._asks and not demands:
                    sign.weight *= ASKED
                    sign.harm = 0.0
                elif not demands:
                    sign.weight *= factor
        self._sentences[-1].signs += clause
        self._open_clause()

    def _stop(self, hit: Hit) -> None:
        asks = hit[0].word == "?"
        self._close_clause(ENDS_IN_A_QUESTION_MARK if asks else 1.0)
        self._sentences.append(_Sentence())

    def _break(self, _: Hit) -> None:
        self._close_clause()

    def _negate(self, hit: Hit) -> None:
        if self._negation is None or not self._reaches(self._negation, hit):
            self._negation, self._flip = hit, 1.0
        else:
            self._negation = (hit[0], self._negation[1], hit[2])
        self._flip *= -hit[0].weight

    def _intensify(self, hit: Hit) -> None:
        self._degree = hit

    def _turn(self, hit: Hit) -> None:
        self._close_clause()
        said = self._sentences[-1].signs or [sign for each in self._sentences[-2:] for sign in each.signs]
        for sign in said:
            if not sign.turned:
                sign.weight *= hit[0].weight
                sign.turned = True

    def _ask(self, hit: Hit) -> None:
        self._asks = True
        self._clause.append(Sign(hit))

    def _doubt(self, _: Hit) -> None:
        self._doubts = True

    def _mark(self, hit: Hit) -> None:
        self._sentences[-1].marks.add(hit[0].kind)

    def _pass(self, _: Hit) -> None:
        """A mask has done its work by being found."""

    def _feel(self, hit: Hit) -> None:
        sign = Sign(hit)
        if self._doubts:
            sign.harm = 0.0
        if self._degree is not None and self._reaches(self._degree, hit):
            factor = self._degree[0].weight
            sign.weight *= factor
            sign.harm = min(sign.harm, 1.0) if factor < 1 else sign.harm
        if self._negation is not None and self._negates(self._negation, hit):
            self._turn_round(sign, self._negation)
        self._degree = self._negation = None
        self._clause.append(sign)

    def _turn_round(self, sign: Sign, negation: Hit) -> None:
        sign.start = negation[1]
        sign.weight *= self._flip
        if self._flip < 0:
            sign.weight *= HALF_FLIP if sign.weight < 0 else 1.0
            sign.kind, sign.harm = Kind.NEGATION, 0.0

    @staticmethod
    def _negates(negation: Hit, hit: Hit) -> bool:
        reach = REACH if hit[0].weight < 0 else REACH_TO_BLAME
        return hit[0].kind in FEELINGS and hit[1] - negation[2] <= reach

    @staticmethod
    def _reaches(word: Hit, hit: Hit) -> bool:
        return hit[1] - word[2] <= REACH

    _STEPS: ClassVar[Mapping[Kind, Callable[[Context, Hit], None]]] = {
        **dict.fromkeys(Kind, _feel),
        **dict.fromkeys(_MARKS, _mark),
        Kind.STOP: _stop,
        Kind.BREAK: _break,
        Kind.NEGATION: _negate,
        Kind.DEGREE: _intensify,
        Kind.TURN: _turn,
        Kind.QUESTION: _ask,
        Kind.DOUBT: _doubt,
        Kind.MASK: _pass,
    }
    """What each kind does to the reading; words of all other kinds are felt."""


def _severity(sign: Sign, marks: set[Kind], fiction: bool) -> float:
    """How bad a sign of harm is, given who is spoken of around it."""
    if not sign.harm or (sign.loose and (fiction or not marks & _SOMEONE)):
        return 0.0
    if fiction:
        return min(sign.harm, 1.0)
    if sign.kind is not Kind.HARM or sign.loose:
        return sign.harm
    return min(3.0, sign.harm + len(marks & _GRAVE))


def _weigh_irony(signs: list[Sign]) -> None:
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


def _weigh_praise_beside_harm(signs: list[Sign]) -> None:
    """Thanks and stars beside an injury, or a cockroach, are seldom meant."""
    if any(sign.harm >= 1 for sign in signs):
        for sign in signs:
            if sign.weight < 0:
                sign.weight *= 0.4


def _forgive_swearing(signs: list[Sign]) -> None:
    """Swearing in praise is praise."""
    swears = [sign for sign in signs if sign.kind is Kind.SWEAR]
    if not swears:
        return
    praised = any(sign.weight <= -1 for sign in signs)
    blamed = any(sign.weight > 0.5 and sign.kind is not Kind.SWEAR for sign in signs)
    if praised and not blamed:
        for sign in swears:
            sign.weight = 0.0
