"""Digests: what a day, a week or a month brought, under headings that are always the same.

Every number is counted from stored rows. Where there is no data the digest says so, since silence is not calm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.kit.cards import Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context, Post
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.kit.pictures import Picture
from handlers.kit.ports import ports
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.shared.coverage import ailment
from handlers.shared.duties import clock, overdue
from handlers.shared.incident_card import headline, platform, status, tag
from playbooks.levels import Level
from storage import digests
from storage.digests import Digest, Slice
from storage.models import Incident, State

MOST = 5
"""Lines of a kind; the rest is a number."""
SEAL = 16
"""Characters of a timeline's seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length of time that is reported on, in equal parts."""

    days: int
    parts: int
    tick: str

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return timedelta(days=self.days)


TITLES: Texts = {"day": "Daily digest", "week": "Weekly digest", "month": "Monthly digest"}
LENGTHS: Mapping[str, Length] = {
    "day": Length(days=1, parts=24, tick="%H:%M"),
    "week": Length(days=7, parts=7, tick="%m-%d"),
    "month": Length(days=30, parts=30, tick="%m-%d"),
}
NAMES = {
    "": "day", "day": "day", "日": "day", "日报": "day", "今天": "day",
    "week": "week", "周": "week", "周报": "week", "本周": "week",
    "month": "month", "月": "month", "月报": "month", "本月": "month",
}  # fmt: skip
ABNORMAL: Texts = {
    "pile_on": "own video “{title}”: {times} times the usual {metric}",
    "collapse": "own video “{title}”: plays at {share}% of the usual",
}
METRICS: Texts = {"plays": "plays", "comments": "comments", "shares": "shares"}


@command(
    "report",
    area="learn",
    right=Right.LOOK,
    help="What the last day, week or month brought",
    usage="report [day|week|month]",
    example="report week",
    aliases=("报告", "日报"),
)
async def report(ctx: Context, length: str = "") -> None:
    """A digest up to now, where it was asked for."""
    name = NAMES.get(length.strip().lower())
    if name is None:
        raise NotFoundError(
            ctx.say("There is no report “{which}”.", which=cut(length, 40)),
            hint=ctx.say("report [day|week|month]"),
        )
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    if room and room.is_drill:
        # There it would be marked as a drill, and its numbers are real.
        raise ConflictError(
            ctx.say("Reports tell of what is real, so not in the drills room."),
            hint=ctx.say("Go to {where}.", where=ctx.say("an alerts room")),
        )
    ctx.reply(await digest(ctx, name, ctx.now))


@notice("digest")
async def come_round(ctx: Context) -> None:
    """Post the digest whose time has come."""
    data = ctx.settings["notice"]["data"]
    build = await digest(ctx, data["length"], datetime.fromisoformat(data["end"]))
    # A team without a room for its leads has at least one for alerts.
    purpose = data["to"] if ctx.team.rooms_for(data["to"]) else "alerts"
    ctx.out.append(Post(build=build, purpose=purpose, key=f"digest:{data['length']}:{data['end']}"))


async def digest(ctx: Context, name: str, end: datetime) -> CardBuilder:
    """The digest of the time up to a moment."""
    length = LENGTHS[name]
    found = await ctx.beside(lambda session: digests.gather(session, end - length.span, end, length.parts))
    known = ports(ctx.settings).sources
    return lambda say: card(say, found, name, known)


def card(say: Locale, found: Digest, name: str, sources: Mapping[str, str]) -> Card:
    """Lay a digest out. `sources`: those that are set, which may not have yielded anything yet."""
    span = " – ".join(at.astimezone(say.zone).strftime("%m-%d %H:%M") for at in (found.start, found.end))
    length = LENGTHS[name]
    return Card(
        title=f"{say(TITLES[name])} · {span}",
        tone=_tone(found),
        sections=(
            Section(title=say("Volume"), lines=_volume(say, found, length)),
            Section(title=say("Sentiment trend"), lines=_sentiment(say, found, length)),
            Section(title=say("Top 3 topics"), lines=_topics(say, found)),
            Section(title=say("Warnings"), lines=_warnings(say, found)),
            Section(title=say("By channel"), lines=(*_channels(say, found), *_coverage(say, found, sources))),
            Section(title=say("Risk"), lines=_risk(say, found)),
            Section(title=say("Next focus"), lines=_focus(say, found)),
        ),
        images=(picture(say, found, length),) if found.total.mentions else (),
        footer=_footer(say, found),
    )


def picture(say: Locale, found: Digest, length: Length) -> Picture:
    """How many mentions there were when, and how many of them negative."""
    part = length.span / length.parts
    starts = [(found.start + number * part).astimezone(say.zone) for number in range(length.parts)]
    return Picture(
        caption=say("Mentions over time; red: the negative ones."),
        ticks=tuple(start.strftime(length.tick) for start in starts),
        bars=tuple(each.mentions for each in found.parts),
        part=tuple(each.negatives for each in found.parts),
    )


def _tone(found: Digest) -> Tone:
    worst = max((Level(each.level) for each in found.open), key=lambda level: level.rank, default=None)
    return Tone(worst.value) if worst else Tone.PLAIN


def _volume(say: Locale, found: Digest, length: Length) -> tuple[str, ...]:
    total, before = found.total.mentions, found.before.mentions
    if not total:
        return (say("No data: nothing was taken in. That alone does not mean that nothing was said."),)
    peak = max(range(len(found.parts)), key=lambda number: found.parts[number].mentions)
    start = (found.start + peak * (length.span / length.parts)).astimezone(say.zone)
    change = (
        say(
            "{change} against {before} the time before",
            change=f"{100 * (total - before) / before:+.0f}%",
            before=before,
        )
        if before
        else say("nothing the time before")
    )
    return (
        say("{n} mentions, {change}", n=say.count(total), change=change),
        say("most from {time}: {n}", time=start.strftime(length.tick), n=found.parts[peak].mentions),
    )


