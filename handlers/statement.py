"""Statements: drafted from a template, approved in the thread, bound to the text.

A vote is bound to the hash of one text, so any edit starts the votes anew. Whoever wrote any of the text since the last
approved version never approves it: a lone hurried person cannot speak for the house.
"""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.arguments import VersionNumber
from handlers.kit.cards import Button, ButtonTone, Card, Form, FormField, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError, UserError
from handlers.kit.incident_card import cut, refresh, status
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from playbooks.levels import Level
from playbooks.templates import SlotError, Template, render
from storage import deadlines, statements
from storage.models import LIVING, Incident, Version, Vote

APPROVER = "lead"
"""The roster role whose votes count."""
DEFAULT_TEMPLATE = "holding"
SHORT_HASH = 12
MARKS = {"approve": "✅", "changes": "✏️", "veto": "⛔"}
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
    chosen = template or ctx.library.templates.get(_planned(ctx, incident)) or ctx.library.templates[DEFAULT_TEMPLATE]
    language = ctx.team.language
    try:
        text = render(chosen, _slots(ctx, incident), language)
    except SlotError as error:
        raise UserError(
            ctx.say("The template needs: {slots}", slots=", ".join(error.missing)), hint=ctx.say("edit N TEXT sets the text by hand.")
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
        "topic": cut(incident.title),
        "opened_at": say.clock(incident.opened_at),
        "next_update_at": say.clock(ctx.now + rules.update_every),
        "contact": str(ctx.settings.get("contact") or say("our official customer service")),
    }


@command(
    "edit",
    area="voice",
    right=Right.WORK,
    help="Change the statement; votes start anew",
    usage="edit N [TEXT]",
    example="edit 12 我们已关注到……",
    aliases=("修改",),
)
async def edit(ctx: Context, incident: Incident, version: VersionNumber | None = None, text: str = "") -> None:
    """A new version with this text; without text, a form that holds the present one."""
    newest = (await statements.of(ctx.session, incident.id or 0))[-1:]
    if not newest:
        raise NotFoundError(ctx.say("#{number} has no statement yet.", number=incident.id), hint="draft N")
    if version is not None and version != newest[0].number:
        raise _superseded(ctx, version, newest[0])
    if not text.strip():
        present = newest[0].text
        ctx.form = lambda say: Form(
            title=say("Change the statement"),
            fields=(FormField(name="text", label=say("Text"), long=True, initial=present),),
            action="statement.edit",
            value=f"{incident.id} v{newest[0].number}",
            submit=say("Send"),
        )
        return
    if text.strip() == newest[0].text:
        raise ConflictError(ctx.say("The text is the same as v{version}.", version=newest[0].number))
    await _add(ctx, incident, text.strip(), newest[0].template)


async def _add(ctx: Context, incident: Incident, text: str, template: str) -> None:
    if incident.state not in LIVING:
        raise ConflictError(ctx.say("#{number} is over: {status}.", number=incident.id, status=status(ctx.say, incident)))
    if len(text) > LONGEST:
        raise UserError(ctx.say("The text has {n} characters; at most {most} are possible.", n=len(text), most=LONGEST), field="text")
    older = await statements.of(ctx.session, incident.id or 0)
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
    await ctx.log(incident, "drafted", "", version=version.number, hash=version.hash[:SHORT_HASH], text_hash=version.hash)
    for old in older[-1:]:
        ctx.edit(_key(old), await _card(ctx, incident, old), incident)
    ctx.thread(incident, await _card(ctx, incident, version), key=_key(version))
    number = version.number
    ctx.announce(
        "leads",
        lambda say: Card(
            title=say("#{number}: statement v{version} waits for approval", number=incident.id, version=number),
            text=say("{by} wrote it; it stands in the incident's thread.", by=ctx.by.name),
            tone=Tone(incident.level),
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
    if given >= _needed(ctx, incident, pending) and await statements.settle(ctx.session, pending, "approved", ctx.now):
        if incident.stated_at is None:
            incident.stated_at = ctx.now
            await deadlines.drop(ctx.session, incident.id or 0, "holding")
        await ctx.log(incident, "approved", "", version=pending.number, hash=pending.hash[:SHORT_HASH])
    await _voted(ctx, incident, pending)


@command(
    "changes",
    area="voice",
    right=Right.LOOK,
    help="Ask for changes to the statement, with the reason",
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
    await _voted(ctx, incident, pending)


@command(
    "veto",
    area="voice",
    right=Right.LOOK,
    help="Veto the statement, with the reason",
    usage="veto N REASON",
    example="veto 12 事实未核实",
    aliases=("否决",),
    labels={"reason": "Why not"},
)
async def veto(
    ctx: Context, incident: Incident, version: VersionNumber | None = None, *, reason: str
) -> None:
    """The version is off the table."""
    pending = await _vote(ctx, incident, version, "veto", reason)
    await statements.settle(ctx.session, pending, "vetoed", ctx.now)
    await _voted(ctx, incident, pending)


async def _vote(
    ctx: Context, incident: Incident, number: VersionNumber | None, choice: str, reason: str
) -> Version:
    version = await _pending(ctx, incident, number)
    if ctx.by.guest or APPROVER not in ctx.by.roles:
        raise NotAllowedError(ctx.say("Only people with the role {role} vote on statements.", role=APPROVER))
    if ctx.by.name in version.authors and choice == "approve":
        raise NotAllowedError(ctx.say("You wrote part of v{version}, so others must approve it.", version=version.number))
    ballot = Vote(
        version_id=version.id or 0, person=ctx.by.name, choice=choice, hash=version.hash, reason=reason, at=ctx.now
    )
    if not await statements.vote(ctx.session, ballot):
        raise ConflictError(ctx.say("You have voted on v{version} already.", version=version.number))
    await ctx.log(
        incident, choice, reason, version=version.number, hash=version.hash[:SHORT_HASH], text_hash=version.hash
    )
    return version


async def _pending(ctx: Context, incident: Incident, number: VersionNumber | None) -> Version:
    versions = await statements.of(ctx.session, incident.id or 0)
    if not versions:
        raise NotFoundError(ctx.say("#{number} has no statement yet.", number=incident.id), hint="draft N")
    wanted = next((each for each in versions if each.number == number), None) if number else versions[-1]
    if wanted is None:
        raise NotFoundError(ctx.say("#{number} has no v{version}.", number=incident.id, version=number))
    locked = await statements.lock(ctx.session, wanted.id or 0)
    if locked is None or locked.state != "pending":
        if wanted is not versions[-1]:
            raise _superseded(ctx, wanted.number, versions[-1])
        raise ConflictError(
            ctx.say("v{version} takes no votes: {state}.", version=wanted.number, state=ctx.say(locked.state if locked else "gone"))
        )
    return locked


def _superseded(ctx: Context, number: int, newest: Version) -> ConflictError:
    return ConflictError(
        ctx.say("v{version} is superseded; v{newest} is the present text.", version=number, newest=newest.number),
        hint=ctx.say("Read v{newest} in the thread and vote on that.", newest=newest.number),
    )


def _needed(ctx: Context, incident: Incident, version: Version) -> int:
    """The level may have risen since the draft; the stricter rule counts."""
    return max(version.needed, ctx.library.levels[Level(incident.level)].approvals)


async def _voted(ctx: Context, incident: Incident, version: Version) -> None:
    await ctx.session.refresh(version)
    ctx.edit(_key(version), await _card(ctx, incident, version), incident)
    await refresh(ctx, incident)
    number, state = version.number, version.state
    ctx.whisper(
        lambda say: Card(title=say("Your vote on #{incident} v{version} counts: {state}.", incident=incident.id, version=number, state=say(state)), tone=Tone.GOOD),
        incident,
    )
    if version.state != "pending":
        ctx.thread(incident, lambda say: _settled(say, incident, number, state))


def _settled(say: Locale, incident: Incident, number: int, state: str) -> Card:
    return Card(
        title=say("#{incident}: statement v{version}: {state}", incident=incident.id, version=number, state=say(state)),
        text=say("The text may go out now, unchanged. A person publishes it.") if state == "approved" else "",
        tone=Tone.GOOD if state == "approved" else Tone.WARN,
    )


def _key(version: Version) -> str:
    return f"statement:{version.incident_id}:{version.number}"


async def _card(ctx: Context, incident: Incident, version: Version) -> CardBuilder:
    await ctx.session.refresh(version)
    cast = await statements.votes(ctx.session, version.id or 0)
    needed = _needed(ctx, incident, version)
    title = ctx.library.templates[version.template] if version.template in ctx.library.templates else None
    return lambda say: _laid_out(say, incident, version, cast, needed, title.name(say.language) if title else version.template)


def _laid_out(
    say: Locale, incident: Incident, version: Version, cast: Sequence[Vote], needed: int, title: str
) -> Card:
    given = sum(vote.choice == "approve" for vote in cast)
    value = f"{incident.id} v{version.number}"
    lines = tuple(
        f"{MARKS[vote.choice]} {vote.person} {say.clock(vote.at)}" + (f" · {vote.reason}" if vote.reason else "")
        for vote in cast
    )
    waiting = version.state == "pending"
    where = say("waiting, {given} of {needed} approvals", given=given, needed=needed) if waiting else say(version.state)
    return Card(
        title=say("Statement #{incident} v{version} {title} · {where}", incident=incident.id, version=version.number, title=title, where=where),
        tone=Tone(incident.level) if waiting else (Tone.GOOD if version.state == "approved" else Tone.PLAIN),
        verbatim=version.text,
        sections=(Section(lines=lines),) if lines else (),
        buttons=(
            Button(label=say("Approve"), action="statement.approve", value=value, tone=ButtonTone.PRIMARY),
            Button(label=say("Change…"), action="statement.edit", value=value),
            Button(label=say("Ask for changes…"), action="statement.changes", value=value),
            Button(label=say("Veto…"), action="statement.veto", value=value, tone=ButtonTone.DANGER),
        )
        if waiting
        else (),
        footer=say(
            "{n} characters · text {hash} · written by {authors}",
            n=len(version.text),
            hash=version.hash[:SHORT_HASH],
            authors=say(", ").join(version.authors),
        ),
    )
