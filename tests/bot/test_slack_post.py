"""What the Slack transport sends, and how it tells one failure from another, against tests/servers/slack."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio

from bot import logs
from bot.transports.base import Letter, TransportError
from bot.transports.slack import SCOPES, SlackTransport
from handlers.kit.cards import Button, Card, Form, FormField
from handlers.kit.messages import Place, Pressed, Typed
from tests.servers.slack import SlackServer


class Deaf:
    """An intake that nothing reaches."""

    async def receive(self, event: Typed | Pressed) -> None:
        raise AssertionError(event)

    async def submit(self, event: Pressed) -> dict[str, str]:
        raise AssertionError(event)


CARD = Card(
    title="#1 蛋糕发霉", text="抖音 ×3", buttons=(Button(label="认领", action="incident.claim", value="1"),)
)
LETTER = Letter(outbox_id="outbox-1", channel="C0ALERTS", card=CARD)
CLOSE = Form(
    title="Close #1", action="incident.close", value="1", fields=(FormField(name="reason", label="Why"),)
)


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def poster(slack: SlackServer) -> SlackTransport:
    """A transport that only posts; receiving is not up."""
    return SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)


async def test_a_post_and_its_edit_show_the_card(poster: SlackTransport, slack: SlackServer) -> None:
    letter = replace(LETTER, names={"林悦": "U0LIN"}, card=replace(CARD, notify=("林悦",)))
    ts = await poster.post(letter)
    [posted] = slack.posted
    assert (posted.ts, posted.channel, posted.thread_ts) == (ts, "C0ALERTS", "")
    assert "<@U0LIN>" in posted.shown
    assert "#1 蛋糕发霉" in posted.shown
    await poster.edit(replace(letter, card=replace(letter.card, text="抖音 ×37")), ts)
    [edited] = slack.posted
    assert "抖音 ×37" in edited.shown
    assert "<@U0LIN>" not in edited.shown + edited.text
    assert edited.edits == 1
    [call] = slack.called("chat.postMessage")
    assert (call["unfurl_links"], call["unfurl_media"]) == (False, False)
    assert "link_names" not in call
    assert "parse" not in call


async def test_a_reply_can_be_shown_in_the_channel_too(poster: SlackTransport, slack: SlackServer) -> None:
    card = await poster.post(LETTER)
    await poster.post(replace(LETTER, thread=card, broadcast=True))
    await poster.post(replace(LETTER, broadcast=True))
    assert [(m.thread_ts == card, m.broadcast) for m in slack.posted] == [
        (True, False),
        (True, True),
        (False, False),
    ]


async def test_a_whisper_goes_to_one_person(poster: SlackTransport, slack: SlackServer) -> None:
    await poster.whisper(replace(LETTER, to="U0LIN"))
    [whisper] = slack.whispers
    assert (whisper.to, slack.posted) == ("U0LIN", [])
    direct = slack.direct_channel("U0LIN")
    await poster.whisper(replace(LETTER, channel=direct, to="U0LIN"))
    assert [m.channel for m in slack.posted] == [direct]


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_post_whose_answer_was_lost_is_found_again(
    in_thread: bool, poster: SlackTransport, slack: SlackServer
) -> None:
    parent = slack.say("a thread").ts
    for number in range(230 if in_thread else 20):
        slack.say(f"reply {number}", thread_ts=parent)
    letter = replace(LETTER, thread=parent if in_thread else "")
    slack.fail("chat.postMessage", drop_answer=True)
    assert await poster.find(letter) is None
    with pytest.raises(TransportError) as caught:
        await poster.post(letter)
    assert caught.value.unsure
    assert not caught.value.permanent
    assert [m.ts for m in slack.posted] == [await poster.find(letter)]
    assert await poster.find(replace(letter, outbox_id="another")) is None


async def test_a_rate_limit_says_how_long_to_wait(poster: SlackTransport, slack: SlackServer) -> None:
    slack.fail("chat.postMessage", ratelimit=7)
    with pytest.raises(TransportError) as caught:
        await poster.post(LETTER)
    assert (caught.value.retry_after, caught.value.permanent, caught.value.unsure) == (7.0, False, False)
    await poster.post(LETTER)
    assert len(slack.posted) == 1


@pytest.mark.parametrize(
    ("fault", "permanent", "unsure"),
    [
        ({"status": 500}, False, True),
        ({"status": 503}, False, True),
        ({"error": "internal_error"}, False, True),
        ({"error": "fatal_error"}, False, True),
        ({"error": "service_unavailable"}, False, False),
        ({"error": "not_in_channel"}, True, False),
        ({"error": "account_inactive"}, True, False),
    ],
)
async def test_each_failure_says_whether_trying_again_helps(
    fault: dict[str, object], permanent: bool, unsure: bool, poster: SlackTransport, slack: SlackServer
) -> None:
    slack.fail("chat.postMessage", **fault)
    with pytest.raises(TransportError) as caught:
        await poster.post(LETTER)
    assert (caught.value.permanent, caught.value.unsure) == (permanent, unsure)
    assert len(slack.called("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("C0OTHER", "not_in_channel; invite the bot there: /invite @Fenghuo"),
        ("C0NOWHERE", "channel_not_found; check the channel's id in fenghuo.yaml"),
        ("C0OLD", "is_archived; open the channel again"),
    ],
)
async def test_a_channel_that_takes_no_posts_is_named_with_the_cure(
    channel: str, words: str, poster: SlackTransport
) -> None:
    with pytest.raises(TransportError, match=words) as caught:
        await poster.post(replace(LETTER, channel=channel))
    assert caught.value.permanent


async def test_a_refused_connection_is_sure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    nobody = SlackTransport(bot_token="x", app_token="y", api_url=f"http://127.0.0.1:{port}/api/")
    with pytest.raises(TransportError, match="cannot be reached") as caught:
        await nobody.post(LETTER)
    assert not caught.value.unsure
    assert not caught.value.permanent


async def test_a_form_asked_for_too_late_is_refused_for_good(
    poster: SlackTransport, slack: SlackServer
) -> None:
    trigger = slack.new_trigger()
    slack.triggers[trigger] -= 4
    with pytest.raises(TransportError, match="expired_trigger_id") as caught:
        await poster.open_form(trigger, CLOSE)
    assert caught.value.permanent


async def test_any_message_can_be_fetched(poster: SlackTransport, slack: SlackServer) -> None:
    parent = slack.say("on top <b>")
    slack.say("first", thread_ts=parent.ts)
    wanted = slack.say("wanted &", thread_ts=parent.ts)
    place = Place(transport="slack", channel="C0ALERTS")
    top, reply = await poster.fetch(place, parent.ts), await poster.fetch(place, wanted.ts)
    assert top is not None
    assert reply is not None
    assert (top.text, reply.text) == ("on top <b>", "wanted &")
    assert await poster.fetch(place, "1.000000") is None


async def test_the_check_names_every_wrong_token_and_scope(
    poster: SlackTransport, slack: SlackServer
) -> None:
    assert await poster.check() == []
    slack.scopes = ",".join(SCOPES[1:])
    assert await poster.check() == ["SLACK_BOT_TOKEN lacks scopes: app_mentions:read; add them and reinstall"]
    wrong = SlackTransport(bot_token="xoxb-no", app_token="xapp-no", api_url=slack.api_url)
    assert [problem.partition(":")[0] for problem in await wrong.check()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
    ]


def test_the_server_runs_as_a_process_of_its_own() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.slack"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        api = server.stdout.readline().strip()
        root = api.removesuffix("/api/")
        said = json.dumps({"do": "say", "text": "hi"}).encode()
        with urlopen(Request(f"{root}/_do", said, {"Content-Type": "application/json"})) as answer:
            assert json.load(answer)["text"] == "hi"
        post = json.dumps({"channel": "C0ALERTS", "text": "up"}).encode()
        headers = {"Content-Type": "application/json", "Authorization": "Bearer xoxb-test"}
        with urlopen(Request(f"{api}chat.postMessage", post, headers)) as answer:
            assert json.load(answer)["ok"]
        with urlopen(f"{root}/_state") as answer:
            assert [message["text"] for message in json.load(answer)["posted"]] == ["up"]
        server.terminate()


async def test_a_wrong_token_is_said_at_the_start(slack: SlackServer) -> None:
    transport = SlackTransport(bot_token="xoxb-wrong", app_token=slack.app_token, api_url=slack.api_url)
    with pytest.raises(TransportError, match="invalid_auth; check the token") as caught:
        await transport.start(Deaf())
    assert caught.value.permanent


def test_neither_socket_nor_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="SLACK_APP_TOKEN"):
        SlackTransport(bot_token="xoxb-test")


def test_a_token_in_the_environment_is_nothing_to_warn_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.set_up("INFO", ())
        SlackTransport(bot_token="xoxb-1", app_token="xapp-1")
        logging.getLogger("slack_bolt.AsyncApp").warning("something else")
    finally:
        root.handlers[:], root.level = before
    assert [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()] == ["something else"]
