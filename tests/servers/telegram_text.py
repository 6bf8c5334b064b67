"""Telegram's reading of a message: HTML to text and entities, then what becomes live by itself.

The rules and the wording of errors follow td/telegram/MessageEntity.cpp (tdlib/td), which the Bot API server runs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

MAX_TEXT = 4096
"""Code points after parsing."""
MAX_USER_ENTITIES = 100
"""Entities beyond these are not kept, so what they covered turns live again."""

LIVE = frozenset(
    {"mention", "bot_command", "hashtag", "cashtag", "url", "email", "text_mention", "text_link"}
)
"""What a reader can tap, or is called by."""

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_CLOSED = frozenset({"code", "pre", "text_link", "text_mention"})

_TLDS = frozenset(
    {
        "com",
        "net",
        "org",
        "cn",
        "io",
        "me",
        "app",
        "xyz",
        "top",
        "shop",
        "vip",
        "cc",
        "tv",
        "info",
        "ru",
        "uk",
        "hk",
        "中国",
        "中國",
        "公司",
        "网络",
        "网址",
        "微博",
        "食品",
        "餐厅",
        "新闻",
        "商店",
        "香港",
    }
)
"""Those of the list that tests use; without a protocol only a known ending makes a link."""
_FOUND = (
    ("mention", re.compile(r"(?<!\w)@(?:\w{4,32}|gif|vid|pic)(?!\w)", re.ASCII)),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}+(?:@[A-Za-z0-9_]{3,32}+)?(?![\w/<>])")),
    ("hashtag", re.compile(r"(?<![\w\u200c·])#(?=[\w\u200c·]*[^\W\d_])[\w\u200c·]{1,256}+(?![\w\u200c·]*#)")),
    ("cashtag", re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8}+)(?![\w$])")),
    ("url", re.compile(r"\b(?:tg|ton|tonsite)://[A-Za-z0-9_-]+[^\s<>«»\"]*", re.IGNORECASE)),
    ("url", re.compile(r"\b(?:https?|ftp)://[^\s<>«»\"/?#]+\.[^\s<>«»\"]+", re.IGNORECASE)),
    ("email", re.compile(r"[\w.+-]+@(?:[A-Za-z0-9][\w-]*\.)+[A-Za-z]{2,8}(?![\w.-])", re.ASCII)),
)
_DOMAIN = re.compile(
    r"(?<![\w/#@])[A-Za-z0-9_~.\u00c0-\u1fff\u2070-\uffef-]+\.[A-Za-z0-9_~.\u00c0-\u1fff\u2070-\uffef-]+"
)
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_BLANKED = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")


class EntityError(ValueError):
    """The text cannot be read; the message is the one that Telegram gives."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Part of a text, in code points (`wire` turns it into UTF-16 units)."""

    type: str
    start: int
    end: int
    url: str = ""
    user: int = 0

    def wire(self, text: str) -> dict[str, Any]:
        """The entity as the Bot API sends it."""
        before, inside = text[: self.start], text[self.start : self.end]
        sent: dict[str, Any] = {"type": self.type, "offset": units(before), "length": units(inside)}
        if self.url:
            sent["url"] = self.url
        if self.user:
            sent["user"] = {"id": self.user, "is_bot": False, "first_name": inside}
        return sent


@dataclass(slots=True)
class _Reader:
    source: str
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    open: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as entities count."""
    return len(text.encode("utf-16-le")) // 2


def read_html(source: str) -> tuple[str, list[Entity]]:
    """Turn Telegram's HTML into text and entities, those included that arise by themselves. Raises EntityError."""
    reader = _Reader(source)
    at = 0
    for match in re.finditer(r"<", source):
        if match.start() < at:
            continue
        reader.text += _unescape(source[at : match.start()])
        at = _tag(reader, match.start())
    reader.text += _unescape(source[at:])
    if reader.open:
        raise EntityError(f'Can\'t find end tag corresponding to start tag "{reader.open[-1][0]}"')
    return settle(reader.text, reader.entities)


def read_plain(text: str) -> tuple[str, list[Entity]]:
    """What Telegram makes of a text without a parse mode."""
    return settle(text, [])


