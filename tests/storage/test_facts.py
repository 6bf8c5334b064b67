"""The fact table on both databases."""

from __future__ import annotations

import asyncio

from storage import facts
from storage.database import Database
from storage.models import Fact, Incident
from tests.storage.conftest import NOW


async def add(database: Database, claim: str) -> Fact:
    async with database.write() as session:
        return await facts.add(session, Fact(incident_id=1, number=0, claim=claim, by="林悦", at=NOW))


async def test_numbers_are_dense_when_many_add_at_once(database: Database, incident: Incident) -> None:
    await asyncio.gather(*(add(database, f"fact {n}") for n in range(20)))
    async with database.read() as session:
        assert [each.number for each in await facts.of(session, 1)] == list(range(1, 21))


async def test_a_fact_is_settled_by_one_and_by_nobody_who_read_it_before(
    database: Database, incident: Incident
) -> None:
    fact = await add(database, "三家门店停售")

    async def settle(state: str, by: str) -> bool:
        async with database.write() as session:
            return await facts.settle(session, fact, state, by, NOW)

    deeds = [settle("confirmed", "许诺"), settle("false", "陈立"), settle("confirmed", "吴桐")]
    assert (await asyncio.gather(*deeds)).count(True) == 1
    async with database.read() as session:
        (stored,) = await facts.of(session, 1)
    assert (stored.state, bool(stored.settled_by), stored.settled_at) == (stored.state, True, NOW)
    async with database.write() as session:
        assert not await facts.settle(session, stored, stored.state, "何青", NOW)
