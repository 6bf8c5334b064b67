"""Looking: help, the list of incidents, one incident's card, and who the bot takes you for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handlers.kit.cards import Button, Card, Field, Section, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import AREAS, Command, Registry, command
from handlers.kit.team import Right
from handlers.shared.checklist import title_of
from handlers.shared.duties import clock
from handlers.shared.entries import line
from handlers.shared.incident_card import headline, incident_card, status
from handlers.shared.steps import done_button
from playbooks.levels import Level
from playbooks.library import Library
from storage import deadlines, incidents, tasks
from storage import timeline as entries
from storage.models import LIVING, Deadline, Entry, Incident, State, Step

AREA_TITLES: Texts = {
    "look": "Look",
    "incident": "Incident",
    "work": "Work",
    "voice": "Statements",
    "drill": "Drills",
    "learn": "Learn",
    "watch": "Watch",
}
LISTS = {"": "", "all": "all", "全部": "all", "mine": "mine", "我的": "mine", "closed": "closed", "已结束": "closed",
         "drills": "drills", "演练": "drills"}  # fmt: skip
ROLES: Texts = {
    "reader": "reader",
    "responder": "responder",
    "lead": "lead",
    "pr": "PR",
    "legal": "legal",
    "ceo": "CEO",
    "facilitator": "facilitator",
}
MOST = 15
MORE_QUOTES, LATEST = 6, 5
"""What the details show: quotes, and entries of the timeline."""
MOST_WORK, MOST_OWN, MOST_DONE = 8, 3, 3
"""What a person's own list shows on one screen of a phone: work, incidents, and buttons of each."""


@command(
    "help",
    area="look",
    right=Right.LOOK,
    help="What the bot can do",
    usage="help [VERB|AREA]",
    example="help claim",
    aliases=("帮助", "start", "?", "？"),
)
async def help_(ctx: Context, verb: str = "") -> None:
    """All commands by area, those of an area, or one in detail."""
    registry: Registry = ctx.settings["registry"]
    if not verb:
        ctx.whisper(lambda say: overview(say, registry))
        return
    words = verb.strip().lstrip("/").lower()
    found = registry.names.get(words)
    area = _area(words, ctx.say)
    if found is None and area:
        ctx.whisper(lambda say: area_card(say, registry, area))
        return
    if found is None:
        raise NotFoundError(
            ctx.say("There is no command “{verb}”.", verb=cut(verb, 40)),
            hint=nearest(ctx.say, registry, verb),
        )
    ctx.whisper(lambda say: detail(say, found, _more(say, registry, area, found) if area else ()))


def overview(say: Locale, registry: Registry) -> Card:
    """The help at a glance: the names of all verbs, by area, on two screens of a phone."""
    sections = tuple(
        Section(title=say(AREA_TITLES[area]), lines=(" · ".join(_called(say, each) for each in found),))
        for area in AREAS
        if (found := _of_area(registry, area))
    )
    return Card(
        title=say("What Fenghuo can do"),
        text=say(
            "Slack: /crisis VERB, in threads @Fenghuo VERB. Telegram: /VERB. In an incident's own thread its number may be left out."
        ),
        sections=sections,
        footer=say("More: help claim tells of one verb, help incident of an area."),
    )


def area_card(say: Locale, registry: Registry, area: str) -> Card:
    """The help of an area: a line for each of its verbs."""
    lines = tuple(
        say("{usage} — {help}", usage=say(each.usage), help=say(each.help))
        for each in _of_area(registry, area)
    )
    return Card(title=say(AREA_TITLES[area]), sections=(Section(title="", lines=lines),))


def _of_area(registry: Registry, area: str) -> list[Command]:
    return [each for each in registry.commands.values() if each.area == area]


def _called(say: Locale, found: Command) -> str:
    """How a verb is called: its name, and in Chinese rooms what it is called there as well."""
    also = found.aliases[0] if found.aliases and say.language == "zh" else ""
    return f"{also} {found.verb}".strip()


def _area(words: str, say: Locale) -> str:
    """The area that is meant, by its id or its title, in English or as it is said here; empty if none is."""
    return next((area for area in AREAS if words in (*_names(area), say(AREA_TITLES[area]).lower())), "")


