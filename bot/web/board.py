"""`GET /`: the board. What is on fire, who has it and what is due, for a screen on the wall and a phone on the way.

One page without scripts, made anew on every request; the browser asks again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from bot.clock import Clock
from bot.transports.text import plain
from bot.web.drawing import TEMPLATES, page
from handlers.kit.cards import DRILL_MARK, cut
from handlers.kit.locale import Locale, Texts
from handlers.kit.team import Team
from handlers.shared.duties import clock
from playbooks.levels import Level
from storage import deadlines, incidents
from storage.database import Database, Session
from storage.models import LIVING, Deadline, Incident, State

REFRESH_SECONDS = 30
MOST = 100
LATEST = 10
"""Incidents that are over, and those of drills: the newest ones."""
TITLE_LENGTH = 80
OWNER_LENGTH = 40

STATES: Texts = {
    State.OPEN: "unclaimed",
    State.CLAIMED: "claimed",
    State.RESPONDING: "responding",
    State.RECOVERING: "recovering",
    State.CLOSED: "closed",
    State.REVIEWED: "reviewed",
    State.DISMISSED: "false alarm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A deadline in words. `late`: it has passed."""

    words: str
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One incident as the board shows it."""

    level: str
    label: str
    number: int
    title: str
    state: str
    is_unclaimed: bool
    owner: str
    since: str
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A titled table. `since` heads the column of times; without `due` there is no column of deadlines."""

    title: str
    since: str
    rows: tuple[Row, ...]
    due: str = ""
    empty: str = ""
    is_drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the board shows, read in one go."""

    living: Sequence[Incident]
    ended: Sequence[Incident]
    drills: Sequence[Incident]
    deadlines: Sequence[Deadline]


class Board:
    """The board of one team."""

    def __init__(self, *, database: Database, team: Team, clock: Clock) -> None:
        self.database = database
        self.team = team
        self.clock = clock

    async def page(self, _request: Request) -> Response:
        """The page as things stand now."""
        async with self.database.read() as session:
            seen = await look(session)
        say = Locale(language=self.team.language, zone=self.team.zone, now=self.clock())
        return page(lambda nonce: draw(say, self.team.brand, seen, nonce))


async def look(session: Session) -> Seen:
    """Read what the board shows."""
    living = await incidents.find(session, states=LIVING, limit=MOST)
    drills = await incidents.find(session, drills=True, limit=LATEST)
    return Seen(
        living=sorted(living, key=lambda each: Level(each.level).rank, reverse=True),
        ended=await incidents.ended(session, LATEST),
        drills=drills,
        deadlines=await deadlines.of_many(session, [each.id or 0 for each in (*living, *drills)]),
    )


def draw(say: Locale, brand: str, seen: Seen, nonce: str) -> str:
    """The page's HTML. `nonce`: lets the page's own style through its content security policy."""
    return TEMPLATES.get_template("board.html").render(
        language="en" if say.language == "en" else "zh-CN",
        refresh=REFRESH_SECONDS,
        nonce=nonce,
        title=say("Incident board"),
        brand=brand,
        as_of=say("As of {time}; renewed every {n} s", time=say.seconds(say.now), n=REFRESH_SECONDS),
        heads={"incident": say("Incident"), "state": say("State"), "owner": say("Commander")},
        blocks=_blocks(say, seen),
    )


def _blocks(say: Locale, seen: Seen) -> list[Block]:
    is_cut = len(seen.living) == MOST
    living = Block(
        title=say("The newest {n} incidents", n=MOST)
        if is_cut
        else say("In progress: {n}", n=len(seen.living)),
        since=say("Since"),
        due=say("Due next"),
        rows=_rows(say, seen.living, seen.deadlines),
        empty=say("All quiet: no incident is open."),
    )
    ended = Block(title=say("Ended lately"), since=say("Ended"), rows=_rows(say, seen.ended, ()))
    drills = Block(
        title=DRILL_MARK + say("drills, all of it invented"),
        since=say("Since"),
        due=say("Due next"),
        rows=_rows(say, seen.drills, seen.deadlines),
        is_drill=True,
    )
    return [living, *(block for block in (ended, drills) if block.rows)]


def _rows(say: Locale, found: Iterable[Incident], clocks: Sequence[Deadline]) -> tuple[Row, ...]:
    return tuple(_row(say, each, [one for one in clocks if one.incident_id == each.id]) for each in found)


def _row(say: Locale, incident: Incident, clocks: Sequence[Deadline]) -> Row:
    level, state = Level(incident.level), State(incident.state)
    mark = DRILL_MARK if incident.drill_id is not None else ""
    owed = clocks if state in LIVING else []
    return Row(
        level=level.value,
        label=f"{level.label(say.language)} {level.symbol}",
        number=incident.id or 0,
        title=mark + (cut(plain(incident.title), TITLE_LENGTH) or "…"),
        state=say(STATES[state]),
        is_unclaimed=state is State.OPEN,
        owner=cut(plain(incident.owner), OWNER_LENGTH),
        since=say.clock(_since(incident)),
        due=tuple(Due(words=clock(say, each), late=each.is_late or each.due_at <= say.now) for each in owed),
    )


def _since(incident: Incident) -> datetime:
    return incident.closed_at or incident.opened_at
