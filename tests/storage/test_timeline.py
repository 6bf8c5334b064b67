"""The chain of entries: dense under concurrency, and no change to it goes unseen."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from storage import incidents, timeline
from storage.database import Database
from storage.models import Incident
from tests.storage.conftest import NOW


async def write(database: Database, *texts: str, number: int = 1, source: str | None = None) -> None:
    for each in texts:
        async with database.write() as session:
            await timeline.append(
                session, number, "log", at=NOW, by="林悦", text=each, data={"to": "陈立"}, source=source
            )


async def broken(database: Database, number: int = 1) -> str:
    async with database.read() as session:
        incident = await incidents.get(session, number)
        assert incident is not None
        return await timeline.broken(session, incident)


async def forge(database: Database, *statements: str) -> None:
    async with database.write() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_entries_are_numbered_and_the_chain_holds(database: Database, incident: Incident) -> None:
    await write(database, "one", "two", "three")
    assert await broken(database) == ""
    async with database.read() as session:
        found = await timeline.of(session, 1)
        assert [(each.seq, each.text) for each in found] == [(1, "one"), (2, "two"), (3, "three")]
        assert [each.seq for each in await timeline.of(session, 1, last=2)] == [2, 3]
    assert len({each.salt for each in found}) == 3


async def test_an_incident_without_entries_holds(database: Database, incident: Incident) -> None:
    assert await broken(database) == ""


async def test_numbers_stay_dense_when_many_append_at_once(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(title="another", opened_at=NOW))
    await asyncio.gather(*(write(database, f"entry {n}", number=1 + n % 2) for n in range(60)))
    for number in (1, 2):
        assert await broken(database, number) == ""
        async with database.read() as session:
            assert [each.seq for each in await timeline.of(session, number)] == list(range(1, 31))


async def test_a_session_that_saw_the_incident_earlier_appends_after_what_came_since(
    database: Database, incident: Incident
) -> None:
    if database.is_sqlite:
        pytest.skip("on SQLite only one transaction writes at a time")
    async with database.write() as session:
        seen = await incidents.get(session, 1)
        assert seen is not None
        await write(database, "in between")
        await timeline.append(session, 1, "log", at=NOW, text="late")
    assert await broken(database) == ""


async def test_two_entries_in_one_transaction_follow_each_other(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        await timeline.append(session, 1, "log", at=NOW, text="one")
        await timeline.append(session, 1, "log", at=NOW, text="two")
    assert await broken(database) == ""


async def test_one_message_enters_once_however_many_mark_it(database: Database, incident: Incident) -> None:
    async def mark() -> bool:
        async with database.write() as session:
            return (
                await timeline.append(session, 1, "log", at=NOW, text="said", source="slack:C1:1.2")
                is not None
            )

    assert (await asyncio.gather(*(mark() for _ in range(10)))).count(True) == 1
    assert await broken(database) == ""


async def test_an_entry_needs_an_incident(database: Database) -> None:
    with pytest.raises(LookupError):
        await write(database, "lost", number=9)


FORGERIES = {
    "a changed text": (["update entry set text = 'nothing happened' where seq = 2"], "entry 2 was changed"),
    "a changed person": (["update entry set by = '陈立' where seq = 2"], "entry 2 was changed"),
    "a changed time": (
        ["update entry set at = '2026-11-20 11:59:00+00:00' where seq = 3"],
        "entry 3 was changed",
    ),
    "changed data": (["""update entry set data = '{"to": "吴桐"}' where seq = 1"""], "entry 1 was changed"),
    "a changed kind": (["update entry set kind = 'closed' where seq = 4"], "entry 4 was changed"),
    "a digest made to fit nothing": (
        ["update entry set digest = 'x', salt = '' where seq = 2"],
        "does not follow",
    ),
    "an entry taken out": (["delete from entry where seq = 2"], "entry 2 is missing"),
    "an entry taken out and the rest renumbered": (
        [
            "delete from entry where seq = 2",
            "update entry set seq = 2 where seq = 3",
            "update entry set seq = 3 where seq = 4",
        ],
        "entry 2 was changed",
    ),
    "two entries exchanged": (
        [
            "update entry set seq = 9 where seq = 2",
            "update entry set seq = 2 where seq = 3",
            "update entry set seq = 3 where seq = 9",
        ],
        "entry 2 was changed",
    ),
    "the end cut off": (["delete from entry where seq = 4"], "the end of the chain is missing (3 of 4"),
    "the end cut off and the count with it": (
        ["delete from entry where seq = 4", "update incident set entries = 3"],
        "the end of the chain is missing",
    ),
    "everything taken out": (["delete from entry"], "the end of the chain is missing (0 of 4"),
}


@pytest.mark.parametrize("case", FORGERIES)
async def test_what_was_forged_is_found(database: Database, incident: Incident, case: str) -> None:
    await write(database, "one", "two", "three", "four")
    statements, found = FORGERIES[case]
    await forge(database, *statements)
    assert found in await broken(database)
    assert (await broken(database)).startswith("#1: ")


async def test_an_entry_moved_to_another_incident_is_found(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(title="another", opened_at=NOW))
    await write(database, "one")
    await forge(database, "update entry set incident_id = 2", "update incident set entries = 1 where id = 2")
    assert "missing" in await broken(database, 1)
    assert "changed" in await broken(database, 2)


async def test_a_forger_without_the_key_cannot_make_a_chain(
    database: Database, incident: Incident, url: str
) -> None:
    await write(database, "one", "two")
    forger = Database(url, b"another key")
    async with forger.write() as session:
        await timeline.append(session, 1, "log", at=NOW, text="three")
    await forger.close()
    assert "entry 3 does not follow" in await broken(database)


async def test_redaction_keeps_the_chain(database: Database, incident: Incident) -> None:
    await write(database, "one", "a phone number", "three")
    await forge(database, "update entry set text = '', data = '{}', salt = '' where seq = 2")
    assert await broken(database) == ""
    await write(database, "four")
    assert await broken(database) == ""
