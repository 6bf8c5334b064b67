"""The migrations make exactly what the models say, whole or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from storage import database as module
from storage import inbox
from storage.database import Database
from storage.types import differs
from tests.storage.conftest import KEY, NOW


async def look(url: str, work: Any) -> Any:
    engine = create_async_engine(module.with_driver(url))
    async with engine.connect() as connection:
        found = await connection.run_sync(work)
    await engine.dispose()
    return found


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": differs, "compare_server_default": True}
    )
    return list(compare_metadata(context, SQLModel.metadata))


async def test_the_migrations_make_what_the_models_say(empty_url: str) -> None:
    database = Database(empty_url, KEY)
    await database.upgrade()
    await database.close()
    assert await look(empty_url, differences) == []


async def test_a_change_of_the_models_would_be_noticed(empty_url: str) -> None:
    database = Database(empty_url, KEY)
    await database.upgrade()
    await database.close()
    engine = create_async_engine(module.with_driver(empty_url))
    async with engine.begin() as connection:
        await connection.execute(text("alter table mention drop column province"))
    await engine.dispose()
    found = await look(empty_url, differences)
    assert [(each[0], each[3].name) for each in found] == [("add_column", "province")]


async def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url, KEY)
    await database.upgrade()
    async with database.write() as session:
        await inbox.put(session, "k", {}, NOW)
    await database.upgrade()
    async with database.read() as session:
        assert await inbox.id_of(session, "k") is not None
    await database.close()


async def test_two_processes_may_upgrade_at_once(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        pytest.skip("a SQLite database belongs to one process")
    databases = [Database(empty_url, KEY) for _ in range(4)]
    await asyncio.gather(*(database.upgrade() for database in databases))
    for database in databases:
        assert await database.answers()
        await database.close()


async def test_an_upgrade_that_is_cut_off_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = module._upgrade

    def cut_off(connection: Connection) -> None:
        whole(connection)
        raise ConnectionAbortedError

    database = Database(empty_url, KEY)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_upgrade", cut_off)
        with pytest.raises(ConnectionAbortedError):
            await database.upgrade()
    assert await look(empty_url, lambda connection: inspect(connection).get_table_names()) == []
    await database.upgrade()
    await database.close()


async def test_a_database_that_is_not_there_does_not_answer() -> None:
    database = Database("postgresql://nobody@127.0.0.1:9/nothing", KEY)
    assert not await database.answers()
    await database.close()


async def test_what_people_wrote_is_not_quoted_by_errors(database: Database) -> None:
    async with database.write() as session:
        await inbox.put(session, "k", {}, NOW)
    with pytest.raises(module.DatabaseError) as broken:
        async with database.write() as session:
            await session.execute(
                text(
                    "insert into inbox (key, payload, at, outcome, transport) values ('k', :said, :at, '', '')"
                ),
                {"said": '"a phone number"', "at": NOW.isoformat() if database.is_sqlite else NOW},
            )
    assert "a phone number" not in str(broken.value)
    assert module.reason(broken.value).count("\n") == 0
