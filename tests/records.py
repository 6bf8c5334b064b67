"""What is there afterwards: messages on the platforms, rows in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlmodel import select

from storage import incidents, spots, statements, timeline
from storage.database import Database
from storage.models import Entry, Incident, Version
from tests.arrivals import Arrivals
from tests.cast import CHANNELS
from tests.fakes import Said


class Records(Arrivals):
    """Looks at what was said and stored."""

    database: Database

    async def card(self, key: str = "incident:1", on: str = "slack") -> Said:
        """The newest copy of a living card on a platform: `incident:1`, `statement:1:2`, `playbook:1:user_complaint`."""
        async with self.database.read() as session:
            found = [spot for spot in await spots.copies(session, key) if spot.transport == on]
        assert found, f"no {key} on {on}: {[each.title for each in self.transports[on].posts]}"
        return self.transports[on].message(found[-1].channel, found[-1].message)

    def last(self, on: str = "slack") -> Said:
        """The newest message that everybody can read."""
        return self.transports[on].posts[-1]

    def whispers_to(self, name: str) -> list[Said]:
        """What somebody was told, and nobody else."""
        person = self.team.person(name)
        assert person is not None
        return [
            each
            for transport in self.transports.values()
            for each in transport.whispers
            if each.to == person.ids.get(transport.name)
        ]

    def all_said(self, *rooms: str) -> list[Said]:
        """All that was ever said in some rooms, on every platform."""
        channels = {channel for room in rooms for channel in CHANNELS[room].values()}
        return [
            each
            for transport in self.transports.values()
            for each in transport.said
            if each.channel in channels
        ]

    async def incident(self, number: int = 1) -> Incident:
        async with self.database.read() as session:
            found = await incidents.get(session, number)
        assert found is not None
        return found

    async def entries(self, number: int = 1) -> list[Entry]:
        async with self.database.read() as session:
            return list(await timeline.of(session, number))

    async def kinds(self, number: int = 1) -> list[str]:
        """The kinds of an incident's timeline entries, in order."""
        return [entry.kind for entry in await self.entries(number)]

    async def versions(self, number: int = 1) -> list[Version]:
        async with self.database.read() as session:
            return list(await statements.of(session, number))

    async def count(self, model: type[Any]) -> int:
        """How many rows a table has."""
        async with self.database.read() as session:
            return await session.scalar(select(func.count()).select_from(model)) or 0
