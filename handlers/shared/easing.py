"""The question whether to lower a level: its card, and what becomes of it."""

from __future__ import annotations

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context
from handlers.kit.locale import Locale
from handlers.shared.incident_card import added, named
from playbooks.levels import Level
from playbooks.library import Library
from storage import gauges, incidents
from storage.models import Gauge, Incident


def easing_key(incident: Incident, asked: int) -> str:
    """The key of the card that asks."""
    return f"easing:{incident.id}:{asked}"


def question(incident: Incident, gauge: Gauge, library: Library) -> CardBuilder:
    """The card that asks."""
    number, level, lower, since = incident.id, Level(incident.level), Level(gauge.lower), gauge.since

    def build(say: Locale) -> Card:
        names = {"number": number, "level": named(say, level), "lower": named(say, lower)}
        calm = (
            say("below {level} since {time}", level=named(say, level), time=say.clock(since)) if since else ""
        )
        return Card(
            title=say("Lower #{number} from {level} to {lower}?", **names),
            text=" · ".join(filter(None, (cut(incident.title), calm))),
            sections=(Section(lines=(say("Now: {sum}", sum=added(say, gauge.why, level, library)),)),),
            buttons=(
                Button(
                    label=say("Lower to {lower}", lower=names["lower"]),
                    action="incident.level",
                    value=f"{number} {lower.value}",
                    tone=ButtonTone.PRIMARY,
                ),
                Button(
                    label=say("Keep {level}", level=names["level"]), action="easing.keep", value=str(number)
                ),
            ),
            footer=say("Only people lower a level. Fewer comments may also mean that it is late."),
        )

    return build


def answered(ctx: Context, incident: Incident, asked: int, words: CardBuilder) -> None:
    """Replace the question by what became of it."""
    ctx.edit(easing_key(incident, asked), words, incident)


async def settle(ctx: Context, incident: Incident, old: Level, new: Level) -> None:
    """The level is another now, so whatever was asked about the old one is answered, and counting begins anew.

    If it is what was proposed, the sum behind it is the one that proposed it: so a new wave raises it again.
    """
    gauge = await gauges.get(ctx.session, incident.id or 0)
    if gauge is None or not await gauges.recover(ctx.session, incident.id or 0):
        return
    if new.value == gauge.lower:
        await incidents.set_level(ctx.session, incident.id or 0, new.value, new.value, gauge.why)
        await ctx.session.refresh(incident)
    by, asked = ctx.by.name, gauge.asked

    def build(say: Locale) -> Card:
        names = {"number": incident.id, "old": named(say, old), "new": named(say, new)}
        title = (
            say("{by} set #{number} from {old} to {new}.", by=by, **names)
            if by
            else say("#{number} went from {old} to {new}.", **names)
        )
        return Card(title=title, text=cut(incident.title), tone=Tone.GOOD)

    answered(ctx, incident, asked, build)


async def end(ctx: Context, incident: Incident) -> None:
    """The incident is over: an open question is taken back, since its buttons would only refuse."""
    gauge = await gauges.get(ctx.session, incident.id or 0)
    if gauge is None or not await gauges.recover(ctx.session, incident.id or 0):
        return
    level = Level(incident.level)
    answered(
        ctx,
        incident,
        gauge.asked,
        lambda say: Card(
            title=say("#{number} is over, at {level}.", number=incident.id, level=named(say, level)),
            text=cut(incident.title),
        ),
    )
