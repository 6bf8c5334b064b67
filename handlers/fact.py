"""Facts: what is claimed, where it is from, and whether somebody other than who brought it has confirmed it.

Statements are held against this table. When a fact changes, every text that rests on it is named, and approvals of those that
are voted on fall.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import lacking
from handlers.reading.wordings import Judgement
from handlers.shared.fact_card import added_card, facts_card, facts_key, flagged_card
from handlers.shared.findings import resting_on
from handlers.shared.house_card import show_house
from handlers.shared.incident_card import over
from handlers.shared.statement_card import STATES
from handlers.shared.versions import fall, show
from storage import facts, releases, statements
from storage.models import LIVING, Fact, Incident, Version

LINK = re.compile(r"https?://[^\s，。；）)」]+")
SOURCE = re.compile(
    r"[，,；;。（(]?\s*(?:来源|出处|source)\s*[:：]\s*(?P<who>[^（()）]{1,80}?)\s*[）)]?\s*$", re.IGNORECASE
)
"""Who said it, at the end of the line: `（来源：王店长）`."""
RESTING = ("pending", "released", "approved")
"""States of versions that a fact matters for."""


@command(
    "fact",
    area="voice",
    right=Right.WORK,
    help="Add a fact, or confirm or deny one",
    usage="fact N TEXT · fact N FK confirm|deny",
    example="fact 12 上海 3 家门店停售该批次（来源：王店长）",
    aliases=("事实",),
    labels={"text": "What is known", "source": "Link, or who said it"},
)
async def fact(
    ctx: Context,
    incident: Incident,
    judged: Judgement | None = None,
    text: str = "",
    source: str = "",
) -> None:
    """A line more in the table, or a line settled."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if judged is not None:
        await _judge(ctx, incident, judged, text)
    elif text:
        await _add(ctx, incident, text, source)
    else:
        raise lacking(ctx, "fact", incident, "", "text", "source")


async def _add(ctx: Context, incident: Incident, text: str, source: str) -> None:
    claim, told = _split(text)
    known = await facts.of(ctx.session, incident.id or 0)
    if same := next((each for each in known if each.claim == claim), None):
        raise ConflictError(
            ctx.say("F{number} says that already.", number=same.number),
            hint=ctx.say(
                "To settle it: fact {incident} F{number} confirm", incident=incident.id, number=same.number
            ),
        )
    added = await facts.add(
        ctx.session,
        Fact(
            incident_id=incident.id or 0,
            drill_id=incident.drill_id,
            number=0,
            claim=claim,
            source=source or told or ctx.by.name,
            by=ctx.by.name,
            at=ctx.now,
        ),
    )
    await ctx.log(incident, "fact", added.claim, fact=f"F{added.number}")
    table = [*known, added]
    if known:
        ctx.edit(facts_key(incident), lambda say: facts_card(say, incident, table), incident)
        ctx.thread(incident, lambda say: added_card(say, incident, added))
    else:
        ctx.thread(incident, lambda say: facts_card(say, incident, table), key=facts_key(incident))
    await _shown(ctx, incident, added)


def _split(text: str) -> tuple[str, str]:
    """What is claimed, and the link or name that it is from, if the words hold one."""
    if link := LINK.search(text):
        rest = " ".join(f"{text[: link.start()]} {text[link.end() :]}".split())
        return (rest or text), link[0]
    if who := SOURCE.search(text):
        return (text[: who.start()].strip() or text), who["who"].strip()
    return text, ""


async def _judge(ctx: Context, incident: Incident, judged: Judgement, note: str) -> None:
    known = await facts.of(ctx.session, incident.id or 0)
    named = next((each for each in known if each.number == judged.number), None)
    if named is None:
        raise NotFoundError(
            ctx.say("#{number} has no F{fact}.", number=incident.id, fact=judged.number),
            hint=ctx.say("Add it: fact {number} TEXT", number=incident.id),
        )
    _may_judge(ctx, named, judged.state)
    # Which texts rest on it is told before it changes: one that is confirmed needs less likeness than one that is not.
    before = await _resting(ctx, incident, known, named)
    was = named.state
    if not await facts.settle(ctx.session, named, judged.state, ctx.by.name, ctx.now):
        raise ConflictError(
            ctx.say(
                "F{number} is {state} already: {name}",
                number=named.number,
                state=ctx.say(STATES[named.state]),
                name=named.settled_by,
            ),
            hint=ctx.say("Its line and the others stand in the incident's thread."),
        )
    await _settled(ctx, incident, judged, note, was, before)


