"""The brand's own videos: are their plays, likes, comments and shares growing as such videos usually do at their age?

Two things are abnormal. A pile-on: comments or shares many times the usual, and plays not following, so that it is not simply
a video that does well. A collapse: plays far below the usual.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.monitor.curves import GAPS, HOUR, Track, Usual, spans, usual
from bot.monitor.quiet import ABNORMAL, Hush, Matter
from bot.sources.base import Found
from bot.sources.links import identify
from playbooks.levels import Factor, Grade
from playbooks.library import Library
from playbooks.quiet import Quiet
from storage import incidents, metrics, notices, timeline
from storage.database import Database, Session
from storage.mentions import UNDER_POSTS
from storage.metrics import Counts
from storage.models import Abnormal, Incident, Video

Rows = Sequence[Any]
"""Numbers of one video, as storage gives them."""
log = logging.getLogger(__name__)

PEERS = 20
"""Earlier videos that one is held against, the newest."""
PLACES = 24
"""Stretches of time in the picture."""
BEFORE = 6
"""Stretches before, which a video is held against where there are too few others."""
EARLY = 0.75
"""The part of a span after which the next look may end it: crawlers that come each hour are seconds early now and then."""
LOOKS = 4
"""How often in a stretch a video is judged."""
LONGEST = timedelta(hours=36)
"""Numbers that are further apart than this say nothing about now."""
STALE = timedelta(hours=24)
"""What was counted longer ago is noted, and nobody is called."""
FOLLOWS = 2.0
"""Plays follow while comments are less than so many times ahead of them."""
LEAST_PLAYS = 20
"""Plays for each comment of the floor: what is missed in a collapse must be worth a word."""
NEGATIVE, LEAST_SAID = 0.3, 10
"""The negative share, and the number of stored comments, from which a pile-on opens an incident by itself. Below, as under
a raffle, a person decides."""
SAID_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is the brand's own; picklable.

    Args:
        accounts: ids of its accounts, as the sources write them.
        items: ids of its videos and posts.
    """

    accounts: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()

    @classmethod
    def of(cls, accounts: Sequence[str], videos: Sequence[str]) -> Own:
        """From the settings, where a video is an id or a link."""
        posts = {video: identify(video) for video in videos}
        ids = (post.item_id if post else video for video, post in posts.items())
        return cls(accounts=frozenset(accounts), items=frozenset(filter(None, ids)))

    def counts(self, found: Found, now: datetime) -> Counts | None:
        """The numbers of a row, if it is a video or post of the brand's own."""
        if found.kind in UNDER_POSTS or not found.item_id:
            return None
        if found.author not in self.accounts and found.item_id not in self.items:
            return None
        if all(each is None for each in (found.plays, found.likes, found.replies, found.shares)):
            return None
        # A crawler whose clock is ahead must not hide what follows.
        at = min(found.counted_at or now, now)
        return Counts(
            platform=found.platform,
            item_id=found.item_id,
            title=found.title,
            url=found.url,
            published_at=found.created_at,
            at=at,
            plays=found.plays,
            likes=found.likes,
            comments=found.replies,
            shares=found.shares,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When numbers are abnormal; picklable.

    Args:
        span: the stretch of time that is looked at.
        times: how many times the usual.
        least: comments or shares beyond the usual, below which nobody is called.
        zone: the team's, which tells its days apart.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    span: timedelta = HOUR
    times: float = 4.0
    least: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One counter of a video over the latest stretch, and what is usual for it.

    Args:
        peers: over earlier videos at the same age, else (0) over the stretches before.
    """

    metric: str
    rate: float
    usual: Usual
    peers: int
    gained: float

    @property
    def times(self) -> float:
        """How many times the usual it is."""
        return self.usual.times(self.rate)


class Metrics:
    """Notes the numbers of own videos and raises what is abnormal."""

    def __init__(
        self, database: Database, library: Library, rules: Rules, quiet: Quiet | None = None
    ) -> None:
        self.database = database
        self.library = library
        self.rules = rules
        self._hush = Hush(quiet or Quiet())
        self._judged: dict[int, datetime] = {}

    async def take(self, found: Sequence[Counts], now: datetime) -> int:
        """Note numbers; how many of them were abnormal. Each in a transaction of its own, so that nobody waits long."""
        raised = 0
        for counts in sorted(found, key=lambda each: each.at):
            async with self.database.write() as session:
                video = await metrics.note(session, counts)
                if video and now - counts.at <= STALE and self._is_time(video, counts.at):
                    raised += await self._consider(session, video, counts.at, now)
        return raised

    def _is_time(self, video: Video, at: datetime) -> bool:
        """Judge a video only so often, however often it is seen: that takes reading what all the others did."""
        last = self._judged.get(video.id or 0)
        if last is not None and timedelta() <= at - last < self.rules.span / LOOKS:
            return False
        self._judged[video.id or 0] = at
        return True

    async def _consider(self, session: Session, video: Video, at: datetime, now: datetime) -> bool:
        history = History(self.rules, video, at)
        await history.read(session)
        found = history.judged()
        if found is None:
            return False
        kind, worst = found
        await history.read(session, PLACES)
        incident = await metrics.incident_about(session, video)
        said = await metrics.said_under(session, video, now - SAID_WITHIN)
        number = await metrics.raise_(
            session,
            Abnormal(
                video_id=video.id or 0,
                day=at.astimezone(self.rules.zone).date().isoformat(),
                kind=kind,
                metric=worst.metric,
                at=at,
                incident_id=incident.id if incident else None,
                figures=history.figures(worst, said),
            ),
        )
        if number is None:
            return False
        if incident is None and kind == "pile_on" and said[1] >= LEAST_SAID and said[0] >= NEGATIVE * said[1]:
            incident = await self._open(session, video, self._graded(worst, said[0]), now)
            await metrics.belongs(session, number, incident.id)
        if incident is not None:
            what = {
                "times": f"{worst.times:.1f}",
                "rate": round(worst.rate),
                "usual": round(worst.usual.rate),
            }
            await timeline.append(session, incident.id or 0, kind, at=now, data=what)
        await self._tell(session, video, number, incident, self._graded(worst, said[0]), now)
        log.info("own video %s: %s, %.1f times the usual", video.item_id, kind, worst.times)
        return True

    async def _tell(
        self,
        session: Session,
        video: Video,
        number: int,
        incident: Incident | None,
        graded: Grade,
        now: datetime,
    ) -> None:
        """Leave a notice, unless it has to wait: with its incident, or by the level that its numbers would give one."""
        data = {"id": number, "what": video.title or video.item_id}
        about = incident or Matter(number=0, level=graded.level, type="", texts=(video.title,))
        if not await self._hush.is_held(session, ABNORMAL, now, data, about=about):
            number_of = incident.id if incident else None
            await notices.put(session, ABNORMAL, now, incident_id=number_of, data=data)

    def _graded(self, worst: Measured, negatives: int) -> Grade:
        """Numbers are graded by the same sum as others."""
        measures = {Factor.HARM: 1, Factor.VOLUME: negatives, Factor.GROWTH: worst.times, Factor.PLATFORMS: 1}
        return self.library.levels.grade(measures)

    async def _open(self, session: Session, video: Video, graded: Grade, now: datetime) -> Incident:
        """Open an incident by numbers."""
        incident = await incidents.create(
            session,
            Incident(
                title=video.title[:40] or video.item_id,
                opened_at=now,
                level=graded.level.value,
                why=[[factor.value, points] for factor, points in graded.points.items()],
            ),
        )
        number = incident.id or 0
        await timeline.append(
            session, number, "opened", at=now, text=incident.title, data={"level": incident.level}
        )
        if said := await self._hush.passing(session, incident, "incident.raised", now, {}):
            await notices.put(session, said, now, incident_id=number)
        return incident


class History:
    """What is known about a video's numbers up to a moment, and about those of earlier videos at that age."""

    def __init__(self, rules: Rules, video: Video, at: datetime) -> None:
        self.rules = rules
        self.video = video
        self.at = at
        self.start = at
        """Where the latest stretch begins: at numbers that were noted, at least a span ago."""
        self.rows: Rows = ()
        self.others: list[tuple[Video, Rows]] = []

    @property
    def stretch(self) -> timedelta:
        """How long the latest stretch is."""
        return self.at - self.start

    async def read(self, session: Session, places: int = 1) -> None:
        """Read what is stored of the latest stretches, and what other videos did at that age."""
        number, published = self.video.id or 0, self.video.published_at
        noted = await metrics.noted_before(session, number, self.at - EARLY * self.rules.span)
        self.start = noted or (published if published and published < self.at else self.at)
        first, last = self.at - (places + GAPS) * self.stretch, self.at + GAPS * self.stretch
        own = self.at - (max(places, BEFORE + 1) + GAPS) * self.stretch
        windows = {number: (own, self.at)}
        peers = await metrics.earlier(session, self.video, PEERS) if published else []
        for peer in peers:
            shift = self._shift(peer)
            windows[peer.id or 0] = first + shift, last + shift
        found = await metrics.around(session, windows)
        self.rows = found[number]
        self.others = [(peer, found[peer.id or 0]) for peer in peers]

    def _shift(self, peer: Video) -> timedelta:
        """From a moment in this video's life to the one at which another was of the same age."""
        return (peer.published_at or self.at) - (self.video.published_at or self.at)

    def judged(self) -> tuple[str, Measured] | None:
        """What is abnormal and its worst counter; None if all is as usual."""
        if not timedelta() < self.stretch <= max(LONGEST, self.rules.span):
            return None
        found = {name: self._measured(name) for name in ("plays", "likes", "comments", "shares")}
        reach = found["plays"] or found["likes"]
        risen = [
            each
            for each in (found["comments"], found["shares"])
            if each and each.usual.is_above(each.rate) and each.gained >= self.rules.least
        ]
        if risen:
            worst = max(risen, key=lambda each: each.times)
            return ("pile_on", worst) if reach is None or worst.times >= FOLLOWS * reach.times else None
        plays = found["plays"]
        if plays and plays.peers and plays.usual.is_below(plays.rate):
            missed = -plays.gained
            return ("collapse", plays) if missed >= LEAST_PLAYS * self.rules.least else None
        return None

    def figures(self, worst: Measured, said: tuple[int, int]) -> dict[str, Any]:
        """What it was measured by, for the card and its picture."""
        reach = self._measured("plays") or self._measured("likes")
        return {
            "from": self.start.isoformat(),
            "counts": {name: self._ends(name) for name in ("plays", "likes", "comments", "shares")},
            "rate": worst.rate,
            "usual": worst.usual.rate,
            "low": worst.usual.low,
            "high": worst.usual.high,
            "times": worst.times,
            "peers": worst.peers,
            "reach": reach.metric if reach else "",
            "reach_times": reach.times if reach else None,
            "negative": said[0],
            "said": said[1],
            "curve": self._curve(worst.metric),
            "beside": {
                name: [found.rate, found.usual.rate]
                for name in ("plays", "likes", "comments", "shares")
                if (found := self._measured(name))
            },
        }

    def _measured(self, metric: str) -> Measured | None:
        rate = self._track(self.video, self.rows, metric).rate(self.start, self.at)
        if rate is None:
            return None
        known, peers = self._usual(metric, self.start, self.at)
        if known is None:
            return None
        gained = (rate - known.rate) * (self.stretch / HOUR)
        return Measured(metric=metric, rate=rate, usual=known, peers=peers, gained=gained)

    def _usual(self, metric: str, start: datetime, end: datetime) -> tuple[Usual | None, int]:
        """What is usual for a counter at this age, else for this video in the stretches before."""
        rates = []
        for peer, rows in self.others:
            shift = self._shift(peer)
            rates.append(self._track(peer, rows, metric).rate(start + shift, end + shift))
        if known := usual(rates, self.rules.times):
            return known, known.count
        own = self._track(self.video, self.rows, metric)
        before = spans(self.start, self.stretch, BEFORE)
        return usual((own.rate(*each) for each in before), self.rules.times), 0

    def _track(self, video: Video, rows: Rows, metric: str) -> Track:
        return Track(video.published_at, ((row.at, getattr(row, metric)) for row in rows))

    def _ends(self, metric: str) -> list[int | None]:
        """A counter at both ends of the latest stretch."""
        track = self._track(self.video, self.rows, metric)
        levels = (track.level(at, LONGEST) for at in (self.start, self.at))
        return [None if level is None else round(level) for level in levels]

    def _curve(self, metric: str) -> Mapping[str, list[Any]]:
        """The rate in each stretch of the picture, and what is usual there."""
        own = self._track(self.video, self.rows, metric)
        curve: dict[str, list[Any]] = {"at": [], "line": [], "usual": [], "low": [], "high": []}
        for start, end in spans(self.at, self.stretch, PLACES):
            known, _ = self._usual(metric, start, end)
            curve["at"].append(end.isoformat())
            curve["line"].append(own.rate(start, end))
            curve["usual"].append(known.rate if known else None)
            curve["low"].append(known.low if known else None)
            curve["high"].append(known.high if known else None)
        # Stretches before anything was known are left out.
        first = next((place for place, value in enumerate(curve["line"]) if value is not None), 0)
        return {name: values[first:] for name, values in curve.items()}