def settle(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Clean the text, keep the entities that are allowed and add those that arise by themselves."""
    text, entities = _clean(text, [e for e in entities if e.start < e.end])
    kept = sorted(_allowed(entities), key=lambda e: (e.type in _STYLES, e.start))[:MAX_USER_ENTITIES]
    closed = [e for e in kept if e.type in _CLOSED]
    found = [e for e in _find(text) if not any(e.start < c.end and c.start < e.end for c in closed)]
    return text, sorted([*kept, *found], key=lambda e: (e.start, -e.end))


def _tag(reader: _Reader, at: int) -> int:
    """Read the tag that begins at `at`; returns where it ends."""
    source = reader.source
    offset = len(source[:at].encode())
    end = source.find(">", at)
    if source[at + 1 : at + 2] == "/":
        if not reader.open:
            raise EntityError(f"Unexpected end tag at byte offset {offset}")
        _close(reader, source[at + 2 : end if end >= 0 else len(source)].strip().lower(), offset)
        return end + 1
    name = (re.match(r"<([^\s>]*)", source[at:]) or [""])[0][1:].lower()
    if name not in _TAGS:
        raise EntityError(f'Unsupported start tag "{name}" at byte offset {offset}')
    if end < 0:
        raise EntityError(f"Unclosed start tag at byte offset {offset}")
    found = re.findall(r'([\w-]+)(?:=(?:"([^"]*)"|\'([^\']*)\'|(\S+)))?', source[at + 1 + len(name) : end])
    given = {key.lower(): html.unescape(one or two or three) for key, one, two, three in found}
    reader.open.append((name, _TAGS[name], len(reader.text), given))
    return end + 1


def _close(reader: _Reader, name: str, offset: int) -> None:
    opened, kind, start, given = reader.open.pop()
    if name and name != opened:
        raise EntityError(
            f'Unmatched end tag at byte offset {offset}, expected "</{opened}>", found "</{name}>"'
        )
    text = reader.text[start:]
    if kind != "text_link":
        reader.entities.append(Entity(kind, start, len(reader.text)))
        return
    url = given.get("href") or text
    parts = urlsplit(url)
    if url.startswith("tg://user?"):
        user = int(parse_qs(parts.query)["id"][0])
        reader.entities.append(Entity("text_mention", start, len(reader.text), user=user))
    elif parts.scheme in {"http", "https", "tg"} and "." in (parts.hostname or ""):
        reader.entities.append(Entity("text_link", start, len(reader.text), url=url))


def _unescape(text: str) -> str:
    """Only these names and numeric references are known; any other & stays as it is."""
    return re.sub(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);", lambda m: html.unescape(m[0]), text)


def _clean(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Drop and blank what Telegram does not keep, trim both ends, and move the entities along."""
    kept = [not _DROPPED.match(char) for char in text]
    text = _BLANKED.sub(" ", text)
    length = len(text.rstrip(" \n"))
    first = len(text) - len(text.lstrip(" \n"))
    if entities:
        first = min(first, min(e.start for e in entities))
    kept = [keep and first <= index < length for index, keep in enumerate(kept)]
    moved = [0]
    for keep in kept:
        moved.append(moved[-1] + keep)
    shifted = [Entity(e.type, moved[e.start], moved[e.end], e.url, e.user) for e in entities]
    return "".join(c for c, keep in zip(text, kept, strict=True) if keep), [
        e for e in shifted if e.start < e.end
    ]


def _allowed(entities: list[Entity]) -> Iterator[Entity]:
    """Links and code cannot nest in each other: the outer one stays."""
    closed_until = 0
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        if entity.type in _CLOSED:
            if entity.start < closed_until:
                continue
            closed_until = entity.end
        yield entity


def _find(text: str) -> list[Entity]:
    """What arises by itself; of two that overlap the earlier one stays."""
    found = [Entity(kind, m.start(), m.end()) for kind, pattern in _FOUND for m in pattern.finditer(text)]
    found += [Entity("url", m.start(), m.end()) for m in _DOMAIN.finditer(text) if _is_domain(m[0])]
    found += [Entity("url", m.start(), m.end()) for m in _ADDRESS.finditer(text)]
    result: list[Entity] = []
    for entity in sorted(found, key=lambda e: e.start):
        if not result or entity.start >= result[-1].end:
            result.append(entity)
    return result


def _is_domain(text: str) -> bool:
    parts = text.rstrip(".").split(".")
    return len(parts) > 1 and all(parts) and parts[-1].lower() in _TLDS
