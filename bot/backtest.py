"""Replay what was said with other settings, and compare the alarms.

The real rules run twice over the stored mentions, in databases that are thrown away: once as things are set, once as is
proposed. What people said of alarms (false, real, missed) tells which of the differences are good ones.

Two things are not as they were. Counters stand as they were last seen, not as they were at each moment; and an incident of the
replay ends when the one did that held the same comments, or after a day where there was none.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bot.monitor import sketch
from bot.monitor.ingest import Ingest
from bot.monitor.prepare import STALE, Lot, Prepared, Preparer
from bot.monitor.reading import Reading
from bot.sentiment import Reason, Score
from playbooks.library import Library
from storage import held, incidents, labels, mentions, mutes
from storage.database import Database, Session
from storage.models import LIVING, Incident, Mention, Mute, State

PORTION = 2000
PASS = timedelta(seconds=5)
"""Mentions that arrived within this time of each other are taken in together, as one look at the sources did."""
LINGER = timedelta(days=1)
"""When an incident of the replay ends that nobody ever had; and how far from it a comment tells what an alarm was about.

What grows for weeks holds something of everything, and an alarm that comes days later is not the same one.
"""
WORD_SAYS = 0.75
"""How negative a comment counts that holds a proposed word."""
PROPOSED = "proposed"
"""The type of crisis that a proposed word is a signal of, where a comment holds no signal of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Settings to replay with.

    Args:
        words: a comment that holds one counts as a complaint.
        mutes: what is muted all the time.
    """

    min_mentions: int
    window: timedelta
    words: tuple[str, ...] = ()
    mutes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alarm of a replay, and the keys of the mentions that it was about."""

    at: datetime
    level: str
    type: str
    title: str
    keys: frozenset[str]

    def meets(self, keys: Iterable[str]) -> bool:
        """Tell whether it holds any of these mentions."""
        return not self.keys.isdisjoint(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What people said: for each alarm or report, the keys of its mentions."""

    false: Sequence[frozenset[str]] = ()
    real: Sequence[frozenset[str]] = ()
    missed: Sequence[frozenset[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Two replays side by side."""

    days: float
    mentions: int
    present: Trial
    proposed: Trial
    before: Sequence[Raised]
    after: Sequence[Raised]
    known: Known = field(default_factory=Known)

    @property
    def lost(self) -> list[Raised]:
        """Alarms of the present settings of which the proposed ones raise nothing."""
        return _without(self.before, self.after)

    @property
    def gained(self) -> list[Raised]:
        """Alarms that only the proposed settings raise."""
        return _without(self.after, self.before)

    def summary(self) -> dict[str, Any]:
        """The figures, JSON-able. What no present alarm met, like what nobody labelled, tells nothing about a change."""
        real = _met(self.known.real, self.before)
        false = _met(self.known.false, self.before)
        later = [delay for keys in real if (delay := self._later(keys)) is not None]
        return {
            "days": round(self.days, 1),
            "mentions": self.mentions,
            "now": self.present.min_mentions,
            "before": len(self.before),
            "after": len(self.after),
            "lost": len(self.lost),
            "gained": len(self.gained),
            "real": len(real),
            "kept": len(_met(real, self.after)),
            "false": len(false),
            "false_kept": len(_met(false, self.after)),
            "false_before": self._daily(self.before),
            "false_after": self._daily(self.after),
            "missed": len(self.known.missed),
            "missed_found": len(_met(self.known.missed, self.after)),
            "later_minutes": round(median(later) / 60, 1) if later else 0.0,
        }

    def _daily(self, alarms: Sequence[Raised]) -> float:
        count = sum(any(alarm.meets(keys) for keys in self.known.false) for alarm in alarms)
        return round(count / max(self.days, 1.0), 2)

    def _later(self, keys: Iterable[str]) -> float | None:
        first = [
            next((each.at for each in side if each.meets(keys)), None) for side in (self.before, self.after)
        ]
        return (first[1] - first[0]).total_seconds() if first[0] and first[1] else None


def _without(some: Sequence[Raised], others: Sequence[Raised]) -> list[Raised]:
    met = frozenset[str]().union(*(each.keys for each in others))
    return [each for each in some if not each.meets(met)]


def _met(matters: Sequence[frozenset[str]], alarms: Sequence[Raised]) -> list[frozenset[str]]:
    return [keys for keys in matters if any(alarm.meets(keys) for alarm in alarms)]


async def compare(
    database: Database,
    library: Library,
    preparer: Preparer,
    present: Trial,
    proposed: Trial,
    *,
    start: datetime,
    now: datetime,
) -> Report:
    """Replay what arrived from a moment on, twice."""
    async with database.read() as session:
        stored = await _stored(session, start)
        keys = await mentions.keys_by_incident(session, start)
        were = await incidents.every(session)
        known = await _known(session, start, {each.id or 0: _about(each, keys) for each in were})
        ends = {key: each for each in were for key in _about(each, keys)}
        running = tuple(mutes.named(each) for each in await mutes.on(session, now) if each.kind == "term")
    sides = []
    for trial in (present, proposed):
        history = [remembered(each, preparer, trial.words) for each in stored]
        replay = Replay(library, preparer, replace(trial, mutes=(*running, *trial.mutes)), ends)
        sides.append(await replay.run(history))
    days = (now - max(start, stored[0].seen_at)).total_seconds() / 86_400 if stored else 0.0
    return Report(
        days=days,
        mentions=len(stored),
        present=present,
        proposed=proposed,
        before=sides[0],
        after=sides[1],
        known=known,
    )


async def _stored(session: Session, start: datetime) -> list[Mention]:
    found: list[Mention] = []
    while more := await mentions.history(session, start, found[-1].id or 0 if found else 0, PORTION):
        found += more
    return found


async def _known(session: Session, start: datetime, keys: Mapping[int, frozenset[str]]) -> Known:
    said = await labels.since(session, start)
    reported = await mentions.keys_of(session, [each.mention_id for each in said if each.mention_id])
    false = {each.incident_id or 0 for each in said if each.kind == labels.FALSE_ALARM}
    real = [incident.id or 0 for incident in await labels.real(session, start)]
    return Known(
        false=[keys[number] for number in false if keys.get(number)],
        real=[keys[number] for number in real if keys.get(number)],
        missed=[
            frozenset({reported[each.mention_id]}) if each.mention_id in reported else frozenset()
            for each in said
            if each.kind == labels.MISSED
        ],
    )


def _about(incident: Incident, keys: Mapping[int, Mapping[str, datetime]]) -> frozenset[str]:
    """The mentions that an alarm was about: those that came shortly before or after it."""
    found = keys.get(incident.id or 0, {})
    return frozenset(key for key, at in found.items() if abs(at - incident.opened_at) <= LINGER)


def remembered(mention: Mention, preparer: Preparer, words: Iterable[str] = ()) -> Prepared:
    """A stored mention as it was when it arrived. Only complaints are read anew, for their words; their score stays."""
    row = mention.model_dump(exclude={"id", "topic_id"})
    text, title = mention.text, mention.title
    whole = f"{title}\n{text}" if title and title not in text else text
    said = [word for word in words if word in whole]
    if said and mention.label != "negative":
        row |= {"label": "negative", "negative": WORD_SAYS}
    if said and not mention.type:
        row |= {"type": PROPOSED, "hits": said}
    return Prepared(
        row=row,
        reading=_reading(mention, preparer, whole, said),
        fresh=mention.written_at is None or mention.seen_at - mention.written_at <= STALE,
        exact=sketch.normal(text),
    )


def _reading(mention: Mention, preparer: Preparer, text: str, said: list[str]) -> Reading:
    score = Score(mention.negative, mention.label, _reasons(mention), mention.harm)
    if not said and mention.label != "negative":
        return Reading(score=score, types={}, telling=False, words=(), severe=False, evident=False)
    reading = preparer.reader.read(text)
    hits = {mention.type: tuple(mention.hits)} if mention.type else {PROPOSED: tuple(said)} if said else {}
    types = reading.types or hits
    if said and mention.label != "negative":
        score = replace(score, negative=WORD_SAYS, label="negative")
    return replace(
        reading,
        score=score,
        types=types,
        words=tuple(dict.fromkeys((*said, *reading.words))),
        evident=bool(reading.evident or types or said),
    )


def _reasons(mention: Mention) -> tuple[Reason, ...]:
    return tuple(Reason(word, weight, kind) for word, weight, kind in mention.reasons)


class Replay:
    """One run through history, in a database of its own that is thrown away.

    Args:
        ends: the incident that a mention belonged to, by the mention's key.
    """

    def __init__(
        self, library: Library, preparer: Preparer, trial: Trial, ends: Mapping[str, Incident]
    ) -> None:
        self._library = library
        self._preparer = preparer
        self._trial = trial
        self._ends = ends
        self._due: list[tuple[datetime, int, State]] = []

    async def run(self, history: Sequence[Prepared]) -> list[Raised]:
        """The alarms that people would have seen, in order."""
        with TemporaryDirectory(prefix="fenghuo-backtest-") as folder:
            file = Path(folder) / "replay.db"
            file.write_bytes(await asyncio.to_thread(_blank))
            database = Database(f"sqlite:///{file}", b"replay")
            try:
                return await self._run(database, history)
            finally:
                await database.close()

    async def _run(self, database: Database, history: Sequence[Prepared]) -> list[Raised]:
        if not history:
            return []
        begun = history[0].row["seen_at"]
        async with database.write() as session:
            for word in self._trial.mutes:
                far = history[-1].row["seen_at"] + LINGER
                await mutes.put(session, Mute(kind="term", value=word, by="", at=begun, until=far))
        ingest = Ingest(
            database=database,
            library=self._library,
            preparer=self._preparer,
            window=self._trial.window,
            min_mentions=self._trial.min_mentions,
        )
        for now, portion in _passes(history):
            await self._end(database, now)
            tally = await ingest.replay(_lot(portion), now)
            if tally.raised:
                await self._await_ends(database, tally.raised, now)
        async with database.read() as session:
            return await _raised(session, begun)

    async def _await_ends(self, database: Database, numbers: Iterable[int], now: datetime) -> None:
        """Note when the incidents are to end that were just opened."""
        async with database.read() as session:
            keys = await mentions.keys_by_incident(session, now - LINGER)
        for number in numbers:
            was = next((self._ends[key] for key in keys.get(number, ()) if key in self._ends), None)
            if was is None:
                heapq.heappush(self._due, (now + LINGER, number, State.DISMISSED))
            elif was.closed_at is not None:
                state = State.DISMISSED if was.state == State.DISMISSED else State.CLOSED
                heapq.heappush(self._due, (was.closed_at, number, state))

    async def _end(self, database: Database, now: datetime) -> None:
        while self._due and self._due[0][0] <= now:
            at, number, state = heapq.heappop(self._due)
            async with database.write() as session:
                await incidents.move(session, number, state, allowed=LIVING, at=at)


@cache
def _blank() -> bytes:
    """A SQLite file with empty tables. Migrating takes a third of a second, so it is done once for all runs."""
    with TemporaryDirectory(prefix="fenghuo-backtest-") as folder:
        file = Path(folder) / "blank.db"

        async def make() -> None:
            database = Database(f"sqlite:///{file}", b"replay")
            await database.upgrade()
            await database.close()

        asyncio.run(make())
        return file.read_bytes()


def _passes(history: Sequence[Prepared]) -> Iterator[tuple[datetime, list[Prepared]]]:
    """What was taken in together, and when."""
    portion: list[Prepared] = []
    for each in history:
        if portion and each.row["seen_at"] - portion[0].row["seen_at"] > PASS:
            yield portion[-1].row["seen_at"], portion
            portion = []
        portion.append(each)
    if portion:
        yield portion[-1].row["seen_at"], portion


def _lot(portion: Sequence[Prepared]) -> Lot:
    return Lot(source="replay", mentions=tuple(portion), rejects=(), dropped=0, cursor=None, more=False)


async def _raised(session: Session, start: datetime) -> list[Raised]:
    keys, hidden = await mentions.keys_by_incident(session, start), await held.hidden(session)
    return [
        Raised(
            at=each.opened_at,
            level=each.level,
            type=each.type,
            title=each.title,
            keys=_about(each, keys),
        )
        for each in await incidents.every(session)
        if each.id not in hidden
    ]
