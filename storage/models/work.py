"""What people work on: incidents, their timelines, steps, statements, drills, and what is due."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import data, moment, words
from storage.types import UtcDateTime


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


class Deadline(SQLModel, table=True):
    """Something that is due, written in the transaction that causes it and deleted in the one that does it.

    Fired by one conditional UPDATE, again and again as the ladder says, until it is done.
    """

    __tablename__ = "deadline"
    __table_args__ = (UniqueConstraint("incident_id", "kind", "ref", name="uq_deadline"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    kind: str
    ref: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """Which one of its kind: a step's number, a version's."""
    what: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """What is to be done, in a few words, where the kind does not say it."""
    to: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """Whose duty it is; empty: the commander's."""
    due_at: datetime = Field(sa_type=UtcDateTime)
    fires_at: datetime | None = moment()
    """When somebody is told next; None: when it is due."""
    rung: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often somebody was told."""
    done_at: datetime | None = moment(index=True)
    """When somebody was told for the last time, if nobody is told any more."""
    drill_id: int | None = None

    @property
    def is_late(self) -> bool:
        """Whether its time has passed and somebody was told."""
        return self.rung > 0 or self.done_at is not None
