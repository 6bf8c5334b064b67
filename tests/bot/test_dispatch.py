"""Dispatch: nothing that arrived is lost or done twice, and whatever goes wrong, somebody hears of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import ModuleType

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

import handlers
from bot.transports.base import TransportError
from handlers.kit.cards import Card
from handlers.kit.context import Context
from handlers.kit.registry import Registry, command, notice
from handlers.kit.team import Right
from storage import inbox, notices
from storage.database import Database, Session
from storage.models import Inbox, Incident, Notice
from tests.chat import Chat, complaints, rows

trouble: list[Exception] = []
"""What the command `risky` meets, one error a try."""


@command(
    "risky", area="work", right=Right.WORK, help="Log, then meet trouble", usage="risky N", example="risky 1"
)
async def risky(ctx: Context, incident: Incident) -> None:
    await ctx.log(incident, "log", "written before the trouble")
    ctx.reply(lambda _: Card(title="said before the trouble"), incident)
    if trouble:
        raise trouble.pop(0)


@notice("broken")
async def broken(ctx: Context) -> None:
    raise RuntimeError("nobody foresaw this")


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    """With a command and a notice that meet trouble."""
    trouble.clear()
    module = ModuleType("tests.trouble")
    vars(module).update(risky=risky, broken=broken)
    own = handlers.load()
    names = {**own.names, "risky": risky.__command__}  # type: ignore[attr-defined]
    actions = {**own.actions, "test_dispatch.risky": risky.__command__}  # type: ignore[attr-defined]
    registry = Registry(own.commands, names, actions, {**own.notices, "broken": broken})
    async with Chat(url, registry=registry) as team:
        yield team


async def outcomes(chat: Chat) -> list[str]:
    async with chat.database.read() as session:
        return [row.outcome for row in await rows(session, Inbox)]


# What arrived


async def test_what_arrives_twice_is_done_once(chat: Chat) -> None:
    await chat.opens()
    event = chat.typed("log 1 顾客来电", by="林悦")
    await chat.dispatch.receive(event)
    await chat.dispatch.receive(event)
    await chat.settle()
    await chat.dispatch.receive(event)
    await chat.settle()
    assert (await chat.kinds()) == ["opened", "log"]


async def test_what_was_stored_before_a_crash_is_done_after_the_restart(chat: Chat) -> None:
    await chat.opens()
    await chat.dispatch.receive(chat.typed("claim 1", by="林悦"))
    await chat.dispatch.receive(
        chat.pressed("incident.claim", "1", await chat.card(on="telegram"), by="陈立")
    )
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        await again.settle()
        assert (await again.incident()).owner == "林悦"
        assert any("林悦" in text for _, text in chat.transports["telegram"].answers)
    assert not await chat.dispatch.drain()


async def test_a_form_that_was_asked_for_before_a_crash_is_offered_by_a_button(chat: Chat) -> None:
    await chat.dispatch.receive(chat.typed("new red", by="林悦"))
    async with Chat(chat.url, transports=chat.transports, clock=chat.clock) as again:
        await again.settle()
        assert chat.transports["slack"].forms == []
        (told,) = again.whispers_to("林悦")
        pressed = await again.presses("incident.new", told, by="林悦")
        assert [each.name for each in pressed.form.fields] == ["kind", "title"]


async def test_work_begins_by_itself_when_something_arrives(chat: Chat) -> None:
    async with chat.working():
        await chat.dispatch.receive(chat.typed("new red tech_failure 支付故障", by="林悦"))
        async with asyncio.timeout(30):
            while await chat.count(Incident) == 0:  # noqa: ASYNC110 - dispatch tells nobody that it is done
                await asyncio.sleep(0.01)


async def test_what_came_from_a_platform_that_is_not_up_waits_for_it(chat: Chat) -> None:
    await chat.opens()
    slack_only = {"slack": chat.transports["slack"]}
    async with Chat(chat.url, transports=slack_only, clock=chat.clock) as other:
        await other.dispatch.receive(chat.typed("log 1 vom Telegram", by="陈立", on="telegram"))
        await other.says("log 1 von Slack", by="林悦")
        assert [entry.text for entry in await other.entries()][1:] == ["von Slack"]
    await chat.settle()
    assert [entry.text for entry in await chat.entries()][1:] == ["von Slack", "vom Telegram"]


async def test_an_arrival_of_another_version_is_put_aside_and_the_rest_goes_on(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    await chat.opens()
    async with chat.database.write() as session:
        await inbox.put(session, "old:1", {"type": "typed", "words": "claim 1"}, chat.clock(), "slack")
    await chat.says("log 1 顾客来电", by="林悦")
    assert (await outcomes(chat)) == ["done", "unreadable", "done"]
    assert "another version" in caplog.text


async def test_a_button_of_an_older_version_is_refused(chat: Chat) -> None:
    card = await chat.opens()
    await chat.dispatch.receive(chat.pressed("incident.burn", "1", card, by="林悦"))
    await chat.settle()
    (told,) = chat.whispers_to("林悦")[1:]
    assert "help" in told.card.text


async def test_a_submission_is_worked_on_once_however_often_it_comes(chat: Chat) -> None:
    form = (await chat.says("new", by="林悦")).form
    answers = {"level": "red", "kind": "tech_failure", "title": "支付故障"}
    event = chat.pressed(
        form.action, form.value, (await chat.says("list", by="林悦")).whisper, by="林悦", fields=answers
    )
    found = await asyncio.gather(*(chat.dispatch.submit(event) for _ in range(5)))
    assert found == [{}] * 5
    assert await chat.count(Incident) == 1


async def test_a_refused_submission_is_shown_on_the_form_and_nowhere_else(chat: Chat) -> None:
    card = await chat.opens()
    await chat.says("claim 1", by="林悦")
    form = (await chat.presses("incident.dismiss", card, by="林悦")).form
    await chat.says("respond 1", by="林悦")
    said = len(chat.transports["slack"].said)
    problems = await chat.fills(form, {"reason": "旧图"}, by="林悦", on=card)
    assert "recover 1" in problems[""]
    assert len(chat.transports["slack"].said) == said


# Words


async def test_in_a_private_chat_on_telegram_the_slash_may_be_left_out(chat: Chat) -> None:
    await chat.opens()
    heard = await chat.says("claim 1", by="林悦", on="telegram", direct=True, answer=True)
    assert (await chat.incident()).owner == "林悦"
    assert "#1" in heard.whisper.title
    why = await chat.refused("你好", by="林悦", on="telegram", direct=True, answer=True)
    assert "help" in why.text


async def test_an_answer_to_a_question_that_is_closed_is_told_so(chat: Chat) -> None:
    await chat.refused("red", by="林悦", on="telegram", answer=True)


async def test_somebody_else_does_not_answer_in_ones_place(chat: Chat) -> None:
    asked = (await chat.says("new", by="林悦", on="telegram")).whisper
    await chat.refused("red", by="陈立", under=asked, answer=True)
    assert (await chat.replies("red", asked, by="林悦")).whisper.prompt


async def test_a_form_that_ends_in_a_refusal_is_closed(chat: Chat) -> None:
    await chat.opens()
    asked = (await chat.presses("incident.dismiss", await chat.card(on="telegram"), by="陈立")).whisper
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    heard = await chat.replies("旧图", asked, by="陈立")
    assert "recover 1" in heard.whisper.card.text
    assert (
        await chat.says("list", by="陈立", on="telegram", direct=True, answer=True)
    ).whisper.card.tone != "warn"


@pytest.mark.parametrize("words", ["claim 1", "draft 1", "playbook 1", "drill list"])
async def test_whoever_speaks_where_nothing_of_it_shows_hears_there_what_was_done(
    chat: Chat, words: str
) -> None:
    await chat.opens()
    name = "周帆" if words.startswith("drill") else "林悦"
    heard = await chat.says(words, by=name, on="telegram", direct=True)
    assert [each.channel for each in heard.whispers] == [chat.sender(name, "telegram").user]
    heard = await chat.says("log 1 x", by="林悦")
    assert len(heard.whispers) == 1


async def test_whoever_speaks_in_sight_of_it_is_not_told_twice(chat: Chat) -> None:
    await chat.opens()
    assert (await chat.says("claim 1", by="林悦")).whispers == []


# Direct answers


async def test_a_form_that_could_not_be_opened_is_offered_by_a_button(chat: Chat) -> None:
    chat.transports["slack"].failing["open_form"] = [TransportError("expired_trigger_id", permanent=True)]
    heard = await chat.says("new red", by="林悦")
    assert not heard.forms
    assert len((await chat.presses("incident.new", heard.whisper, by="林悦")).form.fields) == 2


async def test_a_press_that_cannot_be_answered_is_answered_by_a_message(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    chat.transports["telegram"].failing["answer"] = [TransportError("query is too old", permanent=True)]
    old = await chat.card(on="telegram")
    old.card = old.past[0]
    heard = await chat.presses("incident.claim", old, by="陈立")
    assert "林悦" in heard.whisper.title


async def test_a_direct_answer_that_breaks_is_logged_and_the_state_stands(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    await chat.opens()
    chat.transports["telegram"].failing["answer"] = [KeyError("nobody foresaw this")]
    await chat.presses("incident.claim", await chat.card(on="telegram"), by="林悦")
    assert (await chat.incident()).owner == "林悦"
    assert "nobody foresaw this" in caplog.text


async def test_a_platform_that_is_slow_to_take_an_answer_keeps_nobody_waiting(chat: Chat) -> None:
    await chat.opens()
    free = asyncio.Event()
    chat.transports["telegram"].is_slow_to_answer = free.wait
    await chat.dispatch.receive(
        chat.pressed("incident.claim", "1", await chat.card(on="telegram"), by="陈立")
    )
    await chat.dispatch.receive(chat.typed("respond 1", by="林悦"))
    async with asyncio.timeout(30):
        await chat.dispatch.drain()
    assert (await chat.incident()).state == "responding"
    free.set()
    await chat.settle()


# What goes wrong


async def test_an_unexpected_error_is_logged_once_under_the_reference_that_the_person_sees(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    await chat.opens()
    trouble.append(RuntimeError("nobody foresaw this"))
    heard = await chat.says("risky 1", by="林悦")
    assert not heard.posts
    reference = heard.whisper.title.split()[-1].rstrip(".")
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [reference in record.getMessage() for record in errors] == [True]
    assert errors[0].exc_info is not None
    assert await chat.kinds() == ["opened"]
    assert (await outcomes(chat))[-1] == "refused"
    assert (await chat.says("risky 1", by="林悦")).posts


async def test_an_unexpected_error_after_a_press_shows_in_its_answer(chat: Chat) -> None:
    await chat.opens()
    trouble.append(RuntimeError("nobody foresaw this"))
    await chat.dispatch.receive(
        chat.pressed("test_dispatch.risky", "1", await chat.card(on="telegram"), by="林悦")
    )
    await chat.settle()
    (_, text) = chat.transports["telegram"].answers[-1]
    assert len(text.split()[-1]) == 8
    assert await chat.kinds() == ["opened"]


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("insert", {}, Exception("there already")),
        OperationalError("update", {}, Exception("deadlock")),
    ],
)
async def test_a_transaction_that_the_database_refuses_is_tried_again(chat: Chat, error: Exception) -> None:
    await chat.opens()
    trouble.extend([error, error])
    heard = await chat.says("risky 1", by="林悦")
    assert [each.title for each in heard.posts] == ["said before the trouble"]
    assert await chat.kinds() == ["opened", "log"]


async def test_a_transaction_that_is_always_refused_ends_in_a_reference(chat: Chat) -> None:
    await chat.opens()
    trouble.extend([IntegrityError("insert", {}, Exception("there already"))] * 9)
    heard = await chat.says("risky 1", by="林悦")
    assert heard.whisper.card.tone == "warn"
    assert await chat.kinds() == ["opened"]


class Flaky:
    """A database that is away for a while."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.is_away = True
        self.read = database.read
        self.spool = database.spool

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        if self.is_away:
            raise OperationalError("begin", {}, Exception("the server closed the connection"))
        async with self.database.write() as session:
            yield session


