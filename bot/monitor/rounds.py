"""What the monitor does besides reading: it tells what was held back, and misses sources that have fallen silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.monitor.coverage import Heartbeats, Watched
from bot.monitor.quiet import QuietEnds
from playbooks.quiet import Coverage
from storage.database import Database


class Rounds:
    """Goes its rounds. See `QuietEnds` and `Heartbeats`."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        ring: Callable[[], None],
        watched: Iterable[Watched],
        patience: Coverage,
        zone: ZoneInfo,
    ) -> None:
        self.quiet_ends = QuietEnds(database, clock, ring)
        self.heartbeats = Heartbeats(
            database=database, clock=clock, ring=ring, watched=watched, patience=patience, zone=zone
        )

    async def sweep(self) -> int:
        """Look what has come due; how much news that is."""
        return await self.quiet_ends.sweep() + await self.heartbeats.sweep()
