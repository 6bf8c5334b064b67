"""What a level brings: clocks that start, and an announcement when it changes."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context, card_key
from handlers.kit.locale import Locale
from handlers.shared import easing
from handlers.shared.briefing import send_brief
from handlers.shared.incident_card import incident_card, why
from handlers.shared.legal import start_legal
from handlers.shared.versions import level_changed
from playbooks.levels import Level
from storage import deadlines
from storage.models import Incident, State


async def start_clocks(ctx: Context, incident: Incident) -> None:
    """Set the deadlines that an incident's level asks for, counted from now. A level up never gives more time than was left."""
    rules = ctx.library.levels[Level(incident.level)]
    lengths = {"brief": rules.brief_every}
    if incident.state == State.OPEN:
        lengths["claim"] = rules.claim
    if incident.state in {State.OPEN, State.CLAIMED}:
        lengths["assemble"] = rules.assemble
    lengths["update" if incident.stated_at else "holding"] = (
        rules.update_every if incident.stated_at else rules.holding
    )
    left = {
        each.kind: each.due_at
        for each in await deadlines.of(ctx.session, incident.id or 0)
        if each.due_at > ctx.now
    }
    for kind, length in lengths.items():
        if length is not None:
            due = ctx.now + length
            await deadlines.put(ctx.session, incident, kind, min(due, left.get(kind, due)))
    if rules.golden and not incident.stated_at and incident.opened_at + rules.golden > ctx.now:
        await deadlines.put(ctx.session, incident, "golden", incident.opened_at + rules.golden)
    await start_legal(ctx, incident)


async def start_claim(ctx: Context, incident: Incident) -> None:
    """Set the deadline for somebody to claim it."""
    due = ctx.now + ctx.library.levels[Level(incident.level)].claim
    await deadlines.put(ctx.session, incident, "claim", due)


async def spoken(ctx: Context, incident: Incident) -> None:
    """The public has been told something, so the first statement is no longer owed, and the next update is."""
    await deadlines.drop(ctx.session, incident.id or 0, "holding", "golden")
    due = ctx.now + ctx.library.levels[Level(incident.level)].update_every
    await deadlines.put(ctx.session, incident, "update", due)


async def announce_level(ctx: Context, incident: Incident, old: Level, new: Level, reason: str) -> None:
    """Tell the thread, and on the way up the room and the commander too. Without a reason the sum is it."""
    is_up = new.rank > old.rank
    await easing.settle(ctx, incident, old, new)

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
    await level_changed(ctx, incident)
    if is_up:
        # Some rooms want only grave incidents; where the card stands already, it is not posted again.
        ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))
        await send_brief(ctx, incident)
