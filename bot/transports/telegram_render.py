"""Draw a card for Telegram: HTML of at most 4096 characters, and an inline keyboard.

Public words must not turn into links, commands or calls. Telegram finds those by itself in plain text but not in
`<code>`, so quotes stand in code, and elsewhere whatever could turn live is put in code. It keeps the first 100
entities of a message only; when they run out, the sign that would make a word live is written full-width instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from telegram import InlineKeyboardButton
from telegram.constants import InlineKeyboardMarkupLimit, KeyboardButtonStyle, MessageLimit

from bot.transports.text import plain, shorten
from handlers.kit.cards import (
    VERBATIM_LIMIT,
    Button,
    ButtonTone,
    Card,
    Field,
    Link,
    Quote,
    Section,
    Tone,
    is_web,
)

Keyboard = list[list[InlineKeyboardButton]]

MAX_ENTITIES = 90
"""Of the 100 that Telegram keeps; the rest is left for bold and italic, which nothing depends on."""

REPEAT = "可能重复 · possible repeat"
PROMPT = "✍️"
"""Begins every question, so that an answer to it is told from a reply to a card."""

_TITLE, _FIELD, _LABEL, _FOOTER, _QUOTE = 256, 400, 48, 200, 500
"""What each part is cut to, in characters."""
_FIELDS, _QUOTES, _LINKS, _PEOPLE = 24, 8, 8, 20
_ROW_WIDTH, _ROW_BUTTONS = 30, 4
"""A row of buttons on a phone: about 15 Chinese characters."""

_DOTS = {
    Tone.RED: "🔴",
    Tone.ORANGE: "🟠",
    Tone.YELLOW: "🟡",
    Tone.BLUE: "🔵",
    Tone.GOOD: "✅",
    Tone.WARN: "⚠️",
}
_STYLES = {ButtonTone.PRIMARY: KeyboardButtonStyle.PRIMARY, ButtonTone.DANGER: KeyboardButtonStyle.DANGER}

_WORD = r"A-Za-z0-9_\u4e00-\u9fff"
_TAG = r"[\w\u200c\u00b7\u0d80-\u0dff]"
_LIVE = re.compile(
    rf"""
      @[A-Za-z0-9_]+                                        # a call
    | (?<![{_WORD}/])/[A-Za-z0-9_]+(?:@[A-Za-z0-9_]+)?      # a command
    | (?<![{_WORD}])\#(?={_TAG}*[^\W\d_]){_TAG}++(?!\#)     # a hashtag
    | (?<![{_WORD}$])\$(?:1INCH|[A-Z]+)                     # a cashtag
    | \w{{0,12}}://\S*                                        # an address
    | [A-Za-z0-9_.@-]{{0,64}}\.[^\W\d_]+                      # a domain, or a mail address
    | \d{{1,3}}(?:\.\d{{1,3}}){{3}}                         # an IP address
    """,
    re.VERBOSE,
)
"""At least a part of everything that Telegram makes live by itself (tdlib/td, MessageEntity.cpp, find_entities).

