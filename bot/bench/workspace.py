"""The least of a Slack that a benchmark needs: it takes what the bot posts, and knows which buttons each card shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self

from aiohttp import web

ROOM = "C0ALERTS"
NEXT = ("incident.claim", "incident.respond", "incident.recover")
"""The buttons that take an incident forward, in the order in which they appear on its card."""


@dataclass(slots=True)
class Shown:
    """A card in the room."""

    message: str
    buttons: frozenset[str]
    pressed: str = ""
    """The button that was pressed and is still there."""
    at: float = 0.0


class Workspace:
    """A Web API on loopback. `changes`: seconds from each press to the edit that took the pressed button away."""

    def __init__(self) -> None:
        self.url = ""
        self.changes: list[float] = []
        self.edits = self.posts = 0
        self._cards: dict[str, Shown] = {}
        self._numbers = count(1)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/{method}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner:
            await self._runner.cleanup()

    def press(self) -> tuple[str, str] | None:
        """Press the next button of the card that was longest left alone: (message, button), or None if there is none."""
        waiting = [
            (card.at, card, button)
            for card in self._cards.values()
            for button in card.buttons
            if not card.pressed and button.startswith(NEXT)
        ]
        if not waiting:
            return None
        _, card, button = min(waiting, key=lambda each: each[0])
        card.pressed, card.at = button, time.perf_counter()
        return card.message, button

    def unchanged(self) -> list[float]:
        """For how long the presses wait that have not changed their card yet."""
        now = time.perf_counter()
        return [now - card.at for card in self._cards.values() if card.pressed]

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        said = await request.json() if request.content_type == "application/json" else {}
        answer = {"auth.test": self._who, "chat.postMessage": self._post, "chat.update": self._edit}.get(
            method
        )
        return web.json_response({"ok": True, **(answer(said) if answer else {"message_ts": "1.0"})})

    def _who(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {
            "team_id": "T0BENCH",
            "user_id": "U0BOT",
            "bot_id": "B0BOT",
            "team": "bench",
            "user": "fenghuo",
        }

    def _post(self, said: dict[str, Any]) -> dict[str, Any]:
        message = f"1700000000.{next(self._numbers):06}"
        self.posts += 1
        if said["channel"] == ROOM and not said.get("thread_ts"):
            self._cards[message] = Shown(message, frozenset(_buttons(said)))
        return {"channel": said["channel"], "ts": message}

    def _edit(self, said: dict[str, Any]) -> dict[str, Any]:
        self.edits += 1
        card = self._cards[said["ts"]]
        card.buttons = frozenset(_buttons(said))
        if card.pressed and card.pressed not in card.buttons:
            self.changes.append(time.perf_counter() - card.at)
            card.pressed = ""
        return {"channel": said["channel"], "ts": said["ts"]}


def _buttons(said: Any) -> Iterator[str]:
    """The ids of all buttons, wherever they stand in a message."""
    if isinstance(said, dict):
        if said.get("type") == "button":
            yield said["action_id"]
        said = list(said.values())
    if isinstance(said, list):
        for part in said:
            yield from _buttons(part)
