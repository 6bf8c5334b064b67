"""How many negatives arrived in which hour: what is usual is learned from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Hour

HOUR = timedelta(hours=1)


async def add(session: Session, now: datetime, negatives: Mapping[str, int]) -> None:
    """Count fresh negatives that arrive now, by type of crisis; that none did is counted too.

    In the transaction that stores them, and at once for all, so that it costs next to nothing.
    """
    start = now.replace(minute=0, second=0, microsecond=0)
    found = {"": 0, **negatives}
    new = inserting(session, Hour)
    counted = new.on_conflict_do_update(
        index_elements=["at", "type"], set_={"negatives": col(Hour.negatives) + new.excluded.negatives}
    )
    rows = [{"at": start, "type": kind, "negatives": count} for kind, count in sorted(found.items())]
    # Past the ORM, which would make a statement of its own for each number of rows.
    await (await session.connection()).execute(counted, rows)


async def since(session: Session, start: datetime) -> Sequence[Row[datetime, str, int]]:
    """Rows of at, type and negatives, from then on."""
    query = select(Hour.at, Hour.type, Hour.negatives).where(col(Hour.at) >= start)
    return (await session.execute(query)).all()
