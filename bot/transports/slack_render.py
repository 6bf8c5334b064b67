"""Draws cards and forms in Slack's Block Kit, within its limits.

Nearly every word goes into `rich_text` blocks and `plain_text` objects, which Slack shows as they are: no
mrkdwn is read there, so a comment full of `*`, `<!channel>` or links neither breaks a card nor wakes anybody.
Only the line of live mentions and the notification text are mrkdwn; they hold ids of ours and escaped text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement, RichTextElement
from slack_sdk.models.views import View

from bot.transports.base import TransportError
from bot.transports.text import plain, shorten
from handlers.kit.cards import (
    Button,
    ButtonTone,
    Card,
    Field,
    Form,
    FormField,
    Link,
    Quote,
    Section,
    Tone,
    is_web,
)
from handlers.kit.messages import Place

MAX_SHOWN = 12_500
"""Characters that a message's blocks may hold together; Slack refuses from about 13,200 (measured, not documented)."""

MAX_TITLE = 300
MAX_PARAGRAPH = 3_000
MAX_LINE = 500
MAX_QUOTE = 500
MAX_SOURCE = 100
MAX_FOOTER = 500
MAX_BUTTONS = 25
BUTTONS_IN_A_ROW = 5
MAX_BUTTON_LABEL = 75
MAX_URL = 3_000
MAX_NOTIFIED = 50
MAX_RICH_TEXT = 3_000

MAX_NOTIFICATION = 600
"""Short enough for chat.update, which counts 4,000 bytes, when every character is escaped to five."""

MAX_VIEW_LABEL = 24
MAX_INPUT = 3_000
MAX_INPUT_LABEL = 150
MAX_HINT = 300
MAX_OPTIONS = 100
MAX_OPTION = 75

DOTS = {
    Tone.RED: "🔴 ",
    Tone.ORANGE: "🟠 ",
    Tone.YELLOW: "🟡 ",
    Tone.BLUE: "🔵 ",
    Tone.GOOD: "✅ ",
    Tone.WARN: "⚠️ ",
}

_PERSON_ID = re.compile(r"[UW][A-Z0-9]+")

Part = RichTextElement
Blocks = list[Block]


