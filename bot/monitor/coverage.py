"""Every source has a heartbeat: one that fails, or is silent for longer than is its habit, is news.

Silence looks like calm and is mostly a broken collector. A habit is learned from the gaps between what a source yielded: the
longest gap that began at about this time of day, on nearly every day. So a source that sleeps at night is not missed at night.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.monitor.quiet import AILS, Hush, Matter
from playbooks.levels import Level
from playbooks.quiet import Coverage
from storage import incidents, mutes, notices, sources
from storage.database import Database, Session
from storage.models import LIVING, SourceState

WELL = "source.well"
GRAVE = (Level.RED, Level.ORANGE)
"""While an incident of these levels is worked on, a blind source is news at any hour."""
MOST_INCIDENTS = 500
"""Incidents that are looked at, the newest."""
LEARN_FROM = timedelta(days=14)
LEAST_DAYS = 3
"""Days on which a source yielded something at this time of day, before its habit there is trusted."""
NEARLY_EVERY = 0.9
"""Share of the days that a habit covers: one day on which the bot itself was down must not count."""
MARGIN = 1.5
"""How much longer than usual a silence must be."""
LEARN_EVERY = timedelta(minutes=10)
LOOK_EVERY = timedelta(seconds=20)


def habit(beats: Sequence[datetime], begun: datetime, zone: ZoneInfo) -> timedelta | None:
    """How long a silence that begins at this moment may usually last; None if that is not known yet.

    Args:
        beats: when the source yielded something new, oldest first; UTC.
        begun: the last time that it did.
        zone: whose days and hours count.
    """
    longest: dict[date, timedelta] = defaultdict(timedelta)
    hour = begun.astimezone(zone).hour
    for start, end in pairwise(beats):
        local = start.astimezone(zone)
        # The hour before and the one after count too: 23 and 0 are neighbours.
        if (local.hour - hour + 1) % 24 <= 2:
            longest[local.date()] = max(longest[local.date()], end - start)
    if len(longest) < LEAST_DAYS:
        return None
    gaps = sorted(longest.values())
    return MARGIN * gaps[math.ceil(NEARLY_EVERY * len(gaps)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source whose heartbeat is listened for. `is_pushed`: nobody reads it, its rows are brought."""

    name: str
    is_pushed: bool = False


class Heartbeats:
    """Listens to all sources.

    Args:
        watched: those that ought to yield something.
        patience: how long a silence is borne (see `fenghuo.yaml`).
        hush: holds back in quiet hours what can wait.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        ring: Callable[[], None],
        watched: Iterable[Watched],
        patience: Coverage,
        zone: ZoneInfo,
        hush: Hush,
    ) -> None:
        self.database = database
        self.clock = clock
        self.patience = patience
        self.zone = zone
        self._hush = hush
        self._ring = ring
        self._watched = {each.name: each for each in watched}
        self._begun_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._learned: dict[str, tuple[datetime, int]] = {}

    async def sweep(self) -> int:
        """Look which sources have fallen silent, fail, or are back; how many that is news of."""
        now = self.clock()
        if self._looked_at and now - self._looked_at < LOOK_EVERY:
            return 0
        self._looked_at = now
        states = await self._states(now)
        changes = {
            name: ailment
            for name, ailment in self._ailments(states, now).items()
            if ailment != states[name].ailment
        }
        told = 0
        for name, ailment in changes.items():
            async with self.database.write() as session:
                told += await self._turn(session, states[name], ailment, now)
        if told:
            self._ring()
        return told

    async def _states(self, now: datetime) -> Mapping[str, SourceState]:
        if self._begun_at is None:
            self._begun_at = now
            async with self.database.write() as session:
                await sources.watch(session, self._watched, now)
                await sources.forget_beats(session, now - 2 * LEARN_FROM)
        async with self.database.read() as session:
            states = {state.name: state for state in await sources.states(session)}
        for name in self._watched:
            await self._learn(states[name], now)
        return states

    async def _learn(self, state: SourceState, now: datetime) -> None:
        """Bring a source's habit up to date: now and then, and when it has yielded something at another hour."""
        if state.new_at is None:
            return
        learned_at, hour = self._learned.get(state.name, (None, -1))
        if learned_at and now - learned_at < LEARN_EVERY and hour == state.new_at.hour:
            return
        async with self.database.read() as session:
            beats = await sources.beats(session, state.name, now - LEARN_FROM)
        known = habit(beats, state.new_at, self.zone)
        seconds = None if known is None else round(known.total_seconds())
        self._learned[state.name] = now, state.new_at.hour
        if seconds != state.habit:
            state.habit = seconds
            async with self.database.write() as session:
                await sources.learn(session, state.name, seconds)

    def _ailments(self, states: Mapping[str, SourceState], now: datetime) -> dict[str, str]:
        return {name: self._ailment(states[name], each, now) for name, each in self._watched.items()}

    def _ailment(self, state: SourceState, watched: Watched, now: datetime) -> str:
        """What ails a source: it fails, it never yielded anything, or it is silent beyond its habit."""
        if state.failed_at is not None:
            return "failing" if now - state.failed_at >= self.patience.failing else state.ailment
        # A silence is only known up to the last time that somebody listened.
        heard_at = now if watched.is_pushed else state.read_at
        if heard_at is None:
            return state.ailment
        since = state.new_at or state.since or now
        if watched.is_pushed and self._begun_at and not state.ailment:
            since = max(since, self._begun_at)
        if heard_at - since < self._bearable(state):
            return ""
        return "silent" if state.new_at else "never"

    def _bearable(self, state: SourceState) -> timedelta:
        if state.new_at is None or state.habit is None:
            return self.patience.first
        return max(self.patience.silence, timedelta(seconds=state.habit))

    async def _turn(self, session: Session, state: SourceState, ailment: str, now: datetime) -> int:
        """Leave a notice of a change, unless somebody muted the source or another process was first."""
        was = state.ailment
        if any(
            mute.kind == "source" and mute.value == state.name for mute in await mutes.on(session, now)
        ) or not await sources.turn(session, state.name, was, ailment):
            return 0
        data = {
            "source": state.name,
            "what": state.name,
            "was": was,
            "ailment": ailment,
            "episode": state.episode + (not was),
        }
        if not ailment:
            await notices.put(session, WELL, now, data=data)
        elif await self._can_wait(session, data, now):
            return 0
        else:
            await notices.put(session, AILS, now, data=data)
        return 1

    async def _can_wait(self, session: Session, data: Mapping[str, object], now: datetime) -> bool:
        """Hold it back like an alert of the lowest level, unless something grave is going on."""
        going_on = await incidents.find(session, states=LIVING, limit=MOST_INCIDENTS)
        if any(each.level in GRAVE for each in going_on):
            return False
        matter = Matter(number=0, level=Level.BLUE, type="")
        return await self._hush.is_held(session, AILS, now, data, about=matter)
