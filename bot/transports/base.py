"""What every chat platform can do for us, and how it says that it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from handlers.kit.cards import Card, Form
from handlers.kit.messages import Place, Pressed, Quoted, Typed


class Why(StrEnum):
    """What a refusal means to us, where more follows from it than that one message is not said."""

    GONE = "gone"
    """The place takes nothing any more: archived, closed, or the bot was removed."""
    NO_TOPICS = "no_topics"
    NO_RIGHTS = "no_rights"
    NOBODY = "nobody"
    """The person is unknown there, or cannot be asked in."""
    TOO_LARGE = "too_large"
    """A file has more bytes than we keep, or than the platform hands out."""


class TransportError(Exception):
    """A platform refused or could not be reached.

    Args:
        message: what it said.
        permanent: trying again cannot help.
        retry_after: seconds the platform asked us to wait.
        unsure: the request may have been carried out although no answer came.
        moved_to: the channel's new id, when the platform says that it moved.
        why: what it means, if it means more to us.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        unsure: bool = False,
        moved_to: str = "",
        why: Why | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after
        self.unsure = unsure
        self.moved_to = moved_to
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message on its way out.

    Args:
        outbox_id: the outbox row; Slack carries it as message metadata.
        channel: where to.
        thread: the message or topic it belongs under; empty for the top level.
        broadcast: a thread reply that is also shown in the channel.
        to: the platform user id a whisper is for; empty otherwise.
        names: roster name -> platform user id, for the people in `card.notify`.
        repeat: it may have been sent before; say so where that cannot be looked up.
        prompt: ask for a reply to this message (a form's question).
        secret: a room that is made is a private one.
    """

    outbox_id: str
    channel: str
    card: Card
    thread: str = ""
    broadcast: bool = False
    to: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    repeat: bool = False
    prompt: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A room that was made.

    Args:
        thread: the topic that it is, where it is no channel of its own.
        name: what people see it called.
        url: leads there; empty if the platform has no address for it.
    """

    channel: str
    thread: str = ""
    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one channel takes messages: at least `gap` seconds apart, at most `per_minute` a minute (0: no cap).

    Args:
        whisper_gap: seconds between whispers, where they have a limit of their own; None: they are posts like others.
        edit_gap: the same for edits, all channels together.
    """

    gap: float
    per_minute: int = 0
    whisper_gap: float | None = None
    edit_gap: float | None = None


class Intake(Protocol):
    """Where a transport hands in what arrived. It returns once the event is stored, so acknowledge after it."""

    async def receive(self, event: Typed | Pressed) -> None:
        """Store an event; one that is delivered twice is worked on once."""
        ...

    async def submit(self, event: Pressed) -> dict[str, str]:
        """Store a form and work on it at once; returns what is wrong, by field name (empty: accepted).

        The key "" holds an error that belongs to no field.
        """
        ...


class Transport(Protocol):
    """One chat platform. `render(card)` beside it is pure; this part talks."""

    name: str
    pace: Pace
    native_forms: bool
    """Opens forms itself; else they are asked one question at a time."""
    looks_back: bool
    """`find` can tell whether a message was posted before."""
    discreet: bool
    """What it whispers in a channel is read by nobody else there."""

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """What must run for as long as the platform is up."""
        ...

    async def start(self, intake: Intake) -> None:
        """Connect and begin to receive; returns when the platform is up. Raises TransportError."""
        ...

    async def stop(self) -> None:
        """Stop receiving and close connections."""
        ...

    async def post(self, letter: Letter) -> str:
        """Post a new message; returns its id. Raises TransportError."""
        ...

    async def show(self, letter: Letter) -> str:
        """Post the picture or file of a card whose title is its caption; its message id, or "" where it has none. Raises TransportError."""
        ...

    async def find(self, letter: Letter) -> str | None:
        """Look for an earlier post of this outbox row; its message id, or None. Raises TransportError."""
        ...

    async def edit(self, letter: Letter, message: str) -> None:
        """Replace a message in place; an edit that changes nothing is a success. Raises TransportError."""
        ...

    async def whisper(self, letter: Letter) -> str:
        """Tell one person in a channel (`letter.to`); message id if it has one. Raises TransportError."""
        ...

    async def open_form(self, trigger: str, form: Form) -> None:
        """Open a form natively. Raises TransportError."""
        ...

    async def answer(self, pressed: Pressed, text: str) -> bool:
        """Answer a button press itself; False if this platform cannot say `text` that way. Raises TransportError."""
        ...

    async def fetch(self, place: Place, message: str) -> Quoted | None:
        """Read a message that somebody pointed at, thread replies included. Raises TransportError."""
        ...


@runtime_checkable
class Files(Protocol):
    """A platform that hands out the files that people send."""

    async def read_file(self, file: str, limit: int) -> bytes:
        """All bytes of a file, by the platform's id for it; more than `limit` are refused. Raises TransportError."""
        ...


@runtime_checkable
class Rooms(Protocol):
    """A platform where an incident can have a room of its own."""

    has_private_rooms: bool
    """Can make a room that only those who are asked in know of."""

    @property
    def door(self) -> str:
        """Where people write to the bot first, as an address that takes `?start=`; empty where it may begin."""
        ...

    async def open_room(self, letter: Letter) -> Opened:
        """Make a room: the card's title is its title, `name` a plain name for it. Once, also if asked again. Raises TransportError."""
        ...

    async def describe_room(self, letter: Letter) -> None:
        """Put the card's text over a room. Raises TransportError."""
        ...

    async def invite(self, letter: Letter) -> None:
        """Bring one person (`letter.to`) into a room; whoever is there stays. Raises TransportError."""
        ...

    async def pin(self, letter: Letter, message: str) -> None:
        """Keep a message at the top of a room. Raises TransportError."""
        ...

    async def close_room(self, letter: Letter) -> None:
        """Let nobody write in a room any more; one that is closed stays so. Raises TransportError."""
        ...
