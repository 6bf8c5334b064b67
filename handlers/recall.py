"""Taking a statement back: nobody publishes it any more, and each place where it stands is followed until it is gone."""

from __future__ import annotations

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber
from handlers.reading.channels import Channel, channel_name
from handlers.shared.incident_card import refresh
from handlers.shared.places import CORRECTION, DUTY, approved_version, place_line, standing_on
from handlers.shared.standing import DUTIES
from handlers.shared.statement_card import SHORT_HASH
from handlers.shared.versions import show
from storage import deadlines, releases, statements, timeline
from storage.models import Incident


@command(
    "recall",
    area="voice",
    right=Right.OWNER,
    help="Take a statement back, and list where it still stands",
    usage="recall N vK REASON",
    example="recall 12 v3 批次号写错了",
    aliases=("撤回",),
    labels={"version": "Which version", "reason": "Why it is taken back"},
)
async def recall(ctx: Context, incident: Incident, version: VersionNumber, reason: str) -> None:
    """Nobody may publish it any more, and each place where it stands is followed until it is gone."""
    chosen = await approved_version(ctx, incident, version)
    if not await statements.recall(ctx.session, chosen, ctx.now):
        raise ConflictError(
            ctx.say("#{number} has changed in the meantime.", number=incident.id),
            hint=ctx.say("See how it stands: show {number}", number=incident.id),
        )
    await show(ctx, incident, chosen)
    await _carry_authors(ctx, incident)
    mine = [each for each in await releases.of(ctx.session, incident.id or 0) if each.version == version]
    for each in mine:
        if each.state == "live":
            await releases.move(ctx.session, each, "recalled")
    await ctx.log(
        incident, "recalled", reason, version=version, hash=chosen.hash[:SHORT_HASH], text_hash=chosen.hash
    )
    await refresh(ctx, incident)
    card = await _recalled(ctx, incident, version)
    ctx.thread(incident, card, key=_recall_key(incident, version), broadcast=True)


async def _carry_authors(ctx: Context, incident: Incident) -> None:
    """The approval that vouched for the recalled words is gone: whoever wrote them approves no text that still holds them."""
    versions = await statements.of(ctx.session, incident.id or 0)
    authors, _ = statements.writers(versions)
    for each in versions:
        if each.state in DUTIES and authors[each.number] != each.authors:
            await statements.take_over(ctx.session, each, authors[each.number])
            await show(ctx, incident, each)


def _recall_key(incident: Incident, version: int) -> str:
    return f"recall:{incident.id}:{version}"


async def _recalled(ctx: Context, incident: Incident, version: int) -> CardBuilder:
    found = [each for each in await releases.of(ctx.session, incident.id or 0) if each.version == version]
    left = [each for each in found if each.state == "recalled"]
    said = await timeline.of(ctx.session, incident.id or 0)
    reason = next(
        (each.text for each in said if each.kind == "recalled" and each.data["version"] == version), ""
    )

    def build(say: Locale) -> Card:
        title = say("Statement #{incident} v{version} is taken back", incident=incident.id, version=version)
        stands = say("still stands in {n} places", n=len(left)) if left else say("it stands nowhere any more")
        return Card(
            title=f"{title} · {stands}",
            text=reason,
            tone=Tone.WARN if left else Tone.GOOD,
            sections=(Section(lines=tuple(f"{place_line(say, each)}\n{each.url}" for each in found)),)
            if found
            else (),
            buttons=(
                *(
                    Button(
                        label=say("{channel} taken down", channel=channel_name(each.channel)),
                        action="recall.down",
                        value=f"{incident.id} {each.channel}",
                    )
                    for each in left
                ),
                Button(
                    label=say("Draft a correction"),
                    action="statement.draft",
                    value=f"{incident.id} {CORRECTION}",
                    tone=ButtonTone.PRIMARY,
                ),
            ),
        )

    return build


@command(
    "down",
    area="voice",
    right=Right.WORK,
    help="Say that a text is gone from a channel",
    usage="down N CHANNEL",
    example="down 12 微博",
    aliases=("已撤下",),
    labels={"channel": "Where it stood"},
)
async def down(ctx: Context, incident: Incident, channel: Channel) -> None:
    """What has to go goes first; else whatever stands there."""
    standing = await standing_on(ctx, incident, channel)
    gone = [each for each in standing if each.state == "recalled"] or standing
    for each in gone:
        await releases.move(ctx.session, each, "down")
        await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(each.id))
        await ctx.log(
            incident,
            "taken_down",
            each.url,
            version=each.version,
            channel=channel_name(channel),
            hash=each.hash[:SHORT_HASH],
            text_hash=each.hash,
        )
    for version in sorted({each.version for each in gone if each.state == "recalled"}):
        ctx.edit(_recall_key(incident, version), await _recalled(ctx, incident, version), incident)
    ctx.confirm(
        lambda say: Card(
            title=say("Noted: gone from {channel}.", channel=channel_name(channel)), tone=Tone.GOOD
        ),
        incident,
    )
