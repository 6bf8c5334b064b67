"""Direct answers: a form that opens, the answer to a button press. They cannot wait in the outbox.

They are given once the work is committed, so when one fails the state stands all the same and a message says it instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.speech import Speech
from bot.transports.base import Transport, TransportError
from handlers.kit.cards import Button, ButtonTone, Card, Form, Tone
from handlers.kit.context import CardBuilder, Whisper
from handlers.kit.locale import Locale
from handlers.kit.messages import Pressed, Typed
from storage.database import Database

log = logging.getLogger(__name__)

TOAST = 200
"""Characters that Telegram shows in the answer to a button press."""


@dataclass(slots=True)
class Answer:
    """What is answered directly: a form to open, and what the answer to a press says."""

    form: Form | None = None
    whisper: Whisper | None = None


class Answers:
    """Gives direct answers beside the work, so that a platform that is slow to take one keeps nobody else waiting."""

    def __init__(
        self,
        *,
        database: Database,
        speech: Speech,
        clock: Clock,
        transports: Mapping[str, Transport],
        ring: Callable[[], None],
    ) -> None:
        self.database = database
        self.speech = speech
        self.clock = clock
        self.transports = transports
        self._ring = ring
        self._under_way: set[asyncio.Task[None]] = set()

    def give(self, event: Typed | Pressed, trigger: str, answer: Answer) -> None:
        """Begin to answer."""
        task = asyncio.create_task(self._give(event, trigger, answer))
        self._under_way.add(task)
        task.add_done_callback(self._given)

    async def settle(self) -> None:
        """Wait until all that was begun is given."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def stop(self) -> None:
        """Leave what is not given yet."""
        for task in self._under_way:
            task.cancel()
        await self.settle()

    def toast(self, whisper: Whisper) -> str:
        """A whisper as the answer to a press: one line, if it is short and plain enough; else empty."""
        card = self.speech.shown(whisper, self.clock())
        if card.buttons or card.sections or card.quotes or card.verbatim or card.fields:
            return ""
        text = " ".join(part for part in (card.title, card.text, card.footer) if part)
        return text if len(text) <= TOAST else ""

    def _given(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a direct answer broke: %s", error, exc_info=error)

    async def _give(self, event: Typed | Pressed, trigger: str, answer: Answer) -> None:
        transport = self.transports[event.by.transport]
        instead: list[Whisper] = []
        if answer.form is not None and not await self._opened(transport, trigger, answer.form):
            instead.append(Whisper(build=opener(answer.form), to=event.by, place=event.at))
        if isinstance(event, Pressed) and event.reply:
            is_told = await self._told(transport, event, answer.whisper)
            instead += [answer.whisper] if answer.whisper and not is_told else []
        if instead:
            async with self.database.write() as session:
                await self.speech.put(session, instead, self.clock())
            self._ring()

    async def _opened(self, transport: Transport, trigger: str, form: Form) -> bool:
        try:
            await transport.open_form(trigger, form)
        except TransportError as error:
            log.warning("%s: a form could not be opened: %s", transport.name, error.message)
            return False
        return True

    async def _told(self, transport: Transport, event: Pressed, whisper: Whisper | None) -> bool:
        try:
            return await transport.answer(event, self.toast(whisper) if whisper else "")
        except TransportError as error:
            log.warning("%s: a press could not be answered: %s", transport.name, error.message)
            return False


def blanked(labels: Collection[str]) -> CardBuilder:
    """What is told to whoever typed something that must not be stored."""

    def build(say: Locale) -> Card:
        title = say("Personal data was left out: {labels}", labels=" ".join(sorted(labels)))
        return Card(
            title=title, text=say("It is not stored; the link to where it stands is enough."), tone=Tone.WARN
        )

    return build


def opener(form: Form) -> CardBuilder:
    """A button that opens a form: where words brought no trigger, or the trigger was too old, a press brings one."""

    def build(say: Locale) -> Card:
        button = Button(label=say("Fill in"), action=form.action, value=form.value, tone=ButtonTone.PRIMARY)
        return Card(title=form.title, buttons=(button,))

    return build
