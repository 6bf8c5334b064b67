"""Places in public: which approved text stands where."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Button, Section, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.reading.arguments import VersionNumber
from handlers.reading.channels import channel_name
from handlers.shared.standing import is_outgrown, standing
from handlers.shared.statement_card import still_missing
from playbooks.levels import Level
from storage import releases, statements, timeline
from storage.models import Incident, Release, Version

CORRECTION = "correction"
"""The template of the text that sets a recalled one right, and may go out while that still stands."""
DUTY = "standing"
"""The kind of deadline of a text that is to be renewed or taken down."""
MOST_LINES = 6
LINK_TAIL = 16
"""Characters of a link that tell it from another."""
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
    if chosen is not None and chosen.state == "recalled":
        raise await _recalled(ctx, incident, chosen)
    waiting = chosen or next(reversed(versions.values()), None)
    raise ConflictError(
        ctx.say("v{version} of #{number} is not approved.", number=incident.id, version=number)
        if number
        else ctx.say("#{number} has no approved statement.", number=incident.id),
        hint=await _way_to_approval(ctx, incident, waiting),
    )


async def _way_to_approval(ctx: Context, incident: Incident, version: Version | None) -> str:
    if version is None or version.state != "pending":
        return ctx.say("Its approval runs in the thread; draft one: draft {number}", number=incident.id)
    seats = still_missing(ctx.say, ctx.library, await standing(ctx, incident, version))
    return ctx.say(
        "v{version} waits in the thread. Missing: {seats}",
        version=version.number,
        seats=seats or ctx.say("nobody"),
    )


async def _recalled(ctx: Context, incident: Incident, version: Version) -> ConflictError:
    """It was taken back: by whom, when and why."""
    entry = next(
        each
        for each in reversed(await timeline.of(ctx.session, incident.id or 0))
        if each.kind == "recalled" and each.data["version"] == version.number
    )
    return ConflictError(
        ctx.say(
            "v{version} is taken back already: {name} {time}, {reason}",
            version=version.number,
            name=entry.by,
            time=ctx.say.clock(entry.at),
            reason=cut(entry.text),
        ),
        hint=ctx.say(
            "Gone from a channel: down {number} CHANNEL. Set right: draft {number} correction",
            number=incident.id,
        ),
    )


async def refuse_outgrown(ctx: Context, incident: Incident, version: Version) -> None:
    """Go on only if the path of the incident's present level has approved it. Raises ConflictError."""
    if not is_outgrown(incident, version):
        return
    stand = await standing(ctx, incident, version)
    raise ConflictError(
        ctx.say(
            "v{version} was approved at {old}; #{number} is {new} now. Missing: {seats}",
            version=version.number,
            old=Level(version.level).label(ctx.language),
            number=incident.id,
            new=Level(incident.level).label(ctx.language),
            seats=still_missing(ctx.say, ctx.library, stand),
        ),
        hint=ctx.say("Put it to the vote again, changed or not: edit {number}", number=incident.id),
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


def posting(row: Release) -> str:
    """How a button names one text in public among several on its channel (see `handlers.reading.channels.Posting`)."""
    return f"r{row.id}"


def is_named(row: Release, which: str) -> bool:
    """Tell whether `v3`, a link or a button's `r17` means this text."""
    return which == row.url or which.casefold() in {f"v{row.version}", posting(row)}


def down_button(say: Locale, incident: Incident, row: Release, among: Sequence[Release]) -> Button:
    """The tap that says that a text is gone. Its label tells it from others on the same channel, by version and link."""
    channel = channel_name(row.channel)
    is_alone = [each.channel for each in among].count(row.channel) == 1
    name = channel if is_alone else f"{channel} v{row.version} …{row.url[-LINK_TAIL:]}"
    return Button(
        label=say("{channel} taken down", channel=name),
        action="recall.down",
        value=f"{incident.id} {row.channel} {posting(row)}",
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
