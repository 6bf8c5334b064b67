"""Messages on their way out."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from storage import outbox, spots
from storage.database import Database
from storage.models import Outbox
from tests.storage.conftest import NOW

SECOND = timedelta(seconds=1)


async def put(database: Database, kind: str = "post", **values: Any) -> Outbox:
    defaults: dict[str, Any] = {
        "transport": "slack",
        "channel": "C1",
        "created_at": NOW,
        "not_before": NOW,
        "card": {"title": "t"},
    }
    async with database.write() as session:
        return await outbox.put(session, Outbox(kind=kind, **{**defaults, **values}))


async def due(database: Database, now: datetime = NOW, transport: str = "slack") -> list[int]:
    async with database.read() as session:
        return [row.id or 0 for row in await outbox.due(session, transport, now)]


async def take(database: Database, row: Outbox, now: datetime = NOW) -> Outbox | None:
    async with database.write() as session:
        return await outbox.take(session, row, now)


async def taken(database: Database, row: Outbox, now: datetime = NOW) -> Outbox:
    claimed = await take(database, row, now)
    assert claimed is not None
    return claimed


async def state(database: Database, row: Outbox) -> tuple[str, dict[str, Any]]:
    async with database.read() as session:
        found = await session.get(Outbox, row.id)
    assert found is not None
    return found.state, found.card


async def stand(
    database: Database, key: str = "incident:1", message: str = "1.1", channel: str = "C1"
) -> None:
    async with database.write() as session:
        await spots.add(session, "slack", channel, message, key=key)


async def test_a_row_is_taken_once(database: Database) -> None:
    row = await put(database)
    taken = await asyncio.gather(*(take(database, row) for _ in range(20)))
    assert len([each for each in taken if each]) == 1


async def test_a_row_that_was_tried_since_it_was_read_is_not_taken(database: Database) -> None:
    """Between reading a row and taking it another sender may have failed with it, and it has to wait."""
    row = await put(database)
    other = await taken(database, row)
    async with database.write() as session:
        await outbox.again(session, other, NOW + timedelta(hours=1), "slow down", unsure=False)
    assert await take(database, row) is None


async def test_a_taken_row_shows_what_it_says_now(database: Database) -> None:
    row = await put(database, key="incident:1")
    async with database.write() as session:
        assert await outbox.replace_unsent(session, "incident:1", "slack", "C1", {"title": "newer"})
    assert (await taken(database, row)).card == {"title": "newer"}
    async with database.write() as session:
        assert not await outbox.replace_unsent(session, "incident:1", "slack", "C1", {"title": "too late"})


async def test_a_claim_that_ran_out_is_taken_over_and_no_longer_counts(database: Database) -> None:
    row = await put(database)
    first = await taken(database, row)
    assert await due(database, NOW + outbox.LEASE) == []
    later = NOW + outbox.LEASE + SECOND
    assert await due(database, later) == [row.id]
    second = await taken(database, first, later)
    async with database.write() as session:
        assert not await outbox.sent(session, first, "1.1", later)
        assert not await outbox.fail(session, first, "late")
        assert await outbox.sent(session, second, "1.2", later)
    assert (await state(database, row))[0] == "sent"


async def test_of_each_lane_only_the_first_is_due(database: Database) -> None:
    first = await put(database)
    await put(database)
    other = await put(database, channel="C2")
    whisper = await put(database, kind="whisper", to="U1")
    assert await due(database) == [first.id, other.id, whisper.id]
    assert await due(database, transport="telegram") == []


async def test_a_long_queue_in_one_channel_hides_no_other(database: Database) -> None:
    async with database.write() as session:
        for _ in range(500):
            await outbox.put(
                session, Outbox(kind="post", transport="slack", channel="C1", created_at=NOW, not_before=NOW)
            )
    other = await put(database, channel="C2")
    assert other.id in await due(database)


async def test_what_ranks_first_goes_first(database: Database) -> None:
    await put(database, rank=2)
    await put(database, rank=1)
    alert = await put(database, rank=0)
    assert await due(database) == [alert.id]


async def test_a_row_waits_for_its_moment_and_hides_none_behind_it(database: Database) -> None:
    later = await put(database, not_before=NOW + 5 * SECOND)
    now = await put(database)
    assert await due(database) == [now.id]
    async with database.read() as session:
        assert await outbox.next_due(session, "slack", NOW) == NOW + 5 * SECOND
        assert await outbox.next_due(session, "slack", NOW + 5 * SECOND) is None
        assert await outbox.next_due(session, "telegram", NOW) is None
    assert await due(database, NOW + 5 * SECOND) == [later.id]


async def test_a_reply_waits_until_its_card_stands(database: Database) -> None:
    card = await put(database, key="incident:1")
    reply = await put(database, under="incident:1")
    elsewhere = await put(database, under="incident:1", channel="C2")
    assert await due(database) == [card.id, elsewhere.id]
    claimed = await taken(database, card)
    assert await due(database) == [elsewhere.id]
    async with database.write() as session:
        await outbox.again(session, claimed, NOW + 5 * SECOND, "", unsure=True)
    assert await due(database) == [elsewhere.id]
    claimed = await taken(database, await _read(database, card), NOW + 5 * SECOND)
    async with database.write() as session:
        assert await outbox.sent(session, claimed, "1.1", NOW)
    assert await due(database) == [reply.id, elsewhere.id]


async def test_a_reply_to_a_card_that_failed_does_not_wait_for_ever(database: Database) -> None:
    card = await taken(database, await put(database, key="incident:1"))
    reply = await put(database, under="incident:1")
    async with database.write() as session:
        assert await outbox.fail(session, card, "not in channel")
    assert await due(database) == [reply.id]


async def test_an_edit_replaces_the_edits_that_are_not_sent(database: Database) -> None:
    first = await put(database, kind="edit", key="incident:1")
    elsewhere = await put(database, kind="edit", key="incident:1", channel="C2")
    another = await put(database, kind="edit", key="incident:2")
    second = await put(database, kind="edit", key="incident:1")
    states = [(await state(database, each))[0] for each in (first, elsewhere, another, second)]
    assert states == ["superseded", "pending", "pending", "pending"]


async def test_an_edit_that_a_person_waits_for_is_not_put_off_by_the_next_one(database: Database) -> None:
    await put(database, kind="edit", key="incident:1", rank=1, not_before=NOW)
    merged = await put(database, kind="edit", key="incident:1", rank=2, not_before=NOW + 15 * SECOND)
    found = await _read(database, merged)
    assert (found.rank, found.not_before) == (1, NOW)


async def test_an_old_edit_gives_way_to_a_newer_one(database: Database) -> None:
    old = await taken(database, await put(database, kind="edit", key="incident:1"))
    new = await put(database, kind="edit", key="incident:1")
    async with database.write() as session:
        assert not await outbox.overtaken(session, new)
        assert await outbox.overtaken(session, old)
    assert (await state(database, old))[0] == "superseded"


async def test_a_post_is_never_overtaken(database: Database) -> None:
    old = await put(database, key="incident:1")
    await put(database, kind="edit", key="incident:1")
    async with database.write() as session:
        assert not await outbox.overtaken(session, old)


async def test_what_was_being_sent_at_a_crash_is_unsure_at_the_start(database: Database) -> None:
    row = await put(database)
    await taken(database, row)
    other = await taken(database, await put(database, transport="telegram"))
    async with database.write() as session:
        await outbox.free_leases(session, "slack", NOW)
    assert (await state(database, row))[0] == "unsure"
    assert (await state(database, other))[0] == "sending"
    assert await due(database) == [row.id]


async def test_a_moved_channel_takes_everything_along(database: Database) -> None:
    sent = await taken(database, await put(database, key="incident:1"))
    async with database.write() as session:
        assert await outbox.sent(session, sent, "1.1", NOW)
        await spots.add(session, "slack", "C1", "1.1", key="incident:1")
    waiting = await put(database, kind="edit", key="incident:1")
    await put(database, transport="telegram")
    async with database.write() as session:
        await outbox.move_channel(session, "slack", "C1", "C9")
        await spots.move_channel(session, "slack", "C1", "C9")
    async with database.read() as session:
        assert await outbox.channels_of(session, "incident:1") == [("slack", "C9")]
        moved = await session.get(Outbox, waiting.id)
        assert moved is not None
        own = await outbox.copy_in(session, moved, "incident:1")
        assert own is not None
        assert own.message == "1.1"
    assert (await due(database, transport="telegram")) != []


async def test_a_card_is_where_it_was_not_refused(database: Database) -> None:
    await put(database, key="incident:1", channel="C1")
    await put(database, key="incident:1", channel="C1")
    failed = await taken(database, await put(database, key="incident:1", channel="C2"))
    async with database.write() as session:
        assert await outbox.fail(session, failed, "is archived")
    async with database.read() as session:
        assert await outbox.channels_of(session, "incident:1") == [("slack", "C1")]


async def test_the_newest_copy_of_a_card_is_the_one_to_edit(database: Database) -> None:
    await stand(database, message="1.1")
    await stand(database, message="1.2")
    await stand(database, message="1.3", channel="C2")
    row = await put(database, kind="edit", key="incident:1")
    async with database.read() as session:
        own = await outbox.copy_in(session, row, "incident:1")
    assert own is not None
    assert own.message == "1.2"


async def test_a_postponed_row_waits_without_having_been_tried(database: Database) -> None:
    row = await put(database)
    async with database.write() as session:
        await outbox.postpone(session, row, NOW + 5 * SECOND)
    assert await due(database) == []
    assert (await _read(database, row)).attempts == 0


async def _read(database: Database, row: Outbox) -> Outbox:
    async with database.read() as session:
        found = await session.get(Outbox, row.id)
    assert found is not None
    return found
