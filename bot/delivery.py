"""Delivery: outbox rows to transports. Pacing, retry, edits in place, and the drill fence.

A row is claimed before it is sent and marked after it. What lies between is the one moment where a crash or a lost
answer leaves us unsure. Slack is then asked whether the message stands there (each carries its row's id); Telegram
cannot be asked, so the message goes out again, marked as a possible repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import errands
from bot.clock import Clock
from bot.errands import Kept
from bot.evidence import Shelf
from bot.pacing import Lane, Pacer
from bot.speech import EDIT_GAP, as_json, card_from
from bot.transports.base import Letter, Opened, Transport, TransportError
from handlers.kit.cards import Card, Tone
from handlers.kit.team import Team
from storage import outbox, spots
from storage.database import Database, DatabaseError, Session, reason
from storage.models import Outbox, Spot

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
SLOWEST_RETRY = 60.0
"""Seconds between two tries, at most."""
SEND_LIMIT = 60.0
"""Seconds that one message may take; well within its lease, so that nobody else takes it over meanwhile."""
FINISH_SECONDS = 4.0
"""At the stop: how long messages on their way may take to arrive."""
TRIES = 3
"""How often a message is tried that breaks a renderer or a library."""
BROKE = "something broke on our side"

FOLLOWERS = ("edit", "picture", "pin")
"""Rows that mean nothing without the message that they belong to."""

BREAKS = (ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError)
"""What a card or an answer that nobody foresaw can do to a renderer or a library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row that is ours to send.

    Args:
        was_tried: it was begun before and may have gone through.
        parent: the card in whose thread it goes.
        target: the message that an edit replaces, or that a picture belongs to.
    """

    row: Outbox
    was_tried: bool
    parent: Spot | None
    target: str


class Delivery:
    """Sends what is in the outbox, one message at a time per channel, several channels side by side.

    Args:
        shelf: where files are stored that were given as evidence.
    """

    def __init__(
        self,
        *,
        database: Database,
        team: Team,
        clock: Clock,
        transports: Mapping[str, Transport],
        shelf: Shelf,
    ) -> None:
        self.database = database
        self.team = team
        self.clock = clock
        self.transports = transports
        self.shelf = shelf
        self._bell = {name: asyncio.Event() for name in transports}
        self._pacers = {name: Pacer(transport.pace) for name, transport in transports.items()}
        self._busy: set[tuple[str, Lane]] = set()
        self._sending: dict[str, set[asyncio.Task[None]]] = defaultdict(set)

    def ring(self) -> None:
        """Look for messages now."""
        for bell in self._bell.values():
            bell.set()

    async def run(self, name: str) -> None:
        """Deliver for one transport until cancelled; then what is on its way may still arrive."""
        transport, bell = self.transports[name], self._bell[name]
        if self.database.is_sqlite:
            # Only one process uses a SQLite database, so whatever was being sent was cut off.
            async with self.database.write() as session:
                await outbox.free_leases(session, name, self.clock())
        try:
            while True:
                bell.clear()
                pause = await self._round(transport)
                # Not wait_for: before Python 3.12 it may swallow a cancellation, and the bot would not stop.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await bell.wait()
        finally:
            await self._finish(name)

    async def _finish(self, name: str) -> None:
        """A message that is cut off would have to be sent again, so give it a moment."""
        if tasks := set(self._sending[name]):
            _, late = await asyncio.wait(tasks, timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _round(self, transport: Transport) -> float:
        """Begin to send the first message of every lane that is free; returns the seconds until there may be more."""
        now = self.clock()
        pacer = self._pacers[transport.name]
        pacer.forget(now)
        try:
            async with self.database.read() as session:
                rows = await outbox.due(session, transport.name, now)
                later = await outbox.next_due(session, transport.name, now)
        except DatabaseError as error:
            log.warning("the database is out of reach; messages wait: %s", reason(error))
            return IDLE_SECONDS
        moments = [later] if later else []
        for row in rows:
            free = pacer.free_at(row, now)
            if free > now:
                moments.append(free)
            elif (transport.name, pacer.lane(row)) not in self._busy:
                self._begin(transport, row)
        soonest = min(moments, default=now + timedelta(seconds=IDLE_SECONDS))
        return min(max((soonest - now).total_seconds(), 0.01), IDLE_SECONDS)

    def _begin(self, transport: Transport, row: Outbox) -> None:
        self._busy.add((transport.name, self._pacers[transport.name].lane(row)))
        task = asyncio.create_task(self._send(transport, row), name=f"message {row.id}")
        self._sending[transport.name].add(task)
        task.add_done_callback(self._sending[transport.name].discard)

    async def _send(self, transport: Transport, row: Outbox) -> None:
        pacer = self._pacers[transport.name]
        try:
            if claim := await self._claimed(row):
                pacer.went(row, self.clock())
                await self._deliver(transport, claim)
        except DatabaseError as error:
            log.warning(
                "the database is out of reach; message %s is looked at again: %s", row.id, reason(error)
            )
            pacer.hold(row, self.clock() + timedelta(seconds=IDLE_SECONDS))
        finally:
            self._busy.discard((transport.name, pacer.lane(row)))
            self._bell[transport.name].set()

    async def _claimed(self, row: Outbox) -> Claim | None:
        """Claim a row; None if it cannot or need not go out now."""
        now = self.clock()
        was_tried = row.state in {"unsure", "sending"}
        async with self.database.write() as session:
            own = await outbox.copy_in(session, row, row.key) if row.kind in FOLLOWERS else None
            if await outbox.overtaken(session, row):
                return None
            if row.rank > 1 and own and own.edited_at and own.edited_at + EDIT_GAP > now:
                await outbox.postpone(session, row, own.edited_at + EDIT_GAP)
                return None
            taken = await outbox.take(session, row, now)
            if taken is None:
                return None
            if refusal := self._refusal(taken, own):
                log.error("%s: message %s was not sent: %s", row.transport, row.id, refusal)
                await outbox.fail(session, taken, refusal)
                return None
            parent = await outbox.copy_in(session, taken, taken.under) if taken.under else None
        return Claim(row=taken, was_tried=was_tried, parent=parent, target=own.message if own else "")

    def _refusal(self, row: Outbox, own: Spot | None) -> str:
        """Why a row must not or cannot go to its channel; empty if it may. Holds the drill fence."""
        room = self.team.room_at(row.transport, row.channel)
        if room is not None and room.is_drill != (row.drill_id is not None):
            return "drill traffic goes to drills rooms only, and nothing else goes there"
        return "the message it belongs to was never sent" if row.kind in FOLLOWERS and own is None else ""

    async def _deliver(self, transport: Transport, claim: Claim) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT):
                came = await self._hand_over(transport, claim)
        except TransportError as error:
            await self._failed(transport, claim, error)
        except TimeoutError:
            slow = TransportError(f"no answer within {SEND_LIMIT:.0f} s", unsure=True)
            await self._failed(transport, claim, slow)
        except BREAKS:
            reference = secrets.token_hex(4)
            log.exception("message %s to %s broke, reference %s", claim.row.id, claim.row.channel, reference)
            is_stuck = claim.row.attempts >= TRIES and claim.row.error.startswith(BROKE)
            broken = TransportError(f"{BROKE}, reference {reference}", permanent=is_stuck, unsure=True)
            await self._failed(transport, claim, broken)
        else:
            await self._write_down(claim.row.id, lambda session: self._note(session, claim.row, came))

    async def _hand_over(self, transport: Transport, claim: Claim) -> str | Opened | Kept | None:
        row = claim.row
        if row.kind == "fetch":
            return await errands.fetch(transport, row, self.shelf, self.clock())
        letter = self._letter(claim)
        if row.kind in outbox.ERRANDS:
            return await errands.run(transport, row.kind, letter, claim.target)
        if row.kind == "edit":
            await transport.edit(letter, claim.target)
            return claim.target
        if row.kind == "whisper":
            # A whisper leaves no trace to look for; said twice it would only confuse.
            return "" if letter.repeat and transport.looks_back else await transport.whisper(letter)
        if letter.repeat and transport.looks_back and (found := await transport.find(letter)):
            return found
        return await (transport.show(letter) if row.kind == "picture" else transport.post(letter))

    def _letter(self, claim: Claim) -> Letter:
        row, parent = claim.row, claim.parent
        card = card_from(row.card)
        known = {name: self.team.person(name) for name in card.notify}
        names = {name: person.ids.get(row.transport, "") for name, person in known.items() if person}
        return Letter(
            outbox_id=str(row.id),
            channel=row.channel,
            thread=parent.message if parent else row.thread,
            broadcast=row.broadcast and parent is not None,
            card=card,
            to=row.to,
            names={name: user for name, user in names.items() if user} if row.kind != "edit" else {},
            repeat=claim.was_tried and row.kind != "edit",
            prompt=row.prompt,
            secret=row.secret,
        )

    async def _write_down(self, number: int | None, work: Callable[[Session], Awaitable[None]]) -> None:
        """Store what became of a message. It is out, so a database that is away for a moment is waited for."""
        for _ in range(int(outbox.LEASE.total_seconds() / IDLE_SECONDS) // 2):
            try:
                async with self.database.write() as session:
                    await work(session)
            except DatabaseError as error:
                log.warning("what became of message %s cannot be stored yet: %s", number, reason(error))
                await asyncio.sleep(IDLE_SECONDS)
            else:
                return
        async with self.database.write() as session:
            await work(session)

    async def _note(self, session: Session, row: Outbox, came: str | Opened | Kept | None) -> None:
        now = self.clock()
        message = came if isinstance(came, str) else ""
        await outbox.sent(session, row, message, now)
        if row.kind in outbox.ERRANDS:
            await errands.done(session, row, None if isinstance(came, str) else came, now)
            return
        if row.kind == "edit":
            await spots.edited(session, row.transport, row.channel, message, now)
        elif message:
            await spots.add(
                session,
                row.transport,
                row.channel,
                message,
                # An edit of the card must not go to its picture.
                key="" if row.kind == "picture" else row.key,
                incident_id=row.incident_id,
                drill_id=row.drill_id,
            )

    async def _failed(self, transport: Transport, claim: Claim, error: TransportError) -> None:
        row, now = claim.row, self.clock()
        if error.moved_to:
            await self._write_down(row.id, lambda session: self._follow(session, row, error.moved_to))
        elif error.permanent:
            log.error(
                "%s: message %s to %s was refused: %s", transport.name, row.id, row.channel, error.message
            )
            await self._write_down(row.id, lambda session: self._give_up(session, row, error))
        else:
            wait = error.retry_after if error.retry_after is not None else _backoff(row.attempts)
            until = now + timedelta(seconds=wait)
            log.warning(
                "%s: message %s to %s waits %.1f s: %s",
                transport.name,
                row.id,
                row.channel,
                wait,
                error.message,
            )
            if error.retry_after is not None:
                self._pacers[transport.name].hold(row, until)
            is_unsure = error.unsure or claim.was_tried
            await self._write_down(
                row.id, lambda session: outbox.again(session, row, until, error.message, unsure=is_unsure)
            )

    async def _follow(self, session: Session, row: Outbox, channel: str) -> None:
        log.error(
            "%s: the chat %s is now %s; put the new id into fenghuo.yaml", row.transport, row.channel, channel
        )
        await outbox.again(session, row, self.clock(), "moved", unsure=False)
        await outbox.move_channel(session, row.transport, row.channel, channel)
        await spots.move_channel(session, row.transport, row.channel, channel)

    async def _give_up(self, session: Session, row: Outbox, error: TransportError) -> None:
        """The row failed for good; whoever asked hears in private what could not be said where they asked."""
        if not await outbox.fail(session, row, error.message):
            return
        await errands.failed(session, row, error, self.clock())
        if row.kind in outbox.ERRANDS or not row.to or row.channel == row.to:
            return
        refused = Card(
            title="无法发到该频道 · The answer could not be posted there", text=error.message, tone=Tone.WARN
        )
        is_answer = row.kind == "whisper" and not row.prompt
        now = self.clock()
        await outbox.put(
            session,
            Outbox(
                kind="post",
                transport=row.transport,
                channel=row.to,
                to=row.to,
                card=row.card if is_answer else as_json(refused),
                secret=row.secret,
                incident_id=row.incident_id,
                drill_id=row.drill_id,
                created_at=now,
                not_before=now,
            ),
        )


def _backoff(attempt: int) -> float:
    """Seconds to wait after the nth failure: doubling, with some chance in it so that retries spread."""
    return min(SLOWEST_RETRY, 2.0 ** min(attempt, 6)) * random.uniform(0.5, 1.0)  # noqa: S311
