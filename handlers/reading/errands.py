"""Reading what one person gives another to do: what, by when, and how it ended.

`TEXT @who DUE` is read by three kinds of argument in this order: `Matter` (all but the end), `Assignee` and `Moment`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NewType

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError, UsageError
from handlers.kit.team import Person
from handlers.reading.words import Words, number_in
from playbooks.checking import FaultError, read_duration

Moment = NewType("Moment", datetime)
"""A time ahead: `2h`, `18:00`, `11-21 18:00`, as the team's clocks show it."""
Matter = NewType("Matter", str)
"""Free words, up to the `@who` and the time that end them."""
Assignee = NewType("Assignee", Person)
"""A person who is named with an @, and only so."""
RoleName = NewType("RoleName", str)
"""The id of a role that playbooks give work to."""
Mark = Literal["done", "skip", "start", "hand"]
"""What becomes of a piece of work. start: its condition holds. hand: somebody else does it."""

MARKS: Mapping[str, Mark] = {
    "done": "done", "ok": "done", "kept": "done", "兑现": "done", "已兑现": "done", "完成": "done", "已完成": "done",
    "skip": "skip", "drop": "skip", "跳过": "skip", "取消": "skip", "不做": "skip",
    "start": "start", "开始": "start", "适用": "start",
    "hand": "hand", "转交": "hand", "移交": "hand",
}  # fmt: skip
FURTHEST = timedelta(days=366)
DAYS = {"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "后天": 2}
UNITS = {"分钟": "minutes", "小时": "hours", "天": "days"}
_CLOCK = rf"(?:(?:(?:\d{{4}}-)?\d{{1,2}}-\d{{1,2}}\s+|(?:{'|'.join(DAYS)})\s*)?\d{{1,2}}[:：]\d{{2}})"
_DUE = rf"(?:{_CLOCK}|(?:\d{{1,6}}[smhd])+|\d{{1,4}}\s*(?:{'|'.join(UNITS)}))(?!\S)"
_END = re.compile(rf"(?:(?:^|\s+)(?:[@＠]\S+|<@[^>\s]+>))?(?:(?:^|\s+)(?P<due>{_DUE}))?\s*$", re.IGNORECASE)
_MARKED = re.compile(r"(\d+)\s+(\S+)(?!\S)")
_SHORT = {"小时": "h", "分钟": "m", "分": "m", "天": "d", "日": "d", "秒": "s"}
_LENGTH = re.compile(r"(?:\d+[smhd])+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marked:
    """`3 done NOTE`: which piece of work, what becomes of it, and what is to be said of it."""

    number: int
    mark: Mark
    note: str = ""


async def read_marked(words: Words, ctx: Context) -> Marked | None:
    """`3 done NOTE`, all that is left; behind `3 hand` the person is left to whatever comes next."""
    match = _MARKED.match(words.left)
    mark = MARKS.get(match[2].lower()) if match else None
    if match is None or mark is None:
        return None
    words.skip(match.end())
    return Marked(number_in(match[1]), mark, "" if mark == "hand" else ctx.clean(words.rest()))


def length_of(words: str) -> timedelta | None:
    """How long `30m`, `2小时` or `1h30m` is; None if it is no length of time. What nobody lives to see is `timedelta.max`."""
    for unit, letter in _SHORT.items():
        words = words.replace(unit, letter)
    if not _LENGTH.fullmatch(words):
        return None
    try:
        return read_duration(words)
    except (FaultError, OverflowError):
        return timedelta.max


async def read_matter(words: Words, ctx: Context) -> Matter | None:
    """All but the `@who` and the time at the end, without personal data; a form asks for those by themselves."""
    if words.is_answer:
        return Matter(ctx.clean(words.rest())) or None
    end = _END.search(words.left)
    assert end is not None
    if words.first.lower() in MARKS and not end["due"]:
        raise UsageError(
            ctx.say("Which one is it?"),
            hint=ctx.say("Its number comes first: task {number} 1 done", number=ctx.own or "N"),
        )
    return Matter(ctx.clean(words.skip(end.start()))) or None


async def read_moment(words: Words, ctx: Context) -> Moment | None:
    """`2h`, `18:00`, `明天 9:00`, `11-21 18:00` or `2027-01-05 9:00`. Raises UsageError for a time that has passed."""
    match = re.match(_DUE, words.left, re.IGNORECASE)
    if match is None:
        return None
    text = words.skip(match.end())
    hint = ctx.say("Write a time ahead: 2h, 18:00 or 11-21 18:00.")
    try:
        moment = _moment(text, ctx)
    except ValueError:
        raise UsageError(ctx.say("“{word}” is no time.", word=cut(text)), hint=hint) from None
    if moment <= ctx.now:
        raise UsageError(ctx.say("{time} has passed.", time=ctx.say.clock(moment)), hint=hint)
    if moment - ctx.now > FURTHEST:
        raise UsageError(ctx.say("“{word}” is more than a year ahead.", word=cut(text)), hint=hint)
    return Moment(moment)


def _moment(text: str, ctx: Context) -> datetime:
    if _LENGTH.fullmatch(text) and (length := length_of(text)) is not None:
        return ctx.now + min(length, 2 * FURTHEST)
    if match := re.fullmatch(rf"(\d+)\s*({'|'.join(UNITS)})", text):
        return ctx.now + timedelta(**{UNITS[match[2]]: int(match[1])})
    *_, hour, minute = re.split(r"[^\d]+", text)
    today = ctx.now.astimezone(ctx.team.zone).date()
    local = datetime.combine(_day(text, today), time(int(hour), int(minute)), ctx.team.zone)
    return local.astimezone(UTC)


def _day(text: str, today: date) -> date:
    """The day that is meant. Without a year it is the nearest: in December, 01-05 is next January's."""
    if match := re.match(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})\s", text):
        year, month, day = int(match[1] or today.year), int(match[2]), int(match[3])
        is_next = not match[1] and (today - date(year, month, day)) > FURTHEST / 2
        return date(year + is_next, month, day)
    return today + timedelta(days=next((n for word, n in DAYS.items() if text.lower().startswith(word)), 0))


async def read_role(words: Words, ctx: Context) -> RoleName | None:
    """A role's id or title."""
    said = f"{words.left.casefold()} "
    if not words.left or said[0] in "@＠<":
        return None
    for name, role in ctx.library.roles.items():
        for called in (name, role.title.casefold(), role.title_en.casefold()):
            if said.startswith(f"{called} "):
                words.skip(len(called))
                return RoleName(name)
    titles = " · ".join(role.name(ctx.language) for role in ctx.library.roles.values())
    raise NotFoundError(
        ctx.say("There is no role “{word}”.", word=cut(words.first)),
        hint=ctx.say("There are: {titles}", titles=titles),
    )
