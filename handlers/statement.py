"""Statements: drafted from a template or sent as a file, and edited. Each text is a version of its own that waits for approval."""

from __future__ import annotations

from handlers.kit.cards import Form, FormField
from handlers.kit.context import Context, FormBuilder
from handlers.kit.errors import UserError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber, Wording
from handlers.reading.channels import Channel, channel_name, used
from handlers.shared.drafting import put_forward, unchanged
from handlers.shared.incident_card import over
from handlers.shared.slots import slots
from handlers.shared.standing import is_outgrown
from handlers.shared.upload import have_read, text_file
from handlers.shared.versions import none_yet, superseded
from playbooks.templates import SlotError, Template, render
from storage import statements
from storage.models import LIVING, Incident, Version

DEFAULT_TEMPLATE = "holding"
NO_WORDS = Wording("")


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
    """A new version in the incident's thread, waiting for approval: of a template, or of the text file that came with it."""
    if file := text_file(ctx, incident, ""):
        if incident.state not in LIVING:
            raise over(ctx, incident)
        older = await statements.of(ctx.session, incident.id or 0)
        have_read(ctx, incident, file, older, template.id if template else "")
        return
    chosen = (
        template
        or ctx.library.templates.get(_planned(ctx, incident))
        or ctx.library.templates[DEFAULT_TEMPLATE]
    )
    language = ctx.team.language
    try:
        text = render(chosen, await slots(ctx, incident, chosen), language)
    except SlotError as error:
        raise UserError(
            ctx.say("The template lacks: {slots}", slots=ctx.say(", ").join(error.missing)),
            hint=ctx.say("Write it by hand: edit {number} TEXT", number=incident.id),
        ) from error
    await put_forward(ctx, incident, text, chosen.id, made=statements.hash_of(text))


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
    """A new version with this text, or that of the file that came with it; without either, a form that holds the present one."""
    older = await statements.of(ctx.session, incident.id or 0)
    newest = older[-1] if older else None
    if newest and version not in {None, newest.number}:
        raise superseded(ctx, version or 0, newest)
    if file := text_file(ctx, incident, text.strip()):
        if incident.state not in LIVING:
            raise over(ctx, incident)
        have_read(ctx, incident, file, older, newest.template if newest else "")
    elif newest is None and not text.strip():
        raise none_yet(ctx, incident)
    elif newest and not text.strip():
        ctx.form = _edit_form(incident, newest)
    elif newest and text.strip() == newest.text and not is_outgrown(incident, newest):
        raise unchanged(ctx, newest)
    else:
        await put_forward(ctx, incident, text.strip(), newest.template if newest else "")


def _edit_form(incident: Incident, newest: Version) -> FormBuilder:
    return lambda say: Form(
        title=say("Edit the statement"),
        fields=(
            FormField(
                name="text",
                label=say("Text"),
                hint=say("A text file (.txt, .md) will do: send it with edit {number}", number=incident.id),
                long=True,
                initial=newest.text,
            ),
        ),
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
    await put_forward(ctx, incident, newest.text, newest.template, variants=variants)


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
