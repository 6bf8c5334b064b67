"""One process that delivers, driven by hand, and platforms that note when each letter came."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bot.delivery import Delivery
from bot.evidence import Shelf
from bot.speech import as_json
from bot.transports.base import Letter, Pace, TransportError
from handlers.kit.cards import Card
from handlers.kit.team import Room, Team
from storage import outbox, spots
from storage.database import Database
from storage.models import Outbox
from tests.chat import PEOPLE
from tests.fakes import FakeTransport, SetClock

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
LOST = TransportError("no answer", unsure=True)
ROOMS = (
    Room(name="alerts", purpose="alerts", ids={"slack": "C0ALERTS", "telegram": "-1001"}),
    Room(name="drills", purpose="drills", ids={"slack": "C0DRILL", "telegram": "-1002"}),
)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class Platform(FakeTransport):
    """Notes when each letter came; loses the answer to the next `losing` ones, which stand all the same."""

    def __init__(self, name: str, clock: SetClock, pace: Pace | None = None) -> None:
        super().__init__(name, native_forms=name == "slack", looks_back=name == "slack")
        self.pace = pace or Pace(gap=0.0)
        self.clock = clock
        self.letters: list[tuple[float, Letter]] = []
        self.losing = 0
        self.searches = 0
        self.undrawable = ""

    @property
    def titles(self) -> list[str]:
        return [each.title for each in self.said]

    @property
    def times(self) -> list[float]:
        """Seconds from the start at which letters came."""
        return [at for at, _ in self.letters]

    @override
    async def find(self, letter: Letter) -> str | None:
        self.searches += 1
        self._fail("find")
        ids = [each.outbox_id for _, each in self.letters]
        return self.said[ids.index(letter.outbox_id)].message if letter.outbox_id in ids else None

    @override
    def _keep(self, letter: Letter) -> str:
        if letter.card.title == self.undrawable:
            raise ValueError("verbatim text is over 2000 characters")
        self.letters.append(((self.clock() - NOW).total_seconds(), letter))
        message = super()._keep(letter)
        if self.losing:
            self.losing -= 1
            raise LOST
        return message


class Office:
    """One process that delivers, driven by hand: `deliver` sends all that may go out now."""

    def __init__(self, store: Database, clock: SetClock, **pace: Pace) -> None:
        self.store = store
        self.clock = clock
        self.slack = Platform("slack", clock, pace.get("slack"))
        self.telegram = Platform("telegram", clock, pace.get("telegram"))
        platforms = {"slack": self.slack, "telegram": self.telegram}
        team = Team(brand="青柚", people=PEOPLE, rooms=ROOMS)
        self.delivery = Delivery(
            database=store, team=team, clock=clock, transports=platforms, shelf=Shelf(Path())
        )

    async def put(self, title: str = "hello", kind: str = "post", on: str = "slack", **values: Any) -> Outbox:
        channels = {"slack": "C0ALERTS", "telegram": "-1001"}
        now = self.clock()
        card = values.pop("card", as_json(Card(title=title)))
        row = {"transport": on, "channel": channels[on], "created_at": now, "not_before": now, **values}
        async with self.store.write() as session:
            return await outbox.put(session, Outbox(kind=kind, card=card, **row))

    async def deliver(self, after: float = 0.0) -> None:
        """Let time pass, then send until nothing more may go."""
        self.clock.passes(seconds(after))
        for platform in (self.slack, self.telegram):
            while await self._round(platform):
                pass

    async def _round(self, platform: Platform) -> bool:
        await self.delivery._round(platform)
        tasks = set(self.delivery._sending[platform.name])
        await asyncio.gather(*tasks)
        return bool(tasks)

    async def row(self, row: Outbox) -> Outbox:
        async with self.store.read() as session:
            found = await session.get(Outbox, row.id)
        assert found is not None
        return found

    async def cut_off(self, row: Outbox) -> None:
        """The process dies while a row is being sent, and starts again."""
        async with self.store.write() as session:
            assert await outbox.take(session, row, self.clock())
            await outbox.free_leases(session, row.transport, self.clock())


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def office(store: Database, clock: SetClock) -> Office:
    return Office(store, clock)


@pytest.fixture(autouse=True)
def even_chances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)


async def stand(office: Office, key: str, message: str, on: str = "slack") -> None:
    """A living card stands already."""
    platform = office.slack if on == "slack" else office.telegram
    channel = {"slack": "C0ALERTS", "telegram": "-1001"}[on]
    number = platform._keep(Letter(outbox_id=f"old {message}", channel=channel, card=Card(title="old")))
    async with office.store.write() as session:
        await spots.add(session, on, channel, number, key=key)


async def until(condition: Any, within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - it watches plain values, which set no event
            await asyncio.sleep(0.005)


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
