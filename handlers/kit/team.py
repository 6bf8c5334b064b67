"""The team: who people are, what they may do, and the rooms they meet in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from zoneinfo import ZoneInfo

from handlers.kit.messages import Place, Sender


class Right(Enum):
    """What a command asks of whoever gives it."""

    LOOK = "look"
    WORK = "work"
    OWNER = "owner"
    """The incident's commander, or a lead."""
    LEAD = "lead"
    FACILITATE = "facilitate"


GRANTS: Mapping[str, frozenset[Right]] = {
    "reader": frozenset({Right.LOOK}),
    "facilitator": frozenset({Right.LOOK, Right.FACILITATE}),
    "lead": frozenset({Right.LOOK, Right.WORK, Right.LEAD}),
}
"""What a roster role grants; every other role (responder, pr, legal, ceo ...) may look and work."""
WORKER = frozenset({Right.LOOK, Right.WORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the roster, or a guest.

    Args:
        ids: platform -> user id there.
        roles: roster roles; a guest has the one that `guests` grants.
    """

    name: str
    ids: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    guest: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        """All that the person's roles grant."""
        return frozenset[Right]().union(*(GRANTS.get(role, WORKER) for role in self.roles))

    def may(self, right: Right, owner: str = "") -> bool:
        """Tell whether the person may; `owner` is the incident's commander."""
        if right is Right.OWNER:
            return Right.LEAD in self.rights or (Right.WORK in self.rights and self.name == owner)
        return right in self.rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A named place that exists on one or more platforms.

    Args:
        purpose: alerts, leads or drills.
        ids: platform -> channel id there.
        levels: only incidents of these levels; empty: all.
    """

    name: str
    purpose: str
    ids: Mapping[str, str] = field(default_factory=dict)
    language: str = "zh"
    levels: frozenset[str] = frozenset()
    keywords: tuple[str, ...] = ()

    @property
    def is_drill(self) -> bool:
        """Only drills rooms take drill traffic, and they take nothing else."""
        return self.purpose == "drills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The roster, the rooms and the brand."""

    brand: str
    people: tuple[Person, ...] = ()
    rooms: tuple[Room, ...] = ()
    guests: str = "none"
    language: str = "zh"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def person(self, name: str) -> Person | None:
        """The roster's person of this name."""
        return next((person for person in self.people if person.name == name), None)

    def with_id(self, transport: str, user: str) -> Person | None:
        """The roster's person with this platform user id."""
        return next((person for person in self.people if person.ids.get(transport) == user), None)

    def who(self, sender: Sender, at: Place) -> Person | None:
        """Who a sender is: by platform user id only, never by display name.

        Returns:
            The roster's person; a guest if unlisted people count in this room; None if they do not.
        """
        if person := self.with_id(sender.transport, sender.user):
            return person
        if self.guests == "none" or at.direct or self.room_at(at.transport, at.channel) is None:
            return None
        if sender.user.startswith("-"):
            # Telegram's anonymous admins speak as the group: nobody whose rights could be checked.
            return None
        # The id stands in the name, so that no display name can pass for somebody else.
        name = f"{sender.name or sender.username}({sender.user})"
        return Person(
            name=name, ids={sender.transport: sender.user}, roles=frozenset({self.guests}), guest=True
        )

    def rooms_for(self, purpose: str) -> tuple[Room, ...]:
        """The rooms of a purpose."""
        return tuple(room for room in self.rooms if room.purpose == purpose)

    def room_at(self, transport: str, channel: str) -> Room | None:
        """The room that a channel is."""
        return next((room for room in self.rooms if room.ids.get(transport) == channel), None)
