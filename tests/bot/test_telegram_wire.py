"""What comes in from Telegram, through the real library from a Bot API server on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import aiohttp
import pytest

from bot.transports.base import TransportError
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import Button, Card
from handlers.kit.messages import Place, Pressed, Sender, Typed
from tests.bot.telegram_talk import CHEN, FORUM, GROUP, LIN, SECRET, Inbox, heard, letter, talking, typed
from tests.servers.telegram import TelegramServer, User


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP], forums=[FORUM]) as running:
        yield running


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def transport(server: TelegramServer, inbox: Inbox) -> AsyncIterator[TelegramTransport]:
    async with talking(server, inbox) as running:
        yield running


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("/claim 12", "claim 12"),
        ("/claim@FenghuoBot 12", "claim 12"),
        ("/claim@fenghuobot", "claim"),
        ("/crisis claim 12", "claim 12"),
        ("/crisis 认领 12", "认领 12"),
        ("/crisis@FenghuoBot 认领 #12", "认领 #12"),
        ("/crisis", ""),
        ("/log 12 first line\nsecond line", "log 12 first line\nsecond line"),
        ("/no_duff", "no-duff"),
        ("/no-duff", "no-duff"),
        ("/handover 12 @chenli", "handover 12 @chenli"),
        ("/start", "help"),
    ],
)
async def test_a_command_arrives_as_its_words(
    server: TelegramServer, inbox: Inbox, said: str, understood: str
) -> None:
    async with talking(server, inbox, commands=[("no-duff", "a real emergency")]):
        message = await server.say(said, user=User(LIN, "悦", username="linyue"), chat=GROUP)
        event = await typed(server, inbox)
    assert event.text == understood
    assert not event.answer
    assert event.quoted is None
    assert event.by == Sender(transport="telegram", user="1001", name="悦", username="linyue")
    assert event.at == Place(transport="telegram", channel="-1001", message=str(message.id))
    assert event.id.startswith("telegram:update:")


async def test_what_is_not_for_the_bot_is_left_alone(server: TelegramServer, inbox: Inbox) -> None:
    server.privacy = False
    async with talking(server, inbox) as transport:
        card = await transport.post(letter())
        await server.say("/claim@OtherBot 12", user=LIN, chat=GROUP)
        await server.say("nice weather", user=LIN, chat=GROUP)
        await server.say("/etc/passwd is a file", user=LIN, chat=GROUP)
        await server.say("thanks", user=LIN, chat=GROUP, reply_to=int(card))
        await server.say("/whoami", user=LIN, chat=GROUP)
        assert (await typed(server, inbox)).text == "whoami"


async def test_a_reply_brings_the_message_it_answers(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    said = await server.say("店长说已经下架", user=User(CHEN, "陈立"), chat=GROUP)
    await server.say("/log 12", user=LIN, chat=GROUP, reply_to=said.id)
    quoted = (await typed(server, inbox)).quoted
    assert quoted
    assert (quoted.message, quoted.text) == (str(said.id), "店长说已经下架")
    assert (quoted.author, quoted.user) == ("陈立", "1002")
    assert quoted.at
    assert quoted.at.tzinfo == UTC
    assert quoted.at.timestamp() == said.date


async def test_a_picked_person_arrives_as_an_id_even_behind_emoji(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    await server.say(
        "/handover 12 🍰👨‍👩‍👧 陈立 then 周帆 😀",
        user=LIN,
        chat=GROUP,
        mentions=[("陈立", 1002), ("周帆", 1004)],
    )
    assert (await typed(server, inbox)).text == "handover 12 🍰👨‍👩‍👧 <@1002> then <@1004> 😀"


async def test_a_topic_is_a_thread_and_its_opening_is_no_reply(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    topic = server.add_topic(FORUM)
    message = await server.say("/show", user=LIN, chat=FORUM, topic=topic)
    event = await typed(server, inbox)
    assert event.quoted is None
    assert event.at == Place(
        transport="telegram", channel="-1002", thread=f"topic:{topic}", message=str(message.id)
    )


async def test_a_real_reply_in_a_topic_is_one(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    topic = server.add_topic(FORUM)
    said = await server.say("seen", user=CHEN, chat=FORUM, topic=topic)
    await server.say("/log 12", user=LIN, chat=FORUM, topic=topic, reply_to=said.id)
    quoted = (await typed(server, inbox)).quoted
    assert quoted
    assert quoted.text == "seen"


async def test_an_anonymous_admin_comes_as_the_group(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    bot = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
    await server.say("/claim 12", user=bot, chat=GROUP, sender_chat=GROUP)
    assert (await typed(server, inbox)).by == Sender(transport="telegram", user="-1001", name="group -1001")


async def test_plain_text_in_a_private_chat_is_an_answer(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    await server.say("蛋糕发霉", user=LIN, chat=LIN)
    event = await typed(server, inbox)
    assert (event.answer, event.text, event.at.direct) == (True, "蛋糕发霉", True)


async def test_a_question_in_a_group_is_answered_by_replying_to_it(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    await server.say("/new", user=User(LIN, "林悦"), chat=GROUP)
    await server.until(lambda: inbox.events)
    asked = await transport.post(letter("标题？", prompt=True, to=str(LIN), repeat=True))
    question = server.message(int(asked))
    assert question.force_reply
    assert question.selective
    assert ("text_mention", "林悦") in question.entities
    await server.say("蛋糕发霉", user=LIN, chat=GROUP, reply_to=question.id)
    await server.until(lambda: not server.pending)
    event = inbox.events[-1]
    assert isinstance(event, Typed)
    assert (event.answer, event.text) == (True, "蛋糕发霉")
    assert event.quoted
    assert event.quoted.message == asked


async def test_a_press_arrives_with_what_it_means_and_its_spinner_stops(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    card = Card(title="#12", buttons=(Button(label="认领", action="incident.claim", value="12:a"),))
    posted = await transport.post(letter(card=card))
    query = await server.press(int(posted), "认领", user=User(LIN, "林悦"))
    event = await heard(server, inbox)
    assert isinstance(event, Pressed)
    assert (event.action, event.value, event.reply) == ("incident.claim", "12:a", query)
    assert (event.by.user, event.at.channel, event.at.message) == ("1001", "-1001", posted)
    assert await transport.answer(event, "已认领")
    assert server.answers[query]["text"] == "已认领"
    assert not server.queries


async def test_an_answer_that_is_too_long_stops_the_spinner_and_says_that_it_was_not_read(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    card = Card(title="#12", buttons=(Button(label="Claim", action="incident.claim", value="12"),))
    await server.press(int(await transport.post(letter(card=card))), "Claim", user=LIN)
    event = await heard(server, inbox)
    assert isinstance(event, Pressed)
    assert not await transport.answer(event, "长" * 201)
    assert not server.queries
    assert await transport.answer(event, ""), "a second answer that says nothing is no trouble"
    assert not await transport.answer(event, "too late to be read")


async def test_an_update_that_could_not_be_stored_comes_again(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.failures = 2
    await server.say("/claim 12", user=LIN, chat=GROUP)
    await server.say("/claim 13", user=LIN, chat=GROUP)
    await server.until(lambda: not server.pending)
    assert [e.text for e in inbox.events if isinstance(e, Typed)] == ["claim 12", "claim 13"]
    assert "could not be stored" in caplog.text
    assert "the disk is full" in caplog.text


async def test_an_update_stays_unconfirmed_until_it_is_stored(server: TelegramServer, inbox: Inbox) -> None:
    inbox.failures = sys.maxsize
    async with talking(server, inbox):
        await server.say("/claim 12", user=LIN, chat=GROUP)
        await server.until(lambda: len(server.named("getUpdates")) > 3)
        assert server.pending == 1
    inbox.failures = 0
    async with talking(server, inbox):
        assert (await typed(server, inbox)).text == "claim 12"


async def test_an_update_that_nobody_can_read_does_not_block_the_next(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport, caplog: pytest.LogCaptureFixture
) -> None:
    await server.say("/claim 12 sesame", user=LIN, chat=GROUP, reply_to_message={"message_id": "?"})
    await server.say("/claim 13", user=LIN, chat=GROUP)
    assert (await typed(server, inbox)).text == "claim 13"
    assert "cannot be read" in caplog.text
    assert "sesame" not in caplog.text


async def test_polling_goes_on_after_errors_and_names_a_second_poller(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail("getUpdates", status=502)
    server.fail("getUpdates", retry_after=1)
    server.fail("getUpdates", error=(409, "Conflict: terminated by other getUpdates request"))
    await server.say("/claim 12", user=LIN, chat=GROUP)
    assert (await typed(server, inbox)).text == "claim 12"
    await server.say("/claim 12", user=LIN, chat=GROUP)
    await server.until(lambda: "another program polls" in caplog.text)
    assert "trying again in 1 s" in caplog.text, "as long as Telegram asked for"
    assert {json.loads(c.params["allowed_updates"])[1] for c in server.named("getUpdates")} == {
        "callback_query"
    }


async def test_two_pollers_drive_each_other_off(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(server, Inbox()):
        await server.until(lambda: "another program polls" in caplog.text)


async def test_the_menu_holds_what_telegram_takes(server: TelegramServer, inbox: Inbox) -> None:
    commands = [("claim", "Take command"), ("no-duff", "Real"), ("认领", "认领"), ("show", "长" * 300)]
    async with talking(server, inbox, commands=commands):
        assert [c["command"] for c in server.commands] == ["claim", "no_duff", "show"]
        assert len(server.commands[-1]["description"]) == 256


async def test_a_menu_that_fails_is_only_logged(
    server: TelegramServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail("setMyCommands", error=(400, "Bad Request: BOT_COMMAND_INVALID"))
    async with talking(server, inbox, commands=[("claim", "Take command")]):
        assert "command menu could not be set" in caplog.text


async def test_a_wrong_token_is_told_without_repeating_it(
    server: TelegramServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = TelegramTransport(token="666:wrong-token", api_url=server.url)
    assert await transport.check() == ["Telegram: TELEGRAM_BOT_TOKEN: Telegram does not know this token"]
    with pytest.raises(TransportError) as refused:
        await transport.start(inbox)
    assert refused.value.permanent
    assert "wrong-token" not in caplog.text + refused.value.message + str(refused.value.__cause__)


async def test_a_whole_conversation_leaves_no_token_in_the_log(
    server: TelegramServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail("getUpdates", status=500)
    async with talking(server, inbox) as transport:
        await transport.post(letter())
        server.fail("sendMessage", drop_answer=True)
        with pytest.raises(TransportError):
            await transport.post(letter())
        await server.until(lambda: "trying again" in caplog.text)
    assert server.token not in caplog.text


async def test_check_finds_nothing_wrong_and_leaves_a_running_bot_running(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    assert await transport.check() == []
    assert await transport.post(letter())
    idle = TelegramTransport(token=server.token, webhook_url="http://a.example", api_url="")
    assert [p.split(":")[0] for p in idle._wrong_settings()] == [
        "TELEGRAM_WEBHOOK_SECRET",
        "TELEGRAM_WEBHOOK_URL",
    ]


async def test_it_stops_at_once_in_the_middle_of_a_poll(server: TelegramServer, inbox: Inbox) -> None:
    async with asyncio.timeout(2), talking(server, inbox):
        await server.until(lambda: server.named("getUpdates"))


async def test_it_can_be_started_again(server: TelegramServer, inbox: Inbox) -> None:
    transport = TelegramTransport(token=server.token, api_url=server.url)
    server.fail("getMe", status=502)
    with pytest.raises(TransportError) as refused:
        await transport.start(inbox)
    assert not refused.value.permanent
    await transport.start(inbox)
    await server.say("/claim 12", user=LIN, chat=GROUP)
    await typed(server, inbox)
    await transport.stop()


async def test_the_server_brings_updates_to_a_webhook_until_they_are_taken() -> None:
    taken: list[tuple[str, bytes]] = []

    async def take(request: aiohttp.web.Request) -> aiohttp.web.Response:
        taken.append((request.headers["X-Telegram-Bot-Api-Secret-Token"], await request.read()))
        return aiohttp.web.Response(status=503 if len(taken) == 1 else 200)

    async with TelegramServer(chats=[GROUP]) as server, _site(take) as address:
        server.webhook = {"url": address, "secret_token": SECRET}
        await server.say("/claim 12", user=LIN, chat=GROUP)
        await server.until(lambda: not server.pending)
    assert len(taken) == 2
    assert taken[0] == taken[1]
    assert taken[0][0] == SECRET


@asynccontextmanager
async def _site(handler: Callable[..., object]) -> AsyncIterator[str]:
    app = aiohttp.web.Application()
    app.router.add_post("/", handler)  # type: ignore[arg-type]
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_the_server_runs_as_a_process_of_its_own(inbox: Inbox) -> None:
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.servers.telegram",
        "--chat",
        str(GROUP),
        stdout=asyncio.subprocess.PIPE,
        cwd=root,
    )
    assert process.stdout
    try:
        where = json.loads(await process.stdout.readline())
        transport = TelegramTransport(token=where["token"], api_url=where["url"])
        await transport.start(inbox)
        card = Card(title="#12", buttons=(Button(label="Claim", action="incident.claim", value="12"),))
        posted = await transport.post(letter(card=card))
        async with aiohttp.ClientSession(where["url"]) as session:
            await session.post("/_say", json={"text": "/claim 12", "user": LIN, "chat": GROUP})
            await session.post("/_press", json={"message": int(posted), "button": "Claim", "user": LIN})
            async with asyncio.timeout(5):
                while len(inbox.events) < 2:  # noqa: ASYNC110 - the inbox is a plain list
                    await asyncio.sleep(0.01)
            async with session.get("/_state") as response:
                state = await response.json()
        assert [m["text"] for m in state["messages"]] == ["#12", "/claim 12"]
        assert "sendmessage" in [c["method"] for c in state["calls"]]
        await transport.stop()
    finally:
        process.terminate()
        await process.wait()
