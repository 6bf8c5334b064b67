"""What comes in and goes out: notices, the inbox and the outbox, messages and the people behind them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import data, moment, words
from storage.types import UtcDateTime


class Notice(SQLModel, table=True):
    """Something the bot noticed and has still to say; written with what it is about, consumed by dispatch."""

    __tablename__ = "notice"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    incident_id: int | None = None
    data: dict[str, Any] = data()
    drill_id: int | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = moment(index=True)


class Inbox(SQLModel, table=True):
    """What arrived from a platform, stored before it was acknowledged."""

    __tablename__ = "inbox"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    transport: str = ""
    payload: dict[str, Any] = data()
    at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = moment(index=True)
    outcome: str = ""


class Outbox(SQLModel, table=True):
    """A message on its way out, committed together with the state it tells of."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "not_before"), Index("ix_outbox_key", "key", "kind"))
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """post, edit, whisper or picture; room, topic, invite, pin, archive or fetch (see `storage.outbox.ERRANDS`)."""
    transport: str
    channel: str
    thread: str = ""
    under: str = ""
    """Key of the card in whose thread it goes; resolved when it is sent."""
    key: str = ""
    """Key of the card that it is (post), replaces (edit) or belongs to (picture)."""
    broadcast: bool = False
    to: str = ""
    prompt: bool = False
    secret: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Few may know of it: a whisper's words are forgotten once it is said, a room is a private one."""
    card: dict[str, Any] = data()
    incident_id: int | None = None
    drill_id: int | None = None
    rank: int = 1
    """0 goes first: new alerts and what a person waits for."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    state: str = "pending"
    """pending, sending, unsure, sent, failed or superseded."""
    lease_until: datetime | None = moment()
    message: str = ""
    sent_at: datetime | None = moment()
    error: str = words()


class Spot(SQLModel, table=True):
    """A message, thread or channel that belongs to an incident, and the living card it is a copy of, if it is one."""

    __tablename__ = "spot"
    __table_args__ = (UniqueConstraint("transport", "channel", "message"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    channel: str
    message: str = ""
    """Empty: the whole channel."""
    key: str = Field(default="", index=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    drill_id: int | None = None
    edited_at: datetime | None = moment()


class OpenForm(SQLModel, table=True):
    """A form that is being answered one question at a time; one per person and channel."""

    __tablename__ = "open_form"
    __table_args__ = (UniqueConstraint("transport", "channel", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    channel: str
    user: str
    form: dict[str, Any] = data()
    answers: dict[str, Any] = data()
    at: datetime = Field(sa_type=UtcDateTime)


class Seen(SQLModel, table=True):
    """A platform user that the bot has met, so that a username can be resolved to an id."""

    __tablename__ = "seen"
    __table_args__ = (UniqueConstraint("transport", "user"),)
    id: int | None = Field(default=None, primary_key=True)
    transport: str
    user: str
    name: str = ""
    username: str = Field(default="", index=True)


class Occasion(SQLModel, table=True):
    """Something that comes round, such as the daily digest. Fired by one conditional UPDATE, which sets the next time."""

    __tablename__ = "occasion"
    name: str = Field(primary_key=True)
    rule: str
    due_at: datetime = Field(sa_type=UtcDateTime)
