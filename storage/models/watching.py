"""What the monitor knows: sources, mentions, topics, what is quiet, what people said of its alarms, the numbers of own videos."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import data, moment, words
from storage.types import UtcDateTime


class SourceState(SQLModel, table=True):
    """Where a source left off and how it fares."""

    __tablename__ = "source_state"
    name: str = Field(primary_key=True)
    cursor: dict[str, Any] = data()
    read_at: datetime | None = moment()
    found_at: datetime | None = moment()
    found: int = 0
    rejected: int = 0
    error: str = words()
    since: datetime | None = moment()
    """When it was first watched."""
    new_at: datetime | None = moment()
    """When it last yielded something that was not known yet."""
    added: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How much of what it yielded was new."""
    failed_at: datetime | None = moment()
    """Since when it cannot be read."""
    habit: int | None = None
    """Seconds that it is usually silent at most, at the time of day when it last yielded something."""
    ailment: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """silent, failing or never; empty while it is well."""
    episode: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often it has fallen silent or failed."""


class Beat(SQLModel, table=True):
    """A source yielded something new within some minutes; from the gaps between them its habit is learned."""

    __tablename__ = "beat"
    __table_args__ = (UniqueConstraint("source", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    source: str
    at: datetime = Field(sa_type=UtcDateTime)


class Quarantine(SQLModel, table=True):
    """A row that could not be read: where it stands and why, never the row."""

    __tablename__ = "quarantine"
    id: int | None = Field(default=None, primary_key=True)
    source: str
    file: str = words()
    offset: int = 0
    reason: str = words()
    at: datetime = Field(sa_type=UtcDateTime)
    drill_id: int | None = None


class Mention(SQLModel, table=True):
    """One public comment, post or reply, already without personal data.

    `key` is (drill, platform, id), or a digest of platform, item, author, time and text where the platform gave no id.
    """

    __tablename__ = "mention"
    __table_args__ = (
        Index("ix_mention_topic_seen", "topic_id", "seen_at"),
        Index("ix_mention_item_seen", "item_id", "seen_at"),
        Index("ix_mention_seen", "seen_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    drill_id: int | None = None
    source: str
    platform: str
    native_id: str = ""
    kind: str = "comment"
    item_id: str = ""
    parent_id: str = ""
    title: str = words()
    text: str = words()
    url: str = words()
    author: str = ""
    nickname: str = ""
    province: str = ""
    keyword: str = ""
    verified: bool = False
    followers: int | None = None
    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    plays: int | None = None
    written_at: datetime | None = moment()
    seen_at: datetime = Field(sa_type=UtcDateTime)
    negative: float = 0.0
    label: str = "neutral"
    reasons: list[Any] = data(list)
    harm: float = 0.0
    type: str = ""
    hits: list[Any] = data(list)
    topic_id: int | None = Field(default=None, foreign_key="topic.id")
    repairs: list[Any] = data(list)


class Topic(SQLModel, table=True):
    """Mentions merged because they say the same."""

    __tablename__ = "topic"
    id: int | None = Field(default=None, primary_key=True)
    drill_id: int | None = Field(default=None, index=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id", index=True)
    type: str = ""
    title: str = words()
    item_id: str = ""
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime, index=True)
    mentions: int = 0
    negatives: int = 0
    fresh: int = 0
    """Negatives not older than a day when they arrived: only these may open an incident."""
    harm: float = 0.0
    severe: bool = False
    """One of its comments was enough to alarm."""
    likes: int = 0
    platforms: dict[str, Any] = data()
    words: dict[str, Any] = data()
    """What its negatives speak of: each word, and how many of them say it."""


class Mute(SQLModel, table=True):
    """What a lead does not want to hear of until a moment: alerts are held back, except red ones."""

    __tablename__ = "mute"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """term, source or topic."""
    value: str = words()
    """The word, the source's name, or the number of the incident that holds the topic."""
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = moment(index=True)
    proposal_id: int | None = None
    drill_id: int | None = None


