"""What transports have in common that only speak: nobody presses, asks or points at anything there, and nothing is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from typing_extensions import override

from bot.transports.base import Intake, Letter, Transport, TransportError
from handlers.kit.cards import Form
from handlers.kit.messages import Place, Pressed, Quoted


class OneWay(Transport):
    """A transport without a way back; `post` is what it does."""

    native_forms = False
    looks_back = False
    discreet = True

    @property
    @override
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """Nothing runs between two messages."""
        return ()

    @override
    async def start(self, intake: Intake) -> None:
        """Nothing is received, so there is nothing to open."""

    @override
    async def stop(self) -> None:
        """Nothing is open."""

    @override
    async def show(self, letter: Letter) -> str:
        """Pictures and files stay in the chat."""
        return ""

    @override
    async def find(self, letter: Letter) -> str | None:
        """What was sent cannot be looked up."""
        return None

    @override
    async def edit(self, letter: Letter, message: str) -> None:
        """What was sent stays as it was."""

    @override
    async def whisper(self, letter: Letter) -> str:
        """Nobody else reads it anyway."""
        return await self.post(letter)

    @override
    async def open_form(self, trigger: str, form: Form) -> None:
        """There are no forms."""
        raise TransportError(f"{self.name} has no forms", permanent=True)

    @override
    async def answer(self, pressed: Pressed, text: str) -> bool:
        """Nobody presses anything there."""
        return False

    @override
    async def fetch(self, place: Place, message: str) -> Quoted | None:
        """Nobody points at anything there."""
        return None
