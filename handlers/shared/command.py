"""Command of an incident: its owner, one column, one truth. With it goes the commander's work."""

from __future__ import annotations

from handlers.kit.cards import Card, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError
from handlers.kit.team import Person
from handlers.shared.crew import COMMANDER, able
from handlers.shared.steps import fill, show_crew
from storage import incidents
from storage.models import LIVING, Incident


async def hand_command(ctx: Context, incident: Incident, who: Person) -> None:
    """Command moves; there is always at most one commander. Whether the person may, the caller asks. Raises ConflictError."""
    able(ctx, who)
    old = incident.owner
    if old == who.name:
        raise ConflictError(
            ctx.say("{name} has #{number} already.", name=who.name, number=incident.id),
            hint=ctx.say("Name somebody else: handover {number} @WHO", number=incident.id),
        )
    if not old or incident.state not in LIVING:
        raise nobodys(ctx, incident)
    if not await incidents.hand_over(ctx.session, incident.id or 0, old, who.name):
        raise changed(ctx, incident)
    steps_in = who.name == ctx.by.name
    await ctx.log(incident, "took_over" if steps_in else "handed_over", "", to=who.name, former=old)
    await fill(ctx, incident, COMMANDER, old, who.name)
    await show_crew(ctx, incident)
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("{by} took #{number} over from {former}.", by=who.name, number=incident.id, former=old)
            if steps_in
            else say("{by} handed #{number} over to {to}.", by=ctx.by.name, number=incident.id, to=who.name),
            text=cut(incident.title),
            notify=tuple(name for name in (who.name, old) if name != ctx.by.name),
        ),
    )


def nobodys(ctx: Context, incident: Incident) -> ConflictError:
    """Why command cannot be moved: nobody has it."""
    return ConflictError(
        ctx.say("Nobody has #{number}.", number=incident.id),
        hint=ctx.say("Claim it: claim {number}", number=incident.id),
    )


def changed(ctx: Context, incident: Incident) -> ConflictError:
    """Why something was not done: somebody else was quicker."""
    return ConflictError(
        ctx.say("#{number} has changed in the meantime.", number=incident.id),
        hint=ctx.say("See how it stands: show {number}", number=incident.id),
    )
