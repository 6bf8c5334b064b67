"""Cards: what the bot says, free of any platform.

Every string is data, never markup. A renderer cuts first and escapes second, so a
public comment that holds `<!channel>`, HTML or `/claim` is shown and does nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from handlers.kit.pictures import Picture

MAX_ACTION_BYTES = 64
"""`feature.verb:value` must fit Telegram's callback_data (1 to 64 bytes, core.telegram.org/bots/api)."""

DRILL_MARK = "【演练】"
"""Stands before all that a drill says."""

VERBATIM_LIMIT = 2000
"""Characters of verbatim text that one message holds on every platform, even when each is escaped to five."""


JOINER = "\u200d"
GLUED = re.compile(
    "[\u0300-\u036f\u200d\ufe00-\ufe0f\u20d0-\u20f0\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
"""What belongs to the letter before it: marks, joiners, halves of flags, shades of skin (Unicode UAX #29)."""
LONGEST_LETTER = 40
"""Code points; the longest emoji in use has 14."""


class Tone(StrEnum):
    """The colour of a card: the incident's level, or how the news is meant."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    GOOD = "good"
    WARN = "warn"
    PLAIN = "plain"


class ButtonTone(StrEnum):
    """How a button looks: the usual next step, a step with a price, or neither."""

    PRIMARY = "primary"
    DANGER = "danger"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A labelled value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled list of lines; either part may be empty."""

    title: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What somebody in public said. `url` leads back to it (http and https only)."""

    text: str
    source: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A tap that runs a command: `action` is `feature.verb`, `value` its arguments."""

    label: str
    action: str
    value: str = ""
    tone: ButtonTone = ButtonTone.PLAIN

    @property
    def wire(self) -> str:
        """The id sent to the platform and back, at most 64 bytes."""
        return f"{self.action}:{self.value}"

    def __post_init__(self) -> None:
        if len(self.wire.encode()) > MAX_ACTION_BYTES:
            raise ValueError(f"button id is over {MAX_ACTION_BYTES} bytes: {self.wire}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A labelled address; anything but http and https is refused."""

    label: str
    url: str

    def __post_init__(self) -> None:
        if not is_web(self.url):
            raise ValueError(f"not a web address: {self.url}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that goes out as a file.

    Args:
        name: of the file, with its ending.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One message.

    Args:
        title: the first line: what happened. Shown bold, with the tone's dot.
        name: the title without what changes in it, for the parts of a long text, which stay as they are.
        text: a paragraph, cut when it is too long for the platform.
        verbatim: text that must never be cut (a statement). `pages()` spreads it over messages.
        images: charts that belong to it; each goes out below it, as a message of its own.
        documents: texts that are too long for messages; each goes out below it, as a file.
        notify: roster names to mention live; on new messages only.
        footer: small print, last.
    """

    title: str
    name: str = ""
    text: str = ""
    tone: Tone = Tone.PLAIN
    fields: tuple[Field, ...] = ()
    sections: tuple[Section, ...] = ()
    quotes: tuple[Quote, ...] = ()
    verbatim: str = ""
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    images: tuple[Picture, ...] = ()
    documents: tuple[Document, ...] = ()
    notify: tuple[str, ...] = ()
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a choice field."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One question of a form. With `choices` it is a choice, else text (`long`: several lines)."""

    name: str
    label: str
    hint: str = ""
    initial: str = ""
    long: bool = False
    required: bool = True
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Questions whose answers complete a command: a Slack modal, or one prompt after another elsewhere."""

    title: str
    fields: tuple[FormField, ...]
    action: str
    value: str = ""
    submit: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """A card whose verbatim text is spread: `before` goes out first, then `last`, which holds the buttons."""

    last: Card
    before: tuple[Card, ...] = field(default=())


def pages(card: Card) -> Pages:
    """Spread long verbatim text over numbered cards, so that no platform ever cuts it."""
    if len(card.verbatim) <= VERBATIM_LIMIT:
        return Pages(card)
    parts = _parts(card.verbatim)
    count = len(parts)
    before = tuple(
        Card(title=f"{card.name or card.title} · {number}/{count}", verbatim=part, tone=card.tone)
        for number, part in enumerate(parts, 1)
    )
    return Pages(replace(card, verbatim=f"↑ 1-{count}/{count}"), before)


def _parts(text: str) -> list[str]:
    """Nothing is lost between the parts; a part ends with a line where one ends in its second half, and never in an emoji."""
    parts = []
    while len(text) > VERBATIM_LIMIT:
        end = text.rfind("\n", VERBATIM_LIMIT // 2, VERBATIM_LIMIT) + 1 or _between_letters(text)
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def _between_letters(text: str) -> int:
    """The last place within the limit where no visible letter is torn; half of one would be drawn as something else."""
    places = range(VERBATIM_LIMIT, VERBATIM_LIMIT - LONGEST_LETTER, -1)
    return next(
        (each for each in places if text[each - 1] != JOINER and not GLUED.match(text, each)), VERBATIM_LIMIT
    )


def cut(text: str, length: int = 60) -> str:
    """Words on one line, of bearable length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def is_web(url: str) -> bool:
    """Tell whether an address may be shown as a link."""
    return url.startswith(("https://", "http://")) and not any(c.isspace() or ord(c) < 32 for c in url)
