"""Writing transactions on SQLite: on the thread of the event loop, and patient with other processes."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from storage import inbox
from storage.database import Database
from storage.inline import InlineConnection
from tests import stores

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.fixture
def url(fresh_file: Path, tmp_path: Path) -> str:
    return stores.copy_of(fresh_file, tmp_path)


@contextmanager
def locked(file: str | Path) -> Iterator[None]:
    """Another process's writing transaction, as SQLite sees it."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def test_what_is_written_takes_no_detour_over_a_thread(store: Database) -> None:
    async with store.write() as session:
        raw = await (await session.connection()).get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.create_function("here", 0, threading.get_ident)
        assert await session.scalar(text("SELECT here()")) == threading.get_ident()


async def test_everything_else_goes_on_while_another_process_writes(store: Database) -> None:
    async def write() -> bool:
        async with store.write() as session:
            return await inbox.put(session, "slack:1", {}, NOW)

    with locked(make_url(store.url).database or ""):
        writing = asyncio.create_task(write())
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert not writing.done()
    assert await writing


async def test_patience_has_an_end(tmp_path: Path) -> None:
    connection = await InlineConnection(str(tmp_path / "some.db"), patience=0.02)
    with locked(tmp_path / "some.db"), pytest.raises(sqlite3.OperationalError, match="locked"):
        await connection.execute("BEGIN IMMEDIATE")
    await connection.close()
