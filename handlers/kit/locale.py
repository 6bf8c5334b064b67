"""Words in the reader's language.

Texts are English msgids; `catalogue/zh.po` holds the Chinese ones. The language is a room's, so a card is built once
per language it is needed in: handlers hand over a builder that takes a `Locale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
Texts = Mapping[Any, str]
"""A table whose values are msgids. Declared as this, they are found and held against the catalogues."""
FOLDER = Path(__file__).parent / "catalogue"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The translations of a language by msgid; empty for English, which the msgids are."""
    file = FOLDER / f"{language}.po"
    if not file.exists():
        return {}
    with file.open("rb") as stream:
        messages = read_po(stream, locale=language)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """A language, a time zone and the present moment: all that turns facts into words."""

    language: str
    zone: ZoneInfo
    now: datetime

    def __call__(self, msgid: str, **values: object) -> str:
        """The text for a msgid, with values filled in. Values are data: braces in them mean nothing."""
        text = catalogue(self.language).get(msgid, msgid)
        return text.format(**values) if values else text

    def either(self, zh: str, en: str) -> str:
        """Pick from data that comes in both languages."""
        return (en or zh) if self.language == "en" else (zh or en)

    def clock(self, moment: datetime) -> str:
        """A clock time; with the date when it is not today."""
        local, today = moment.astimezone(self.zone), self.now.astimezone(self.zone)
        return local.strftime("%H:%M" if local.date() == today.date() else "%m-%d %H:%M")

    def seconds(self, moment: datetime) -> str:
        """A clock time to the second, with the date."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def span(self, length: timedelta) -> str:
        """A length of time in its two largest units."""
        total = max(0, round(length.total_seconds()))
        units = ((86_400, self("{n} d")), (3_600, self("{n} h")), (60, self("{n} min")), (1, self("{n} s")))
        parts: list[str] = []
        for size, text in units:
            if total >= size and len(parts) < 2:
                parts.append(text.format(n=total // size))
                total %= size
        return " ".join(parts) or self("{n} s", n=0)

    def count(self, number: int) -> str:
        """A count as people write it: 1.2 万 in Chinese, 12,345 in English."""
        if self.language == "zh" and number >= 10_000:
            return f"{number / 10_000:.1f}".removesuffix(".0") + " 万"
        return f"{number:,}"
