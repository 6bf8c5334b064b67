"""How fast one platform takes messages: what queues behind what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.pacing import Pacer
from bot.transports.base import Pace
from bot.transports.slack import SlackTransport
from storage.models import Outbox

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def row(kind: str, channel: str = "C1", rank: int = 1) -> Outbox:
    return Outbox(kind=kind, transport="slack", channel=channel, rank=rank, created_at=NOW, not_before=NOW)


def wait(pacer: Pacer, due: Outbox) -> float:
    return (pacer.free_at(due, NOW) - NOW) / timedelta(seconds=1)


def test_where_edits_have_a_limit_of_their_own_a_card_changes_while_posts_queue() -> None:
    pacer = Pacer(Pace(gap=1.0, edit_gap=1.2))
    pacer.went(row("post"), NOW)
    assert (wait(pacer, row("post")), wait(pacer, row("edit"))) == (1.0, 0.0)


def test_that_limit_is_one_for_all_channels() -> None:
    pacer = Pacer(Pace(gap=1.0, edit_gap=1.2))
    pacer.went(row("edit"), NOW)
    assert (wait(pacer, row("edit", "C2")), wait(pacer, row("post"))) == (1.2, 0.0)


def test_elsewhere_an_edit_is_a_message_like_others() -> None:
    pacer = Pacer(Pace(gap=1.0))
    pacer.went(row("post"), NOW)
    assert (wait(pacer, row("edit")), wait(pacer, row("edit", "C2"))) == (1.0, 0.0)


def test_slack_gets_at_most_fifty_edits_a_minute() -> None:
    assert 60 / (SlackTransport.pace.edit_gap or 0) <= 50
