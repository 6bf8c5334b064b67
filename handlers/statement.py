"""Statements: drafted from a template and edited. Each text is a version of its own that waits for approval in the thread."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from handlers.kit.cards import Card, Form, FormField, Section, Tone
from handlers.kit.context import Context, FormBuilder
from handlers.kit.errors import ConflictError, UserError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber, Wording
from handlers.reading.channels import Channel, channel_name, used, whole
from handlers.shared.difference import difference
from handlers.shared.entries import VERSIONS
from handlers.shared.incident_card import headline, over
from handlers.shared.slots import slots
from handlers.shared.statement_card import SHORT_HASH
from handlers.shared.versions import none_yet, show, superseded, version_card, version_key
from playbooks.templates import SlotError, Template, render
from storage import deadlines, statements
from storage.models import LIVING, Incident, Version

DEFAULT_TEMPLATE = "holding"
NO_WORDS = Wording("")
LONGEST = 20_000
"""Characters of one statement; a WeChat article body takes fewer than 20,000."""
MARK = re.compile(r"[\[【]\s?[Ff]\d{1,6}\s?[\]】]")
"""A fact's number in brackets. It would go out with the text; what a text rests on is told from its words."""
MOST_CHANGES = 8
"""Changes that are shown; the versions hold all."""


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
        text = render(chosen, await slots(ctx, incident), language)
    except SlotError as error:
        raise UserError(
            ctx.say("The template lacks: {slots}", slots=ctx.say(", ").join(error.missing)),
            hint=ctx.say("Write it by hand: edit {number} TEXT", number=incident.id),
        ) from error
    await _add(ctx, incident, text, chosen.id, made=statements.hash_of(text))


def _planned(ctx: Context, incident: Incident) -> str:
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    return playbook.statement.template if playbook else DEFAULT_TEMPLATE


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
        raise superseded(ctx, version or 0, newest)
    if newest is None and not text.strip():
        raise none_yet(ctx, incident)
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


@command(
    "variant",
    area="voice",
    right=Right.WORK,
    help="Write the statement anew for one channel",
    usage="variant N CHANNEL [TEXT]",
    example="variant 12 抖音评论 我们看到了，正在核实，今晚八点前说明进展",
    aliases=("渠道稿",),
    labels={"channel": "For which channel"},
)
async def variant(ctx: Context, incident: Incident, channel: Channel, text: Wording = NO_WORDS) -> None:
    """A new version, whose text on this channel is another; the same text as for all takes the channel's own away."""
    newest = next(reversed(await statements.of(ctx.session, incident.id or 0)), None)
    if newest is None:
        raise none_yet(ctx, incident)
    said = text.strip()
    if not said:
        ctx.form = _variant_form(incident, newest, channel)
        return
    variants = {**(newest.variants or {}), channel: said}
    if said == newest.text:
        del variants[channel]
    await _add(ctx, incident, newest.text, newest.template, variants=variants)


def _variant_form(incident: Incident, newest: Version, channel: str) -> FormBuilder:
    initial = statements.text_for(newest, channel)
    return lambda say: Form(
        title=say("Text for {channel}", channel=channel_name(channel)),
        fields=(
            FormField(
                name="text", label=say("Text"), hint=used(say, initial, channel), long=True, initial=initial
            ),
        ),
        action="statement.variant",
        value=f"{incident.id} {channel}",
        submit=say("Send"),
    )


async def _add(
    ctx: Context,
    incident: Incident,
    text: str,
    template: str,
    *,
    made: str = "",
    variants: Mapping[str, str] | None = None,
) -> None:
    """Store a text as the next version and put it to the vote. `made`: the hash of what the template made."""
    older = await statements.of(ctx.session, incident.id or 0)
    own = dict(variants if variants is not None else (older[-1].variants or {}) if older and not made else {})
    for each in (text, *own.values()):
        _refuse(ctx, incident, each)
    if older and older[-1].state == "pending" and (older[-1].text, older[-1].variants or {}) == (text, own):
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
            variants=own or None,
            hash=statements.hash_of(text, own),
            authors=_authors(older, ctx.by.name),
            level=incident.level,
            made=made,
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
    for old in older[-1:]:
        await _replaced(ctx, incident, old, version)
    await _put_to_vote(ctx, incident, version)


def _refuse(ctx: Context, incident: Incident, text: str) -> None:
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if len(text) > LONGEST:
        raise UserError(
            ctx.say("The text has {n} characters; at most {most} are possible.", n=len(text), most=LONGEST),
            hint=ctx.say("Shorten it; details can go out later."),
            field="text",
        )
    if mark := MARK.search(text):
        raise UserError(
            ctx.say("“{mark}” would go out with the text.", mark=mark[0]),
            hint=ctx.say("Leave the mark out: what a text rests on is told from its words."),
            field="text",
        )


def _authors(older: Sequence[Version], by: str) -> list[str]:
    """Everyone whose edit is in the text since the last approved version."""
    authors: list[str] = []
    for version in older:
        authors = [] if version.state == "approved" else [*version.authors]
    return list(dict.fromkeys([*authors, by]))


async def _replaced(ctx: Context, incident: Incident, old: Version, new: Version) -> None:
    """Take the buttons off the text before, and show what changed since."""
    await ctx.session.refresh(old)
    if old.state == "superseded":
        await deadlines.drop(ctx.session, incident.id or 0, "approval", ref=str(old.number))
        await show(ctx, incident, old)
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    lines = difference(whole(say, old), whole(say, new))
    if not lines:
        return

    def build(say: Locale) -> Card:
        more = len(lines) - MOST_CHANGES
        shown = (*lines[:MOST_CHANGES], *((say("and {n} more", n=more),) if more > 0 else ()))
        return Card(
            title=say("What v{new} changes in v{old}", new=new.number, old=old.number),
            sections=(Section(lines=shown),),
        )

    ctx.thread(incident, build)


async def _put_to_vote(ctx: Context, incident: Incident, version: Version) -> None:
    build, stand = await version_card(ctx, incident, version)
    ctx.thread(incident, build, key=version_key(version))
    number, by = version.number, ctx.by.name
    ctx.announce(
        "leads",
        lambda say: Card(
            title=say("Statement #{incident} v{version}", incident=incident.id, version=number)
            + f" · {say(VERSIONS['pending'])}",
            text=say(
                "{incident}\n{by} wrote it. Text and buttons are in the incident's thread.",
                incident=headline(say, incident),
                by=by,
            ),
            tone=Tone(incident.level),
            notify=() if stand.barring else stand.asked,
        ),
        incident=incident,
    )
