"""From what a handler says to outbox rows: which rooms, which language, which thread, drill or not."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.transports.base import Rooms, Transport
from handlers.kit.cards import (
    DRILL_MARK,
    Button,
    ButtonTone,
    Card,
    Choice,
    Document,
    Field,
    Form,
    FormField,
    Link,
    Quote,
    Section,
    Tone,
    pages,
)
from handlers.kit.context import (
    CardBuilder,
    Edit,
    Errand,
    Fetch,
    Outgoing,
    Post,
    Prompt,
    Whisper,
    card_key,
    room_card_key,
    room_key,
)
from handlers.kit.locale import Locale
from handlers.kit.messages import Place
from handlers.kit.pictures import picture_from
from handlers.kit.team import Room, Team
from storage import admission, outbox, spots
from storage.database import Session
from storage.models import Incident, Outbox

EDIT_GAP = timedelta(seconds=15)
"""At most one edit of a card in this time, except right after a person acted."""
NO_DRILL = 0
"""The drill flag of what is said in a drills room while no drill is on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A place for a post, and the key of the card in whose thread it goes there."""

    place: Place
    under: str = ""


class Speech:
    """Turns what handlers say into outbox rows.

    Args:
        transports: the platforms that are up.
    """

    def __init__(self, team: Team, transports: Mapping[str, Transport]) -> None:
        self.team = team
        self.transports = transports

    async def put(self, session: Session, said: Iterable[Outgoing], now: datetime, asker: str = "") -> None:
        """Store what was said. `asker`: user id of whoever asked, who is told if an answer cannot be posted."""
        for each in said:
            if isinstance(each, Post):
                await self._post(session, each, now, asker)
            elif isinstance(each, Edit):
                await self._edit(session, each, now)
            elif isinstance(each, Errand):
                await self._errand(session, each, now)
            elif isinstance(each, Fetch):
                await self._fetch(session, each, now)
            else:
                await self._whisper(session, each, now)

    async def reaches(self, session: Session, said: Iterable[Outgoing], place: Place) -> bool:
        """Tell whether any of it shows in the channel of a place."""
        for each in said:
            if isinstance(each, Whisper | Prompt):
                return True
            places = []
            if isinstance(each, Post):
                places = [target.place for target in await self._targets(session, each)]
            elif isinstance(each, Edit):
                places = await self._where(session, each.key)
            if any((found.transport, found.channel) == (place.transport, place.channel) for found in places):
                return True
        return False

    def shown(self, whisper: Whisper | Prompt, now: datetime) -> Card:
        """The card of a whisper, as the person who gets it reads it."""
        room = self.team.room_at(whisper.place.transport, whisper.place.channel)
        return self._card(whisper.build, room, self._flag(whisper, room), now)

    async def _post(self, session: Session, post: Post, now: datetime, asker: str) -> None:
        drill = post.incident.drill_id if post.incident else post.drill_id
        for target in await self._targets(session, post):
            place, under = target.place, target.under
            room = self.team.room_at(place.transport, place.channel)
            flag = NO_DRILL if drill is None and post.place and room and room.is_drill else drill
            spread = pages(self._card(post.build, room, flag, now))
            last = dataclasses.replace(spread.last, images=(), documents=())
            below = _below(spread.last, DRILL_MARK if flag is not None else "")
            # Pictures and files find their card by its key.
            own = post.key or (f"card:{secrets.token_hex(8)}" if below else "")
            for card, key in [*((card, "") for card in spread.before), (last, own)]:
                row = self._row("post", place, card, now, flag, post.incident)
                row.key, row.under, row.broadcast, row.rank = key, under, post.broadcast, post.rank
                row.to, row.secret = asker if post.place else "", post.secret
                await outbox.put(session, row)
            for shown in below:
                row = self._row("picture", place, shown, now, flag, post.incident)
                # Under its card; where that stands in a thread itself, Slack has no deeper one.
                row.key, row.under, row.rank = own, under or ("" if place.thread else own), post.rank
                await outbox.put(session, row)

    async def _targets(self, session: Session, post: Post) -> list[Target]:
        if post.place is not None:
            return [Target(answer_place(post.place))]
        if post.under:
            return await self._threads(session, post)
        # A living card stands once in a channel.
        taken = await outbox.channels_of(session, post.key) if post.key else []
        is_private = post.incident is not None and post.incident.private
        places = await self._among_insiders(session, post) if is_private else self._in_public(post)
        return [Target(place) for place in places if (place.transport, place.channel) not in taken]

    def _in_public(self, post: Post) -> list[Place]:
        rooms = [room for room in self.team.rooms_for(post.purpose) if wants(room, post.incident)]
        return [
            Place(transport=transport, channel=channel)
            for room in rooms
            for transport, channel in room.ids.items()
            if transport in self.transports
        ]

    async def _among_insiders(self, session: Session, post: Post) -> list[Place]:
        """Where a private incident may be spoken of: its own rooms; where there are none, private chats."""
        assert post.incident is not None
        names = await admission.insiders(session, post.incident)
        direct = [
            Place(transport=transport, channel=user, direct=True)
            for person in map(self.team.person, names)
            if person is not None
            for transport, user in person.ids.items()
            if transport in self.transports and not self._has_private_rooms(transport)
        ]
        # A room has a copy of the card already, under a key of its own.
        is_card = post.key == card_key(post.incident)
        return [*([] if is_card else await self._rooms(session, post.incident)), *direct]

    async def _threads(self, session: Session, post: Post) -> list[Target]:
        """The threads of a card, and the incident's own rooms. A topic takes the place of the thread in its group."""
        rooms = await self._rooms(session, post.incident)
        topics = {(room.transport, room.channel) for room in rooms if room.thread and not post.broadcast}
        threads = [
            Target(place, post.under)
            for place in await self._where(session, post.under)
            if (place.transport, place.channel) not in topics
        ]
        return [*threads, *map(Target, rooms)]

    async def _rooms(self, session: Session, incident: Incident | None) -> list[Place]:
        """An incident's own rooms."""
        if incident is None:
            return []
        return [
            Place(transport=spot.transport, channel=spot.channel, thread=spot.message)
            for spot in await spots.copies(session, room_key(incident.id or 0))
            if spot.transport in self.transports
        ]

    async def _errand(self, session: Session, errand: Errand, now: datetime) -> None:
        incident = errand.incident
        is_new = errand.deed == "room"
        sites = self._sites(session, incident) if is_new else self._rooms(session, incident)
        for place in await sites:
            if errand.place is not None and place != errand.place:
                continue
            room = self.team.room_at(place.transport, place.channel)
            card = self._card(errand.build, room, incident.drill_id, now)
            row = self._row(errand.deed, place, card, now, incident.drill_id, incident)
            row.key = room_card_key(incident) if errand.deed == "pin" else room_key(incident.id or 0)
            row.secret = is_new and incident.private
            row.rank = 0 if is_new else 1
            if is_new:
                row.to = errand.person
            elif errand.deed == "invite":
                person = self.team.person(errand.person)
                row.to = person.ids.get(place.transport, "") if person else ""
            if not await self._is_idle(session, row):
                await outbox.put(session, row)

    async def _fetch(self, session: Session, fetch: Fetch, now: datetime) -> None:
        incident = fetch.incident
        row = self._row("fetch", fetch.place, Card(title=""), now, incident.drill_id, incident)
        row.card = {"file": dataclasses.asdict(fetch.file), "entry": fetch.entry, "by": fetch.by}
        if fetch.text_for is not None:
            row.card["text_for"] = dict(fetch.text_for)
        await outbox.put(session, row)

    async def _is_idle(self, session: Session, row: Outbox) -> bool:
        """Tell whether an errand would change nothing: a topic has no line over it and no members, or all is as before."""
        if row.kind == "invite":
            return not row.to or bool(row.thread)
        if row.kind != "topic":
            return False
        last = await outbox.newest(session, row.kind, row.key, row.transport, row.channel)
        return bool(row.thread) or (last is not None and last.card == row.card)

    async def _sites(self, session: Session, incident: Incident) -> list[Place]:
        """Where a room for an incident can be made: once on each platform on which it is talked of."""
        able = [name for name, transport in self.transports.items() if isinstance(transport, Rooms)]
        if incident.private:
            return [Place(transport=name, channel="") for name in able if self._has_private_rooms(name)]
        cards = await self._where(session, card_key(incident))
        return list({place.transport: place for place in reversed(cards) if place.transport in able}.values())

    def _has_private_rooms(self, name: str) -> bool:
        transport = self.transports[name]
        return isinstance(transport, Rooms) and transport.has_private_rooms

    async def _where(self, session: Session, key: str) -> list[Place]:
        """Where a living card stands or is about to."""
        found = await outbox.channels_of(session, key)
        return [
            Place(transport=transport, channel=channel)
            for transport, channel in found
            if transport in self.transports
        ]

    async def _edit(self, session: Session, edit: Edit, now: datetime) -> None:
        drill = edit.incident.drill_id if edit.incident else None
        edited = {
            (spot.transport, spot.channel): spot.edited_at for spot in await spots.copies(session, edit.key)
        }
        for place in await self._where(session, edit.key):
            room = self.team.room_at(place.transport, place.channel)
            # A picture stays as it was drawn.
            card = pages(self._card(edit.build, room, drill, now)).last
            card = dataclasses.replace(card, images=(), documents=())
            if await outbox.replace_unsent(session, edit.key, place.transport, place.channel, as_json(card)):
                continue
            row = self._row("edit", place, card, now, drill, edit.incident)
            last = edited.get((place.transport, place.channel))
            row.key = edit.key
            row.rank = 1 if edit.now else 2
            row.not_before = now if edit.now or last is None else max(now, last + EDIT_GAP)
            await outbox.put(session, row)

    async def _whisper(self, session: Session, whisper: Whisper | Prompt, now: datetime) -> None:
        room = self.team.room_at(whisper.place.transport, whisper.place.channel)
        incident = whisper.incident if isinstance(whisper, Whisper) else None
        row = self._row(
            "whisper", whisper.place, self.shown(whisper, now), now, self._flag(whisper, room), incident
        )
        row.to, row.prompt, row.rank = whisper.to.user, isinstance(whisper, Prompt), 0
        row.secret = isinstance(whisper, Whisper) and whisper.secret
        await outbox.put(session, row)

    def _flag(self, whisper: Whisper | Prompt, room: Room | None) -> int | None:
        drill = None
        if isinstance(whisper, Whisper):
            drill = whisper.incident.drill_id if whisper.incident else whisper.drill_id
        return NO_DRILL if drill is None and room and room.is_drill else drill

    def _card(self, build: CardBuilder, room: Room | None, drill: int | None, now: datetime) -> Card:
        language = room.language if room else self.team.language
        card = build(Locale(language=language, zone=self.team.zone, now=now))
        if drill is not None:
            card = dataclasses.replace(card, title=f"{DRILL_MARK}{card.title}")
        return card

    def _row(
        self, kind: str, place: Place, card: Card, now: datetime, drill: int | None, incident: Incident | None
    ) -> Outbox:
        return Outbox(
            kind=kind,
            transport=place.transport,
            channel=place.channel,
            thread=place.thread,
            card=as_json(card),
            incident_id=incident.id if incident else None,
            drill_id=drill,
            created_at=now,
            not_before=now,
        )