class _Allowance:
    """What is left of a message's length; whoever asks first gets most."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, text: str, limit: int) -> str:
        cut = fit(plain(text), min(limit, max(self.left, 0)))
        self.left -= stored_size(cut)
        return cut

    def line(self, text: str, limit: int = MAX_LINE) -> str:
        return self.take(" ".join(plain(text).split()), limit)


def render(card: Card, names: Mapping[str, str]) -> dict[str, Any]:
    """Draw a card: the `blocks` and the notification `text` of chat.postMessage and chat.update.

    Args:
        card: what to say.
        names: roster name -> Slack user id; who of `card.notify` is in it is mentioned. Empty for edits.
    """
    mentions = _mentions(card, names)
    allowance = _Allowance(MAX_SHOWN - stored_size(card.verbatim) - len(mentions))
    title = _bold(DOTS.get(card.tone, "") + (allowance.line(card.title, MAX_TITLE) or "…"))
    # Asked for in the order of their worth, drawn in the order of reading.
    rows = _rows(card.buttons, allowance)
    links = _links(card.links, allowance)
    fields = _fields(card.fields, allowance)
    footer = allowance.line(card.footer, MAX_FOOTER)
    paragraph = allowance.take(card.text, MAX_PARAGRAPH)
    quotes = _quotes(card.quotes, allowance)
    sections = _sections(card.sections, allowance)
    blocks: Blocks = [
        *([SectionBlock(text=mentions)] if mentions else []),
        *_rich([title, *_texts("\n" + paragraph if paragraph else "")]),
        *_rich(_texts(plain(card.verbatim))),
        *_rich(fields),
        *([RichTextBlock(elements=quotes)] if quotes else []),
        *_rich(sections),
        *_rich(links),
        *rows,
        *([ContextBlock(elements=[PlainTextObject(text=footer)])] if footer else []),
    ]
    return {"blocks": [block.to_dict() for block in blocks], "text": _notification(card, mentions)}


def modal(form: Form, place: Place) -> dict[str, Any]:
    """Draw a form as a modal; it remembers what it completes and where it was asked for.

    Raises:
        TransportError: what it should be filled with is too long for Slack.
    """
    about = {"action": form.action, "value": form.value, "channel": place.channel}
    about |= {"thread": place.thread, "message": place.message}
    view = View(
        type="modal",
        callback_id=form.action,
        title=PlainTextObject(text=_label(form.title, MAX_VIEW_LABEL)),
        submit=PlainTextObject(text=_label(form.submit or "OK", MAX_VIEW_LABEL)),
        blocks=[_input(question) for question in form.fields],
        private_metadata=json.dumps(about, ensure_ascii=False),
    )
    return dict(view.to_dict())


def form_errors(problems: Mapping[str, str], view: Mapping[str, Any]) -> dict[str, str]:
    """Put each problem under its field; one that belongs to no field goes under the first."""
    fields = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    placed: dict[str, list[str]] = {}
    for name, problem in problems.items():
        placed.setdefault(name if name in fields else fields[0], []).append(plain(problem))
    return {name: shorten("\n".join(said), MAX_HINT) for name, said in placed.items()}


def escape(text: str) -> str:
    """Escape text for mrkdwn: these three characters, no others (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stored_size(text: str) -> int:
    """How long Slack may take a text to be: escaped, and in UTF-16 units, whichever way it counts."""
    return len(escape(text).encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int) -> str:
    """Cut text so that its stored size keeps the limit."""
    cut = shorten(text, limit)
    while (size := stored_size(cut)) > limit:
        cut = shorten(cut, min(len(cut) * limit // size, len(cut) - 1))
    return cut


def _mentions(card: Card, names: Mapping[str, str]) -> str:
    ids = [names[name] for name in card.notify[:MAX_NOTIFIED] if name in names]
    return " ".join(f"<@{one}>" for one in dict.fromkeys(ids) if _PERSON_ID.fullmatch(one))


def _notification(card: Card, mentions: str) -> str:
    said = " ".join(plain(f"{DOTS.get(card.tone, '')}{card.title} {card.text or card.verbatim}").split())
    return " ".join(filter(None, [mentions, escape(shorten(said, MAX_NOTIFICATION))]))


def _rich(parts: list[Part]) -> Blocks:
    return [RichTextBlock(elements=[RichTextSectionElement(elements=parts)])] if parts else []


def _texts(text: str) -> list[Part]:
    pieces = [text[start : start + MAX_RICH_TEXT] for start in range(0, len(text), MAX_RICH_TEXT)]
    return [RichTextElementParts.Text(text=piece) for piece in pieces]


def _bold(text: str) -> Part:
    return RichTextElementParts.Text(text=text, style={"bold": True})


def _fields(fields: Iterable[Field], allowance: _Allowance) -> list[Part]:
    parts: list[Part] = []
    for field in fields:
        label, value = allowance.line(field.label), allowance.line(field.value)
        parts += _texts("\n") if parts and (label or value) else []
        parts += [_bold(label)] if label else []
        parts += _texts(f" {value}" if label and value else value)
    return parts


def _sections(sections: Iterable[Section], allowance: _Allowance) -> list[Part]:
    parts: list[Part] = []
    for section in sections:
        title = allowance.line(section.title)
        lines = "\n".join(filter(None, (allowance.line(line) for line in section.lines)))
        parts += _texts("\n\n") if parts and (title or lines) else []
        parts += [_bold(title)] if title else []
        parts += _texts(f"\n{lines}" if title and lines else lines)
    return parts


def _quotes(quotes: Iterable[Quote], allowance: _Allowance) -> list[Part]:
    drawn: list[Part] = []
    for quote in quotes:
        said = allowance.line(quote.text, MAX_QUOTE)
        if not said:
            continue
        source = allowance.line(quote.source, MAX_SOURCE)
        parts = _texts(f"{said}\n{source}" if source else said)
        if is_web(quote.url) and len(quote.url) <= min(MAX_URL, allowance.left):
            allowance.left -= stored_size(quote.url)
            parts += [*_texts(" "), RichTextElementParts.Link(url=quote.url, text="↗")]
        drawn.append(RichTextQuoteElement(elements=parts))
    return drawn


def _links(links: Iterable[Link], allowance: _Allowance) -> list[Part]:
    parts: list[Part] = []
    for link in links:
        label = allowance.line(link.label)
        if stored_size(link.url) > min(MAX_URL, allowance.left):
            continue
        allowance.left -= stored_size(link.url)
        parts += _texts(" · ") if parts else []
        parts.append(RichTextElementParts.Link(url=link.url, text=label or "↗"))
    return parts


def _rows(buttons: Iterable[Button], allowance: _Allowance) -> Blocks:
    # Slack refuses a row in which one id stands twice.
    unique: dict[str, Button] = {}
    for button in buttons:
        unique.setdefault(button.wire, button)
    drawn = [_button(button, allowance) for button in list(unique.values())[:MAX_BUTTONS]]
    starts = range(0, len(drawn), BUTTONS_IN_A_ROW)
    return [ActionsBlock(elements=drawn[start : start + BUTTONS_IN_A_ROW]) for start in starts]


def _button(button: Button, allowance: _Allowance) -> ButtonElement:
    label = allowance.line(button.label, MAX_BUTTON_LABEL) or "…"
    style = None if button.tone is ButtonTone.PLAIN else button.tone.value
    return ButtonElement(text=label, action_id=button.wire, style=style)


def _label(text: str, limit: int) -> str:
    return fit(" ".join(plain(text).split()), limit) or "…"


def _input(question: FormField) -> InputBlock:
    return InputBlock(
        block_id=question.name,
        label=PlainTextObject(text=_label(question.label, MAX_INPUT_LABEL)),
        hint=PlainTextObject(text=_label(question.hint, MAX_HINT)) if question.hint else None,
        optional=not question.required,
        element=_select(question) if question.choices else _box(question),
    )


def _box(question: FormField) -> InputInteractiveElement:
    if stored_size(question.initial) > MAX_INPUT:
        raise TransportError(
            f"the text of {len(question.initial)} characters does not fit into Slack's form ({MAX_INPUT}); "
            "send it with a command instead",
            permanent=True,
        )
    return PlainTextInputElement(
        action_id=question.name,
        multiline=question.long,
        initial_value=question.initial or None,
        max_length=MAX_INPUT,
    )


def _select(question: FormField) -> InputInteractiveElement:
    options = [
        Option(value=choice.value, text=PlainTextObject(text=_label(choice.label, MAX_OPTION)))
        for choice in question.choices[:MAX_OPTIONS]
    ]
    chosen = next((option for option in options if option.value == question.initial), None)
    return StaticSelectElement(action_id=question.name, options=options, initial_option=chosen)
