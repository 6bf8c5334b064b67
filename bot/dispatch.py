"""Dispatch: finds the handler, checks rights, opens the transaction, and turns errors into cards.

What arrived is a row in the inbox before it is acknowledged; what a handler changes and says is committed together
with taking that row. So a crash loses nothing and repeats nothing: the row is either still waiting or all is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import forms
from bot.clock import Clock
from bot.speech import Speech
from bot.transports.base import Transport, TransportError
from bot.wire import from_json, to_json
from handlers.kit.arguments import MissingError, bind, form_for, usage_of
from handlers.kit.cards import Button, ButtonTone, Card, Form, Tone
from handlers.kit.context import REFUSALS, Context, Whisper
from handlers.kit.errors import ConflictError, NotAllowedError, UsageError, UserError
from handlers.kit.locale import Locale
from handlers.kit.messages import Noticed, Place, Pressed, Quoted, Typed
from handlers.kit.registry import Command, Registry
from handlers.kit.team import Person, Right, Team
from handlers.look import nearest
from playbooks.library import Library
from storage import inbox, notices, people, spots
from storage.database import Database, DatabaseError, Session
from storage.models import Incident, Notice

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""How often rows are looked for when nobody rings: what another process stored, or what a crash left."""
TOAST = 200
"""Characters that Telegram shows in the answer to a button press."""
BOT = Person(name="", roles=frozenset({"lead"}))


@dataclass(slots=True)
class Outcome:
    """What is left to do once the transaction is committed: the direct answers, which cannot wait in the outbox."""

    form: Form | None = None
    toast: str = ""
    error: UserError | None = None


