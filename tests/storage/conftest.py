"""Every storage test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from storage import incidents
from storage.database import Database
from storage.models import Incident
from tests import stores
from tests.stores import KEY

__all__ = ["KEY", "NOW"]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database that holds nothing yet."""
    if request.param == "postgresql":
        return stores.emptied(request.getfixturevalue("postgres"))
    fresh: Path = request.getfixturevalue("fresh_file")
    return stores.copy_of(fresh, fresh.parent)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'fenghuo.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"fenghuo_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(store: Database) -> Database:
    return store


@pytest.fixture
async def incident(database: Database) -> Incident:
    """Incident #1, open."""
    async with database.write() as session:
        return await incidents.create(session, Incident(title="蛋糕发霉", level="orange", opened_at=NOW))
