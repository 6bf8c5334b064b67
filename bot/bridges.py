"""Bridges: every timeline entry goes to the programs that `webhooks_out` names, as a row of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from bot.speech import as_json
from bot.transports.webhook_out import NAME
from handlers.kit.cards import Card, Field
from handlers.kit.locale import Locale
from handlers.kit.team import Team
from handlers.shared.entries import line
from handlers.shared.incident_card import headline
from storage import bridges, outbox
from storage.database import Database, Session
from storage.models import Entry, Incident, Outbox

BACKLOG = timedelta(days=1)
"""What is older is no news: neither after a long stand-still nor when a bridge is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who is told. `entries`: of which kinds; empty: of all."""

    name: str
    entries: frozenset[str] = frozenset()


class Bridges:
    """Tells other programs what happens. Drills and private incidents are nobody else's business."""

    def __init__(
        self,
        *,
        database: Database,
        takers: Sequence[Taker],
        team: Team,
        clock: Clock,
        ring: Callable[[], None],
    ) -> None:
        self.database = database
        self.takers = takers
        self.team = team
        self.clock = clock
        self._ring = ring
        self._is_new = True

    async def sweep(self) -> None:
        """Put what is new into the outbox, each entry once."""
        if not self.takers:
            return
        if self._is_new:
            async with self.database.write() as session:
                await bridges.forget(session, self.clock() - BACKLOG)
            self._is_new = False
        async with self.database.read() as session:
            if not await bridges.untold(session):
                return
        async with self.database.write() as session:
            for entry, incident in await bridges.untold(session):
                if await bridges.tell(session, entry.id) and not is_confidential(incident):
                    await self._tell(session, entry, incident)
        self._ring()

    async def _tell(self, session: Session, entry: Entry, incident: Incident) -> None:
        now = self.clock()
        say = Locale(language=self.team.language, zone=self.team.zone, now=now)
        card = as_json(entry_card(say, entry, incident))
        for taker in self.takers:
            if not taker.entries or entry.kind in taker.entries:
                row = Outbox(
                    kind="post",
                    transport=NAME,
                    channel=taker.name,
                    card=card,
                    incident_id=incident.id,
                    created_at=now,
                    not_before=now,
                )
                await outbox.put(session, row)


def is_confidential(incident: Incident) -> bool:
    """Tell whether no other program may hear of an incident."""
    return incident.private or incident.drill_id is not None


def entry_card(say: Locale, entry: Entry, incident: Incident) -> Card:
    """An entry as a bridge gets it: words for people, and fields for programs."""
    fields = {
        "incident": str(incident.id),
        "title": incident.title,
        "level": incident.level,
        "state": str(incident.state),
        "type": incident.type,
        "entry": entry.kind,
        "number": str(entry.seq),
        "at": entry.at.isoformat(),
        "by": entry.by,
        "text": entry.text,
    }
    return Card(
        title=headline(say, incident),
        text=line(say, entry),
        fields=tuple(Field(label=name, value=value) for name, value in fields.items()),
    )
