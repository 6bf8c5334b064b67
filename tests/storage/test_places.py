"""Spots, people and the forms that they are in the middle of."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from storage import incidents, people, spots
from storage.database import Database
from storage.models import Incident
from tests.storage.conftest import NOW


async def test_a_message_thread_or_channel_leads_to_its_incident(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        await incidents.create(session, Incident(title="another", opened_at=NOW))
        await spots.add(session, "slack", "C1", "1.1", incident_id=1)
        await spots.add(session, "slack", "C1", "1.2", incident_id=2)
        await spots.add(session, "slack", "C9", "", incident_id=2)
    async with database.read() as session:
        assert await spots.incident_at(session, "slack", "C1", ["1.1"]) == 1
        assert await spots.incident_at(session, "slack", "C1", ["9.9", "1.2", "1.1"]) == 2
        assert await spots.incident_at(session, "slack", "C1", ["9.9"]) is None
        assert await spots.incident_at(session, "telegram", "C1", ["1.1"]) is None
        assert await spots.incident_at(session, "slack", "C9", []) == 2


async def test_a_button_pressed_before_its_message_was_noted_does_not_cost_the_card_its_key(
    database: Database, incident: Incident
) -> None:
    async with database.write() as session:
        await spots.add(session, "slack", "C1", "1.1", incident_id=1)
    async with database.write() as session:
        await spots.add(session, "slack", "C1", "1.1", key="incident:1", incident_id=1)
        await spots.add(session, "slack", "C1", "1.1")
    async with database.read() as session:
        assert [(spot.message, spot.incident_id) for spot in await spots.copies(session, "incident:1")] == [
            ("1.1", 1)
        ]
        assert await spots.key_at(session, "slack", "C1", "1.1") == "incident:1"
        assert await spots.key_at(session, "slack", "C1", "1.2") == ""


async def test_a_place_noted_by_many_at_once_is_noted_once(database: Database, incident: Incident) -> None:
    async def note(number: int) -> None:
        async with database.write() as session:
            await spots.add(
                session, "slack", "C1", "1.1", key="incident:1" if number % 2 else "", incident_id=1
            )

    await asyncio.gather(*(note(number) for number in range(20)))
    async with database.read() as session:
        assert len(await spots.copies(session, "incident:1")) == 1


async def test_an_edit_is_noted_at_its_copy_only(database: Database) -> None:
    async with database.write() as session:
        await spots.add(session, "slack", "C1", "1.1", key="k")
        await spots.add(session, "slack", "C2", "1.1", key="k")
        await spots.edited(session, "slack", "C1", "1.1", NOW)
    async with database.read() as session:
        assert [spot.edited_at for spot in await spots.copies(session, "k")] == [NOW, None]


async def test_a_moved_channel_keeps_its_spots(database: Database, incident: Incident) -> None:
    async with database.write() as session:
        await spots.add(session, "telegram", "-1", "7", incident_id=1)
        await spots.move_channel(session, "telegram", "-1", "-100")
    async with database.read() as session:
        assert await spots.incident_at(session, "telegram", "-100", ["7"]) == 1
        assert await spots.incident_at(session, "telegram", "-1", ["7"]) is None


async def test_a_username_leads_to_whoever_carries_it_now(database: Database) -> None:
    async with database.write() as session:
        await people.meet(session, "telegram", "1001", "林悦", "LinYue")
        await people.meet(session, "telegram", "1002", "陈立", "")
        await people.meet(session, "telegram", "1001", "林悦", "lin_new")
    async with database.write() as session:
        await people.meet(session, "telegram", "1002", "陈立", "linyue")
    async with database.read() as session:
        for name, user in (("LINYUE", "1002"), ("lin_new", "1001")):
            found = await people.by_username(session, "telegram", name)
            assert found is not None
            assert found.user == user
        assert await people.by_username(session, "slack", "linyue") is None


async def test_many_may_meet_the_same_person_at_once(database: Database) -> None:
    async def meet() -> None:
        async with database.write() as session:
            await people.meet(session, "slack", "U1", "林悦", "lin")

    await asyncio.gather(*(meet() for _ in range(20)))
    async with database.read() as session:
        assert await people.by_username(session, "slack", "lin") is not None


async def test_one_form_is_open_for_a_person_in_a_channel(database: Database) -> None:
    async with database.write() as session:
        await people.open_form(session, "telegram", "-1", "1001", {"title": "first"}, NOW)
        await people.open_form(session, "telegram", "-1", "1002", {"title": "somebody else's"}, NOW)
        await people.open_form(
            session, "telegram", "-1", "1001", {"title": "second"}, NOW + timedelta(minutes=1)
        )
    async with database.read() as session:
        row = await people.form_of(session, "telegram", "-1", "1001")
        assert row is not None
        assert row.form == {"title": "second"}
    async with database.write() as session:
        await people.close_form(session, "telegram", "-1", "1001")
    async with database.read() as session:
        assert await people.form_of(session, "telegram", "-1", "1001") is None
        assert await people.form_of(session, "telegram", "-1", "1002") is not None


async def test_answers_to_a_form_are_kept(database: Database) -> None:
    async with database.write() as session:
        row = await people.open_form(session, "telegram", "-1", "1001", {"title": "t"}, NOW)
        row.answers = {**row.answers, "level": "red"}
    async with database.read() as session:
        found = await people.form_of(session, "telegram", "-1", "1001")
        assert found is not None
        assert found.answers == {"level": "red"}
