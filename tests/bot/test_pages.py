"""The pages for people outside: what a link opens, what it takes, and that it takes it once."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.app import App
from bot.config import Environment, load
from bot.web.board import Board
from bot.web.gate import Gate
from bot.web.metrics import Metrics
from bot.web.pages import ALL_ANSWERS, ANSWERS, LOOKS, MISSES, Pages
from bot.web.routes import Web
from storage import deadlines
from storage.models import Opinion
from tests.cast import ingest
from tests.chat import BRAND, SHANGHAI, Chat, rows, team
from tests.stores import copy_of

PUBLIC = "https://crisis.example.com"
TITLE = "蛋糕发霉，客服不理"
ANSWER = {"score": "4", "solved": "yes", "text": "处理很快"}


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """A Chinese team that can be reached from outside."""
    async with Chat(url, team=team(language="zh")) as found:
        found.dispatch.settings["public_url"] = PUBLIC
        await found.opens(title=TITLE)
        await found.says("claim 1", by="林悦")
        yield found


def web(chat: Chat) -> Web:
    async def ready() -> dict[str, bool]:
        return {}

    return Web(
        monitor=chat.monitor,
        pushed=set(),
        receivers={},
        secret="",
        zone=SHANGHAI,
        clock=chat.clock,
        slack=None,
        telegram=None,
        is_ready=ready,
        gate=Gate("", is_public=True),
        board=Board(database=chat.database, team=chat.team, clock=chat.clock).page,
        metrics=Metrics(
            database=chat.database, monitor=chat.monitor, sources=(), transports=(), clock=chat.clock
        ).page,
        pages=Pages(
            database=chat.database,
            team=chat.team,
            clock=chat.clock,
            scrub=chat.dispatch.scrub,
            ring=chat.dispatch.wake,
        ),
    )


def visitor(served: Web, address: str = "203.0.113.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=served.app(), client=(address, 40_000))
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC)


@pytest.fixture
async def http(chat: Chat) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(web(chat)) as client:
        yield client


async def notice(chat: Chat, words: str = "星河MCN 请暂停直播") -> str:
    """The path of a new notice's link."""
    heard = await chat.says(f"partner 1 {words}", by="林悦")
    found = re.findall(rf"{PUBLIC}(/ack/\S+)", " ".join(each.card.verbatim for each in heard.posts))
    return str(found[0])


async def form(chat: Chat) -> str:
    """The path of the survey's link."""
    await chat.says("survey 1", by="林悦")
    return urlsplit((await chat.card("survey:1")).card.verbatim).path


async def opinions(chat: Chat) -> list[Opinion]:
    async with chat.database.read() as session:
        return list(await rows(session, Opinion))


async def test_a_link_asks_and_opening_it_confirms_nothing(chat: Chat, http: httpx.AsyncClient) -> None:
    path = await notice(chat)
    for _ in range(2):
        answer = await http.get(path)
        assert answer.status_code == 200
        assert "请确认已收到本通知" in answer.text
        assert BRAND in answer.text
    assert "0/1" in (await chat.card("partner:1")).title


async def test_pressing_it_confirms_once_and_the_card_in_the_thread_says_so(
    chat: Chat, http: httpx.AsyncClient
) -> None:
    path = await notice(chat)
    answer = await http.post(path, data={"name": "小王"})
    assert (answer.status_code, "谢谢" in answer.text) == (200, True)
    await chat.settle()
    card = await chat.card("partner:1")
    assert "1/1" in card.title
    assert "小王" in card.card.sections[0].lines[0]
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.text) == ("partner_confirmed", "星河MCN", "小王")
    async with chat.database.read() as session:
        assert "partner" not in {each.kind for each in await deadlines.of(session, 1)}
    for again in (await http.get(path), await http.post(path)):
        assert again.status_code == 410
        assert "已确认过" in again.text
    await chat.settle()
    assert (await chat.kinds()).count("partner_confirmed") == 1


async def test_a_notice_that_was_replaced_is_gone(chat: Chat, http: httpx.AsyncClient) -> None:
    path = await notice(chat)
    await notice(chat, "星河MCN 直播改到明天")
    assert (await http.post(path)).status_code == 410
    assert "0/1" in (await chat.card("partner:1")).title


@pytest.mark.parametrize("path", ["/ack/nobody", "/feedback/nobody", "/ack/" + "x" * 5000, "/ack/%ff%00"])
async def test_an_unknown_token_is_a_plain_page(http: httpx.AsyncClient, path: str) -> None:
    for answer in (await http.get(path), await http.post(path, data=ANSWER)):
        assert answer.status_code == 404
        assert "<form" not in answer.text
        assert "这里没有内容" in answer.text


