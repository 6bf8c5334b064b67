"""The two ways past the rules, each with a name and a reason: a lead lets a text pass a check, or a pre-approved text go alone."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber
from handlers.reading.wordings import CheckCode
from handlers.shared.incident_card import refresh
from handlers.shared.standing import authors_of, open_gap, standing
from handlers.shared.statement_card import FEATURE
from handlers.shared.versions import show
from handlers.shared.voting import go_public, is_over, note, open_version, refuse_barred
from playbooks.checks import CHECKS
from storage import statements
from storage.models import Incident, Override, Version


@command(
    "override",
    feature=FEATURE,
    area="voice",
    right=Right.LEAD,
    help="Let a text pass although a check bars it",
    usage="override N [vK] CHECK REASON",
    example="override 12 L07 法务已核对，确为全部门店",
    aliases=("放行",),
    labels={"check": "Check", "reason": "Why the check may be passed over"},
)
async def override(
    ctx: Context,
    incident: Incident,
    version: VersionNumber | None = None,
    *,
    check: CheckCode,
    reason: str,
) -> None:
    """A named lead answers for it, for this text alone."""
    held = await open_version(ctx, incident, version)
    stand = await standing(ctx, incident, held)
    _may_let_pass(ctx, held)
    if check not in {each.code for each in stand.barring}:
        raise ConflictError(
            ctx.say("{check} does not bar v{version}.", check=check, version=held.number),
            hint=ctx.say(
                "What bars it: {checks}",
                checks=" ".join(dict.fromkeys(each.code for each in stand.barring)) or ctx.say("nothing"),
            ),
        )
    if gap := open_gap(held, check):
        raise ConflictError(
            ctx.say("{gap} is still to be filled in; nobody can let that pass.", gap=cut(gap)),
            hint=ctx.say("Fill it in, or take the sentence out: edit {number}", number=incident.id),
        )
    row = Override(
        version_id=held.id or 0,
        drill_id=incident.drill_id,
        code=check,
        hash=held.hash,
        by=ctx.by.name,
        reason=reason,
        at=ctx.now,
    )
    await statements.let_pass(ctx.session, row)
    await note(ctx, incident, "override", held, reason, check=check)
    stand = await show(ctx, incident, held)
    by, number, asked = ctx.by.name, held.number, stand.asked
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("{name} lets v{version} pass {check}", name=by, version=number, check=check),
            text=f"{CHECKS[check].title(say.language)}{say(': ')}{reason}",
            tone=Tone.WARN,
            notify=() if stand.barring else asked,
        ),
    )


@command(
    "emergency",
    feature=FEATURE,
    area="voice",
    right=Right.LEAD,
    help="Release an unchanged pre-approved text alone",
    usage="emergency N [vK] REASON",
    example="emergency 12 凌晨联系不上会签人",
    aliases=("紧急放行",),
    labels={"reason": "Why nobody else can be asked first"},
)
async def emergency(
    ctx: Context, incident: Incident, version: VersionNumber | None = None, *, reason: str
) -> None:
    """One lead lets go what the house has agreed to beforehand; somebody else reviews it within the hour."""
    held = await open_version(ctx, incident, version)
    template = ctx.library.templates.get(held.template)
    if template is None or not template.pre_approved or held.made != held.hash:
        raise NotAllowedError(
            ctx.say("v{version} is no pre-approved text, or it was edited.", version=held.number),
            hint=ctx.say("Draft one and leave it as it is: draft {number} holding", number=incident.id),
        )
    stand = await standing(ctx, incident, held)
    refuse_barred(ctx, incident, held, stand)
    if not await statements.release(ctx.session, held, ctx.by.name, ctx.now):
        raise is_over(ctx, incident, held)
    # Whoever approved it before has not reviewed what then went out alone.
    await statements.fall(ctx.session, held.id or 0, "released")
    await ctx.session.refresh(held)
    await go_public(ctx, incident)
    await note(ctx, incident, "emergency", held, reason)
    stand = await show(ctx, incident, held)
    await refresh(ctx, incident)
    by, number = ctx.by.name, held.number
    due = ctx.now + ctx.library.approvals.emergency.review
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("🚨 {name} released v{version} alone", name=by, version=number),
            text=say(
                "{reason}\nA pre-approved text, unchanged. Review by {time}: {names}",
                reason=reason,
                time=say.clock(due),
                names=say(", ").join(stand.asked) or say("nobody"),
            ),
            tone=Tone.WARN,
            notify=stand.asked,
        ),
        broadcast=True,
    )


def _may_let_pass(ctx: Context, version: Version) -> None:
    if ctx.by.guest or ctx.by.name in authors_of(ctx, version):
        raise NotAllowedError(
            ctx.say(
                "You wrote part of v{version}, so another lead has to answer for it.", version=version.number
            ),
            hint=ctx.say("Who you are here: /crisis whoami"),
        )
