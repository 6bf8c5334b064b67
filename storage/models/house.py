"""What every text of an incident says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.models.columns import data, moment, words
from storage.types import UtcDateTime


class HouseLine(SQLModel, table=True):
    """A line of an incident's message house: the core message, or one of three key messages and what proves it."""

    __tablename__ = "house_line"
    __table_args__ = (
        # In each place one line is agreed and one proposed, even when two people write in the same moment.
        Index(
            "ux_house_line",
            "incident_id",
            "place",
            "state",
            unique=True,
            sqlite_where=text("state <> 'replaced'"),
            postgresql_where=text("state <> 'replaced'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    place: int
    """0: the roof; 1, 2 and 3: the pillars."""
    text: str = words()
    facts: list[Any] = data(list)
    """The numbers of the facts that prove it."""
    state: str = "proposed"
    """proposed, agreed or replaced."""
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    agreed_by: str = ""
    agreed_at: datetime | None = moment()
