"""Accounts that people joined to their own, and the codes they do it with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models.columns import moment
from storage.types import UtcDateTime


class Link(SQLModel, table=True):
    """An account that is somebody's of the roster although the roster does not name it."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("transport", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    user: str
    person: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class LinkCode(SQLModel, table=True):
    """A code that joins whoever says it to the person who asked for it. Only its hash is kept."""

    __tablename__ = "link_code"
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    person: str
    transport: str
    """Where it was asked for,"""
    user: str
    """and by which account."""
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = moment()


class Guess(SQLModel, table=True):
    """How often an account said a code that is none, and until when it has to wait for that."""

    __tablename__ = "guess"
    __table_args__ = (UniqueConstraint("transport", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    user: str
    wrong: int = 0
    waits_until: datetime | None = moment()


class Admitted(SQLModel, table=True):
    """Somebody who may know of a private incident."""

    __tablename__ = "admitted"
    __table_args__ = (UniqueConstraint("incident_id", "person"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    person: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
