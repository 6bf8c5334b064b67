"""A Slack workspace in memory: its channels, messages, views and triggers, and what each Web API method does to them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.servers.slack_rooms import Rooms
from tests.servers.slack_rules import (
    MAX_EDIT_TEXT,
    MAX_TEXT,
    Json,
    RefusedError,
    as_read,
    check_blocks,
    check_text,
    check_view,
)

TRIGGER_LIFE = 3.0
TEAM = "T0TEAM"


@dataclass
class Message:
    """A message that stands in a channel, or a whisper to one person (`to`)."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    metadata: Json = field(default_factory=dict)
    broadcast: bool = False
    edits: int = 0
    to: str = ""
    files: list[Json] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """What a reader sees: the text of all blocks, or the bare text."""
        return as_read(self.blocks) or self.text

    def wire(self, *, metadata: bool = False) -> Json:
        """The message as Slack sends it; metadata only when asked for."""
        body: Json = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        if self.blocks:
            body["blocks"] = self.blocks
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if self.broadcast:
            body["subtype"] = "thread_broadcast"
        if self.files:
            body["files"] = self.files
        if metadata and self.metadata:
            body["metadata"] = self.metadata
        return body


class Workspace:
    """The state of one Slack workspace with one app in it.

    Args:
        channels: those the bot is a member of.
        others: those it is not in.
        archived: those that are closed.
    """

    url = ""
    bot_user = "U0BOT"
    bot_id = "B0BOT"
    app_id = "A0FENGHUO"

    def __init__(
        self,
        *,
        channels: tuple[str, ...] = ("C0ALERTS", "C0LEADS", "C0DRILL"),
        others: tuple[str, ...] = ("C0OTHER",),
        archived: tuple[str, ...] = ("C0OLD",),
    ) -> None:
        self.channels = set(channels)
        self.others = set(others)
        self.archived = set(archived)
        self.messages: list[Message] = []
        self.whispers: list[Message] = []
        self.views: list[Json] = []
        self.uploads: dict[str, Json] = {}
        """Files by id: name, length and alt text as announced; `shared` once they stand in a message."""
        self.contents: dict[str, bytes] = {}
        """What was uploaded, by file id."""
        self.reactions: list[Json] = []
        self.triggers: dict[str, float] = {}
        self._spent: set[str] = set()
        self._last_ts = 0
        self._number = itertools.count(1)
        self.rooms = Rooms(self)
        self.methods: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": self._whisper,
            "chat.delete": self._delete,
            "views.open": self._open_view,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.info": self._channel_info,
            "conversations.members": self._members,
            "reactions.add": self._react,
            "files.getUploadURLExternal": self._announce_file,
            "files.completeUploadExternal": self._share_file,
            "files.info": self._file_info,
            "users.info": self._user_info,
            **self.rooms.methods,
        }

    @property
    def posted(self) -> list[Message]:
        """What the bot has posted and not deleted, in order, in its present form."""
        return [message for message in self.messages if message.user == self.bot_user]

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._number):08d}"

    def new_trigger(self) -> str:
        trigger = f"{next(self._number)}.{TEAM}.trigger"
        self.triggers[trigger] = time.monotonic()
        return trigger

    def attach(self, name: str, content: bytes, **more: object) -> Json:
        """A file that a person uploads, to be sent with a message; `more`: what Slack says of it besides."""
        number = self.new_id("F")
        self.contents[number] = content
        self.uploads[number] = {
            "id": number,
            "name": name,
            "size": len(content),
            "mimetype": "image/png",
            "url_private_download": f"{self.url}/files/{number}",
            **more,
        }
        return self.uploads[number]

    def hear(
        self, text: str, user: str, channel: str, thread_ts: str = "", files: Sequence[Json] = ()
    ) -> Message:
        """A person writes, in Slack's escaped form."""
        message = Message(ts=self._new_ts(), channel=channel, user=user, text=text, thread_ts=thread_ts)
        message.files = list(files)
        self._adopt_parent(message)
        self.messages.append(message)
        return message

    def direct_channel(self, user: str) -> str:
        channel = f"D{user[1:]}"
        self.channels.add(channel)
        return channel

    def find(self, ts: str) -> Message:
        """A message or whisper by its ts; fails the test when there is none."""
        for message in self.messages + self.whispers:
            if message.ts == ts:
                return message
        raise AssertionError(f"no message {ts}")

    def _new_ts(self) -> str:
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def _channel(self, args: Json) -> str:
        channel = str(args.get("channel", ""))
        if channel.startswith("U"):
            return self.direct_channel(channel)
        if channel in self.archived:
            raise RefusedError("is_archived")
        if channel in self.others:
            raise RefusedError("not_in_channel")
        if channel not in self.channels:
            raise RefusedError("channel_not_found")
        return channel

    def _standing(self, channel: str, ts: str) -> Message:
        for message in self.messages:
            if (message.channel, message.ts) == (channel, ts):
                return message
        raise RefusedError("message_not_found")

    def _adopt_parent(self, message: Message) -> None:
        """A parent carries its own ts as thread_ts as soon as it has a reply."""
        if not message.thread_ts:
            return
        parents = [m for m in self.messages if (m.channel, m.ts) == (message.channel, message.thread_ts)]
        if not parents:
            raise RefusedError("thread_not_found")
        if parents[0].thread_ts not in ("", parents[0].ts):
            raise RefusedError("cannot_reply_to_message")
        parents[0].thread_ts = parents[0].ts

    def _draft(self, args: Json) -> Message:
        channel = self._channel(args)
        blocks = args.get("blocks") or []
        check_text(args, MAX_TEXT)
        check_blocks(blocks)
        message = Message(
            ts=self._new_ts(),
            channel=channel,
            user=self.bot_user,
            text=args.get("text", ""),
            blocks=blocks,
            thread_ts=args.get("thread_ts") or "",
            metadata=args.get("metadata") or {},
            broadcast=bool(args.get("reply_broadcast")),
        )
        self._adopt_parent(message)
        return message

    def _auth_test(self, args: Json) -> Json:
        return {
            "url": "https://test.slack.invalid/",
            "team": "Test",
            "team_id": TEAM,
            "user": "fenghuo",
            "user_id": self.bot_user,
            "bot_id": self.bot_id,
        }

    def _post(self, args: Json) -> Json:
        message = self._draft(args)
        self.messages.append(message)
        return {"channel": message.channel, "ts": message.ts, "message": message.wire()}

    def _whisper(self, args: Json) -> Json:
        if not args.get("user"):
            raise RefusedError("invalid_arguments", "missing required field: user")
        message = self._draft(args)
        message.to = args["user"]
        self.whispers.append(message)
        return {"message_ts": message.ts}

    def _update(self, args: Json) -> Json:
        channel = str(args.get("channel", ""))
        message = self._standing(channel, str(args.get("ts", "")))
        if message.user != self.bot_user:
            raise RefusedError("cant_update_message")
        check_text(args, MAX_EDIT_TEXT)
        check_blocks(args.get("blocks") or [])
        if "text" in args or "blocks" in args:
            message.blocks = args.get("blocks") or []
        message.text = args.get("text", message.text)
        message.metadata = args.get("metadata") or message.metadata
        message.edits += 1
        return {"channel": channel, "ts": message.ts, "text": message.text, "message": message.wire()}

    def _delete(self, args: Json) -> Json:
        message = self._standing(self._channel(args), str(args.get("ts", "")))
        if message.user != self.bot_user:
            raise RefusedError("cant_delete_message")
        self.messages.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def _announce_file(self, args: Json) -> Json:
        name, length = args.get("filename"), int(args.get("length") or 0)
        if not name or not length:
            raise RefusedError("invalid_arguments", "missing required field: filename or length")
        number = self.new_id("F")
        self.uploads[number] = {
            "id": number,
            "name": name,
            "length": length,
            "alt_txt": args.get("alt_txt", ""),
        }
        return {"file_id": number, "upload_url": f"{self.url}/upload/{number}"}

    def _share_file(self, args: Json) -> Json:
        found = [
            {**self.uploads.get(each["id"], {}), "title": each.get("title", "")} for each in args["files"]
        ]
        if not found or any(
            len(self.contents.get(each.get("id", ""), b"")) != each.get("length") for each in found
        ):
            raise RefusedError("file_not_found")
        if any(self.uploads[each["id"]].get("shared") for each in found):
            raise RefusedError("posting_to_channel_denied")
        channel = self._channel({"channel": args.get("channel_id")})
        message = Message(
            ts=self._new_ts(),
            channel=channel,
            user=self.bot_user,
            text=args.get("initial_comment") or "",
            thread_ts=args.get("thread_ts") or "",
            files=found,
        )
        self._adopt_parent(message)
        self.messages.append(message)
        for each in found:
            self.uploads[each["id"]]["shared"] = True
        return {"files": [{"id": each["id"], "title": each["title"]} for each in found]}

    def _file_info(self, args: Json) -> Json:
        if args.get("file") not in self.uploads:
            raise RefusedError("file_not_found")
        return {"file": self.uploads[args["file"]]}

    def _open_view(self, args: Json) -> Json:
        trigger = str(args.get("trigger_id", ""))
        if trigger not in self.triggers:
            raise RefusedError("invalid_trigger_id")
        if trigger in self._spent:
            raise RefusedError("exchanged_trigger_id")
        if time.monotonic() - self.triggers[trigger] > TRIGGER_LIFE:
            raise RefusedError("expired_trigger_id")
        view = args.get("view") or {}
        check_view(view)
        self._spent.add(trigger)
        opened = {
            **view,
            "id": self.new_id("V"),
            "team_id": TEAM,
            "hash": self.new_id("h"),
            "state": {"values": {}},
        }
        self.views.append(opened)
        return {"view": opened}

    def _history(self, args: Json) -> Json:
        channel = self._channel(args)
        seen = [
            m for m in self.messages if m.channel == channel and (m.thread_ts in ("", m.ts) or m.broadcast)
        ]
        return _page(list(reversed(_within(seen, args))), args)

    def _replies(self, args: Json) -> Json:
        channel, ts = self._channel(args), str(args.get("ts", ""))
        asked = [m for m in self.messages if m.channel == channel and m.ts == ts]
        if not asked:
            raise RefusedError("thread_not_found")
        if asked[0].thread_ts not in ("", ts):
            return _page(asked, args)
        replies = [m for m in self.messages if m.channel == channel and m.thread_ts == ts and m.ts != ts]
        return _page([asked[0], *_within(replies, args)], args)

    def _channel_info(self, args: Json) -> Json:
        channel = self._channel(args)
        return {"channel": {"id": channel, "name": channel.lower(), "is_member": True, "is_archived": False}}

    def _members(self, args: Json) -> Json:
        channel = self._channel(args)
        people = {m.user for m in self.messages if m.channel == channel} | {self.bot_user}
        return {"members": sorted(people), "response_metadata": {"next_cursor": ""}}

    def _react(self, args: Json) -> Json:
        name = str(args.get("name", ""))
        if not name or ":" in name:
            raise RefusedError("invalid_name")
        message = self._standing(self._channel(args), str(args.get("timestamp", "")))
        reaction = {"channel": message.channel, "ts": message.ts, "name": name}
        if reaction in self.reactions:
            raise RefusedError("already_reacted")
        self.reactions.append(reaction)
        return {}

    def _user_info(self, args: Json) -> Json:
        user = str(args.get("user", ""))
        if not user.startswith(("U", "W")):
            raise RefusedError("user_not_found")
        return {"user": {"id": user, "name": user.lower(), "is_bot": user == self.bot_user}}


def _within(messages: list[Message], args: Json) -> list[Message]:
    """Those between `oldest` and `latest`; the ends count when `inclusive` is set."""
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9999999999.999999")
    ends = {oldest, latest} if args.get("inclusive") else set()
    return [m for m in messages if float(oldest) < float(m.ts) < float(latest) or m.ts in ends]


def _page(messages: list[Message], args: Json) -> Json:
    limit = min(int(args.get("limit") or 100), 999)
    start = int(args.get("cursor") or 0)
    metadata = bool(args.get("include_all_metadata"))
    more = len(messages) > start + limit
    return {
        "messages": [message.wire(metadata=metadata) for message in messages[start : start + limit]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }
