"""Put together by hand what is one matter, and take apart what is two."""

from __future__ import annotations

import re

from handlers.kit.cards import Button, Card, Tone
from handlers.kit.context import Context, card_key
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.incident_card import headline, incident_card, over, refresh
from handlers.shared.levels import start_clocks
from storage import deadlines, incidents
from storage.models import LIVING, Incident, State

_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*")


@command(
    "merge",
    area="incident",
    right=Right.OWNER,
    help="Put another incident into this one",
    usage="merge N M",
    example="merge 12 13",
    aliases=("合并",),
    labels={"other": "The other incident's number"},
)
async def merge(ctx: Context, incident: Incident, other: str) -> None:
    """The topics of the other one move here with all their counts; the other one is closed."""
    second = await _other(ctx, incident, other)
    for each in (incident, second):
        if each.state not in LIVING:
            raise over(ctx, each)
    number, gone = incident.id or 0, second.id or 0
    await incidents.take_topics(ctx.session, gone, number)
    reason = ctx.say("Merged into #{number}", number=number)
    await incidents.move(ctx.session, gone, State.CLOSED, allowed=LIVING, at=ctx.now, reason=reason)
    await deadlines.drop(ctx.session, gone)
    await ctx.session.refresh(second)
    await ctx.log(incident, "merged", "", other=gone)
    await ctx.log(second, "closed", reason)
    await refresh(ctx, incident)
    await refresh(ctx, second)
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("{by} put #{other} into #{number}.", by=ctx.by.name, other=gone, number=number),
            tone=Tone.GOOD,
            buttons=(Button(label=say("Details"), action="look.show", value=str(number)),),
        ),
    )


@command(
    "split",
    area="incident",
    right=Right.OWNER,
    help="Make the topic that came last an incident of its own",
    usage="split N",
    example="split 12",
    aliases=("拆分",),
)
async def split(ctx: Context, incident: Incident) -> None:
    """The last topic leaves with all its counts and gets its own card."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    topics = await incidents.topics(ctx.session, incident.id or 0)
    if len(topics) < 2:
        raise ConflictError(
            ctx.say("#{number} holds one topic, so there is nothing to split off.", number=incident.id),
            hint=ctx.say("To look at it: show {number}", number=incident.id),
        )
    last = topics[-1]
    new = await incidents.create(
        ctx.session,
        Incident(
            drill_id=incident.drill_id,
            title=last.title,
            type=last.type or incident.type,
            level=incident.level,
            opened_by=ctx.by.name,
            opened_at=ctx.now,
        ),
    )
    await incidents.take_topics(ctx.session, incident.id or 0, new.id or 0, only=last.id)
    await ctx.log(incident, "split_off", "", other=new.id)
    await ctx.log(new, "opened", new.title, level=new.level)
    await start_clocks(ctx, new)
    await refresh(ctx, incident)
    ctx.announce("alerts", await incident_card(ctx, new), incident=new, key=card_key(new))
    ctx.whisper(
        lambda say: Card(title=say("{incident} is open.", incident=headline(say, new)), tone=Tone.GOOD), new
    )


async def _other(ctx: Context, incident: Incident, words: str) -> Incident:
    match = _NUMBER.fullmatch(words)
    if match is None or int(match[1]) == incident.id:
        raise UsageError(ctx.say("Name another incident by its number."), hint="merge 12 13")
    found = await incidents.hold(ctx.session, int(match[1]))
    if found is None or found.drill_id != incident.drill_id:
        raise NotFoundError(
            ctx.say("There is no incident {number}.", number=f"#{match[1]}"),
            hint=ctx.say("To see them all: list"),
        )
    return found
