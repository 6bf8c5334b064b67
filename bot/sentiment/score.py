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
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter

from bot.sentiment import lexicon
from bot.sentiment.context import Context
from bot.sentiment.known import BEGINS, BITS, TELLS, Known
from bot.sentiment.lexicon import Entry, Hit, Kind
from bot.sentiment.result import NEGATIVE_FROM, POSITIVE_TO, Reason, Score, label_of
from bot.sentiment.second import second_opinion
from bot.sentiment.segment import name_pattern
from bot.sentiment.table import Table
from bot.sentiment.table import load as load_table
from bot.sentiment.text import EDGE, NAME, normalise, normalise_many, pairs

TABLE, LEXICON, LEANING = 1.05, 1.8, -0.05
"""What a logit of the table and one of the lexicon count for, and what is added to their sum."""
MOST = 10.0
"""Logits that the lexicon, or the table, can have in the matter: a long text repeats itself."""
FELT = 2.2
"""What each logit of the lexicon, of either sign, takes from plainness: a word of feeling is seldom plain news."""
QUIET, ASKS = 0.1, 2.3
"""What is added to plainness, and what a question adds to it."""
PLAIN = 0.425
"""Where a text without any feeling lies between praise and complaint."""
UNSURE = (0.38, 0.62)
"""The band on which the second opinion may be asked."""
TRUST = 0.5
"""What SnowNLP's logit counts for then."""
ENOUGH, MOST_PHRASES = 3, 3
"""Words of the lexicon from which no phrases are shown beside them, and how many phrases else."""
PIECE = 16
"""Characters of a text that are shown where no word of it tells."""
LONG = 40
"""Characters from which what is said again counts once."""
AT_A_TIME = 128
"""Texts that are brought into form together."""

_TELLING = (1 << BITS) - TELLS
_WORDING = Kind.WORDING.value
_FIRST = itemgetter(0)

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
        self._known = _shipped() if table is None else Known(lexicon.load(), table, TABLE)

    def score(self, text: str) -> Score:
        """Score one text of any length; what has no words is neutral."""
        return next(self._scores(self._without_names(normalise(text))))

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """Score texts in order, some at a time: most of the work is the same for many texts as for one."""
        found: list[Score] = []
        texts = iter(texts)
        while some := list(islice(texts, AT_A_TIME)):
            found += self.score_plain(normalise_many(some))
        return found

    def score_plain(self, plain: str) -> Iterator[Score]:
        """Score texts that are normalised already (see `normalise_many`)."""
        return self._scores(self._without_names(plain))

    def _without_names(self, plain: str) -> str:
        return plain if self._names is None else self._names.sub(NAME, plain)

    def _scores(self, plain: str) -> Iterator[Score]:
        """Score normalised texts, which are parted by edges."""
        grams = pairs(plain)
        facts = list(map(self._known.__getitem__, grams))
        begin = 0
        for text in plain.split(EDGE):
            end = begin + len(text)
            yield self._judge(text, grams[begin:end], facts[begin:end])
            begin = end + 1

    def _judge(self, text: str, grams: list[int], facts: list[int]) -> Score:
        places = [place for place, fact in enumerate(facts) if fact & BEGINS]
        hits = self._known.hits(text, grams, places) if places else []
        felt, asks, harm, reasons = _feel_plainly(hits) or _feel(text, self._known.all_hits(text, grams))
        mask = Kind.MASK
        for _, start, end in [hit for hit in reversed(hits) if hit[0].kind is mask]:
            # Harmless in spite of the words inside, so the table must not see them either.
            del grams[start:end], facts[start:end]
        if len(facts) > LONG:
            facts = list(map(self._known.__getitem__, set(grams)))
        total = sum(facts)
        said, plainness = self._known.table.logits(total >> BITS)
        says_something = reasons or any(map(str.isalpha, text))
        negative = _weigh(said, plainness, felt, asks) if says_something else PLAIN
        if len(reasons) < ENOUGH and total & _TELLING:
            reasons += self._telling(grams, reasons)
        if says_something and not reasons:
            reasons.append(_wording(text, said))
        if len(reasons) > 1:
            reasons.sort(key=_heaviness)
        if self._second and UNSURE[0] <= negative <= UNSURE[1]:
            negative = _ask_snownlp(text, negative, reasons)
        label = label_of(negative)
        if harm and label == "positive":
            harm = min(harm, 1.0)
        return Score(round(negative, 4), label, tuple(reasons), harm)

    def _telling(self, grams: Iterable[int], said: Sequence[Reason]) -> list[Reason]:
        """The most telling words outside the lexicon's, none of which has a character of another."""
        telling = self._known.telling
        taken = "".join([reason.word for reason in said])
        found: list[Reason] = []
        for _, reason in sorted(map(telling.__getitem__, telling.keys() & grams), key=_FIRST):
            word = reason.word
            if word[0] not in taken and word[1] not in taken:
                found.append(reason)
                taken += word
                if len(found) == MOST_PHRASES:
                    break
        return found


def _weigh(said: float, plainness: float, felt: float, asks: bool) -> float:
    """How negative a text is, given what the table says, what the lexicon feels, and whether it asks."""
    said = MOST if said > MOST else max(said, -MOST)
    felt = MOST if felt > MOST else max(felt, -MOST)
    plainness += QUIET + ASKS * asks - FELT * abs(felt)
    plain = 1 / (1 + math.exp(MOST if plainness < -MOST else -plainness))
    return PLAIN * plain + (1 - plain) / (1 + math.exp(-LEANING - TABLE * said - LEXICON * felt))


def _wording(text: str, said: float) -> Reason:
    """Where no single word tells, it is how it is put: the text itself, or how it begins."""
    piece = max(text.split(NAME), key=len) if NAME in text else text
    return Reason(piece.strip()[:PIECE], round(TABLE * said, 2), _WORDING)


def _feel(text: str, hits: Sequence[Hit]) -> tuple[float, bool, float, list[Reason]]:
    """Weigh the words of the lexicon: logits, whether anything is asked, what harm was done, and one reason a word."""
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


def _feel_plainly(hits: Sequence[Hit]) -> tuple[float, bool, float, list[Reason]] | None:
    """The same, where no word bears on another; None where one may. Most texts are so, and it is many times as fast.

    Of the hits, idle ones are not needed.
    """
    if not hits:
        return 0.0, False, 0.0, []
    heard: dict[str, Entry] = {}
    asked: dict[str, Entry] = {}
    modified = False
    for hit in hits:
        entry = hit[0]
        if entry.simple:
            if entry.weight:
                heard[entry.word] = entry
        elif entry.modifies:
            modified = True
        elif entry.asks:
            asked[entry.word] = entry
        else:
            return None
    if heard and (modified or asked):
        return None
    felt = sum([entry.weight for entry in heard.values()])
    return felt, bool(asked), 0.0, list(map(_reasons().__getitem__, heard or asked))


@cache
def _shipped() -> Known:
    return Known(lexicon.load(), load_table(), TABLE)


@cache
def _reasons() -> dict[str, Reason]:
    """The reason that a word of the lexicon is where nothing bears on it."""
    return {
        entry.word: Reason(entry.word, round(LEXICON * entry.weight, 2), entry.kind.value)
        for entry in lexicon.load().entries.values()
    }


def _heaviness(reason: Reason) -> float:
    return -abs(reason[1])


def _ask_snownlp(text: str, negative: float, reasons: list[Reason]) -> float:
    positive = second_opinion(text.replace(NAME, ""))
    if positive is None:
        return negative
    clipped = min(max(positive, 0.05), 0.95)
    weight = TRUST * math.log((1 - clipped) / clipped)
    reasons.append(Reason(f"snownlp {positive:.2f}", round(weight, 2), Kind.SNOWNLP.value))
    return 1 / (1 + math.exp(-(math.log(negative / (1 - negative)) + weight)))