class Dispatch:
    """Works on what arrived and what was noticed, one after the other.

    Args:
        settings: what handlers may read by name (see `Context.settings`).
        ring: called after each commit, so that delivery looks at once.
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
    ) -> None:
        self.database = database
        self.registry = registry
        self.team = team
        self.library = library
        self.clock = clock
        self.transports = transports
        self.settings = {**settings, "registry": registry}
        self.speech = Speech(team, transports)
        self._ring = ring
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._triggers: dict[str, str] = {}

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    async def receive(self, event: Typed | Pressed) -> bool:
        """Store what arrived; False if it was there already. Work on it follows."""
        async with self.database.write() as session:
            is_new = await inbox.put(session, event.id, to_json(event), self.clock())
        if is_new and event.trigger:
            self._triggers[event.id] = event.trigger
        self.wake()
        return is_new

    async def submit(self, event: Pressed) -> dict[str, str]:
        """Store a form and work on it before it is acknowledged; returns what is wrong, by field."""
        async with self.database.write() as session:
            await inbox.put(session, event.id, to_json(event), self.clock())
            number = await inbox.id_of(session, event.id)
        if number is None:
            return {}
        async with self._turn:
            error = await self._work(number, event, quiet=True)
        if error is None:
            return {}
        return {error.field: " ".join(part for part in (error.message, error.hint) if part)}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            try:
                found = await self.drain()
            except DatabaseError:
                log.exception("the database is out of reach; what arrived waits")
                found = False
                await asyncio.sleep(IDLE_SECONDS)
            if not found:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)

    async def drain(self) -> bool:
        """Work on all that waits now; False if nothing did."""
        async with self.database.read() as session:
            arrived = await inbox.waiting(session)
            noticed = await notices.waiting(session)
        for number, payload in arrived:
            async with self._turn:
                await self._work(number, from_json(payload))
        for row in noticed:
            async with self._turn:
                await self._notice(row)
        return bool(arrived or noticed)

    async def _work(self, number: int, event: Typed | Pressed, *, quiet: bool = False) -> UserError | None:
        """Handle one arrival. `quiet`: the caller shows the error itself."""
        event = await self._with_quote(event)
        trigger = event.trigger or self._triggers.pop(event.id, "")
        outcome = await self._guarded(lambda: self._handled(number, event, bool(trigger)))
        if outcome is None:
            return None
        if outcome.error is not None:
            outcome = await self._refused(number, event, outcome.error, quiet=quiet)
        self._ring()
        await self._answer(event, trigger, outcome)
        return outcome.error

    async def _guarded(self, run: Callable[[], Awaitable[Outcome | None]]) -> Outcome | None:
        """The one place where errors become cards: expected ones in words, anything else as a reference."""
        try:
            return await run()
        except UserError as error:
            return Outcome(error=error)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("unexpected error, reference %s", reference)
            return Outcome(error=Unexpected(reference))

    async def _handled(self, number: int, event: Typed | Pressed, has_trigger: bool) -> Outcome | None:
        outcome = Outcome()
        async with self.database.write() as session:
            if not await inbox.take(session, number, self.clock()):
                return None
            ctx = await self._context(session, event)
            await self._run(ctx, has_trigger)
            await self._say(ctx, outcome, has_trigger)
        return outcome

    async def _context(self, session: Session, event: Typed | Pressed) -> Context:
        by, at = event.by, event.at
        await people.meet(session, by.transport, by.user, by.name, by.username)
        quoted = event.quoted if isinstance(event, Typed) else None
        near = [part for part in (at.thread, quoted.message if quoted else "") if part]
        own = await spots.incident_at(session, at.transport, at.channel, [*near, at.message])
        person = self.team.who(by, at)
        if person is None:
            raise self._stranger(event)
        return Context(
            happening=event,
            session=session,
            team=self.team,
            library=self.library,
            now=self.clock(),
            by=person,
            at=at,
            own=own,
            quoted=quoted,
            settings=self.settings,
        )

    def _stranger(self, event: Typed | Pressed) -> NotAllowedError:
        say = self._say_at(event.at)
        return NotAllowedError(
            say("You are not on this team's list."),
            hint=say("Your id here is {id}; an operator can add it to fenghuo.yaml.", id=event.by.user),
        )

    def _say_at(self, at: Place) -> Locale:
        room = self.team.room_at(at.transport, at.channel)
        return Locale(language=room.language if room else self.team.language, zone=self.team.zone, now=self.clock())

    async def _run(self, ctx: Context, has_trigger: bool) -> None:
        """Find the command, read its arguments, check the right, and let it work."""
        command, words, answers = await self._called(ctx)
        if command is None:
            return
        try:
            if command.right is not Right.OWNER:
                ctx.require(command.right)
            arguments = await bind(command, words, ctx, answers)
        except MissingError as missing:
            self._ask(ctx, command, missing, has_trigger)
            return
        incident = next((value for value in arguments.values() if isinstance(value, Incident)), None)
        if incident is not None:
            ctx.require(command.right, incident)
            self._fence(ctx, incident)
            await self._note_place(ctx, incident)
        await command.run(ctx, **arguments)

    async def _called(self, ctx: Context) -> tuple[Command | None, str, Mapping[str, str]]:
        """The command, its words, and a form's answers."""
        event = ctx.happening
        if isinstance(event, Pressed):
            command = self.registry.actions.get(event.action)
            if command is None:
                raise UsageError(ctx.say("This button is of an older version."), hint=nearest(ctx.say, self.registry, ""))
            return command, event.value, event.fields
        assert isinstance(event, Typed)
        if (answered := await forms.answered(ctx, event)) is not None:
            if isinstance(answered, Pressed):
                return self.registry.actions[answered.action], answered.value, answered.fields
            return None, "", {}
        if event.answer:
            return None, "", {}
        verb, _, words = event.text.strip().partition(" ")
        verb, break_, rest = verb.partition("\n")
        words = rest + words if break_ else words
        command = self.registry.names.get(verb.lower() or "help")
        if command is None:
            raise UsageError(ctx.say("There is no command “{verb}”.", verb=verb[:40]), hint=nearest(ctx.say, self.registry, verb))
        return command, words, {}

    def _ask(self, ctx: Context, command: Command, missing: MissingError, has_trigger: bool) -> None:
        """Ask for what is missing: a form after a press, the usage line after words."""
        event = ctx.happening
        if isinstance(event, Typed) and not command.form:
            names = ctx.say(", ").join(ctx.say(param.label) for param in missing.params)
            raise UsageError(ctx.say("Missing: {names}", names=names), hint=usage_of(ctx.say, command))
        assert isinstance(event, Typed | Pressed)
        ctx.form = form_for(command, missing, ctx)
        if self.transports[event.by.transport].native_forms and not has_trigger:
            # A mention carries no trigger, so a button has to open the form.
            ctx.form = None
            button = Button(label=ctx.say("Fill in"), action=command.action, value=missing.given, tone=ButtonTone.PRIMARY)
            ctx.whisper(lambda say: Card(title=say(command.help), buttons=(button,)))

    def _fence(self, ctx: Context, incident: Incident) -> None:
        """A drill's incidents are handled in drills rooms only, and live ones never there."""
        room = self.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
        if room is None or room.is_drill == (incident.drill_id is not None):
            return
        where = ctx.say("the drills room") if incident.drill_id is not None else ctx.say("an alerts room")
        raise ConflictError(
            ctx.say("#{number} does not belong in this room.", number=incident.id), hint=ctx.say("Go to {where}.", where=where)
        )

    async def _note_place(self, ctx: Context, incident: Incident) -> None:
        """What people write about an incident is a way back to it."""
        if ctx.at and ctx.at.message:
            await spots.add(
                ctx.session,
                ctx.at.transport,
                ctx.at.channel,
                ctx.at.message,
                incident_id=incident.id,
                drill_id=incident.drill_id,
            )

    async def _say(self, ctx: Context, outcome: Outcome, has_trigger: bool) -> None:
        """Commit what was said; a press's whisper and a form are answered directly instead."""
        event = ctx.happening
        said = list(ctx.out)
        if isinstance(event, Pressed) and event.reply:
            for whisper in [each for each in said if isinstance(each, Whisper)]:
                text = _short(whisper.build(ctx.say))
                if text is not None and not outcome.toast:
                    outcome.toast = text
                    said.remove(whisper)
        if ctx.form is not None and isinstance(event, Typed | Pressed):
            form = ctx.form(ctx.say)
            if self.transports[event.by.transport].native_forms and has_trigger:
                outcome.form = form
            else:
                await forms.begin(ctx, form)
                said = [*said, *ctx.out[len(said) :]]
        await self.speech.put(ctx.session, said, ctx.now, event.by.user if isinstance(event, Typed | Pressed) else "")

    async def _refused(self, number: int, event: Typed | Pressed, error: UserError, *, quiet: bool) -> Outcome:
        """The handler's work was rolled back; take the row and say why."""
        say = self._say_at(event.at)
        if isinstance(error, Unexpected):
            error.message = say("Something broke on our side; nothing was changed. Reference {reference}", reference=error.reference)
        card = Card(title=error.message, text=error.hint, tone=Tone.WARN)
        outcome = Outcome(error=error)
        if isinstance(event, Pressed) and event.reply:
            outcome.toast = _short(card) or card.title[:TOAST]
        whisper = Whisper(build=lambda _: card, to=event.by, place=event.at)
        async with self.database.write() as session:
            if await inbox.take(session, number, self.clock(), "refused") and not quiet and not outcome.toast:
                await self.speech.put(session, [whisper], self.clock())
        return outcome

    async def _answer(self, event: Typed | Pressed, trigger: str, outcome: Outcome) -> None:
        """The direct answers; when they fail, the state stands all the same."""
        transport = self.transports[event.by.transport]
        try:
            if outcome.form is not None:
                await transport.open_form(trigger, outcome.form)
            if isinstance(event, Pressed) and event.reply and not await transport.answer(event, outcome.toast):
                await self._whisper_instead(event, outcome.toast)
        except TransportError as error:
            log.warning("%s: a direct answer failed: %s", transport.name, error.message)

    async def _whisper_instead(self, event: Pressed, text: str) -> None:
        """The press is too old to be answered; say it in a message."""
        if text:
            whisper = Whisper(build=lambda _: Card(title=text), to=event.by, place=event.at)
            async with self.database.write() as session:
                await self.speech.put(session, [whisper], self.clock())
            self._ring()

    async def _with_quote(self, event: Typed | Pressed) -> Typed | Pressed:
        """Read the message that somebody pointed at, before any transaction is open."""
        if not isinstance(event, Typed) or event.quoted is None or event.quoted.text:
            return event
        try:
            found = await self.transports[event.by.transport].fetch(event.at, event.quoted.message)
        except TransportError as error:
            log.warning("%s: a message could not be read: %s", event.by.transport, error.message)
            found = None
        return event if found is None else dataclasses.replace(event, quoted=self._named(event.by.transport, found))

    def _named(self, transport: str, quoted: Quoted) -> Quoted:
        person = self.team.with_id(transport, quoted.user)
        return dataclasses.replace(quoted, author=person.name) if person else quoted

    async def _notice(self, row: Notice) -> None:
        """Say what the bot noticed."""
        run = self.registry.notices.get(row.kind)
        happening = Noticed(id=f"notice:{row.id}", kind=row.kind, data=row.data)

        async def handled() -> Outcome | None:
            async with self.database.write() as session:
                if not await notices.take(session, row.id or 0, self.clock()):
                    return None
                settings = {**self.settings, "notice": {"incident_id": row.incident_id, "data": row.data}}
                ctx = Context(
                    happening=happening,
                    session=session,
                    team=self.team,
                    library=self.library,
                    now=self.clock(),
                    by=BOT,
                    settings=settings,
                )
                if run is not None:
                    await run(ctx)
                await self.speech.put(session, ctx.out, ctx.now)
            return Outcome()

        outcome = await self._guarded(handled)
        if outcome is not None and outcome.error is not None:
            # Said again for ever, a notice that cannot be said would hide the rest; the log has it.
            async with self.database.write() as session:
                await notices.take(session, row.id or 0, self.clock())
        self._ring()


class Unexpected(UserError):  # noqa: N818
    """Anything that nobody foresaw; people see the reference under which the log has it."""

    def __init__(self, reference: str) -> None:
        super().__init__("")
        self.reference = reference


def _short(card: Card) -> str | None:
    """A card as one line, if it is short and plain enough for the answer to a press."""
    if card.buttons or card.sections or card.quotes or card.verbatim or card.fields:
        return None
    text = " ".join(part for part in (card.title, card.text, card.footer) if part)
    return text if len(text) <= TOAST else None
