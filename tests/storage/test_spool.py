"""What arrives is kept at once, whoever holds the database, and reaches the inbox once."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import inbox
from storage.database import Database, DatabaseError
from storage.spool import Spool
from tests.stores import KEY, copy_of

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


@pytest.fixture
def url(fresh_file: Path, tmp_path: Path) -> str:
    """SQLite alone: elsewhere nobody waits for another's transaction."""
    return copy_of(fresh_file, tmp_path)


async def waiting(database: Database) -> list[dict[str, object]]:
    async with database.read() as session:
        return [payload for _, payload in await inbox.waiting(session)]


async def test_an_arrival_is_kept_while_another_transaction_writes(url: str) -> None:
    database = Database(url, KEY)
    async with database.write():
        async with asyncio.timeout(1):
            await inbox.arrive(database, "slack:1", {"text": "claim 1"}, NOW, "slack")
    await inbox.collect(database)
    assert await waiting(database) == [{"text": "claim 1"}]
    await database.close()


async def test_what_a_crash_left_behind_is_collected_in_order_and_once(url: str) -> None:
    before = Database(url, KEY)
    for number in (1, 2, 2, 3):
        await inbox.arrive(before, f"slack:{number}", {"n": number}, NOW, "slack")
    assert before.spool
    left = before.spool.kept()
    await inbox.collect(before)
    # The crash came between the commit and the forgetting.
    for each in left:
        before.spool.put(each.key, each.transport, each.payload, each.at)
    await before.close()

    after = Database(url, KEY)
    await inbox.collect(after)
    assert await waiting(after) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert after.spool
    assert after.spool.kept() == []
    await after.close()


def test_an_empty_spool_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "arrivals"
    assert Spool(file).kept() == []
    assert not file.exists()


async def test_a_disk_that_is_full_is_an_error_of_the_database(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    database = Database(url, KEY)
    monkeypatch.setattr(Spool, "put", full)
    with pytest.raises(DatabaseError, match="disk is full"):
        await inbox.arrive(database, "slack:1", {}, NOW, "slack")
    await database.close()
