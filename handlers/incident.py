"""The life of an incident: opened, claimed, handed over, brought to its end."""

from __future__ import annotations

from collections.abc import Collection

from handlers.kit.cards import Button, ButtonTone, Card, Tone
from handlers.kit.context import Context, card_key
from handlers.kit.errors import ConflictError
from handlers.kit.incident_card import headline, incident_card, refresh, status
from handlers.kit.levels import announce_level, start_clocks
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Person, Right
from playbooks.levels import Level
from playbooks.schema import Playbook
from storage import deadlines, drills, incidents
from storage.models import LIVING, Incident, State


@command(
    "new",
    area="incident",
    right=Right.WORK,
    help="Open an incident by hand",
    usage="new LEVEL TYPE TITLE",
    example="new orange user_complaint 蛋糕发霉，客服不理",
    aliases=("新建",),
    labels={"level": "Level", "kind": "Type", "title": "What happened, in one line"},
    form=True,
)
async def new(ctx: Context, level: Level, kind: Playbook, title: str) -> None:
    """Open an incident and raise it in the alerts rooms."""
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    drill = await drills.running(ctx.session) if room and room.is_drill else None
    if room and room.is_drill and drill is None:
        raise ConflictError(
            ctx.say("No drill is on, so this room takes no incident."), hint=ctx.say("Start one: drill start SCENARIO")
        )
    incident = await incidents.create(
        ctx.session,
        Incident(
            title=title,
            type=kind.id,
            level=level.value,
            opened_by=ctx.by.name,
            opened_at=ctx.now,
            drill_id=drill.id if drill else None,
        ),
    )
    await ctx.log(incident, "opened", title, level=level.value)
    await start_clocks(ctx, incident)
    ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))
    ctx.whisper(lambda say: Card(title=say("{incident} is open.", incident=headline(say, incident)), tone=Tone.GOOD), incident)


@command(
    "claim",
    area="incident",
    right=Right.WORK,
    help="Take command of an incident",
    usage="claim N",
    example="claim 12",
    aliases=("认领",),
)
async def claim(ctx: Context, incident: Incident) -> None:
    """The first one wins; the others are told who did."""
    if not await incidents.claim(ctx.session, incident.id or 0, ctx.by.name, ctx.now):
        await ctx.session.refresh(incident)
        message, hint = _why_not_claimed(ctx, incident)
        raise ConflictError(message, hint=hint)
    await deadlines.drop(ctx.session, incident.id or 0, "assemble")
    await _moved(ctx, incident, "claimed", "")


def _why_not_claimed(ctx: Context, incident: Incident) -> tuple[str, str]:
    if incident.state not in LIVING:
        where = status(ctx.say, incident)
        return ctx.say("#{number} is over: {status}.", number=incident.id, status=where), ctx.say("reopen N REASON opens it again.")
    if incident.owner == ctx.by.name:
        return ctx.say("You have #{number} already.", number=incident.id), ""
    moment = ctx.say.clock(incident.claimed_at) if incident.claimed_at else ""
    return (
        ctx.say("{owner} was first and has #{number} since {time}.", owner=incident.owner, number=incident.id, time=moment),
        ctx.say("handover N @who moves command."),
    )


@command(
    "release",
    area="incident",
    right=Right.OWNER,
    help="Give command back",
    usage="release N [REASON]",
    example="release 12 交班",
    aliases=("释放",),
)
async def release(ctx: Context, incident: Incident, reason: str = "") -> None:
    """The incident is open again and its assembly clock runs anew."""
    if not incident.owner or not await incidents.release(ctx.session, incident.id or 0, incident.owner):
        raise ConflictError(ctx.say("Nobody has #{number}.", number=incident.id))
    await ctx.session.refresh(incident)
    await start_clocks(ctx, incident)
    await _moved(ctx, incident, "released", reason)


