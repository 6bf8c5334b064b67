"""People, groups and messages of a Telegram of our own, as the Bot API sends them.

The wording of errors follows telegram-bot-api/Client.cpp (tdlib/telegram-bot-api).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.servers.telegram_text import LIVE

Params = dict[str, Any]
UNCHANGED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
GENERAL = 1
"""The General topic, which must not be named."""
MEDIA = {"photo", "document", "video", "audio", "voice", "video_note", "animation"}
"""Kinds of messages whose words are a caption."""
MAX_FILE = 20 << 20
"""Bytes of a file that is handed out."""
MAX_CAPTION = 1024


class ApiError(Exception):
    """What the server refuses, as it goes over the wire."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(slots=True)
class User:
    """A person. `username` without the @."""

    id: int
    first_name: str = ""
    username: str = ""
    is_bot: bool = False

    def wire(self) -> Params:
        """The person as the Bot API sends one."""
        sent = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name or f"user{self.id}"}
        return sent | ({"username": self.username} if self.username else {})


@dataclass(slots=True)
class Chat:
    """A chat; one with a positive id is the private chat with that person."""

    id: int
    forum: bool = False
    title: str = ""
    topics: set[int] = field(default_factory=set)
    named: dict[int, str] = field(default_factory=dict)
    """Topics that the bot made."""
    closed: set[int] = field(default_factory=set)
    manages_topics: bool = True
    moved_to: int = 0
    pinned: list[int] = field(default_factory=list)

    def wire(self) -> Params:
        """The chat as the Bot API sends one."""
        if self.id > 0:
            return {"id": self.id, "type": "private", "first_name": self.title or f"user{self.id}"}
        sent = {"id": self.id, "type": "supergroup", "title": self.title or f"group {self.id}"}
        return sent | ({"is_forum": True} if self.forum else {})


@dataclass(slots=True)
class Message:
    """A message as it stands now. `entities` are (type, text); `keyboard` is rows of (label, callback data)."""

    id: int
    chat: int
    user: int
    text: str
    date: int
    entities: list[tuple[str, str]] = field(default_factory=list)
    keyboard: list[list[tuple[str, str]]] = field(default_factory=list)
    reply_to: int = 0
    topic: int = 0
    force_reply: bool = False
    selective: bool = False
    edits: int = 0
    deleted: bool = False
    preview: bool = True
    raw_entities: list[Params] = field(default_factory=list)
    sender_chat: int = 0
    service: Params = field(default_factory=dict)
    photo: int = 0
    """Bytes of the picture, whose caption the text is."""
    document: str = ""
    """The file, whose caption the text is."""

    @property
    def live(self) -> list[tuple[str, str]]:
        """What a reader can tap or is called by, buttons aside."""
        return [entity for entity in self.entities if entity[0] in LIVE]

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """All buttons in one list."""
        return [button for row in self.keyboard for button in row]
