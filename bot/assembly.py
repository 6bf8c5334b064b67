"""Parts that are made of many settings."""

from __future__ import annotations

from collections.abc import Callable

from bot.backtest import Trial
from bot.clock import Clock
from bot.config import Config
from bot.feedback import Feedback, compare_elsewhere
from bot.monitor.coverage import Watched
from bot.monitor.rounds import Rounds
from bot.monitor.watch import Ingesting
from bot.ports import ports
from bot.schedule import Occasions, Recurring
from handlers.kit.ports import Ports
from playbooks.library import Library
from storage.database import Database


def ports_of(config: Config, ingest: Callable[[], Ingesting]) -> Ports:
    """What handlers may ask of the bot. `ingest`: where texts are read."""
    return ports(ingest, {source.name: source.kind for source in config.file.sources})


def rounds_of(config: Config, database: Database, clock: Clock, ring: Callable[[], None]) -> Rounds:
    """What the monitor does besides reading."""
    return Rounds(
        database=database,
        clock=clock,
        ring=ring,
        watched=watched(config),
        patience=config.file.coverage,
        zone=config.team.zone,
    )


def feedback_of(
    config: Config, database: Database, clock: Clock, ring: Callable[[], None], library: Library
) -> Feedback:
    """What thinks about labels."""
    monitor = config.file.monitor
    return Feedback(
        database=database,
        clock=clock,
        ring=ring,
        present=Trial(min_mentions=monitor.min_mentions, window=monitor.merge_window),
        compare=compare_elsewhere,
        library=library,
    )


def watched(config: Config) -> list[Watched]:
    """The sources that ought to yield something again and again."""
    return [
        Watched(name=source.name, is_pushed=source.build(config.site) is None)
        for source in config.file.sources
        if source.kind != "sample"
    ]


def occasions_of(config: Config, database: Database, clock: Clock, ring: Callable[[], None]) -> Occasions:
    """What comes round: the digests, unless they are turned off."""
    digests = config.file.digests
    rules = {"day": digests.daily, "week": digests.weekly}
    recurring = {
        f"digest:{length}": Recurring(rule=rule, kind="digest", data={"length": length, "to": digests.to})
        for length, rule in rules.items()
        if rule
    }
    return Occasions(database, clock, config.team.zone, recurring, ring)
