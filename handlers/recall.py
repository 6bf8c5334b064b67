"""Taking a statement back: nobody publishes it any more, and each place where it stands is followed until it is gone."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import VersionNumber
from handlers.reading.channels import Channel, Posting, channel_name
from handlers.shared.incident_card import refresh
from handlers.shared.places import (
    CORRECTION,
    DUTY,
    approved_version,
    down_button,
    is_named,
    place_line,
    standing_on,
)
from handlers.shared.standing import DUTIES
from handlers.shared.statement_card import SHORT_HASH
from handlers.shared.versions import show
from storage import deadlines, releases, statements, timeline
from storage.models import Incident, Release


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
        raise _changed(ctx, incident)
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
                *(down_button(say, incident, each, left) for each in left),
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
    usage="down N CHANNEL [vK|LINK]",
    example="down 12 微博",
    aliases=("已撤下",),
    labels={"channel": "Where it stood"},
)
async def down(ctx: Context, incident: Incident, channel: Channel, which: Posting | None = None) -> None:
    """One text at a time; without its version or link what has to go, else what stands there. Of several it is asked which."""
    standing = await standing_on(ctx, incident, channel)
    gone = _meant(ctx, incident, standing, which)
    if len(gone) > 1:
        ctx.whisper(lambda say: _which(say, incident, gone), incident)
        return
    row = gone[0]
    was_recalled = row.state == "recalled"
    if not await releases.move(ctx.session, row, "down"):
        raise _changed(ctx, incident)
    await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(row.id))
    await ctx.log(
        incident,
        "taken_down",
        row.url,
        version=row.version,
        channel=channel_name(channel),
        hash=row.hash[:SHORT_HASH],
        text_hash=row.hash,
    )
    if was_recalled:
        ctx.edit(_recall_key(incident, row.version), await _recalled(ctx, incident, row.version), incident)
    ctx.confirm(lambda say: _gone(say, row), incident)


def _meant(
    ctx: Context, incident: Incident, standing: Sequence[Release], which: Posting | None
) -> Sequence[Release]:
    """Those that may be meant. What has to go goes first."""
    if which is None:
        return [each for each in standing if each.state == "recalled"] or standing
    if named := [each for each in standing if is_named(each, which)]:
        return named
    last = standing[-1]
    raise NotFoundError(
        ctx.say(
            "Nothing of #{number} on {channel} is {which}.",
            number=incident.id,
            channel=channel_name(last.channel),
            which=which,
        ),
        hint=ctx.say(
            "What stands on {channel}: {link}",
            channel=channel_name(last.channel),
            link=f"v{last.version} {last.url}",
        ),
    )


def _which(say: Locale, incident: Incident, rows: Sequence[Release]) -> Card:
    return Card(
        title=say(
            "{n} texts of #{number} stand on {channel}: which is gone?",
            n=len(rows),
            number=incident.id,
            channel=channel_name(rows[0].channel),
        ),
        tone=Tone.WARN,
        sections=(Section(lines=tuple(f"{place_line(say, each)}\n{each.url}" for each in rows)),),
        buttons=tuple(down_button(say, incident, each, rows) for each in rows),
    )


def _gone(say: Locale, row: Release) -> Card:
    return Card(
        title=say(
            "Noted: v{version} is gone from {channel}.",
            version=row.version,
            channel=channel_name(row.channel),
        ),
        text=row.url,
        tone=Tone.GOOD,
    )


def _changed(ctx: Context, incident: Incident) -> ConflictError:
    return ConflictError(
        ctx.say("#{number} has changed in the meantime.", number=incident.id),
        hint=ctx.say("See how it stands: show {number}", number=incident.id),
    )
