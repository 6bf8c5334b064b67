"""Partners: the notices that were made for them, and that they have been read.

A notice is confirmed by one conditional UPDATE, so its token counts once. Only the token's hash is kept: whoever reads the
database confirms nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, PartnerNotice

TOKEN_BYTES = 24
"""192 bits: nobody guesses one."""


def new_token() -> str:
    """A token that fits an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


async def add(session: Session, notice: PartnerNotice) -> list[PartnerNotice]:
    """Store a notice under the incident's next number; returns those to the same partner that it replaces."""
    # The incident's row serialises them, so that two who add at once get two numbers.
    mine = PartnerNotice.incident_id == notice.incident_id
    await session.scalar(select(Incident.id).where(Incident.id == notice.incident_id).with_for_update())
    notice.number = (await session.scalar(select(func.max(PartnerNotice.number)).where(mine)) or 0) + 1
    unread = (
        col(PartnerNotice.incident_id) == notice.incident_id,
        col(PartnerNotice.partner) == notice.partner,
        col(PartnerNotice.confirmed_at).is_(None),
        ~col(PartnerNotice.replaced),
    )
    replaced = (
        await session.scalars(
            update(PartnerNotice)
            .where(*unread)
            .values(replaced=True)
            .returning(PartnerNotice)
            .execution_options(synchronize_session=False)
        )
    ).all()
    session.add(notice)
    await session.flush()
    return list(replaced)


async def of(session: Session, incident_id: int) -> list[PartnerNotice]:
    """An incident's notices in order."""
    query = select(PartnerNotice).where(PartnerNotice.incident_id == incident_id)
    query = query.order_by(col(PartnerNotice.number)).execution_options(populate_existing=True)
    return list((await session.scalars(query)).all())


async def get(session: Session, number: int) -> PartnerNotice | None:
    """The notice with this id."""
    return await session.get(PartnerNotice, number, populate_existing=True)


async def with_token(session: Session, token: str) -> PartnerNotice | None:
    """The notice whose link has this token."""
    return await session.scalar(select(PartnerNotice).where(PartnerNotice.token == digest_of(token)))


async def confirm(
    session: Session, notice: PartnerNotice, at: datetime, *, name: str = "", marked_by: str = ""
) -> bool:
    """Note that a notice was read; False if it was noted already or replaced. The first one wins."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(PartnerNotice)
        .where(
            col(PartnerNotice.id) == notice.id,
            col(PartnerNotice.confirmed_at).is_(None),
            ~col(PartnerNotice.replaced),
        )
        .values(confirmed_at=at, confirmed_by=name, marked_by=marked_by)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
