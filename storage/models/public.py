"""What the brand has said in public: where each text stands, and what was promised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models.columns import moment, words
from storage.types import UtcDateTime


class Commitment(SQLModel, table=True):
    """A promise made in public. Numbers run per incident: `P1` of #12."""

    __tablename__ = "commitment"
    __table_args__ = (UniqueConstraint("incident_id", "number", name="uq_commitment"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    text: str = words()
    owner: str
    """Who sees to it that it is kept."""
    due_at: datetime = Field(sa_type=UtcDateTime)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    state: str = "open"
    """open, kept or dropped."""
    proof: str = words()
    """What shows that it was kept, or why it was dropped."""
    settled_by: str = ""
    settled_at: datetime | None = moment()


class Release(SQLModel, table=True):
    """A person put an approved text in public. One text of an incident stands at an address at a time."""

    __tablename__ = "release"
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    version: int
    """The number of the version that it is."""
    channel: str
    """An id of `playbooks/checks/data/platforms.yaml`."""
    text: str = words()
    hash: str
    url: str = words()
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = moment()
    """When the text is to be renewed or taken down; None: it may stand."""
    state: str = "live"
    """live; recalled: it has to go and still stands; down: it is gone; replaced: a later text stands in its place."""
    verified_at: datetime | None = moment()
    """When somebody last held what stands there against the text."""
    verified_by: str = ""
    differs: bool = False
    """What stood there was not the text."""


class Question(SQLModel, table=True):
    """What the public asks, and the one answer that is given to it. Numbers run per incident: `Q1` of #12."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("incident_id", "number", name="uq_question"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    kind: str = ""
    """A kind of `playbooks/questions.yaml`; empty for what is asked here only."""
    text: str = words()
    answer: str = words()
    hash: str = ""
    """Of the answer; an approval is for this one."""
    state: str = "open"
    """open: nobody has written an answer; waiting: a lead has to approve it; approved."""
    by: str = ""
    """Who wrote the answer."""
    approved_by: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    posted: int = 0
    """How often it was given in public."""
    handed: int = 0
    """How often somebody was handed to customer service instead."""