async def test_while_the_database_is_away_what_arrived_waits(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.dispatch.IDLE_SECONDS", 0.02)
    monkeypatch.setattr("bot.dispatch.TRY_AGAIN_SECONDS", 0.001)
    await chat.opens()
    await chat.dispatch.receive(chat.typed("claim 1", by="林悦"))
    flaky = Flaky(chat.database)
    chat.dispatch.database = flaky  # type: ignore[assignment]
    async with chat.working():
        await asyncio.sleep(0.1)
        assert (await chat.incident()).owner == ""
        flaky.is_away = False
        async with asyncio.timeout(30):
            while (await chat.incident()).owner == "":  # noqa: ASYNC110 - dispatch tells nobody that it is done
                await asyncio.sleep(0.01)
    assert (await outcomes(chat)) == ["done", "done"]


async def test_news_that_cannot_be_said_is_not_lost_silently_and_hides_nothing_else(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    await chat.opens()
    async with chat.database.write() as session:
        await notices.put(session, "broken", chat.clock(), incident_id=1)
        await notices.put(session, "of a later version", chat.clock(), incident_id=1)
    await chat.mentions(*complaints(3))
    assert "#2" in (await chat.card("incident:2")).title
    told = [each for each in chat.transports["telegram"].posts if each.card.tone == "warn"]
    assert [each.wires for each in told] == [["look.show:1"]]
    assert told[0].title.split()[-1] in caplog.text
    async with chat.database.read() as session:
        assert [each for each in await rows(session, Notice) if each.done_at is None] == []


async def test_news_of_a_drill_that_cannot_be_said_stays_in_the_drills_room(chat: Chat) -> None:
    async with chat.database.write() as session:
        await notices.put(session, "broken", chat.clock(), incident_id=None, drill_id=1)
    await chat.settle()
    assert chat.all_said("alerts", "leads") == []
    assert {each.title.startswith("【演练】") for each in chat.all_said("drills")} == {True}


async def test_a_username_is_remembered_even_if_its_owner_was_refused(chat: Chat) -> None:
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.refused("nonsense", by="陈立", on="telegram")
    await chat.says("handover 1 @user1002", by="林悦", on="telegram")
    assert (await chat.incident()).owner == "陈立"


async def test_triggers_that_nobody_used_are_forgotten(chat: Chat) -> None:
    card = await chat.opens()
    for _ in range(5):
        event = chat.pressed("look.show", "1", card, by="林悦")
        await chat.dispatch.receive(event)
    await chat.settle()
    assert chat.dispatch._triggers == {}


async def test_time_stands_in_what_is_stored(chat: Chat) -> None:
    await chat.opens()
    await chat.passes(timedelta(minutes=3))
    await chat.says("claim 1", by="林悦")
    async with chat.database.read() as session:
        assert [row.done_at - row.at for row in await rows(session, Inbox)] == [timedelta()] * 2