async def test_pages_tell_nothing_of_the_incident_and_have_no_scripts(
    chat: Chat, http: httpx.AsyncClient
) -> None:
    ack, feedback = await notice(chat), await form(chat)
    shown = [await http.get(ack), await http.get(feedback), await http.post(feedback, data=ANSWER)]
    shown += [await http.post(ack), await http.get(ack)]
    for answer in shown:
        said = answer.text.partition("</style>")[2]
        for secret in (TITLE, "蛋糕", "#1", "林悦", "星河", "请暂停直播", "<script", "http://", "https://"):
            assert secret not in said
        assert "width=device-width" in answer.text
        assert "set-cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_an_answer_is_stored_without_personal_data_and_counted_on_the_card(
    chat: Chat, http: httpx.AsyncClient
) -> None:
    path = await form(chat)
    assert "处理是否满意" in (await http.get(path)).text
    await chat.passes(minutes=1)
    answer = await http.post(path, data=ANSWER | {"text": "请打 13800138000 找我"})
    assert answer.status_code == 200
    [stored] = await opinions(chat)
    assert (stored.score, stored.solved) == (4, True)
    assert "13800138000" not in stored.text
    await chat.settle()
    assert "1 份回答" in (await chat.card("survey:1")).title


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"score": "6", "solved": "yes"},
        {"score": "4", "solved": "maybe"},
        {"score": "٤", "solved": "yes"},
        ANSWER | {"text": "长" * 201},
    ],
)
async def test_an_answer_that_lacks_something_is_asked_for_again(
    chat: Chat, http: httpx.AsyncClient, given: dict[str, str]
) -> None:
    answer = await http.post(await form(chat), data=given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert await opinions(chat) == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=1&" * 100, b"[]"])
async def test_a_body_that_is_no_form_is_an_answer_that_lacks_all(
    chat: Chat, http: httpx.AsyncClient, body: bytes
) -> None:
    assert (await http.post(await form(chat), content=body)).status_code == 400


async def test_a_form_closes_after_thirty_days(chat: Chat, http: httpx.AsyncClient) -> None:
    path = await form(chat)
    chat.clock.passes(timedelta(days=30))
    assert (await http.get(path)).status_code == 410
    assert (await http.post(path, data=ANSWER)).status_code == 410
    assert await opinions(chat) == []


async def test_one_address_answers_only_so_often_and_another_still_may(chat: Chat) -> None:
    path, served = await form(chat), web(chat)
    async with visitor(served) as one, visitor(served, "2001:db8::1") as other:
        for _ in range(ANSWERS):
            assert (await one.post(path, data=ANSWER)).status_code == 200
        assert (await one.post(path, data=ANSWER)).status_code == 429
        assert (await other.post(path, data=ANSWER)).status_code == 200
        chat.clock.passes(timedelta(minutes=10))
        assert (await one.post(path, data=ANSWER)).status_code == 200
    assert len(await opinions(chat)) == ANSWERS + 2


async def test_only_answers_that_are_stored_count(chat: Chat, http: httpx.AsyncClient) -> None:
    path = await form(chat)
    for _ in range(ANSWERS):
        assert (await http.post(path, data=ANSWER | {"score": ""})).status_code == 400
    assert (await http.post(path, data=ANSWER)).status_code == 200


async def test_behind_a_proxy_what_one_link_bears_locks_nobody_out_of_another(
    chat: Chat, http: httpx.AsyncClient
) -> None:
    path, acknowledged = await form(chat), await notice(chat)
    for number in range(LOOKS):
        await http.get(path if number % 2 else "/feedback/nobody")
    for _ in range(LOOKS // 2):
        await http.get(path)
    assert (await http.get(path)).status_code == 429
    assert (await http.get(acknowledged)).status_code == 200
    assert (await http.post(acknowledged)).status_code == 200


async def test_one_link_takes_only_so_many_answers_from_however_many_addresses(chat: Chat) -> None:
    path, served = await form(chat), web(chat)
    for number in range(ALL_ANSWERS // ANSWERS):
        async with visitor(served, f"198.51.100.{number}") as each:
            for _ in range(ANSWERS):
                assert (await each.post(path, data=ANSWER)).status_code == 200
    async with visitor(served, "198.51.100.99") as late:
        assert (await late.post(path, data=ANSWER)).status_code == 429
    assert len(await opinions(chat)) == ALL_ANSWERS


async def test_whoever_tries_tokens_is_stopped(chat: Chat) -> None:
    served = web(chat)
    async with visitor(served, "2001:db8::1") as one, visitor(served, "2001:db8::2") as same_house:
        for number in range(MISSES):
            assert (await one.get(f"/ack/{number}")).status_code == 404
        assert (await same_house.get("/ack/x")).status_code == 429


async def test_a_token_is_in_no_log(
    chat: Chat, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = await notice(chat)
    with caplog.at_level(logging.WARNING, "bot.web"):
        assert (await http.post(path, content=b"x" * 20_000)).status_code == 413
    assert "/ack/…" in caplog.text
    assert path not in caplog.text


async def test_what_a_proxy_passes_on_does_not_open_the_board_without_its_token(
    tmp_path: Path, fresh_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", copy_of(fresh_file, tmp_path))
    monkeypatch.setenv("PUBLIC_URL", PUBLIC)
    app = App(load(console=False), transports={}, ingest=lambda app: ingest(app.database))
    try:
        assert app.dispatch.settings["public_url"] == PUBLIC
        transport = httpx.ASGITransport(app=app.web().app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            assert (await client.get("/")).status_code == 200
            assert (await client.get("/", headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 401
            assert (await client.get("/ack/nobody")).status_code == 404
    finally:
        await app.close()
