"""A small team in a chat on two platforms: the real registry, dispatch, speech, delivery, monitor and database.

    card = await chat.opens()                              somebody opens incident #1; its card on Slack
    await chat.says("claim 1", by="林悦")                   /crisis on Slack, unless `on` or the person's ids say otherwise
    await chat.says("log 顾客来电", by="林悦", under=card)    @Fenghuo in its thread; on Telegram a reply
    await chat.presses("Claim", card, by="陈立")
    why = await chat.refused("claim 1", by="陈立")           whispered, with a reason and a hint; nothing else happened
    await chat.mentions(*complaints(3))                    through the real monitor
    await chat.passes(minutes=30)                          time goes by; what comes due is fired

Every call returns when all that follows from it is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from bot.app import scrubber
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.evidence import Shelf
from bot.monitor.coverage import Watched
from bot.monitor.ingest import Tally
from bot.monitor.rounds import Rounds
from bot.monitor.watch import Monitor
from bot.ports import ports
from bot.schedule import Sweeper
from bot.sources.base import Found
from handlers.kit.cards import Card, Form
from handlers.kit.messages import Place, Pressed, Quoted, Sender, Typed
from handlers.kit.registry import Registry
from handlers.kit.team import Team
from playbooks.quiet import Coverage, Quiet
from storage import outbox
from storage.models import Incident, Outbox
from tests import cast
from tests.cast import (
    BRAND,
    CHANNELS,
    COMPLAINTS,
    NOW,
    PEOPLE,
    SHANGHAI,
    complaints,
    ingest,
    library,
    rotten,
    rows,
    team,
)
from tests.fakes import FakeTransport, Said, SetClock
from tests.records import Records
from tests.stores import borrowed, returned

__all__ = [
    "BRAND",
    "CHANNELS",
    "COMPLAINTS",
    "NOW",
    "PEOPLE",
    "SHANGHAI",
    "Chat",
    "Heard",
    "Said",
    "complaints",
    "library",
    "rotten",
    "rows",
    "team",
]


WAITING = text(
    "SELECT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL) OR EXISTS (SELECT 1 FROM notice WHERE done_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM outbox WHERE state IN ('pending', 'sending', 'unsure'))"
)


@dataclass(slots=True)
class Heard:
    """What followed from something: new posts, whispers, edited messages, answers to the press, forms that opened."""

    posts: list[Said] = field(default_factory=list)
    whispers: list[Said] = field(default_factory=list)
    edits: list[Said] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    @property
    def all(self) -> list[Said]:
        return [*self.posts, *self.whispers, *self.edits]

    @property
    def form(self) -> Form:
        """The form that opened."""
        assert len(self.forms) == 1, self.forms
        return self.forms[0]

    @property
    def whisper(self) -> Said:
        """The one thing that one person was told."""
        assert len(self.whispers) == 1, [each.title for each in self.whispers]
        return self.whispers[0]


class Chat(Records):
    """One process of the bot, and the people who talk to it.

    Args:
        url: the database.
        transports: the platforms, if another process uses the same ones.
        clock: the time, if another process has the same.
        registry: the commands, if not those of the bot.
        sources: names of sources that are watched; they are pushed.
        quiet: when alerts wait.
        rooms_own: from which level on cards offer a room of the incident's own.
        files: where files are kept that were given as evidence.
    """

    def __init__(
        self,
        url: str,
        *,
        team: Team | None = None,
        transports: Mapping[str, FakeTransport] | None = None,
        clock: SetClock | None = None,
        registry: Registry | None = None,
        sources: Sequence[str] = (),
        quiet: Quiet | None = None,
        rooms_own: str = "",
        files: Path = Path(),
    ) -> None:
        platforms = transports or {
            "slack": FakeTransport("slack", native_forms=True, looks_back=True),
            "telegram": FakeTransport("telegram", native_forms=False, looks_back=False),
        }
        super().__init__(team or cast.team(), platforms, clock or SetClock(NOW))
        self.url = url
        self.database = borrowed(url)
        self.registry = registry or cast.registry()
        self.delivery = Delivery(
            database=self.database,
            team=self.team,
            clock=self.clock,
            transports=self.transports,
            shelf=Shelf(files),
        )
        self.dispatch = Dispatch(
            database=self.database,
            registry=self.registry,
            team=self.team,
            library=library(),
            clock=self.clock,
            transports=self.transports,
            settings={
                "contact": "",
                "rooms_own": rooms_own,
                "ports": ports(lambda: self.monitor.ingest, dict.fromkeys(sources, "webhook")),
            },
            ring=self.delivery.ring,
            scrub=scrubber([BRAND], self.team),
        )
        self.monitor = Monitor(
            database=self.database,
            library=library(),
            sources=(),
            ingest=ingest(self.database, quiet),
            clock=self.clock,
            ring=self.dispatch.wake,
        )
        self.sweeper = Sweeper(self.database, self.clock, self.dispatch.wake)
        self.rounds = Rounds(
            database=self.database,
            library=library(),
            clock=self.clock,
            ring=self.dispatch.wake,
            watched=[Watched(name=name, is_pushed=True) for name in sources],
            patience=Coverage(),
            quiet=quiet or Quiet(),
            window=timedelta(minutes=30),
            zone=self.team.zone,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dispatch.answers.stop()
        await returned(self.database)
        # Others use it from now on, on other files.
        del self.database

    # What people do

    async def says(self, text: str, *, by: str | Sender, **how: Any) -> Heard:
        """Somebody types. See `typed` for how."""
        return await self._hears(self.typed(text, by=by, **how))

    async def presses(self, button: str, on: Said, *, by: str | Sender) -> Heard:
        """Somebody presses a button, named by its label, its action or its wire id."""
        found = on.button(button)
        return await self._hears(self.pressed(found.action, found.value, on, by=by))

    async def fills(
        self, form: Form, answers: Mapping[str, str], *, by: str | Sender, on: Said | None = None
    ) -> dict[str, str]:
        """Somebody sends a form; returns what is wrong with it."""
        card = on or Said(
            transport="slack", channel=CHANNELS["alerts"]["slack"], message="", card=Card(title="")
        )
        event = self.pressed(form.action, form.value, card, by=by, fields=answers)
        problems = await self.dispatch.submit(event)
        await self.settle()
        return problems

    async def replies(self, text: str, prompt: Said, *, by: str | Sender) -> Heard:
        """Somebody answers a question of the bot."""
        assert prompt.prompt, prompt.title
        return await self.says(
            text, by=by, on=prompt.transport, under=prompt, answer=True, channel=prompt.channel
        )

    async def refused(self, text: str, *, by: str | Sender, **how: Any) -> Card:
        """Somebody types and is refused: in a whisper, with a reason and a hint, and nothing else happens."""
        heard = await self.says(text, by=by, **how)
        assert not heard.posts, [each.title for each in heard.posts]
        assert not heard.edits
        assert not heard.forms
        return _refusal(heard.whisper.card)

    async def refused_press(self, button: str, on: Said, *, by: str | Sender) -> str:
        """Somebody presses and is refused; returns the words."""
        heard = await self.presses(button, on, by=by)
        assert not heard.posts, [each.title for each in heard.posts]
        assert not heard.edits
        assert not heard.forms
        if heard.whispers:
            card = _refusal(heard.whisper.card)
            return f"{card.title} {card.text}"
        assert len(heard.toasts) == 1
        return heard.toasts[0]

    async def opens(
        self,
        level: str = "orange",
        title: str = "蛋糕发霉，客服不理",
        *,
        by: str = "林悦",
        room: str = "alerts",
    ) -> Said:
        """Somebody opens an incident by hand; returns its card on Slack."""
        await self.says(f"new {level} user_complaint {title}", by=by, room=room)
        return await self.card(f"incident:{await self.count(Incident)}")

    async def mentions(self, *found: Found) -> Tally:
        """The public speaks, and the monitor hears it."""
        tally = await self.monitor.take("push", found, ())
        await self.settle()
        return tally

    async def looks(self) -> None:
        """The monitor makes its round: what a drill has played is read."""
        await self.monitor.tick()
        await self.settle()

    async def passes(self, length: timedelta | None = None, **parts: float) -> Heard:
        """Time goes by; what comes due is fired and said."""
        return await self._after(lambda: self._pass(length or timedelta(**parts)))

    def writes(
        self, text: str, *, by: str, under: Said | None = None, on: str = "", room: str = "alerts"
    ) -> Place:
        """Somebody writes something that is not for the bot; returns where, so that others can point at it."""
        sender = self.sender(by, on)
        channel = under.channel if under else CHANNELS[room][sender.transport]
        message = f"human-{next(self._numbers)}"
        self.transports[sender.transport].written[channel, message] = Quoted(
            message=message, text=text, author=sender.name, user=sender.user, at=self.clock()
        )
        thread = under.message if under and sender.transport == "slack" else ""
        return Place(transport=sender.transport, channel=channel, thread=thread, message=message)

    async def pins(self, at: Place, *, by: str) -> Heard:
        """Somebody marks a message with 📌 on Slack."""
        sender = self.sender(by, "slack")
        event = Typed(
            id=f"slack:pin:{at.channel}:{at.message}:{sender.user}",
            text="log",
            by=sender,
            at=at,
            quoted=Quoted(message=at.message),
        )
        return await self._hears(event)

    # How it goes on

    async def settle(self) -> None:
        """Until nothing waits: handlers work, and what may go out now is out."""
        await self.dispatch.answers.settle()
        while await self.dispatch.drain() | await self._speak():
            await self.dispatch.answers.settle()
            if not await self._is_waiting():
                return

    async def _is_waiting(self) -> bool:
        """One question, where to look for work and for messages once more would take six."""
        if self.database.spool and self.database.spool.kept(1):
            return True
        async with self.database.read() as session:
            return bool(await session.scalar(WAITING))

    async def _speak(self) -> bool:
        """Send what is due now; False if nothing is."""
        due = await self._due(*self.transports)
        await asyncio.gather(
            *(self.delivery._send(self.transports[name], row) for name, rows in due.items() for row in rows)
        )
        return any(due.values())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Dispatch runs by itself, as in the bot."""
        task = asyncio.create_task(self.dispatch.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _due(self, *transports: str) -> dict[str, Sequence[Outbox]]:
        """What is due now, by platform."""
        async with self.database.read() as session:
            return {name: await outbox.due(session, name, self.clock()) for name in transports}

    async def _hears(self, event: Typed | Pressed) -> Heard:
        async def arrive() -> None:
            await self.dispatch.receive(event)

        return await self._after(arrive)

    async def _pass(self, length: timedelta) -> None:
        self.clock.passes(length)
        await self.sweeper.sweep()
        await self.rounds.sweep()

    async def _after(self, act: Callable[[], Any]) -> Heard:
        marks = {
            name: (len(each.said), len(each.edits), len(each.answers), len(each.forms))
            for name, each in self.transports.items()
        }
        await act()
        await self.settle()
        heard = Heard()
        for name, (said, edits, answers, forms) in marks.items():
            transport = self.transports[name]
            fresh = transport.said[said:]
            heard.posts += [each for each in fresh if not each.to]
            heard.whispers += [each for each in fresh if each.to]
            heard.edits += transport.edits[edits:]
            heard.toasts += [text for _, text in transport.answers[answers:] if text]
            heard.forms += [form for _, form in transport.forms[forms:]]
        return heard


def _refusal(card: Card) -> Card:
    assert card.tone == "warn", card
    assert card.title
    assert card.text, f"no hint: {card.title}"
    return card
