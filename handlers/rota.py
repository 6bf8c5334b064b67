"""The rota: who is on call, and stepping in for a commander who does not answer."""

from __future__ import annotations

from handlers.kit.cards import Card, Section
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Person, Right
from handlers.shared.command import hand_command, nobodys
from storage.models import LIVING, Incident

SHIFTS = 4
"""Weeks that are shown ahead."""


@command(
    "oncall",
    area="look",
    right=Right.LOOK,
    help="Who is on call, and who is next",
    usage="oncall",
    example="oncall",
    aliases=("值班",),
)
async def oncall(ctx: Context) -> None:
    """The present shift, the next ones, and everybody's deputy."""
    team, now = ctx.team, ctx.now
    if team.rota is None:
        raise NotFoundError(
            ctx.say("This team has no rota."),
            hint=ctx.say(
                "Add one to fenghuo.yaml: {example}",
                example='rota: {people: [...], handoff: "mon 09:00", from: 2026-11-16}',
            ),
        )
    present, shifts = team.on_call(now), list(team.rota.shifts(now, SHIFTS))
    deputies = [(each.name, each.deputy) for each in team.people if each.deputy]

    def build(say: Locale) -> Card:
        lines = tuple(f"{say.clock(start)} {name}" for start, name in shifts)
        stand_ins = tuple(say("{name}: {deputy}", name=name, deputy=deputy) for name, deputy in deputies)
        sections = (Section(title=say("Then"), lines=lines), Section(title=say("Deputies"), lines=stand_ins))
        return Card(
            title=say("On call: {name}", name=present),
            sections=tuple(each for each in sections if each.lines),
        )

    ctx.whisper(build)


@command(
    "takeover",
    area="incident",
    right=Right.WORK,
    help="Step in for the commander: as deputy, on call, or as a lead",
    usage="takeover N",
    example="takeover 12",
    aliases=("接手", "代理"),
)
async def takeover(ctx: Context, incident: Incident) -> None:
    """Command moves to whoever steps in, without the commander's word."""
    if not incident.owner or incident.state not in LIVING:
        raise nobodys(ctx, incident)
    if incident.owner == ctx.by.name:
        raise ConflictError(
            ctx.say("You have #{number} already.", number=incident.id),
            hint=ctx.say("To hand it over: handover {number} @WHO", number=incident.id),
        )
    if not _may_step_in(ctx, ctx.by, incident.owner):
        able = [name for name in (*_stand_ins(ctx, incident.owner), *ctx.team.leads) if name]
        raise NotAllowedError(
            ctx.say("Only {owner}'s deputy, whoever is on call or a lead may step in.", owner=incident.owner),
            hint=ctx.say("These may: {names}", names=" ".join(f"@{name}" for name in dict.fromkeys(able))),
        )
    await hand_command(ctx, incident, ctx.by)


def _may_step_in(ctx: Context, who: Person, owner: str) -> bool:
    return who.may(Right.LEAD) or who.name in _stand_ins(ctx, owner)


def _stand_ins(ctx: Context, owner: str) -> tuple[str, ...]:
    return ctx.team.deputy_of(owner), ctx.team.on_call(ctx.now), ctx.team.next_on_call(ctx.now)
