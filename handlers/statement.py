"""Statements: drafted from a template, approved in the thread, bound to the text.

A vote is bound to the hash of one text, so any edit starts the votes anew. Whoever wrote any of the text since the last
approved version never approves it: a lone hurried person cannot speak for the house.
"""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.arguments import VersionNumber, Wording
from handlers.kit.cards import Card, Form, FormField, Tone, cut
from handlers.kit.context import CardBuilder, Context, FormBuilder
from handlers.kit.entries import VERSIONS
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError, UserError
from handlers.kit.findings import summed_up
from handlers.kit.incident_card import headline, over, refresh
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.statement_card import SHORT_HASH, Standing, settled_card, statement_card
from handlers.kit.team import Right
from playbooks.checks import Finding, check
from playbooks.levels import Level
from playbooks.templates import SlotError, Template, render
from storage import deadlines, statements
from storage.models import LIVING, Incident, Version, Vote

APPROVER = "lead"
"""The roster role whose votes count."""
DEFAULT_TEMPLATE = "holding"
NO_WORDS = Wording("")
LONGEST = 20_000
"""Characters of one statement; a WeChat article body takes fewer than 20,000."""


@command(
    "draft",
    area="voice",
    right=Right.WORK,
    help="Draft a statement from a template",
    usage="draft N [TEMPLATE]",
    example="draft 12 holding",
    aliases=("声明", "起草"),
)
async def draft(ctx: Context, incident: Incident, template: Template | None = None) -> None:
    """A new version in the incident's thread, waiting for approval."""
    chosen = (
        template
        or ctx.library.templates.get(_planned(ctx, incident))
        or ctx.library.templates[DEFAULT_TEMPLATE]
    )
    language = ctx.team.language
    try:
        text = render(chosen, _slots(ctx, incident), language)
    except SlotError as error:
        raise UserError(
            ctx.say("The template lacks: {slots}", slots=ctx.say(", ").join(error.missing)),
            hint=ctx.say("Write it by hand: edit {number} TEXT", number=incident.id),
        ) from error
    await _add(ctx, incident, text, chosen.id)


def _planned(ctx: Context, incident: Incident) -> str:
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    return playbook.statement.template if playbook else DEFAULT_TEMPLATE


def _slots(ctx: Context, incident: Incident) -> dict[str, str]:
    rules = ctx.library.levels[Level(incident.level)]
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    return {
        "brand": ctx.team.brand,
        "topic": cut(incident.title).removesuffix("…"),
        "opened_at": say.clock(incident.opened_at),
        "next_update_at": say.clock(ctx.now + rules.update_every),
        "contact": str(ctx.settings.get("contact") or say("our official customer service")),
    }


@command(
    "edit",
    area="voice",
    right=Right.WORK,
    help="Edit the statement; the votes start anew",
    usage="edit N [TEXT]",
    example="edit 12 我们已关注到……",
    aliases=("修改",),
)
async def edit(
    ctx: Context, incident: Incident, version: VersionNumber | None = None, text: Wording = NO_WORDS
) -> None:
    """A new version with this text; without text, a form that holds the present one."""
    newest = next(reversed(await statements.of(ctx.session, incident.id or 0)), None)
    if newest and version not in {None, newest.number}:
        raise _superseded(ctx, version or 0, newest)
    if newest is None and not text.strip():
        raise _none_yet(ctx, incident)
    if newest and not text.strip():
        ctx.form = _edit_form(incident, newest)
    elif newest and text.strip() == newest.text:
        raise ConflictError(
            ctx.say("The text is the same as v{version}.", version=newest.number),
            hint=ctx.say("Votes are bound to the text, so send it when it has changed."),
        )
    else:
        await _add(ctx, incident, text.strip(), newest.template if newest else "")


def _edit_form(incident: Incident, newest: Version) -> FormBuilder:
    return lambda say: Form(
        title=say("Edit the statement"),
        fields=(FormField(name="text", label=say("Text"), long=True, initial=newest.text),),
        action="statement.edit",
        value=f"{incident.id} v{newest.number}",
        submit=say("Send"),
    )


