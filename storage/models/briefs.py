"""What those who lead are told of an incident, and who has read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models.columns import data
from storage.types import UtcDateTime


class Brief(SQLModel, table=True):
    """Half a page, as it was at one moment. It is never written anew, so that everybody has read the same."""

    __tablename__ = "brief"
    __table_args__ = (UniqueConstraint("incident_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    """Counted from 1 in each incident."""
    level: str
    pages: dict[str, Any] = data()
    """Language -> title, and sections of a heading and lines."""
    at: datetime = Field(sa_type=UtcDateTime)


class Reading(SQLModel, table=True):
    """Somebody has read a brief; once each."""

    __tablename__ = "reading"
    __table_args__ = (UniqueConstraint("brief_id", "person"),)
    id: int | None = Field(default=None, primary_key=True)
    brief_id: int = Field(foreign_key="brief.id")
    person: str
    at: datetime = Field(sa_type=UtcDateTime)
