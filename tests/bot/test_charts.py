"""Pictures: drawn from numbers, and what becomes of them on their way to each platform."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.charts import BACKGROUND, HEIGHT, RED, WIDTH, draw, short, sparkline, steps
from bot.speech import as_json, card_from
from bot.transports.base import Letter, TransportError
from bot.transports.console import ConsoleTransport
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from handlers.kit.cards import Card
from handlers.kit.context import Edit, Post
from handlers.kit.locale import Locale
from handlers.kit.messages import Place
from handlers.kit.pictures import Picture
from tests.bot.telegram_talk import FORUM, GROUP, Inbox, talking
from tests.chat import Chat
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

CURVE = Picture(
    caption="评论/小时；红：这条视频 <!channel> /claim",
    ticks=("12:00", "13:00", "14:00"),
    line=(30, 90, 690),
    usual=(40, 35, 30),
    low=(20, 18, 15),
    high=(80, 70, 60),
)
BARS = Picture(caption="提及", ticks=("a", "b", "c"), bars=(4, 0, 8), part=(1, 0, 8))
PNG = b"\x89PNG"


def colours(picture: Picture) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(draw(picture))).convert("RGB")
    assert image.size == (WIDTH, HEIGHT)
    found = image.getcolors(WIDTH * HEIGHT)
    assert found is not None
    return {colour for _, colour in found if isinstance(colour, tuple)}


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("picture", [CURVE, BARS])
def test_what_is_looked_at_is_drawn_in_red_on_a_dark_ground(picture: Picture) -> None:
    found = colours(picture)
    assert any(is_near(each, rgb(RED)) for each in found)
    assert any(is_near(each, rgb(BACKGROUND)) for each in found)


def test_a_picture_of_nothing_has_no_red_in_it() -> None:
    found = colours(Picture(caption="", ticks=("a", "b"), bars=(0, 0), part=(0, 0)))
    assert not any(is_near(each, rgb(RED)) for each in found)


VALUES = st.lists(st.none() | st.floats(0, 1e9), max_size=40).map(tuple)


@settings(max_examples=15, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_any_numbers_can_be_drawn(
    some: tuple[float | None, ...], more: tuple[float | None, ...], bars: bool
) -> None:
    ticks = tuple(str(place) for place in range(max(len(some), len(more), 1)))
    if bars:
        picture = Picture(caption="", ticks=ticks, bars=some, part=more)
    else:
        picture = Picture(caption="", ticks=ticks, line=some, usual=more, low=more, high=some)
    assert draw(picture).startswith(PNG)


@given(st.floats(0, 1e12))
def test_the_scale_is_round_reaches_over_the_highest_value_and_has_few_steps(highest: float) -> None:
    found = steps(highest)
    assert found[0] == 0
    assert found[-1] >= highest * 0.999999
    assert 2 <= len(found) <= 6


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.4, "0.4"), (12, "12"), (950, "950"), (1_250, "1.2k"), (34_000, "34k"), (5e6, "5M")],
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert short(value) == words


def test_the_terminal_has_a_row_of_blocks() -> None:
    assert sparkline((0, 1, None, 4, 8)) == "▁▂ ▅█ 0–8"
    assert sparkline((0, 0)) == "▁▁ 0–0"
    assert sparkline(()) == ""


async def test_the_terminal_prints_caption_blocks_and_span() -> None:
    out = io.StringIO()
    say = Locale(language="zh", zone=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 11, 20, tzinfo=UTC))
    console = ConsoleTransport(person="陈立", rooms={"alerts": say}, out=out)
    await console.show(
        Letter(outbox_id="1", channel="alerts", card=Card(title=CURVE.caption, images=(CURVE,)))
    )
    assert "评论/小时" in out.getvalue()
    assert "▁▂█ 30–690" in out.getvalue()
    assert "12:00 → 14:00" in out.getvalue()


# Slack


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def poster(slack: SlackServer) -> SlackTransport:
    return SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)


def picture(thread: str = "") -> Letter:
    return Letter(
        outbox_id="7", channel="C0ALERTS", card=Card(title=CURVE.caption, images=(CURVE,)), thread=thread
    )


async def test_slack_gets_a_file_in_the_cards_thread_with_words_for_those_who_cannot_see(
    poster: SlackTransport, slack: SlackServer
) -> None:
    card = await poster.post(Letter(outbox_id="6", channel="C0ALERTS", card=Card(title="#1")))
    await poster.show(picture(card))
    shown = slack.posted[-1]
    [file] = shown.files
    assert shown.thread_ts == card
    assert slack.contents[file["id"]].startswith(PNG)
    assert file["alt_txt"] == CURVE.caption
    assert "评论/小时" in shown.text
    assert "&lt;!channel&gt;" in shown.text, "a caption wakes nobody"


async def test_slack_can_be_asked_whether_a_picture_stands_there(
    poster: SlackTransport, slack: SlackServer
) -> None:
    card = await poster.post(Letter(outbox_id="6", channel="C0ALERTS", card=Card(title="#1")))
    assert await poster.find(picture(card)) is None
    slack.fail("files.completeUploadExternal", drop_answer=True)
    with pytest.raises(TransportError) as lost:
        await poster.show(picture(card))
    assert lost.value.unsure
    assert await poster.find(picture(card)) == slack.posted[-1].ts


async def test_an_upload_that_fails_is_tried_again_and_a_missing_scope_is_named(
    poster: SlackTransport, slack: SlackServer
) -> None:
    slack.fail("upload", status=500)
    with pytest.raises(TransportError) as failed:
        await poster.show(picture())
    assert (failed.value.permanent, failed.value.unsure) == (False, False)
    slack.fail("files.getUploadURLExternal", error="missing_scope")
    with pytest.raises(TransportError, match="slack_manifest") as refused:
        await poster.show(picture())
    assert refused.value.permanent
    assert slack.posted == []


# Telegram


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(chats=[GROUP], forums=[FORUM]) as running:
        yield running


@pytest.fixture
async def transport(server: TelegramServer) -> AsyncIterator[TelegramTransport]:
    async with talking(server, Inbox()) as running:
        yield running


async def test_telegram_gets_a_photo_under_the_card(
    server: TelegramServer, transport: TelegramTransport
) -> None:
    card = await transport.post(Letter(outbox_id="6", channel=str(GROUP), card=Card(title="#1")))
    letter = Letter(
        outbox_id="7",
        channel=str(GROUP),
        card=Card(title=CURVE.caption, images=(CURVE,)),
        thread=card,
        repeat=True,
    )
    shown = server.message(int(await transport.show(letter)))
    assert shown.reply_to == int(card)
    assert shown.photo > 5_000
    assert "评论/小时" in shown.text
    assert "可能重复" in shown.text
    assert shown.live == [], "neither mention nor command of a caption is live"


async def test_drawing_keeps_nobody_waiting(poster: SlackTransport, slack: SlackServer) -> None:
    ticks = 0

    async def count() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    counting = asyncio.create_task(count())
    await poster.show(picture())
    counting.cancel()
    assert ticks > 5


# From a card to a message of its own


def with_picture(_: Locale) -> Card:
    return Card(title="digest", images=(CURVE,))


async def said(chat: Chat, post: Post) -> None:
    async with chat.database.write() as session:
        await chat.dispatch.speech.put(session, [post], chat.clock())
    await chat.settle()


def posted(chat: Chat, on: str = "slack") -> list[tuple[str, bool]]:
    return [(each.title, bool(each.card.images)) for each in chat.transports[on].posts]


async def test_a_picture_follows_its_card_into_its_thread(chat: Chat) -> None:
    await said(chat, Post(build=with_picture, purpose="alerts"))
    for name in chat.transports:
        card, shown = chat.transports[name].posts
        assert (card.card.images, shown.card.images) == ((), (CURVE,))
        assert shown.thread == card.message


async def test_below_a_reply_it_goes_into_the_same_thread(chat: Chat) -> None:
    """Slack's threads have no threads."""
    incident = await chat.opens()
    await said(chat, Post(build=with_picture, under="incident:1", key="reply"))
    reply, shown = chat.transports["slack"].posts[-2:]
    assert reply.thread == shown.thread == incident.message
    place = Place(transport="slack", channel="C0ALERTS", thread=incident.message, message="1.2")
    await said(chat, Post(build=with_picture, place=place))
    assert chat.transports["slack"].posts[-1].thread == incident.message


