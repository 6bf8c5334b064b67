"""The database: transactions that are short, fair and safe on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

Session = AsyncSession
DatabaseError = SQLAlchemyError
"""The database refused or could not be reached."""

BUSY_MS = 15_000
"""How long SQLite waits for a lock that another process holds."""


class Database:
    """One database, opened by URL (`sqlite[+aiosqlite]:///file` or `postgresql[+psycopg]://...`).

    On SQLite writing transactions queue in this process, first come first served, and open with BEGIN IMMEDIATE:
    SQLite itself makes writers poll for the lock, which starves whoever is unlucky.

    Args:
        url: where.
        key: signs the entry chain.
    """

    def __init__(self, url: str, key: bytes) -> None:
        self.url = with_driver(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self._info = {"key": key}
        self._turn = asyncio.Lock()
        self._writer = self._engine("BEGIN IMMEDIATE", size=1)
        self._reader = self._engine("BEGIN", size=4) if self.is_sqlite else self._writer

    def _engine(self, begin: str, *, size: int) -> AsyncEngine:
        if not self.is_sqlite:
            return create_async_engine(self.url, pool_size=8, pool_pre_ping=True)
        engine = create_async_engine(self.url, pool_size=size, max_overflow=0, pool_timeout=60)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """A transaction that only looks."""
        async with AsyncSession(self._reader, expire_on_commit=False, info=self._info) as session, session.begin():
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """A transaction that is committed at the end of the block, or rolled back if it raises."""
        if not self.is_sqlite:
            async with AsyncSession(self._writer, expire_on_commit=False, info=self._info) as session, session.begin():
                yield session
            return
        async with self._turn, AsyncSession(self._writer, expire_on_commit=False, info=self._info) as session:
            async with session.begin():
                yield session

    async def upgrade(self) -> None:
        """Bring the tables to the newest migration."""
        if self.is_sqlite and (file := make_url(self.url).database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(self.url)
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
        await engine.dispose()

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()


def inserting(session: Session, model: type[Any]) -> Any:
    """An INSERT that can say what to do when the row is there already (`on_conflict_do_...`), which plain SQL cannot."""
    dialect = session.get_bind().dialect.name
    return postgresql.insert(model) if dialect == "postgresql" else sqlite.insert(model)


def with_driver(url: str) -> str:
    """Name the async driver where the URL leaves it out."""
    for plain, driven in (
        ("sqlite://", "sqlite+aiosqlite://"),
        ("postgresql://", "postgresql+psycopg://"),
        ("postgres://", "postgresql+psycopg://"),
    ):
        if url.startswith(plain):
            return driven + url.removeprefix(plain)
    return url


def alembic_config() -> AlembicConfig:
    """Where the migrations are."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy sends BEGIN itself (see the "begin" listener), so the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
