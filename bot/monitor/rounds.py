"""What the monitor does besides reading: tell what was held back, miss sources that are silent, ask about levels that may fall."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.monitor.coverage import Heartbeats, Watched
from bot.monitor.easing import Eases
from bot.monitor.quiet import Hush, QuietEnds
from playbooks.library import Library
from playbooks.quiet import Coverage, Quiet
from storage.database import Database


class Rounds:
    """Goes its rounds. See `QuietEnds`, `Heartbeats` and `Eases`."""

    def __init__(
        self,
        *,
        database: Database,
        library: Library,
        clock: Clock,
        ring: Callable[[], None],
        watched: Iterable[Watched],
        patience: Coverage,
        quiet: Quiet,
        window: timedelta,
        zone: ZoneInfo,
    ) -> None:
        hush = Hush(quiet)
        self.quiet_ends = QuietEnds(database, clock, ring)
        self.heartbeats = Heartbeats(
            database=database,
            clock=clock,
            ring=ring,
            watched=watched,
            patience=patience,
            zone=zone,
            hush=hush,
        )
        self.eases = Eases(
            database=database, library=library, window=window, clock=clock, ring=ring, hush=hush
        )

    async def sweep(self) -> int:
        """Look what has come due; how much news that is."""
        return await self.quiet_ends.sweep() + await self.heartbeats.sweep() + await self.eases.sweep()
