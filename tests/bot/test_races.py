"""Many at the same instant, on both platforms, in one process and in two on one database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from bot.monitor.worker import Worker
from handlers.kit.cards import Card
from handlers.kit.messages import Pressed, Sender, Typed
from storage.models import Drill, Entry, Inbox, Incident, Vote
from tests.cast import setup
from tests.chat import Chat, rotten, rows, team
from tests.fakes import Said
from tests.stores import on_both, on_postgres

each_crowd = pytest.mark.parametrize("crowd", [30, pytest.param(100, marks=pytest.mark.slow)])


@asynccontextmanager
async def processes(url: str, count: int) -> AsyncIterator[list[Chat]]:
    """So many processes of the bot on one database and the same platforms, all at work. Guests may respond."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Chat(url, team=team(guests="responder")))
        others = [
            await stack.enter_async_context(
                Chat(url, team=first.team, transports=first.transports, clock=first.clock)
            )
            for _ in range(count - 1)
        ]
        yield [first, *others]


async def at_once(chats: Sequence[Chat], events: Sequence[Typed | Pressed]) -> None:
    """All of it arrives in the same instant, here and there, while every process works."""
    async with AsyncExitStack() as stack:
        for chat in chats:
            await stack.enter_async_context(chat.working())
        await asyncio.gather(
            *(chats[number % len(chats)].dispatch.receive(event) for number, event in enumerate(events))
        )
        async with asyncio.timeout(60):
            while await waiting(chats[0]):  # noqa: ASYNC110 - another process may do it, and tells nobody
                await asyncio.sleep(0.01)
    for chat in chats:
        await chat.settle()


async def waiting(chat: Chat) -> int:
    """How many that arrived are not worked on yet."""
    async with chat.database.read() as session:
        query = select(func.count()).select_from(Inbox).where(col(Inbox.done_at).is_(None))
        return await session.scalar(query) or 0


async def stored(chat: Chat) -> list[Inbox]:
    async with chat.database.read() as session:
        return list(await rows(session, Inbox))


async def claims(chat: Chat, crowd: int) -> list[Typed | Pressed]:
    """A claim of incident #1 by each of a crowd: half type on Slack, half press on Telegram."""
    card = await chat.card(on="telegram")
    events: list[Typed | Pressed] = []
    for number in range(crowd):
        name = "telegram" if number % 2 else "slack"
        sender = Sender(transport=name, user=f"{number + 5000}", name=f"人{number}")
        events.append(
            chat.pressed("incident.claim", "1", card, by=sender)
            if number % 2
            else chat.typed("claim 1", by=sender)
        )
    return events


async def assert_one_owner(chat: Chat, crowd: int) -> None:
    """One has it, everybody else was told who, and the timeline says it once."""
    owner = (await chat.incident()).owner
    assert owner
    assert await chat.kinds() == ["opened", "claimed"]
    outcomes = [row.outcome for row in await stored(chat)][1:]
    assert sorted(outcomes) == ["done"] + ["refused"] * (crowd - 1)
    refusals = [each.title for each in chat.transports["slack"].whispers if each.card.tone == "warn"]
    refusals += [text for _, text in chat.transports["telegram"].answers if text]
    assert len(refusals) == crowd - 1
    assert all(owner in text for text in refusals)
    assert owner in (await chat.card()).title
    assert owner in (await chat.card(on="telegram")).title


@each_crowd
async def test_a_crowd_that_claims_while_the_monitor_reads_makes_one_owner(
    url: str, crowd: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 1) as (chat,):
        await chat.opens()
        found = [
            rotten(f"{number}号：蛋糕发霉，客服不理", item=f"post{number % 9}") for number in range(6 * crowd)
        ]
        chat.monitor.ingest = worker = Worker(setup(url))
        tally, _ = await asyncio.gather(
            chat.monitor.take("push", found, ()), at_once([chat], await claims(chat, crowd))
        )
        worker.stop()
        assert tally.new == len(found)
        await chat.settle()
        await assert_one_owner(chat, crowd)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@on_postgres
@each_crowd
async def test_a_crowd_that_claims_at_two_processes_makes_one_owner(
    url: str, crowd: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 2) as chats:
        await chats[0].opens()
        await at_once(chats, await claims(chats[0], crowd))
        await assert_one_owner(chats[0], crowd)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@on_both
