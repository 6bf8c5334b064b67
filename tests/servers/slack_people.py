"""What people do in a Slack workspace, and the bodies that Slack then sends to an app."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.servers.slack_rules import Json, as_typed, buttons
from tests.servers.slack_workspace import TEAM, Message, Workspace


@dataclass
class Ack:
    """How the bot answered a delivery. `payload` is what it said, `seconds` how long the last attempt took."""

    ok: bool
    payload: Json = field(default_factory=dict)
    seconds: float = 0.0
    attempts: int = 1
    status: int = 0
    ts: str = ""


class People(Workspace):
    """Each act returns how the bot acknowledged it."""

    url = ""

    async def deliver(self, kind: str, body: Json, *, retries: int = 0) -> Ack:
        """Hand a body to the bot and wait for its acknowledgement."""
        raise NotImplementedError

    async def command(
        self, text: str, user: str = "U0LIN", channel: str = "C0ALERTS", *, command: str = "/crisis"
    ) -> Ack:
        """`/crisis TEXT`; nobody is retried, people see a time-out."""
        form = {
            "token": "unused",
            "command": command,
            "text": as_typed(text),
            "user_id": user,
            "user_name": user.lower(),
            "channel_id": channel,
            "channel_name": "directmessage" if channel.startswith("D") else channel.lower(),
            "team_id": TEAM,
            "team_domain": "test",
            "api_app_id": self.app_id,
            "is_enterprise_install": "false",
            "response_url": f"{self.url}/response/{self.new_id('r')}",
            "trigger_id": self.new_trigger(),
        }
        return await self.deliver("slash_commands", form)

    async def mention(
        self,
        text: str,
        user: str = "U0LIN",
        channel: str = "C0ALERTS",
        thread_ts: str = "",
        *,
        retries: int = 0,
        files: Sequence[Json] = (),
    ) -> Ack:
        """`@Fenghuo TEXT` in a channel or a thread."""
        message = self.hear(f"<@{self.bot_user}> {as_typed(text)}", user, channel, thread_ts, files)
        event = {**message.wire(), "type": "app_mention", "channel": channel, "event_ts": message.ts}
        return await self.event(event, retries=retries, ts=message.ts)

    async def direct(self, text: str, user: str = "U0LIN", *, retries: int = 0) -> Ack:
        """A direct message to the bot."""
        message = self.hear(as_typed(text), user, self.direct_channel(user))
        event = {**message.wire(), "channel": message.channel, "channel_type": "im", "event_ts": message.ts}
        return await self.event(event, retries=retries, ts=message.ts)

    def say(self, text: str, user: str = "U0LIN", channel: str = "C0ALERTS", thread_ts: str = "") -> Message:
        """People talk among themselves; the bot hears nothing of it."""
        return self.hear(as_typed(text), user, channel, thread_ts)

    async def react(
        self, emoji: str, ts: str, user: str = "U0LIN", channel: str = "C0ALERTS", *, retries: int = 0
    ) -> Ack:
        item = {"type": "message", "channel": channel, "ts": ts}
        event = {
            "type": "reaction_added",
            "user": user,
            "reaction": emoji,
            "item": item,
            "item_user": self.find(ts).user,
            "event_ts": ts,
        }
        return await self.event(event, retries=retries)

    async def press(self, message_ts: str, action_id: str, user: str = "U0LIN") -> Ack:
        """Press a button that stands on a message; fails the test when it does not."""
        message = self.find(message_ts)
        button = next((b for b in buttons(message.blocks) if b["action_id"] == action_id), None)
        assert button, f"no {action_id} among {[b['action_id'] for b in buttons(message.blocks)]}"
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        container["is_ephemeral"] = bool(message.to)
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        body = self._interaction("block_actions", user) | {
            "container": container,
            "channel": {"id": message.channel, "name": message.channel.lower()},
            "response_url": f"{self.url}/response/{self.new_id('r')}",
            "actions": [{**button, "action_ts": message.ts}],
        }
        if not message.to:
            body["message"] = message.wire()
        return await self.deliver("interactive", body)

    async def submit(self, view: Json, values: dict[str, str], user: str = "U0LIN") -> Ack:
        """Send an open modal with these answers, by block_id."""
        state = {
            block["block_id"]: _answered(block, values)
            for block in view["blocks"]
            if block["type"] == "input"
        }
        sent = {**view, "state": {"values": state}}
        body = self._interaction("view_submission", user) | {"view": sent, "response_urls": []}
        return await self.deliver("interactive", body)

    async def event(self, event: Json, *, retries: int = 0, ts: str = "") -> Ack:
        """Deliver any event; unacknowledged, it comes again up to `retries` times."""
        ack = await self.deliver("events_api", self.event_body(event), retries=retries)
        ack.ts = ts
        return ack

    def event_body(self, event: Json) -> Json:
        """The envelope of one event, to deliver it by hand, or twice."""
        return {
            "token": "unused",
            "team_id": TEAM,
            "api_app_id": self.app_id,
            "type": "event_callback",
            "event_id": self.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": self.bot_user, "is_bot": True}],
            "event": event,
        }

    def _interaction(self, kind: str, user: str) -> Json:
        return {
            "type": kind,
            "token": "unused",
            "team": {"id": TEAM, "domain": "test"},
            "api_app_id": self.app_id,
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
            "trigger_id": self.new_trigger(),
        }


def _answered(block: Json, values: dict[str, str]) -> Json:
    element, value = block["element"], values.get(block["block_id"])
    if element["type"] == "static_select":
        chosen = next((o for o in element["options"] if o["value"] == value), None)
        return {element["action_id"]: {"type": element["type"], "selected_option": chosen}}
    return {element["action_id"]: {"type": element["type"], "value": value}}
