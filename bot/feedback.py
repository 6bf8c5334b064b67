"""From what people say of alarms to proposals: a word that false alarms share, or how many voices an alarm takes.

A proposal is made only if its backtest drops false alarms and loses none that somebody took for real, and it counts only once
a lead agrees.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.backtest import Trial
from bot.clock import Clock
from bot.monitor.quiet import MOST_SAY_IT
from bot.sentiment import Segmenter
from playbooks.library import Library
from storage import labels, mentions, notices
from storage.database import Database, Session
from storage.models import Proposal, Topic

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=30)
LEAST = 3
"""False alarms that must speak for a change: one is chance, two are a coincidence."""
TRIALS = 3
"""Backtests at a time."""
TEXTS, WORDS = 32, 24
"""Complaints of a topic that are read again for what they have in common, and words of each."""
SHORTEST = 2
"""Characters of a word."""
FURTHEST = 3
"""Times the present number of voices, at most."""

NICENESS = 19
"""A proposal can wait."""
THINK_EVERY = timedelta(minutes=1)


class BacktestError(Exception):
    """A backtest broke off."""


Compare = Callable[[Trial, Trial, int], Awaitable[Mapping[str, Any]]]
"""Replays so many days with the present and the proposed settings; returns `Report.summary`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """A change that might help, and the labels that speak for it."""

    kind: str
    value: str
    labels: tuple[int, ...]

    def applied_to(self, trial: Trial) -> Trial:
        """The settings with this change."""
        if self.kind == "mute":
            return Trial(min_mentions=trial.min_mentions, window=trial.window, mutes=(self.value,))
        return Trial(min_mentions=int(self.value), window=trial.window)


class Feedback:
    """Thinks about labels, each once.

    Args:
        present: the settings as they are in `fenghuo.yaml`.
        compare: see `Compare`.
        library: knows the signals of crises, which are never proposed to be muted.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        ring: Callable[[], None],
        present: Trial,
        compare: Compare,
        library: Library,
    ) -> None:
        self.database = database
        self.clock = clock
        self.present = present
        self._ring = ring
        self._compare = compare
        self._library = library

    async def think(self) -> int | None:
        """Propose something if labels that came in speak for it; returns the proposal's number."""
        now = self.clock()
        async with self.database.read() as session:
            if not await labels.unconsidered(session):
                return None
            agreed = await labels.min_mentions(session)
            trial = Trial(min_mentions=agreed or self.present.min_mentions, window=self.present.window)
            ideas = await _ideas(session, trial.min_mentions, now - LOOK_BACK, self._library)
        for idea in ideas[:TRIALS]:
            found = await self._tried(trial, idea)
            if found and found["false_kept"] < found["false"] and found["kept"] == found["real"]:
                return await self._propose(idea, found, now)
        async with self.database.write() as session:
            await labels.consider(session, now)
        return None

    async def _tried(self, trial: Trial, idea: Idea) -> Mapping[str, Any]:
        try:
            return await self._compare(trial, idea.applied_to(trial), LOOK_BACK.days)
        except BacktestError as error:
            log.warning("a proposal could not be tried: %s", error)
            return {}

    async def _propose(self, idea: Idea, found: Mapping[str, Any], now: datetime) -> int | None:
        async with self.database.write() as session:
            if not await labels.consider(session, now):
                return None
            row = Proposal(
                kind=idea.kind, value=idea.value, labels=list(idea.labels), trial=dict(found), at=now
            )
            number = (await labels.propose(session, row)).id or 0
            await notices.put(session, "feedback.proposed", now, data={"proposal": number})
        self._ring()
        return number


async def _ideas(session: Session, voices: int, start: datetime, library: Library) -> list[Idea]:
    """What false alarms have in common and real ones have not, the most telling first."""
    said = [each for each in await labels.since(session, start) if each.kind == labels.FALSE_ALARM]
    if len(said) < LEAST:
        return []
    false: dict[int | None, int] = {each.incident_id: each.id or 0 for each in said if each.incident_id}
    real = [each.id or 0 for each in await labels.real(session, start)]
    theirs = await labels.topics_of(session, [number for number in false if number])
    others = await labels.topics_of(session, real)
    known = {
        (each.kind, each.value)
        for each in await labels.proposals(session, states=("open", "applied", "declined"))
        if each.state != "declined" or each.at >= start
    }
    spoken = await _said(session, [*theirs, *others])
    words = (
        idea for idea in _words(theirs, others, false, spoken) if not library.matcher.matches(idea.value)
    )
    found = [*words, *_voices(theirs, others, false, voices)]
    return [idea for idea in found if (idea.kind, idea.value) not in known]


async def _said(session: Session, topics: Sequence[Topic]) -> dict[int | None, Counter[str]]:
    """In how many of the newest complaints of each topic each word stands, as it was written."""
    segmenter = Segmenter()
    said: dict[int | None, Counter[str]] = defaultdict(Counter)
    for trace in await mentions.traces_of(session, [topic.id or 0 for topic in topics], TEXTS):
        said[trace.topic_id].update(set(segmenter.keywords(trace.text, WORDS)))
    return said


def _words(
    theirs: Sequence[Topic],
    others: Sequence[Topic],
    false: Mapping[int | None, int],
    said: Mapping[int | None, Counter[str]],
) -> Iterator[Idea]:
    """Words that most comments of enough false alarms say, and no real alarm."""
    taboo = {word for topic in others for word in said[topic.id]}
    sharing: dict[str, set[int]] = {}
    for topic in theirs:
        for word, count in said[topic.id].items():
            is_said = count >= MOST_SAY_IT * min(topic.negatives, TEXTS)
            if len(word) >= SHORTEST and word not in taboo and is_said:
                sharing.setdefault(word, set()).add(false[topic.incident_id])
    counts = Counter({word: len(who) for word, who in sharing.items() if len(who) >= LEAST})
    for word in sorted(counts, key=lambda word: (-counts[word], -len(word), word)):
        yield Idea(kind="mute", value=word, labels=tuple(sorted(sharing[word])))


def _voices(
    theirs: Sequence[Topic], others: Sequence[Topic], false: Mapping[int | None, int], voices: int
) -> Iterator[Idea]:
    """The least number of voices that drops the most false alarms and no real one."""
    small = {topic.incident_id: topic.fresh for topic in theirs if not topic.severe}
    bound = min((topic.fresh for topic in others if not topic.severe), default=FURTHEST * voices)
    dropped = {
        number: tuple(sorted(false[incident] for incident, fresh in small.items() if fresh < number))
        for number in range(voices + 1, min(bound, FURTHEST * voices) + 1)
    }
    best = max(dropped, key=lambda number: (len(dropped[number]), -number), default=None)
    if best is not None and len(dropped[best]) >= LEAST:
        yield Idea(kind="min_mentions", value=str(best), labels=dropped[best])


async def compare_elsewhere(_present: Trial, proposed: Trial, days: int) -> Mapping[str, Any]:
    """See `Compare`: in a process of its own that gives way to everything, since it takes a while."""
    change = ["--min-mentions", str(proposed.min_mentions), *(f"--mute={word}" for word in proposed.mutes)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "backtest", "--json", f"--days={days}", *change,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    try:
        out, error = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise BacktestError(error.decode(errors="replace").strip()[-500:])
    found: Mapping[str, Any] = json.loads(out)
    return found
