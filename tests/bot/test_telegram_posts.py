"""What goes out to Telegram, through the real library to a Bot API server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.transports.base import TransportError
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import Button, Card, Form, Quote, Tone
from handlers.kit.messages import Place
from tests.bot.telegram_talk import FORUM, GROUP, LIN, Inbox, letter, talking
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


async def test_a_message_is_posted_edited_and_an_edit_that_changes_nothing_succeeds(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    card = Card(
        title="#12 <b>蛋糕</b> & 更多",
        tone=Tone.ORANGE,
        notify=("林悦",),
        buttons=(Button(label="Claim", action="incident.claim", value="12"),),
    )
    number = await transport.post(letter(card=card, names={"林悦": "1001"}))
    message = server.message(int(number))
    assert message.text == "林悦\n🟠 #12 <b>蛋糕</b> & 更多"
    assert message.live == [("text_mention", "林悦")]
    assert message.buttons == [("Claim", "incident.claim:12")]
    assert not message.preview
    changed = Card(title="claimed", notify=card.notify, buttons=card.buttons)
    for _ in range(2):
        await transport.edit(letter(card=changed, names={"林悦": "1001"}), number)
    assert (message.text, message.edits) == ("claimed", 1)
    assert message.buttons == [("Claim", "incident.claim:12")]
    assert not message.live, "an edit calls nobody"


async def test_a_thread_is_a_reply_or_a_topic(server: TelegramServer, transport: TelegramTransport) -> None:
    first = await transport.post(letter())
    reply = await transport.post(letter("under it", thread=first))
    assert server.message(int(reply)).reply_to == int(first)
    topic = server.add_topic(FORUM)
    inside = await transport.post(letter(channel=FORUM, thread=f"topic:{topic}"))
    assert server.message(int(inside)).topic == topic
    server.message(int(first)).deleted = True
    assert await transport.post(letter("its target is gone", thread=first))


async def test_a_whisper_names_the_person_in_a_group_but_not_in_private(
    server: TelegramServer, inbox: Inbox, transport: TelegramTransport
) -> None:
    await server.say("/claim 99", user=User(LIN, "林", username="linyue"), chat=LIN)
    await server.until(lambda: inbox.events)
    openly = await transport.whisper(letter("No incident #99", to=str(LIN)))
    assert server.message(int(openly)).text == "林\nNo incident #99"
    assert server.message(int(openly)).live == [("text_mention", "林")]
    unseen = await transport.whisper(letter("No incident #99", to="555"))
    assert [kind for kind, _ in server.message(int(unseen)).live] == ["text_mention"]
    privately = await transport.whisper(letter("No incident #99", channel=LIN, to=str(LIN)))
    assert server.message(int(privately)).text == "No incident #99"


async def test_a_repeat_says_so(server: TelegramServer, transport: TelegramTransport) -> None:
    number = await transport.post(letter("alert", repeat=True))
    assert server.message(int(number)).text.startswith("（可能重复 · possible repeat）\n")


async def test_hostile_words_pass_the_wire_and_nothing_of_them_is_live(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    words = (
        "@chenli /claim 1 https://evil.example/x evil.com <a href='x'>#tag</a> $USD & a@b.com 中国.中国 " * 4
    )
    card = Card(title=words, text=words, footer=words, quotes=(Quote(text=words, url="https://weibo.com/1"),))
    message = server.message(int(await transport.post(letter(card=card))))
    assert message.live == [("text_link", "↗")]
    assert "<a href='x'>#tag</a>" in message.text


async def test_too_many_messages_bring_the_time_to_wait(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    server.fail("sendMessage", retry_after=7)
    with pytest.raises(TransportError) as refused:
        await transport.post(letter())
    assert refused.value.retry_after == 7
    assert (refused.value.permanent, refused.value.unsure) == (False, False)


async def test_a_lost_answer_leaves_us_unsure(server: TelegramServer, transport: TelegramTransport) -> None:
    server.fail("sendMessage", drop_answer=True)
    with pytest.raises(TransportError) as lost:
        await transport.post(letter("was it sent?"))
    assert (lost.value.unsure, lost.value.permanent) == (True, False)
    assert [m.text for m in server.sent()] == ["was it sent?"]


async def test_a_broken_server_leaves_us_unsure(server: TelegramServer, transport: TelegramTransport) -> None:
    server.fail("sendMessage", status=500)
    with pytest.raises(TransportError) as lost:
        await transport.post(letter())
    assert (lost.value.unsure, lost.value.permanent) == (True, False)


async def test_a_server_that_was_never_reached_leaves_no_doubt(unused_tcp_port: int) -> None:
    transport = TelegramTransport(token="1:a", api_url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(TransportError) as refused:
        await transport.post(letter())
    assert (refused.value.unsure, refused.value.permanent) == (False, False)
    await transport.stop()


async def test_a_group_that_moved_tells_its_new_id(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    server.migrate(GROUP, -100_2002)
    with pytest.raises(TransportError) as refused:
        await transport.post(letter())
    assert refused.value.moved_to == "-1002002"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ((400, "Bad Request: chat not found"), "add the bot"),
        ((403, "Forbidden: bot was blocked by the user"), "unblock"),
        ((403, "Forbidden: bot was kicked from the supergroup chat"), "again"),
        ((403, "Forbidden: bot can't initiate conversation with a user"), "/start"),
        ((400, "Bad Request: not enough rights to send text messages to the chat"), "permissions"),
        ((400, "Bad Request: TOPIC_CLOSED"), "topic"),
    ],
)
async def test_a_refusal_is_permanent_and_says_what_to_do(
    server: TelegramServer, transport: TelegramTransport, error: tuple[int, str], words: str
) -> None:
    server.fail("sendMessage", error=error)
    with pytest.raises(TransportError, match=words) as refused:
        await transport.post(letter())
    assert (refused.value.permanent, refused.value.unsure) == (True, False)


async def test_what_telegram_cannot_do_is_said(transport: TelegramTransport) -> None:
    assert await transport.find(letter()) is None
    assert await transport.fetch(Place(transport="telegram", channel="1"), "2") is None
    with pytest.raises(TransportError) as refused:
        await transport.open_form("", Form(title="t", fields=(), action="a.b"))
    assert refused.value.permanent
