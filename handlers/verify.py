"""Holding what stands in public against what was approved: the page is read, or somebody pastes what they see there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.kit.cards import Button, ButtonTone, Card, Link, Section, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.kit.ports import Ports, Unread, ports
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import Wording, lacking
from handlers.reading.channels import Channel, LoneAddress, Pasting, channel_name
from handlers.shared.comparing import Match, find, same, tidy
from handlers.shared.difference import difference
from handlers.shared.places import posting, standing_on
from handlers.shared.statement_card import SHORT_HASH
from storage import releases, statements
from storage.models import Incident, Release

FEATURE = "release"
"""First half of the wire id, as on every card that is already out."""
NO_WORDS = Wording("")
MOST_LINES = 6
"""Places that differ, of what a card shows."""
WHY: Texts = {
    Unread.UNREACHABLE: "the page cannot be reached",
    Unread.SLOW: "the page does not answer in time",
    Unread.REFUSED: "the site refuses it ({detail})",
    Unread.NO_TEXT: "it is no page of text ({detail})",
    Unread.LARGE: "the page is too large",
    Unread.INSIDE: "the address is not on the public web",
    None: "the page does not hold the text; it may ask for a login, be drawn by a script, or be changed or gone",
}
"""Why a page could not be held against the text; the last for one that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading a page.

    Args:
        release: the id of the release whose link it was.
        hash: of what the site sent.
        match: None: the page was not read, or does not hold the text.
        why: it was not read, and `detail` is what the site says to that.
    """

    release: int
    hash: str
    match: Match | None
    why: Unread | None
    detail: str


@command(
    "verify",
    feature=FEATURE,
    area="voice",
    right=Right.WORK,
    help="Hold what stands in public against the approved text",
    usage="verify N CHANNEL [LINK|TEXT]",
    example="verify 12 微博",
    aliases=("核对",),
    labels={"channel": "Where it stands", "text": "What stands there now, copied"},
)
async def verify(
    ctx: Context,
    incident: Incident,
    channel: Channel,
    link: LoneAddress | None = None,
    paste: Pasting | None = None,
    text: Wording = NO_WORDS,
) -> None:
    """What somebody copied, or else the page itself. Line breaks, blanks and width do not count: apps lose them."""
    row = _meant(ctx, incident, channel, link, await standing_on(ctx, incident, channel))
    if paste:
        raise lacking(ctx, "verify", incident, channel, "text")
    if text:
        found = Match(is_same=same(row.text, text), found=tidy(text))
        await _judged(ctx, incident, row, found, statements.hash_of(text))
        return
    number, url, approved = row.id or 0, row.url, row.text
    read = await ctx.beside(lambda _: _read(ports(ctx.settings), number, url, approved))
    if read.release != row.id:
        raise ConflictError(
            ctx.say("#{number} has changed in the meantime.", number=incident.id),
            hint=ctx.say("See how it stands: show {number}", number=incident.id),
        )
    if read.match is None:
        ctx.whisper(lambda say: _unread(say, incident, row, read), incident)
    else:
        await _judged(ctx, incident, row, read.match, read.hash)


def _meant(
    ctx: Context, incident: Incident, channel: Channel, link: LoneAddress | None, standing: Sequence[Release]
) -> Release:
    """What was published under this link; without one the latest."""
    row = next((each for each in reversed(standing) if link in {None, each.url}), None)
    if row is None:
        raise NotFoundError(
            ctx.say("Nothing of #{number} was published under this link.", number=incident.id),
            hint=ctx.say(
                "What stands on {channel}: {link}", channel=channel_name(channel), link=standing[-1].url
            ),
        )
    return row


async def _read(bot: Ports, release: int, url: str, approved: str) -> Reading:
    page = await bot.page(url)
    # A long page takes some tenths of a second to search.
    match = await asyncio.to_thread(find, approved, page.text) if page.why is None else None
    return Reading(release=release, hash=page.hash, match=match, why=page.why, detail=page.detail)


async def _judged(ctx: Context, incident: Incident, row: Release, found: Match, digest: str) -> None:
    """Note the verdict, and tell it: to whoever asked if all is well, else to those who have to act."""
    differs = not found.is_same
    await releases.verified(ctx.session, row, by=ctx.by.name, at=ctx.now, differs=differs)
    await ctx.log(
        incident,
        "differs" if differs else "verified",
        "",
        version=row.version,
        channel=channel_name(row.channel),
        hash=row.hash[:SHORT_HASH],
        text_hash=row.hash,
        found_hash=digest,
    )
    if differs:
        changed = difference(tidy(row.text), found.found)
        ctx.thread(incident, lambda say: _differs(say, ctx, incident, row, changed), broadcast=True)
        return
    ctx.whisper(
        lambda say: Card(
            title=say(
                "What stands on {channel} is v{version}, word for word.",
                channel=channel_name(row.channel),
                version=row.version,
            ),
            tone=Tone.GOOD,
        ),
        incident,
    )


def _unread(say: Locale, incident: Incident, row: Release, read: Reading) -> Card:
    """Nothing was learned; a person has to look."""
    return Card(
        title=say(
            "{channel} v{version} is not checked: {why}",
            channel=channel_name(row.channel),
            version=row.version,
            why=say(WHY[read.why], detail=read.detail),
        ),
        text=say("Open the post, copy what stands there, and paste it here."),
        tone=Tone.WARN,
        buttons=(
            Button(
                label=say("Paste what stands there…"),
                action=f"{FEATURE}.verify",
                value=f"{incident.id} {row.channel} paste",
                tone=ButtonTone.PRIMARY,
            ),
        ),
        links=(Link(label=say("Open the post"), url=row.url),),
    )


def _differs(say: Locale, ctx: Context, incident: Incident, row: Release, changed: Sequence[str]) -> Card:
    leads = tuple(each.name for each in ctx.team.people if Right.LEAD in each.rights)
    return Card(
        title=say(
            "#{incident}: what stands on {channel} is not v{version}",
            incident=incident.id,
            channel=channel_name(row.channel),
            version=row.version,
        ),
        text=say("{by} compared it. What was approved → what stands there:", by=ctx.by.name),
        tone=Tone.WARN,
        sections=(Section(lines=tuple(cut(line, 120) for line in changed[:MOST_LINES])),) if changed else (),
        buttons=(
            Button(
                label=say("Taken down"),
                action="recall.down",
                value=f"{incident.id} {row.channel} {posting(row)}",
                tone=ButtonTone.PRIMARY,
            ),
            Button(
                label=say("Recall…"),
                action="recall.recall",
                value=f"{incident.id} v{row.version}",
                tone=ButtonTone.DANGER,
            ),
        ),
        notify=(incident.owner,) if incident.owner and incident.owner != ctx.by.name else leads,
    )
