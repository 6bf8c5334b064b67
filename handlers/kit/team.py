"""The team: who people are, what they may do, and the rooms they meet in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from handlers.kit.messages import Place, Sender
from playbooks.rota import Rota


class Right(Enum):
    """What a command asks of whoever gives it."""

    ANYONE = "anyone"
    """Nothing: people whom nobody knows may say it, too."""
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
        deputy: who steps in for them, by name.
    """

    name: str
    ids: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    deputy: str = ""
    guest: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        """All that the person's roles grant."""
        return frozenset({Right.ANYONE}).union(*(GRANTS.get(role, WORKER) for role in self.roles))

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


CHANNELS = ("weibo", "douyin", "xiaohongshu", "douyin.comment", "weibo.comment")
"""Where most brands speak, by id of `playbooks/checks/data/platforms.yaml`."""
Account = tuple[str, str]
"""A platform and a user id there."""


@dataclass(slots=True, kw_only=True)
class Team:
    """The roster, the rooms and the brand.

    There is one for the whole bot and all parts read through it, so what changes while it runs changes for all of them at
    once. Only `become` and `join` change it.
    """

    brand: str
    people: tuple[Person, ...] = ()
    rooms: tuple[Room, ...] = ()
    guests: str = "none"
    language: str = "zh"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    rota: Rota | None = None
    channels: tuple[str, ...] = CHANNELS
    """Where the brand speaks in public."""
    slogans: tuple[str, ...] = ()
    """What the brand says to sell."""
    internal: tuple[str, ...] = ()
    """Words that only staff may read."""
    listed: tuple[Person, ...] = field(init=False)
    """The people as the roster lists them, without the accounts that they joined."""
    links: Mapping[Account, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.listed = self.people

    def become(self, other: Team) -> None:
        """Take over another team's people, rooms, guests and rota; the accounts that people joined stay theirs."""
        self.listed, self.rooms, self.guests = other.listed, other.rooms, other.guests
        self.rota = other.rota
        self.people = _joined(self.listed, self.links)

    def join(self, links: Mapping[Account, str]) -> None:
        """Count these accounts as those of the people who joined them, by roster name."""
        if links != self.links:
            self.links = links
            self.people = _joined(self.listed, links)

    @property
    def leads(self) -> tuple[str, ...]:
        """The names of those who lead."""
        return tuple(each.name for each in self.people if Right.LEAD in each.rights)

    def on_call(self, now: datetime) -> str:
        """The name of whoever is on call; empty without a rota."""
        return self.rota.on_call(now) if self.rota else ""

    def next_on_call(self, now: datetime) -> str:
        """The name of who is on call after that; empty without a rota."""
        return self.rota.following(now) if self.rota else ""

    def deputy_of(self, name: str) -> str:
        """The name of somebody's deputy; empty if they have none."""
        person = self.person(name)
        return person.deputy if person else ""

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


def _joined(listed: tuple[Person, ...], links: Mapping[Account, str]) -> tuple[Person, ...]:
    """The people with the accounts that they joined; what the roster says goes before."""
    taken = {account for person in listed for account in person.ids.items()}
    free = {account: name for account, name in links.items() if account not in taken}
    return tuple(
        replace(
            person,
            ids={
                **{transport: user for (transport, user), name in free.items() if name == person.name},
                **person.ids,
            },
        )
        for person in listed
    )
