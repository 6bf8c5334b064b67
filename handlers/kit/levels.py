"""What a level brings: clocks that start, and an announcement when it changes."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from playbooks.levels import Level
from storage import deadlines
from storage.models import Incident, State


async def start_clocks(ctx: Context, incident: Incident) -> None:
    """Set the deadlines that an incident's level asks for, counted from now."""
    rules = ctx.library.levels[Level(incident.level)]
    if incident.state == State.OPEN:
        await deadlines.put(ctx.session, incident.id or 0, "assemble", ctx.now + rules.assemble, incident.drill_id)
    if incident.stated_at is None:
        await deadlines.put(ctx.session, incident.id or 0, "holding", ctx.now + rules.holding, incident.drill_id)


def announce_level(ctx: Context, incident: Incident, old: Level, new: Level, reason: str) -> None:
    """Tell the thread, and on the way up the room too."""
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "#{number}: level {old} → {new}",
                number=incident.id,
                old=say.either(old.zh, old.en),
                new=say.either(new.zh, new.en),
            ),
            text=reason,
            tone=Tone(new.value),
        ),
        broadcast=new.rank > old.rank,
    )
