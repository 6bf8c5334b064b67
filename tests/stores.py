"""Databases for tests: a copy of a fresh SQLite file, or a PostgreSQL database of our own that is emptied."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from sqlmodel import SQLModel

from storage.database import Database, with_driver

SERVER = "postgresql://postgres@127.0.0.1:5432/test"
KEY = b"key of the tests"

on_both = pytest.mark.parametrize(
    "url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
"""Runs a test on both databases."""
on_postgres = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def upgraded(url: str) -> str:
    """Bring a database to the newest migration."""

    async def upgrade() -> None:
        database = Database(url, KEY)
        await database.upgrade()
        await database.close()

    asyncio.run(upgrade())
    return url


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where the system has one: no test asks what a power cut leaves, and on a busy disk each waits for it."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def fresh_file(folder: Path) -> Path:
    """A SQLite file with empty tables, to be copied."""
    upgraded(f"sqlite:///{folder / 'fresh.db'}")
    return folder / "fresh.db"


def copy_of(fresh: Path, folder: Path) -> str:
    """The URL of a copy."""
    for left in folder.glob("fenghuo.db*"):
        left.unlink()
    return f"sqlite:///{shutil.copy(fresh, folder / 'fenghuo.db')}"


class Threadless(Database):
    """One that looks things up on the thread of the event loop too, and brings nothing to the disk.

    In a test nobody waits while another looks something up, and a thread for each reading connection and one for the disk
    take a fifth of its time. Tests that are about those threads open a `Database`.
    """

    def __init__(self, url: str, key: bytes) -> None:
        super().__init__(url, key)
        if self.is_sqlite:
            self._reader = self._engine("BEGIN", size=4, inline=True)
            self._checkpoint = None


_idle: dict[str, list[Database]] = defaultdict(list)


def borrowed(url: str) -> Database:
    """A database that nobody uses at the moment. Compiling all statements anew for each test would take longer than the test."""
    idle = _idle[with_driver(url)]
    database = idle.pop() if idle else Threadless(url, KEY)
    # A lock that was ever waited for belongs to the event loop of that test.
    database._turn = asyncio.Lock()
    return database


async def returned(database: Database) -> None:
    """Close it, for the next test to open."""
    await database.close()
    _idle[database.url].append(database)


@contextmanager
def own_postgres() -> Iterator[str]:
    """A PostgreSQL database with empty tables, dropped at the end.

    Where there is no server the test is skipped, or fails where the environment says that it must run.
    """
    name = f"fenghuo_test_{os.getpid()}_{secrets.token_hex(3)}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        reason = f"no PostgreSQL server on 127.0.0.1:5432: {str(error).splitlines()[0]}"
        if os.environ.get("FENGHUO_NEEDS_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with server:
        server.execute(f"CREATE DATABASE {name}")
        server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        try:
            yield upgraded(SERVER.replace("/test", f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def emptied(url: str) -> str:
    """Empty every table of a PostgreSQL database; numbers start at 1 again.

    TRUNCATE would make new files for each table, which takes a second for all of them; most hold a few rows or none.
    """
    deletes = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(SQLModel.metadata.sorted_tables))
    with psycopg.connect(url) as connection:
        connection.execute(deletes)
        connection.execute(
            "SELECT setval(format('%I', sequencename)::regclass, start_value, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )
    return url
