"""The numbers of the brand's own videos, over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import LIVING, Abnormal, Incident, Mention, Snapshot, Topic, Video

STILL = timedelta(minutes=30)
"""Numbers that do not move are noted again only after this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The numbers of an own video as they were at a moment; None where the source did not say."""

    platform: str
    item_id: str
    title: str
    url: str
    published_at: datetime | None
    at: datetime
    plays: int | None
    likes: int | None
    comments: int | None
    shares: int | None


async def note(session: Session, counts: Counts) -> Video | None:
    """Note the numbers of a video; None if they say nothing new."""
    video = await _video(session, counts)
    numbers = {name: getattr(counts, name) for name in ("plays", "likes", "comments", "shares")}
    last = await session.scalar(
        select(Snapshot)
        .where(Snapshot.video_id == video.id, col(Snapshot.at) <= counts.at)
        .order_by(col(Snapshot.at).desc())
        .limit(1)
    )
    if last and (
        last.at == counts.at
        or (
            counts.at - last.at < STILL and all(getattr(last, key) == value for key, value in numbers.items())
        )
    ):
        return None
    session.add(Snapshot(video_id=video.id or 0, at=counts.at, **numbers))
    await session.flush()
    return video


async def _video(session: Session, counts: Counts) -> Video:
    values = {
        key: value
        for key, value in asdict(counts).items()
        if key in {"platform", "item_id", "title", "url", "published_at"}
    }
    query = select(Video).where(Video.platform == counts.platform, Video.item_id == counts.item_id)
    video = await session.scalar(query)
    if video is None:
        # Another process may meet it at the same time.
        await session.execute(inserting(session, Video).values(**values).on_conflict_do_nothing())
        video = (await session.scalars(query)).one()
    video.title, video.url = counts.title or video.title, counts.url or video.url
    video.published_at = video.published_at or counts.published_at
    return video


async def video(session: Session, number: int) -> Video | None:
    """The own video with this id."""
    return await session.get(Video, number)


async def items(session: Session) -> frozenset[str]:
    """The ids of all own videos."""
    return frozenset((await session.scalars(select(Video.item_id))).all())


async def noted_before(session: Session, number: int, moment: datetime) -> datetime | None:
    """When a video's numbers were last noted up to a moment."""
    query = select(func.max(Snapshot.at)).where(Snapshot.video_id == number, col(Snapshot.at) <= moment)
    return await session.scalar(query)


async def earlier(session: Session, known: Video, limit: int) -> Sequence[Video]:
    """The brand's videos on the same platform that were published before, the newest first."""
    query = select(Video).where(
        Video.platform == known.platform, col(Video.published_at) < known.published_at, Video.id != known.id
    )
    return (await session.scalars(query.order_by(col(Video.published_at).desc()).limit(limit))).all()


async def around(
    session: Session, windows: Mapping[int, tuple[datetime, datetime]]
) -> dict[int, list[Row[Any]]]:
    """The numbers of some videos, each within its window, the older ones first: rows of at and the counters."""
    found: dict[int, list[Row[Any]]] = {number: [] for number in windows}
    wanted = [
        and_(col(Snapshot.video_id) == number, col(Snapshot.at) >= start, col(Snapshot.at) <= end)
        for number, (start, end) in windows.items()
    ]
    query = select(  # type: ignore[call-overload]
        Snapshot.video_id, Snapshot.at, Snapshot.plays, Snapshot.likes, Snapshot.comments, Snapshot.shares
    ).where(or_(False, *wanted))
    for row in await session.execute(query.order_by(col(Snapshot.at))):
        found[row.video_id].append(row)
    return found


async def raise_(session: Session, row: Abnormal) -> int | None:
    """Keep that a video's numbers are abnormal; its id, or None if that is known today."""
    values = row.model_dump(exclude={"id"})
    statement = inserting(session, Abnormal).values(**values).on_conflict_do_nothing().returning(Abnormal.id)
    number: int | None = await session.scalar(statement)
    return number


async def belongs(session: Session, number: int, incident_id: int | None) -> None:
    """Put an abnormal matter under an incident."""
    statement = update(Abnormal).where(col(Abnormal.id) == number).values(incident_id=incident_id)
    await session.execute(statement.execution_options(synchronize_session=False))


async def abnormal(session: Session, number: int) -> tuple[Abnormal, Video] | None:
    """An abnormal matter, and its video."""
    query = (
        select(Abnormal, Video)
        .join(Video, col(Video.id) == col(Abnormal.video_id))
        .where(Abnormal.id == number)
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def latest_of(session: Session, incident_id: int) -> tuple[Abnormal, Video] | None:
    """The latest abnormal matter of an incident, and its video."""
    query = (
        select(Abnormal, Video)
        .join(Video, col(Video.id) == col(Abnormal.video_id))
        .where(Abnormal.incident_id == incident_id)
        .order_by(col(Abnormal.id).desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def abnormal_between(
    session: Session, start: datetime, end: datetime
) -> Sequence[tuple[Abnormal, Video]]:
    """What was abnormal in a span of time, the oldest first."""
    query = (
        select(Abnormal, Video)
        .join(Video, col(Video.id) == col(Abnormal.video_id))
        .where(col(Abnormal.at) >= start, col(Abnormal.at) < end)
        .order_by(col(Abnormal.at))
    )
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def incident_about(session: Session, known: Video) -> Incident | None:
    """The live incident that is being worked on about a video: by what is said under it, or by its numbers."""
    said = (
        select(Topic.incident_id)
        .join(Mention, col(Mention.topic_id) == col(Topic.id))
        .where(Mention.item_id == known.item_id, Mention.platform == known.platform)
    )
    counted = select(Abnormal.incident_id).where(Abnormal.video_id == known.id)
    query = select(Incident).where(
        col(Incident.drill_id).is_(None),
        col(Incident.state).in_(LIVING),
        col(Incident.id).in_(said) | col(Incident.id).in_(counted),
    )
    return await session.scalar(query.order_by(col(Incident.id).desc()).limit(1))


async def counted_under(session: Session, items: Collection[str]) -> int | None:
    """The live incident that is being worked on about the numbers of one of these own videos."""
    query = (
        select(Abnormal.incident_id)
        .join(Video, col(Video.id) == col(Abnormal.video_id))
        .join(Incident, col(Incident.id) == col(Abnormal.incident_id))
        .where(col(Video.item_id).in_(items), col(Incident.state).in_(LIVING))
    )
    return await session.scalar(query.order_by(col(Incident.id).desc()).limit(1))


async def said_under(session: Session, known: Video, since: datetime) -> tuple[int, int]:
    """Negatives among, and all of, the stored comments under a video since a moment."""
    query = select(Mention.label).where(
        Mention.item_id == known.item_id,
        Mention.platform == known.platform,
        col(Mention.seen_at) >= since,
        col(Mention.kind).in_(["comment", "reply"]),
        col(Mention.drill_id).is_(None),
    )
    labels: Iterable[Any] = (await session.scalars(query)).all()
    found = list(labels)
    return found.count("negative"), len(found)
