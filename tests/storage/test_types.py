"""Moments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from storage import inbox, incidents
from storage.database import Database
from storage.models import Incident
from tests.storage.conftest import NOW


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 20, 12)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a zone"):
        async with database.write() as session:
            await inbox.put(session, "k", {}, naive)
    with pytest.raises(StatementError, match="without a zone"):
        async with database.write() as session:
            await incidents.create(session, Incident(opened_at=naive))
    async with database.read() as session:
        assert await inbox.waiting(session) == []


async def test_a_time_comes_back_in_utc_whatever_zone_it_was_said_in(database: Database) -> None:
    said = NOW.astimezone(timezone(timedelta(hours=8))) + timedelta(microseconds=123_456)
    async with database.write() as session:
        await incidents.create(session, Incident(opened_at=said))
    async with database.read() as session:
        found = await incidents.get(session, 1)
    assert found is not None
    assert found.opened_at == said
    assert found.opened_at.utcoffset() == timedelta(0)
    assert found.claimed_at is None
