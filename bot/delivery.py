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
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.speech import EDIT_GAP, as_json, card_from
from bot.transports.base import Letter, Transport, TransportError
from handlers.kit.cards import Card, Tone
from handlers.kit.team import Team
from storage import outbox, spots
from storage.database import Database, DatabaseError, Session
from storage.models import Outbox, Spot

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
SLOWEST_RETRY = 60.0
"""Seconds between two tries, at most."""
WHISPER_GAP = 0.6
"""Seconds between whispers in one channel: Slack's chat.postEphemeral takes about 100 a minute."""

Lane = tuple[str, str]
"""A channel, and what is sent there: whispers do not wait behind posts."""


class Delivery:
    """Sends what is in the outbox, one message at a time per channel, several channels side by side."""

    def __init__(
        self, *, database: Database, team: Team, clock: Clock, transports: Mapping[str, Transport]
    ) -> None:
        self.database = database
        self.team = team
        self.clock = clock
        self.transports = transports
        self._bell = {name: asyncio.Event() for name in transports}
        self._free_at: dict[tuple[str, Lane], datetime] = {}
        self._minute: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._busy: set[tuple[str, Lane]] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        """Look for messages now."""
        for bell in self._bell.values():
            bell.set()

    async def run(self, name: str) -> None:
        """Deliver for one transport until cancelled."""
        transport = self.transports[name]
        if self.database.is_sqlite:
            # Only one process uses a SQLite database, so whatever was being sent was cut off.
            async with self.database.write() as session:
                await outbox.free_leases(session, name, self.clock())
        try:
            while True:
                self._bell[name].clear()
                try:
                    await self._round(transport)
                except DatabaseError:
                    log.exception("the database is out of reach; messages wait")
                    await asyncio.sleep(IDLE_SECONDS)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._bell[name].wait(), await self._pause(name))
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def _pause(self, name: str) -> float:
        """Seconds until something may go out: a lane that frees up, or a row that comes due."""
        now = self.clock()
        moments = [moment for (transport, _), moment in self._free_at.items() if transport == name and moment > now]
        async with self.database.read() as session:
            if (due := await outbox.next_due(session, name)) and due > now:
                moments.append(due)
        soonest = min(moments, default=now + timedelta(seconds=IDLE_SECONDS))
        return min(max((soonest - now).total_seconds(), 0.01), IDLE_SECONDS)

    async def _round(self, transport: Transport) -> None:
        """Begin to send the first message of every lane that is free."""
        now = self.clock()
        async with self.database.read() as session:
            rows = await outbox.due(session, transport.name, now)
        for row in rows:
            lane = (transport.name, _lane(row))
            if lane in self._busy or self._free_at.get(lane, now) > now or self._is_full(transport, row, now):
                continue
            self._busy.add(lane)
            task = asyncio.create_task(self._send(transport, row, lane))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _is_full(self, transport: Transport, row: Outbox, now: datetime) -> bool:
        """Tell whether the channel has had its messages for this minute."""
        sent = self._minute[transport.name, row.channel]
        while sent and sent[0] <= now - timedelta(minutes=1):
            sent.popleft()
        is_full = bool(transport.pace.per_minute) and len(sent) >= transport.pace.per_minute
        if is_full:
            self._free_at[transport.name, _lane(row)] = sent[0] + timedelta(minutes=1)
        return is_full

    async def _send(self, transport: Transport, row: Outbox, lane: tuple[str, Lane]) -> None:
        try:
            if claimed := await self._claimed(row):
                letter, target = claimed
                gap = WHISPER_GAP if lane[1][1] == "whisper" else transport.pace.gap
                self._free_at[lane] = self.clock() + timedelta(seconds=gap)
                self._minute[transport.name, row.channel].append(self.clock())
                await self._deliver(transport, row, letter, target, lane)
        except DatabaseError:
            log.exception("the database is out of reach; message %s is looked at again", row.id)
        finally:
            self._busy.discard(lane)
            self._bell[transport.name].set()

    async def _claimed(self, row: Outbox) -> tuple[Letter, str] | None:
        """Claim a row; None if it cannot or need not go out now. The text is the message that an edit replaces."""
        now = self.clock()
        async with self.database.write() as session:
            if not await outbox.take(session, row, now):
                return None
            if refusal := self._fence(row):
                log.error("message %s was not sent: %s", row.id, refusal)
                await outbox.fail(session, row, refusal)
                return None
            parent = await outbox.copy_in(session, row, row.under) if row.under else None
            own = await outbox.copy_in(session, row, row.key) if row.kind == "edit" else None
            waits_for = row.under or (row.key if row.kind == "edit" else "")
            if waits_for and parent is None and own is None:
                if await outbox.parent_pending(session, row, waits_for):
                    await outbox.again(session, row, now + timedelta(seconds=1), "", unsure=False)
                    return None
                if row.kind == "edit":
                    await outbox.fail(session, row, "the message it would replace was never sent")
                    return None
            if own is not None and row.rank > 1 and own.edited_at:
                allowed = own.edited_at + EDIT_GAP
                if allowed > now:
                    await outbox.again(session, row, allowed, "", unsure=False)
                    return None
        return self._letter(row, parent), own.message if own else ""

    def _fence(self, row: Outbox) -> str:
        """The drill fence: why a row must not go to its channel; empty if it may."""
        room = self.team.room_at(row.transport, row.channel)
        if room is None or room.is_drill == (row.drill_id is not None):
            return ""
        return "drill traffic goes to drills rooms only, and nothing else goes there"

    def _letter(self, row: Outbox, parent: Spot | None) -> Letter:
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
            repeat=row.state in {"unsure", "sending"} and row.kind != "edit",
            prompt=row.prompt,
        )

    async def _deliver(
        self, transport: Transport, row: Outbox, letter: Letter, target: str, lane: tuple[str, Lane]
    ) -> None:
        try:
            message = await self._hand_over(transport, row, letter, target)
        except TransportError as error:
            await self._failed(transport, row, error, lane)
            return
        async with self.database.write() as session:
            await self._note(session, row, message)

    async def _hand_over(self, transport: Transport, row: Outbox, letter: Letter, target: str) -> str:
        if row.kind == "edit":
            await transport.edit(letter, target)
            return target
        if row.kind == "whisper":
            # A whisper leaves no trace to look for; said twice it would only confuse.
            return "" if letter.repeat and transport.looks_back else await transport.whisper(letter)
        if letter.repeat and transport.looks_back and (found := await transport.find(letter)):
            return found
        return await transport.post(letter)

    async def _note(self, session: Session, row: Outbox, message: str) -> None:
        now = self.clock()
        await outbox.sent(session, row, message, now)
        if row.kind == "edit":
            await spots.edited(session, row.transport, row.channel, message, now)
        elif message:
            await spots.add(
                session,
                row.transport,
                row.channel,
                message,
                key=row.key,
                incident_id=row.incident_id,
                drill_id=row.drill_id,
            )

    async def _failed(self, transport: Transport, row: Outbox, error: TransportError, lane: tuple[str, Lane]) -> None:
        now = self.clock()
        async with self.database.write() as session:
            if error.moved_to:
                await self._follow(session, row, error.moved_to)
            elif error.permanent:
                log.error("%s: message %s to %s was refused: %s", transport.name, row.id, row.channel, error.message)
                await outbox.fail(session, row, error.message)
                await self._tell_asker(session, row, error)
            else:
                wait = error.retry_after if error.retry_after is not None else _backoff(row.attempts + 1)
                log.warning(
                    "%s: message %s to %s waits %.1f s: %s", transport.name, row.id, row.channel, wait, error.message
                )
                if error.retry_after is not None:
                    self._free_at[lane] = now + timedelta(seconds=wait)
                is_unsure = error.unsure or row.state in {"unsure", "sending"}
                await outbox.again(session, row, now + timedelta(seconds=wait), error.message, unsure=is_unsure)

    async def _follow(self, session: Session, row: Outbox, channel: str) -> None:
        log.error(
            "%s: the chat %s is now %s; put the new id into fenghuo.yaml", row.transport, row.channel, channel
        )
        await outbox.again(session, row, self.clock(), "moved", unsure=False)
        await outbox.move_channel(session, row.transport, row.channel, channel)
        await spots.move_channel(session, row.transport, row.channel, channel)

    async def _tell_asker(self, session: Session, row: Outbox, error: TransportError) -> None:
        """Whoever asked hears in private that the answer could not be posted."""
        if row.kind != "post" or not row.to or row.channel == row.to:
            return
        card = Card(title="无法发到该频道 · The answer could not be posted there", text=error.message, tone=Tone.WARN)
        now = self.clock()
        await outbox.put(
            session,
            Outbox(
                kind="post",
                transport=row.transport,
                channel=row.to,
                to=row.to,
                card=as_json(card),
                created_at=now,
                not_before=now,
            ),
        )


def _lane(row: Outbox) -> Lane:
    return (row.channel, "whisper" if row.kind == "whisper" else "post")


def _backoff(attempt: int) -> float:
    """Seconds to wait after the nth failure: doubling, with some chance in it so that retries spread."""
    return min(SLOWEST_RETRY, 2.0 ** min(attempt, 6)) * random.uniform(0.5, 1.0)  # noqa: S311
