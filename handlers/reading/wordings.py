"""Reading what is said of facts, checks and the message house: `F3 confirm`, `L03`, `2 agree`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError, UsageError
from handlers.reading.words import Words, number_in
from playbooks.checks import CHECKS

CheckCode = NewType("CheckCode", str)
"""The code of a check: `L03`."""
QuestionNumber = NewType("QuestionNumber", int)
"""`Q3`."""

JUDGED: Mapping[str, str] = {
    "confirm": "confirmed", "确认": "confirmed", "属实": "confirmed",
    "deny": "false", "否认": "false", "证伪": "false", "不实": "false",
}  # fmt: skip


PLACES: Mapping[str, int] = {
    "roof": 0, "core": 0, "核心": 0, "核心信息": 0, "屋顶": 0,
    "1": 1, "2": 2, "3": 3, "一": 1, "二": 2, "三": 3,
}  # fmt: skip
DEEDS: Mapping[str, str] = {
    "agree": "agree", "同意": "agree", "定": "agree", "drop": "drop", "删": "drop", "删除": "drop", "取消": "drop",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HousePart:
    """`roof`, `2 agree`: a place of the message house, and what becomes of it: `agree`, `drop`, or it gets other words."""

    place: int
    deed: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`F3 confirm`: which fact, and the state that it is to have."""

    number: int
    state: str


async def read_judgement(words: Words, ctx: Context) -> Judgement | None:
    """`F3 confirm`, `F3 证伪`; words that do not begin with a fact's number are left to whatever comes next."""
    match = re.fullmatch(r"[Ff](\d+)", words.first)
    if not match:
        return None
    name = cut(words.take().upper())
    state = JUDGED.get(words.first.casefold())
    if state is None:
        raise UsageError(
            ctx.say("What becomes of {fact}?", fact=name),
            hint=ctx.say("Say: {fact} confirm, or {fact} deny", fact=name),
        )
    words.take()
    return Judgement(number_in(match[1]), state)


async def read_house_part(words: Words, ctx: Context) -> HousePart | None:
    """`roof`, `1`, `2 agree`; nothing, if there are no words."""
    if not words.first:
        return None
    place = PLACES.get(words.first.casefold())
    if place is None:
        raise UsageError(
            ctx.say("“{word}” is no part of the message house.", word=cut(words.first)),
            hint=ctx.say("roof, 1, 2 or 3 comes first: house {number} 1 TEXT", number=ctx.own or "N"),
        )
    words.take()
    deed = DEEDS.get(words.left.casefold(), "")
    if deed:
        words.rest()
    return HousePart(place, deed)


async def read_check(words: Words, ctx: Context) -> CheckCode | None:
    """`L03` or `l3`."""
    match = re.fullmatch(r"[Ll](\d{1,2})", words.first)
    if not match:
        return None
    code = f"L{int(match[1]):02}"
    if code not in CHECKS:
        raise NotFoundError(
            ctx.say("There is no check “{word}”.", word=cut(words.first)),
            hint=ctx.say("There are: {titles}", titles=" ".join(sorted(CHECKS))),
        )
    words.take()
    return CheckCode(code)


async def read_question(words: Words, _ctx: Context) -> QuestionNumber | None:
    """`Q3`; anything else is left to whatever comes next."""
    match = re.fullmatch(r"[Qq](\d+)", words.first)
    if not match:
        return None
    words.take()
    return QuestionNumber(number_in(match[1]))
