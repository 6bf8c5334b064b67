"""The message house: one agreed core message and three key messages with what proves them, which every text of an incident says.

Whoever works on an incident proposes lines; its commander or a lead agrees, or sets them at once. Drafts are made of what is agreed
and proven. When an agreed line changes, every text that says the old one is named, and approvals of those that are voted on fall.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers.kit.cards import Form, FormField
from handlers.kit.context import Context, FormBuilder
from handlers.kit.errors import ConflictError, NotFoundError, UserError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import Wording
from handlers.reading.wordings import HousePart
from handlers.shared.drafting import MARK
from handlers.shared.entries import PARTS
from handlers.shared.findings import stated
from handlers.shared.house import House, house_key, house_of
from handlers.shared.house_card import (
    changed_card,
    house_view,
    proposed_card,
    show_house,
    start_of,
    texts_of,
)
from handlers.shared.incident_card import over
from handlers.shared.versions import fall, show
from playbooks.checks import carried, cited
from storage import house as lines
from storage import releases
from storage.models import LIVING, Fact, HouseLine, Incident

NO_WORDS = Wording("")
LONGEST = 200
"""Characters of one line."""
PROOF = re.compile(r"[\s\[【(（]*(?<![A-Za-z])(?P<facts>[Ff]\d{1,6}(?:[\s,，、]*[Ff]\d{1,6})*)[\s\]】)）]*$")
"""The facts at the end of a line: `F1 F3`."""


@command(
    "house",
    area="voice",
    right=Right.LOOK,
    help="Show the message house, or set what every text says",
    usage="house N [roof|1|2|3 [TEXT F1 F3|agree|drop]]",
    example="house 12 1 涉事门店已停售该批次 F1 F3",
    aliases=("信息屋", "口径"),
)
async def house(
    ctx: Context, incident: Incident, part: HousePart | None = None, text: Wording = NO_WORDS
) -> None:
    """The house as it stands, or a line more in it; a part without words opens a form."""
    if part is None:
        ctx.reply(await house_view(ctx, incident), incident)
        return
    ctx.require(Right.WORK, incident)
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if part.deed:
        ctx.require(Right.OWNER, incident)
        await (_agree if part.deed == "agree" else _drop)(ctx, incident, part.place)
    elif text.strip():
        await _set(ctx, incident, part.place, text)
    else:
        ctx.form = _form(ctx, incident, await house_of(ctx, incident), part.place)


def _form(ctx: Context, incident: Incident, found: House, place: int) -> FormBuilder:
    line = found.proposed.get(place) or found.agreed.get(place)
    start = start_of(ctx, incident)
    proof = " ".join(f"F{number}" for number in line.facts) if line else ""
    return lambda say: Form(
        title=say(PARTS[str(place)]),
        fields=(
            FormField(
                name="text",
                label=say("Text"),
                hint=say("At its end the facts that prove it: F1 F3"),
                long=True,
                initial=f"{line.text} {proof}".strip() if line else start.said(place, say.language),
            ),
        ),
        action="house.house",
        value=f"{incident.id} {place or 'roof'}",
        submit=say("Send"),
    )


async def _set(ctx: Context, incident: Incident, place: int, text: str) -> None:
    """Propose a line; from whoever commands or leads it is agreed at once."""
    found = await house_of(ctx, incident)
    said, numbers = _read(ctx, incident, text, found.table)
    old = found.agreed.get(place)
    if old is not None and (old.text, old.facts) == (said, numbers):
        raise ConflictError(
            ctx.say("{part} says that already.", part=ctx.say(PARTS[str(place)])),
            hint=ctx.say(
                "Agreed by {name} {time}.", name=old.agreed_by, time=ctx.say.clock(old.agreed_at or old.at)
            ),
        )
    is_agreed = ctx.by.may(Right.OWNER, incident.owner)
    line = HouseLine(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        place=place,
        text=said,
        facts=numbers,
        state=lines.AGREED if is_agreed else lines.PROPOSED,
        by=ctx.by.name,
        at=ctx.now,
        agreed_by=ctx.by.name if is_agreed else "",
        agreed_at=ctx.now if is_agreed else None,
    )
    await lines.put(ctx.session, line)
    await ctx.log(incident, "house" if is_agreed else "house_proposed", said, part=place, facts=numbers)
    if is_agreed:
        await _changed(ctx, incident, place, old.text if old else "", said, is_first=not found.lines)
        return
    whose = (incident.owner,) if incident.owner else ctx.team.leads
    if found.lines:
        await show_house(ctx, incident)
    else:
        ctx.thread(incident, await house_view(ctx, incident), key=house_key(incident))
    now = await house_of(ctx, incident)
    ctx.thread(incident, lambda say: proposed_card(say, incident, now, line, whose))


def _read(ctx: Context, incident: Incident, text: str, table: Sequence[Fact]) -> tuple[str, list[int]]:
    """A line's words on one line, and the facts that prove it: those that it ends with, else those that it says."""
    named = PROOF.search(text)
    said = " ".join((text[: named.start()] if named else text).split())
    numbers = [int(each) for each in re.findall(r"\d+", named["facts"])] if named else []
    if not said:
        raise UserError(
            ctx.say("A line needs words."), hint=ctx.say("The facts stand behind them: … F1 F3"), field="text"
        )
    if len(said) > LONGEST:
        raise UserError(
            ctx.say("The text has {n} characters; at most {most} are possible.", n=len(said), most=LONGEST),
            hint=ctx.say("A line is said in one breath; details belong into the statement."),
            field="text",
        )
    if mark := MARK.search(said):
        raise UserError(
            ctx.say("“{mark}” would go out with the text.", mark=mark[0]),
            hint=ctx.say("The facts stand behind them: … F1 F3"),
            field="text",
        )
    known = {each.number for each in table}
    if lacking := [number for number in numbers if number not in known]:
        raise NotFoundError(
            ctx.say("#{number} has no F{fact}.", number=incident.id, fact=lacking[0]),
            hint=ctx.say("Add it: fact {number} TEXT", number=incident.id),
            field="text",
        )
    resting = {each.id for each in cited(said, stated(table))}
    return said, list(dict.fromkeys(numbers)) or [
        each.number for each in table if f"F{each.number}" in resting
    ]


