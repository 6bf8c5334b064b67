"""Stand-ins for what lies outside: a chat platform that keeps what it is told, a clock that is set."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from bot.transports.base import Intake, Letter, Opened, Pace, TransportError
from handlers.kit.cards import Button, Card, Form
from handlers.kit.messages import Place, Pressed, Quoted


@dataclass(slots=True, kw_only=True)
class Said:
    """One message of the bot as it stands on a platform; `past` holds what it said before it was edited."""

    transport: str
    channel: str
    message: str
    card: Card
    thread: str = ""
    to: str = ""
    prompt: bool = False
    broadcast: bool = False
    repeat: bool = False
    calls: tuple[str, ...] = ()
    past: list[Card] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.card.title

    @property
    def text(self) -> str:
        """All words of the card, a line each."""
        card = self.card
        lines = [card.title, card.text, card.verbatim, card.footer]
        lines += [f"{each.label}: {each.value}" for each in card.fields]
        lines += [f"{each.text} {each.source}" for each in card.quotes]
        lines += [line for section in card.sections for line in (section.title, *section.lines)]
        return "\n".join(line for line in lines if line)

    @property
    def wires(self) -> list[str]:
        """The wire ids of the buttons."""
        return [button.wire for button in self.card.buttons]

    def button(self, name: str) -> Button:
        """The button with this label, wire id or action."""
        for button in self.card.buttons:
            if name in {button.label, button.wire, button.action}:
                return button
        raise AssertionError(f"no button {name} among {self.wires} on {self.title!r}")


class FakeTransport:
    """A chat platform in memory.

    Args:
        native_forms: opens forms itself and whispers, as Slack does.
        looks_back: can be searched for an earlier post.
    """

    def __init__(self, name: str, *, native_forms: bool, looks_back: bool) -> None:
        self.name = name
        self.pace = Pace(gap=0.0)
        self.native_forms = native_forms
        self.looks_back = looks_back
        self.discreet = native_forms
        self.said: list[Said] = []
        """Everything ever posted or whispered, in order."""
        self.edits: list[Said] = []
        """The message that was edited, once for each edit."""
        self.answers: list[tuple[str, str]] = []
        """What presses were answered: (reply, text)."""
        self.forms: list[tuple[str, Form]] = []
        self.written: dict[tuple[str, str], Quoted] = {}
        """What people wrote, by channel and message, for `fetch`."""
        self.files: dict[str, bytes] = {}
        """What people sent, by id."""
        self.failing: dict[str, list[Exception]] = defaultdict(list)
        """Errors to raise, by the method that meets them; the first ones first."""
        self.is_slow_to_answer: Callable[[], Any] | None = None
        self._numbers = itertools.count(1)
        self._intake: Intake | None = None

    @property
    def posts(self) -> list[Said]:
        """What everybody can read."""
        return [each for each in self.said if not each.to or each.channel == each.to]

    @property
    def whispers(self) -> list[Said]:
        """What one person was told."""
        return [each for each in self.said if each.to]

    async def start(self, intake: Intake) -> None:
        self._intake = intake

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        return []

    async def stop(self) -> None:
        self._intake = None

    async def post(self, letter: Letter) -> str:
        self._fail("post")
        return self._keep(replace(letter, to=""))

    async def show(self, letter: Letter) -> str:
        self._fail("show")
        return self._keep(replace(letter, to=""))

    async def find(self, letter: Letter) -> str | None:
        self._fail("find")
        return None

    async def edit(self, letter: Letter, message: str) -> None:
        self._fail("edit")
        found = self.message(letter.channel, message)
        found.past.append(found.card)
        found.card = letter.card
        self.edits.append(found)

    async def whisper(self, letter: Letter) -> str:
        self._fail("whisper")
        return self._keep(letter)

    async def open_form(self, trigger: str, form: Form) -> None:
        self._fail("open_form")
        if not self.native_forms or not trigger:
            raise TransportError("no form can be opened", permanent=True)
        self.forms.append((trigger, form))

    async def answer(self, pressed: Pressed, text: str) -> bool:
        if self.is_slow_to_answer is not None:
            await self.is_slow_to_answer()
        self._fail("answer")
        self.answers.append((pressed.reply, text))
        return bool(pressed.reply) or not text

    async def fetch(self, place: Place, message: str) -> Quoted | None:
        self._fail("fetch")
        return self.written.get((place.channel, message))

    async def read_file(self, file: str, limit: int) -> bytes:
        self._fail("read_file")
        return self.files[file]

    def message(self, channel: str, message: str) -> Said:
        """The bot's message with this id."""
        return next(each for each in self.said if (each.channel, each.message) == (channel, message))

    def _keep(self, letter: Letter) -> str:
        message = f"{self.name}-{next(self._numbers)}"
        self.said.append(
            Said(
                transport=self.name,
                channel=letter.channel,
                message=message,
                card=letter.card,
                thread=letter.thread,
                to=letter.to,
                prompt=letter.prompt,
                broadcast=letter.broadcast,
                repeat=letter.repeat,
                calls=tuple(letter.names),
            )
        )
        return message

    def _fail(self, method: str) -> None:
        if self.failing[method]:
            raise self.failing[method].pop(0)


class FakeRooms(FakeTransport):
    """A chat platform where rooms can be made.

    Args:
        has_topics: rooms are topics of a group, as on Telegram; else channels of their own.
    """

    def __init__(self, name: str, *, has_topics: bool = False) -> None:
        super().__init__(name, native_forms=not has_topics, looks_back=not has_topics)
        self.has_private_rooms = not has_topics
        self.door = f"https://{name}.invalid/bot" if has_topics else ""
        self.rooms: list[Letter] = []
        self.topics: list[tuple[str, str]] = []
        """(channel, what was put over it)."""
        self.guests: list[tuple[str, str]] = []
        """(channel, user id) of everybody who was asked in."""
        self.pinned: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self._has_topics = has_topics
        self._refused: dict[str, list[TransportError]] = defaultdict(list)

    def refuses(self, channel: str, error: TransportError, *, times: int) -> None:
        """Take none of the next posts in a channel."""
        self._refused[channel] = [error] * times

    @override
    async def post(self, letter: Letter) -> str:
        if self._refused[letter.channel]:
            raise self._refused[letter.channel].pop()
        return await super().post(letter)

    async def open_room(self, letter: Letter) -> Opened:
        self._fail("open_room")
        self.rooms.append(letter)
        number = len(self.rooms)
        name = letter.card.title if self._has_topics else f"#{letter.card.name}"
        url = f"https://{self.name}.invalid/{number}"
        if self._has_topics:
            return Opened(channel=letter.channel, thread=f"topic:{number}", name=name, url=url)
        return Opened(channel=f"C{number}ROOM", name=name, url=url)

    async def describe_room(self, letter: Letter) -> None:
        self._fail("describe_room")
        self.topics.append((letter.channel, letter.card.text))

    async def invite(self, letter: Letter) -> None:
        self._fail("invite")
        self.guests.append((letter.channel, letter.to))

    async def pin(self, letter: Letter, message: str) -> None:
        self._fail("pin")
        self.pinned.append(message)

    async def close_room(self, letter: Letter) -> None:
        self._fail("close_room")
        self.closed.append((letter.channel, letter.thread))


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, length: timedelta) -> None:
        """Move it on."""
        self.now += length