def _sentiment(say: Locale, found: Digest, length: Length) -> tuple[str, ...]:
    if not found.total.mentions:
        return (say("No data"),)
    lines = [say("negative {share}", share=_share(found.total))]
    lines.append(
        say("the time before: {share}", share=_share(found.before))
        if found.before.mentions
        else say("the time before: no data")
    )
    peak = max(range(len(found.parts)), key=lambda number: found.parts[number].negatives)
    if worst := found.parts[peak].negatives:
        start = (found.start + peak * (length.span / length.parts)).astimezone(say.zone)
        lines.append(say("most negative from {time}: {n}", time=start.strftime(length.tick), n=worst))
    return tuple(lines)


def _share(part: Slice) -> str:
    return f"{round(100 * part.negatives / part.mentions)}% ({part.negatives}/{part.mentions})"


def _topics(say: Locale, found: Digest) -> tuple[str, ...]:
    return tuple(
        say(
            "{place}. “{title}” ×{n}, negative {negatives}{incident}",
            place=place,
            title=cut(talk.topic.title, 30),
            n=talk.mentions,
            negatives=talk.negatives,
            incident=f" → #{talk.topic.incident_id}" if talk.topic.incident_id else "",
        )
        for place, talk in enumerate(found.talks, 1)
    ) or (say("No data"),)


def _warnings(say: Locale, found: Digest) -> tuple[str, ...]:
    raised = [f"{Level(each.level).dot} {headline(say, each)}" for each in found.raised]
    numbers = [
        say(
            ABNORMAL[row.kind],
            title=cut(video.title or video.item_id, 20),
            times=f"{row.figures['times']:.1f}",
            share=round(100 * row.figures["times"]),
            metric=say(METRICS[row.metric]),
        )
        for row, video in found.abnormal
    ]
    late = [f"#{number} {overdue(say, what)}" for number, what in found.overdue]
    return (
        say(
            "raised {raised}, over {ended}, overdue {overdue}",
            raised=len(found.raised),
            ended=len(found.ended),
            overdue=len(found.overdue),
        ),
        *_some(say, raised),
        *_some(say, numbers),
        *_some(say, late),
    )


def _channels(say: Locale, found: Digest) -> tuple[str, ...]:
    return tuple(
        say(
            "{channel}: {n}, negative {share}",
            channel=platform(say, name),
            n=say.count(part.mentions),
            share=_share(part),
        )
        for name, part in found.platforms
    ) or (say("No data"),)


def _coverage(say: Locale, found: Digest, sources: Mapping[str, str]) -> tuple[str, ...]:
    """What each source yielded, so that a blind one is not taken for a calm one."""
    states = {state.name: state for state in found.states}
    lines = []
    for name in sources or states:
        state = states.get(name)
        ills = ailment(say, state) if state and state.ailment else ""
        read = (
            say("read {time}", time=say.clock(state.read_at))
            if state and state.read_at
            else say("never read")
        )
        lines.append(
            say(
                "source {name}: {n} rows, {state}",
                name=name,
                n=found.sources.get(name, 0),
                state=ills or read,
            )
        )
    if found.rejected:
        lines.append(say("rows that could not be read: {n}", n=found.rejected))
    return tuple(lines) or (say("No source was ever read: there is no data."),)


def _risk(say: Locale, found: Digest) -> tuple[str, ...]:
    worst_first = sorted(found.open, key=lambda each: -Level(each.level).rank)
    lines = [f"{Level(each.level).dot} {headline(say, each)} · {status(say, each)}" for each in worst_first]
    return _some(say, lines) or (say("No incident is open."),)


def _focus(say: Locale, found: Digest) -> tuple[str, ...]:
    unclaimed = [
        say("{incident} is unclaimed", incident=tag(say, each))
        for each in found.open
        if each.state == State.OPEN
    ]
    waiting = [
        say("#{number} v{version} waits for approval", number=number, version=version)
        for number, version in found.pending
    ]
    due = [f"#{each.incident_id} {clock(say, each)}" for each in found.due]
    loose = [
        say("“{title}” has {n} negatives and no incident", title=cut(talk.topic.title, 30), n=talk.negatives)
        for talk in found.talks
        if talk.negatives and talk.topic.incident_id is None
    ]
    blind = [say("look at the collector {name}", name=state.name) for state in found.states if state.ailment]
    return _some(say, [*blind, *unclaimed, *waiting, *due, *loose]) or (say("Nothing is due."),)


def _some(say: Locale, lines: Sequence[str]) -> tuple[str, ...]:
    rest = len(lines) - MOST
    return (*lines[:MOST], say("and {n} more", n=rest)) if rest > 0 else tuple(lines)


def _footer(say: Locale, found: Digest) -> str:
    """Where the numbers are from, and the timelines' seals, which prove later that nothing was changed."""
    known: dict[int | None, Incident] = {each.id: each for each in (*found.open, *found.ended)}
    seals = [
        f"#{number} {each.entries} {each.head[:SEAL]}"
        for number, each in sorted(known.items(), key=lambda pair: pair[0] or 0)
    ]
    said = say("Counted from stored rows, a sample of what is said in public; drills are left out.")
    if not seals:
        return said
    return f"{said} · {say('Timeline seals: {seals}', seals=say(', ').join(seals[-MOST:]))}"
