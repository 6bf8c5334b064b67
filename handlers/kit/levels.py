"""What a level brings: clocks that start, and an announcement when it changes."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context, card_key
from handlers.kit.incident_card import incident_card, why
from handlers.kit.locale import Locale
from playbooks.levels import Level
from storage import deadlines
from storage.models import Incident, State


async def start_clocks(ctx: Context, incident: Incident) -> None:
    """Set the deadlines that an incident's level asks for, counted from now."""
    rules = ctx.library.levels[Level(incident.level)]
    if incident.state == State.OPEN:
        await start_assembly(ctx, incident)
    if incident.stated_at is None:
        await deadlines.put(ctx.session, incident, "holding", ctx.now + rules.holding)


async def start_assembly(ctx: Context, incident: Incident) -> None:
    """Set the deadline for somebody to claim it."""
    due = ctx.now + ctx.library.levels[Level(incident.level)].assemble
    await deadlines.put(ctx.session, incident, "assemble", due)


async def announce_level(ctx: Context, incident: Incident, old: Level, new: Level, reason: str) -> None:
    """Tell the thread, and on the way up the room and the commander too. Without a reason the sum is it."""
    is_up = new.rank > old.rank

    def build(say: Locale) -> Card:
        names = {
            "number": incident.id,
            "old": say.either(old.zh, old.value),
            "new": say.either(new.zh, new.value),
        }
        title = (
            say("#{number} raised from {old} to {new}", **names)
            if is_up
            else say("#{number} lowered from {old} to {new}", **names)
        )
        return Card(
            title=title,
            text="\n".join(
                part for part in (cut(incident.title), reason or why(say, incident, ctx.library)) if part
            ),
            tone=Tone(new.value),
            notify=(incident.owner,) if is_up and incident.owner and incident.owner != ctx.by.name else (),
        )

    ctx.thread(incident, build, broadcast=is_up)
    if is_up:
        # Some rooms want only grave incidents; where the card stands already, it is not posted again.
        ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))
