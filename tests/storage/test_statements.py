"""Versions and votes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from storage import incidents, statements
from storage.database import Database
from storage.models import Incident, Override, Version, Vote
from tests.storage.conftest import NOW


def version(text: str = "我们正在核实", incident_id: int = 1) -> Version:
    return Version(
        incident_id=incident_id,
        number=0,
        text=text,
        hash=statements.hash_of(text),
        authors=["林悦"],
        created_at=NOW,
    )


async def add(database: Database, text: str = "我们正在核实", incident_id: int = 1) -> Version:
    async with database.write() as session:
        return await statements.add(session, version(text, incident_id))


async def all_of(database: Database, incident_id: int = 1) -> Sequence[Version]:
    async with database.read() as session:
        return await statements.of(session, incident_id)


async def test_numbers_are_dense_when_many_write_at_once(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(title="another", opened_at=NOW))
    await asyncio.gather(*(add(database, f"text {n}", 1 + n % 2) for n in range(40)))
    for number in (1, 2):
        found = await all_of(database, number)
        assert [each.number for each in found] == list(range(1, 21))
        assert [each.state for each in found] == ["superseded"] * 19 + ["pending"]


async def test_a_version_needs_an_incident(database: Database) -> None:
    with pytest.raises(LookupError):
        await add(database, incident_id=9)


async def test_an_approved_version_is_not_superseded(database: Database, incident: Incident) -> None:
    first = await add(database)
    async with database.write() as session:
        assert await statements.settle(session, first, "approved", NOW)
    await add(database, "anders")
    assert [each.state for each in await all_of(database)] == ["approved", "pending"]


async def test_a_person_votes_once(database: Database, incident: Incident) -> None:
    made = await add(database)

    async def vote(choice: str) -> bool:
        async with database.write() as session:
            held = await statements.lock(session, made.id or 0)
            assert held is not None
            return await statements.vote(
                session, Vote(version_id=held.id or 0, person="陈立", choice=choice, hash=held.hash, at=NOW)
            )

    votes = await asyncio.gather(*(vote("approve" if n % 2 else "veto") for n in range(20)))
    assert votes.count(True) == 1
    async with database.read() as session:
        assert len(await statements.votes(session, made.id or 0)) == 1


async def test_two_last_votes_see_each_other(database: Database, incident: Incident) -> None:
    """Each counts the votes after it has cast its own: exactly one of them finds the needed two."""
    made = await add(database)

    async def vote(person: str) -> int:
        async with database.write() as session:
            held = await statements.lock(session, made.id or 0)
            assert held is not None
            ballot = Vote(version_id=held.id or 0, person=person, choice="approve", hash=held.hash, at=NOW)
            assert await statements.vote(session, ballot)
            await asyncio.sleep(0.01)
            return len(await statements.votes(session, held.id or 0))

    assert sorted(await asyncio.gather(*(vote(f"lead {n}") for n in range(5)))) == [1, 2, 3, 4, 5]


async def test_a_version_is_settled_once_and_only_while_pending(
    database: Database, incident: Incident
) -> None:
    made = await add(database)

    async def settle(state: str) -> bool:
        async with database.write() as session:
            return await statements.settle(session, made, state, NOW)

    assert (await asyncio.gather(settle("approved"), settle("vetoed"), settle("changes"))).count(True) == 1


async def test_a_version_whose_text_was_exchanged_is_not_settled(
    database: Database, incident: Incident
) -> None:
    made = await add(database)
    async with database.write() as session:
        made.hash = statements.hash_of("another text")
        assert not await statements.settle(session, made, "approved", NOW)


async def test_a_version_that_is_not_there_cannot_be_held(database: Database) -> None:
    async with database.write() as session:
        assert await statements.lock(session, 9) is None


async def held(database: Database, made: Version, **more: Any) -> bool:
    """Somebody votes."""
    async with database.write() as session:
        await statements.lock(session, made.id or 0)
        given = {"person": "陈立", "choice": "approve", "hash": made.hash, "at": NOW, **more}
        return await statements.vote(session, Vote(version_id=made.id or 0, **given))


async def choices(database: Database, made: Version) -> list[tuple[str, str, str]]:
    async with database.read() as session:
        return [
            (vote.person, vote.choice, vote.fell) for vote in await statements.votes(session, made.id or 0)
        ]


async def test_a_vote_that_fell_or_expired_or_was_for_another_level_is_given_again(
    database: Database, incident: Incident
) -> None:
    made = await add(database)
    assert await held(database, made, level="blue", until=NOW + timedelta(hours=1))
    assert not await held(database, made, level="blue")
    assert await held(database, made, level="red", until=NOW + timedelta(hours=1))
    assert await held(database, made, level="red", at=NOW + timedelta(hours=1))
    async with database.write() as session:
        assert list(await statements.fall(session, made.id or 0, "F1")) == ["陈立"]
        assert list(await statements.fall(session, made.id or 0, "F1")) == []
    assert await choices(database, made) == [("陈立", "approve", "F1")]
    assert await held(database, made, level="red")
    assert await choices(database, made) == [("陈立", "approve", "")]


async def test_a_recusal_takes_an_approval_back_and_stays(database: Database, incident: Incident) -> None:
    made = await add(database)
    assert await held(database, made)
    assert await held(database, made, choice="recuse")
    for choice in ("approve", "recuse", "veto"):
        assert not await held(database, made, choice=choice)
    assert await choices(database, made) == [("陈立", "recuse", "")]
    assert await held(database, made, person="吴桐", choice="veto")
    assert not await held(database, made, person="吴桐", choice="recuse")


async def test_only_what_a_template_made_is_released_and_once(database: Database, incident: Incident) -> None:
    edited = await add(database)
    async with database.write() as session:
        assert not await statements.release(session, edited, "陈立", NOW)
    whole = version("模板的文字")
    whole.made = whole.hash
    async with database.write() as session:
        await statements.add(session, whole)

    async def release(by: str) -> bool:
        async with database.write() as session:
            return await statements.release(session, whole, by, NOW)

    assert (await asyncio.gather(release("陈立"), release("吴桐"), release("何青"))).count(True) == 1
    async with database.write() as session:
        assert (await statements.spoken(session, 1)) is not None
        assert await statements.settle(session, whole, "approved", NOW)


async def test_what_was_released_is_not_superseded(database: Database, incident: Incident) -> None:
    whole = version("模板的文字")
    whole.made = whole.hash
    async with database.write() as session:
        await statements.add(session, whole)
        await statements.release(session, whole, "陈立", NOW)
    await add(database, "下一份")
    assert [each.state for each in await all_of(database)] == ["released", "pending"]


async def test_a_check_is_let_pass_once(database: Database, incident: Incident) -> None:
    made = await add(database)

    async def let_pass(by: str) -> bool:
        async with database.write() as session:
            await statements.lock(session, made.id or 0)
            row = Override(
                version_id=made.id or 0, code="L03", hash=made.hash, by=by, reason="公司热线", at=NOW
            )
            return await statements.let_pass(session, row)

    assert (await asyncio.gather(*(let_pass(f"lead {n}") for n in range(5)))).count(True) == 1
    async with database.read() as session:
        assert len(await statements.overrides(session, made.id or 0)) == 1
