"""Who outside the house was told, and what people outside say of it afterwards: both through a link with a token."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models.columns import moment, words
from storage.types import UtcDateTime


class PartnerNotice(SQLModel, table=True):
    """A notice to a partner: a store, an agency, a supplier. Numbers run per incident."""

    __tablename__ = "partner_notice"
    __table_args__ = (UniqueConstraint("incident_id", "number", name="uq_partner_notice"),)
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    drill_id: int | None = None
    number: int
    partner: str
    text: str = words()
    hash: str
    """Of the text."""
    token: str | None = Field(default=None, unique=True)
    """The SHA-256 of the token in its link; None: it has no link."""
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = moment()
    confirmed_by: str = ""
    """What whoever confirmed it calls themselves."""
    marked_by: str = ""
    """Who of the team noted that; empty: it was confirmed through the link."""
    replaced: bool = False
    """A later notice to the same partner stands in its place."""


class Survey(SQLModel, table=True):
    """The public form of an incident that asks how it went. One link, many answers."""

    __tablename__ = "survey"
    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", unique=True)
    drill_id: int | None = None
    nonce: str
    """The token is made from it with the hash key, so it can be shown again and is not in the database."""
    token: str = Field(unique=True)
    """The SHA-256 of the token."""
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)


class Opinion(SQLModel, table=True):
    """One answer to a survey. Nothing says whose."""

    __tablename__ = "opinion"
    id: int | None = Field(default=None, primary_key=True)
    survey_id: int = Field(foreign_key="survey.id", index=True)
    score: int
    """1 to 5."""
    solved: bool
    text: str = words()
    """Without personal data."""
    at: datetime = Field(sa_type=UtcDateTime)
