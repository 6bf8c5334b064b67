"""People the bot has met, and forms they are in the middle of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import OpenForm, Seen


async def meet(session: Session, transport: str, user: str, name: str, username: str) -> None:
    """Remember a platform user under the id that the platform vouches for."""
    names = {"name": name, "username": username.lower()}
    query = select(Seen.name, Seen.username).where(Seen.transport == transport, Seen.user == user)
    if (await session.execute(query)).one_or_none() != tuple(names.values()):
        statement = inserting(session, Seen).values(transport=transport, user=user, **names)
        await session.execute(
            statement.on_conflict_do_update(index_elements=["transport", "user"], set_=names)
        )


async def by_username(session: Session, transport: str, username: str) -> Seen | None:
    """The user who was last seen under a username."""
    query = select(Seen).where(Seen.transport == transport, Seen.username == username.lower())
    return await session.scalar(query.order_by(col(Seen.id).desc()).limit(1))


async def open_form(
    session: Session, transport: str, channel: str, user: str, form: Mapping[str, Any], at: datetime
) -> OpenForm:
    """Begin a form for a person in a channel; one that was left unfinished there is dropped."""
    await close_form(session, transport, channel, user)
    row = OpenForm(transport=transport, channel=channel, user=user, form=dict(form), at=at)
    session.add(row)
    await session.flush()
    return row


async def form_of(session: Session, transport: str, channel: str, user: str) -> OpenForm | None:
    """The form that a person is answering in a channel."""
    query = select(OpenForm).where(
        OpenForm.transport == transport, OpenForm.channel == channel, OpenForm.user == user
    )
    return await session.scalar(query)


async def close_form(session: Session, transport: str, channel: str, user: str) -> None:
    """Drop a person's form in a channel."""
    await session.execute(
        delete(OpenForm).where(
            col(OpenForm.transport) == transport, col(OpenForm.channel) == channel, col(OpenForm.user) == user
        )
    )
