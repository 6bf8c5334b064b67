"""What takes long to look up keeps nobody from writing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import ModuleType

import pytest

import handlers
from bot.monitor.reading import Reading
from handlers.kit.cards import Card
from handlers.kit.context import Context
from handlers.kit.registry import Registry, command, notice
from handlers.kit.team import Right
from storage import incidents, notices
from storage.database import Database, Session
from storage.models import Incident
from tests.cast import preparer
from tests.chat import NOW, Chat

other: list[Database] = []
"""Where somebody else writes while the handler looks something up."""


async def count(session: Session) -> int:
    async with other[0].write() as writing:
        await incidents.create(writing, Incident(title="somebody else's", opened_at=NOW))
    return len(await incidents.every(session))


@command("slow", area="work", right=Right.WORK, help="Look twice", usage="slow N", example="slow 1")
async def slow(ctx: Context, incident: Incident) -> None:
    await ctx.log(incident, "log", "begun")
    first, second = await ctx.beside(count), await ctx.beside(count)
    ctx.reply(lambda _: Card(title=f"{first} then {second}"), incident)


@notice("slow")
async def slow_notice(ctx: Context) -> None:
    found = await ctx.beside(count)
    incident = await incidents.get(ctx.session, 1)
    assert incident is not None
    ctx.thread(incident, lambda _: Card(title=f"noticed {found}"))


@pytest.fixture
async def chat(url: str) -> AsyncIterator[Chat]:
    module = ModuleType("tests.slow")
    vars(module).update(slow=slow, slow_notice=slow_notice)
    own, more = handlers.load(), Registry.of([module])
    registry = Registry(
        own.commands, {**own.names, **more.names}, own.actions, {**own.notices, **more.notices}
    )
    async with Chat(url, registry=registry) as team:
        other[:] = [team.database]
        yield team


async def test_others_write_while_a_handler_looks_something_up_and_its_own_work_is_done_once(
    chat: Chat,
) -> None:
    await chat.opens()
    heard = await chat.says("slow 1", by="林悦")
    assert [each.title for each in heard.posts] == ["2 then 3"]
    assert await chat.kinds() == ["opened", "log"]
    assert await chat.count(Incident) == 3


async def test_so_they_do_while_a_notice_is_said(chat: Chat) -> None:
    await chat.opens()
    async with chat.database.write() as session:
        await notices.put(session, "slow", NOW)
    await chat.settle()
    assert chat.last().title == "noticed 2"
    assert await chat.count(Incident) == 2


class Writing:
    """Reads texts while somebody else writes."""

    async def explain(self, text: str) -> Reading:
        async with other[0].read() as session:
            await count(session)
        return preparer().reader.read(text)


async def test_so_they_do_while_a_text_is_read(chat: Chat) -> None:
    chat.monitor.ingest = Writing()  # type: ignore[assignment]
    await chat.says("score 蛋糕发霉，客服不理", by="林悦")
    assert "negative" in chat.whispers_to("林悦")[-1].title
    assert await chat.count(Incident) == 1
