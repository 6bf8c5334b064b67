"""What somebody has to do in an incident."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import moment, words


class Step(SQLModel, table=True):
    """A piece of work: a step of a playbook, or a free task, which is a step of no playbook.

    One table for both, since both have a number, somebody who does it, a time and one tick: so there is one way to settle, to
    hand over, to be late, and one question for what a person has to do.
    """

    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("incident_id", "playbook", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    playbook: str
    """Empty for a task."""
    number: int
    """A step's place in its playbook; tasks are counted from 1 in each incident."""
    title: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    role: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """The role whose work it is; a task is a person's."""
    person: str = Field(default="", sa_type=Text, index=True, sa_column_kwargs={"server_default": text("''")})
    """Who does it; empty while nobody holds the role."""
    started_at: datetime | None = moment()
    """Since when it can be done; None while it waits for another step or for its condition."""
    due_at: datetime | None = moment()
    outcome: str = ""
    """done or skip; empty while it is open."""
    by: str = ""
    at: datetime | None = moment()
    note: str = words()

    @property
    def is_task(self) -> bool:
        """Whether it stands in no playbook."""
        return not self.playbook

    @property
    def kind(self) -> str:
        """The kind of its deadline."""
        return "task" if self.is_task else "step"
