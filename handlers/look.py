"""Looking: help, the list of incidents, one incident's card, and who the bot takes you for."""

from __future__ import annotations

import difflib
from typing import Any

from handlers.kit.cards import Button, Card, Field, Section
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError
from handlers.kit.incident_card import headline, incident_card, status
from handlers.kit.locale import Locale
from handlers.kit.registry import AREAS, Command, Registry, command
from handlers.kit.team import Right
from storage import incidents
from storage.models import LIVING, Incident, State

AREA_TITLES = {
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
MOST = 15


@command(
    "help",
    area="look",
    right=Right.LOOK,
    help="What the bot can do",
    usage="help [VERB]",
    example="help claim",
    aliases=("帮助", "start", "?", "？"),
)
async def help_(ctx: Context, verb: str = "") -> None:
    """All commands by area, or one in detail."""
    registry: Registry = ctx.settings["registry"]
    if not verb:
        ctx.whisper(lambda say: overview(say, registry))
        return
    found = registry.names.get(verb.strip().lstrip("/").lower())
    if found is None:
        raise NotFoundError(ctx.say("There is no command “{verb}”.", verb=verb), hint=nearest(ctx.say, registry, verb))
    ctx.whisper(lambda say: detail(say, found))


def overview(say: Locale, registry: Registry) -> Card:
    """The help: every verb, by area."""
    sections = []
    for area in AREAS:
        lines = tuple(
            f"{each.usage} — {say(each.help)}" for each in registry.commands.values() if each.area == area
        )
        if lines:
            sections.append(Section(title=say(AREA_TITLES[area]), lines=lines))
    return Card(
        title=say("What Fenghuo can do"),
        text=say("In an incident's own thread the number may be left out. Slack: /crisis VERB, in a thread @Fenghuo VERB; Telegram: /VERB."),
        sections=tuple(sections),
    )


def detail(say: Locale, found: Command) -> Card:
    """The help of one verb."""
    fields = [Field(label=say("Usage"), value=found.usage), Field(label=say("Example"), value=found.example)]
    if found.aliases:
        fields.append(Field(label=say("Also"), value=" ".join(found.aliases)))
    return Card(title=f"{found.verb}: {say(found.help)}", fields=tuple(fields))


def nearest(say: Locale, registry: Registry, verb: str) -> str:
    """The verb that was probably meant, and where the help is."""
    close = difflib.get_close_matches(verb.lower(), registry.names, n=1, cutoff=0.5)
    if close:
        return say("Did you mean “{verb}”? /crisis help shows all commands.", verb=close[0])
    return say("/crisis help shows all commands.")


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
        raise NotFoundError(ctx.say("There is no list “{which}”.", which=which), hint="list [all|mine|closed|drills]")
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    filters: dict[str, Any] = {"states": LIVING, "drills": kind == "drills" or bool(room and room.is_drill)}
    if kind in {"all", "drills"}:
        filters["states"] = None
    elif kind == "closed":
        filters["states"] = (State.CLOSED, State.REVIEWED, State.DISMISSED)
    elif kind == "mine":
        filters["owner"] = ctx.by.name
    found = await incidents.find(ctx.session, limit=MOST, **filters)
    ctx.whisper(lambda say: _listing(say, found))


def _listing(say: Locale, found: Any) -> Card:
    if not found:
        return Card(title=say("No incidents here."), text=say("A new one: /crisis new"))
    return Card(
        title=say("{n} incidents", n=len(found)),
        sections=(Section(lines=tuple(f"{headline(say, each)} · {status(say, each)}" for each in found)),),
        buttons=tuple(
            Button(label=f"#{each.id}", action="look.show", value=str(each.id)) for each in found[:5]
        ),
    )


@command(
    "show",
    area="look",
    right=Right.LOOK,
    help="An incident's card",
    usage="show N",
    example="show 12",
    aliases=("查看", "详情"),
)
async def show(ctx: Context, incident: Incident) -> None:
    """The card as it stands now."""
    ctx.reply(await incident_card(ctx, incident), incident)


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
    ctx.whisper(
        lambda say: Card(
            title=say("You are {name}", name=by.name),
            fields=(
                Field(label=say("Roles"), value=" ".join(sorted(by.roles)) or "-"),
                Field(label=say("Ids"), value=ids or "-"),
            ),
            footer=say("A guest: not on the team's list.") if by.guest else "",
        )
    )
