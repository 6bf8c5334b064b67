"""The database: transactions that are short, fair and safe on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from storage.checkpoint import Checkpoint
from storage.inline import InlineConnection
from storage.precedence import Precedence
from storage.spool import Spool

Session = AsyncSession
DatabaseError = SQLAlchemyError
"""The database refused or could not be reached."""

BUSY_SECONDS = 15.0
"""How long a lock of SQLite is waited for which another process holds."""
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=20000", "foreign_keys=ON")
"""No commit waits for the disk: see `Checkpoint`. SQLite's own, every 1000 pages, is left for when that one cannot."""
JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}
"""Five times as fast as the standard library's; each mention has three such columns."""
UPGRADE_LOCK = 0x_FE46_4875
"""PostgreSQL's advisory lock for migrations; any number that nobody else uses."""


class Database:
    """One database, opened by URL (`sqlite[+aiosqlite]:///file` or `postgresql[+psycopg]://...`).

    On SQLite writing transactions queue in this process, first come first served, and open with BEGIN IMMEDIATE:
    SQLite itself makes writers poll for the lock, which starves whoever is unlucky. They run on the thread of the event
    loop (see `inline`), so they must be short; what reads much belongs in a reading one, which has a thread.

    Args:
        url: where.
        key: signs the entry chain.
        precedence: over another process, which writes on the same file and gives way.
        gives_way_to: the precedence that another process has.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        precedence: Precedence | None = None,
        gives_way_to: Precedence | None = None,
    ) -> None:
        self.url = with_driver(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self._info = {"key": key}
        self.longest_write = 0.0
        """Seconds of the longest writing transaction so far; while it lasts, nobody else writes."""
        self._turn = asyncio.Lock()
        self._precedence = precedence
        self._gives_way_to = gives_way_to
        self._writer = self._engine("BEGIN IMMEDIATE", size=1, inline=True)
        self._reader = self._engine("BEGIN", size=4) if self.is_sqlite else self._writer
        file = make_url(self.url).database if self.is_sqlite else None
        self._checkpoint = Checkpoint(Path(file)) if file else None
        self.spool = Spool(Path(f"{file}-arrivals")) if file else None
        """What arrived and is not in the inbox yet; None on PostgreSQL, where nobody waits for another."""

    def _engine(
        self, begin: str, *, size: int, inline: bool = False, pragmas: Sequence[str] = PRAGMAS
    ) -> AsyncEngine:
        if not self.is_sqlite:
            return create_async_engine(
                self.url, pool_size=8, pool_pre_ping=True, hide_parameters=True, **JSON
            )
        # Parameters are what people wrote; errors, which end in logs, must not quote them.
        opening: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
        if inline:
            opening = {
                "async_creator": partial(
                    InlineConnection, make_url(self.url).database or ":memory:", BUSY_SECONDS
                )
            }
        engine = create_async_engine(
            self.url, pool_size=size, max_overflow=0, pool_timeout=60, hide_parameters=True, **JSON, **opening
        )
        event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, pragmas))
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """A transaction that only looks."""
        async with (
            AsyncSession(self._reader, expire_on_commit=False, info=self._info) as session,
            session.begin(),
        ):
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """A transaction that is committed at the end of the block, or rolled back if it raises."""
        async with self._right_to_write():
            began = monotonic()
            async with (
                AsyncSession(self._writer, expire_on_commit=False, info=self._info) as session,
                session.begin(),
            ):
                yield session
            self.longest_write = max(self.longest_write, monotonic() - began)
        if self._checkpoint:
            self._checkpoint.soon()

    @asynccontextmanager
    async def _right_to_write(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        if self._gives_way_to:
            await self._gives_way_to.given()
        with self._precedence.taken() if self._precedence else nullcontext():
            async with self._turn:
                yield

    async def upgrade(self) -> None:
        """Bring the tables to the newest migration: all of it, or nothing if it is cut off."""
        if self.is_sqlite and (file := make_url(self.url).database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        # Alembic changes a SQLite table by making it anew, which must not look like deleting what others refer to.
        engine = self._engine("BEGIN IMMEDIATE", size=1, pragmas=[*PRAGMAS, "foreign_keys=OFF"])
        try:
            async with engine.begin() as connection:
                if not self.is_sqlite:
                    # Two processes may start on the same database in the same moment.
                    await connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
                await connection.run_sync(_upgrade)
        finally:
            await engine.dispose()

    async def answers(self) -> bool:
        """Tell whether the database can be reached."""
        try:
            async with self.read() as session:
                await session.execute(select(1))
        except (DatabaseError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        if self._checkpoint:
            await asyncio.to_thread(self._checkpoint.stop)
        if self.spool:
            self.spool.close()
        await self._writer.dispose()
        await self._reader.dispose()


def reason(error: DatabaseError) -> str:
    """What went wrong, in one line."""
    return str(error).splitlines()[0]


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


def _prepare_sqlite(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    # SQLAlchemy sends BEGIN itself (see the "begin" listener), so the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
