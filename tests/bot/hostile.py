"""Hostile words, the team and its bot on both platforms, and what counts as harmless."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt
from typing_extensions import override

from bot.transports.base import Pace
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from bot.web.board import draw, look
from handlers.kit.locale import Locale
from handlers.review import compose, gather
from storage.models import Incident, Outbox
from tests.chat import NOW, SHANGHAI, Chat, library, rows, team
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import Message as SlackMessage
from tests.servers.telegram import Message as TelegramMessage
from tests.servers.telegram import TelegramServer, User

HOSTILE = {
    "slack": "<!channel> <!here> <!everyone> <!subteam^S0ALL> <@U0VICTIM> <#C0LEADS> <https://evil.example|click> &lt;!channel&gt;",
    "calls": "@everyone @all @channel @chenli_pr @FenghuoBot ＠陈立 @陈立",
    "commands": "/claim 1\n/crisis close 1 done\n/start@FenghuoBot /dismiss 1 x",
    "html": "<b>x</b><a href='tg://user?id=6666'>y</a><script>alert(1)</script><img src=x onerror=alert(1)></code></pre>&lt;b&gt; &amp; \"'",
    "long": "蛋糕里有霉斑" * 1666,
    "unbroken": "x" * 10_000,
    "control": "a\x07\x08\x1b[31mred\x1b[0m\x7f\x9b\r\nb\u2028c\u2029d\ufffe",
    "bidi": "\u202eexe.png\u202c \u2066\u2067x\u2069 \u200f\u061c #1 \u202d",
    "zero width": "c\u200bl\u200ba\u200bi\u200bm \ufeff\u2060<\u200b!channel> @\u200beveryone /\u200bclaim 1 \u3164\u115f\u2800",
    "accents": "Z" + "\u0335\u0322\u0353\u0489" * 60 + "algo",
    "emoji": "🤮👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️‍🔥🇨🇳" * 300,
    "braces": "{owner} {0.__class__.__mro__} {number!r} {{x}} {% for x in y %} {{7*7}} %s %(x)s ${HOME} {",
    "markdown": "# head\n> quote\n- list\n1. one\n***\n*b* _i_ `c` ```\nfence\n``` [x](http://evil.example) ![i](http://evil.example/i.png) |a|b| <http://evil.example>",
    "setext": "head\n====\nhead\n----\n    code\n~~~\nfence\n\\*x\\* &copy; &#35;",
    "json": '{"action": "incident.claim:1", "value": "1"}], "x": [{"type": "broadcast", "range": "channel"}]',
    "sql": "'); DROP TABLE incident; --\" OR 1=1 \\'; %00",
    "links": "http://evil.example/a evil.com t.me/evil tg://resolve?domain=evil 1.2.3.4 a@b.com #话题 $USD ftp://evil.example",
    "buttons": "incident.claim:1 [1] ✅ 已批准 · 陈立 负责",
}
ROSTER = {"U0LIN", "U0CHEN", "U0WU", "1001", "1002", "1004"}
COMPLAINT = "青柚的蛋糕发霉了，客服不理人，太恶心了"
URL = "https://example.com/v/1?a=1&b=2"
GROUP = -1001
EVE = 6666
"""A guest."""


def hostile(*kinds: str) -> pytest.MarkDecorator:
    """Run a test with the hostile words of these kinds, and among the long tests with all others."""
    return pytest.mark.parametrize(
        "words",
        [
            pytest.param(words, id=kind, marks=() if kind in kinds else pytest.mark.slow)
            for kind, words in HOSTILE.items()
        ],
    )


@dataclass
class Stage:
    """The team, its bot, and both platforms."""

    chat: Chat
    slack: SlackServer
    telegram: TelegramServer

    async def types(self, words: str, *, by: str = "U0LIN") -> None:
        """Somebody types a command on Slack."""
        assert (await self.slack.command(words, user=by)).ok
        await self.chat.settle()

    async def writes(self, words: str, *, by: int | User = 1001) -> None:
        """Somebody types a command on Telegram."""
        await self.telegram.say(words, user=by, chat=GROUP)
        await self.telegram.until(lambda: not self.telegram.pending)
        await self.chat.settle()

    def card(self, number: int = 1) -> SlackMessage:
        """The incident's card on Slack."""
        return next(each for each in self.slack.posted if not each.thread_ts and f"#{number} " in each.shown)

    def copy(self, number: int = 1) -> TelegramMessage:
        """Its copy on Telegram."""
        return next(
            each for each in self.telegram.sent(GROUP) if f"#{number} " in each.text and each.keyboard
        )

    async def is_harmless(self) -> None:
        """All that was ever said calls nobody but the team, links nowhere but to the source, and arrived."""
        for message in [*self.slack.posted, *self.slack.whispers]:
            assert_harmless_on_slack(message)
        for note in self.telegram.sent():
            assert_harmless_on_telegram(note)
        async with self.chat.database.read() as session:
            said = await rows(session, Outbox)
        assert said
        assert {each.error for each in said if each.state not in {"sent", "superseded"}} == set()

    async def review(self, number: int = 1) -> str:
        """The review's Markdown."""
        async with self.chat.database.read() as session:
            incident = await session.get(Incident, number)
            assert incident is not None
            return compose(self.say(), incident, await gather(session, incident, library()))

    async def board(self) -> str:
        """The board's HTML."""
        async with self.chat.database.read() as session:
            return draw(self.say(), "<b>青柚</b>", await look(session), "nonce")

    def say(self) -> Locale:
        return Locale(language="en", zone=SHANGHAI, now=NOW)


