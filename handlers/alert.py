"""What the bot says by itself: an incident raised, grown or graver, and a deadline that came due."""

from __future__ import annotations

from handlers.kit.cards import Button, ButtonTone, Card, Tone
from handlers.kit.context import Context, card_key
from handlers.kit.entries import OVERDUE
from handlers.kit.incident_card import headline, incident_card, refresh
from handlers.kit.levels import announce_level, start_clocks
from handlers.kit.registry import notice
from playbooks.levels import Level
from storage import incidents
from storage.models import LIVING, Incident, State


async def _incident(ctx: Context) -> Incident | None:
    number = ctx.settings["notice"]["incident_id"]
    return await incidents.get(ctx.session, number)


@notice("incident.raised")
async def raised(ctx: Context) -> None:
    """Post the living card in every alerts room and start the clocks."""
    incident = await _incident(ctx)
    if incident is not None:
        await start_clocks(ctx, incident)
        ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))


@notice("incident.grown")
async def grown(ctx: Context) -> None:
    """Bring the card up to date; nobody is called."""
    incident = await _incident(ctx)
    if incident is not None:
        await refresh(ctx, incident, now=False)


@notice("incident.level")
async def graver(ctx: Context) -> None:
    """A level up is announced and restarts the clocks."""
    incident = await _incident(ctx)
    if incident is not None and incident.state in LIVING:
        data = ctx.settings["notice"]["data"]
        await start_clocks(ctx, incident)
        await refresh(ctx, incident, now=False)
        announce_level(ctx, incident, Level(data["old"]), Level(data["new"]), "")


@notice("incident.again")
async def again(ctx: Context) -> None:
    """The matter of a closed incident is back: propose to reopen it."""
    incident = await _incident(ctx)
    if incident is not None and incident.state not in LIVING:
        ctx.thread(
            incident,
            lambda say: Card(
                title=say("{incident}: it is back", incident=headline(say, incident)),
                text=say("New negative comments say the same as this incident, which is over."),
                tone=Tone.WARN,
                buttons=(Button(label=say("Reopen…"), action="incident.reopen", value=str(incident.id), tone=ButtonTone.PRIMARY),),
            ),
            broadcast=True,
        )


@notice("deadline")
async def overdue(ctx: Context) -> None:
    """A duty was not done in time: say so in the thread and in the room."""
    incident = await _incident(ctx)
    kind = ctx.settings["notice"]["data"]["kind"]
    if incident is None or incident.state not in LIVING or (kind == "assemble" and incident.state != State.OPEN):
        return
    await ctx.log(incident, "overdue", "", what=kind)
    await refresh(ctx, incident, now=False)
    verb, label = ("incident.claim", "Claim") if kind == "assemble" else ("statement.draft", "Draft statement")
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("#{number}: {what}", number=incident.id, what=say(OVERDUE[kind])),
            text=headline(say, incident),
            tone=Tone.WARN,
            buttons=(Button(label=say(label), action=verb, value=str(incident.id), tone=ButtonTone.PRIMARY),),
            notify=(incident.owner,) if incident.owner else (),
        ),
        broadcast=True,
    )
