"""Statements: versions, the votes on them, and what a lead let pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, or_, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import LIVING, Incident, Override, Version, Vote

OPEN = ("pending", "released")
"""States in which a version is voted on."""
SPOKEN = ("released", "approved")
"""States in which a version may be public."""
EXPIRED = "expired"
"""Why an approval fell whose time is over."""


def hash_of(text: str, variants: Mapping[str, str] | None = None) -> str:
    """The hash that votes are bound to: of a text and what it is on the channels that have one of their own."""
    whole = json.dumps([text, variants], ensure_ascii=False, sort_keys=True) if variants else text
    return hashlib.sha256(whole.encode()).hexdigest()


def text_for(version: Version, channel: str) -> str:
    """What goes out on a channel."""
    return str((version.variants or {}).get(channel, version.text))


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


def writers(versions: Sequence[Version]) -> tuple[dict[int, list[str]], list[str]]:
    """Everyone whose edit is in each version since the last approved one, by number; and in whatever is written next.

    An approval that was taken back vouches for nothing, so the words of a recalled version are in those after it as if it had
    never been approved: whoever wrote them approves none of these.

    Args:
        versions: of one incident, in order.
    """
    found: dict[int, list[str]] = {}
    left: list[str] = []
    for each in versions:
        found[each.number] = list(dict.fromkeys([*left, *each.authors]))
        left = [] if each.state == "approved" else found[each.number]
    return found, left


async def take_over(session: Session, version: Version, authors: Sequence[str]) -> None:
    """Count these as the authors of a version, whose text is in part theirs."""
    await _changed(
        session, update(Version).where(col(Version.id) == version.id).values(authors=list(authors))
    )


async def spoken(session: Session, incident_id: int) -> Version | None:
    """The newest version that may be public: approved, or released by a lead alone."""
    query = select(Version).where(Version.incident_id == incident_id, col(Version.state).in_(SPOKEN))
    return await session.scalar(query.order_by(col(Version.number).desc()).limit(1))


async def voted_on(session: Session) -> Sequence[int]:
    """The incidents, by number, that have a version that is voted on."""
    query = (
        select(Version.incident_id)
        .join(Incident, col(Incident.id) == col(Version.incident_id))
        .where(col(Version.state).in_(OPEN), col(Incident.state).in_(LIVING))
    )
    return (await session.scalars(query.distinct().order_by(col(Version.incident_id)))).all()


async def votes(session: Session, version_id: int) -> Sequence[Vote]:
    """The votes on a version, in order."""
    query = select(Vote).where(Vote.version_id == version_id).order_by(col(Vote.at), col(Vote.id))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def lock(session: Session, version_id: int) -> Version | None:
    """Read a version and hold it until the transaction ends, so that two last votes count one after the other."""
    query = select(Version).where(Version.id == version_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def vote(session: Session, ballot: Vote) -> bool:
    """Cast a vote; False if this person has one that counts. Lock the version first.

    One that fell, expired or was given at another level is replaced, and any but a recusal by a recusal.
    """
    query = select(Vote.id).where(Vote.version_id == ballot.version_id, Vote.person == ballot.person)
    if not await session.scalar(query):
        session.add(ballot)
        await session.flush()
        return True
    is_void = or_(col(Vote.fell) != "", col(Vote.until) <= ballot.at, col(Vote.level) != ballot.level) & col(
        Vote.choice
    ).in_(["approve"])
    is_replaced = or_(is_void, col(Vote.choice) == "approve") if ballot.choice == "recuse" else is_void
    given = ballot.model_dump(include={"choice", "hash", "reason", "level", "until", "at"})
    return await _changed(
        session,
        update(Vote)
        .where(col(Vote.version_id) == ballot.version_id, col(Vote.person) == ballot.person, is_replaced)
        .values(**given, fell=""),
    )


async def fall(session: Session, version_id: int, why: str) -> Sequence[str]:
    """Void the approvals of a version; returns whose they were."""
    standing = (col(Vote.version_id) == version_id, col(Vote.choice) == "approve", col(Vote.fell) == "")
    whose = (await session.scalars(select(Vote.person).where(*standing).order_by(col(Vote.id)))).all()
    if whose:
        await _changed(session, update(Vote).where(*standing).values(fell=why))
    return whose


async def expire(session: Session, version_id: int, now: datetime) -> Sequence[str]:
    """Void the approvals of a version whose time is over; returns whose they were. Lock the version first."""
    over = (
        col(Vote.version_id) == version_id,
        col(Vote.choice) == "approve",
        col(Vote.fell) == "",
        col(Vote.until) <= now,
    )
    whose = (await session.scalars(select(Vote.person).where(*over).order_by(col(Vote.id)))).all()
    if whose:
        await _changed(session, update(Vote).where(*over).values(fell=EXPIRED))
    return whose


async def settle(session: Session, version: Version, state: str, at: datetime, level: str = "") -> bool:
    """Move a version that is voted on to approved, changes or vetoed; False if it is settled or holds another text.

    `level`: whose path has approved it; empty: that of the version stays.
    """
    values = {"state": state, "settled_at": at} | ({"level": level} if level else {})
    return await _changed(
        session,
        update(Version)
        .where(col(Version.id) == version.id, col(Version.state).in_(OPEN), col(Version.hash) == version.hash)
        .values(**values),
    )


async def put_back(session: Session, version: Version) -> bool:
    """Have an approved version voted on again; False if it is no longer approved."""
    return await _changed(
        session,
        update(Version)
        .where(col(Version.id) == version.id, col(Version.state) == "approved")
        .values(state="pending", settled_at=None),
    )


async def release(session: Session, version: Version, by: str, at: datetime) -> bool:
    """Let a pending version go whose text is what its template made; False if it is not pending or was edited."""
    return await _changed(
        session,
        update(Version)
        .where(
            col(Version.id) == version.id,
            col(Version.state) == "pending",
            col(Version.hash) == version.hash,
            col(Version.made) == version.hash,
        )
        .values(state="released", released_by=by, settled_at=at),
    )


async def recall(session: Session, version: Version, at: datetime) -> bool:
    """Take back a version that may be public; False if it is not one, or no longer."""
    return await _changed(
        session,
        update(Version)
        .where(col(Version.id) == version.id, col(Version.state).in_(SPOKEN))
        .values(state="recalled", settled_at=at),
    )


async def let_pass(session: Session, override: Override) -> bool:
    """Store that a lead lets a version pass a check; False if somebody did already. Lock the version first."""
    query = select(Override.id).where(
        Override.version_id == override.version_id, Override.code == override.code
    )
    if await session.scalar(query):
        return False
    session.add(override)
    await session.flush()
    return True


async def overrides(session: Session, version_id: int) -> Sequence[Override]:
    """What leads let a version pass, in order."""
    query = select(Override).where(Override.version_id == version_id)
    return (await session.scalars(query.order_by(col(Override.id)))).all()


async def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        statement.execution_options(synchronize_session=False)
    )
    return result.rowcount > 0
