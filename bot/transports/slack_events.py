"""Reads what Slack sends: each body becomes a Typed or a Pressed, or nothing that concerns us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.kit.messages import Attached, Place, Pressed, Quoted, Sender, Typed

NAME = "slack"
PIN = "pushpin"
"""Slack's name for 📌."""

Body = Mapping[str, Any]

_SEQUENCE = re.compile(r"<((?:[@#!]|[a-z][a-z0-9+.-]*:)[^<>]*)>")
_PEOPLE_SUBTYPES = {None, "file_share", "thread_broadcast"}
"""Messages that a person wrote just now; the other subtypes are edits, deletions, joins and bots."""


def read_command(body: Body, _me: str) -> Typed:
    """`/crisis WORDS`."""
    trigger, channel = body["trigger_id"], body["channel_id"]
    return Typed(
        id=f"slack:trigger:{trigger}",
        text=decode(body.get("text") or "").strip(),
        by=Sender(transport=NAME, user=body["user_id"], name=body.get("user_name", "")),
        at=_place(channel),
        trigger=trigger,
    )


def read_mention(body: Body, me: str) -> Typed | None:
    """`@Fenghuo WORDS`, the only way to speak to the bot inside a thread."""
    return _written(body, me)


def read_direct(body: Body, me: str) -> Typed | None:
    """A direct message to the bot."""
    return _written(body, me) if body["event"].get("channel_type") == "im" else None


def read_pin(body: Body, _me: str) -> Typed | None:
    """📌 on a message: log it. A message enters the timeline once, however many people mark it."""
    event = body["event"]
    item = event.get("item", {})
    if event.get("reaction") != PIN or item.get("type") != "message":
        return None
    channel, message = item["channel"], item["ts"]
    return Typed(
        # With the person: a stranger's mark, which is refused, must not use up a responder's.
        id=f"slack:pin:{channel}:{message}:{event['user']}",
        text="log",
        by=Sender(transport=NAME, user=event["user"]),
        at=_place(channel, message=message),
        quoted=Quoted(message=message),
    )


def read_press(body: Body, _me: str) -> Pressed:
    """A button."""
    action, _, value = body["actions"][0]["action_id"].partition(":")
    message = body.get("message", {})
    # Cards in messages come with a container; older payloads have the channel and the message beside it.
    box = {
        "channel_id": body.get("channel", {}).get("id", ""),
        "message_ts": message.get("ts", ""),
    } | body.get("container", {})
    return Pressed(
        id=f"slack:trigger:{body['trigger_id']}",
        action=action,
        value=value,
        by=_presser(body),
        at=_place(
            box["channel_id"],
            thread=box.get("thread_ts") or message.get("thread_ts") or "",
            message=box["message_ts"],
        ),
        trigger=body["trigger_id"],
    )


def read_submission(body: Body, _me: str) -> Pressed:
    """A sent form. It stands where the form was asked for, else in a direct message to whoever sent it."""
    view = body["view"]
    about = json.loads(view["private_metadata"])
    trigger = body.get("trigger_id", "")
    return Pressed(
        id=f"slack:view:{view['id']}:{trigger or view.get('hash', '')}",
        action=about["action"],
        value=about["value"],
        by=_presser(body),
        at=_place(about["channel"] or body["user"]["id"], thread=about["thread"], message=about["message"]),
        fields={name: _answer(next(iter(parts.values()))) for name, parts in view["state"]["values"].items()},
        trigger=trigger,
    )


def read_nothing(_body: Body, _me: str) -> None:
    """An event that we did not ask for: acknowledged, so that Slack does not send it again."""


def decode(text: str) -> str:
    """Undo Slack's escaping once: people become `<@ID>`, links their address, the rest plain words.

    Source: docs.slack.dev/messaging/formatting-message-text
    """
    shown = _SEQUENCE.sub(lambda found: _spell(found[1]), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def thread_of(message: Body) -> str:
    """The thread that a message of the Web API is a reply in; empty if it is none."""
    thread = message.get("thread_ts", "")
    return "" if thread == message["ts"] else str(thread)


def quoted(message: Body) -> Quoted:
    """A message of the Web API that somebody pointed at."""
    return Quoted(
        message=message["ts"],
        text=decode(message.get("text") or ""),
        author=message.get("username", ""),
        user=message.get("user", ""),
        at=datetime.fromtimestamp(float(message["ts"]), UTC),
        # The bot's own pictures are no evidence.
        files=() if message.get("bot_id") else _files(message),
    )


def is_direct(channel: str) -> bool:
    """Tell whether a channel is a direct message; a user's id stands for the one with that user."""
    return channel.startswith(("D", "U", "W"))


def _spell(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return f"<{target}>"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    if target.startswith("mailto:"):
        return label or target.removeprefix("mailto:")
    # Slack links a bare "weibo.com" by itself and keeps what was typed as the label.
    return target if not label or target.endswith(label) else f"{label} {target}"


def _written(body: Body, me: str) -> Typed | None:
    event = body["event"]
    if event.get("bot_id") or event.get("edited") or event.get("subtype") not in _PEOPLE_SUBTYPES:
        return None
    return Typed(
        id=f"slack:event:{body['event_id']}",
        text=decode(_addressed(event.get("text") or "", me)),
        by=Sender(transport=NAME, user=event["user"]),
        at=_place(event["channel"], thread=event.get("thread_ts", ""), message=event["ts"]),
        files=_files(event),
    )


def _files(message: Body) -> tuple[Attached, ...]:
    """What came with a message, by id; all else about it is asked for when it is fetched."""
    return tuple(
        Attached(
            id=each["id"],
            # Of files from other workspaces and deleted ones Slack says no more than that they are there.
            name=each.get("name") or each.get("title") or "",
            size=each.get("size") or 0,
            mime=each.get("mimetype") or "",
        )
        for each in message.get("files") or ()
    )


def _addressed(text: str, me: str) -> str:
    """The words after the bot's name, or all of them where the name comes last or not at all."""
    before, _, after = re.sub(rf"<@{me}\|[^<>]*>", f"<@{me}>", text).partition(f"<@{me}>")
    return (after.strip().lstrip(":,，：").strip()) or before.strip()


def _place(channel: str, *, thread: str = "", message: str = "") -> Place:
    # A parent carries its own ts as thread_ts; whoever presses its buttons is in the channel, not in the thread.
    return Place(
        transport=NAME,
        channel=channel,
        thread="" if thread == message else thread,
        message=message,
        direct=is_direct(channel),
    )


def _presser(body: Body) -> Sender:
    user = body["user"]
    return Sender(
        transport=NAME, user=user["id"], name=user.get("name", ""), username=user.get("username", "")
    )


def _answer(part: Body) -> str:
    chosen = part.get("selected_option")
    return str((chosen["value"] if chosen else part.get("value")) or "")
