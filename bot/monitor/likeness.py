"""Tell whether two comments complain of the same matter.

    same_matter("收到的蛋糕发霉了，客服不理人", "生日蛋糕打开全是霉斑") -> True
    same_matter("收到的蛋糕发霉了，客服不理人", "蛋糕少送了两块，客服不理人") -> False

The bounds were chosen on the pairs of `tests/bot/merge_pairs.tsv` that are marked `seen`, and checked on the others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Set
from functools import cache

from bot.monitor import sketch
from bot.monitor.phrases import TROUBLE, subjects, weight
from bot.monitor.reading import Reader
from playbooks import load

SAME = 0.24
"""How alike two complaints must be."""
ELSE, ONE_NAMES, NO_TROUBLE, CLASH = 0.4, 0.75, 0.6, 0.5
"""What remains of a likeness if the two name different things, if only one names a thing, if they share no trouble, and if they name
different troubles."""
VAGUE = frozenset({f"{TROUBLE}ignored", f"{TROUBLE}norefund"})
"""What follows on any trouble."""

_ASKS = re.compile(
    r"(吗|呢|呀|么|哪里|哪个)[？?。~]*$|是真的|真的假的|怎么(算|样才)|什么时候|多少(钱|度|分)|求推荐|请问|有什么.{1,4}推荐"
    r"|^.{0,12}(多久|几点|几天|什么牌子|哪位|怎么(考|洗|用|删)|会不会).{0,6}$"
)


def same_matter(one: str, other: str) -> bool:
    """Tell whether two comments complain of the same: nearly the same words, or other words for the same trouble with the same thing.

    Questions and praise complain of nothing, so they are the same as nothing but their own copies.
    """
    if sketch.normal(one) == sketch.normal(other):
        return True
    if not (_complains(one) and _complains(other)):
        return False
    first, second = _about(one), _about(other)
    if sketch.is_near(sketch.normal(one), sketch.normal(other)) and not clash(first, second):
        return True
    return likeness(first, second) >= SAME


def likeness(one: Set[str], other: Set[str]) -> float:
    """How alike two complaints are, by what they are about (see `Reader.about`): 0 to 1."""
    both = sum(map(weight, one & other))
    if not both:
        return 0.0
    alike = both / math.sqrt(sum(map(weight, one)) * sum(map(weight, other)))
    if clash(one, other):
        alike *= CLASH
    if not troubles(one) & troubles(other):
        alike *= NO_TROUBLE
    first, second = subjects(one), subjects(other)
    if first & second or not (first or second):
        return alike
    return alike * ONE_NAMES * (ELSE if first and second else 1.0)


def clash(one: Set[str], other: Set[str]) -> bool:
    """Tell whether two complaints name different troubles."""
    first, second = troubles(one), troubles(other)
    return bool(first and second and not first & second)


def troubles(marks: Set[str]) -> set[str]:
    """Those of the marks that say what went wrong."""
    return {mark for mark in marks if mark.startswith(TROUBLE)} - VAGUE


def _complains(text: str) -> bool:
    score = _reader().read(text).score
    asks = bool(_ASKS.search(text)) or (score.label == "neutral" and text.rstrip().endswith(("?", "？")))
    return score.label != "positive" and not asks


def _about(text: str) -> frozenset[str]:
    return frozenset(_reader().about(text))


@cache
def _reader() -> Reader:
    return Reader((), load().matcher)
