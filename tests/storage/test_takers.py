"""What several takers reach for at once is taken once, in the transaction of the work on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from storage import deadlines, drills, inbox, notices
from storage.database import Database, Session
from storage.models import Drill, Incident
from tests.storage.conftest import NOW

TAKERS = 20


async def race(database: Database, take: Callable[[Session], Awaitable[bool]]) -> list[bool]:
    async def one() -> bool:
        async with database.write() as session:
            return await take(session)

    return await asyncio.gather(*(one() for _ in range(TAKERS)))


async def test_the_same_arrival_is_stored_once(database: Database) -> None:
    stored = await race(
        database, lambda session: inbox.put(session, "slack:event:Ev1", {"text": "claim 1"}, NOW)
    )
    assert stored.count(True) == 1
    async with database.read() as session:
        assert [payload for _, payload in await inbox.waiting(session)] == [{"text": "claim 1"}]


async def test_an_arrival_is_worked_on_once(database: Database) -> None:
    async with database.write() as session:
        await inbox.put(session, "k", {}, NOW)
        number = await inbox.id_of(session, "k")
    assert number is not None
    assert (await race(database, lambda session: inbox.take(session, number, NOW))).count(True) == 1
    async with database.read() as session:
        assert await inbox.waiting(session) == []
        assert await inbox.id_of(session, "k") is None
    # What was worked on is still known, so that it is not taken for new when the platform sends it again.
    async with database.write() as session:
        assert not await inbox.put(session, "k", {}, NOW)


async def test_work_that_fails_leaves_the_arrival_waiting(database: Database) -> None:
    async with database.write() as session:
        await inbox.put(session, "k", {}, NOW)
    with suppress(RuntimeError):
        async with database.write() as session:
            assert await inbox.take(session, 1, NOW)
            raise RuntimeError
    async with database.read() as session:
        assert len(await inbox.waiting(session)) == 1


async def test_arrivals_wait_in_order(database: Database) -> None:
    async with database.write() as session:
        for number in range(5):
            await inbox.put(session, f"k{number}", {"n": number}, NOW)
    async with database.read() as session:
        assert [payload["n"] for _, payload in await inbox.waiting(session, limit=3)] == [0, 1, 2]


async def test_a_notice_is_said_once(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await notices.put(session, "incident.raised", NOW, incident_id=1)
    assert (await race(database, lambda session: notices.take(session, 1, NOW))).count(True) == 1


async def test_a_notice_that_waits_already_is_not_left_again(database: Database, incident: Incident) -> None:
    async def leave(kind: str = "incident.grown", *, once: bool = False, **data: str) -> int:
        async with database.write() as session:
            await notices.put(session, kind, NOW, incident_id=1, data=data, once=once)
        async with database.read() as session:
            return len(await notices.waiting(session))

    assert await leave() == 1
    assert await leave() == 1
    assert await leave("incident.level", new="red") == 2
    assert await leave("incident.level", new="orange") == 3
    assert await leave("incident.again", once=True) == 4
    async with database.write() as session:
        for each in await notices.waiting(session):
            assert await notices.take(session, each.id or 0, NOW)
    assert await leave() == 1
    assert await leave("incident.again", once=True) == 1


async def test_what_grows_while_its_notice_is_being_said_is_said_again(
    database: Database, incident: Incident
) -> None:
    """The card is built from what its transaction sees; what is committed meanwhile needs another notice."""
    if database.is_sqlite:
        pytest.skip("on SQLite only one transaction writes at a time")
    async with database.write() as session:
        await notices.put(session, "incident.grown", NOW, incident_id=1)
    async with database.write() as saying:
        assert await notices.take(saying, 1, NOW)
        async with database.write() as growing:
            await notices.put(growing, "incident.grown", NOW, incident_id=1)
    async with database.read() as session:
        assert [each.id for each in await notices.waiting(session)] == [2]


async def test_a_deadline_fires_once(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await deadlines.put(session, incident, "assemble", NOW)
    async with database.read() as session:
        [row] = await deadlines.of(session, 1)
    assert (await race(database, lambda session: deadlines.fire(session, row, NOW))).count(True) == 1
    async with database.read() as session:
        assert await deadlines.due(session, NOW + timedelta(days=1)) == []


async def test_a_deadline_is_due_from_its_moment_on(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await deadlines.put(session, incident, "assemble", NOW)
        await deadlines.put(session, incident, "holding", NOW + timedelta(minutes=1))
    async with database.read() as session:
        assert [each.kind for each in await deadlines.due(session, NOW - timedelta(seconds=1))] == []
        assert [each.kind for each in await deadlines.due(session, NOW)] == ["assemble"]
        assert [each.kind for each in await deadlines.of(session, 1)] == ["assemble", "holding"]


async def test_a_new_deadline_replaces_the_one_of_its_kind_even_if_that_fired(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        await deadlines.put(session, incident, "assemble", NOW)
        [due] = await deadlines.due(session, NOW)
        assert await deadlines.fire(session, due, NOW)
        await deadlines.put(session, incident, "assemble", NOW + timedelta(hours=1))
    async with database.read() as session:
        assert [each.due_at for each in await deadlines.of(session, 1)] == [NOW + timedelta(hours=1)]


async def test_a_dropped_deadline_does_not_fire(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        for kind in ("assemble", "holding", "update"):
            await deadlines.put(session, incident, kind, NOW)
        await deadlines.drop(session, 1, "assemble")
        assert {each.kind for each in await deadlines.due(session, NOW)} == {"holding", "update"}
        await deadlines.drop(session, 1)
        assert await deadlines.due(session, NOW) == []


async def test_a_drill_advances_one_inject_at_a_time(database: Database) -> None:
    async with database.write() as session:
        drill = await drills.start(session, Drill(scenario="mouldy_cake", by="周帆", started_at=NOW))
    number = drill.id or 0
    assert (await race(database, lambda session: drills.advance(session, number, 1))).count(True) == 1
    assert (await race(database, lambda session: drills.end(session, number, NOW))).count(True) == 1
    async with database.read() as session:
        assert await drills.running(session) is None
    async with database.write() as session:
        assert not await drills.advance(session, number, 2)
