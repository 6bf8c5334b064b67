"""Mentions, their topics, where sources left off, and the figures."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from storage import figures, inbox, incidents, mentions, notices, outbox, sources
from storage.database import Database
from storage.models import Incident, Mention, Outbox, Quarantine, State, Topic
from tests.storage.conftest import NOW

HOUR = timedelta(hours=1)


def row(key: str, **values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "source": "crawl",
        "platform": "douyin",
        "text": key,
        "seen_at": NOW,
        "label": "negative",
        "reasons": [["发霉", 0.9, "lexicon"]],
        "hits": ["发霉"],
        "repairs": [],
    }
    return Mention(key=key, **{**defaults, **values}).model_dump(exclude={"id"})


def topic(**values: Any) -> Topic:
    return Topic(**{"title": "t", "first_at": NOW, "last_at": NOW, **values})


async def test_a_mention_cannot_be_stored_twice(database: Database) -> None:
    async with database.write() as session:
        await mentions.add(session, [row("a"), row("b")])
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await mentions.add(session, [row("c"), row("a")])
    async with database.read() as session:
        assert await mentions.count(session) == 2
        assert set(await mentions.known(session, ["a", "c"])) == {"a"}


async def test_counts_are_updated_row_by_row(database: Database) -> None:
    async with database.write() as session:
        await mentions.add(session, [row("a", likes=1), row("b", likes=2)])
        known = await mentions.known(session, ["a", "b"])
        counts = {"likes": 50, "replies": None, "shares": 3, "plays": 9}
        await mentions.recount(session, [{"id": known["a"].id, **counts}])
        again = await mentions.known(session, ["a", "b"])
    assert (again["a"].likes, again["a"].shares, again["a"].replies) == (50, 3, None)
    assert again["b"].likes == 2


async def test_nothing_to_store_is_no_statement(database: Database) -> None:
    async with database.write() as session:
        await mentions.add(session, [])
        await mentions.recount(session, [])
        await mentions.update_topics(session, [])
        assert await mentions.count(session) == 0


async def test_topics_are_brought_up_to_date(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        made = [topic(), topic(title="other")]
        await mentions.add_topics(session, made)
        session.expunge_all()
        made[0].incident_id, made[0].negatives, made[0].platforms = 1, 7, {"douyin": 7}
        made[0].last_at = NOW + HOUR
        await mentions.update_topics(session, made[:1])
    async with database.read() as session:
        [found] = await incidents.topics(session, 1)
        assert (found.negatives, found.platforms, found.last_at) == (7, {"douyin": 7}, NOW + HOUR)


async def test_topics_stay_open_while_they_move_or_their_incident_lives_or_ended_lately(
    database: Database,
) -> None:
    async with database.write() as session:
        for state, closed in (
            (State.OPEN, None),
            (State.CLOSED, NOW - HOUR),
            (State.CLOSED, NOW - 9 * 24 * HOUR),
        ):
            await incidents.create(session, Incident(opened_at=NOW, state=state, closed_at=closed))
        old = NOW - 10 * 24 * HOUR
        await mentions.add_topics(
            session,
            [
                topic(title="moving"),
                topic(title="still", last_at=old),
                topic(title="living", last_at=old, incident_id=1),
                topic(title="ended lately", last_at=old, incident_id=2),
                topic(title="ended long ago", last_at=old, incident_id=3),
            ],
        )
    async with database.read() as session:
        found = await mentions.open_topics(session, None, NOW - HOUR, NOW - 7 * 24 * HOUR)
    assert {each.title: lasting for each, lasting in found} == {
        "moving": False,
        "living": True,
        "ended lately": True,
    }


async def test_a_topic_is_recalled_by_its_newest_negatives(database: Database) -> None:
    async with database.write() as session:
        await mentions.add_topics(session, [topic(), topic()])
        await mentions.add(
            session,
            [
                *(row(f"one {n}", topic_id=1, item_id="v1") for n in range(5)),
                row("praise", topic_id=1, label="positive"),
                row("two", topic_id=2),
            ],
        )
    async with database.read() as session:
        found = await mentions.traces_of(session, [1, 2], 3)
    assert [each.text for each in found] == ["one 2", "one 3", "one 4", "two"]
    assert {(each.topic_id, tuple(each.hits)) for each in found} == {(1, ("发霉",)), (2, ("发霉",))}


async def test_the_newest_negatives_of_an_incident(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await mentions.add_topics(session, [topic(incident_id=1), topic()])
        await mentions.add(
            session,
            [
                row("old", topic_id=1, seen_at=NOW - 2 * HOUR),
                row("new", topic_id=1, item_id="v1"),
                row("praise", topic_id=1, item_id="v1", label="positive"),
                row("elsewhere", topic_id=2, item_id="v1"),
                row("the post", item_id="v1", kind="video", label="neutral"),
            ],
        )
    async with database.read() as session:
        assert [each.text for each in await mentions.newest(session, 1)] == ["new", "old"]
        assert await mentions.negatives_between(session, 1, NOW - HOUR, NOW) == 1
        assert await mentions.negatives_between(session, 1, NOW - 2 * HOUR, NOW) == 1
        assert await mentions.negatives_between(session, 1, NOW - 3 * HOUR, NOW) == 2
        assert await mentions.share(session, 1, NOW - HOUR) == (2, 3)


async def test_a_source_moves_on_with_what_it_yielded(database: Database) -> None:
    async with database.write() as session:
        assert await sources.cursor_of(session, "crawl") == {}
        await sources.advance(session, "crawl", at=NOW, cursor={"a.jsonl": 10}, found=3, rejected=1)
        await sources.advance(session, "crawl", at=NOW + HOUR, cursor=None, found=0, rejected=0)
        rows = [Quarantine(source="crawl", file="a.jsonl", offset=7, reason="no text", at=NOW)]
        await sources.quarantine(session, rows)
    with suppress(RuntimeError):
        async with database.write() as session:
            await sources.advance(session, "crawl", at=NOW, cursor={"a.jsonl": 99}, found=1, rejected=0)
            raise RuntimeError
    async with database.read() as session:
        assert await sources.cursor_of(session, "crawl") == {"a.jsonl": 10}
        assert await sources.quarantined(session) == 1
        [state] = await sources.states(session)
    assert (state.found, state.rejected, state.found_at, state.read_at) == (3, 1, NOW, NOW + HOUR)


async def test_a_source_that_ails_says_so_until_it_is_read_again(database: Database) -> None:
    async with database.write() as session:
        await sources.ail(session, "crawl", at=NOW, error="the folder is gone")
    async with database.read() as session:
        [state] = await sources.states(session)
        assert state.error == "the folder is gone"
    async with database.write() as session:
        await sources.advance(session, "crawl", at=NOW, cursor={}, found=0, rejected=0)
        [state] = await sources.states(session)
        assert state.error == ""


async def test_figures_count_what_is_live_and_what_waits(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(opened_at=NOW, drill_id=1))
        await incidents.claim(session, 1, "林悦", NOW)
        await mentions.add(session, [row("a"), row("b", platform="weibo"), row("c", drill_id=1)])
        await inbox.put(session, "one", {}, NOW)
        await inbox.put(session, "two", {}, NOW)
        await inbox.take(session, 1, NOW)
        await notices.put(session, "incident.raised", NOW, incident_id=1)
        for state in ("pending", "unsure", "sent", "failed", "superseded"):
            message = Outbox(
                kind="post", transport="slack", channel="C1", state=state, created_at=NOW, not_before=NOW
            )
            await outbox.put(session, message)
    async with database.read() as session:
        found = await figures.count(session)
    assert found.mentions == {"douyin": 1, "weibo": 1}
    assert found.incidents["claimed"] == 1
    assert sum(found.incidents.values()) == 1
    assert set(found.incidents) == {state.value for state in State}
    assert (found.outbox, found.failures, found.inbox, found.notices) == ({"slack": 2}, {"slack": 1}, 1, 1)