async def test_a_picture_waits_for_its_card_and_does_not_come_without_it(chat: Chat) -> None:
    chat.transports["slack"].failing["post"] = [TransportError("slow down", retry_after=5.0)]
    chat.transports["telegram"].failing["post"] = [TransportError("chat not found", permanent=True)]
    await said(chat, Post(build=with_picture, purpose="alerts"))
    assert posted(chat) == posted(chat, "telegram") == []
    await chat.passes(seconds=6)
    assert posted(chat) == [("digest", False), (CURVE.caption, True)]
    assert posted(chat, "telegram") == []


async def test_a_picture_that_fails_is_tried_again_and_one_that_is_refused_costs_nothing_else(
    chat: Chat,
) -> None:
    chat.transports["slack"].failing["show"] = [TransportError("no answer", unsure=True)]
    chat.transports["telegram"].failing["show"] = [TransportError("missing_scope", permanent=True)]
    await said(chat, Post(build=with_picture, purpose="alerts"))
    await chat.passes(minutes=2)
    assert posted(chat) == [("digest", False), (CURVE.caption, True)]
    assert posted(chat, "telegram") == [("digest", False)]


async def test_an_edit_of_a_card_leaves_its_picture_alone(chat: Chat) -> None:
    await said(chat, Post(build=with_picture, purpose="alerts", key="living"))
    async with chat.database.write() as session:
        edit = Edit(key="living", build=lambda _: Card(title="changed", images=(CURVE,)))
        await chat.dispatch.speech.put(session, [edit], chat.clock())
    await chat.settle()
    assert posted(chat) == [("changed", False), (CURVE.caption, True)]


async def test_a_picture_of_a_drill_stays_among_drills_and_says_so(chat: Chat) -> None:
    await said(chat, Post(build=with_picture, purpose="drills", drill_id=1))
    assert posted(chat) == [("【演练】digest", False), (f"【演练】{CURVE.caption}", True)]
    await said(chat, Post(build=with_picture, purpose="alerts", drill_id=1))
    assert len(posted(chat)) == 2


def test_a_card_with_a_picture_survives_the_outbox() -> None:
    card = with_picture(Locale(language="en", zone=ZoneInfo("UTC"), now=datetime(2026, 11, 20, tzinfo=UTC)))
    assert card_from(orjson.loads(orjson.dumps(as_json(card)))) == card
    older = as_json(Card(title="from an older version"))
    del older["images"]
    assert card_from(older).images == ()
