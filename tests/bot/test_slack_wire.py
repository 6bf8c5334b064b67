"""Slack through the real libraries: Bolt, its socket client and its Starlette handler, against tests/servers/slack."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.transports.base import Letter
from bot.transports.slack import SlackTransport
from handlers.kit.cards import Button, Card, Choice, Form, FormField
from handlers.kit.messages import Place, Pressed, Typed
from tests.servers.slack import SlackServer

CARD = Card(
    title="#1 蛋糕发霉", text="抖音 ×3", buttons=(Button(label="认领", action="incident.claim", value="1"),)
)
LETTER = Letter(outbox_id="outbox-1", channel="C0ALERTS", card=CARD)
CLOSE = Form(
    title="Close #1",
    action="incident.close",
    value="1",
    submit="Close",
    fields=(
        FormField(name="reason", label="Why", long=True),
        FormField(name="level", label="Level", choices=(Choice(label="红", value="red"),), required=False),
    ),
)


class Inbox:
    """An intake that keeps what it is given, once each, and fails the next `failures` times."""

    def __init__(self) -> None:
        self.events: list[Typed | Pressed] = []
        self.ids: set[str] = set()
        self.failures = 0
        self.problems: dict[str, str] = {}

    async def receive(self, event: Typed | Pressed) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        if event.id not in self.ids:
            self.ids.add(event.id)
            self.events.append(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        await self.receive(event)
        return self.problems

    @property
    def typed(self) -> Typed:
        event = self.events[-1]
        assert isinstance(event, Typed)
        return event

    @property
    def pressed(self) -> Pressed:
        event = self.events[-1]
        assert isinstance(event, Pressed)
        return event


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@asynccontextmanager
async def over_socket(slack: SlackServer, inbox: Inbox) -> AsyncIterator[SlackTransport]:
    transport = SlackTransport(
        bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url, watch_every=0.3
    )
    await transport.start(inbox)
    await slack.connected()
    try:
        yield transport
    finally:
        await transport.stop()


@asynccontextmanager
async def over_http(slack: SlackServer, inbox: Inbox) -> AsyncIterator[SlackTransport]:
    transport = SlackTransport(
        bot_token=slack.bot_token, signing_secret=slack.signing_secret, api_url=slack.api_url
    )
    await transport.start(inbox)
    app = Starlette(routes=[Route("/slack/events", transport.http_handler, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    slack.events_url = f"http://127.0.0.1:{listening.getsockname()[1]}/slack/events"
    try:
        yield transport
    finally:
        server.should_exit = True
        await serving
        listening.close()
        await transport.stop()


@pytest_asyncio.fixture(params=[over_socket, over_http], ids=["socket", "http"])
async def transport(
    request: pytest.FixtureRequest, slack: SlackServer, inbox: Inbox
) -> AsyncIterator[SlackTransport]:
    async with request.param(slack, inbox) as up:
        yield up


async def test_a_command_is_stored_and_acknowledged(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    ack = await slack.command("close 1 <退款> & done <@U0CHEN>", user="U0WU", channel="C0LEADS")
    assert ack.ok
    assert ack.payload == {}
    assert inbox.typed.text == "close 1 <退款> & done <@U0CHEN>"
    assert (inbox.typed.by.user, inbox.typed.at) == ("U0WU", Place(transport="slack", channel="C0LEADS"))
    assert inbox.typed.id == f"slack:trigger:{inbox.typed.trigger}"


async def test_the_word_payload_does_not_lose_a_command(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    assert (await slack.command("log 1 the payload= field was empty")).ok
    assert inbox.typed.text == "log 1 the payload= field was empty"


async def test_a_mention_in_a_thread_keeps_its_thread(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    card = await transport.post(LETTER)
    ack = await slack.mention("log 已致电客户 1 < 2", thread_ts=card)
    assert ack.ok
    assert inbox.typed.text == "log 已致电客户 1 < 2"
    assert inbox.typed.at == Place(transport="slack", channel="C0ALERTS", thread=card, message=ack.ts)
    assert inbox.typed.id.startswith("slack:event:Ev")


async def test_a_direct_message_is_direct(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    assert (await slack.direct("list mine", user="U0LIN")).ok
    assert (inbox.typed.text, inbox.typed.at.channel, inbox.typed.at.direct) == ("list mine", "D0LIN", True)


async def test_a_press_says_what_and_where(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    card = await transport.post(LETTER)
    reply = await transport.post(replace(LETTER, thread=card, outbox_id="outbox-2"))
    assert (await slack.press(card, "incident.claim:1")).ok
    on_top = inbox.pressed
    assert (await slack.press(reply, "incident.claim:1")).ok
    in_thread = inbox.pressed
    assert (on_top.action, on_top.value) == ("incident.claim", "1")
    assert on_top.at == Place(transport="slack", channel="C0ALERTS", message=card)
    assert in_thread.at == Place(transport="slack", channel="C0ALERTS", thread=card, message=reply)
    assert on_top.id != in_thread.id


async def test_a_press_on_a_whisper_arrives(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    whisper = await transport.whisper(replace(LETTER, to="U0LIN"))
    assert (await slack.press(whisper, "incident.claim:1")).ok
    assert inbox.pressed.at.message == whisper


async def test_a_form_opens_and_its_answers_come_back(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    card = await transport.post(LETTER)
    await slack.press(card, "incident.claim:1")
    await transport.open_form(inbox.pressed.trigger, CLOSE)
    ack = await slack.submit(slack.views[-1], {"reason": "raw <b> & *text*", "level": "red"}, user="U0WU")
    assert ack.ok
    assert ack.payload == {}
    assert (inbox.pressed.action, inbox.pressed.value, inbox.pressed.by.user) == (
        "incident.close",
        "1",
        "U0WU",
    )
    assert inbox.pressed.fields == {"reason": "raw <b> & *text*", "level": "red"}
    assert inbox.pressed.at == Place(transport="slack", channel="C0ALERTS", message=card)


async def test_a_refused_form_says_so_under_its_fields(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    await slack.command("close 1")
    await transport.open_form(inbox.typed.trigger, CLOSE)
    inbox.problems = {"level": "too high", "": "somebody closed it"}
    ack = await slack.submit(slack.views[-1], {"reason": "done"})
    assert ack.payload == {
        "response_action": "errors",
        "errors": {"level": "too high", "reason": "somebody closed it"},
    }
    inbox.problems = {}
    assert (await slack.submit(slack.views[-1], {"reason": "done"})).payload == {}
    assert len({event.id for event in inbox.events}) == 3


async def test_a_pin_on_a_thread_reply_knows_the_message_and_the_thread(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    card = await transport.post(LETTER)
    reply = slack.say("客户同意 <1000 元> & 道歉", user="U0WU", thread_ts=card)
    assert (await slack.react("pushpin", reply.ts, user="U0LIN")).ok
    assert (await slack.react("pushpin", reply.ts, user="U0CHEN")).ok
    assert (await slack.react("eyes", reply.ts)).ok
    assert [each.id for each in inbox.events] == [
        f"slack:pin:C0ALERTS:{reply.ts}:{user}" for user in ("U0LIN", "U0CHEN")
    ]
    inbox.events.pop()
    assert (inbox.typed.text, inbox.typed.by.user) == ("log", "U0LIN")
    assert inbox.typed.at == Place(transport="slack", channel="C0ALERTS", thread=card, message=reply.ts)
    quoted = inbox.typed.quoted
    assert quoted is not None
    assert (quoted.message, quoted.text, quoted.user) == (reply.ts, "客户同意 <1000 元> & 道歉", "U0WU")
    assert quoted.at is not None
    assert quoted.at.timestamp() == pytest.approx(float(reply.ts))


async def test_a_pin_is_stored_even_if_the_message_cannot_be_read(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    message = slack.say("important")
    slack.fail("conversations.replies", ratelimit=30)
    assert (await slack.react("pushpin", message.ts)).ok
    assert inbox.typed.quoted is not None
    assert (inbox.typed.quoted.message, inbox.typed.quoted.text) == (message.ts, "")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "subtype": "message_changed", "channel": "D0LIN", "channel_type": "im"},
        {"type": "message", "subtype": "never_heard_of", "channel": "C0ALERTS", "channel_type": "channel"},
        {
            "type": "message",
            "bot_id": "B9",
            "user": "U9",
            "channel": "D9",
            "channel_type": "im",
            "ts": "1.0",
            "text": "hi",
        },
        {
            "type": "message",
            "user": "U0LIN",
            "channel": "C0ALERTS",
            "channel_type": "channel",
            "ts": "1.0",
            "text": "hi",
        },
        {"type": "app_mention", "user": "U0BOT", "channel": "C0ALERTS", "ts": "1.0", "text": "<@U0BOT> list"},
        {
            "type": "app_mention",
            "user": "U1",
            "channel": "C1",
            "ts": "1.0",
            "text": "<@U0BOT> x",
            "edited": {"ts": "2.0"},
        },
        {
            "type": "reaction_added",
            "user": "U1",
            "reaction": "pushpin",
            "item": {"type": "file", "file": "F1"},
        },
        {"type": "team_join", "user": {"id": "U77"}},
    ],
    ids=lambda event: f"{event['type']}-{event.get('subtype', '')}",
)
async def test_what_does_not_concern_us_is_acknowledged_and_dropped(
    event: dict[str, object], transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    assert (await slack.event(event)).ok
    assert inbox.events == []


async def test_what_could_not_be_stored_is_not_acknowledged(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    slack.ack_deadline = 0.3
    card = await transport.post(LETTER)
    inbox.failures = 5
    acks = [
        await slack.mention("log lost?"),
        await slack.direct("list"),
        await slack.react("pushpin", card),
        await slack.command("claim 1"),
        await slack.press(card, "incident.claim:1"),
    ]
    assert [ack.ok for ack in acks] == [False] * 5
    assert inbox.events == []


async def test_an_event_that_could_not_be_stored_is_stored_when_it_comes_again(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    slack.ack_deadline = 0.3
    inbox.failures = 2
    ack = await slack.mention("log kept", retries=3)
    assert (ack.ok, ack.attempts) == (True, 3)
    assert [event.id for event in inbox.events] == list(inbox.ids)


async def test_an_event_that_comes_twice_has_one_id(
    transport: SlackTransport, slack: SlackServer, inbox: Inbox
) -> None:
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.0", "text": "<@U0BOT> list"}
    body = slack.event_body(event)
    assert (await slack.deliver("events_api", body)).ok
    assert (await slack.deliver("events_api", body)).ok
    assert [one.id for one in inbox.events] == [f"slack:event:{body['event_id']}"]


async def test_forged_stale_and_garbled_requests_are_refused(slack: SlackServer, inbox: Inbox) -> None:
    form = {"command": "/crisis", "text": "claim 1", "user_id": "U1", "channel_id": "C1", "trigger_id": "1.2"}
    raw = urlencode(form)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with over_http(slack, inbox):
        true = await slack.send_raw(raw, kind | slack.sign(raw))
        forged = await slack.send_raw(raw, kind | slack.sign(raw, secret="another"))
        altered = await slack.send_raw(raw + "2", kind | slack.sign(raw))
        stale = await slack.send_raw(raw, kind | slack.sign(raw, at=time.time() - 600))
        bare = await slack.send_raw(raw, kind)
        ssl_check = await slack.send_raw(raw + "&ssl_check=1", kind)
        garbled = await slack.send_raw("{not json", {"Content-Type": "application/json"})
    assert (true.status, forged.status, altered.status, stale.status, bare.status) == (
        200,
        401,
        401,
        401,
        401,
    )
    assert garbled.status == 400
    # Bolt lets unsigned certificate checks through; they must not carry a command in.
    assert ssl_check.status == 200
    assert len(inbox.events) == 1


async def test_the_address_check_is_answered(slack: SlackServer, inbox: Inbox) -> None:
    raw = json.dumps({"type": "url_verification", "challenge": "abc", "token": "unused"})
    async with over_http(slack, inbox):
        ack = await slack.send_raw(raw, {"Content-Type": "application/json"} | slack.sign(raw))
    assert (ack.status, ack.payload) == (200, {"challenge": "abc"})


async def test_the_socket_comes_back_when_slack_asks_for_it(slack: SlackServer, inbox: Inbox) -> None:
    async with over_socket(slack, inbox):
        await slack.disconnect()
        await slack.connected()
        assert (await slack.command("list")).ok
    assert len(slack.called("apps.connections.open")) == 2


async def test_a_link_that_failed_is_not_tried_for_ever(slack: SlackServer, inbox: Inbox) -> None:
    async with over_socket(slack, inbox):
        slack.refuse_links = 1
        await slack.disconnect()
        await slack.connected(within=5)
        assert (await slack.command("list")).ok


async def test_a_server_that_does_not_listen_cannot_delay_the_stop(slack: SlackServer, inbox: Inbox) -> None:
    slack.deaf = True
    async with over_socket(slack, inbox) as transport:
        began = time.monotonic()
        await transport.stop()
        assert time.monotonic() - began < 5


async def test_stopping_is_quick_and_closes_the_socket(slack: SlackServer, inbox: Inbox) -> None:
    async with over_socket(slack, inbox) as transport:
        began = time.monotonic()
        await transport.stop()
        assert time.monotonic() - began < 4
    assert slack.sockets == []