async def _add(ctx: Context, incident: Incident, text: str, template: str) -> None:
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if len(text) > LONGEST:
        raise UserError(
            ctx.say("The text has {n} characters; at most {most} are possible.", n=len(text), most=LONGEST),
            hint=ctx.say("Shorten it; details can go out later."),
            field="text",
        )
    older = await statements.of(ctx.session, incident.id or 0)
    if older and older[-1].state == "pending" and older[-1].text == text:
        raise ConflictError(
            ctx.say("The text is the same as v{version}.", version=older[-1].number),
            hint=ctx.say("v{version} waits for approval in the thread.", version=older[-1].number),
        )
    version = await statements.add(
        ctx.session,
        Version(
            incident_id=incident.id or 0,
            drill_id=incident.drill_id,
            number=0,
            template=template,
            text=text,
            hash=statements.hash_of(text),
            authors=_authors(older, ctx.by.name),
            needed=ctx.library.levels[Level(incident.level)].approvals,
            created_at=ctx.now,
        ),
    )
    await ctx.session.refresh(incident)
    await ctx.log(
        incident,
        "drafted",
        "",
        version=version.number,
        hash=version.hash[:SHORT_HASH],
        text_hash=version.hash,
    )
    for old in [each for each in older[-1:] if each.state != "approved"]:
        ctx.edit(_key(old), await _card(ctx, incident, old), incident)
    ctx.thread(incident, await _card(ctx, incident, version), key=_key(version))
    number, voters = version.number, (await _standing(ctx, incident, version)).open_to
    ctx.announce(
        "leads",
        lambda say: Card(
            title=say("Statement #{incident} v{version}", incident=incident.id, version=number)
            + f" · {say(VERSIONS['pending'])}",
            text=say(
                "{incident}\n{by} wrote it. Text and buttons are in the incident's thread.",
                incident=headline(say, incident),
                by=ctx.by.name,
            ),
            tone=Tone(incident.level),
            notify=voters,
        ),
        incident=incident,
    )


def _authors(older: Sequence[Version], by: str) -> list[str]:
    """Everyone whose edit is in the text since the last approved version."""
    authors: list[str] = []
    for version in older:
        authors = [] if version.state == "approved" else [*version.authors]
    return list(dict.fromkeys([*authors, by]))


@command(
    "approve",
    area="voice",
    right=Right.LOOK,
    help="Approve the statement",
    usage="approve N [vK]",
    example="approve 12 v3",
    aliases=("批准",),
)
async def approve(ctx: Context, incident: Incident, version: VersionNumber | None = None) -> None:
    """The last vote that was needed settles it."""
    pending = await _vote(ctx, incident, version, "approve", "")
    cast = await statements.votes(ctx.session, pending.id or 0)
    given = sum(vote.choice == "approve" and vote.hash == pending.hash for vote in cast)
    if given >= _needed(ctx, incident, pending) and await statements.settle(
        ctx.session, pending, "approved", ctx.now
    ):
        if incident.stated_at is None:
            incident.stated_at = ctx.now
            await deadlines.drop(ctx.session, incident.id or 0, "holding")
        await ctx.log(incident, "approved", "", version=pending.number, hash=pending.hash[:SHORT_HASH])
    await _voted(ctx, incident, pending)


