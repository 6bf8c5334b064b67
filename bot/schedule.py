"""APScheduler as the clock: it only sweeps for what is due; what is due stands in the database."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.clock import Clock
from storage import deadlines, notices, occasions
from storage.database import Database
from storage.models import Occasion

log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=1)


# It warns each time that a job is still at work when its time comes; a long ingest is no news.
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


def scheduler(jobs: dict[str, tuple[timedelta, Callable[[], Awaitable[object]]]]) -> AsyncIOScheduler:
    """A scheduler that runs each job at once and again and again, never twice at a time, and catches up after a pause."""
    made = AsyncIOScheduler(timezone="UTC")
    for name, (every, run) in jobs.items():
        made.add_job(
            run,
            "interval",
            seconds=every.total_seconds(),
            id=name,
            # The scheduler's own clock, which ticks in real time whatever clock the jobs are handed.
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Something that comes round.

    Args:
        rule: `09:00`, or days before it: `mon,thu 09:00`.
        kind: of the notice that it leaves; `data`: what it says besides `end`, the moment that it is about.
    """

    rule: str
    kind: str
    data: Mapping[str, str]


class Occasions:
    """Leaves a notice each time that something comes round: once, however many processes look.

    What was missed while the bot was off is made up for once, for the latest time.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        recurring: Mapping[str, Recurring],
        ring: Callable[[], None],
    ) -> None:
        self.database = database
        self.clock = clock
        self.zone = zone
        self.recurring = recurring
        self._ring = ring
        self._next: dict[str, datetime] = {}
        """When each has to be looked at again."""

    async def sweep(self) -> int:
        """Fire what has come round; how much did."""
        now, fired = self.clock(), 0
        for name, each in self.recurring.items():
            if self._next.get(name, now) > now:
                continue
            async with self.database.read() as session:
                known = await occasions.get(session, name)
            if known is None or known.rule != each.rule or known.due_at <= now:
                fired += await self._settle(name, each, known, now)
            self._next[name] = next_after(each.rule, self.zone, now)
        if fired:
            self._ring()
        return fired

    async def _settle(self, name: str, each: Recurring, known: Occasion | None, now: datetime) -> bool:
        following = next_after(each.rule, self.zone, now)
        async with self.database.write() as session:
            if known is None:
                await occasions.begin(session, name, each.rule, following)
                return False
            if not await occasions.move(session, known, each.rule, following) or known.rule != each.rule:
                return False
            end = known.due_at
            while (later := next_after(each.rule, self.zone, end)) <= now:
                end = later
            await notices.put(session, each.kind, now, data={**each.data, "end": end.isoformat()})
        return True


def next_after(rule: str, zone: ZoneInfo, moment: datetime) -> datetime:
    """When a rule comes round next after a moment."""
    days, _, time = rule.rpartition(" ")
    hour, _, minute = time.partition(":")
    trigger = CronTrigger(day_of_week=days.strip() or "*", hour=int(hour), minute=int(minute), timezone=zone)
    following: datetime = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))
    return following.astimezone(UTC)


class Sweeper:
    """Turns deadlines that came due into notices, each once, however many processes sweep."""

    def __init__(self, database: Database, clock: Clock, ring: Callable[[], None]) -> None:
        self.database = database
        self.clock = clock
        self._ring = ring

    async def sweep(self) -> int:
        """Fire what is due; how many did."""
        now = self.clock()
        async with self.database.read() as session:
            due = await deadlines.due(session, now)
        fired = 0
        for each in due:
            async with self.database.write() as session:
                if await deadlines.fire(session, each, now):
                    fired += 1
                    await notices.put(
                        session,
                        "deadline",
                        now,
                        incident_id=each.incident_id,
                        drill_id=each.drill_id,
                        data={"deadline": each.id, "rung": each.rung + 1},
                    )
        if fired:
            self._ring()
        return fired
