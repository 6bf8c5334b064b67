"""People at work: slash commands and presses, signed as Slack signs them, sent in turn to each of the apps compared."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from urllib.parse import urlencode

import aiohttp

from bot.bench.workspace import ROOM, Workspace

RATE = 20.0
"""Requests a second, half of them to each app."""
PRESS_EVERY = 2.0
"""Seconds between two presses that change a card."""
PEOPLE = tuple(f"U0P{number:02}" for number in range(40))
WORDS = ("list", "whoami", "help claim", "show 1", "timeline 1", "list mine", "help", "list all")
LOOK = "look.show:1"
LIMIT = aiohttp.ClientTimeout(total=10)
_TEAM = {"id": "T0BENCH", "domain": "bench"}


class Load:
    """Sends requests and times their answers.

    Args:
        ports: name of an app -> where it listens.
        secret: signs.
        slack: whose cards are pressed.
    """

    def __init__(self, ports: Mapping[str, int], secret: str, slack: Workspace) -> None:
        self.failures: list[str] = []
        self._urls = {name: f"http://127.0.0.1:{port}/slack/events" for name, port in ports.items()}
        self._secret = secret.encode()
        self._slack = slack
        self._numbers = count(1)
        self._random = Random(2)  # noqa: S311 - not a secret
        self._pressed_at = 0.0

    async def run(self, is_over: Callable[[], bool]) -> dict[str, list[float]]:
        """Keep at it until it is over; seconds to each acknowledgement, by app."""
        taken: dict[str, list[float]] = {name: [] for name in self._urls}
        async with aiohttp.ClientSession(timeout=LIMIT) as client:
            sending, due = [], time.perf_counter()
            while not is_over():
                body = self.body()
                for name in self._random.sample(list(self._urls), len(self._urls)):
                    sending.append(asyncio.create_task(self._send(client, name, body, taken[name])))
                    due += self._random.uniform(0.5, 1.5) / RATE
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await asyncio.gather(*sending)
        return taken

    async def _send(self, client: aiohttp.ClientSession, name: str, body: str, taken: list[float]) -> None:
        headers = self.signed(body)
        began = time.perf_counter()
        try:
            async with client.post(self._urls[name], data=body, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(f"{name}: {type(error).__name__} {error}")
            return
        taken.append(time.perf_counter() - began)
        if answer.status != 200:
            self.failures.append(f"{name}: status {answer.status}")

    def signed(self, body: str) -> dict[str, str]:
        """The headers that prove a body to be Slack's."""
        moment = str(int(time.time()))
        digest = hmac.new(self._secret, f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": f"v0={digest}",
        }

    def body(self) -> str:
        """Mostly commands, each person in a direct message; some presses, of which one now and then changes a card."""
        number = next(self._numbers)
        who = PEOPLE[number % len(PEOPLE)]
        if time.perf_counter() - self._pressed_at >= PRESS_EVERY and (found := self._slack.press()):
            self._pressed_at = time.perf_counter()
            return _press(number, who, ROOM, *found)
        direct = f"D{who[1:]}"
        if self._random.random() < 0.2:
            return _press(number, who, direct, "1700000000.000000", LOOK)
        return _command(number, who, direct, self._random.choice(WORDS))


def _command(number: int, who: str, channel: str, text: str) -> str:
    return urlencode(
        {
            "token": "-",
            "team_id": _TEAM["id"],
            "team_domain": _TEAM["domain"],
            "channel_id": channel,
            "channel_name": "directmessage",
            "user_id": who,
            "user_name": who.lower(),
            "command": "/crisis",
            "text": text,
            "api_app_id": "A0BENCH",
            "response_url": "https://hooks.slack.com/commands/-",
            "trigger_id": f"{number}.1.bench",
        }
    )


def _press(number: int, who: str, channel: str, message: str, button: str) -> str:
    payload = {
        "type": "block_actions",
        "user": {"id": who, "username": who.lower(), "name": who.lower(), "team_id": _TEAM["id"]},
        "api_app_id": "A0BENCH",
        "token": "-",
        "container": {"type": "message", "message_ts": message, "channel_id": channel, "is_ephemeral": False},
        "trigger_id": f"{number}.1.bench",
        "team": _TEAM,
        "channel": {"id": channel, "name": "alerts"},
        "message": {"type": "message", "user": "U0BOT", "ts": message, "text": "#", "blocks": []},
        "response_url": "https://hooks.slack.com/actions/-",
        "actions": [
            {
                "type": "button",
                "action_id": button,
                "block_id": "next",
                "text": {"type": "plain_text", "text": "-"},
                "value": button.partition(":")[2],
                "action_ts": message,
            }
        ],
    }
    return urlencode({"payload": json.dumps(payload)})
