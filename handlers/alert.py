"""What the bot says by itself: an incident raised, grown or graver."""

from __future__ import annotations

from handlers.kit.cards import Button, ButtonTone, Card, Tone, cut
from handlers.kit.context import Context, Post, card_key
from handlers.kit.locale import Locale
from handlers.kit.registry import notice
from handlers.shared.incident_card import incident_card, refresh, status
from handlers.shared.levels import announce_level, start_clocks
from handlers.shared.steps import lay_out, show_crew
from playbooks.levels import Level
from storage import incidents
from storage.models import LIVING, Incident


async def _incident(ctx: Context) -> Incident | None:
    number = ctx.settings["notice"]["incident_id"]
    return await incidents.hold(ctx.session, number)


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
        await lay_out(ctx, incident)
        await show_crew(ctx, incident, now=False)
        await announce_level(ctx, incident, Level(data["old"]), Level(data["new"]), "")


@notice("incident.again")
async def again(ctx: Context) -> None:
    """The matter of a closed incident is back: propose to reopen it."""
    incident = await _incident(ctx)
    if incident is not None and incident.state not in LIVING:
        ctx.thread(
            incident,
            lambda say: Card(
                title=say("#{number} is back: {title}", number=incident.id, title=cut(incident.title)),
                text=say(
                    "It is over ({status}), and new negative comments say the same.",
                    status=status(say, incident),
                ),
                tone=Tone.WARN,
                buttons=(
                    Button(
                        label=say("Reopen…"),
                        action="incident.reopen",
                        value=str(incident.id),
                        tone=ButtonTone.PRIMARY,
                    ),
                ),
            ),
            broadcast=True,
        )


def unsaid(number: int | None, drill_id: int | None, reference: str) -> Post:
    """What is said instead of news that broke its handler: dropped unseen, it could have been an alarm."""
    value = str(number or "")

    def build(say: Locale) -> Card:
        return Card(
            title=say(
                "News about #{number} could not be shown. Reference {reference}",
                number=value,
                reference=reference,
            ),
            text=say("The log has the error under this reference."),
            tone=Tone.WARN,
            buttons=(Button(label=say("Details"), action="look.show", value=value),) if value else (),
        )

    return Post(build=build, purpose="alerts" if drill_id is None else "drills", drill_id=drill_id, rank=0)
