"""Hold a sheet against its schema, and word every refusal for the person who edits the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from playbooks.reading import Loc, PlaybookError, Problem, Sheet

MAX_TEXT = 4000
"""Characters in any one text: a statement fits, a pasted document does not."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_WORDING = {
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "tuple_type": 'must be a list, one line each, beginning with "- "',
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
    "model_attributes_type": "must hold keys and values",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "bool_parsing": "must be yes or no",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "too_short": "needs at least {min_length}",
    "too_long": "may hold at most {max_length}",
    "string_too_long": "may have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}


class FaultError(ValueError):
    """What a check of ours found: a message, a hint, and where, seen from the value that was checked."""

    def __init__(self, message: str, hint: str = "", at: Loc = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.at = at


class Strict(BaseModel):
    """A part of a file: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


def read_duration(words: object) -> timedelta:
    """Read `45s`, `30m`, `4h`, `2d` or several of them in a row (`1h30m`). Raises FaultError."""
    text = str(words).strip().lower()
    if not re.fullmatch(r"(\d{1,6}[smhd])+", text):
        raise FaultError(f'"{text}" is not a duration', "write 45s, 30m, 4h or 2d")
    parts = re.findall(r"(\d+)([smhd])", text)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def spelled(length: timedelta) -> str:
    """A duration as `read_duration` reads it, `1h30m`."""
    left, parts = int(length.total_seconds()), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0m"


def read_day(words: object) -> date:
    """Read `2027-05-01`. Raises FaultError."""
    try:
        return date.fromisoformat(str(words).strip())
    except ValueError as error:
        raise FaultError(f'"{words}" is not a day', "write it as 2027-05-01") from error


def read_weekly(words: object) -> str:
    """Read a time of each day, or of some days: `09:00`, `mon 09:00`, `mon,thu 18:30`, `周一 09:00`; empty for never.

    Raises:
        FaultError: it is none.
    """
    text = str(words or "").strip().lower().replace("：", ":").replace("，", ",").replace("、", ",")
    for sign, day in zip("一二三四五六日", WEEKDAYS, strict=True):
        text = text.replace(f"周{sign}", day)
    day = "|".join(WEEKDAYS)
    if text and not re.fullmatch(rf"(({day})(,({day}))*\s+)?([01]?\d|2[0-3]):[0-5]\d", text):
        raise FaultError(f'"{words}" is not a time', "write 09:00, mon 09:00 or mon,thu 09:00")
    return text


def _spelled_out(words: object) -> object:
    """An id of digits, which YAML reads as a number."""
    return str(words) if isinstance(words, int) else words


Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
Duration = Annotated[timedelta, BeforeValidator(read_duration)]
Day = Annotated[date, BeforeValidator(read_day)]
Weekly = Annotated[str, BeforeValidator(read_weekly)]
Identifier = Annotated[Text, BeforeValidator(_spelled_out)]

M = TypeVar("M", bound=Strict)


def parse(sheet: Sheet, model: type[M]) -> M:
    """Make a schema's object of a sheet. Raises PlaybookError with every problem of the file."""
    try:
        return model.model_validate(sheet.data)
    except ValidationError as error:
        problems = [_problem(sheet, model, detail) for detail in _told(error.errors(include_url=False))]
        raise PlaybookError(sorted(problems, key=lambda problem: problem.line)) from error


def _told(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out that a list is too short where its items were refused: pydantic then counts none."""
    for detail in details:
        loc = detail["loc"]
        inside = any(other["loc"][: len(loc)] == loc and other["loc"] != loc for other in details)
        if not (detail["type"] == "too_short" and inside):
            yield detail


def _problem(sheet: Sheet, model: type[Strict], detail: ErrorDetails) -> Problem:
    loc = tuple(part for part in detail["loc"] if part != "[key]")
    name = _name(loc)
    kind = detail["type"]
    if kind == "extra_forbidden":
        allowed = list(_model_at(model, loc[:-1]).model_fields)
        return sheet.problem(loc, f'unknown key "{loc[-1]}"', nearest(str(loc[-1]), allowed))
    if kind == "missing":
        return sheet.problem(loc, f'the key "{loc[-1]}" is missing', f'add "{loc[-1]}: ..." here')
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, FaultError):
        return sheet.problem((*loc, *cause.at), _prefixed(_name((*loc, *cause.at)), str(cause)), cause.hint)
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))
        return sheet.problem(
            loc, f'{name} cannot be "{detail["input"]}"', nearest(str(detail["input"]), allowed)
        )
    if kind == "string_too_short" and not str(detail["input"]).strip():
        return sheet.problem(loc, f"{name} must not be empty", "write a text, or leave the line out")
    wording = _WORDING.get(kind, "is wrong: {message}")
    return sheet.problem(
        loc,
        f"{name} {wording.format(message=detail['msg'].removeprefix('Value error, '), **detail.get('ctx', {}))}",
    )


def _name(loc: Loc) -> str:
    """Name a value as a reader of the file would: `steps 3 due`."""
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in loc)


def _prefixed(name: str, message: str) -> str:
    return f"{name}: {message}" if name else message


def nearest(word: str, allowed: list[str]) -> str:
    """The hint for a word that is not allowed: the one that was meant, else all that are."""
    near = get_close_matches(word.lower(), allowed, n=1)
    return f'did you mean "{near[0]}"?' if near else f"allowed here: {', '.join(allowed)}"


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    for part in loc:
        known = model.model_fields.get(str(part))
        if known is not None:
            model = next(_models(known.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
