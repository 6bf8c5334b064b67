"""Delivery: what goes out, when and how often; drills and what is live never meet."""

from __future__ import annotations

import itertools

import pytest

from bot.pacing import RESERVE
from bot.transports.base import Letter, Pace, TransportError
from handlers.kit.cards import Card
from storage import spots
from storage.database import Database
from tests.bot.office import (
    Office,
    clock,
    even_chances,
    office,
    stand,
)
from tests.fakes import SetClock

__all__ = ["clock", "even_chances", "office"]


# How fast


async def test_a_channel_takes_a_message_a_second_and_another_is_not_kept_waiting(
    store: Database, clock: SetClock
) -> None:
    office = Office(store, clock, slack=Pace(gap=1.0))
    for number in range(3):
        await office.put(f"a{number}")
    await office.put("b", channel="C0LEADS")
    await office.deliver()
    assert office.slack.titles == ["a0", "b"]
    await office.deliver(0.9)
    assert office.slack.titles == ["a0", "b"]
    await office.deliver(0.1)
    await office.deliver(1.0)
    assert office.slack.titles == ["a0", "b", "a1", "a2"]
    assert office.slack.times == [0, 0, 1, 2]


async def test_whispers_with_a_limit_of_their_own_do_not_wait_behind_posts(
    store: Database, clock: SetClock
) -> None:
    office = Office(store, clock, slack=Pace(gap=1.0, whisper_gap=0.6), telegram=Pace(gap=1.0))
    for on in ("slack", "telegram"):
        await office.put("post", on=on)
        await office.put("whisper 1", kind="whisper", to="U0LIN", on=on)
        await office.put("whisper 2", kind="whisper", to="U0LIN", on=on)
    await office.deliver()
    assert office.slack.titles == ["post", "whisper 1"]
    assert office.telegram.titles == ["post"]
    await office.deliver(0.6)
    assert office.slack.titles == ["post", "whisper 1", "whisper 2"]
    assert office.telegram.titles == ["post"]


async def test_edits_with_a_limit_of_their_own_keep_it_in_all_channels_together(
    store: Database, clock: SetClock
) -> None:
    office = Office(store, clock, slack=Pace(gap=1.0, edit_gap=1.2))
    for number, channel in enumerate(("C0ALERTS", "C0LEADS")):
        message = office.slack._keep(Letter(outbox_id="old", channel=channel, card=Card(title="old")))
        async with store.write() as session:
            await spots.add(session, "slack", channel, message, key=f"incident:{number}")
        await office.put(f"edit {number}", kind="edit", key=f"incident:{number}", channel=channel)
        await office.put(f"post {number}", channel=channel)
    await office.deliver()
    assert office.slack.titles == ["edit 0", "old", "post 0", "post 1"]
    await office.deliver(1.1)
    assert len(office.slack.edits) == 1
    await office.deliver(0.1)
    assert office.slack.titles == ["edit 0", "edit 1", "post 0", "post 1"]


async def test_a_group_takes_twenty_messages_a_minute(store: Database, clock: SetClock) -> None:
    office = Office(store, clock, telegram=Pace(gap=0.0, per_minute=20))
    for number in range(25):
        await office.put(str(number), on="telegram")
    await office.put("another group", on="telegram", channel="-1009")
    await office.deliver()
    assert len(office.telegram.said) == 21
    await office.deliver(59.9)
    assert len(office.telegram.said) == 21
    await office.deliver(0.1)
    assert len(office.telegram.said) == 26


async def test_the_minute_slides(store: Database, clock: SetClock) -> None:
    office = Office(store, clock, telegram=Pace(gap=1.0, per_minute=20))
    for number in range(60):
        await office.put(str(number), on="telegram")
    for _ in range(180):
        await office.deliver(1.0)
    times = office.telegram.times
    assert len(times) == 60
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[20:], strict=False))
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(times))


async def test_the_monitors_edits_leave_room_for_a_new_alert(store: Database, clock: SetClock) -> None:
    office = Office(store, clock, telegram=Pace(gap=0.0, per_minute=20))
    for number in range(30):
        key = f"incident:{number}"
        await stand(office, key, str(number), on="telegram")
        await office.put("grown", kind="edit", on="telegram", key=key, rank=2)
    await office.deliver()
    assert len(office.telegram.edits) == 20 - RESERVE
    await office.put("alert", on="telegram", rank=0)
    await office.deliver()
    assert office.telegram.titles[-1] == "alert"
    await office.deliver(60)
    assert len(office.telegram.edits) > 20 - RESERVE


async def test_new_alerts_go_before_everything_that_waits(store: Database, clock: SetClock) -> None:
    office = Office(store, clock, slack=Pace(gap=1.0))
    for number in range(5):
        await office.put(f"old {number}")
    await office.deliver()
    await office.put("alert", rank=0)
    await office.deliver(1.0)
    assert office.slack.titles == ["old 0", "alert"]


async def test_a_retry_after_is_honoured_and_stops_only_its_channel(office: Office) -> None:
    office.slack.failing["post"].append(TransportError("slow down", retry_after=30))
    await office.put("first")
    await office.put("second")
    await office.put("elsewhere", channel="C0LEADS")
    await office.deliver()
    assert office.slack.titles == ["elsewhere"]
    await office.deliver(29.9)
    assert office.slack.titles == ["elsewhere"]
    await office.deliver(0.1)
    assert office.slack.titles == ["elsewhere", "first", "second"]


async def test_pacing_forgets_channels_that_are_quiet(store: Database, clock: SetClock) -> None:
    office = Office(store, clock, telegram=Pace(gap=1.0, per_minute=20))
    for number in range(50):
        await office.put(on="telegram", channel=str(number))
    await office.deliver()
    await office.deliver(61)
    pacer = office.delivery._pacers["telegram"]
    assert not pacer._held
    assert not pacer._minute
    assert not office.delivery._busy


# The drill fence


@pytest.mark.parametrize(
    ("channel", "drill", "passes"),
    [
        ("C0ALERTS", None, True),
        ("C0ALERTS", 1, False),
        ("C0DRILL", 1, True),
        ("C0DRILL", None, False),
        ("C0DRILL", 0, True),
    ],
)
async def test_drills_and_what_is_live_never_meet(
    office: Office, caplog: pytest.LogCaptureFixture, channel: str, drill: int | None, passes: bool
) -> None:
    row = await office.put("news", channel=channel, drill_id=drill)
    await office.deliver()
    await office.deliver(60)
    assert bool(office.slack.said) is passes
    assert (await office.row(row)).state == ("sent" if passes else "failed")
    assert ("drill traffic" in caplog.text) is not passes
