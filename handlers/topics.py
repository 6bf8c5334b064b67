"""Put together by hand what is one matter, and take apart what is two."""

from __future__ import annotations

import re

from handlers.kit.cards import Button, Card, Tone
from handlers.kit.context import CardBuilder, Context, card_key
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.privacy import may_know
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared import easing
from handlers.shared.duties import BETWEEN
from handlers.shared.incident_card import headline, incident_card, over, refresh
from handlers.shared.legal import KIND
from handlers.shared.levels import start_clocks
from handlers.shared.owed import owed_by, settled
from handlers.shared.rooms import leave_rooms, seal
from handlers.shared.steps import move
from handlers.shared.task_card import task_card, task_key
from storage import admission, deadlines, incidents, tasks, timeline
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
    """The topics of the other one move here with all their counts, and its open tasks; the other one is closed."""
    second = await _other(ctx, incident, other)
    for each in (incident, second):
        if each.state not in LIVING:
            raise over(ctx, each)
    number, gone = incident.id or 0, second.id or 0
    await _among_the_same(ctx, incident, second)
    await _owes_nothing(ctx, incident, second)
    await incidents.take_topics(ctx.session, gone, number)
    await ctx.log(incident, "merged", "", other=gone)
    moved = await _take_tasks(ctx, incident, second)
    await _take_legal(ctx, incident, second)
    reason = ctx.say("Merged into #{number}", number=number)
    await incidents.move(ctx.session, gone, State.CLOSED, allowed=LIVING, at=ctx.now, reason=reason)
    await deadlines.drop(ctx.session, gone)
    await easing.end(ctx, second)
    await ctx.session.refresh(second)
    await ctx.log(second, "closed", reason)
    await refresh(ctx, incident)
    await refresh(ctx, second)
    told = _told(ctx, incident, second, moved)
    for each in (incident, second):
        ctx.thread(each, told)
    await leave_rooms(ctx, second, told)


def _told(ctx: Context, incident: Incident, second: Incident, moved: int) -> CardBuilder:
    return lambda say: Card(
        title=say("{by} put #{other} into #{number}.", by=ctx.by.name, other=second.id, number=incident.id),
        text=say("Open tasks that go on there: {n}", n=moved) if moved else "",
        tone=Tone.GOOD,
        buttons=(Button(label=say("Details"), action="look.show", value=str(incident.id)),),
        notify=tuple({incident.owner, second.owner} - {"", ctx.by.name}),
    )


async def _among_the_same(ctx: Context, incident: Incident, second: Incident) -> None:
    """Go on only if nobody is told more by it than they may know."""
    if not incident.private and not second.private:
        return
    known_to = [await admission.insiders(ctx.session, each) for each in (incident, second)]
    if incident.private and second.private and known_to[0] == known_to[1]:
        return
    numbers = {"number": incident.id, "other": second.id}
    raise ConflictError(
        ctx.say("#{number} and #{other} are not known to the same people.", **numbers),
        hint=ctx.say("Make both private, and let the same people know: private {number} @WHO", **numbers),
    )


async def _owes_nothing(ctx: Context, incident: Incident, second: Incident) -> None:
    """Go on only if what is closed owes the public nothing: promises and texts have their numbers in their own incident."""
    way_out = ctx.say("Or the other way round: merge {number} {other}", number=second.id, other=incident.id)
    is_free = not await owed_by(ctx, incident)
    settled(ctx, second, await owed_by(ctx, second), way_out if is_free else "")


async def _take_tasks(ctx: Context, incident: Incident, second: Incident) -> int:
    """Whoever has something to do still has it, with the time that it had. Returns how much it is."""
    rows = [row for row in await tasks.left(ctx.session, second.id or 0) if row.is_task]
    for row in rows:
        was = row.number
        here = await move(ctx, row, incident)
        await ctx.log(incident, "task_taken", "", number=here.number, other=second.id, title=here.title)
        await ctx.log(
            second, "task_moved", "", number=was, other=incident.id, there=here.number, title=here.title
        )
        ctx.edit(task_key(second.id or 0, was), _gone(second, incident, was, here.number), second)
        ctx.thread(incident, task_card(here), key=task_key(incident.id or 0, here.number))
    return len(rows)


def _gone(second: Incident, incident: Incident, was: int, here: int) -> CardBuilder:
    return lambda say: Card(
        title=say(
            "Task {number} of #{other} goes on in #{incident} as task {here}",
            number=was,
            other=second.id,
            incident=incident.id,
            here=here,
        )
    )


async def _take_legal(ctx: Context, incident: Incident, second: Incident) -> None:
    """What lawyers may have to be asked is about the matter, so it moves; what is asked here already is not asked twice."""
    asked = {
        entry.data["ref"]
        for entry in await timeline.of(ctx.session, incident.id or 0)
        if entry.kind == "legal_clock"
    }
    for due in await deadlines.of(ctx.session, second.id or 0):
        if due.kind == KIND and due.ref not in asked:
            await deadlines.put(
                ctx.session, incident, KIND, due.due_at, ref=due.ref, what=due.what, fires_at=due.fires_at
            )
            zh, _, en = due.what.partition(BETWEEN)
            await ctx.log(incident, "legal_clock", "", ref=due.ref, title=zh, title_en=en or zh)


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
    """The last topic leaves with all its counts and gets its own card; what was private stays so, among the same people."""
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
    if incident.private:
        await seal(ctx, new)
        names = await admission.insiders(ctx.session, incident)
        await admission.admit(ctx.session, new.id or 0, names, by=ctx.by.name, at=ctx.now)
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
    if found is None or found.drill_id != incident.drill_id or not await may_know(ctx, found):
        raise NotFoundError(
            ctx.say("There is no incident {number}.", number=f"#{match[1]}"),
            hint=ctx.say("To see them all: list"),
        )
    return found