@command(
    "handover",
    area="incident",
    right=Right.OWNER,
    help="Hand command over to somebody",
    usage="handover N @WHO",
    example="handover 12 @陈立",
    aliases=("移交", "交接"),
    labels={"who": "To whom"},
)
async def handover(ctx: Context, incident: Incident, who: Person) -> None:
    """Command moves; there is always at most one commander."""
    if not who.may(Right.WORK):
        raise ConflictError(ctx.say("{name} may not work on incidents.", name=who.name))
    if not incident.owner or incident.state not in LIVING:
        raise ConflictError(ctx.say("Nobody has #{number}.", number=incident.id), hint=ctx.say("claim N takes it."))
    if not await incidents.hand_over(ctx.session, incident.id or 0, incident.owner, who.name):
        raise ConflictError(ctx.say("#{number} has changed hands in the meantime.", number=incident.id))
    await ctx.log(incident, "handed_over", "", to=who.name)
    await refresh(ctx, incident)
    ctx.thread(
        incident,
        lambda say: Card(title=say("{by} handed #{number} over to {to}.", by=ctx.by.name, number=incident.id, to=who.name), notify=(who.name,)),
    )


@command(
    "level",
    area="incident",
    right=Right.WORK,
    help="Change the level; down only by the commander or a lead",
    usage="level N LEVEL [REASON]",
    example="level 12 red 上了热搜",
    aliases=("级别", "定级"),
    labels={"level": "Level"},
)
async def level(ctx: Context, incident: Incident, level: Level, reason: str = "") -> None:
    """A level up is announced and restarts the clocks."""
    old = Level(incident.level)
    if level is old:
        raise ConflictError(ctx.say("#{number} is at that level already.", number=incident.id))
    if level.rank < old.rank:
        ctx.require(Right.OWNER, incident)
    if incident.state not in LIVING:
        raise ConflictError(ctx.say("#{number} is over: {status}.", number=incident.id, status=status(ctx.say, incident)))
    if not await incidents.set_level(ctx.session, incident.id or 0, old.value, level.value):
        raise ConflictError(ctx.say("#{number} has changed in the meantime.", number=incident.id))
    await ctx.log(incident, "level", reason, old=old.value, new=level.value)
    if level.rank > old.rank:
        await start_clocks(ctx, incident)
    await refresh(ctx, incident)
    announce_level(ctx, incident, old, level, reason)


@command(
    "respond",
    area="incident",
    right=Right.WORK,
    help="The response has begun",
    usage="respond N",
    example="respond 12",
    aliases=("应对", "处置"),
)
async def respond(ctx: Context, incident: Incident) -> None:
    """From claimed to responding."""
    await _forward(ctx, incident, State.RESPONDING, (State.CLAIMED,), "responding")


@command(
    "recover",
    area="incident",
    right=Right.WORK,
    help="The worst is over, recovery has begun",
    usage="recover N",
    example="recover 12",
    aliases=("恢复",),
)
async def recover(ctx: Context, incident: Incident) -> None:
    """From responding to recovering."""
    await _forward(ctx, incident, State.RECOVERING, (State.RESPONDING,), "recovering")


@command(
    "close",
    area="incident",
    right=Right.OWNER,
    help="Close an incident, with the reason",
    usage="close N REASON",
    example="close 12 赔付完成，负面回到平时",
    aliases=("结束", "关闭"),
    labels={"reason": "Why can it be closed"},
)
async def close(ctx: Context, incident: Incident, reason: str) -> None:
    """The closing message carries the timeline's count and last link, so that the chain is anchored outside the table."""
    allowed = (State.CLAIMED, State.RESPONDING, State.RECOVERING)
    await _end(ctx, incident, State.CLOSED, allowed, "closed", reason)


@command(
    "dismiss",
    area="incident",
    right=Right.OWNER,
    help="Say that it is a false alarm, with the reason",
    usage="dismiss N REASON",
    example="dismiss 12 旧图，不是本店",
    aliases=("误报",),
    labels={"reason": "Why is it a false alarm"},
)
async def dismiss(ctx: Context, incident: Incident, reason: str) -> None:
    """The matter stays quiet until it reaches a higher level."""
    await _end(ctx, incident, State.DISMISSED, (State.OPEN, State.CLAIMED), "dismissed", reason)