def _names(area: str) -> tuple[str, ...]:
    return area, AREA_TITLES[area].lower()


def _more(say: Locale, registry: Registry, area: str, found: Command) -> tuple[Section, ...]:
    """The other verbs of an area whose name is a verb's too, and what leads to all of them."""
    others = " · ".join(_called(say, each) for each in _of_area(registry, area) if each is not found)
    if not others:
        return ()
    way = next((name for name in _names(area) if name not in registry.names), "")
    lines = (others, say("A line for each of them: help {area}", area=way)) if way else (others,)
    return (Section(title=say("More of “{area}”", area=say(AREA_TITLES[area])), lines=lines),)


def detail(say: Locale, found: Command, more: tuple[Section, ...] = ()) -> Card:
    """The help of one verb."""
    fields = [
        Field(label=say("Usage"), value=say(found.usage)),
        Field(label=say("Example"), value=found.example),
    ]
    if found.aliases:
        fields.append(Field(label=say("Also"), value=" ".join(found.aliases)))
    return Card(title=f"{found.verb} · {say(found.help)}", fields=tuple(fields), sections=more)


def nearest(say: Locale, registry: Registry, verb: str) -> str:
    """The verb that was probably meant, and where the help is."""
    close = difflib.get_close_matches(verb.lower(), registry.names, n=1, cutoff=0.5)
    if close:
        return say("Did you mean “{verb}”? All commands: /crisis help", verb=close[0])
    return say("All commands: /crisis help")


@command(
    "list",
    area="look",
    right=Right.LOOK,
    help="Incidents: the open ones, or all, mine, closed, drills",
    usage="list [all|mine|closed|drills]",
    example="list mine",
    aliases=("列表",),
)
async def list_(ctx: Context, which: str = "") -> None:
    """Incidents, newest first."""
    kind = LISTS.get(which.strip().lower())
    if kind is None:
        raise NotFoundError(
            ctx.say("There is no list “{which}”.", which=cut(which, 40)),
            hint=ctx.say("list [all|mine|closed|drills]"),
        )
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    if kind == "drills" and not (room.is_drill if room else ctx.at and ctx.at.direct):
        raise ConflictError(
            ctx.say("Drills are listed in their own room."),
            hint=ctx.say("Go to {where}.", where=ctx.say("the drills room")),
        )
    filters: dict[str, Any] = {
        "states": LIVING,
        "drills": kind == "drills" or bool(room and room.is_drill),
        "viewer": ctx.by.name if ctx.at and ctx.at.direct else "",
    }
    if kind in {"all", "drills"}:
        filters["states"] = None
    elif kind == "closed":
        filters["states"] = (State.CLOSED, State.REVIEWED, State.DISMISSED)
    elif kind == "mine":
        await _mine(ctx, drills=filters["drills"], viewer=filters["viewer"])
        return
    found = await incidents.find(ctx.session, limit=MOST, **filters)
    ctx.whisper(lambda say: _listing(say, found), drill_id=found[0].drill_id if found else None)


async def _mine(ctx: Context, *, drills: bool, viewer: str) -> None:
    """What whoever asks commands and has to do, over all incidents."""
    own = await incidents.find(
        ctx.session, states=LIVING, owner=ctx.by.name, drills=drills, viewer=viewer, limit=MOST
    )
    work = await tasks.mine(ctx.session, ctx.by.name, drills=drills, viewer=viewer)
    drill_id = own[0].drill_id if own else work[0].drill_id if work else None
    ctx.whisper(lambda say: _own_work(say, ctx.library, own, work), drill_id=drill_id)


