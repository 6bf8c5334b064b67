"""The life of an incident: opened, claimed, handed over, brought to its end."""

from __future__ import annotations

from collections.abc import Collection

from handlers.kit.cards import Button, ButtonTone, Card, Tone
from handlers.kit.context import CardBuilder, Context, card_key
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import command
from handlers.kit.team import Person, Right
from handlers.reading.arguments import Privately
from handlers.shared import easing
from handlers.shared.command import changed, hand_command, nobodys
from handlers.shared.crew import COMMANDER
from handlers.shared.incident_card import headline, incident_card, over, status
from handlers.shared.levels import announce_level, start_claim, start_clocks
from handlers.shared.owed import owe_again, owed_by, settled
from handlers.shared.rooms import ask_for_room, leave_rooms, seal
from handlers.shared.steps import fill, lay_out, resume, show_crew
from playbooks.levels import Level
from playbooks.schema import Playbook
from storage import deadlines, drills, incidents, labels, timeline
from storage.models import LIVING, Incident, State

MOVES: Texts = {
    "claimed": "{by} has #{number}.",
    "released": "{by} gave #{number} back; it is unclaimed again.",
    "responding": "{by}: the response to #{number} has begun.",
    "recovering": "{by}: #{number} is recovering.",
    "closed": "{by} closed #{number}.",
    "dismissed": "{by}: #{number} is a false alarm.",
    "reopened": "{by} opened #{number} again.",
}
TAKEN = ("claimed", "handed_over", "took_over")


@command(
    "new",
    area="incident",
    right=Right.WORK,
    help="Open an incident by hand",
    usage="new LEVEL TYPE [private] TITLE",
    example="new orange user_complaint 蛋糕发霉，客服不理",
    aliases=("新建",),
    labels={"level": "Level", "kind": "Playbook", "title": "What happened, in one line"},
    form=True,
)
async def new(
    ctx: Context, level: Level, kind: Playbook, private: Privately | None = None, *, title: str
) -> None:
    """Open an incident and raise it in the alerts rooms; a private one among its own people only."""
    if private:
        ctx.require(Right.LEAD)
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    drill = await drills.running(ctx.session) if room and room.is_drill else None
    if room and room.is_drill and drill is None:
        raise ConflictError(
            ctx.say("No drill is on, so nothing can be opened in this room."),
            hint=ctx.say("Start one: drill start SCENARIO"),
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
    if private:
        await seal(ctx, incident)
    await start_clocks(ctx, incident)
    ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))
    ctx.whisper(
        lambda say: Card(title=say("{incident} is open.", incident=headline(say, incident)), tone=Tone.GOOD),
        incident,
    )


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
        if incident.state not in LIVING:
            raise over(ctx, incident)
        message, hint = await _why_not_claimed(ctx, incident)
        raise ConflictError(message, hint=hint)
    await deadlines.drop(ctx.session, incident.id or 0, "claim")
    await fill(ctx, incident, COMMANDER, "", ctx.by.name)
    await _moved(ctx, incident, "claimed", "")


