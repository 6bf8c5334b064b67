"""Single values out of rows that other programs wrote: texts, ids, counts, times.

Each reader takes whatever JSON or CSV may hold and never raises: what cannot be read is empty or None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

MAX_ID = 200
MAX_COUNT = 10**12
MILLISECONDS_FROM = 10**11
"""Epoch numbers above this are milliseconds: as seconds they would lie beyond the year 5000."""
EXACT_FLOAT = 2**53
"""Whole numbers above this lose digits when a program holds them as a float."""
MAX_BITS = 128
"""Longer whole numbers are no id and no text; Python refuses to spell out very long ones."""

_BLANK = frozenset({"none", "null", "nan", "undefined"})
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_COUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(\.[0-9]{1,9})?\s?([千万萬亿kwm]?)\s?\+?")
_UNITS = {"": 1, "k": 10**3, "千": 10**3, "w": 10**4, "万": 10**4, "萬": 10**4, "m": 10**6, "亿": 10**8}
_EPOCH = re.compile(r"[0-9]{9,13}(?:\.[0-9]+)?|[0-9]{16}|[0-9]{19}")
_LOCAL_DATE = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2})[:：]([0-9]{2})(?:[:：]([0-9]{2}))?)?"
)
_WHOLE_FLOAT = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_QUOTED = re.compile(r"""=?["']([0-9]{5,30})["']?""")
"""How people keep a spreadsheet from reading an id as a number: `'7574...` and `="7574..."`."""
_ROUNDED = re.compile(r"[1-9][0-9]{11,}0000")
"""Spreadsheets keep 15 digits of a 19-digit id and fill up with zeros."""


def plain(value: object) -> str:
    """Read a text: trimmed, without characters no database takes. `None` spelled out (`str(None)`) is empty."""
    if isinstance(value, str):
        text = value.strip()
    elif _is_spellable(value):
        text = str(value)
    else:
        return ""
    if text.isprintable():  # what has no such characters is nearly all there is
        return "" if len(text) < 10 and text.lower() in _BLANK else text
    return _UNSTORABLE.sub("", text)


def _is_spellable(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= MAX_BITS


def identifier(value: object) -> tuple[str, str]:
    """Read an id.

    Ids are strings: a 19-digit number does not survive a float or a spreadsheet.

    Returns:
        The id, empty if there is none or its digits are lost, and what is wrong with it, in words.
    """
    if isinstance(value, str) and _is_whole(value):
        return value, ""
    if isinstance(value, float):
        return _from_float(value)
    text = plain(value)
    return (text, "") if _is_whole(text) else _mended(text)


def _is_whole(text: str) -> bool:
    return text.isdecimal() and len(text) < 30 and text[-4:] != "0000"


def _mended(text: str) -> tuple[str, str]:
    if len(text) > MAX_ID:
        return "", "is too long for an id"
    if quoted := _QUOTED.fullmatch(text):
        return quoted[1], "was guarded against spreadsheets; the guard was taken off"
    if _SCIENTIFIC.fullmatch(text):
        return "", "lost digits in a spreadsheet (written like 7.2E+18)"
    if whole := _WHOLE_FLOAT.fullmatch(text):
        return whole[1], ""
    if _ROUNDED.fullmatch(text):
        return text, "ends in 0000: a spreadsheet may have rounded it"
    return text, ""


def _from_float(value: float) -> tuple[str, str]:
    if not value.is_integer():
        return "", "is not an id but a fraction"
    if abs(value) > EXACT_FLOAT:
        return "", "lost digits: it was written as a floating point number"
    return str(int(value)), ""


def count(value: object) -> int | None:
    """Read a count: a number, or what a screen shows, such as `1.2万`, `2.1w`, `3千`, `10+`, `1,234`."""
    number: int | None = None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        number = value
    elif isinstance(value, float):
        number = round(value) if math.isfinite(value) else None
    elif isinstance(value, str):
        number = _shown_count(value)
    return number if number is not None and 0 <= number <= MAX_COUNT else None


def _shown_count(text: str) -> int | None:
    if len(text) > 32:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    shown = _COUNT.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    if not shown:
        return None
    whole, fraction, unit = shown.groups(default="")
    number = float(whole.replace(",", "") + fraction) * _UNITS[unit]
    return round(number)


def moment(value: object, timezone: ZoneInfo) -> datetime | None:
    """Read a time: epoch seconds or milliseconds, ISO 8601, local text, Weibo's and mail's forms.

    Args:
        value: what the row holds.
        timezone: where text without an offset was written.

    Returns:
        The time in UTC, or None.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    if not isinstance(value, datetime):  # which a spreadsheet's cell is
        if not isinstance(value, str) or not (text := value.strip()) or len(text) > 64:
            return None
        if _EPOCH.fullmatch(text):
            return _from_epoch(float(text))
    try:
        written = value if isinstance(value, datetime) else _from_text(text)
        return (written if written.tzinfo else written.replace(tzinfo=timezone)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _from_epoch(number: float) -> datetime | None:
    try:
        if number > MILLISECONDS_FROM:
            for _ in range(3):  # milliseconds, microseconds, nanoseconds
                number = number / 1000 if number > MILLISECONDS_FROM else number
        return datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        local = _LOCAL_DATE.fullmatch(text)
    if local:
        return datetime(*(int(part or 0) for part in local.groups()))  # type: ignore[arg-type]  # noqa: DTZ001  # moment() adds the zone
    # The form of Weibo's API, `Wed Jun 01 00:50:25 +0800 2011`, and RFC 822, free of the locale.
    return parsedate_to_datetime(text)


def truth(value: object) -> bool:
    """Read a yes or no."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes", "y", "是"}
    return value is True or value == 1
