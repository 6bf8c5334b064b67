"""The channels of a Slack workspace that a bot makes itself: named, filled, pinned in and archived."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.servers.slack_rules import Json, RefusedError

MAX_NAME = 80
MAX_TOPIC = 250


class Channels(Protocol):
    """The workspace that the channels are part of."""

    bot_user: str
    channels: set[str]
    archived: set[str]

    def new_id(self, prefix: str) -> str: ...


@dataclass
class Made:
    """A channel that the bot made."""

    id: str
    name: str
    creator: str
    is_private: bool
    topic: str = ""
    members: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)

    def wire(self, *, is_archived: bool) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "creator": self.creator,
            "is_private": self.is_private,
            "is_archived": is_archived,
        }


class Rooms:
    """What the methods for channels do."""

    def __init__(self, workspace: Channels) -> None:
        self._workspace = workspace
        self.made: list[Made] = []
        self.taken: set[str] = set()
        """Names of channels that others made."""
        self.gone: set[str] = set()
        """People who left."""
        self.methods: dict[str, Callable[[Json], Json]] = {
            "conversations.create": self._create,
            "conversations.list": self._list,
            "conversations.setTopic": self._set_topic,
            "conversations.invite": self._invite,
            "conversations.archive": self._archive,
            "pins.add": self._pin,
        }

    def _create(self, args: Json) -> Json:
        name = str(args.get("name", ""))
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise RefusedError("invalid_name_specials")
        if len(name) > MAX_NAME:
            raise RefusedError("invalid_name_maxlength")
        if name in self.taken | {each.name for each in self.made}:
            raise RefusedError("name_taken")
        is_private = args.get("is_private") in (True, "true", "True", "1")
        room = Made(self._workspace.new_id("C"), name, self._workspace.bot_user, is_private)
        room.members.append(self._workspace.bot_user)
        self.made.append(room)
        self._workspace.channels.add(room.id)
        return {"channel": room.wire(is_archived=False)}

    def _list(self, args: Json) -> Json:
        archived = self._workspace.archived
        start, limit = int(args.get("cursor") or 0), min(int(args.get("limit") or 100), 1000)
        open_ = [room for room in self.made if room.id not in archived]
        page = [room.wire(is_archived=False) for room in open_[start : start + limit]]
        more = len(open_) > start + limit
        return {"channels": page, "response_metadata": {"next_cursor": str(start + limit) if more else ""}}

    def _set_topic(self, args: Json) -> Json:
        room = self._standing(args)
        if len(args.get("topic", "")) > MAX_TOPIC:
            raise RefusedError("too_long")
        room.topic = args.get("topic", "")
        return {"channel": room.wire(is_archived=False)}

    def _invite(self, args: Json) -> Json:
        room = self._standing(args)
        for user in str(args.get("users", "")).split(","):
            if user == self._workspace.bot_user:
                raise RefusedError("cant_invite_self")
            if user in self.gone or not user.startswith(("U", "W")):
                raise RefusedError("user_not_found")
            if user in room.members:
                raise RefusedError("already_in_channel")
            room.members.append(user)
        return {"channel": room.wire(is_archived=False)}

    def _archive(self, args: Json) -> Json:
        if args.get("channel") in self._workspace.archived:
            raise RefusedError("already_archived")
        room = self._standing(args)
        self._workspace.channels.discard(room.id)
        self._workspace.archived.add(room.id)
        return {}

    def _pin(self, args: Json) -> Json:
        room = self._standing(args)
        if args.get("timestamp") in room.pins:
            raise RefusedError("already_pinned")
        room.pins.append(str(args.get("timestamp")))
        return {}

    def _standing(self, args: Json) -> Made:
        channel = str(args.get("channel", ""))
        if channel in self._workspace.archived:
            raise RefusedError("is_archived")
        found = next((room for room in self.made if room.id == channel), None)
        if found is None or channel not in self._workspace.channels:
            raise RefusedError("not_in_channel" if found else "channel_not_found")
        return found