def answer_place(place: Place) -> Place:
    """Where an answer goes: in the thread, else under the message that asked; in a private chat simply there."""
    return place if place.direct else dataclasses.replace(place, thread=place.thread or place.message)


def wants(room: Room, incident: Incident | None) -> bool:
    """Tell whether a room takes this incident, by level and keywords."""
    if incident is None:
        return True
    if room.levels and incident.level not in room.levels:
        return False
    return not room.keywords or any(word in incident.title for word in room.keywords)


def _below(card: Card, mark: str) -> list[Card]:
    """What goes out below a card as messages of their own: a card for each picture and file. `mark`: stands before their titles."""
    return [
        *(Card(title=f"{mark}{image.caption}", images=(image,)) for image in card.images),
        *(Card(title=f"{mark}{each.name}", documents=(each,)) for each in card.documents),
    ]


def as_json(thing: Card | Form) -> dict[str, Any]:
    """A card or form as JSON-able data."""
    return dataclasses.asdict(thing)


def card_from(data: dict[str, Any]) -> Card:
    """The card that `as_json` stored."""
    return Card(
        **{
            **data,
            "tone": Tone(data["tone"]),
            "fields": tuple(Field(**each) for each in data["fields"]),
            "sections": tuple(
                Section(title=each["title"], lines=tuple(each["lines"])) for each in data["sections"]
            ),
            "quotes": tuple(Quote(**each) for each in data["quotes"]),
            "buttons": tuple(
                Button(**{**each, "tone": ButtonTone(each["tone"])}) for each in data["buttons"]
            ),
            "links": tuple(Link(**each) for each in data["links"]),
            # Cards that an older version stored have none.
            "images": tuple(picture_from(each) for each in data.get("images", ())),
            "documents": tuple(Document(**each) for each in data.get("documents", ())),
            "notify": tuple(data["notify"]),
        }
    )


def form_from(data: dict[str, Any]) -> Form:
    """The form that `as_json` stored."""
    fields = tuple(
        FormField(**{**each, "choices": tuple(Choice(**choice) for choice in each["choices"])})
        for each in data["fields"]
    )
    return Form(**{**data, "fields": fields})
