"""Tell whether two comments complain of the same matter.

    same_matter("收到的蛋糕发霉了，客服不理人", "生日蛋糕打开全是霉斑") -> True
    same_matter("收到的蛋糕发霉了，客服不理人", "蛋糕少送了两块，客服不理人") -> False

What went wrong must be the same, and must have befallen the same kind of thing, as far as both say; other words only support.
The bounds were chosen on the pairs of `tests/bot/merge_pairs.tsv` that are marked `seen`.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Set
from functools import cache, lru_cache
from typing import NamedTuple

from bot.monitor import sketch
from bot.monitor.phrases import CITY, GRUMBLE, KIND, SUBJECTS, THING, TROUBLE, weight
from bot.monitor.reading import Reader
from playbooks import load

SAME = 0.22
"""How alike two complaints must be."""
ELSE, APART, ONE_NAMES, NO_TROUBLE, CLASH, MORE = 0.2, 0.6, 0.8, 0.6, 0.3, 0.75
"""What remains of a likeness if the two name different things, if what they name cannot be compared, if only one names a thing, if
they share no trouble, if they name different troubles, and if each names a further one."""
VAGUE = frozenset(f"{TROUBLE}{name}" for name in ("ignored", "norefund", "hospital", "update", "untrue"))
"""What follows on any trouble, or stands before it: it tells what went wrong only where nothing else does."""
VAGUE_WEIGHT = 0.4
NAMED = (*SUBJECTS, CITY)
GOODS, LOOSE = "goods", "media"
"""Food and wares are one group: nobody complains of a cake and of a coat at once. What was published is spoken of loosely."""
KEPT = 1024
"""Complaints whose marks are kept sorted: those of the topics at hand are compared again and again."""
LEAST_DOUBT = 0.12
"""How negative a comment that names trouble must be: below, the trouble is praised away."""

_ASKED = re.compile(
    r"[吗么]$|(什么|哪|怎么|如何|几|多少|谁|是不是|会不会|能不能|有没有).{0,8}[呢呀啊]$|(怎么|如何)(算|样才)|什么时候|多少(钱|度|分)"
    r"|[能可]不[能可]以?加|(在哪|哪里|哪儿).{0,6}$|^.{0,12}(多久|几点|几天|几分钟|什么牌子|哪个牌子|哪位|怎么.|会不会).{0,6}$"
)
_ASKS = re.compile(
    r"是真的[吗么]?[?？。~]*$|真的假的|真的吗|求推荐|求教|请问|有人知道|有谁知道|有什么.{1,4}推荐"
)
_CLAUSES = re.compile(r"[，。！!,；;、\n\s]+")


class Parts(NamedTuple):
    """The marks of a complaint by what they are.

    Args:
        worth: what each mark counts for.
        norm: what all of them count for together.
        troubles: what went wrong; what follows on any trouble only if there is nothing else.
        things: what it befell, who did it, where: each group of marks by itself.
        kinds: the kinds that are named of a trouble or a thing.
    """

    worth: Mapping[str, float]
    norm: float
    troubles: frozenset[str]
    things: Mapping[str, Set[str]]
    kinds: Mapping[str, Set[str]]


def same_matter(one: str, other: str) -> bool:
    """Tell whether two comments complain of the same: nearly the same words, or other words for the same trouble with the same thing.

    Questions and praise complain of nothing, so they are the same as nothing but their own copies.
    """
    exact, also = sketch.normal(one), sketch.normal(other)
    if exact == also:
        return True
    first, second = _complaint(one), _complaint(other)
    if first is None or second is None:
        return False
    if sketch.is_near(exact, also) and not clash(first, second) and not _at_odds(parts(first), parts(second)):
        return True
    return likeness(first, second) >= SAME


def likeness(one: Set[str], other: Set[str]) -> float:
    """How alike two complaints are, by what they are about (see `Reader.about`): 0 to 1."""
    common = one & other
    if not common:
        return 0.0
    first, second = parts(frozenset(one)), parts(frozenset(other))
    shared = _shared(first.troubles, second.troubles, first, second)
    if shared <= VAGUE and first.things.keys().isdisjoint(second.things):
        shared = set()
    telling = common if shared else (mark for mark in common if ":" not in mark)
    alike = sum(first.worth[mark] for mark in telling) / math.sqrt(first.norm * second.norm)
    if not shared:
        alike *= CLASH if first.troubles and second.troubles else NO_TROUBLE
    elif first.troubles - second.troubles and second.troubles - first.troubles:
        alike *= MORE
    return alike * _fit(first, second)


def clash(one: Set[str], other: Set[str]) -> bool:
    """Tell whether two complaints name different troubles."""
    first, second = parts(frozenset(one)), parts(frozenset(other))
    both_say = first.troubles - VAGUE and second.troubles - VAGUE
    return bool(both_say) and not _shared(first.troubles, second.troubles, first, second)


def _fit(first: Parts, second: Parts) -> float:
    """How well what two complaints name goes together."""
    if _at_odds(first, second):
        return ELSE
    if not (first.things or second.things) or not first.things.keys().isdisjoint(second.things):
        return 1.0
    return APART if first.things and second.things else ONE_NAMES


def _at_odds(first: Parts, second: Parts) -> bool:
    """Tell whether two complaints name different things, places or people."""
    return any(
        not _shared(named, second.things[group], first, second)
        for group, named in first.things.items()
        if group in second.things and group != LOOSE
    )


def _shared(one: Set[str], other: Set[str], first: Parts, second: Parts) -> set[str]:
    """The marks that both bear, but for those of which they name different kinds."""
    kinds, others = first.kinds, second.kinds
    return {
        mark
        for mark in one & other
        if mark not in kinds or mark not in others or not kinds[mark].isdisjoint(others[mark])
    }


@lru_cache(KEPT)
def parts(marks: frozenset[str]) -> Parts:
    """Sort the marks of a complaint."""
    worth = {mark: VAGUE_WEIGHT if mark in VAGUE else weight(mark) for mark in marks}
    troubles = frozenset(mark for mark in marks if mark.startswith((TROUBLE, GRUMBLE)))
    things: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        if mark.startswith(NAMED):
            group = mark.removeprefix(THING).partition(":")[0]
            things[GOODS if group in ("food", "ware") else group].add(mark)
        elif mark.startswith(KIND):
            kinds[mark.removeprefix(KIND).rpartition(":")[0]].add(mark)
    return Parts(worth, sum(worth.values()), troubles - VAGUE or troubles, dict(things), dict(kinds))


def _complaint(text: str) -> frozenset[str] | None:
    """What a comment complains of; None if it does not complain."""
    reader = _reader()
    reading = reader.read(text)
    marks = frozenset(reading.words or reader.about(text))
    names_trouble = any(mark.startswith((TROUBLE, GRUMBLE)) for mark in marks)
    doubted = not reading.is_negative and not (names_trouble and reading.score.negative >= LEAST_DOUBT)
    return None if doubted or _asks(text, names_trouble) else marks


def _asks(text: str, names_trouble: bool) -> bool:
    """Tell whether a comment only asks; after a clause that complains, a question is an outcry."""
    bare = text.rstrip("?？。~～ ")
    if _ASKS.search(bare):
        return True
    *before, last = [clause for clause in _CLAUSES.split(bare) if clause] or [""]
    asks = bool(_ASKED.search(last)) or (text.rstrip().endswith(("?", "？")) and not names_trouble)
    return asks and not (names_trouble and any(not _ASKED.search(clause) for clause in before))


@cache
def _reader() -> Reader:
    return Reader((), load().matcher)
