"""Clocks: what is due, and who is told when it was not done."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context
from handlers.kit.duties import overdue, remedy
from handlers.kit.incident_card import refresh, tag
from handlers.kit.registry import notice
from handlers.kit.team import Right
from storage import deadlines, incidents
from storage.models import LIVING


@notice("deadline")
async def late(ctx: Context) -> None:
    """A duty was not done in time: say so in the thread and in the room."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    due = await deadlines.get(ctx.session, told["data"]["deadline"])
    if incident is None or due is None or incident.state not in LIVING:
        return
    await ctx.log(incident, "overdue", "", what=due.kind, words=due.what)
    await refresh(ctx, incident, now=False)
    leads = tuple(person.name for person in ctx.team.people if Right.LEAD in person.rights)
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "{incident} · {what}, due {time}",
                incident=tag(say, incident),
                what=overdue(say, due.kind, due.what),
                time=say.clock(due.due_at),
            ),
            text=cut(incident.title),
            tone=Tone.WARN,
            buttons=(remedy(say, due),),
            notify=(incident.owner,) if incident.owner else leads,
        ),
        broadcast=True,
    )
