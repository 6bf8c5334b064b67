"""Who works on an incident as what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.models.columns import moment
from storage.types import UtcDateTime


class Assignment(SQLModel, table=True):
    """Somebody holds a role in an incident, from one moment until another; without an end they hold it now.

    The commander has no row: that is the incident's `owner`, and a second place would be a second truth.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        # One holder at a time, even when two people take a role in the same moment.
        Index(
            "ux_assignment_held",
            "incident_id",
            "role",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    role: str
    person: str
    by: str
    """Who gave it to them."""
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = moment()
