"""What a handler is given, and how it speaks.

A handler changes state through `ctx.session` and says what should be said; dispatch commits both together and delivery
speaks afterwards. A handler never sees a platform.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from handlers.kit.cards import Card, Form
from handlers.kit.errors import NotAllowedError
from handlers.kit.locale import Locale, Texts
from handlers.kit.messages import Attached, Happening, Noticed, Place, Pressed, Quoted, Sender
from handlers.kit.team import Person, Right, Team
from playbooks.library import Library
from storage import timeline
from storage.database import Session
from storage.models import Entry, Incident

Result = TypeVar("Result")
Scrub = Callable[[str], tuple[str, tuple[str, ...]]]
"""Takes personal data out of a text; returns the text and the labels that stand in its place."""
CardBuilder = Callable[[Locale], Card]
FormBuilder = Callable[[Locale], Form]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A new message.

    Args:
        purpose: to every room of this purpose; empty: to `place`.
        under: key of the card in whose threads it goes; then it goes wherever that card stands.
        key: makes it a living card, which `Edit` replaces later.
        broadcast: a thread reply that is also shown in the room.
        drill_id: the drill it belongs to, where no incident says so.
        rank: 0 goes before everything that waits.
        secret: its words are kept only until they are said.
    """

    build: CardBuilder
    purpose: str = ""
    place: Place | None = None
    under: str = ""
    key: str = ""
    broadcast: bool = False
    incident: Incident | None = None
    drill_id: int | None = None
    rank: int = 1
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace every copy of a living card. `now`: a person acted, so the pause between edits does not apply."""

    key: str
    build: CardBuilder
    incident: Incident | None = None
    now: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """Tell one person, where they spoke.

    Args:
        drill_id: the drill it is about, where no incident says so.
        secret: its words are kept only until they are said.
    """

    build: CardBuilder
    to: Sender
    place: Place
    incident: Incident | None = None
    drill_id: int | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Ask one person something; their reply to it is the answer."""

    build: CardBuilder
    to: Sender
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to be done to an incident's own rooms besides posting there.

    Args:
        deed: `room` (make one, wherever the incident is talked of), `topic`, `invite`, `pin` or `archive`.
        build: a new room's title and plain name (`Card.name`), or what is put over a room (`Card.text`).
        person: the roster name of whom to invite, or of who has a room made.
        place: the room that is meant, if not all of them.
    """

    deed: str
    incident: Incident
    build: CardBuilder = field(default=lambda _: Card(title=""))
    person: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A file that is to be fetched from where it was sent, once all is committed: kept as evidence, or read as a text.

    Args:
        place: where it was sent, or pointed at.
        by: who gave it, by name.
        entry: the number of the entry whose evidence it is.
        text_for: it is read as a text, and the notice of it (`text.had`, `text.lost`) says this again.
    """

    file: Attached
    incident: Incident
    place: Place
    by: str
    entry: int = 0
    text_for: Mapping[str, str | int] | None = None


Outgoing = Post | Edit | Whisper | Prompt | Errand | Fetch


class Beside(Exception):  # noqa: N818
    """Not an error: the transaction is given up until something is looked up (see `Context.beside`)."""

    def __init__(self, look: Callable[[Session], Awaitable[Any]]) -> None:
        super().__init__()
        self.look = look


