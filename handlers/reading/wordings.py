"""Reading what is said of facts and checks: `F3 confirm`, `L03`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError, UsageError
from handlers.reading.words import Words
from playbooks.checks import CHECKS

CheckCode = NewType("CheckCode", str)
"""The code of a check: `L03`."""
QuestionNumber = NewType("QuestionNumber", int)
"""`Q3`."""

JUDGED: Mapping[str, str] = {
    "confirm": "confirmed", "确认": "confirmed", "属实": "confirmed",
    "deny": "false", "否认": "false", "证伪": "false", "不实": "false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judgement:
    """`F3 confirm`: which fact, and the state that it is to have."""

    number: int
    state: str


async def read_judgement(words: Words, ctx: Context) -> Judgement | None:
    """`F3 confirm`, `F3 证伪`; words that do not begin with a fact's number are left to whatever comes next."""
    match = re.fullmatch(r"[Ff](\d{1,6})", words.first)
    if not match:
        return None
    name = words.take()
    state = JUDGED.get(words.first.casefold())
    if state is None:
        raise UsageError(
            ctx.say("What becomes of {fact}?", fact=name.upper()),
            hint=ctx.say("Say: {fact} confirm, or {fact} deny", fact=name.upper()),
        )
    words.take()
    return Judgement(int(match[1]), state)


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
    match = re.fullmatch(r"[Qq](\d{1,6})", words.first)
    if not match:
        return None
    words.take()
    return QuestionNumber(int(match[1]))
