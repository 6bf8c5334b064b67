"""A terminal, somebody who types, and what the screen shows."""

from __future__ import annotations

import asyncio
import io
import queue
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from bot.transports.base import Letter
from bot.transports.console import ConsoleTransport
from handlers.kit.cards import Button, Card, Tone
from handlers.kit.locale import Locale
from handlers.kit.messages import Pressed, Typed


def locale(language: str) -> Locale:
    return Locale(
        language=language, zone=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 11, 20, 6, tzinfo=UTC)
    )


ZH, EN = locale("zh"), locale("en")
CLAIM = Button(label="认领", action="incident.claim", value="12")
PLAN = Button(label="看预案", action="playbook.playbook", value="12 user_complaint")
ALERT = Card(title="橙 #12 蛋糕发霉", text="抖音 ×37", tone=Tone.ORANGE, buttons=(CLAIM, PLAN))


class Intake:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Typed | Pressed] = asyncio.Queue()

    async def receive(self, event: Typed | Pressed) -> None:
        self.events.put_nowait(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError("the terminal has no forms")


class Screen(io.StringIO):
    """What is printed, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    @override
    def write(self, text: str) -> int:
        self.printed.set()
        return super().write(text)


class Desk:
    """A terminal, somebody who types, and what the screen shows."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.out = Screen()
        self.intake = Intake()
        self.console = ConsoleTransport(
            person="陈立",
            rooms={"alerts": ZH, "drills": ZH, "abroad": EN},
            people=["陈立", "林悦"],
            out=self.out,
            read_line=self.lines.get,
        )

    async def types(self, line: str) -> Typed | Pressed:
        self.lines.put(f"{line}\n")
        return await asyncio.wait_for(self.intake.events.get(), 5)

    async def types_aside(self, line: str) -> str:
        """What is printed after a line that is for the terminal itself; nothing arrives."""
        before = len(self.screen)
        self.out.printed.clear()
        self.lines.put(f"{line}\n")
        await asyncio.wait_for(self.out.printed.wait(), 5)
        assert self.intake.events.empty()
        return self.screen[before:].strip()

    async def shows(self, card: Card = ALERT, **how: object) -> str:
        return await self.console.post(letter(card, **how))

    @property
    def screen(self) -> str:
        return self.out.getvalue()


def letter(card: Card = ALERT, **how: object) -> Letter:
    return Letter(**{"outbox_id": "1", "channel": "alerts", "card": card, **how})  # type: ignore[arg-type]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with sitting() as someone:
        yield someone


@asynccontextmanager
async def sitting() -> AsyncIterator[Desk]:
    someone = Desk()
    await someone.console.start(someone.intake)
    yield someone
    await someone.console.stop()
    someone.lines.put("")


def brackets(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip().startswith("[")]