def _own_work(say: Locale, library: Library, own: Sequence[Incident], work: Sequence[Step]) -> Card:
    if not own and not work:
        return Card(title=say("Nothing is waiting for you."), text=say("Incidents that are on: list"))
    hidden = len(work) - MOST_WORK
    tasks_of = tuple(_duty(say, library, row) for row in work[:MOST_WORK])
    more = (say("… and {n} more, due later", n=hidden),) if hidden > 0 else ()
    incidents_of = tuple(
        f"{Level(each.level).dot} {headline(say, each)} · {status(say, each)}" for each in own[:MOST_OWN]
    )
    return Card(
        title=say("Yours: {n} to do, {incidents} to command", n=len(work), incidents=len(own)),
        tone=Tone.WARN if any(_is_late(say, row) for row in work) else Tone.PLAIN,
        sections=tuple(
            each
            for each in (
                Section(title=say("To do"), lines=tasks_of + more),
                Section(title=say("In command"), lines=incidents_of),
            )
            if each.lines
        ),
        buttons=(
            *(
                done_button(say, row, f"✓ #{row.incident_id} {title_of(say, library, row)}")
                for row in work[:MOST_DONE]
            ),
            *(
                Button(label=f"#{each.id}", action="look.show", value=str(each.id))
                for each in own[:MOST_DONE]
            ),
        ),
    )


def _is_late(say: Locale, row: Step) -> bool:
    return row.due_at is not None and row.due_at <= say.now


def _duty(say: Locale, library: Library, row: Step) -> str:
    """One piece of work in a line: when, where, what."""
    if row.due_at is None:
        when = say("no time set")
    elif _is_late(say, row):
        when = say("⚠ overdue since {time}", time=say.clock(row.due_at))
    else:
        when = say("by {time}", time=say.clock(row.due_at))
    kind = say("task {number}", number=row.number) if row.is_task else say("step {number}", number=row.number)
    return f"{when} · #{row.incident_id} {kind} {title_of(say, library, row)}"


def _listing(say: Locale, found: Sequence[Incident]) -> Card:
    if not found:
        return Card(title=say("No incidents here."), text=say("Open one: /crisis new"))
    return Card(
        title=say("Incidents: {n}", n=len(found))
        if len(found) < MOST
        else say("The newest {n} incidents", n=MOST),
        sections=(
            Section(
                lines=tuple(
                    f"{Level(each.level).dot} {headline(say, each)} · {status(say, each)}" for each in found
                )
            ),
        ),
        buttons=tuple(
            Button(label=f"#{each.id}", action="look.show", value=str(each.id)) for each in found[:5]
        ),
    )


@command(
    "show",
    area="look",
    right=Right.LOOK,
    help="An incident's card, more quotes, the latest entries",
    usage="show N",
    example="show 12",
    aliases=("查看", "详情"),
)
async def show(ctx: Context, incident: Incident) -> None:
    """The card as it stands now, with more of what people said and did."""
    card = await incident_card(ctx, incident, quotes=MORE_QUOTES)
    latest = await entries.of(ctx.session, incident.id or 0, last=LATEST)
    due = await deadlines.of(ctx.session, incident.id or 0)
    ctx.reply(lambda say: _detailed(say, card(say), due, latest), incident)


def _detailed(say: Locale, card: Card, due: Sequence[Deadline], latest: Sequence[Entry]) -> Card:
    clocks = Section(title=say("What is due"), lines=tuple(f"· {clock(say, each)}" for each in due[:MOST]))
    section = Section(title=say("Latest"), lines=tuple(line(say, entry) for entry in latest))
    buttons = tuple(button for button in card.buttons if button.action != "look.show")
    sections = (*card.sections, *(each for each in (clocks, section) if each.lines))
    return replace(card, sections=sections, buttons=buttons)


@command(
    "whoami",
    area="look",
    right=Right.LOOK,
    help="Who the bot takes you for, and what you may do",
    usage="whoami",
    example="whoami",
    aliases=("我是谁",),
)
async def whoami(ctx: Context) -> None:
    """Name, roles and platform ids."""
    by = ctx.by
    ids = " ".join(f"{transport} {user}" for transport, user in by.ids.items())
    chat = ctx.at.channel if ctx.at else "-"
    ctx.whisper(
        lambda say: Card(
            title=say("You are {name}", name=by.name),
            fields=(
                Field(
                    label=say("Roles"),
                    value=say(", ").join(say(ROLES.get(role, role)) for role in sorted(by.roles)) or "-",
                ),
                Field(label=say("Platform ids"), value=ids or "-"),
                Field(label=say("This chat"), value=chat),
            ),
            footer=say("A guest: not on the team's list.") if by.guest else "",
        )
    )
