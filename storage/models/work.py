"""What people work on: incidents, their timelines, drills, and what is due."""

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
    private: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Only those who were admitted may know of it (see `Admitted`)."""
    room: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """Whether it has a room of its own: empty, `asked` or `open`."""
    versions: int = 0
    entries: int = 0
    head: str = ""
    """The last link of the entry chain."""


OLD_NEWS = text("true")
"""Of what was there before it could be told, nobody is told any more."""


class Entry(SQLModel, table=True):
    """One line of an incident's timeline; append-only, chained (see `timeline`)."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("incident_id", "seq"),
        Index("ix_entry_untold", "id", sqlite_where=text("NOT told"), postgresql_where=text("NOT told")),
    )
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
    told: bool = Field(default=False, sa_column_kwargs={"server_default": OLD_NEWS})
    """Whether other programs were told of it (see `storage.bridges`); not part of what is sealed."""
    salt: str = ""
    digest: str
    link: str


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