@command(
    "changes",
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
    pending = await _vote(ctx, incident, version, "changes", reason)
    await statements.settle(ctx.session, pending, "changes", ctx.now)
    await _voted(ctx, incident, pending, reason)


@command(
    "veto",
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
    pending = await _vote(ctx, incident, version, "veto", reason)
    await statements.settle(ctx.session, pending, "vetoed", ctx.now)
    await _voted(ctx, incident, pending, reason)


async def _vote(
    ctx: Context, incident: Incident, number: VersionNumber | None, choice: str, reason: str
) -> Version:
    version = await _pending(ctx, incident, number)
    if ctx.by.guest or APPROVER not in ctx.by.roles:
        raise NotAllowedError(
            ctx.say("Only leads vote on statements."), hint=ctx.say("Who you are here: /crisis whoami")
        )
    if ctx.by.name in version.authors and choice == "approve":
        able = _open_to(ctx, version, ())
        raise NotAllowedError(
            ctx.say("You wrote part of v{version}, so others have to approve it.", version=version.number),
            hint=ctx.say("These may: {names}", names=ctx.say(", ").join(able) or ctx.say("nobody")),
        )
    ballot = Vote(
        version_id=version.id or 0,
        person=ctx.by.name,
        choice=choice,
        hash=version.hash,
        reason=reason,
        at=ctx.now,
    )
    if not await statements.vote(ctx.session, ballot):
        raise ConflictError(
            ctx.say("You have voted on v{version} already.", version=version.number),
            hint=ctx.say("Edit the text if it must change: the votes start anew."),
        )
    await ctx.log(
        incident,
        choice,
        reason,
        version=version.number,
        hash=version.hash[:SHORT_HASH],
        text_hash=version.hash,
    )
    return version


async def _pending(ctx: Context, incident: Incident, number: VersionNumber | None) -> Version:
    versions = await statements.of(ctx.session, incident.id or 0)
    if not versions:
        raise _none_yet(ctx, incident)
    wanted = next((each for each in versions if each.number == number), None) if number else versions[-1]
    if wanted is None:
        raise NotFoundError(
            ctx.say("#{number} has no v{version}.", number=incident.id, version=number),
            hint=ctx.say("The newest is v{version}.", version=versions[-1].number),
        )
    locked = await statements.lock(ctx.session, wanted.id or 0)
    if locked is None or locked.state != "pending":
        if wanted is not versions[-1]:
            raise _superseded(ctx, wanted.number, versions[-1])
        state = ctx.say(VERSIONS[locked.state if locked else "superseded"])
        raise ConflictError(
            ctx.say("Voting on v{version} is over: {state}", version=wanted.number, state=state),
            hint=ctx.say("A new text: edit {number} TEXT", number=incident.id),
        )
    return locked


def _none_yet(ctx: Context, incident: Incident) -> NotFoundError:
    return NotFoundError(
        ctx.say("#{number} has no statement yet.", number=incident.id),
        hint=ctx.say("Draft one: draft {number}", number=incident.id),
    )


def _superseded(ctx: Context, number: int, newest: Version) -> ConflictError:
    return ConflictError(
        ctx.say("v{version} is superseded by v{newest}.", version=number, newest=newest.number),
        hint=ctx.say("Read v{newest} in the thread first.", newest=newest.number),
    )


def _needed(ctx: Context, incident: Incident, version: Version) -> int:
    """The level may have risen since the draft; the stricter rule counts."""
    return max(version.needed, ctx.library.levels[Level(incident.level)].approvals)


async def _voted(ctx: Context, incident: Incident, version: Version, reason: str = "") -> None:
    await ctx.session.refresh(version)
    ctx.edit(_key(version), await _card(ctx, incident, version), incident)
    if version.state == "approved":
        await refresh(ctx, incident)
    number, state = version.number, version.state
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
    if state != "pending":
        by, authors = ctx.by.name, tuple(name for name in version.authors if name != ctx.by.name)
        ctx.thread(
            incident,
            lambda say: settled_card(
                say, incident, number, state, f"{by}{say(': ')}{reason}" if reason else "", authors
            ),
        )


def _key(version: Version) -> str:
    return f"statement:{version.incident_id}:{version.number}"


async def _standing(ctx: Context, incident: Incident, version: Version) -> Standing:
    cast = await statements.votes(ctx.session, version.id or 0)
    return Standing(cast=cast, needed=_needed(ctx, incident, version), open_to=_open_to(ctx, version, cast))


def _open_to(ctx: Context, version: Version, cast: Sequence[Vote]) -> tuple[str, ...]:
    """Who may still approve a version."""
    barred = {*version.authors, *(vote.person for vote in cast)}
    return tuple(each.name for each in ctx.team.people if APPROVER in each.roles and each.name not in barred)


async def _card(ctx: Context, incident: Incident, version: Version) -> CardBuilder:
    await ctx.session.refresh(version)
    standing = await _standing(ctx, incident, version)
    template = ctx.library.templates.get(version.template)
    found = _findings(ctx, incident, version)
    return lambda say: statement_card(
        say,
        incident,
        version,
        standing,
        template.name(say.language) if template else "",
        summed_up(say, found),
    )


def _findings(ctx: Context, incident: Incident, version: Version) -> tuple[Finding, ...]:
    """What the checks find in a version, with all that is known of its incident."""
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    return check(
        version.text,
        stage=version.template,
        strategy=playbook.statement.strategy if playbook else "",
        kind=playbook.id if playbook else incident.type,
        brands=(ctx.team.brand,),
        today=ctx.now.astimezone(ctx.team.zone).date(),
    )
