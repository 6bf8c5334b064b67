"""Clocks: what is due, who is told when it was not done, and putting that off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from handlers.kit.cards import Card, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.reading.errands import length_of
from handlers.shared.asking import EXPIRY
from handlers.shared.briefing import send_brief
from handlers.shared.duties import AUTOMATIC, overdue
from handlers.shared.incident_card import over, refresh
from handlers.shared.ladder import Call, calls, told_and_next
from handlers.shared.nudge import Nudge, folded, nudge_card
from handlers.shared.voting import expire
from playbooks.checking import spelled
from playbooks.levels import Level, Rules
from storage import deadlines, incidents, notices
from storage.models import LIVING, Deadline, Incident

NAMES = {
    "认领": "claim", "集结": "assemble", "首次回应": "holding", "声明": "holding", "通报": "update", "更新": "update",
    "黄金": "golden", "法务": "legal", "步骤": "step", "任务": "task",
}  # fmt: skip


@notice("deadline")
async def late(ctx: Context) -> None:
    """Duties were not done in time: tell the next one on the ladder of each, in the thread and in the room."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    if incident is None or incident.state not in LIVING:
        return
    # What came due in the same moment is told together.
    others = await notices.take_like(ctx.session, "deadline", incident.id or 0, ctx.now)
    rows = [row for data in (told["data"], *others) if (row := await _fired(ctx, data))]
    await expire(ctx, incident, [row for row in rows if row.kind == EXPIRY])
    nudges = [await _climb(ctx, incident, row) for row in rows if row.kind != EXPIRY]
    fresh = [each for each in nudges if each is not None]
    if any(each.call.rung == 1 for each in fresh):
        await refresh(ctx, incident, now=False)
    for group in folded(fresh):
        ctx.thread(incident, nudge_card(incident, group, ctx.library), broadcast=True)


async def _fired(ctx: Context, told: Mapping[str, int]) -> Deadline | None:
    """The deadline that fired; None if it was done meanwhile, put off, or told by another process."""
    due = await deadlines.get(ctx.session, told["deadline"])
    return due if due is not None and due.done_at is not None and due.rung == told["rung"] else None


async def _climb(ctx: Context, incident: Incident, due: Deadline) -> Nudge | None:
    """Whom a fired deadline calls, and the next rung armed; None if there is nothing to say."""
    if due.kind in AUTOMATIC:
        await _brief(ctx, incident, due)
        return None
    ladder = _rules(ctx, incident).ladder
    call, following = told_and_next(calls(ctx.team, incident, due, ladder, ctx.now), due.rung)
    if call is None:
        return None
    # Counted from now: after a pause in which the bot was off, everybody still gets their time.
    at = ctx.now + following.after - call.after if following else None
    if following and at:
        await deadlines.again(ctx.session, due.id or 0, at, rung=following.rung - 1)
    names = "、".join(call.people)
    await ctx.log(incident, _entry(call, due, ctx.now), "", what=due.kind, words=due.what, to=names)
    return Nudge(due=due, call=call, following=following, at=at)


async def _brief(ctx: Context, incident: Incident, due: Deadline) -> None:
    if _rules(ctx, incident).brief_every is None:
        await deadlines.drop(ctx.session, incident.id or 0, due.kind)
    else:
        await send_brief(ctx, incident)


def _entry(call: Call, due: Deadline, now: datetime) -> str:
    if due.due_at > now:
        return "reminded"
    return "overdue" if call.rung == 1 else "escalated"


def _rules(ctx: Context, incident: Incident) -> Rules:
    return ctx.library.levels[Level(incident.level)]


@command(
    "snooze",
    area="work",
    right=Right.OWNER,
    help="Put the next overdue reminder off",
    usage="snooze N DURATION [WHAT]",
    example="snooze 12 30m",
    aliases=("稍后", "推迟"),
    labels={"words": "For how long"},
)
async def snooze(ctx: Context, incident: Incident, words: str) -> None:
    """The duty stays due; only the next reminder waits. Who put it off until when is in the timeline."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    first, _, name = words.strip().partition(" ")
    length = _length(ctx, incident, first)
    due = await _meant(ctx, incident, name.strip())
    until = ctx.now + length
    if until <= (coming := due.fires_at or due.due_at) and due.done_at is None:
        raise ConflictError(
            ctx.say("Nobody is told before {time} anyway.", time=ctx.say.clock(coming)),
            hint=ctx.say("Name a longer time, at most {length}.", length=ctx.say.span(_most(ctx, incident))),
        )
    # Where the ladder had come to its end, its last rung is told once more.
    rung = due.rung if due.done_at is None else due.rung - 1
    await deadlines.again(ctx.session, due.id or 0, until, rung=rung)
    time = ctx.say.clock(until)
    await ctx.log(incident, "snoozed", "", what=due.kind, words=due.what, until=time)
    await refresh(ctx, incident)
    by, kind, what = ctx.by.name, due.kind, due.what
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "{by} put it off until {time}: {what}", by=by, time=time, what=overdue(say, kind, what)
            ),
            text=say("It stays due; only the reminder waits."),
        ),
    )


def _most(ctx: Context, incident: Incident) -> timedelta:
    """The longest that a reminder may be put off: as long as the public may wait for an update."""
    return _rules(ctx, incident).update_every


def _length(ctx: Context, incident: Incident, words: str) -> timedelta:
    most = _most(ctx, incident)
    length = length_of(words)
    if length is None:
        raise UsageError(
            ctx.say("“{word}” is no length of time.", word=cut(words)),
            hint=ctx.say("For example: {example}", example="snooze 12 30m"),
            field="words",
        )
    if not timedelta() < length <= most:
        raise UsageError(
            ctx.say(
                "At this level a reminder can be put off by {length} at most.", length=ctx.say.span(most)
            ),
            hint=ctx.say("For example: {example}", example=f"snooze {incident.id} {spelled(most / 2)}"),
            field="words",
        )
    return length


async def _meant(ctx: Context, incident: Incident, name: str) -> Deadline:
    """The duty of this kind, or the one of which somebody is told next; behind the kind a button says which one it is."""
    owed = [each for each in await deadlines.of(ctx.session, incident.id or 0) if each.kind not in AUTOMATIC]
    named, _, number = name.partition(" ")
    kind = NAMES.get(named, named.lower())
    fitting = [each for each in owed if not kind or (each.kind == kind and number in {"", str(each.id)})]
    if not fitting:
        kinds = list(dict.fromkeys(each.kind for each in owed))
        raise NotFoundError(
            ctx.say("“{what}” is not due on #{number}.", what=cut(named), number=incident.id)
            if name
            else ctx.say("Nothing is due on #{number}.", number=incident.id),
            hint=ctx.say("Due are: {names}", names=ctx.say(", ").join(kinds) or "-"),
        )
    return min(fitting, key=_told_next)


def _told_next(each: Deadline) -> tuple[bool, datetime]:
    return each.done_at is not None, each.fires_at or each.due_at
