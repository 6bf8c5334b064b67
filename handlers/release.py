"""Release: a person puts an approved text in public; where it stands, whether it is still the text, and taking it back.

The bot publishes nothing. It hands the text over, ready to copy, and keeps who put it where, when, and with which hash.
"""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotAllowedError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber
from handlers.reading.channels import Address, Channel, channel_name, used
from handlers.reading.errands import Moment
from handlers.shared.crew import crew_of
from handlers.shared.incident_card import over, refresh
from handlers.shared.levels import spoken
from handlers.shared.places import CORRECTION, DUTY, approved_version, refuse_outgrown, stands_at
from handlers.shared.standing import standing
from handlers.shared.statement_card import SHORT_HASH
from playbooks.checks import room
from storage import deadlines, releases, statements
from storage.models import LIVING, Incident, Release, Version

SPOKESPERSON = "spokesperson"
"""The role that speaks for the brand: while somebody holds it, nobody else publishes."""


@command(
    "copy",
    area="voice",
    right=Right.LOOK,
    help="The approved text, ready to copy",
    usage="copy N [CHANNEL]",
    example="copy 12 微博",
    aliases=("文案",),
)
async def copy(ctx: Context, incident: Incident, channel: Channel | None = None) -> None:
    """One message that holds nothing but the text; without a channel, how much room it takes on each."""
    version = await approved_version(ctx, incident, None)
    await refuse_outgrown(ctx, incident, version)
    if channel is None:
        ctx.reply(_offer(ctx.team.channels, incident, version), incident)
        return
    text = statements.text_for(version, channel)
    value = f"{incident.id} v{version.number} {channel}"
    ctx.reply(
        lambda say: Card(
            title=f"#{incident.id} v{version.number} · {used(say, text, channel)}",
            verbatim=text,
            buttons=(
                Button(
                    label=say("Published…"), action="release.publish", value=value, tone=ButtonTone.PRIMARY
                ),
            ),
        ),
        incident,
    )


def _offer(channels: Sequence[str], incident: Incident, version: Version) -> CardBuilder:
    def build(say: Locale) -> Card:
        return Card(
            title=say(
                "Statement #{incident} v{version}: copy for which channel?",
                incident=incident.id,
                version=version.number,
            ),
            sections=(
                Section(
                    lines=tuple(used(say, statements.text_for(version, each), each) for each in channels)
                ),
            ),
            buttons=tuple(
                Button(label=channel_name(each), action="release.copy", value=f"{incident.id} {each}")
                for each in channels
            ),
        )

    return build


@command(
    "publish",
    area="voice",
    right=Right.WORK,
    help="Say where the approved statement now stands",
    usage="publish N [vK] CHANNEL LINK [UNTIL]",
    example="publish 12 微博 https://weibo.com/1/abc",
    aliases=("发布", "已发布"),
    labels={"channel": "Where it stands", "link": "The link to it", "until": "Until when it may stand"},
)
async def publish(
    ctx: Context,
    incident: Incident,
    version: VersionNumber | None = None,
    *,
    channel: Channel,
    link: Address,
    until: Moment | None = None,
) -> None:
    """A person published it; the bot only keeps who, where, when and which text."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    # Held until the transaction ends, so that the level does not rise while the text goes out.
    await ctx.session.refresh(incident, with_for_update=True)
    chosen = await approved_version(ctx, incident, version)
    await refuse_outgrown(ctx, incident, chosen)
    text = statements.text_for(chosen, channel)
    await _may_go_out(ctx, incident, chosen, channel, text)
    row = Release(
        incident_id=incident.id or 0,
        version=chosen.number,
        channel=channel,
        text=text,
        hash=statements.hash_of(text),
        url=link,
        by=ctx.by.name,
        at=ctx.now,
        until=until,
    )
    replaced = await releases.add(ctx.session, row)
    for each in replaced:
        await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(each.id))
    if until is not None:
        await deadlines.put(ctx.session, incident, DUTY, until, ref=str(row.id), what=channel_name(channel))
    await spoken(ctx, incident)
    await ctx.log(
        incident,
        "published",
        link,
        version=chosen.number,
        channel=channel_name(channel),
        hash=row.hash[:SHORT_HASH],
        text_hash=row.hash,
        replaces=[each.version for each in replaced],
    )
    await refresh(ctx, incident)
    standing = await releases.of(ctx.session, incident.id or 0)
    ctx.thread(incident, lambda say: _published(say, incident, row, standing))


async def _may_go_out(
    ctx: Context, incident: Incident, version: Version, channel: Channel, text: str
) -> None:
    """Go on only if this person may publish this text there now."""
    number = incident.id
    if incident.drill_id is not None:
        raise ConflictError(
            ctx.say("What is written in a drill never goes out."),
            hint=ctx.say("The drill ends with the approval; go on with the next inject."),
        )
    speaker = (await crew_of(ctx, incident)).get(SPOKESPERSON)
    if speaker and speaker != ctx.by.name:
        raise NotAllowedError(
            ctx.say("{name} speaks for #{number}; nobody else publishes.", name=speaker, number=number),
            hint=ctx.say("To change that: role {number} spokesperson @WHO", number=number),
        )
    barring = (await standing(ctx, incident, version)).barring
    if barring:
        raise ConflictError(
            ctx.say(
                "v{version} must not go out any more: {code} {reason}",
                version=version.number,
                code=barring[0].code,
                reason=barring[0].reason,
            ),
            hint=ctx.say("A new text: edit {number} TEXT", number=number),
        )
    taken, most = room(text, channel)
    if taken > most:
        raise ConflictError(
            ctx.say(
                "The text is too long for {channel}: {used} of {most}.",
                channel=channel_name(channel),
                used=taken,
                most=most,
            ),
            hint=ctx.say(
                "Write one for it: variant {number} {channel} TEXT",
                number=number,
                channel=channel_name(channel),
            ),
        )
    recalled = [each for each in await releases.of(ctx.session, number or 0) if each.state == "recalled"]
    if recalled and version.template != CORRECTION:
        places = ctx.say(", ").join(f"{channel_name(each.channel)} v{each.version}" for each in recalled)
        raise ConflictError(
            ctx.say("A recalled text still stands: {places}.", places=places),
            hint=ctx.say(
                "Take it down first (down {number} CHANNEL), or publish a correction.", number=number
            ),
        )


def _published(say: Locale, incident: Incident, row: Release, standing: Sequence[Release]) -> Card:
    return Card(
        title=say(
            "Statement #{incident} v{version} is out on {channel}",
            incident=incident.id,
            version=row.version,
            channel=channel_name(row.channel),
        ),
        text=say("{by} published it · text {hash}", by=row.by, hash=row.hash[:SHORT_HASH]) + f"\n{row.url}",
        tone=Tone.GOOD,
        sections=stands_at(say, standing),
        buttons=(
            Button(
                label=say("Check what stands there"),
                action="release.verify",
                value=f"{incident.id} {row.channel}",
            ),
            Button(label=say("Other channels"), action="release.copy", value=str(incident.id)),
            Button(
                label=say("Recall…"),
                action="recall.recall",
                value=f"{incident.id} v{row.version}",
                tone=ButtonTone.DANGER,
            ),
        ),
    )