One part is enough: what overlaps code stays dead. Repeats are bounded, so that no text makes the search slow.
"""
_FULL_WIDTH = str.maketrans("@/#$.:", "＠／＃＄．：")
_DROPPED = re.compile("[\u0333\u033f\u030a]")
"""Marks that Telegram removes before it looks for links (clean_input_string); two halves of one would meet."""


@dataclass(slots=True)
class _Room:
    """What a message still holds: characters as a reader sees them, and entities."""

    left: int = MessageLimit.MAX_TEXT_LENGTH
    entities: int = MAX_ENTITIES

    def cut(self, text: str, limit: int = MessageLimit.MAX_TEXT_LENGTH) -> str:
        """Clean a text and cut it to what fits on a line of its own; its characters are spent."""
        kept = shorten(_clean(text), max(0, min(limit, self.left - 1)))
        self.left -= len(kept) + 1
        return kept

    def dead(self, text: str) -> str:
        """HTML for a text in which nothing may turn live. It must have been cut."""
        found = list(_LIVE.finditer(text))
        if not found:
            return _html(text)
        start, end = found[0].start(), found[-1].end()
        return _html(text[:start]) + self.code(text[start:end]) + _html(text[end:])

    def code(self, text: str, tag: str = "code") -> str:
        """HTML for a text in which nothing turns live whatever it says."""
        if not text or not self._take(1):
            return _html(text.translate(_FULL_WIDTH))
        return f"<{tag}>{_html(text)}</{tag}>"

    def link(self, label: str, url: str) -> str:
        """A link; where Telegram would refuse the address, the label alone."""
        host = urlsplit(url).hostname if is_web(url) else None
        if not host or "." not in host or not label or not self._take(1):
            return self.dead(label)
        return f'<a href="{escape(url)}">{_html(label)}</a>'

    def person(self, name: str, user: str) -> str:
        """A live mention of somebody by user id."""
        if not user.isdecimal() or not self._take(1):
            return self.dead(name)
        return f'<a href="tg://user?id={user}">{_html(name)}</a>'

    def quoted(self, content: str) -> str:
        """A block quote around finished HTML."""
        return f"<blockquote>{content}</blockquote>" if self._take(1) else content

    def _take(self, count: int) -> bool:
        if self.entities < count:
            return False
        self.entities -= count
        return True


def render(
    card: Card,
    names: Mapping[str, str],
    *,
    call: tuple[str, str] | None = None,
    repeat: bool = False,
    prompt: bool = False,
) -> tuple[str, Keyboard]:
    """Draw a card.

    What must stay whole gets its room first: who is called, the title, verbatim text, links and footer; then text,
    fields, sections and quotes in this order, so that quotes are cut before all else.

    Args:
        card: with verbatim text of at most `VERBATIM_LIMIT` characters; `pages()` spreads longer ones.
        names: roster name -> Telegram user id, for `card.notify`.
        call: a name and the user id of one more person to call.
        repeat: say that this may have been sent before.
        prompt: mark it as a question that is answered by a reply.

    Returns:
        HTML for `parse_mode="HTML"`, and rows of buttons.

    Raises:
        ValueError: the verbatim text is too long to be shown whole.
    """
    if len(card.verbatim) > VERBATIM_LIMIT:
        raise ValueError(
            f"verbatim text is over {VERBATIM_LIMIT} characters; spread the card with pages() first"
        )
    room = _Room()
    head = [*_called(card, names, call, room), *_title(card, room, repeat=repeat, prompt=prompt)]
    verbatim = [room.code(room.cut(card.verbatim), "pre")] if card.verbatim else []
    tail = [*_links(card.links, room), *_footer(card.footer, room)]
    text = [room.dead(room.cut(card.text))] if card.text else []
    fields = [_field(item, room) for item in card.fields[:_FIELDS] if room.left > 1]
    sections = [line for section in card.sections for line in _section(section, room)]
    quotes = [_quote(quote, room) for quote in card.quotes[:_QUOTES] if room.left > 1]
    lines = [*head, *text, *fields, *quotes, *verbatim, *sections, *tail]
    return "\n".join(line for line in lines if line), keyboard(card.buttons)


def keyboard(buttons: tuple[Button, ...]) -> Keyboard:
    """Set buttons in rows that a phone shows without cutting the labels, 100 buttons at most."""
    rows: Keyboard = []
    width = _ROW_WIDTH
    for button in buttons[: InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER]:
        label = shorten(_clean(button.label), _LABEL) or "·"
        width += _width(label) + 2
        if width > _ROW_WIDTH or len(rows[-1]) == _ROW_BUTTONS:
            rows.append([])
            width = _width(label) + 2
        rows[-1].append(
            InlineKeyboardButton(label, callback_data=button.wire, style=_STYLES.get(button.tone))
        )
    return rows


def _called(card: Card, names: Mapping[str, str], call: tuple[str, str] | None, room: _Room) -> Iterator[str]:
    """The people that a message calls, on its first line."""
    people = [*([call] if call else []), *((name, names.get(name, "")) for name in card.notify)]
    if people:
        yield " ".join(room.person(room.cut(name, _LABEL), user) for name, user in people[:_PEOPLE])


def _title(card: Card, room: _Room, *, repeat: bool, prompt: bool) -> Iterator[str]:
    if repeat:
        yield room.cut(f"（{REPEAT}）")
    signs = [PROMPT] if prompt else []
    if card.tone in _DOTS:
        signs.append(_DOTS[card.tone])
    sign = "".join(f"{sign} " for sign in signs)
    room.left -= len(sign)
    yield f"{sign}<b>{room.dead(room.cut(card.title, _TITLE) or '…')}</b>"


def _field(item: Field, room: _Room) -> str:
    label = _clean(item.label)
    colon = ": " if label.isascii() else "："
    return room.dead(room.cut(f"{shorten(label, _LABEL)}{colon}{shorten(_clean(item.value), _FIELD)}"))


def _section(section: Section, room: _Room) -> Iterator[str]:
    if section.title and room.left > 1:
        yield f"<b>{room.dead(room.cut(section.title, _TITLE))}</b>"
    for line in section.lines:
        if room.left > 1:
            yield room.dead(room.cut(line))


def _quote(quote: Quote, room: _Room) -> str:
    """Words in code, with where they are from below; a quote without its source would be a claim of ours."""
    source = room.cut(quote.source or ("↗" if quote.url else ""), _LABEL)
    words = room.code(room.cut(quote.text, _QUOTE))
    if not words:
        return ""
    origin = room.link(source, quote.url) if quote.url else room.dead(source)
    return room.quoted(f"{words}\n{origin}" if origin else words)


def _links(links: tuple[Link, ...], room: _Room) -> Iterator[str]:
    dot = " · "
    shown = links[:_LINKS]
    room.left -= (len(dot) - 1) * len(shown)
    if shown:
        yield dot.join(room.link(room.cut(link.label, _LABEL), link.url) for link in shown)


def _footer(footer: str, room: _Room) -> Iterator[str]:
    if footer:
        yield f"<i>{room.dead(room.cut(footer, _FOOTER))}</i>"


def _clean(text: str) -> str:
    return _DROPPED.sub("", plain(text)).strip()


def _html(text: str) -> str:
    return escape(text, quote=False)


def _width(label: str) -> int:
    """How wide a label is, in Latin letters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in label)
