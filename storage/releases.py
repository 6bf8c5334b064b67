"""Releases: which approved text a person put where, whether it still stands, and whether it is what was approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, Release

STANDING = ("live", "recalled")
"""States in which the public can still read it."""


async def add(session: Session, release: Release) -> Sequence[Release]:
    """Store that a text stands on a channel now; returns what stood there before and is replaced."""
    # The incident's row serialises them, so that two who publish at once leave one text standing.
    await session.scalar(select(Incident.id).where(Incident.id == release.incident_id).with_for_update())
    replaced = [
        each
        for each in await of(session, release.incident_id)
        if each.channel == release.channel and each.state in STANDING and each.url == release.url
    ]
    for each in replaced:
        await move(session, each, "replaced")
    session.add(release)
    await session.flush()
    return replaced


async def of(session: Session, incident_id: int) -> Sequence[Release]:
    """An incident's releases in order."""
    query = select(Release).where(Release.incident_id == incident_id).order_by(col(Release.id))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def move(session: Session, release: Release, state: str) -> bool:
    """Say that a text has to go, is gone or is replaced; False if it was no longer as it was read."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Release)
        .where(col(Release.id) == release.id, col(Release.state) == release.state)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def verified(session: Session, release: Release, *, by: str, at: datetime, differs: bool) -> None:
    """Note what came of holding a standing text against what was approved."""
    await session.execute(
        update(Release)
        .where(col(Release.id) == release.id)
        .values(verified_by=by, verified_at=at, differs=differs)
        .execution_options(synchronize_session=False)
    )