async def test_the_last_two_votes_in_the_same_instant_approve_once(url: str) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        for number in range(1, 3):
            await chat.opens("red")
            await chat.says(f"draft {number}", by="林悦")
            votes = [chat.typed(f"approve {number} v1", by=name, on="slack") for name in ("陈立", "吴桐")]
            await at_once(chats, votes)
            (version,) = await chat.versions(number)
            assert version.state == "approved"
            assert (await chat.kinds(number)).count("approved") == 1
            assert (await chat.kinds(number)).count("approve") == 2


@on_both
@pytest.mark.parametrize("times", [2, pytest.param(12, marks=pytest.mark.slow)])
async def test_an_edit_and_the_last_vote_in_the_same_instant_never_approve_another_text(
    url: str, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        for number in range(1, times + 1):
            await chat.opens("red")
            await chat.says(f"draft {number}", by="林悦")
            await chat.says(f"approve {number}", by="陈立")
            both: list[Typed | Pressed] = [
                chat.typed(f"edit {number} 改过的文字", by="林悦"),
                chat.typed(f"approve {number} v1", by="吴桐"),
            ]
            await at_once(chats, both if number % 2 else both[::-1])
            first, second = await chat.versions(number)
            assert first.state in {"approved", "superseded"}
            assert second.state == "pending"
            async with chat.database.read() as session:
                cast = [vote for vote in await rows(session, Vote) if vote.version_id == second.id]
            assert cast == []
            assert second.authors == ["林悦"]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@on_both
async def test_one_step_ticked_by_many_in_the_same_instant_has_one_tick(url: str) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        await chat.opens()
        await chat.says("playbook 1", by="林悦")
        checklist = await chat.card("playbook:1:user_complaint")
        people = [Sender(transport="slack", user=f"U{number}", name="x") for number in range(12)]
        await at_once(
            chats, [chat.pressed("playbook.step", "1 1 done", checklist, by=person) for person in people]
        )
        assert (await chat.kinds()).count("step_done") == 1
        assert [row.outcome for row in await stored(chat)].count("refused") == 11


@on_both
async def test_one_message_logged_by_many_in_the_same_instant_enters_once(url: str) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        await chat.opens()
        said = chat.writes("顾客已经收到退款", by="陈立", on="telegram")
        await at_once(chats, [chat.typed("log 1", by="林悦", replying=said) for _ in range(8)])
        assert await chat.kinds() == ["opened", "log"]
        assert {row.outcome for row in await stored(chat)} == {"done"}


@on_both
async def test_two_who_start_a_drill_in_the_same_instant_start_one(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        starts = [chat.typed("drill start moldy_cake", by="周帆", room="drills") for _ in range(6)]
        await at_once(chats, starts)
        assert await chat.count(Drill) == 1
        assert sorted(row.outcome for row in await stored(chat)) == ["done"] + ["refused"] * 5
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@on_both
async def test_people_who_are_met_for_the_first_time_in_the_same_instant_are_met_once(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 2 if url.startswith("postgres") else 1) as chats:
        chat = chats[0]
        await at_once(chats, [chat.typed("whoami", by="林悦") for _ in range(10)])
        assert {row.outcome for row in await stored(chat)} == {"done"}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


RACES = 500
TOGETHER = 50
"""Races that are on at the same time."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@on_both
async def test_two_leads_who_take_command_from_two_platforms_in_the_same_instant_make_one_commander(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(url, 2) as chats:
        chat = chats[0]
        async with chat.database.write() as session:
            session.add_all(
                Incident(title="蛋糕发霉", type="user_complaint", level="orange", opened_at=chat.clock())
                for _ in range(RACES)
            )
        card = Said(transport="telegram", channel="-1001", message="card", card=Card(title=""))
        for start in range(1, RACES, TOGETHER):
            numbers = range(start, start + TOGETHER)
            # Each process has one of the two; who is first changes from race to race.
            pairs = [
                (
                    chat.typed(f"claim {number}", by="吴桐", on="slack"),
                    chat.pressed("incident.claim", f"{number}", card, by="陈立"),
                )[:: 1 if number % 2 else -1]
                for number in numbers
            ]
            await at_once(chats, [event for pair in pairs for event in pair])
        async with chat.database.read() as session:
            owners = {incident.id: incident.owner for incident in await rows(session, Incident)}
            claimed = [(entry.incident_id, entry.by) for entry in await rows(session, Entry)]
        assert len(owners) == RACES
        assert set(owners.values()) == {"陈立", "吴桐"}
        assert sorted(claimed) == sorted(owners.items())
        outcomes = [row.outcome for row in await stored(chat)]
        assert (outcomes.count("done"), outcomes.count("refused")) == (RACES, RACES)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
