"""APScheduler as the clock: it only sweeps for what is due; what is due stands in the database."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from storage import deadlines, notices
from storage.database import Database

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
                if await deadlines.fire(session, each.id or 0, now):
                    fired += 1
                    await notices.put(
                        session,
                        "deadline",
                        now,
                        incident_id=each.incident_id,
                        drill_id=each.drill_id,
                        data={"kind": each.kind, "due": each.due_at.isoformat()},
                    )
        if fired:
            self._ring()
        return fired
