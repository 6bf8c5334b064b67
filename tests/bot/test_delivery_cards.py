"""Delivery of living cards: edits, and what waits for a card."""

from __future__ import annotations

from bot.speech import EDIT_GAP, as_json
from bot.transports.base import TransportError
from handlers.kit.cards import Card
from storage import outbox
from tests.bot.office import (
    LOST,
    NOW,
    Office,
    clock,
    even_chances,
    office,
    stand,
)

__all__ = ["clock", "even_chances", "office"]


async def test_a_later_edit_replaces_the_ones_that_wait(office: Office) -> None:
    await stand(office, "incident:1", "m")
    for number in range(5):
        await office.put(f"v{number}", kind="edit", key="incident:1")
    await office.deliver()
    assert [each.title for each in office.slack.edits] == ["v4"]


async def test_an_edit_that_failed_does_not_undo_a_newer_one(office: Office) -> None:
    await stand(office, "incident:1", "m")
    office.slack.failing["edit"].append(LOST)
    old = await office.put("old", kind="edit", key="incident:1")
    await office.deliver()
    await office.put("new", kind="edit", key="incident:1")
    await office.deliver(60)
    await office.deliver(60)
    assert [each.title for each in office.slack.edits] == ["new"]
    assert (await office.row(old)).state == "superseded"


async def test_the_monitors_edits_of_a_card_keep_their_distance(office: Office) -> None:
    await stand(office, "incident:1", "m")
    gap = EDIT_GAP.total_seconds()
    await office.put("v1", kind="edit", key="incident:1", rank=2)
    await office.deliver()
    await office.put("v2", kind="edit", key="incident:1", rank=2)
    await office.deliver(gap - 0.1)
    assert [each.title for each in office.slack.edits] == ["v1"]
    await office.deliver(0.1)
    assert office.slack.said[0].title == "v2"


async def test_what_a_person_did_shows_at_once(office: Office) -> None:
    await stand(office, "incident:1", "m")
    await office.put("v1", kind="edit", key="incident:1", rank=2)
    await office.deliver()
    await office.put("claimed", kind="edit", key="incident:1", rank=1)
    await office.deliver(1)
    assert office.slack.said[0].title == "claimed"


async def test_waiting_for_its_distance_costs_an_edit_no_try(office: Office) -> None:
    await stand(office, "incident:1", "m")
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