@dataclass(slots=True, kw_only=True)
class Context:
    """One happening and all that is needed to handle it.

    Args:
        by: who did it; the bot itself for a notice.
        at: where; None for a notice.
        own: the incident that the place belongs to.
        is_private: what is whispered there is read by nobody else.
        settings: durations and switches that a handler reads, by name.
        blanked: the labels of what was left out of what people typed.
        looked: what was looked up beside this transaction.
    """

    happening: Happening
    session: Session
    team: Team
    library: Library
    now: datetime
    by: Person
    at: Place | None = None
    own: int | None = None
    is_private: bool = False
    quoted: Quoted | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    out: list[Outgoing] = field(default_factory=list)
    form: FormBuilder | None = None
    scrub: Scrub = lambda text: (text, ())
    blanked: set[str] = field(default_factory=set)
    looked: list[Any] = field(default_factory=list)

    @property
    def language(self) -> str:
        """The language of the room where it happened."""
        room = self.team.room_at(self.at.transport, self.at.channel) if self.at else None
        return room.language if room else self.team.language

    @property
    def say(self) -> Locale:
        """Words in the language of the room where it happened."""
        return Locale(language=self.language, zone=self.team.zone, now=self.now)

    def require(self, right: Right, incident: Incident | None = None) -> None:
        """Go on only if the person may. Raises NotAllowedError."""
        owner = incident.owner if incident else ""
        if not self.by.may(right, owner):
            raise NotAllowedError(self.say(REFUSALS[right]), hint=self.who_may(right, owner))

    def who_may(self, right: Right, owner: str = "") -> str:
        """A hint that names who may. Whoever may not even look is told no names."""
        able = [each.name for each in self.team.people if each.may(right, owner)]
        if not able or not self.by.may(Right.LOOK):
            return self.say("Who you are here: /crisis whoami")
        shown = self.say(", ").join(able[:MOST_NAMED]) + ("…" if len(able) > MOST_NAMED else "")
        return self.say("These may: {names}", names=shown)

    def clean(self, text: str) -> str:
        """What somebody typed, without personal data, which must not be stored; they are told."""
        kept, labels = self.scrub(text)
        self.blanked.update(labels)
        return kept

    async def beside(self, look: Callable[[Session], Awaitable[Result]]) -> Result:
        """Look something up that takes long, without keeping everybody from writing meanwhile.

        A handler runs in the transaction that writes. Where it comes here it is given up, `look` runs in one that only reads,
        and the handler begins anew, with what was found. So call it first. Whatever `look` raises is an error that nobody foresaw.
        """
        if not self.looked:
            raise Beside(look)
        found: Result = self.looked.pop(0)
        return found

    async def log(
        self,
        incident: Incident,
        kind: str,
        text: str,
        *,
        source: str | None = None,
        at: datetime | None = None,
        **data: Any,
    ) -> Entry | None:
        """Add to an incident's timeline, as the person who acted."""
        number = incident.id or 0
        entry = await timeline.append(
            self.session,
            number,
            kind,
            at=at or self.now,
            by=self.by.name,
            text=text,
            data=data,
            source=source,
        )
        await self.session.refresh(incident)
        return entry

    def reply(self, build: CardBuilder, incident: Incident | None = None) -> None:
        """Answer where it was asked."""
        if self.at is not None:
            self.out.append(Post(build=build, place=self.at, incident=incident, rank=0))

    def whisper(
        self,
        build: CardBuilder,
        incident: Incident | None = None,
        *,
        drill_id: int | None = None,
        secret: bool = False,
    ) -> None:
        """Answer whoever asked, and nobody else. `secret`: its words are kept only until they are said."""
        if self.at is not None and not isinstance(self.happening, Noticed):
            whisper = Whisper(
                build=build,
                to=self.happening.by,
                place=self.at,
                incident=incident,
                drill_id=drill_id,
                secret=secret,
            )
            self.out.append(whisper)

    def confirm(self, build: CardBuilder, incident: Incident | None = None) -> None:
        """Say that it worked; after a press only where the press itself is answered, for its card changes in sight."""
        if not isinstance(self.happening, Pressed) or self.happening.reply:
            self.whisper(build, incident)

    def announce(self, purpose: str, build: CardBuilder, *, incident: Incident, key: str = "") -> None:
        """Post to every room of a purpose; what belongs to a drill goes to the drills rooms instead."""
        purpose = "drills" if incident.drill_id is not None else purpose
        self.out.append(Post(build=build, purpose=purpose, key=key, incident=incident, rank=0))

    def thread(
        self, incident: Incident, build: CardBuilder, *, key: str = "", broadcast: bool = False
    ) -> None:
        """Post in an incident's thread, wherever its card stands."""
        self.out.append(
            Post(
                build=build, under=card_key(incident), key=key, broadcast=broadcast, incident=incident, rank=0
            )
        )

    def edit(
        self, key: str, build: CardBuilder, incident: Incident | None = None, *, now: bool = True
    ) -> None:
        """Replace every copy of a living card."""
        self.out.append(Edit(key=key, build=build, incident=incident, now=now))


MOST_NAMED = 8
"""People whom a refusal names."""
REFUSALS: Texts = {
    Right.LOOK: "You are not on this team's list.",
    Right.WORK: "Only responders and leads may do that.",
    Right.OWNER: "Only the incident's commander or a lead may do that.",
    Right.LEAD: "Only a lead may do that.",
    Right.FACILITATE: "Only a facilitator may do that.",
}


def card_key(incident: Incident) -> str:
    """The key of an incident's living card."""
    return f"incident:{incident.id}"


def room_key(number: int) -> str:
    """The key of an incident's own rooms."""
    return f"room:{number}"


def room_card_key(incident: Incident) -> str:
    """The key of the living card in an incident's own rooms."""
    return f"{card_key(incident)}:room"