@pytest.fixture
async def stage(url: str) -> AsyncIterator[Stage]:
    async with (
        SlackServer() as slack,
        TelegramServer(chats=[GROUP, -1002]) as telegram,
    ):
        on_slack = SlackTransport(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
        on_telegram = TelegramTransport(token=telegram.token, api_url=telegram.url, patience=0.01)
        on_slack.pace = on_telegram.pace = Pace(gap=0.0)
        transports: Any = {"slack": on_slack, "telegram": on_telegram}
        async with Chat(url, team=team(guests="responder"), transports=transports) as chat:
            for transport in transports.values():
                await transport.start(chat.dispatch)
            await slack.connected()
            yield Stage(chat, slack, telegram)
            for transport in transports.values():
                await transport.stop()


# What counts as harmless


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a message's blocks."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value)


def assert_harmless_on_slack(message: SlackMessage) -> None:
    for part in parts(message.blocks):
        kind = part.get("type")
        assert kind not in {"user", "broadcast", "usergroup", "channel", "image", "emoji"}, part
        if kind == "mrkdwn":
            assert set(re.sub(r"<@(\w+)>", r"\1", part["text"]).split()) <= ROSTER, part
        if kind == "link":
            assert part["url"] == URL
    sequences = re.findall(r"<([^>]*)>?", message.text)
    assert {each.removeprefix("@") for each in sequences} <= ROSTER, message.text
    assert not unseen(message.shown), message.shown


def assert_harmless_on_telegram(message: TelegramMessage) -> None:
    for kind, words in message.live:
        assert kind in {"text_link", "text_mention"}, (kind, words)
    for entity in message.raw_entities:
        if entity["type"] == "text_mention":
            assert str(entity["user"]["id"]) in ROSTER | {str(EVE)}, entity
        if entity["type"] == "text_link":
            assert entity["url"] == URL
    assert not unseen(message.text), message.text


def unseen(text: str) -> list[str]:
    """Characters that turn a line around, hide words or drive a terminal."""
    return re.findall(
        r"[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c\ufeff\u2060\x00-\x08\x0b-\x1f\x7f-\x9f]", text
    )


class Tags(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


BOARD_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "span", "section", "div", "p", "table", "thead",
    "tbody", "tr", "th", "td", "bdi",
}  # fmt: skip
BOARD_ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "nonce", "class", "data-head"}


def assert_harmless_page(page: str) -> None:
    tags = Tags(page)
    assert tags.found <= BOARD_TAGS
    assert tags.attributes <= BOARD_ATTRIBUTES
    assert not unseen(page.replace("\r", ""))


PLAIN = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak",
    "bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close",
    "blockquote_open", "blockquote_close", "fence", "link_open", "link_close",
}  # fmt: skip
TITLES = {"Level path", "Times", "What people said", "Timeline", "What we said", "Who did what"}


def assert_harmless_markdown(source: str) -> None:
    """It has the headings that the review has, and no other structure, link, image or HTML."""
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    flat = [child for token in tokens for child in (token, *(token.children or ()))]
    assert {token.type for token in flat} <= PLAIN, {token.type for token in flat} - PLAIN
    assert {token.attrs.get("href") for token in flat if token.type == "link_open"} <= {URL}
    heads = [
        (token.tag, tokens[number + 1].content)
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    assert [words for tag, words in heads if tag == "h1"] == [heads[0][1]]
    assert {words for tag, words in heads if tag == "h2"} <= TITLES
    assert all(words.startswith("v") for tag, words in heads if tag == "h3")
    assert {tag for tag, _ in heads} <= {"h1", "h2", "h3"}
    assert not unseen(source)


async def all_of(stage: Stage, model: type[Any]) -> list[Any]:
    async with stage.chat.database.read() as session:
        return list(await rows(session, model))
