"""What comes due is noticed once, and jobs run at once, again and again, one at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.schedule import Occasions, Recurring, Sweeper, next_after, scheduler
from storage import deadlines, incidents, notices
from storage.database import Database
from storage.models import Incident
from tests.fakes import SetClock
from tests.stores import on_both

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


async def fill(store: Database) -> None:
    async with store.write() as session:
        live = await incidents.create(session, Incident(title="live", opened_at=NOW))
        drill = await incidents.create(session, Incident(title="drill", opened_at=NOW, drill_id=3))
        await deadlines.put(session, live, "assemble", NOW)
        await deadlines.put(session, live, "holding", NOW + timedelta(minutes=5))
        await deadlines.put(session, drill, "assemble", NOW)


@on_both
async def test_what_comes_due_is_noticed_with_its_incident_and_drill(store: Database) -> None:
    await fill(store)
    rings = 0

    def ring() -> None:
        nonlocal rings
        rings += 1

    clock = SetClock(NOW - timedelta(seconds=1))
    sweeper = Sweeper(store, clock, ring)
    assert await sweeper.sweep() == 0
    assert rings == 0
    clock.passes(timedelta(seconds=1))
    assert await sweeper.sweep() == 2
    assert rings == 1
    async with store.read() as session:
        found = await notices.waiting(session)
    assert [(each.kind, each.incident_id, each.drill_id, each.data) for each in found] == [
        ("deadline", 1, None, {"deadline": 1, "rung": 1}),
        ("deadline", 2, 3, {"deadline": 3, "rung": 1}),
    ]
    assert await sweeper.sweep() == 0


@on_both
async def test_however_many_sweep_each_deadline_fires_once(store: Database) -> None:
    await fill(store)
    sweepers = [Sweeper(store, SetClock(NOW + timedelta(hours=1)), lambda: None) for _ in range(8)]
    fired = await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
    assert sum(fired) == 3
    async with store.read() as session:
        assert len(await notices.waiting(session)) == 3


async def test_a_deadline_that_came_due_while_nobody_swept_fires_afterwards(store: Database) -> None:
    await fill(store)
    assert await Sweeper(store, SetClock(NOW + timedelta(days=30)), lambda: None).sweep() == 3


async def test_a_job_runs_at_once_and_again_but_never_twice_at_a_time() -> None:
    at_work, most, runs = 0, 0, 0

    async def work() -> None:
        nonlocal at_work, most, runs
        at_work, runs = at_work + 1, runs + 1
        most = max(most, at_work)
        await asyncio.sleep(0.12)
        at_work -= 1

    made = scheduler({"work": (timedelta(seconds=0.05), work)})
    made.start()
    await asyncio.sleep(0.03)
    assert runs == 1
    async with asyncio.timeout(5):
        while runs < 3:  # noqa: ASYNC110 - a plain count sets no event
            await asyncio.sleep(0.01)
    made.shutdown(wait=False)
    assert most == 1


async def test_a_job_that_breaks_is_run_again() -> None:
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        raise ValueError("once")

    made = scheduler({"work": (timedelta(seconds=0.05), work)})
    made.start()
    async with asyncio.timeout(5):
        while runs < 2:  # noqa: ASYNC110 - a plain count sets no event
            await asyncio.sleep(0.01)
    made.shutdown(wait=False)


# What comes round


@pytest.mark.parametrize(
    ("rule", "moment", "then"),
    [
        ("09:00", "2026-11-20T00:59+00:00", "2026-11-20T01:00+00:00"),
        ("09:00", "2026-11-20T01:00+00:00", "2026-11-21T01:00+00:00"),
        ("mon 09:00", "2026-11-20T01:00+00:00", "2026-11-23T01:00+00:00"),
        ("mon,fri 18:30", "2026-11-20T11:00+00:00", "2026-11-23T10:30+00:00"),
    ],
)
def test_a_rule_is_read_in_the_teams_time_zone(rule: str, moment: str, then: str) -> None:
    found = next_after(rule, ZoneInfo("Asia/Shanghai"), datetime.fromisoformat(moment))
    assert found == datetime.fromisoformat(then)


def test_a_day_of_23_hours_has_its_nine_oclock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert next_after("09:00", berlin, datetime(2026, 3, 28, 9, tzinfo=UTC)).astimezone(berlin).hour == 9


@on_both
async def test_what_comes_round_is_noticed_once_by_whoever_is_first(store: Database) -> None:
    clock = SetClock(NOW)
    daily = {"digest:day": Recurring(rule="09:00", kind="digest", data={"length": "day"})}
    first, second = (
        Occasions(store, clock, ZoneInfo("Asia/Shanghai"), daily, lambda: None) for _ in range(2)
    )
    assert await first.sweep() == 0
    clock.passes(timedelta(days=1))
    assert sum(await asyncio.gather(first.sweep(), second.sweep())) == 1
    async with store.read() as session:
        [left] = await notices.waiting(session)
    assert left.data == {"length": "day", "end": "2026-11-21T01:00:00+00:00"}