async def _agree(ctx: Context, incident: Incident, place: int) -> None:
    found = await house_of(ctx, incident)
    line, old = found.proposed.get(place), found.agreed.get(place)
    if line is None or not await lines.agree(ctx.session, line, ctx.by.name, ctx.now):
        raise ConflictError(
            ctx.say("Nothing is proposed as {part}.", part=ctx.say(PARTS[str(place)])),
            hint=ctx.say("As it stands: house {number}", number=incident.id),
        )
    await ctx.log(incident, "house", line.text, part=place, facts=line.facts, proposed_by=line.by)
    await _changed(ctx, incident, place, old.text if old else "", line.text)


async def _drop(ctx: Context, incident: Incident, place: int) -> None:
    old = (await house_of(ctx, incident)).agreed.get(place)
    if not await lines.drop(ctx.session, incident.id or 0, place):
        raise ConflictError(
            ctx.say("There is no {part} to drop.", part=ctx.say(PARTS[str(place)])),
            hint=ctx.say("As it stands: house {number}", number=incident.id),
        )
    await ctx.log(incident, "house_dropped", old.text if old else "", part=place)
    await _changed(ctx, incident, place, old.text if old else "", "")


async def _changed(
    ctx: Context, incident: Incident, place: int, old: str, new: str, *, is_first: bool = False
) -> None:
    """Bring all cards up to date, and name the texts that say what is no longer agreed; their approvals fall."""
    texts = await texts_of(ctx, incident)
    behind = [
        each
        for each in texts
        if old and old != new and carried(each.text, [old]) and not (new and new in each.text)
    ]
    whose = await fall(ctx, incident, behind, f"P{place}")
    for each in texts:
        if each not in behind or each.state == "approved":
            await show(ctx, incident, each)
    if is_first:
        ctx.thread(incident, await house_view(ctx, incident), key=house_key(incident))
        return
    await show_house(ctx, incident)
    numbers = {each.number for each in behind}
    places = [each for each in await releases.of(ctx.session, incident.id or 0) if each.version in numbers]
    writers = {name for each in behind for name in each.authors}
    called = tuple(dict.fromkeys((*whose, *sorted(writers))))
    ctx.thread(
        incident,
        lambda say: changed_card(say, incident, (place, new), behind, places, called),
        broadcast=any(each.state != "pending" for each in behind),
    )
