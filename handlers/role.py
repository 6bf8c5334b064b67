"""Roles: who works on an incident as what."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError
from handlers.kit.registry import command
from handlers.kit.team import Person, Right
from handlers.reading.arguments import lacking
from handlers.reading.errands import Assignee, RoleName
from handlers.shared.command import changed, hand_command, nobodys
from handlers.shared.crew import APPROVING, COMMANDER, able, crew_card, crew_of, role_title
from handlers.shared.incident_card import over
from handlers.shared.steps import fill, show_crew
from storage import crew
from storage.models import LIVING, Incident


@command(
    "role",
    area="work",
    right=Right.LOOK,
    help="Who does what, or give a role to somebody",
    usage="role N [ROLE [@WHO]]",
    example="role 12 法务 @吴桐",
    aliases=("角色", "分工"),
    labels={"which": "Role"},
)
async def role(
    ctx: Context, incident: Incident, which: RoleName | None = None, who: Assignee | None = None
) -> None:
    """Without a role the crew is shown. A role that somebody holds goes on from them, the commander or a lead only."""
    if which is None and who is not None:
        raise lacking(ctx, "role", incident, f"@{who.name}", "which")
    if which is None:
        ctx.reply(await crew_card(ctx, incident, in_full=True), incident)
        return
    ctx.require(Right.WORK)
    if incident.state not in LIVING:
        raise over(ctx, incident)
    taker: Person = who or ctx.by
    if which == COMMANDER:
        if not incident.owner:
            raise nobodys(ctx, incident)
        ctx.require(Right.OWNER, incident)
        await hand_command(ctx, incident, taker)
        return
    able(ctx, taker)
    if taker.guest and which in APPROVING:
        raise NotAllowedError(
            ctx.say("A guest cannot be {role}.", role=role_title(ctx.say, ctx.library, which)),
            hint=ctx.say("The roles that speak for the company go to people on the team's list."),
        )
    await _assign(ctx, incident, which, taker)


async def _assign(ctx: Context, incident: Incident, which: str, taker: Person) -> None:
    number, old = incident.id or 0, (await crew_of(ctx, incident)).get(which, "")
    if old:
        await _may_take(ctx, incident, which, taker, old)
        if not await crew.leave(ctx.session, number, which, old, ctx.now):
            raise changed(ctx, incident)
    if not await crew.take(ctx.session, incident, which, taker.name, by=ctx.by.name, at=ctx.now):
        raise changed(ctx, incident)
    title = ctx.library.roles[which]
    await ctx.log(
        incident,
        "role",
        "",
        role=which,
        to=taker.name,
        before=old,
        title=title.title,
        title_en=title.title_en,
    )
    await fill(ctx, incident, which, old, taker.name)
    await show_crew(ctx, incident)
    votes = taker.roles & {which} or which not in APPROVING
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "#{number}: {name} is {role} now",
                number=number,
                name=taker.name,
                role=role_title(say, ctx.library, which),
            ),
            text=" · ".join(
                filter(
                    None,
                    (
                        say("before: {name}", name=old) if old else "",
                        "" if votes else say("This gives no vote on statements; the team's list does."),
                    ),
                )
            ),
            tone=Tone.GOOD,
            notify=tuple(name for name in (taker.name, old) if name and name != ctx.by.name),
        ),
    )


async def _may_take(ctx: Context, incident: Incident, which: str, taker: Person, old: str) -> None:
    """A role that somebody holds is not taken from them unasked. Raises ConflictError or NotAllowedError."""
    title = role_title(ctx.say, ctx.library, which)
    if old == taker.name:
        raise ConflictError(
            ctx.say("{name} is {role} already.", name=old, role=title),
            hint=ctx.say("For somebody else: role {number} {role} @WHO", number=incident.id, role=which),
        )
    if ctx.by.name != old and not ctx.by.may(Right.OWNER, incident.owner):
        raise NotAllowedError(
            ctx.say("{name} is {role}.", name=old, role=title),
            hint=ctx.say(
                "{name}, the commander or a lead can hand it on: role {number} {role} @WHO",
                name=old,
                number=incident.id,
                role=which,
            ),
        )
