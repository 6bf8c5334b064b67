"""Briefs and who has read them; notices that are said together; rungs that are armed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from storage import briefs, deadlines, incidents, notices
from storage.database import Database
from storage.models import Incident
from tests.stores import on_both

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


async def opened(store: Database) -> None:
    async with store.write() as session:
        await incidents.create(session, Incident(title="x", level="red", opened_at=NOW))


@on_both
async def test_briefs_are_counted_in_each_incident_and_read_once_by_each(store: Database) -> None:
    await opened(store)
    await opened(store)
    async with store.write() as session:
        for number in (1, 1, 2):
            incident = await incidents.hold(session, number)
            assert incident is not None
            brief = await briefs.add(session, incident, {"zh": {}}, NOW)
    assert (brief.incident_id, brief.number, brief.level) == (2, 1, "red")

    async def reads() -> bool:
        async with store.write() as session:
            found = await briefs.get(session, 1, None)
            assert found is not None
            assert found.number == 2
            return await briefs.read(session, found, "陈立", NOW)

    assert sorted(await asyncio.gather(*(reads() for _ in range(4)))) == [False, False, False, True]
    async with store.read() as session:
        assert await briefs.get(session, 1, 3) is None
        found = await briefs.get(session, 1, 2)
        assert found is not None
        assert [each.person for each in await briefs.readers(session, found)] == ["陈立"]


@on_both
async def test_notices_of_one_incident_are_taken_together_and_once(store: Database) -> None:
    await opened(store)
    await opened(store)
    async with store.write() as session:
        for incident, data in ((1, 1), (1, 2), (2, 3)):
            await notices.put(session, "deadline", NOW, incident_id=incident, data={"deadline": data})
        await notices.put(session, "other", NOW, incident_id=1)
    async with store.write() as session:
        found = await notices.take_like(session, "deadline", 1, NOW)
        assert [each["deadline"] for each in found] == [1, 2]
    async with store.write() as session:
        assert await notices.take_like(session, "deadline", 1, NOW) == []
        assert len(await notices.waiting(session)) == 2


@on_both
async def test_a_rung_that_is_armed_fires_at_its_time_and_counts_on(store: Database) -> None:
    await opened(store)
    async with store.write() as session:
        incident = await incidents.hold(session, 1)
        assert incident is not None
        await deadlines.put(session, incident, "legal", NOW + timedelta(hours=4), ref="a.1", fires_at=NOW)
        [row] = await deadlines.due(session, NOW)
        assert await deadlines.fire(session, row, NOW)
        assert await deadlines.due(session, NOW + timedelta(days=1)) == []
        await deadlines.again(session, row.id or 0, NOW + timedelta(minutes=20), rung=2)
    async with store.write() as session:
        assert await deadlines.due(session, NOW + timedelta(minutes=19)) == []
        [again] = await deadlines.due(session, NOW + timedelta(minutes=20))
        assert await deadlines.fire(session, again, NOW)
        fired = await deadlines.get(session, again.id or 0)
        assert fired is not None
        assert (fired.rung, fired.done_at) == (3, NOW)