class Hour(SQLModel, table=True):
    """How many fresh negatives of one type of crisis arrived within an hour; live ones only.

    What an hour of the day usually brings is learned from these. Every hour in which anything arrived has a row without a type.
    """

    __tablename__ = "hour"
    __table_args__ = (UniqueConstraint("at", "type", name="uq_hour"),)
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    """When it began."""
    type: str
    """Empty: of none."""
    negatives: int = 0


class Gauge(SQLModel, table=True):
    """What an incident's numbers say: how much came lately, and since when they ask for a lower level."""

    __tablename__ = "gauge"
    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    at: datetime | None = moment()
    """Up to when was counted; None where it is not known what is usual."""
    count: int = 0
    """Its negatives within the time before that."""
    seconds: int = 0
    """How long that time is."""
    usual: float = 0.0
    """What that time of day usually brings."""
    lower: str = words()
    """The level that its sum asks for."""
    why: list[Any] = data(list)
    """That sum: [part, points] pairs."""
    since: datetime | None = moment()
    """Since when it has asked for a lower level."""
    asked: int = 0
    """How often people were asked whether to lower the level."""
    asked_at: datetime | None = moment()
    """When they were asked; None again once the numbers are back, or the level is another."""
    settled_at: datetime | None = moment()
    """When they answered."""


class Held(SQLModel, table=True):
    """News that was held back. Nothing of it is lost: it is told when the quiet is over."""

    __tablename__ = "held"
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id", index=True)
    """None for news that is about no incident: a source, or an own video."""
    notice: str
    """The kind of notice that it would have been."""
    data: dict[str, Any] = data()
    cause: str
    """mute, maintenance, hours or cap."""
    label: str = words()
    """What the cause is called: the muted word, the reason of the maintenance."""
    mute_id: int | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    told_at: datetime | None = moment(index=True)
    shown_at: datetime | None = moment()
    """When the incident's own card went out after all."""
    drill_id: int | None = None


class Label(SQLModel, table=True):
    """What people said of an alarm: it was false, or one was missed. Proposals and backtests go by it."""

    __tablename__ = "label"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """false_alarm or missed."""
    incident_id: int | None = Field(default=None, foreign_key="incident.id", index=True)
    mention_id: int | None = Field(default=None, foreign_key="mention.id")
    url: str = words()
    text: str = words()
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    considered_at: datetime | None = moment()
    """When it was last thought about whether to propose something."""
    withdrawn_at: datetime | None = moment()
    drill_id: int | None = None


class Proposal(SQLModel, table=True):
    """A change of settings that labels speak for. It counts once a lead agrees, until a lead takes it back."""

    __tablename__ = "proposal"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """mute or min_mentions."""
    value: str = words()
    labels: list[Any] = data(list)
    trial: dict[str, Any] = data()
    """What its backtest found."""
    state: str = "open"
    """open, applied, declined or undone."""
    by: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = moment()


class Video(SQLModel, table=True):
    """A video or post of the brand's own, whose numbers are watched."""

    __tablename__ = "video"
    __table_args__ = (UniqueConstraint("platform", "item_id"),)
    id: int | None = Field(default=None, primary_key=True)
    platform: str
    item_id: str
    title: str = words()
    url: str = words()
    published_at: datetime | None = moment()


class Snapshot(SQLModel, table=True):
    """The numbers of an own video at one moment; None where the source did not say."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("video_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="video.id")
    at: datetime = Field(sa_type=UtcDateTime)
    plays: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None


class Abnormal(SQLModel, table=True):
    """An own video's numbers left their usual range; one of a kind for a video and day."""

    __tablename__ = "abnormal"
    __table_args__ = (UniqueConstraint("video_id", "day", "kind"),)
    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="video.id")
    day: str
    """The team's date, as 2026-11-20."""
    kind: str
    """pile_on: comments or shares far above, plays not following. collapse: plays far below."""
    metric: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    figures: dict[str, Any] = data()
    """What it was measured by, and the numbers of its picture."""
