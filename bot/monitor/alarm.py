"""Open incidents for topics that are alarming, and keep the open ones up to date."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.monitor import outbreak
from bot.monitor.grade import Grader, Standing
from bot.monitor.merge import Index
from bot.monitor.outbreak import Outbreak
from bot.monitor.quiet import Hush
from bot.monitor.thread import Thread, central
from playbooks.levels import Level
from playbooks.library import Library
from playbooks.quiet import Quiet
from storage import gauges, incidents, mentions, metrics, notices, timeline
from storage.database import Session
from storage.models import LIVING, Incident, State, Topic

log = logging.getLogger(__name__)

TITLE_LENGTH = 30
"""Characters: two lines of a phone with the level, the number and the state around it."""


class Alarm:
    """Decides what a topic that has changed means for people, and leaves notices of it.

    Args:
        window: what counts as lately.
        min_mentions: how many fresh negatives of a topic open an incident.
        quiet: when news is held back.
    """

    def __init__(
        self, library: Library, window: timedelta, min_mentions: int, quiet: Quiet | None = None
    ) -> None:
        self.library = library
        self.min_mentions = min_mentions
        self._grader = Grader(library, window)
        self._hush = Hush(quiet or Quiet())

    async def consider(self, session: Session, moved: Iterable[Thread], now: datetime) -> None:
        """Bring the incidents that topics belong to up to date."""
        held: dict[int, list[Thread]] = defaultdict(list)
        for thread in moved:
            if thread.topic.incident_id is not None:
                held[thread.topic.incident_id].append(thread)
        for number, threads in held.items():
            await self._follow(session, number, threads, now)

    async def settle(
        self, session: Session, index: Index, found: Sequence[Outbreak], now: datetime
    ) -> list[int]:
        """Judge outbreaks, and add to incidents what is the same matter. Returns the numbers of the incidents that were opened."""
        pending = index.pending
        index.pending = {}
        raised = await self.judge(session, index, found, now)
        for thread in pending:
            if thread.topic.incident_id is None and (kin := outbreak.kin_of(index, thread)):
                await self._join(session, index, [thread], kin.topic.incident_id or 0, now)
        return raised

    async def judge(
        self, session: Session, index: Index, found: Sequence[Outbreak], now: datetime
    ) -> list[int]:
        """Open incidents for outbreaks, the most alarming first, or add them to those that are the same matter.

        Returns:
            The numbers of the incidents that were opened.
        """
        raised: list[int] = []
        for matter in found:
            number = await self._same(session, index, matter)
            if number is not None:
                await self._join(session, index, matter.threads, number, now)
            elif index.may_open(now, platform_of(matter.threads), anyway=matter.is_severe):
                raised.append(await self._raise(session, index, matter.threads, now))
            else:
                index.pending |= dict.fromkeys(matter.threads)
        return raised

    async def _same(self, session: Session, index: Index, matter: Outbreak) -> int | None:
        """The incident that is the same matter: by what is said, or by the numbers of the own video under which it is said."""
        if (kin := outbreak.incident_of(index, matter)) is not None:
            return kin.topic.incident_id
        posts = {post for thread in matter.threads if (post := thread.home())}
        is_live = matter.threads[0].topic.drill_id is None
        return await metrics.counted_under(session, posts) if posts and is_live else None

    async def _join(
        self, session: Session, index: Index, threads: Sequence[Thread], number: int, now: datetime
    ) -> None:
        await incidents.give_type(session, number, kind_of(threads))
        for thread in threads:
            await self._belong(session, index, thread, number, now)
        await self._follow(session, number, threads, now)

    async def _follow(self, session: Session, number: int, threads: Sequence[Thread], now: datetime) -> None:
        incident = await incidents.get(session, number)
        if incident is None:
            return
        if incident.state in LIVING:
            await self._grow(session, incident, threads, now)
        elif incident.state == State.DISMISSED:
            await self._stir(session, incident, threads, now)
        elif any(thread.voices and thread.voices[-1].at == now for thread in threads):
            ended = incident.closed_at.isoformat() if incident.closed_at else ""
            await self._notice(session, incident, "incident.again", now, {"ended": ended}, once=True)

    async def _raise(self, session: Session, index: Index, threads: Sequence[Thread], now: datetime) -> int:
        topic = max(threads, key=lambda thread: len(thread.voices)).topic
        incident = await incidents.create(
            session,
            Incident(
                drill_id=topic.drill_id,
                title=headline(central(threads) or topic.title),
                type=kind_of(threads),
                opened_at=now,
            ),
        )
        number = incident.id or 0
        for thread in threads:
            await self._belong(session, index, thread, number, now)
        found = await self._standing(session, incident, [thread.topic for thread in threads], now)
        incident.level, incident.why = found.grade.level.value, found.summed
        await session.flush()
        await timeline.append(
            session, number, "opened", at=now, text=incident.title, data={"level": incident.level}
        )
        await self._notice(session, incident, "incident.raised", now)
        log.info("incident #%s raised, %s", number, incident.level)
        return number

    async def _belong(
        self, session: Session, index: Index, thread: Thread, number: int, now: datetime
    ) -> None:
        index.keep(thread, now)
        thread.topic.incident_id = number
        await mentions.update_topics(session, [thread.sum_up()])

    async def _grow(
        self, session: Session, incident: Incident, threads: Sequence[Thread], now: datetime
    ) -> None:
        found = await self._standing(session, incident, await self._topics(session, incident, threads), now)
        graded, number, level, why = found.grade, incident.id or 0, Level(incident.level), found.summed
        if graded.level.rank > self._settled(incident).rank:
            if await incidents.set_level(session, number, level.value, graded.level.value, why):
                change = {"old": level.value, "new": graded.level.value}
                await timeline.append(session, number, "level", at=now, data=change)
                await self._notice(session, incident, "incident.level", now, change)
                return
        elif graded.level is level and why != incident.why:
            await incidents.set_level(session, number, level.value, level.value, why)
        await self._notice(session, incident, "incident.grown", now)

    def _settled(self, incident: Incident) -> Level:
        """The level that is settled: the incident's, or the higher one that its sum proposed before people lowered it."""
        proposed = self.library.levels.proposed(sum(points for _, points in incident.why))
        return max(Level(incident.level), proposed, key=lambda level: level.rank)

    async def _stir(
        self, session: Session, incident: Incident, threads: Sequence[Thread], now: datetime
    ) -> None:
        """A false alarm stays quiet until the matter reaches a higher level than it had."""
        found = await self._standing(session, incident, await self._topics(session, incident, threads), now)
        level = found.grade.level
        if level.rank > self._settled(incident).rank:
            await self._notice(session, incident, "incident.again", now, {"level": level.value}, once=True)

    async def _topics(self, session: Session, incident: Incident, threads: Sequence[Thread]) -> list[Topic]:
        """All topics of an incident; of those at hand, as they are now."""
        at_hand = {thread.topic.id: thread.topic for thread in threads}
        stored = await incidents.topics(session, incident.id or 0)
        return [at_hand.get(topic.id, topic) for topic in stored]

    async def _standing(
        self, session: Session, incident: Incident, topics: Sequence[Topic], now: datetime
    ) -> Standing:
        """How an incident stands; what is usual is kept for its card."""
        found = await self._grader.grade(session, incident, topics, now)
        if found.usual is not None:
            await gauges.note(session, incident.id or 0, now, found.count, self._grader.window, found.usual)
        return found

    async def _notice(
        self,
        session: Session,
        incident: Incident,
        kind: str,
        now: datetime,
        data: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> None:
        said = await self._hush.passing(session, incident, kind, now, data or {})
        if not said:
            return
        data = data if said == kind else None
        await notices.put(
            session, said, now, incident_id=incident.id, drill_id=incident.drill_id, data=data, once=once
        )


def platform_of(threads: Sequence[Thread]) -> str:
    """The platform on which most of it is said."""
    counts = Counter[str]()
    for thread in threads:
        counts.update(thread.topic.platforms)
    return max(counts, key=lambda name: counts[name], default="")


def kind_of(threads: Sequence[Thread]) -> str:
    """The kind of crisis that most voices speak of; telling signals come before the ones that people add to any trouble."""
    counts = Counter(kind for thread in threads for voice in thread.voices for kind in voice.types[:1])
    own = {thread.topic.type for thread in threads if thread.telling} & set(counts)
    return max(own or counts, key=lambda kind: counts[kind], default=threads[0].topic.type)


def headline(text: str) -> str:
    """An incident's title from the comment that began it: its first sentence, within bounds."""
    flat = " ".join(text.split())
    if len(flat) <= TITLE_LENGTH:
        return flat
    end = max((flat.rfind(mark, 8, TITLE_LENGTH) for mark in "。！？!?；;，,"), default=-1)
    return flat[:end] if end > 0 else flat[: TITLE_LENGTH - 1] + "…"
