"""Delivery: what becomes of what cannot go out, and of what may have gone out."""

from __future__ import annotations

import asyncio

import pytest
from typing_extensions import override

from bot import delivery as module
from bot.transports.base import Letter, TransportError
from storage import outbox, spots
from tests.bot.office import (
    Office,
    Platform,
    clock,
    even_chances,
    office,
    stand,
)

__all__ = ["clock", "even_chances", "office"]


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
    await stand(office, "incident:1", "m")
    row = await office.put("newer", kind="edit", key="incident:1")
    await office.cut_off(row)
    await office.deliver()
    assert [each.title for each in office.slack.edits] == ["newer"]
    assert not office.slack.edits[0].repeat
