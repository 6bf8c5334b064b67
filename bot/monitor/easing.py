"""Going down is proposed, never done: an incident whose numbers have fallen for a while is put to people once.

A level goes up by itself, since waiting costs. It goes down by people only: fewer comments may mean that it is night, that a
post was hidden or that a collector is blind. See `Easing` in `playbooks.levels` for when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.monitor.grade import Grader, Standing
from bot.monitor.quiet import Hush
from playbooks.levels import Level, Levels
from playbooks.library import Library
from storage import drills, gauges, held, incidents, notices
from storage.database import Database, Session
from storage.models import Gauge, Incident

LOOK_EVERY = timedelta(minutes=1)
OFTEN = 4
"""How often it is looked within the time for which the numbers must have been low, if that is short."""


@dataclass(frozen=True, slots=True)
class Fall:
    """An incident, how it stands, and what was known of that before."""

    incident: Incident
    standing: Standing
    gauge: Gauge
    lower: Level
    is_low: bool
    is_firm: bool
    may_ask: bool


class Eases:
    """Looks whose numbers have fallen, and asks about each once.

    Everything is kept in rows, and each step is one conditional UPDATE: a restart loses nothing, and two processes ask once.
    """

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        window: timedelta,
        clock: Clock,
        ring: Callable[[], None],
        hush: Hush,
    ) -> None:
        self.database = database
        self.library = library
        self.clock = clock
        self._grader = Grader(library, window)
        self._ring = ring
        self._hush = hush
        self._looked_at: datetime | None = None

    async def sweep(self) -> int:
        """Look at every incident that is worked on; how much news that is."""
        now, levels = self.clock(), self.library.levels
        if self._looked_at and now - self._looked_at < min(LOOK_EVERY, levels.easing.after / OFTEN):
            return 0
        self._looked_at = now
        async with self.database.read() as session:
            found = [
                await self._look(session, incident, gauge, levels, now)
                for incident, gauge in await gauges.watched(session)
            ]
        told = 0
        for each in found:
            if each is not None and self._is_news(each, now):
                async with self.database.write() as session:
                    told += await self._turn(session, each, now)
        if told:
            self._ring()
        return told

    async def _look(
        self, session: Session, incident: Incident, gauge: Gauge | None, levels: Levels, now: datetime
    ) -> Fall | None:
        topics = await incidents.topics(session, incident.id or 0)
        if not topics:
            # Nothing is counted that could fall.
            return None
        standing = await self._grader.grade(session, incident, topics, now)
        level, lower = Level(incident.level), levels.eased(standing.grade.total)
        # What nobody can see is not calm.
        is_low = lower.rank < level.rank and not await gauges.is_blind(session, incident.id or 0)
        return Fall(
            incident=incident,
            standing=standing,
            gauge=gauge or Gauge(incident_id=incident.id or 0),
            lower=lower,
            is_low=is_low,
            is_firm=standing.grade.level.rank >= level.rank,
            may_ask=is_low and await self._may_ask(session, incident, now),
        )

    async def _may_ask(self, session: Session, incident: Incident, now: datetime) -> bool:
        """Whether people want to hear of it now."""
        number = incident.id or 0
        by_hand = await gauges.set_by_hand(session, number)
        if by_hand is not None and now - by_hand < self.library.levels.easing.hands_off:
            return False
        if incident.drill_id is not None:
            drill = await drills.running(session)
            return drill is not None and drill.id == incident.drill_id
        if await held.is_hidden(session, number):
            return False
        # It is as quiet as the lowest level may be, and the cap is for alarms.
        return await self._hush.cause(session, incident, Level.BLUE, now, capped=False) is None

    def _is_news(self, fall: Fall, now: datetime) -> bool:
        gauge = fall.gauge
        if gauge.asked_at is not None:
            return fall.is_firm
        if gauge.since is None:
            return fall.is_low
        return not fall.is_low or self._is_due(fall, now)

    def _is_due(self, fall: Fall, now: datetime) -> bool:
        since = fall.gauge.since
        return fall.may_ask and since is not None and now - since >= self.library.levels.easing.after

    async def _turn(self, session: Session, fall: Fall, now: datetime) -> int:
        """Go from one state to the next: steady, low since a moment, asked; and back."""
        number = fall.incident.id or 0
        if fall.gauge.asked_at is not None or not fall.is_low:
            was_open = await gauges.recover(session, number)
            if was_open:
                await self._notice(session, fall, "incident.firm", fall.gauge.asked, now)
            return int(was_open)
        if fall.gauge.since is None:
            await gauges.fall(session, number, now)
            return 0
        asked = await gauges.ask(session, number, fall.lower.value, fall.standing.summed, now)
        if asked is None:
            return 0
        await self._notice(session, fall, "incident.eased", asked, now)
        return 1

    async def _notice(self, session: Session, fall: Fall, kind: str, asked: int, now: datetime) -> None:
        incident = fall.incident
        data = {"asked": asked, "level": incident.level, "total": fall.standing.grade.total}
        await notices.put(session, kind, now, incident_id=incident.id, drill_id=incident.drill_id, data=data)
