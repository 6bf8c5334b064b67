"""What is said in public: the facts it rests on, its versions, the votes on them, what a lead let pass."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from storage.models.columns import data, moment, words
from storage.types import UtcDateTime


def _later() -> Any:
    """A column that came after its table: empty in rows that were there before."""
    return Field(default="", sa_type=Text, sa_column_kwargs={"server_default": sql("''")})


class Fact(SQLModel, table=True):
    """A line of an incident's fact table. Numbers run per incident: `F1` of #12."""

    __tablename__ = "fact"
    __table_args__ = (UniqueConstraint("incident_id", "number", name="uq_fact"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    claim: str = words()
    state: str = "unconfirmed"
    """unconfirmed, confirmed or false."""
    source: str = words()
    """A link, or who said it."""
    by: str
    """Who added it; who owns it."""
    at: datetime = Field(sa_type=UtcDateTime)
    settled_by: str = ""
    settled_at: datetime | None = moment()


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
    variants: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """Channel -> the text for it, where it is not the one for all; None: there is no such channel."""
    hash: str
    """Of the text and its variants."""
    state: str = "pending"
    """pending, released (one lead alone let a pre-approved text go; its review is owed), approved, changes, vetoed, superseded or recalled."""
    authors: list[Any] = data(list)
    """Everyone whose edit is in it since the last approved version."""
    level: str = _later()
    """The incident's when it was written, and from its approval on that whose path approved it: a level that fell since does not ask for less."""
    made: str = _later()
    """The hash of what its template made; empty if people wrote the text."""
    released_by: str = _later()
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = moment()


class Vote(SQLModel, table=True):
    """One person's vote on one version, bound to the hash of its text and to the incident's level."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("version_id", "person"),)
    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="version.id")
    person: str
    choice: str
    """approve, changes, veto or recuse."""
    hash: str
    reason: str = words()
    level: str = _later()
    until: datetime | None = moment()
    """When it expires; None: never."""
    fell: str = _later()
    """Why it no longer counts: `level`, or the fact that changed, `F3`."""
    at: datetime = Field(sa_type=UtcDateTime)


class Override(SQLModel, table=True):
    """A lead let a version pass although a check bars it; bound to the hash of its text."""

    __tablename__ = "override"
    __table_args__ = (UniqueConstraint("version_id", "code", name="uq_override"),)
    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="version.id")
    drill_id: int | None = None
    code: str
    """The check, `L03`."""
    hash: str
    by: str
    reason: str = words()
    at: datetime = Field(sa_type=UtcDateTime)
