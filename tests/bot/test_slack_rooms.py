"""Channels that the Slack transport makes, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.transports.base import Letter, TransportError, Why
from bot.transports.slack import SlackTransport
from bot.transports.slack_rooms import channel_name
from handlers.kit.cards import Card
from handlers.kit.messages import Pressed, Typed
from tests.servers.slack import SlackServer

TITLE = "蛋糕发霉客服不理人退款也不给" * 20


class Deaf:
    """An intake that nothing reaches."""

    async def receive(self, event: Typed | Pressed) -> None:
        raise AssertionError(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError(event)


def wanted(name: str = "inc-12-20261120-food_safety", **more: object) -> Letter:
    card = Card(title=f"#12 {TITLE}", name=name, text=TITLE)
    return Letter(outbox_id="7", channel="C0ALERTS", card=card, **more)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest_asyncio.fixture
async def poster(slack: SlackServer) -> AsyncIterator[SlackTransport]:
    found = SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
    await found.start(Deaf())
    yield found
    await found.stop()


async def test_a_chinese_title_of_two_hundred_characters_makes_a_channel(
    poster: SlackTransport, slack: SlackServer
) -> None:
    opened = await poster.open_room(wanted())
    [made] = slack.rooms.made
    assert (opened.channel, opened.name) == (made.id, "#inc-12-20261120-food-safety")
    assert opened.url == f"https://slack.com/app_redirect?channel={made.id}"
    await poster.describe_room(replace(wanted(), channel=opened.channel))
    assert len(made.topic) == 250
    assert made.topic.startswith("蛋糕发霉")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("inc-12-20261120-Food_Safety", "inc-12-20261120-food-safety"),
        ("食品安全", "incident"),
        ("a" * 99, "a" * 77),
    ],
)
def test_a_name_is_what_slack_takes(said: str, name: str) -> None:
    assert channel_name(said) == name


async def test_a_name_that_is_taken_gets_a_number(poster: SlackTransport, slack: SlackServer) -> None:
    slack.rooms.taken = {"inc-12-20261120-food-safety", "inc-12-20261120-food-safety-2"}
    assert (await poster.open_room(wanted())).name == "#inc-12-20261120-food-safety-3"


async def test_a_private_room_is_a_private_channel(poster: SlackTransport, slack: SlackServer) -> None:
    await poster.open_room(wanted(secret=True))
    await poster.open_room(wanted("inc-13-20261120"))
    assert [room.is_private for room in slack.rooms.made] == [True, False]


async def test_a_channel_whose_making_was_not_answered_is_found_and_not_made_again(
    poster: SlackTransport, slack: SlackServer
) -> None:
    slack.fail("conversations.create", drop_answer=True)
    with pytest.raises(TransportError) as lost:
        await poster.open_room(wanted())
    assert lost.value.unsure
    opened = await poster.open_room(wanted(repeat=True))
    [made] = slack.rooms.made
    assert opened.channel == made.id


async def test_a_channel_of_that_name_by_somebody_else_is_not_taken_for_ours(
    poster: SlackTransport, slack: SlackServer
) -> None:
    await poster.open_room(wanted())
    slack.rooms.made[0].creator = "U0WHO"
    again = await poster.open_room(wanted(repeat=True))
    assert again.name == "#inc-12-20261120-food-safety-2"


async def test_somebody_who_is_in_already_is_no_error_and_somebody_who_left_is(
    poster: SlackTransport, slack: SlackServer
) -> None:
    room = await poster.open_room(wanted())
    for _ in range(2):
        await poster.invite(replace(wanted(), channel=room.channel, to="U0LIN"))
    slack.rooms.gone = {"U0OLD"}
    with pytest.raises(TransportError) as refused:
        await poster.invite(replace(wanted(), channel=room.channel, to="U0OLD"))
    assert (refused.value.permanent, refused.value.why) == (True, Why.NOBODY)
    assert slack.rooms.made[0].members == ["U0BOT", "U0LIN"]


async def test_a_card_is_pinned_and_the_channel_archived_once_however_often_it_is_asked(
    poster: SlackTransport, slack: SlackServer
) -> None:
    room = await poster.open_room(wanted())
    letter = replace(wanted(), channel=room.channel)
    ts = await poster.post(letter)
    for _ in range(2):
        await poster.pin(letter, ts)
    assert slack.rooms.made[0].pins == [ts]
    for _ in range(2):
        await poster.close_room(letter)
    assert room.channel in slack.archived


@pytest.mark.parametrize("how", ["archived", "removed"])
async def test_a_channel_that_takes_nothing_any_more_says_so(
    poster: SlackTransport, slack: SlackServer, how: str
) -> None:
    room = await poster.open_room(wanted())
    slack.channels.discard(room.channel)
    (slack.archived if how == "archived" else slack.others).add(room.channel)
    with pytest.raises(TransportError) as refused:
        await poster.post(replace(wanted(), channel=room.channel))
    assert (refused.value.permanent, refused.value.why) == (True, Why.GONE)


async def test_a_missing_scope_is_named(poster: SlackTransport, slack: SlackServer) -> None:
    slack.fail("conversations.create", error="missing_scope")
    with pytest.raises(TransportError) as refused:
        await poster.open_room(wanted())
    assert refused.value.why is Why.NO_RIGHTS
    assert "add the scope" in refused.value.message
