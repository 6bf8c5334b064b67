"""Versions of a statement as their thread shows them: the living card, who is asked next, what makes approvals fall.

What may be public is `storage.statements.spoken`; whether it still may go out says its `standing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from handlers.kit.cards import Card, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.shared.asking import ask
from handlers.shared.house_card import show_house
from handlers.shared.standing import DUTIES, Standing, dues_for, is_outgrown, standing
from handlers.shared.statement_card import SHORT_HASH, approve_button, statement_card
from playbooks.levels import Level
from storage import deadlines, releases, statements
from storage.models import Incident, Version

VERSION_KEY = re.compile(r"statement:(\d+):(\d+)")
"""What `version_key` makes: the incident's number, and the version's."""


def version_key(version: Version) -> str:
    """The key of a version's living card."""
    return f"statement:{version.incident_id}:{version.number}"


async def version_card(ctx: Context, incident: Incident, version: Version) -> tuple[CardBuilder, Standing]:
    """Ask whoever has to answer, and lay the card out as things stand now."""
    await ctx.session.refresh(version)
    stand, library = await standing(ctx, incident, version), ctx.library
    if await ask(ctx, incident, version, stand):
        stand = replace(stand, dues=await dues_for(ctx, incident, version))
    return lambda say: statement_card(say, library, incident, version, stand), stand


async def show(ctx: Context, incident: Incident, version: Version) -> Standing:
    """Bring every copy of a version's card up to date, and the message house, which says what becomes of its lines."""
    build, stand = await version_card(ctx, incident, version)
    ctx.edit(version_key(version), build, incident)
    await show_house(ctx, incident)
    return stand


async def fall(ctx: Context, incident: Incident, versions: Iterable[Version], why: str) -> tuple[str, ...]:
    """Void the approvals of versions that are voted on and ask anew; returns whose they were."""
    whose: list[str] = []
    for version in versions:
        if version.state in DUTIES:
            whose += await statements.fall(ctx.session, version.id or 0, why)
            await deadlines.drop(ctx.session, incident.id or 0, "approval", ref=str(version.number))
            await show(ctx, incident, version)
    return tuple(dict.fromkeys(whose))


async def level_changed(ctx: Context, incident: Incident) -> None:
    """Approvals were given for another level: they fall, and the path is another."""
    versions = await statements.of(ctx.session, incident.id or 0)
    outgrown = [each for each in versions if is_outgrown(incident, each)]
    is_newest = bool(outgrown) and outgrown[-1] is versions[-1]
    is_back = is_newest and await _put_back(ctx, incident, versions[-1])
    whose = await fall(ctx, incident, versions, "level")
    for each in outgrown:
        # Its card says that it was approved at a lower level.
        await show(ctx, incident, each)
    if is_back:
        await _tell_put_back(ctx, incident, versions[-1])
    elif whose:
        ctx.thread(
            incident,
            lambda say: Card(
                title=say("The level changed, so approvals of #{number} fell", number=incident.id),
                text=say("Please approve again: {names}", names=say(", ").join(whose)),
                tone=Tone.WARN,
                notify=whose,
            ),
        )


async def _put_back(ctx: Context, incident: Incident, version: Version) -> bool:
    """Have a text voted on again that the graver level's path has not approved; what is out already stays out."""
    out = await releases.of(ctx.session, incident.id or 0)
    if any(each.version == version.number for each in out):
        return False
    if not await statements.put_back(ctx.session, version):
        return False
    await ctx.session.refresh(version)
    await ctx.log(
        incident,
        "put_back",
        "",
        version=version.number,
        level=version.level,
        hash=version.hash[:SHORT_HASH],
        text_hash=version.hash,
    )
    return True


async def _tell_put_back(ctx: Context, incident: Incident, version: Version) -> None:
    stand, old, new = await standing(ctx, incident, version), Level(version.level), Level(incident.level)
    number, asked = version.number, stand.asked
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "#{number} v{version} was approved at {old}; at {new} it has to be approved again",
                number=incident.id,
                version=number,
                old=old.label(say.language),
                new=new.label(say.language),
            ),
            text=say(
                "Until then nobody publishes it. Asked now: {names}",
                names=say(", ").join(asked) or say("nobody"),
            ),
            tone=Tone.WARN,
            buttons=(approve_button(say, incident, number),),
            notify=asked,
        ),
    )


def none_yet(ctx: Context, incident: Incident) -> NotFoundError:
    """There is no statement."""
    return NotFoundError(
        ctx.say("#{number} has no statement yet.", number=incident.id),
        hint=ctx.say("Draft one: draft {number}", number=incident.id),
    )


def superseded(ctx: Context, number: int, newest: Version) -> ConflictError:
    """There is a newer text."""
    return ConflictError(
        ctx.say("v{version} is superseded by v{newest}.", version=number, newest=newest.number),
        hint=ctx.say("Read v{newest} in the thread first.", newest=newest.number),
    )
