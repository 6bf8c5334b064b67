"""The timeline: append-only, one chain per incident.

Each link is an HMAC over the previous link and a salted digest of the content, so an entry cannot be changed, moved or
taken out unseen. Redaction deletes content and salt and keeps the digest: the chain still holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Entry, Incident


def digest_of(salt: str, entry: Entry) -> str:
    """The salted digest of what an entry says."""
    content = [
        entry.incident_id,
        entry.seq,
        entry.at.isoformat(),
        entry.kind,
        entry.by,
        entry.text,
        entry.data,
    ]
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{salt}\n{canonical}".encode()).hexdigest()


def link_of(key: bytes, previous: str, digest: str) -> str:
    """The link that binds a digest to everything before it."""
    return hmac.new(key, f"{previous}\n{digest}".encode(), hashlib.sha256).hexdigest()


async def append(
    session: Session,
    incident_id: int,
    kind: str,
    *,
    at: datetime,
    by: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
    source: str | None = None,
) -> Entry | None:
    """Add an entry to an incident's timeline.

    `source` names the message it comes from: from one message one entry is made, and None is returned for any other.
    """
    incident = await session.scalar(select(Incident).where(Incident.id == incident_id).with_for_update())
    if incident is None:
        raise LookupError(f"no incident {incident_id}")
    # Another transaction may have appended since this session first saw the incident.
    await session.refresh(incident, ["entries", "head"])
    entry = Entry(
        incident_id=incident_id,
        seq=incident.entries + 1,
        at=at,
        kind=kind,
        by=by,
        text=text,
        data=dict(data or {}),
        source=source,
        salt=secrets.token_hex(16),
        digest="",
        link="",
    )
    entry.digest = digest_of(entry.salt, entry)
    entry.link = link_of(session.info["key"], incident.head, entry.digest)
    statement = inserting(session, Entry).values(entry.model_dump(exclude={"id"}))
    stored: Entry | None = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=["source"]).returning(Entry)
    )
    if stored is not None:
        incident.entries, incident.head = stored.seq, stored.link
        await session.flush()
    return stored


async def of(session: Session, incident_id: int, *, last: int | None = None) -> Sequence[Entry]:
    """An incident's entries in order; with `last`, only the newest so many."""
    query = select(Entry).where(Entry.incident_id == incident_id)
    if last is None:
        return (await session.scalars(query.order_by(col(Entry.seq)))).all()
    newest = (await session.scalars(query.order_by(col(Entry.seq).desc()).limit(last))).all()
    return newest[::-1]


async def latest(session: Session, incident_id: int, kinds: Collection[str]) -> Entry | None:
    """An incident's newest entry of these kinds."""
    query = select(Entry).where(Entry.incident_id == incident_id, col(Entry.kind).in_(list(kinds)))
    return await session.scalar(query.order_by(col(Entry.seq).desc()).limit(1))


async def broken(session: Session, incident: Incident) -> str:
    """Say what is wrong with an incident's chain; empty if it holds."""
    previous, count = "", 0
    for entry in await of(session, incident.id or 0):
        count += 1
        if entry.seq != count:
            return f"#{incident.id}: entry {count} is missing"
        if entry.salt and digest_of(entry.salt, entry) != entry.digest:
            return f"#{incident.id}: entry {count} was changed"
        if link_of(session.info["key"], previous, entry.digest) != entry.link:
            return f"#{incident.id}: entry {count} does not follow from the one before"
        previous = entry.link
    if (count, previous) != (incident.entries, incident.head):
        return f"#{incident.id}: the end of the chain is missing ({count} of {incident.entries} entries)"
    return ""