@command(
    "reopen",
    area="incident",
    right=Right.OWNER,
    help="Open an incident again, with the reason",
    usage="reopen N REASON",
    example="reopen 12 又有新投诉",
    aliases=("重开",),
    labels={"reason": "Why is it open again"},
)
async def reopen(ctx: Context, incident: Incident, reason: str) -> None:
    """Back to its commander, or to whoever claims it."""
    state = State.CLAIMED if incident.owner else State.OPEN
    over = (State.CLOSED, State.REVIEWED, State.DISMISSED)
    if not await incidents.move(ctx.session, incident.id or 0, state, allowed=over, at=ctx.now, reason=reason):
        raise ConflictError(ctx.say("#{number} is not over: {status}.", number=incident.id, status=status(ctx.say, incident)))
    await ctx.session.refresh(incident)
    await start_clocks(ctx, incident)
    await _moved(ctx, incident, "reopened", reason)


async def _forward(ctx: Context, incident: Incident, state: State, allowed: Collection[State], kind: str) -> None:
    if not await incidents.move(ctx.session, incident.id or 0, state, allowed=allowed, at=ctx.now):
        raise _wrong_state(ctx, incident)
    await _moved(ctx, incident, kind, "")


async def _end(
    ctx: Context, incident: Incident, state: State, allowed: Collection[State], kind: str, reason: str
) -> None:
    if not await incidents.move(ctx.session, incident.id or 0, state, allowed=allowed, at=ctx.now, reason=reason):
        raise _wrong_state(ctx, incident)
    await deadlines.drop(ctx.session, incident.id or 0)
    await _moved(ctx, incident, kind, reason, anchor=True)


def _wrong_state(ctx: Context, incident: Incident) -> ConflictError:
    hints = {
        State.OPEN: ctx.say("Claim it first: claim N."),
        State.CLAIMED: ctx.say("Next: respond N."),
        State.RESPONDING: ctx.say("Next: recover N or close N REASON."),
        State.RECOVERING: ctx.say("Next: close N REASON."),
    }
    return ConflictError(
        ctx.say("#{number} cannot go there: {status}.", number=incident.id, status=status(ctx.say, incident)),
        hint=hints.get(State(incident.state), ctx.say("reopen N REASON opens it again.")),
    )


async def _moved(ctx: Context, incident: Incident, kind: str, reason: str, *, anchor: bool = False) -> None:
    """Log a move, bring the card up to date and tell the thread."""
    await ctx.session.refresh(incident)
    await ctx.log(incident, kind, reason)
    await refresh(ctx, incident)
    texts = {
        "claimed": "{by} has #{number}.",
        "released": "{by} gave #{number} back. It is open again.",
        "responding": "{by}: the response to #{number} has begun.",
        "recovering": "{by}: #{number} is recovering.",
        "closed": "{by} closed #{number}.",
        "dismissed": "{by}: #{number} is a false alarm.",
        "reopened": "{by} opened #{number} again.",
    }
    count, head, at = incident.entries, incident.head, ctx.now
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(texts[kind], by=ctx.by.name, number=incident.id),
            text=reason,
            tone=Tone.GOOD,
            buttons=_next(say, incident, kind),
            footer=say("Timeline: {n} entries, seal {seal}, {time}", n=count, seal=head[:16], time=say.clock(at)) if anchor else "",
        ),
    )


def _next(say: Locale, incident: Incident, kind: str) -> tuple[Button, ...]:
    if kind == "claimed":
        return (
            Button(label=say("Playbook"), action="playbook.playbook", value=f"{incident.id} {incident.playbook or incident.type}".strip()),
            Button(label=say("Draft statement"), action="statement.draft", value=str(incident.id)),
        )
    if kind == "closed":
        return (Button(label=say("Write the review"), action="review.review", value=str(incident.id), tone=ButtonTone.PRIMARY),)
    return ()

