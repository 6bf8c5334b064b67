"""Delivery by several processes, and across stops, starts and a database that is away."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from typing_extensions import override

from bot import delivery as module
from bot.speech import as_json
from bot.transports.base import Letter, Pace
from handlers.kit.cards import Card
from storage import outbox
from storage.database import Database, DatabaseError
from storage.models import Outbox
from tests.bot.office import (
    NOW,
    Office,
    Platform,
    clock,
    end,
    even_chances,
    office,
    seconds,
    until,
)
from tests.fakes import SetClock
from tests.stores import KEY, on_both, on_postgres

__all__ = ["clock", "even_chances", "office"]


@on_postgres
async def test_two_processes_never_send_a_row_twice(store: Database, url: str, clock: SetClock) -> None:
    other_store = Database(url, KEY)
    one, two = Office(store, clock), Office(other_store, clock)
    async with store.write() as session:
        for number in range(200):
            card = as_json(Card(title=str(number)))
            row = Outbox(
                kind="post",
                transport="slack",
                channel=f"C{number % 7}",
                card=card,
                created_at=NOW,
                not_before=NOW,
            )
            await outbox.put(session, row)
    tasks = [asyncio.create_task(office.delivery.run("slack")) for office in (one, two)]
    await until(lambda: len(one.slack.said) + len(two.slack.said) >= 200, within=30)
    await end(*tasks)
    await other_store.close()
    assert sorted(map(int, one.slack.titles + two.slack.titles)) == list(range(200))
    assert one.slack.said
    assert two.slack.said


@on_postgres
async def test_what_another_process_left_is_taken_over_when_its_lease_is_out(
    store: Database, url: str, clock: SetClock
) -> None:
    dead, alive = Office(store, clock), Office(store, clock)
    row = await dead.put("alert")
    async with store.write() as session:
        assert await outbox.take(session, row, clock())
    await alive.deliver(outbox.LEASE.total_seconds())
    assert alive.slack.said == []
    await alive.deliver(1)
    assert (alive.slack.titles, alive.slack.searches) == (["alert"], 1)


@on_both
async def test_a_sender_that_comes_back_after_its_lease_changes_nothing(
    store: Database, clock: SetClock
) -> None:
    slow, fast = Office(store, clock), Office(store, clock)
    row = await slow.put("alert", on="telegram")
    claim = await slow.delivery._claimed(row)
    assert claim is not None
    await fast.deliver(outbox.LEASE.total_seconds() + 1)
    await slow.delivery._deliver(slow.telegram, claim)
    assert (await fast.row(row)).message == fast.telegram.said[0].message


async def test_what_was_cut_off_goes_out_at_the_next_start(office: Office) -> None:
    row = await office.put("alert")
    async with office.store.write() as session:
        assert await outbox.take(session, row, office.clock())
    task = asyncio.create_task(office.delivery.run("slack"))
    await until(lambda: office.slack.said)
    await end(task)
    assert office.slack.titles == ["alert"]


async def test_a_message_on_its_way_may_arrive_at_the_stop(office: Office) -> None:
    arrived = asyncio.Event()

    class Slow(Platform):
        @override
        async def post(self, letter: Letter) -> str:
            arrived.set()
            await asyncio.sleep(0.1)
            return await super().post(letter)

    slow = Slow("slack", office.clock)
    office.delivery.transports = {"slack": slow}
    row = await office.put("alert")
    task = asyncio.create_task(office.delivery.run("slack"))
    await arrived.wait()
    await end(task)
    assert (await office.row(row)).state == "sent"


async def test_a_message_that_does_not_arrive_does_not_hold_up_the_stop(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FINISH_SECONDS", 0.05)
    begun = asyncio.Event()

    class Hanging(Platform):
        @override
        async def post(self, letter: Letter) -> str:
            begun.set()
            await asyncio.Event().wait()
            return ""

    office.delivery.transports = {"slack": Hanging("slack", office.clock)}
    await office.put("alert")
    task = asyncio.create_task(office.delivery.run("slack"))
    await begun.wait()
    async with asyncio.timeout(2):
        await end(task)


async def test_nothing_to_do_is_done_at_leisure(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due but may not go yet must not keep the processor busy."""
    office.slack.pace = Pace(gap=3600.0)
    office.delivery._pacers["slack"].pace = Pace(gap=3600.0)
    for number in range(3):
        await office.put(str(number))
    await office.put("later", not_before=NOW + seconds(100), channel="C0LEADS")
    rounds = 0
    whole = office.delivery._round

    async def counted(platform: Any) -> float:
        nonlocal rounds
        rounds += 1
        return await whole(platform)

    monkeypatch.setattr(office.delivery, "_round", counted)
    task = asyncio.create_task(office.delivery.run("slack"))
    await until(lambda: office.slack.said)
    await asyncio.sleep(0.5)
    await end(task)
    assert office.slack.titles == ["0"]
    assert rounds <= 4


async def test_a_database_that_is_away_for_a_moment_costs_neither_a_repeat_nor_a_busy_loop(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    failures = 3
    note = office.delivery._note

    async def away(*args: Any) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise DatabaseError("disk full")
        await note(*args)

    monkeypatch.setattr(office.delivery, "_note", away)
    caplog.set_level(logging.WARNING)
    row = await office.put("alert", on="telegram")
    await office.deliver()
    assert office.telegram.titles == ["alert"]
    assert (await office.row(row)).state == "sent"
    assert caplog.text.count("cannot be stored yet") == 3
