"""Who has an incident, and where it stands."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from storage import crew, incidents, tasks
from storage.database import Database
from storage.models import Incident, State, Step
from tests.storage.conftest import NOW


async def one(database: Database, number: int = 1) -> Incident:
    async with database.read() as session:
        found = await incidents.get(session, number)
    assert found is not None
    return found


async def test_of_a_hundred_claims_one_wins(database: Database, incident: Incident) -> None:
    async def claim(name: str) -> bool:
        async with database.write() as session:
            return await incidents.claim(session, 1, name, NOW)

    won = await asyncio.gather(*(claim(f"person {number}") for number in range(100)))
    assert won.count(True) == 1
    found = await one(database)
    assert (found.owner, found.state) == (f"person {won.index(True)}", State.CLAIMED)


async def test_sessions_that_saw_it_open_still_claim_it_once(database: Database, incident: Incident) -> None:
    """Everyone reads that it is open before anyone claims: the row decides, not what was read."""
    ready = asyncio.Barrier(10)

    async def claim(name: str) -> bool:
        async with database.read() as session:
            seen = await incidents.get(session, 1)
            assert seen is not None
            assert seen.state == State.OPEN
        await ready.wait()
        async with database.write() as session:
            return await incidents.claim(session, 1, name, NOW)

    assert (await asyncio.gather(*(claim(str(number)) for number in range(10)))).count(True) == 1


async def test_a_claim_that_is_rolled_back_is_none(database: Database, incident: Incident) -> None:
    with suppress(RuntimeError):
        async with database.write() as session:
            assert await incidents.claim(session, 1, "林悦", NOW)
            raise RuntimeError
    assert (await one(database)).state == State.OPEN
    async with database.write() as session:
        assert await incidents.claim(session, 1, "陈立", NOW)


async def test_the_first_claim_keeps_its_time(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        assert await incidents.claim(session, 1, "林悦", NOW)
        assert await incidents.release(session, 1, "林悦")
        assert await incidents.claim(session, 1, "陈立", NOW + timedelta(hours=1))
    assert (await one(database)).claimed_at == NOW


async def test_command_moves_only_from_whoever_has_it(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        assert await incidents.claim(session, 1, "林悦", NOW)
        assert not await incidents.hand_over(session, 1, "陈立", "吴桐")
        assert await incidents.hand_over(session, 1, "林悦", "陈立")
        assert not await incidents.release(session, 1, "林悦")
    assert (await one(database)).owner == "陈立"


async def test_a_state_is_left_only_from_where_that_is_allowed(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        assert not await incidents.move(
            session, 1, State.CLOSED, allowed=[State.CLAIMED], at=NOW, reason="done"
        )
        assert await incidents.claim(session, 1, "林悦", NOW)
        assert await incidents.move(session, 1, State.CLOSED, allowed=[State.CLAIMED], at=NOW, reason="done")
    found = await one(database)
    assert (found.state, found.reason, found.closed_at) == (State.CLOSED, "done", NOW)
    async with database.write() as session:
        assert await incidents.move(session, 1, State.CLAIMED, allowed=[State.CLOSED], at=NOW)
    assert (await one(database)).closed_at is None


async def test_a_level_changes_only_from_the_one_that_was_seen(
    database: Database, incident: Incident
) -> None:
    async def raise_to(level: str) -> bool:
        async with database.write() as session:
            return await incidents.set_level(session, 1, "orange", level, [["harm", 3]])

    assert sorted(await asyncio.gather(raise_to("red"), raise_to("yellow"))) == [False, True]
    assert (await one(database)).why == [["harm", 3]]


async def test_a_step_has_one_tick(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        assert await tasks.add(session, Step(incident_id=1, playbook="user_complaint", number=2))
        assert not await tasks.add(session, Step(incident_id=1, playbook="user_complaint", number=2))
        step = (await tasks.steps(session, 1, "user_complaint"))[2]

    async def tick(name: str) -> bool:
        async with database.write() as session:
            return await tasks.settle(session, step, "done", by=name, at=NOW, note="")

    done = await asyncio.gather(*(tick(f"person {number}") for number in range(20)))
    assert done.count(True) == 1
    async with database.read() as session:
        steps = await tasks.steps(session, 1, "user_complaint")
        assert {number: step.by for number, step in steps.items()} == {2: f"person {done.index(True)}"}
        assert await tasks.steps(session, 1, "technical_failure") == {}
        assert not await tasks.left(session, 1)


async def test_a_role_has_one_holder(database: Database, incident: Incident) -> None:
    async def take(name: str) -> bool:
        async with database.write() as session:
            return await crew.take(session, incident, "legal", name, by=name, at=NOW)

    taken = await asyncio.gather(*(take(f"person {number}") for number in range(20)))
    assert taken.count(True) == 1
    first = f"person {taken.index(True)}"
    async with database.write() as session:
        assert not await crew.leave(session, 1, "legal", "nobody", NOW)
        assert await crew.leave(session, 1, "legal", first, NOW)
        assert await crew.take(session, incident, "legal", "next", by=first, at=NOW)
        assert await crew.of(session, 1) == {"legal": "next"}
        terms = [(term.person, term.until) for term in await crew.history(session, 1)]
    assert terms == [(first, NOW), ("next", None)]


async def test_a_playbook_is_attached_once(database: Database, incident: Incident) -> None:
    async def attach() -> bool:
        async with database.write() as session:
            return await incidents.attach_playbook(session, 1, "user_complaint")

    assert (await asyncio.gather(*(attach() for _ in range(10)))).count(True) == 1


async def test_lists_show_the_newest_first_and_keep_drills_apart(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(title="second", opened_at=NOW))
        await incidents.create(session, Incident(title="drill", opened_at=NOW, drill_id=1))
        assert await incidents.claim(session, 2, "林悦", NOW)
    async with database.read() as session:
        assert [each.id for each in await incidents.find(session)] == [2, 1]
        assert [each.id for each in await incidents.find(session, drills=True)] == [3]
        assert [each.id for each in await incidents.find(session, owner="林悦")] == [2]
        assert [each.id for each in await incidents.find(session, states=[State.OPEN])] == [1]
        assert [each.id for each in await incidents.every(session)] == [1, 2, 3]
