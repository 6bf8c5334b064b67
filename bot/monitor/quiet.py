"""Hold news back while nobody wants it: mutes, maintenance, quiet hours, and too many alarms of one kind.

Nothing is lost: what is held back is a row, and when the quiet is over one card tells all of it. Red alarms always pass, and
an incident that goes on after the quiet, or gets graver than the quiet covers, gets its card then. What is no incident, an own
video's numbers or a silent collector, is told then as it would have been, if it still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from bot.clock import Clock
from playbooks.levels import Level
from playbooks.quiet import Quiet
from storage import held, mentions, mutes, notices, timeline
from storage.database import Database, Session
from storage.held import RAISED
from storage.models import Held, Incident, Mute

GROWN, GRAVER = "incident.grown", "incident.level"
ABNORMAL, AILS = "metric.abnormal", "source.ails"
"""News that stands for itself: when the quiet is over it is told as it would have been, besides being counted."""
OVER = "quiet.over"
"""The notice that tells what was held back."""
TEXTS = 50
"""Complaints of an incident that are looked at, the newest."""
MOST_SAY_IT = 0.5
"""A muted word holds an incident back if so many of its complaints say it. A word in passing does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What an incident is about, as far as mutes go by it.

    Args:
        texts: its complaints.
        sources: where they came from.
    """

    number: int
    level: Level
    type: str
    texts: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()

    def says(self, words: Iterable[str]) -> bool:
        """Tell whether most of it speaks of one of these words."""
        wanted = [word.casefold() for word in words]
        saying = sum(any(word in text.casefold() for word in wanted) for text in self.texts)
        return saying > 0 and saying >= MOST_SAY_IT * len(self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why news waits, and until when."""

    cause: str
    until: datetime
    label: str = ""
    mute_id: int | None = None


def muted(matter: Matter, found: Iterable[Mute]) -> list[Cause]:
    """The mutes that cover a matter. A source covers it only if nothing came from another."""
    return [
        Cause(cause="mute", until=mute.until, label=mutes.named(mute), mute_id=mute.id)
        for mute in found
        if (mute.kind == "term" and matter.says([mute.value]))
        or (mute.kind == "source" and matter.sources == {mute.value})
        or (mute.kind == "topic" and str(matter.number) == mute.value)
    ]


def resting(rules: Quiet, level: Level, now: datetime) -> list[Cause]:
    """The quiet hours that cover a level."""
    return [
        Cause(cause="hours", until=until)
        for each in rules.hours
        if level in each.levels and (until := each.until(now, rules.zone))
    ]


def scheduled(rules: Quiet, matter: Matter, now: datetime) -> list[Cause]:
    """The maintenance and the quiet hours that cover a matter."""
    maintenance = [
        Cause(cause="maintenance", until=until, label=window.reason)
        for window in rules.maintenance
        if (until := window.until(now, rules.zone)) and (not window.keywords or matter.says(window.keywords))
    ]
    return maintenance + resting(rules, matter.level, now)