async def _settled(
    ctx: Context, incident: Incident, judged: Judgement, note: str, was: str, before: Sequence[Version]
) -> None:
    """Note the change with the texts that say it, show it, and name those texts. `was`, `before`: the state, and the texts, until now."""
    table = await facts.of(ctx.session, incident.id or 0)
    named = next(each for each in table if each.number == judged.number)
    after = await _resting(ctx, incident, table, named)
    citing = list({each.id: each for each in (*before, *after)}.values())
    await ctx.log(
        incident,
        f"fact_{judged.state}",
        note,
        fact=f"F{named.number}",
        claim=named.claim,
        was=was,
        # The review tells which texts said it at that moment; they may be others later.
        cited={str(each.number): each.state for each in citing},
    )
    ctx.edit(facts_key(incident), lambda say: facts_card(say, incident, table), incident)
    await show_house(ctx, incident)
    await _flag(ctx, incident, named, citing)
    ctx.confirm(
        lambda say: Card(
            title=say("F{number} is {state}.", number=named.number, state=say(STATES[named.state])),
            tone=Tone.GOOD,
        ),
        incident,
    )


def _may_judge(ctx: Context, named: Fact, state: str) -> None:
    """Whoever brought it may take it back, but not confirm it alone, unless they lead; guests may do neither for others."""
    is_own = ctx.by.name == named.by
    if ctx.by.guest and not (is_own and state == "false"):
        raise NotAllowedError(
            ctx.say("Only people on the roster settle facts."),
            hint=ctx.who_may(Right.WORK),
        )
    if is_own and state == "confirmed" and not ctx.by.may(Right.LEAD):
        able = [each.name for each in ctx.team.people if each.may(Right.WORK) and each.name != named.by]
        raise NotAllowedError(
            ctx.say("You brought F{number}, so somebody else confirms it.", number=named.number),
            hint=ctx.say("These may: {names}", names=ctx.say(", ").join(able) or ctx.say("nobody")),
        )


async def _resting(ctx: Context, incident: Incident, table: Sequence[Fact], named: Fact) -> list[Version]:
    """The versions that rest on a fact, those that may be public first; among them those that were taken back."""
    states = (*RESTING, "recalled")
    versions = [each for each in await statements.of(ctx.session, incident.id or 0) if each.state in states]
    found = [each for each in versions if f"F{named.number}" in resting_on(each, table)]
    return sorted(found, key=lambda each: (each.state == "pending", -each.number))


async def _flag(ctx: Context, incident: Incident, named: Fact, citing: Sequence[Version]) -> None:
    """Name the texts that rest on it, and where they stand; approvals of those that are voted on fall."""
    versions = [each for each in citing if each.state in RESTING]
    if not versions:
        return
    numbers = {each.number for each in citing}
    places = [each for each in await releases.of(ctx.session, incident.id or 0) if each.version in numbers]
    whose = await fall(ctx, incident, versions, f"F{named.number}")
    for each in versions:
        if each.state == "approved":
            await show(ctx, incident, each)
    is_good = named.state == "confirmed"
    if is_good and not whose:
        return
    writers = {name for each in versions for name in each.authors}
    called = tuple(dict.fromkeys((*whose, *sorted(writers))))
    ctx.thread(
        incident,
        lambda say: flagged_card(say, named, versions, places, called),
        broadcast=not is_good and any(each.state != "pending" for each in versions),
    )


async def _shown(ctx: Context, incident: Incident, added: Fact) -> None:
    """A new line may make a text that is voted on rest on something uncertain: its card says so."""
    table = await facts.of(ctx.session, incident.id or 0)
    for each in await _resting(ctx, incident, table, added):
        await show(ctx, incident, each)
