"""Fixtures for all: a database (`url`, `store`) and a team in a chat on two platforms (`chat`)."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests import stores
from tests.chat import Chat

# A million objects are there to stay (dictionaries, mappers); to look through them every second took a tenth of the time.
gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def fresh_file() -> Iterator[Path]:
    with stores.folder() as folder:
        yield stores.fresh_file(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with stores.own_postgres() as url:
        yield url


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Where an empty database is: SQLite, unless `tests.stores.on_both` or `on_postgres` asks for another."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return stores.emptied(request.getfixturevalue("postgres"))
    # Always the same place, since an engine keeps what it has compiled.
    fresh: Path = request.getfixturevalue("fresh_file")
    return stores.copy_of(fresh, fresh.parent)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    database = stores.borrowed(url)
    yield database
    await stores.returned(database)


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """The team, whose rooms speak English."""
    async with Chat(url) as team:
        yield team
