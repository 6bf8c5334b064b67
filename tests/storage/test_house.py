"""The message house on both databases."""

from __future__ import annotations

import asyncio

from storage import house
from storage.database import Database
from storage.models import HouseLine, Incident
from tests.storage.conftest import NOW


async def put(database: Database, text: str, state: str = house.PROPOSED) -> HouseLine:
    async with database.write() as session:
        line = HouseLine(incident_id=1, place=1, text=text, facts=[3], state=state, by="林悦", at=NOW)
        await house.put(session, line)
        return line


async def standing(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        return [
            (each.text, each.state) for each in await house.of(session, 1) if each.state != house.REPLACED
        ]


async def test_of_many_who_propose_at_once_the_last_one_stands(
    database: Database, incident: Incident
) -> None:
    await asyncio.gather(*(put(database, f"line {n}") for n in range(8)))
    assert [state for _, state in await standing(database)] == [house.PROPOSED]
    async with database.read() as session:
        lines = await house.of(session, 1)
    assert len(lines) == 8
    assert lines[0].facts == [3]


async def test_a_proposal_is_agreed_on_once_and_takes_the_agreed_line_s_place(
    database: Database, incident: Incident
) -> None:
    await put(database, "old", house.AGREED)
    line = await put(database, "new")
    assert await standing(database) == [("old", house.AGREED), ("new", house.PROPOSED)]

    async def agree(by: str) -> bool:
        async with database.write() as session:
            return await house.agree(session, line, by, NOW)

    assert sorted(await asyncio.gather(agree("陈立"), agree("吴桐"))) == [False, True]
    assert await standing(database) == [("new", house.AGREED)]


async def test_a_proposal_that_was_replaced_meanwhile_is_not_agreed_on(
    database: Database, incident: Incident
) -> None:
    await put(database, "old", house.AGREED)
    line = await put(database, "first")
    await put(database, "second")
    async with database.write() as session:
        assert not await house.agree(session, line, "陈立", NOW)
    assert await standing(database) == [("old", house.AGREED), ("second", house.PROPOSED)]


async def test_what_is_set_by_who_may_leaves_no_proposal_and_a_dropped_place_is_empty(
    database: Database, incident: Incident
) -> None:
    await put(database, "proposed")
    await put(database, "set", house.AGREED)
    assert await standing(database) == [("set", house.AGREED)]
    async with database.write() as session:
        assert await house.drop(session, 1, 1)
    async with database.write() as session:
        assert not await house.drop(session, 1, 1)
    assert await standing(database) == []
