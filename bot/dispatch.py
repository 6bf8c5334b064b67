"""Dispatch: takes what arrived, lets its handler work in one transaction, and turns errors into cards.

What arrived is a row in the inbox before it is acknowledged; what a handler changes and says is committed together
with taking that row. So a crash loses nothing and repeats nothing: the row is either still waiting or all is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot import beside, forms, hearing
from bot.answers import Answer, Answers, blanked, opener
from bot.clock import Clock
from bot.speech import Speech
from bot.transports.base import Rooms, Transport
from bot.wire import from_json, to_json
from handlers.alert import unsaid
from handlers.kit.cards import Card, Form, Tone
from handlers.kit.context import Context, Outgoing, Post, Scrub, Whisper
from handlers.kit.errors import UserError
from handlers.kit.locale import Locale
from handlers.kit.messages import Noticed, Place, Pressed, Typed
from handlers.kit.registry import Registry
from handlers.kit.team import Person, Team
from playbooks.library import Library
from storage import inbox, links, notices, people, spots
from storage.database import Database, DatabaseError, Session
from storage.models import Notice

log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.01
"""The acknowledgement goes out first, and others that arrive at the same time are stored, before work begins."""
IDLE_SECONDS = 1.0
"""How often rows are looked for when nobody rings: what another process stored, or what a crash left."""
FINISH_SECONDS = 4.0
"""At the stop: how long the work that is begun may take to end."""
TRIES = 3
"""How often a transaction is tried that the database refuses: it lost a race that only the database saw."""
TRY_AGAIN_SECONDS = 0.05
TRIGGERS = 1000
"""Triggers that are kept; they live for three seconds."""
Result = TypeVar("Result")
BOT = Person(name="", roles=frozenset({"lead"}))


@dataclass(slots=True)
class Outcome:
    """How it went: what is left to answer directly once the transaction is committed, and what went wrong."""

    answer: Answer = field(default_factory=Answer)
    error: UserError | None = None


class Unexpected(UserError):  # noqa: N818
    """Anything that nobody foresaw; people see the reference under which the log has it."""

    def __init__(self, reference: str) -> None:
        super().__init__("")
        self.reference = reference


class Dispatch:
    """Works on what arrived and what was noticed, one after the other.

    Args:
        settings: what handlers may read by name (see `Context.settings`).
        ring: called after each commit, so that delivery looks at once.
        scrub: takes personal data out of what people type.
    """

    def __init__(
        self,
        *,
        database: Database,
        registry: Registry,
        team: Team,
        library: Library,
        clock: Clock,
        transports: Mapping[str, Transport],
        settings: Mapping[str, Any],
        ring: Callable[[], None],
        scrub: Scrub = lambda text: (text, ()),
    ) -> None:
        self.database = database
        self.registry = registry
        self.team = team
        self.library = library
        self.clock = clock
        self.transports = transports
        self.settings = {**settings, "registry": registry, "doors": self._doors}
        self.scrub = scrub
        self.speech = Speech(team, transports)
        self.answers = Answers(
            database=database, speech=self.speech, clock=clock, transports=transports, ring=ring
        )
        self._ring = ring
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._triggers: dict[str, str] = {}
        self._is_stopping = False

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    async def receive(self, event: Typed | Pressed) -> None:
        """Store what arrived. Work on it follows."""
        if event.trigger:
            self._triggers[event.id] = event.trigger
            while len(self._triggers) > TRIGGERS:
                del self._triggers[next(iter(self._triggers))]
        await inbox.arrive(self.database, event.id, to_json(event), self.clock(), event.by.transport)
        asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.wake)

    async def submit(self, event: Pressed) -> dict[str, str]:
        """Store a form and work on it before it is acknowledged; returns what is wrong, by field."""
        async with self.database.write() as session:
            await inbox.put(session, event.id, to_json(event), self.clock(), event.by.transport)
            number = await inbox.id_of(session, event.id)
        if number is None:
            return {}
        async with self._turn:
            error = await self._work(number, event, quiet=True)
        if error is None:
            return {}
        return {error.field: " ".join(part for part in (error.message, error.hint) if part)}

    async def run(self) -> None:
        """Work until cancelled; then what is begun is finished, and the rest waits for the next start."""
        try:
            while True:
                self._wake.clear()
                working = asyncio.create_task(self._round())
                try:
                    found = await asyncio.shield(working)
                except asyncio.CancelledError:
                    self._is_stopping = True
                    await asyncio.wait([working], timeout=FINISH_SECONDS)
                    working.cancel()
                    raise
                if not found:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(IDLE_SECONDS):
                            await self._wake.wait()
        finally:
            self._is_stopping = False
            await self.answers.stop()

    async def _round(self) -> bool:
        try:
            return await self.drain()
        except DatabaseError:
            log.exception("the database is out of reach; what arrived waits")
            await asyncio.sleep(IDLE_SECONDS)
            return False

    async def drain(self) -> bool:
        """Work on all that waits now; False if nothing did."""
        await inbox.collect(self.database)
        async with self.database.read() as session:
            # What came from a platform that is not up here waits until it is, or is another process's.
            arrived = await inbox.waiting(session, self.transports)
            noticed = await notices.waiting(session)
            self.team.join(await links.every(session))
        for number, payload in arrived:
            async with self._turn:
                if not self._is_stopping:
                    await self._read(number, payload)
        for row in noticed:
            async with self._turn:
                if not self._is_stopping:
                    await self._notice(row)
        return bool(arrived or noticed)

    async def _read(self, number: int, payload: dict[str, Any]) -> None:
        try:
            event = from_json(payload)
        except (KeyError, TypeError, ValueError):
            # Left waiting, it would stand before everything else for ever.
            log.exception("arrival %s is of another version and cannot be read", number)
            async with self.database.write() as session:
                await inbox.take(session, number, self.clock(), "unreadable")
            return
        await self._work(number, event)

    async def _work(self, number: int, event: Typed | Pressed, *, quiet: bool = False) -> UserError | None:
        """Handle one arrival. `quiet`: the caller shows the error itself."""
        trigger = self._triggers.pop(event.id, "") or event.trigger
        try:
            outcome = await self._guarded(
                lambda looked: self._handled(number, event, looked, has_trigger=bool(trigger), quiet=quiet)
            )
        except Unexpected as error:
            outcome = await self._broken(number, event, error, quiet=quiet)
        if outcome is None:
            return None
        self._ring()
        self.answers.give(event, trigger, outcome.answer)
        return outcome.error

    async def _guarded(self, run: Callable[[list[Any]], Awaitable[Result]]) -> Result:
        """The one place where errors that nobody foresaw end. Raises Unexpected."""
        tries = TRIES
        while True:
            tries -= 1
            try:
                return await beside.run(self.database, run)
            except Exception as error:
                if isinstance(error, DatabaseError) and tries:
                    log.warning("the database refused a transaction; it is tried again: %s", error)
                    await asyncio.sleep(TRY_AGAIN_SECONDS)
                    continue
                reference = secrets.token_hex(4)
                log.exception("unexpected error, reference %s", reference)
                raise Unexpected(reference) from error

    async def _handled(
        self, number: int, event: Typed | Pressed, looked: list[Any], *, has_trigger: bool, quiet: bool
    ) -> Outcome | None:
        """Take the row, and commit with it what was done, or that it was refused; None if another has it."""
        if isinstance(event, Typed) and event.quoted is not None:
            event = await hearing.with_quote(
                event, event.quoted, self.transports[event.by.transport], self.team
            )
        event = hearing.cleaned(event)
        async with self.database.write() as session:
            if not await inbox.take(session, number, self.clock()):
                return None
            try:
                async with session.begin_nested():
                    ctx = await self._context(session, event, looked)
                    await hearing.obey(ctx, self.registry)
                    return await self._say(ctx, event, has_trigger=has_trigger)
            except UserError as error:
                return await self._refused(session, number, event, error, quiet=quiet)

    async def _broken(
        self, number: int, event: Typed | Pressed, error: Unexpected, *, quiet: bool
    ) -> Outcome | None:
        """Nothing was changed. Take the row all the same, or it would break again for ever."""
        say = self._say_at(event.at)
        error.message = say(
            "Something broke on our side; nothing was changed. Reference {reference}",
            reference=error.reference,
        )
        async with self.database.write() as session:
            if not await inbox.take(session, number, self.clock()):
                return None
            return await self._refused(session, number, event, error, quiet=quiet)

    async def _context(self, session: Session, event: Typed | Pressed, looked: list[Any]) -> Context:
        by, at = event.by, event.at
        person = self.team.who(by, at)
        if person is not None:
            await people.meet(session, by.transport, by.user, by.name, by.username)
        elif (person := hearing.newcomer(event, self.registry)) is None:
            raise hearing.stranger(self._say_at(at), event)
        quoted = event.quoted if isinstance(event, Typed) else None
        near = [part for part in (at.thread, quoted.message if quoted else "", at.message) if part]
        return Context(
            happening=event,
            session=session,
            team=self.team,
            library=self.library,
            now=self.clock(),
            by=person,
            at=at,
            own=await spots.incident_at(session, at.transport, at.channel, near),
            is_private=at.direct or self.transports[at.transport].discreet,
            quoted=quoted,
            settings=self.settings,
            scrub=self.scrub,
            looked=looked,
        )

    def _doors(self) -> Mapping[str, str]:
        return {name: each.door for name, each in self.transports.items() if isinstance(each, Rooms)}

    def _say_at(self, at: Place) -> Locale:
        room = self.team.room_at(at.transport, at.channel)
        language = room.language if room else self.team.language
        return Locale(language=language, zone=self.team.zone, now=self.clock())

    async def _say(self, ctx: Context, event: Typed | Pressed, *, has_trigger: bool) -> Outcome:
        """Store what was said; a press's whisper and a form are left to be answered directly."""
        answer = Answer()
        if ctx.form is not None:
            answer.form = await self._offered(ctx, event, ctx.form(ctx.say), has_trigger=has_trigger)
        said = [*ctx.out, *await self._echo(ctx, event)]
        if ctx.blanked:
            said.append(Whisper(build=blanked(ctx.blanked), to=event.by, place=event.at))
        if isinstance(event, Pressed) and event.reply:
            whispers = (each for each in said if isinstance(each, Whisper))
            answer.whisper = next((each for each in whispers if self.answers.toast(each)), None)
        stored = [each for each in said if each is not answer.whisper]
        await self.speech.put(ctx.session, stored, ctx.now, event.by.user)
        return Outcome(answer)

    async def _offered(
        self, ctx: Context, event: Typed | Pressed, form: Form, *, has_trigger: bool
    ) -> Form | None:
        """The form, if the platform opens it itself; else its first question, or a button that opens it, is said."""
        if not self.transports[event.by.transport].native_forms:
            await forms.begin(ctx, form)
            return None
        if has_trigger:
            return form
        # A mention carries no trigger, and only a press brings one.
        ctx.whisper(opener(form))
        return None

    async def _echo(self, ctx: Context, event: Typed | Pressed) -> list[Outgoing]:
        """Whoever spoke where nothing of it shows, say in a private chat, hears there what was done."""
        posts = [each for each in ctx.out if isinstance(each, Post)]
        if not posts or await self.speech.reaches(ctx.session, ctx.out, event.at):
            return []
        last = posts[-1]
        drill_id = last.incident.drill_id if last.incident else last.drill_id
        if drill_id is not None and not event.at.direct:
            # What a drill says stays in its room.
            return [
                Whisper(
                    build=lambda say: Card(title=say("Done, in the drills room.")),
                    to=event.by,
                    place=event.at,
                )
            ]
        return [
            Whisper(
                build=lambda say: Card(title=last.build(say).title, tone=Tone.GOOD),
                to=event.by,
                place=event.at,
                incident=last.incident,
                drill_id=drill_id,
            )
        ]

    async def _refused(
        self, session: Session, number: int, event: Typed | Pressed, error: UserError, *, quiet: bool
    ) -> Outcome:
        """Say why it was not done."""
        card = Card(title=error.message, text=error.hint, tone=Tone.WARN)
        whisper = Whisper(build=lambda _: card, to=event.by, place=event.at)
        outcome = Outcome(error=error)
        if isinstance(event, Pressed) and event.reply and self.answers.toast(whisper):
            outcome.answer.whisper = whisper
        by, at = event.by, event.at
        await inbox.conclude(session, number, "refused")
        if self.team.who(by, at):
            await people.meet(session, by.transport, by.user, by.name, by.username)
        if isinstance(event, Typed) and event.answer:
            # Kept open, the form would take whatever the person writes next for its last answer.
            await people.close_form(session, at.transport, at.channel, by.user)
        if not quiet and outcome.answer.whisper is None:
            await self.speech.put(session, [whisper], self.clock())
        return outcome

    async def _notice(self, row: Notice) -> None:
        """Say what the bot noticed."""
        try:
            await self._guarded(lambda looked: self._noticed(row, looked))
        except Unexpected as error:
            await self._unsaid(row, error.reference)
        self._ring()

    async def _noticed(self, row: Notice, looked: list[Any]) -> None:
        run = self.registry.notices.get(row.kind)
        async with self.database.write() as session:
            if not await notices.take(session, row.id or 0, self.clock()):
                return
            ctx = Context(
                happening=Noticed(id=f"notice:{row.id}", kind=row.kind, data=row.data),
                session=session,
                team=self.team,
                library=self.library,
                now=self.clock(),
                by=BOT,
                scrub=self.scrub,
                settings={**self.settings, "notice": {"incident_id": row.incident_id, "data": row.data}},
                looked=looked,
            )
            if run is not None:
                await run(ctx)
            await self.speech.put(session, ctx.out, ctx.now)

    async def _unsaid(self, row: Notice, reference: str) -> None:
        """Tried for ever, a notice that breaks its handler would hide the rest."""
        async with self.database.write() as session:
            if await notices.take(session, row.id or 0, self.clock()):
                await self.speech.put(
                    session, [unsaid(row.incident_id, row.drill_id, reference)], self.clock()
                )
