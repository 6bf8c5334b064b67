"""Delivery: what goes out, when, how often, and what becomes of what cannot."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bot import delivery as module
from bot.delivery import Delivery
from bot.evidence import Shelf
from bot.pacing import RESERVE
from bot.speech import EDIT_GAP, as_json
from bot.transports.base import Letter, Pace, TransportError
from handlers.kit.cards import Card
from handlers.kit.team import Room, Team
from storage import outbox, spots
from storage.database import Database, DatabaseError
from storage.models import Outbox
from tests.chat import PEOPLE
from tests.fakes import FakeTransport, SetClock
from tests.stores import KEY, on_both, on_postgres

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
LOST = TransportError("no answer", unsure=True)
ROOMS = (
    Room(name="alerts", purpose="alerts", ids={"slack": "C0ALERTS", "telegram": "-1001"}),
    Room(name="drills", purpose="drills", ids={"slack": "C0DRILL", "telegram": "-1002"}),
)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class Platform(FakeTransport):
    """Notes when each letter came; loses the answer to the next `losing` ones, which stand all the same."""

    def __init__(self, name: str, clock: SetClock, pace: Pace | None = None) -> None:
        super().__init__(name, native_forms=name == "slack", looks_back=name == "slack")
        self.pace = pace or Pace(gap=0.0)
        self.clock = clock
        self.letters: list[tuple[float, Letter]] = []
        self.losing = 0
        self.searches = 0
        self.undrawable = ""

    @property
    def titles(self) -> list[str]:
        return [each.title for each in self.said]

    @property
    def times(self) -> list[float]:
        """Seconds from the start at which letters came."""
        return [at for at, _ in self.letters]

    @override
    async def find(self, letter: Letter) -> str | None:
        self.searches += 1
        self._fail("find")
        ids = [each.outbox_id for _, each in self.letters]
        return self.said[ids.index(letter.outbox_id)].message if letter.outbox_id in ids else None

    @override
    def _keep(self, letter: Letter) -> str:
        if letter.card.title == self.undrawable:
            raise ValueError("verbatim text is over 2000 characters")
        self.letters.append(((self.clock() - NOW).total_seconds(), letter))
        message = super()._keep(letter)
        if self.losing:
            self.losing -= 1
            raise LOST
        return message


class Office:
    """One process that delivers, driven by hand: `deliver` sends all that may go out now."""

    def __init__(self, store: Database, clock: SetClock, **pace: Pace) -> None:
        self.store = store
        self.clock = clock
        self.slack = Platform("slack", clock, pace.get("slack"))
        self.telegram = Platform("telegram", clock, pace.get("telegram"))
        platforms = {"slack": self.slack, "telegram": self.telegram}
        team = Team(brand="青柚", people=PEOPLE, rooms=ROOMS)
        self.delivery = Delivery(
            database=store, team=team, clock=clock, transports=platforms, shelf=Shelf(Path())
        )

    async def put(self, title: str = "hello", kind: str = "post", on: str = "slack", **values: Any) -> Outbox:
        channels = {"slack": "C0ALERTS", "telegram": "-1001"}
        now = self.clock()
        card = values.pop("card", as_json(Card(title=title)))
        row = {"transport": on, "channel": channels[on], "created_at": now, "not_before": now, **values}
        async with self.store.write() as session:
            return await outbox.put(session, Outbox(kind=kind, card=card, **row))

    async def deliver(self, after: float = 0.0) -> None:
        """Let time pass, then send until nothing more may go."""
        self.clock.passes(seconds(after))
        for platform in (self.slack, self.telegram):
            while await self._round(platform):
                pass

    async def _round(self, platform: Platform) -> bool:
        await self.delivery._round(platform)
        tasks = set(self.delivery._sending[platform.name])
        await asyncio.gather(*tasks)
        return bool(tasks)

    async def row(self, row: Outbox) -> Outbox:
        async with self.store.read() as session:
            found = await session.get(Outbox, row.id)
        assert found is not None
        return found

    async def cut_off(self, row: Outbox) -> None:
        """The process dies while a row is being sent, and starts again."""
        async with self.store.write() as session:
            assert await outbox.take(session, row, self.clock())
            await outbox.free_leases(session, row.transport, self.clock())


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def office(store: Database, clock: SetClock) -> Office:
    return Office(store, clock)


@pytest.fixture(autouse=True)
def _even_chances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)


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
        await _stand(office, key, str(number), on="telegram")
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


# What fails


async def test_what_passes_is_tried_again_later_and_later_until_it_is_delivered(office: Office) -> None:
    row = await office.put()
    office.slack.failing["post"] = [TransportError("unreachable") for _ in range(8)]
    waits = []
    for _ in range(8):
        await office.deliver()
        due = (await office.row(row)).not_before
        waits.append((due - office.clock()).total_seconds())
        office.clock.now = due
    await office.deliver()
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert office.slack.titles == ["hello"]
    assert (await office.row(row)).state == "sent"


async def test_a_message_that_waits_to_be_tried_again_holds_up_no_other(office: Office) -> None:
    office.slack.failing["post"].append(TransportError("unreachable"))
    await office.put("first")
    await office.put("second")
    await office.deliver()
    assert office.slack.titles == ["second"]


async def test_a_refusal_is_logged_and_told_to_whoever_asked(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.slack.failing["post"].append(TransportError("is_archived; open the channel again", permanent=True))
    row = await office.put("the list", to="U0LIN", channel="C0OLD")
    await office.deliver()
    await office.deliver(3600)
    found = await office.row(row)
    assert (found.state, found.attempts) == ("failed", 1)
    [told] = office.slack.said
    assert (told.channel, told.card.text) == ("U0LIN", "is_archived; open the channel again")
    assert "is_archived" in caplog.text


async def test_a_refusal_of_what_nobody_asked_for_is_logged_only(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.slack.failing["post"].append(TransportError("not_in_channel", permanent=True))
    await office.put("alert")
    await office.deliver()
    assert office.slack.said == []
    assert "not_in_channel" in caplog.text


async def test_a_refused_private_message_does_not_go_round_in_circles(office: Office) -> None:
    office.slack.failing["post"] += [TransportError("no", permanent=True) for _ in range(9)]
    await office.put("the list", to="U0LIN")
    for _ in range(5):
        await office.deliver(60)
    assert len(office.slack.failing["post"]) == 7


async def test_a_whisper_that_cannot_be_said_in_the_channel_is_said_in_private(office: Office) -> None:
    office.slack.failing["whisper"].append(TransportError("channel_not_found", permanent=True))
    await office.put("You are 林悦", kind="whisper", to="U0LIN", channel="C0OTHER")
    await office.deliver()
    assert [(each.channel, each.title) for each in office.slack.said] == [("U0LIN", "You are 林悦")]


async def test_a_question_that_cannot_be_asked_is_not_asked_elsewhere(office: Office) -> None:
    """Its answer would come from another place than the form is open for."""
    office.telegram.failing["whisper"].append(TransportError("no rights", permanent=True))
    await office.put("Why?", kind="whisper", to="1001", on="telegram", prompt=True)
    await office.deliver()
    [told] = office.telegram.said
    assert (told.channel, told.card.text) == ("1001", "no rights")


async def test_a_card_that_cannot_be_drawn_is_given_up_with_a_reference(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.slack.undrawable = "too long"
    row = await office.put("too long", to="U0LIN")
    await office.put("next")
    for _ in range(9):
        await office.deliver(60)
    found = await office.row(row)
    assert (found.state, found.attempts) == ("failed", module.TRIES)
    reference = found.error.rpartition(" ")[2]
    assert reference in caplog.text
    assert "verbatim text is over" in caplog.text
    assert [each.channel for each in office.slack.said] == ["C0ALERTS", "U0LIN"]
    assert reference in office.slack.said[1].card.text


async def test_a_library_that_stumbles_once_after_an_outage_costs_no_message(office: Office) -> None:
    outage = [TransportError("unreachable") for _ in range(5)]
    office.slack.failing["post"] = [*outage, ValueError("half an answer")]
    await office.put("alert")
    for _ in range(8):
        await office.deliver(60)
    assert office.slack.titles == ["alert"]


async def test_a_row_that_holds_no_card_is_given_up(office: Office) -> None:
    row = await office.put(card={"title": "half a card"})
    for _ in range(5):
        await office.deliver(60)
    assert (await office.row(row)).state == "failed"


async def test_a_send_that_hangs_is_given_up_for_now(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_LIMIT", 0.05)

    class Hanging(Platform):
        @override
        async def post(self, letter: Letter) -> str:
            await asyncio.Event().wait()
            return ""

    office.delivery.transports = {
        "slack": (hanging := Hanging("slack", office.clock)),
        "telegram": office.telegram,
    }
    office.slack = hanging
    row = await office.put()
    await office.deliver()
    assert (await office.row(row)).state == "unsure"


async def test_a_moved_chat_is_followed_by_all_that_is_there(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await office.put("card", on="telegram", key="incident:1")
    await office.deliver()
    moved = TransportError("upgraded", moved_to="-100999")
    office.telegram.failing["post"].append(moved)
    await office.put("reply", on="telegram", under="incident:1")
    await office.deliver()
    assert [(each.channel, each.thread) for each in office.telegram.said] == [
        ("-1001", ""),
        ("-100999", "telegram-1"),
    ]
    assert "put the new id into fenghuo.yaml" in caplog.text
    async with office.store.read() as session:
        assert await outbox.channels_of(session, "incident:1") == [("telegram", "-100999")]


# What may have been sent


async def test_on_slack_an_unsure_post_is_looked_for_before_it_is_posted_again(office: Office) -> None:
    office.slack.losing = 1
    row = await office.put("alert", key="incident:1")
    await office.deliver()
    assert (await office.row(row)).state == "unsure"
    await office.deliver(60)
    assert office.slack.titles == ["alert"]
    assert office.slack.searches == 1
    found = await office.row(row)
    assert (found.state, found.message) == ("sent", "slack-1")
    async with office.store.read() as session:
        assert [spot.message for spot in await spots.copies(session, "incident:1")] == ["slack-1"]


async def test_on_slack_an_unsure_post_that_does_not_stand_is_posted(office: Office) -> None:
    row = await office.put("alert")
    await office.cut_off(row)
    await office.deliver()
    assert (office.slack.titles, office.slack.searches) == (["alert"], 1)


async def test_a_search_that_fails_is_no_reason_to_post_twice(office: Office) -> None:
    office.slack.losing = 1
    office.slack.failing["find"] = [TransportError("unreachable"), TransportError("slow down", retry_after=5)]
    await office.put("alert")
    for _ in range(6):
        await office.deliver(60)
    assert office.slack.titles == ["alert"]
    assert office.slack.searches == 3


async def test_on_telegram_a_post_whose_answer_was_lost_is_repeated_and_marked(office: Office) -> None:
    office.telegram.losing = 1
    await office.put("alert", on="telegram", key="incident:1")
    await office.deliver()
    await office.deliver(60)
    assert [each.repeat for each in office.telegram.said] == [False, True]
    async with office.store.read() as session:
        assert [spot.message for spot in await spots.copies(session, "incident:1")] == ["telegram-2"]


async def test_what_was_refused_was_not_sent_so_it_is_no_repeat(office: Office) -> None:
    office.telegram.failing["post"] = [
        TransportError("unreachable"),
        TransportError("slow down", retry_after=5),
    ]
    await office.put("alert", on="telegram")
    for _ in range(3):
        await office.deliver(60)
    assert [each.repeat for each in office.telegram.said] == [False]


async def test_once_unsure_always_unsure(office: Office) -> None:
    """The first try may stand, whatever becomes of the second."""
    office.telegram.losing = 1
    await office.put("alert", on="telegram")
    await office.deliver()
    office.telegram.failing["post"] = [TransportError("slow down", retry_after=5)]
    await office.deliver(60)
    await office.deliver(60)
    assert [each.repeat for each in office.telegram.said] == [False, True]


async def test_a_whisper_is_not_said_twice_on_slack_and_marked_on_telegram(office: Office) -> None:
    for on in ("slack", "telegram"):
        row = await office.put("psst", kind="whisper", to="U0LIN", on=on)
        await office.cut_off(row)
    await office.deliver()
    assert office.slack.said == []
    assert [each.repeat for each in office.telegram.said] == [True]


async def test_an_edit_is_made_again_without_a_mark(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    row = await office.put("newer", kind="edit", key="incident:1")
    await office.cut_off(row)
    await office.deliver()
    assert [each.title for each in office.slack.edits] == ["newer"]
    assert not office.slack.edits[0].repeat


# Living cards


async def test_a_later_edit_replaces_the_ones_that_wait(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    for number in range(5):
        await office.put(f"v{number}", kind="edit", key="incident:1")
    await office.deliver()
    assert [each.title for each in office.slack.edits] == ["v4"]


async def test_an_edit_that_failed_does_not_undo_a_newer_one(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    office.slack.failing["edit"].append(LOST)
    old = await office.put("old", kind="edit", key="incident:1")
    await office.deliver()
    await office.put("new", kind="edit", key="incident:1")
    await office.deliver(60)
    await office.deliver(60)
    assert [each.title for each in office.slack.edits] == ["new"]
    assert (await office.row(old)).state == "superseded"


async def test_the_monitors_edits_of_a_card_keep_their_distance(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    gap = EDIT_GAP.total_seconds()
    await office.put("v1", kind="edit", key="incident:1", rank=2)
    await office.deliver()
    await office.put("v2", kind="edit", key="incident:1", rank=2)
    await office.deliver(gap - 0.1)
    assert [each.title for each in office.slack.edits] == ["v1"]
    await office.deliver(0.1)
    assert office.slack.said[0].title == "v2"


async def test_what_a_person_did_shows_at_once(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    await office.put("v1", kind="edit", key="incident:1", rank=2)
    await office.deliver()
    await office.put("claimed", kind="edit", key="incident:1", rank=1)
    await office.deliver(1)
    assert office.slack.said[0].title == "claimed"


async def test_waiting_for_its_distance_costs_an_edit_no_try(office: Office) -> None:
    await _stand(office, "incident:1", "m")
    await office.put("v1", kind="edit", key="incident:1", rank=2)
    await office.deliver()
    waiting = await office.put("v2", kind="edit", key="incident:1", rank=2)
    await office.deliver(1)
    found = await office.row(waiting)
    assert (found.state, found.attempts) == ("pending", 0)
    assert found.not_before == NOW + EDIT_GAP


async def test_a_card_that_changes_before_it_is_posted_goes_out_as_it_is_now(office: Office) -> None:
    await office.put("open", key="incident:1")
    async with office.store.write() as session:
        newer = as_json(Card(title="claimed"))
        assert await outbox.replace_unsent(session, "incident:1", "slack", "C0ALERTS", newer)
    await office.deliver()
    assert office.slack.titles == ["claimed"]


async def test_a_card_that_changes_between_reading_and_sending_goes_out_as_it_is_now(office: Office) -> None:
    row = await office.put("open", key="incident:1")
    async with office.store.write() as session:
        newer = as_json(Card(title="claimed"))
        assert await outbox.replace_unsent(session, "incident:1", "slack", "C0ALERTS", newer)
    await office.delivery._send(office.slack, row)
    assert office.slack.titles == ["claimed"]


async def test_an_edit_waits_for_the_post_that_it_changes(office: Office) -> None:
    office.slack.losing = 1
    await office.put("open", key="incident:1")
    await office.deliver()
    await office.put("claimed", kind="edit", key="incident:1")
    await office.deliver()
    assert office.slack.edits == []
    await office.deliver(60)
    assert office.slack.titles == ["claimed"]


async def test_an_edit_of_what_was_never_posted_is_given_up(office: Office) -> None:
    office.slack.failing["post"].append(TransportError("not_in_channel", permanent=True))
    await office.put("open", key="incident:1")
    edit = await office.put("claimed", kind="edit", key="incident:1")
    await office.deliver()
    assert (await office.row(edit)).state == "failed"
    assert office.slack.said == []


async def test_a_reply_waits_for_its_card_and_goes_into_its_thread(office: Office) -> None:
    office.slack.failing["post"].append(TransportError("unreachable"))
    await office.put("card", key="incident:1")
    await office.put("reply", under="incident:1", broadcast=True)
    await office.put("elsewhere")
    await office.deliver()
    assert office.slack.titles == ["elsewhere"]
    await office.deliver(60)
    assert [(each.title, each.thread, each.broadcast) for each in office.slack.said[1:]] == [
        ("card", "", False),
        ("reply", "slack-2", True),
    ]


async def test_a_reply_to_a_card_that_was_refused_is_said_all_the_same(office: Office) -> None:
    office.slack.failing["post"].append(TransportError("msg_blocks_too_long", permanent=True))
    await office.put("card", key="incident:1")
    await office.put("reply", under="incident:1", broadcast=True)
    await office.deliver()
    assert [(each.title, each.thread, each.broadcast) for each in office.slack.said] == [("reply", "", False)]


async def test_only_new_messages_call_people(office: Office) -> None:
    card = as_json(Card(title="yours", notify=("林悦", "周帆", "谁")))
    await office.put(card=card, key="incident:1")
    await office.deliver()
    await office.put(card=card, kind="edit", key="incident:1")
    await office.deliver()
    assert [dict(letter.names) for _, letter in office.slack.letters] == [{"林悦": "U0LIN"}]


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


# Several processes, and none


async def _stand(office: Office, key: str, message: str, on: str = "slack") -> None:
    """A living card stands already."""
    platform = office.slack if on == "slack" else office.telegram
    channel = {"slack": "C0ALERTS", "telegram": "-1001"}[on]
    number = platform._keep(Letter(outbox_id=f"old {message}", channel=channel, card=Card(title="old")))
    async with office.store.write() as session:
        await spots.add(session, on, channel, number, key=key)


async def _until(condition: Any, within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - it watches plain values, which set no event
            await asyncio.sleep(0.005)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
    await _until(lambda: len(one.slack.said) + len(two.slack.said) >= 200, within=30)
    await _end(*tasks)
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
    await _until(lambda: office.slack.said)
    await _end(task)
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
    await _end(task)
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
        await _end(task)


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
    await _until(lambda: office.slack.said)
    await asyncio.sleep(0.5)
    await _end(task)
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
