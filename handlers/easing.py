"""A level that may go down: people are asked once, and decide."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.shared.easing import answered, easing_key, question
from handlers.shared.incident_card import named, status
from playbooks.levels import Level
from storage import gauges, incidents
from storage.models import LIVING, Incident


@notice("incident.eased")
async def eased(ctx: Context) -> None:
    """Ask in the thread; nobody is called."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    gauge = await gauges.get(ctx.session, told["incident_id"])
    if incident is None or gauge is None or incident.state not in LIVING:
        return
    if gauge.asked_at is None or gauge.asked != told["data"]["asked"]:
        # Meanwhile the numbers are back, or the level is another.
        return
    await ctx.log(incident, "eased", "", old=incident.level, new=gauge.lower)
    build = question(incident, gauge, ctx.library)
    ctx.thread(incident, build, key=easing_key(incident, gauge.asked))


@notice("incident.firm")
async def firm(ctx: Context) -> None:
    """The numbers are back, so the question is taken back."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    if incident is None:
        return
    level, total, at = Level(told["data"]["level"]), told["data"]["total"], ctx.now

    def build(say: Locale) -> Card:
        return Card(
            title=say("#{number} stays {level}", number=incident.id, level=named(say, level)),
            text=say("The numbers are back, {time}: the sum is {total}.", time=say.clock(at), total=total),
            tone=Tone.WARN,
        )

    answered(ctx, incident, told["data"]["asked"], build)


@command(
    "keep",
    area="incident",
    right=Right.OWNER,
    help="Keep the level that the bot asks to lower",
    usage="keep N",
    example="keep 12",
    aliases=("保持",),
)
async def keep(ctx: Context, incident: Incident) -> None:
    """Not asked again until the numbers have been back."""
    gauge = await gauges.get(ctx.session, incident.id or 0)
    if gauge is None or not await gauges.settle(ctx.session, incident.id or 0, ctx.now):
        raise ConflictError(
            ctx.say(
                "Nobody asks to lower #{number}: {status}.",
                number=incident.id,
                status=status(ctx.say, incident),
            ),
            hint=ctx.say("To change the level: level {number} LEVEL", number=incident.id),
        )
    await ctx.log(incident, "kept_level", "", level=incident.level)
    by = ctx.by.name
    answered(
        ctx,
        incident,
        gauge.asked,
        lambda say: Card(
            title=say(
                "{by} keeps #{number} at {level}.",
                by=by,
                number=incident.id,
                level=named(say, Level(incident.level)),
            ),
            text=cut(incident.title),
            tone=Tone.GOOD,
        ),
    )
