"""Places in public: which approved text stands where."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Section
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.reading.arguments import VersionNumber
from handlers.reading.channels import channel_name
from storage import releases, statements
from storage.models import Incident, Release, Version

CORRECTION = "correction"
"""The template of the text that sets a recalled one right, and may go out while that still stands."""
DUTY = "standing"
"""The kind of deadline of a text that is to be renewed or taken down."""
MOST_LINES = 6
STANDS: Texts = {
    "live": "{channel} v{version}, {by} {time}",
    "recalled": "{channel} v{version} has to go, and still stands",
    "down": "{channel} v{version} is gone",
    "replaced": "{channel} v{version} was replaced",
}
MARKS = {"live": "📢", "recalled": "⚠️", "down": "✅", "replaced": "✅"}


async def approved_version(ctx: Context, incident: Incident, number: VersionNumber | None) -> Version:
    """The approved version, by number or the newest."""
    versions = {each.number: each for each in await statements.of(ctx.session, incident.id or 0)}
    chosen = versions.get(number) if number else await statements.spoken(ctx.session, incident.id or 0)
    if chosen is not None and chosen.state in statements.SPOKEN:
        return chosen
    if number and chosen is None:
        raise NotFoundError(
            ctx.say("#{number} has no v{version}.", number=incident.id, version=number),
            hint=ctx.say("Draft one: draft {number}", number=incident.id),
        )
    raise ConflictError(
        ctx.say("v{version} of #{number} is not approved.", number=incident.id, version=number)
        if number
        else ctx.say("#{number} has no approved statement.", number=incident.id),
        hint=ctx.say("Its approval runs in the thread; draft one: draft {number}", number=incident.id),
    )


async def standing_on(ctx: Context, incident: Incident, channel: str) -> list[Release]:
    """What stands on a channel, the latest last. Raises NotFoundError if nothing does."""
    found = [
        each
        for each in await releases.of(ctx.session, incident.id or 0)
        if each.channel == channel and each.state in releases.STANDING
    ]
    if found:
        return found
    raise NotFoundError(
        ctx.say(
            "Nothing of #{number} stands on {channel}.", number=incident.id, channel=channel_name(channel)
        ),
        hint=ctx.say("Say where it stands: publish {number} CHANNEL LINK", number=incident.id),
    )


def stands_at(say: Locale, standing: Sequence[Release]) -> tuple[Section, ...]:
    """Every place where the public can still read something of an incident: the latest first, before them what is live."""
    still = sorted(
        (each for each in standing if each.state in releases.STANDING),
        key=lambda each: (releases.STANDING.index(each.state), -(each.id or 0)),
    )
    lines = [place_line(say, each) for each in still[:MOST_LINES]]
    if more := len(still) - len(lines):
        lines.append(say("and {n} more", n=more))
    return (Section(title=say("Stands in public"), lines=tuple(lines)),) if lines else ()


def place_line(say: Locale, row: Release) -> str:
    """Where a text stands, since when, and whether it is still the text."""
    mark = MARKS[row.state]
    said = say(
        STANDS[row.state],
        channel=channel_name(row.channel),
        version=row.version,
        by=row.by,
        time=say.clock(row.at),
    )
    notes = [
        say("differs from the text") if row.differs else "",
        say("until {time}", time=say.clock(row.until))
        if row.until and row.state in releases.STANDING
        else "",
    ]
    return " · ".join(filter(None, (f"{mark} {said}", *notes)))
