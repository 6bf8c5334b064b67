"""What comes in: somebody typed, somebody pressed, the bot noticed.

Each carries an `id` that is the same when a platform delivers it twice, so the inbox keeps one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who spoke, as the platform vouches for it. `user` is the platform's user id; `name` is only for show."""

    transport: str
    user: str
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was said.

    Args:
        transport: `slack`, `telegram` or `console`.
        channel: the platform's id of the channel or chat.
        thread: Slack's thread_ts or Telegram's forum topic; empty at the top level.
        message: the message itself.
        direct: a private chat between one person and the bot.
    """

    transport: str
    channel: str
    thread: str = ""
    message: str = ""
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that came with a message.

    Args:
        id: what the platform knows it by.
        name: as its sender called it: data, never a path.
        size: bytes, as the platform says; 0 where it does not.
        mime: its kind, as the platform says.
    """

    id: str
    name: str
    size: int = 0
    mime: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """The message that was replied to or marked. Empty `text` means: not known yet, ask the platform."""

    message: str
    text: str = ""
    author: str = ""
    user: str = ""
    at: datetime | None = None
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Somebody typed.

    Args:
        text: the words after the command prefix or the bot's name; people appear as `<@ID>`.
        answer: True when it answers the bot's prompt, so it is data and not a command.
        files: what came with it.
        trigger: what the platform needs to open a form, where it has one.
    """

    id: str
    text: str
    by: Sender
    at: Place
    quoted: Quoted | None = None
    answer: bool = False
    trigger: str = ""
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Somebody pressed a button (`action`, `value`) or sent its form (`fields`).

    Args:
        trigger: what the platform needs to open a form.
        reply: what the platform needs to answer the press itself (Telegram's callback query id).
    """

    id: str
    action: str
    value: str
    by: Sender
    at: Place
    fields: Mapping[str, str] = field(default_factory=dict)
    trigger: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """The bot noticed: the monitor raised or grew an incident, or a deadline came due."""

    id: str
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


Happening = Typed | Pressed | Noticed
