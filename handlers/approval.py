"""Approval: who says yes to a text, who says no, who steps back. The last seat that is taken settles it, by one conditional UPDATE."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import NotAllowedError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber
from handlers.shared.entries import VERSIONS
from handlers.shared.incident_card import refresh
from handlers.shared.standing import DUTIES, Standing, asking_level, authors_of, standing
from handlers.shared.statement_card import FEATURE, seat_name, settled_card
from handlers.shared.versions import show
from handlers.shared.voting import (
    call_asked,
    cast,
    go_public,
    may_vote,
    note,
    open_version,
    refuse_barred,
)
from storage import statements
from storage.models import Incident, Version


@command(
    "approve",
    feature=FEATURE,
    area="voice",
    right=Right.LOOK,
    help="Approve the statement",
    usage="approve N [vK]",
    example="approve 12 v3",
    aliases=("批准",),
)
async def approve(ctx: Context, incident: Incident, version: VersionNumber | None = None) -> None:
    """The last seat that is taken settles it."""
    held = await open_version(ctx, incident, version)
    stand = await standing(ctx, incident, held)
    may_vote(ctx, stand)
    _may_approve(ctx, incident, held, stand)
    before = [*stand.dues]
    # The roster or the path may have changed so that the votes that are there are enough: then a tap settles it.
    if not (stand.is_complete and _has_voted(ctx, stand)):
        await cast(ctx, incident, held, "approve", "")
        stand = await standing(ctx, incident, held)
    was_released = held.state == "released"
    level = asking_level(incident, held)
    if stand.is_complete and await statements.settle(ctx.session, held, "approved", ctx.now, level):
        if was_released:
            await note(ctx, incident, "reviewed_after", held, to=held.released_by)
        else:
            await go_public(ctx, incident)
            await note(ctx, incident, "approved", held)
    call_asked(ctx, incident, held, await _voted(ctx, incident, held), before)


@command(
    "changes",
    feature=FEATURE,
    area="voice",
    right=Right.LOOK,
    help="Ask for changes",
    usage="changes N REASON",
    example="changes 12 时间写错了",
    aliases=("要求修改",),
    labels={"reason": "What should change"},
)
async def changes(
    ctx: Context, incident: Incident, version: VersionNumber | None = None, *, reason: str
) -> None:
    """The version goes back to its authors."""
    await _object(ctx, incident, version, "changes", "changes", reason)


@command(
    "veto",
    feature=FEATURE,
    area="voice",
    right=Right.LOOK,
    help="Veto the statement",
    usage="veto N REASON",
    example="veto 12 事实未核实",
    aliases=("否决",),
    labels={"reason": "Reason for the veto"},
)
async def veto(
    ctx: Context, incident: Incident, version: VersionNumber | None = None, *, reason: str
) -> None:
    """The version is off the table."""
    await _object(ctx, incident, version, "veto", "vetoed", reason)


@command(
    "recuse",
    feature=FEATURE,
    area="voice",
    right=Right.LOOK,
    help="Step back from a vote; the next one is asked",
    usage="recuse N [vK]",
    example="recuse 12 v3",
    aliases=("回避",),
)
async def recuse(ctx: Context, incident: Incident, version: VersionNumber | None = None) -> None:
    """Counts as neither yes nor no; an approval given before is taken back."""
    held = await open_version(ctx, incident, version)
    may_vote(ctx, await standing(ctx, incident, held))
    await cast(ctx, incident, held, "recuse", "")
    stand = await show(ctx, incident, held)
    by, number = ctx.by.name, held.number
    asked = tuple(name for name in stand.asked if name != by)
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("{name} recuses from v{version}", name=by, version=number),
            text=say("Asked now: {names}", names=say(", ").join(asked) or say("nobody")),
            tone=Tone.PLAIN if asked else Tone.WARN,
            notify=asked,
        ),
    )


async def _object(
    ctx: Context, incident: Incident, number: VersionNumber | None, choice: str, state: str, reason: str
) -> None:
    held = await open_version(ctx, incident, number)
    may_vote(ctx, await standing(ctx, incident, held))
    await cast(ctx, incident, held, choice, reason)
    await statements.settle(ctx.session, held, state, ctx.now)
    await _voted(ctx, incident, held, reason)


def _may_approve(ctx: Context, incident: Incident, version: Version, stand: Standing) -> None:
    """Authors never, nobody twice, and only who has a seat to take."""
    able = dict.fromkeys(name for seat in stand.waiting for name in seat.able if name != ctx.by.name)
    hint = ctx.say("These may: {names}", names=ctx.say(", ").join(able) or ctx.say("nobody"))
    if ctx.by.name in authors_of(ctx, version):
        raise NotAllowedError(
            ctx.say("You wrote part of v{version}, so others have to approve it.", version=version.number),
            hint=hint,
        )
    if ctx.by.name == version.released_by:
        raise NotAllowedError(
            ctx.say("You released v{version}, so somebody else has to review it.", version=version.number),
            hint=hint,
        )
    refuse_barred(ctx, incident, version, stand)
    if not (stand.is_complete or _has_voted(ctx, stand)) and stand.seat_for(ctx.by.name) is None:
        roles = dict.fromkeys(seat_name(ctx.say, ctx.library, seat.roles) for seat in stand.waiting)
        raise NotAllowedError(
            ctx.say(
                "v{version} waits for {roles} now.",
                version=version.number,
                roles=ctx.say(", ").join(roles),
            ),
            hint=hint,
        )


def _has_voted(ctx: Context, stand: Standing) -> bool:
    return any(vote.person == ctx.by.name and vote.person not in stand.void for vote in stand.votes)


async def _voted(ctx: Context, incident: Incident, version: Version, reason: str = "") -> Standing:
    stand = await show(ctx, incident, version)
    if version.state == "approved":
        await refresh(ctx, incident)
    number, state, by = version.number, version.state, ctx.by.name
    ctx.confirm(
        lambda say: Card(
            title=say(
                "Your vote on #{incident} v{version} counts: {state}",
                incident=incident.id,
                version=number,
                state=say(VERSIONS[state]),
            ),
            tone=Tone.GOOD,
        ),
        incident,
    )
    if state not in DUTIES:
        ctx.thread(
            incident,
            lambda say: settled_card(
                say, incident, version, f"{by}{say(': ')}{reason}" if reason else "", by
            ),
        )
    return stand