async def _why_not_claimed(ctx: Context, incident: Incident) -> tuple[str, str]:
    if incident.owner == ctx.by.name:
        return ctx.say("You have #{number} already.", number=incident.id), ctx.say(
            "Next: respond {number}", number=incident.id
        )
    changes = [entry.at for entry in await timeline.of(ctx.session, incident.id or 0) if entry.kind in TAKEN]
    moment = ctx.say.clock(changes[-1]) if changes else ""
    return (
        ctx.say(
            "{owner} was first and has #{number} since {time}.",
            owner=incident.owner,
            number=incident.id,
            time=moment,
        ),
        ctx.say("The commander or a lead can hand it over: handover {number} @WHO", number=incident.id),
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
    """The incident is open again and has to be claimed anew."""
    old = incident.owner
    if not old or not await incidents.release(ctx.session, incident.id or 0, old):
        raise nobodys(ctx, incident)
    await ctx.session.refresh(incident)
    await fill(ctx, incident, COMMANDER, old, "")
    await start_claim(ctx, incident)
    await _moved(ctx, incident, "released", reason)


@command(
    "handover",
    area="incident",
    right=Right.OWNER,
    help="Hand command over",
    usage="handover N @WHO",
    example="handover 12 @陈立",
    aliases=("移交", "交接"),
    labels={"who": "Who takes over"},
)
async def handover(ctx: Context, incident: Incident, who: Person) -> None:
    """Command moves; there is always at most one commander."""
    await hand_command(ctx, incident, who)


@command(
    "level",
    area="incident",
    right=Right.WORK,
    help="Change the level (down: the commander or a lead)",
    usage="level N LEVEL [REASON]",
    example="level 12 red 上了热搜",
    aliases=("级别", "定级"),
    labels={"level": "Level"},
)
async def level(ctx: Context, incident: Incident, level: Level, reason: str = "") -> None:
    """A level up is announced and restarts the clocks."""
    old = Level(incident.level)
    if level is old:
        raise ConflictError(
            ctx.say("#{number} is at that level already.", number=incident.id),
            hint=" · ".join(f"{each.dot} {ctx.say.either(each.zh, each.value)}" for each in Level),
        )
    if level.rank < old.rank:
        ctx.require(Right.OWNER, incident)
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if not await incidents.set_level(ctx.session, incident.id or 0, old.value, level.value):
        raise changed(ctx, incident)
    await ctx.log(incident, "level", reason, old=old.value, new=level.value)
    if level.rank > old.rank:
        await start_clocks(ctx, incident)
    await lay_out(ctx, incident)
    await show_crew(ctx, incident)
    await announce_level(ctx, incident, old, level, reason)


@command(
    "respond",
    area="incident",
    right=Right.WORK,
    help="Say that the response has begun",
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
    help="Say that recovery has begun",
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
    help="Close an incident",
    usage="close N REASON",
    example="close 12 赔付完成，负面回到平时",
    aliases=("结束", "关闭"),
    labels={"reason": "Reason for closing it"},
)
async def close(ctx: Context, incident: Incident, reason: str) -> None:
    """The closing message carries the timeline's count and last link, so that the chain is anchored outside the table."""
    allowed = (State.CLAIMED, State.RESPONDING, State.RECOVERING)
    owed = (await owed_by(ctx, incident)).followed
    for_good = ctx.say("Or let it stand for good: publish {number} CHANNEL LINK", number=incident.id)
    settled(ctx, incident, owed, for_good if owed.is_for_a_time else "")
    await _end(ctx, incident, State.CLOSED, allowed, "closed", reason)


@command(
    "dismiss",
    area="incident",
    right=Right.OWNER,
    help="Mark as a false alarm",
    usage="dismiss N REASON",
    example="dismiss 12 旧图，不是本店",
    aliases=("误报",),
    labels={"reason": "Why it is a false alarm"},
)
async def dismiss(ctx: Context, incident: Incident, reason: str) -> None:
    """The matter stays quiet until it reaches a higher level."""
    allowed = (State.OPEN, State.CLAIMED)
    if incident.state in allowed:
        was_real = ctx.say(
            "If the matter was real, a text may stand: close {number} REASON", number=incident.id
        )
        owed = await owed_by(ctx, incident)
        settled(ctx, incident, owed, was_real if owed.has_live else "")
    await _end(ctx, incident, State.DISMISSED, allowed, "dismissed", reason)
    await labels.dismissed(ctx.session, incident, reason, by=ctx.by.name, at=ctx.now)


@command(
    "reopen",
    area="incident",
    right=Right.OWNER,
    help="Open an incident again",
    usage="reopen N REASON",
    example="reopen 12 又有新投诉",
    aliases=("重开",),
    labels={"reason": "Reason for opening it again"},
)
async def reopen(ctx: Context, incident: Incident, reason: str) -> None:
    """Back to its commander, or to whoever claims it."""
    state = State.CLAIMED if incident.owner else State.OPEN
    over = (State.CLOSED, State.REVIEWED, State.DISMISSED)
    # The reason given at the end stays; the one for opening it again is in the timeline.
    if not await incidents.move(ctx.session, incident.id or 0, state, allowed=over, at=ctx.now):
        raise ConflictError(
            ctx.say("#{number} is not over: {status}.", number=incident.id, status=status(ctx.say, incident)),
            hint=_next_step(ctx, incident),
        )
    await ctx.session.refresh(incident)
    await labels.withdraw(ctx.session, incident.id or 0, ctx.now)
    await start_clocks(ctx, incident)
    await resume(ctx, incident)
    await owe_again(ctx, incident)
    if incident.private:
        # Its room was closed, and without one there is no place on some platforms where it may be spoken of.
        await ask_for_room(ctx, incident)
    await _moved(ctx, incident, "reopened", reason)


async def _forward(
    ctx: Context, incident: Incident, state: State, allowed: Collection[State], kind: str
) -> None:
    if not await incidents.move(ctx.session, incident.id or 0, state, allowed=allowed, at=ctx.now):
        raise _wrong_state(ctx, incident)
    await deadlines.drop(ctx.session, incident.id or 0, "assemble")
    await _moved(ctx, incident, kind, "")


async def _end(
    ctx: Context, incident: Incident, state: State, allowed: Collection[State], kind: str, reason: str
) -> None:
    if not await incidents.move(
        ctx.session, incident.id or 0, state, allowed=allowed, at=ctx.now, reason=reason
    ):
        raise _wrong_state(ctx, incident)
    await deadlines.drop(ctx.session, incident.id or 0)
    await easing.end(ctx, incident)
    await _moved(ctx, incident, kind, reason)
    await leave_rooms(ctx, incident, _told(ctx, incident, kind, reason))


def _wrong_state(ctx: Context, incident: Incident) -> ConflictError:
    return ConflictError(
        ctx.say(
            "That does not fit now. #{number}: {status}", number=incident.id, status=status(ctx.say, incident)
        ),
        hint=_next_step(ctx, incident),
    )


def _next_step(ctx: Context, incident: Incident) -> str:
    number = incident.id
    hints = {
        State.OPEN: ctx.say("Claim it first: claim {number}", number=number),
        State.CLAIMED: ctx.say("Next: respond {number}", number=number),
        State.RESPONDING: ctx.say("Next: recover {number}, or close {number} REASON", number=number),
        State.RECOVERING: ctx.say("Next: close {number} REASON", number=number),
    }
    return hints.get(
        State(incident.state), ctx.say("To open it again: reopen {number} REASON", number=number)
    )


async def _moved(ctx: Context, incident: Incident, kind: str, reason: str) -> None:
    """Log a move, bring the card up to date and tell the thread."""
    await ctx.session.refresh(incident)
    await ctx.log(incident, kind, reason)
    await show_crew(ctx, incident)
    # Somebody has to pick it up.
    ctx.thread(incident, _told(ctx, incident, kind, reason), broadcast=kind in {"released", "reopened"})


def _told(ctx: Context, incident: Incident, kind: str, reason: str) -> CardBuilder:
    """The builder of the card that tells of a move. One that ends it anchors the chain of its timeline outside the table."""
    count, head, at = incident.entries, incident.head, ctx.now

    def build(say: Locale) -> Card:
        anchor = say(
            "Timeline entries: {n} · seal {seal} · {time}", n=count, seal=head[:16], time=say.clock(at)
        )
        return Card(
            title=say(MOVES[kind], by=ctx.by.name, number=incident.id),
            text=reason,
            tone=Tone.WARN if kind in {"released", "reopened"} else Tone.GOOD,
            buttons=_next(say, incident, kind),
            footer=anchor if kind in {"closed", "dismissed"} else "",
        )

    return build


def _next(say: Locale, incident: Incident, kind: str) -> tuple[Button, ...]:
    number, plan = str(incident.id), incident.playbook or incident.type
    if kind == "claimed":
        playbook = Button(label=say("See playbook"), action="playbook.playbook", value=f"{number} {plan}")
        return (
            *((playbook,) if plan else ()),
            Button(label=say("Draft statement"), action="statement.draft", value=number),
        )
    if kind == "closed":
        return (
            Button(
                label=say("Write the review"), action="review.review", value=number, tone=ButtonTone.PRIMARY
            ),
        )
    if incident.state == State.OPEN:
        return (Button(label=say("Claim"), action="incident.claim", value=number, tone=ButtonTone.PRIMARY),)
    return ()
