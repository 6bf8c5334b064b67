"""Statements: versions and the votes on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, Version, Vote


def hash_of(text: str) -> str:
    """The hash that votes are bound to."""
    return hashlib.sha256(text.encode()).hexdigest()


async def add(session: Session, version: Version) -> Version:
    """Store a new version under the incident's next number; older pending ones are superseded."""
    incident = await session.scalar(
        select(Incident).where(Incident.id == version.incident_id).with_for_update()
    )
    if incident is None:
        raise LookupError(f"no incident {version.incident_id}")
    await session.refresh(incident, ["versions"])
    incident.versions += 1
    version.number = incident.versions
    await session.execute(
        update(Version)
        .where(
            col(Version.incident_id) == version.incident_id, col(Version.state).in_(["pending", "changes"])
        )
        .values(state="superseded", settled_at=version.created_at)
    )
    session.add(version)
    await session.flush()
    return version


async def of(session: Session, incident_id: int) -> Sequence[Version]:
    """An incident's versions in order."""
    return (
        await session.scalars(
            select(Version).where(Version.incident_id == incident_id).order_by(col(Version.number))
        )
    ).all()


async def votes(session: Session, version_id: int) -> Sequence[Vote]:
    """The votes on a version, in order."""
    return (
        await session.scalars(select(Vote).where(Vote.version_id == version_id).order_by(col(Vote.id)))
    ).all()


async def lock(session: Session, version_id: int) -> Version | None:
    """Read a version and hold it until the transaction ends, so that two last votes count one after the other."""
    query = select(Version).where(Version.id == version_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def vote(session: Session, ballot: Vote) -> bool:
    """Cast a vote; False if this person has voted on this version. Lock the version first."""
    query = select(Vote.id).where(Vote.version_id == ballot.version_id, Vote.person == ballot.person)
    if await session.scalar(query):
        return False
    session.add(ballot)
    await session.flush()
    return True


async def settle(session: Session, version: Version, state: str, at: datetime) -> bool:
    """Move a pending version to approved, changes or vetoed; False if it is no longer pending."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Version)
        .where(
            col(Version.id) == version.id, col(Version.state) == "pending", col(Version.hash) == version.hash
        )
        .values(state=state, settled_at=at)
    )
    return result.rowcount == 1