class Hush:
    """Decides which news goes out now.

    Args:
        rules: what `fenghuo.yaml` says; mutes are rows.
    """

    def __init__(self, rules: Quiet) -> None:
        self.rules = rules

    async def passing(
        self, session: Session, incident: Incident, kind: str, now: datetime, data: Mapping[str, str]
    ) -> str:
        """The kind of notice to leave about an incident now; empty if the news is held back."""
        number = incident.id or 0
        is_hidden = await held.is_hidden(session, number)
        if kind == GROWN and not is_hidden:
            return kind
        level = Level(data.get("new") or data.get("level") or incident.level)
        cause = await self.cause(session, incident, level, now)
        if cause is None:
            return RAISED if is_hidden and await held.show(session, number, now) else kind
        if is_hidden:
            return ""
        await self._hold(session, incident, kind, now, data, cause)
        # Its card, which is out, shows the level all the same; only nobody is called.
        return GROWN if kind == GRAVER else ""

    async def cause(
        self, session: Session, incident: Incident, level: Level, now: datetime, *, capped: bool = True
    ) -> Cause | None:
        """What holds news of this level about an incident back the longest. `capped`: the cap on alarms of one kind counts."""
        if level is Level.RED:
            return None
        found = await mutes.on(session, now, incident.drill_id)
        # A drill is played at any hour on purpose.
        rules = self.rules if incident.drill_id is None else Quiet()
        said: list[tuple[str, str]] = []
        if found or any(window.keywords for window in rules.maintenance):
            said = await mentions.complaints(session, incident.id or 0, TEXTS)
        matter = Matter(
            number=incident.id or 0,
            level=level,
            type=incident.type,
            texts=tuple(text for text, _ in said),
            sources=frozenset(source for _, source in said),
        )
        causes = [*muted(matter, found), *scheduled(rules, matter, now)]
        if capped and rules.cap is not None and not causes:
            causes += await self._capped(session, rules, matter, now)
        return max(causes, key=lambda each: each.until, default=None)

    async def is_held(
        self,
        session: Session,
        kind: str,
        now: datetime,
        data: Mapping[str, Any],
        *,
        about: Incident | Matter,
    ) -> bool:
        """Hold back news that stands for itself, if it has to wait: of an own video or of a collector.

        It is `about` the incident that it belongs to, or about a matter that is none.
        """
        if isinstance(about, Matter):
            cause, number = await self._covering(session, about, kind, now), None
        else:
            cause, number = await self.cause(session, about, Level(about.level), now, capped=False), about.id
        if cause is not None:
            await held.put(session, _row(number, kind, data, cause, now))
        return cause is not None

    async def _covering(self, session: Session, matter: Matter, kind: str, now: datetime) -> Cause | None:
        """What covers a matter that is no incident. A rush that is expected explains no collector that is silent."""
        if matter.level is Level.RED:
            return None
        if kind == AILS:
            causes = resting(self.rules, matter.level, now)
        else:
            causes = [*muted(matter, await mutes.on(session, now)), *scheduled(self.rules, matter, now)]
        return max(causes, key=lambda each: each.until, default=None)

    async def _capped(self, session: Session, rules: Quiet, matter: Matter, now: datetime) -> list[Cause]:
        assert rules.cap is not None
        lately = await held.raised_lately(session, matter.type, now - rules.cap.within, matter.number)
        if len(lately) < rules.cap.alerts:
            return []
        return [Cause(cause="cap", until=lately[-rules.cap.alerts] + rules.cap.within, label=matter.type)]

    async def _hold(
        self,
        session: Session,
        incident: Incident,
        kind: str,
        now: datetime,
        data: Mapping[str, str],
        cause: Cause,
    ) -> None:
        row = _row(incident.id, kind, data, cause, now, incident.drill_id)
        if await held.put(session, row):
            entry = {"label": cause.label, "until": cause.until.isoformat()}
            await timeline.append(session, incident.id or 0, f"held_{cause.cause}", at=now, data=entry)


def _row(
    number: int | None,
    kind: str,
    data: Mapping[str, Any],
    cause: Cause,
    now: datetime,
    drill_id: int | None = None,
) -> Held:
    return Held(
        incident_id=number,
        notice=kind,
        data=dict(data),
        cause=cause.cause,
        label=cause.label,
        mute_id=cause.mute_id,
        at=now,
        until=cause.until,
        drill_id=drill_id,
    )


class QuietEnds:
    """Turns quiet that is over into notices, each once, however many processes sweep."""

    def __init__(self, database: Database, clock: Clock, ring: Callable[[], None]) -> None:
        self.database = database
        self.clock = clock
        self._ring = ring

    async def sweep(self) -> int:
        """Tell what was held back until now; how many cards that makes."""
        now = self.clock()
        async with self.database.read() as session:
            if not (await mutes.over(session, now) or await held.due(session, now)):
                return 0
        async with self.database.write() as session:
            told = await _tell(session, now)
        if told:
            self._ring()
        return told


async def _tell(session: Session, now: datetime) -> int:
    """One notice for each quiet that is over: a mute always, even if nothing came; anything else only if something did."""
    over = {
        mute.id: mute
        for mute in await mutes.over(session, now)
        if await mutes.end(session, mute.id or 0, now)
    }
    rows = await held.due(session, now)
    mine = await held.tell(session, [row.id or 0 for row in rows], now)
    rows = sorted((row for row in rows if row.id in mine), key=_quiet_of)
    groups = {key: list(group) for key, group in groupby(rows, key=_quiet_of)}
    for mute in over.values():
        groups.setdefault(("mute", mutes.named(mute), mute.id or 0, mute.drill_id or 0), [])
    for (cause, label, _, drill), group in groups.items():
        await notices.put(
            session,
            OVER,
            now,
            drill_id=drill or None,
            data={
                "cause": cause,
                "label": label,
                "at": now.isoformat(),
                "drill_id": drill or None,
                "held": [row.id for row in group],
            },
        )
    for row in rows:
        if row.notice in {ABNORMAL, AILS}:
            await notices.put(session, row.notice, now, incident_id=row.incident_id, data=row.data)
    return len(groups)


def _quiet_of(row: Held) -> tuple[str, str, int, int]:
    return row.cause, row.label, row.mute_id or 0, row.drill_id or 0
