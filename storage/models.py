"""The nouns, one table each.

`drill_id` (null = live) stands on everything that a drill can touch, is set at creation and never changes.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import UtcDateTime


def moment(*, index: bool = False) -> Any:
    """A column for a moment that may be unknown."""
    return Field(default=None, sa_type=UtcDateTime, index=index)


def words(default: str = "") -> Any:
    """A column for text of any length."""
    return Field(default=default, sa_type=Text)


def data(kind: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """A column for JSON."""
    return Field(default_factory=kind, sa_column=Column(JSON, nullable=False))


class State(StrEnum):
    """The life of an incident."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESPONDING = "responding"
    RECOVERING = "recovering"
    CLOSED = "closed"
    REVIEWED = "reviewed"
    DISMISSED = "dismissed"


LIVING = (State.OPEN, State.CLAIMED, State.RESPONDING, State.RECOVERING)
"""States in which an incident is still worked on."""


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


class Incident(SQLModel, table=True):
    """What people handle. Its id is the number people say: #12."""

    __tablename__ = "incident"
    id: int | None = Field(default=None, primary_key=True)
    drill_id: int | None = Field(default=None, index=True)
    title: str = words()
    type: str = ""
    level: str = "blue"
    state: State = Field(default=State.OPEN, sa_type=Text, index=True)
    owner: str = ""
    playbook: str = ""
    opened_by: str = ""
    opened_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = moment()
    closed_at: datetime | None = moment()
    stated_at: datetime | None = moment()
    """When the first statement was approved in full."""
    why: list[Any] = data(list)
    """The visible sum behind the level: [part, points] pairs."""
    reason: str = words()
    versions: int = 0
    entries: int = 0
    head: str = ""
    """The last link of the entry chain."""


class Entry(SQLModel, table=True):
    """One line of an incident's timeline; append-only, chained (see `timeline`)."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("incident_id", "seq"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    seq: int
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    by: str = ""
    text: str = words()
    data: dict[str, Any] = data()
    source: str | None = Field(default=None, unique=True)
    """The message that it came from, so that one message enters once."""
    salt: str = ""
    digest: str
    link: str


class Step(SQLModel, table=True):
    """A playbook step that was ticked or skipped; a step has one tick."""

    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("incident_id", "playbook", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    playbook: str
    number: int
    outcome: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    note: str = words()


class Version(SQLModel, table=True):
    """One text of a statement. Numbers run per incident: `#12 v3` is one text."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("incident_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    template: str = ""
    text: str = words()
    hash: str
    state: str = "pending"
    """pending, approved, changes, vetoed or superseded."""
    authors: list[Any] = data(list)
    """Everyone whose edit is in it since the last approved version."""
    needed: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = moment()


class Vote(SQLModel, table=True):
    """One person's vote on one version, bound to the hash of its text."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("version_id", "person"),)
    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="version.id")
    person: str
    choice: str
    """approve, changes or veto."""
    hash: str
    reason: str = words()
    at: datetime = Field(sa_type=UtcDateTime)


class Drill(SQLModel, table=True):
    """One run of a scenario."""

    __tablename__ = "drill"
    __table_args__ = (
        # One drill at a time, even when two people start one in the same moment.
        Index(
            "ux_drill_running",
            "state",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    scenario: str
    state: str = "running"
    played: int = 0
    """How many injects are out."""
    by: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = moment()


class Notice(SQLModel, table=True):
    """Something the bot noticed and has still to say; written with what it is about, consumed by dispatch."""

    __tablename__ = "notice"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    incident_id: int | None = None
    data: dict[str, Any] = data()
    drill_id: int | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = moment(index=True)


class Inbox(SQLModel, table=True):
    """What arrived from a platform, stored before it was acknowledged."""

    __tablename__ = "inbox"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    transport: str = ""
    payload: dict[str, Any] = data()
    at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = moment(index=True)
    outcome: str = ""


class Outbox(SQLModel, table=True):
    """A message on its way out, committed together with the state it tells of."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "not_before"), Index("ix_outbox_key", "key", "kind"))
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """post, edit or whisper."""
    transport: str
    channel: str
    thread: str = ""
    under: str = ""
    """Key of the card in whose thread it goes; resolved when it is sent."""
    key: str = ""
    """Key of the living card that it is (post) or replaces (edit)."""
    broadcast: bool = False
    to: str = ""
    prompt: bool = False
    card: dict[str, Any] = data()
    incident_id: int | None = None
    drill_id: int | None = None
    rank: int = 1
    """0 goes first: new alerts and what a person waits for."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    state: str = "pending"
    """pending, sending, unsure, sent, failed or superseded."""
    lease_until: datetime | None = moment()
    message: str = ""
    sent_at: datetime | None = moment()
    error: str = words()


class Spot(SQLModel, table=True):
    """A message, thread or channel that belongs to an incident, and the living card it is a copy of, if it is one."""

    __tablename__ = "spot"
    __table_args__ = (UniqueConstraint("transport", "channel", "message"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    channel: str
    message: str = ""
    """Empty: the whole channel."""
    key: str = Field(default="", index=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    drill_id: int | None = None
    edited_at: datetime | None = moment()


class OpenForm(SQLModel, table=True):
    """A form that is being answered one question at a time; one per person and channel."""

    __tablename__ = "open_form"
    __table_args__ = (UniqueConstraint("transport", "channel", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    channel: str
    user: str
    form: dict[str, Any] = data()
    answers: dict[str, Any] = data()
    at: datetime = Field(sa_type=UtcDateTime)


class Deadline(SQLModel, table=True):
    """Something that is due, written in the transaction that causes it. Fired by one conditional UPDATE."""

    __tablename__ = "deadline"
    __table_args__ = (UniqueConstraint("incident_id", "kind"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    kind: str
    due_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = moment(index=True)
    drill_id: int | None = None


class Seen(SQLModel, table=True):
    """A platform user that the bot has met, so that a username can be resolved to an id."""

    __tablename__ = "seen"
    __table_args__ = (UniqueConstraint("transport", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    user: str
    name: str = ""
    username: str = Field(default="", index=True)
