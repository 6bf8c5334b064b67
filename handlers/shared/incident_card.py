"""The living card of an incident: what happened, how grave, who has it, what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from handlers.kit.cards import Button, ButtonTone, Card, Quote, Section, Tone, cut, is_web
from handlers.kit.context import CardBuilder, Context, card_key, room_card_key
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale, Texts
from handlers.kit.numbers import lately, of_video
from handlers.shared.coverage import Seen, blind_spots, copied, sample, seen_of
from handlers.shared.crew import crew_of, missing
from handlers.shared.duties import AUTOMATIC, clock, soonest
from handlers.shared.playbook_card import Progress, progress_of, stale
from handlers.shared.rooms import is_offered, put_over_rooms
from playbooks.levels import Factor, Level
from playbooks.library import Library
from playbooks.schema import Playbook
from storage import deadlines, gauges, incidents, mentions, metrics, timeline
from storage.models import LIVING, Abnormal, Deadline, Gauge, Incident, Mention, State, Topic, Video

QUOTES = 3
QUOTE_LENGTH = 55
"""Characters of a quote on the card: with its source three lines of a phone, so that the buttons stay in sight."""
SHARE_WINDOW = timedelta(hours=24)
LEAST_SHARE = 3
"""Comments; a share of fewer says nothing."""
MOST_PLATFORMS = 4
MOST_HITS = 4
MOST_CLOCKS = 3
LEFT_OPEN = ("released", "reopened")
"""Entries after which nobody has an incident that is open."""

PLATFORMS = {
    "douyin": ("抖音", "Douyin"),
    "weibo": ("微博", "Weibo"),
    "xhs": ("小红书", "Xiaohongshu"),
    "bili": ("B站", "Bilibili"),
    "kuaishou": ("快手", "Kuaishou"),
    "tieba": ("贴吧", "Tieba"),
    "zhihu": ("知乎", "Zhihu"),
}
STATES: Texts = {
    State.OPEN: "unclaimed since {since}",
    State.CLAIMED: "{owner} has it",
    State.RESPONDING: "responding, {owner}",
    State.RECOVERING: "recovering, {owner}",
    State.CLOSED: "closed",
    State.REVIEWED: "reviewed",
    State.DISMISSED: "false alarm",
}
FACTORS: Texts = {
    Factor.HARM: "harm",
    Factor.VOLUME: "volume",
    Factor.GROWTH: "growth",
    Factor.SHARE: "negative share",
    Factor.REACH: "reach",
    Factor.FIGURES: "big accounts",
    Factor.PLATFORMS: "platforms",
    Factor.COPIES: "copied texts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that an incident's card shows, read in one go."""

    incident: Incident
    topics: Sequence[Topic]
    gauge: Gauge | None
    own: tuple[Abnormal, Video] | None
    quotes: Sequence[Mention]
    negative: int
    comments: int
    deadlines: Sequence[Deadline]
    progress: Progress | None
    crew: Mapping[str, str]
    playbook: Playbook | None
    proposed: Playbook | None
    coverage: Seen
    offers_room: bool
    vacant_since: datetime | None = None
    """Since when nobody has it, if somebody had it or it was over before."""


async def view(ctx: Context, incident: Incident, *, quotes: int = QUOTES) -> View:
    """Read what an incident's card shows."""
    number = incident.id or 0
    negative, comments = await mentions.share(ctx.session, number, ctx.now - SHARE_WINDOW)
    playbook = ctx.library.playbooks.get(incident.playbook)
    topics = await incidents.topics(ctx.session, number)
    return View(
        incident=incident,
        topics=topics,
        gauge=await gauges.get(ctx.session, number),
        own=None if topics else await metrics.latest_of(ctx.session, number),
        quotes=await mentions.newest(ctx.session, number, quotes),
        negative=negative,
        comments=comments,
        deadlines=await deadlines.of(ctx.session, number),
        progress=await progress_of(ctx, incident),
        crew=await crew_of(ctx, incident),
        playbook=playbook,
        proposed=ctx.library.playbooks.get(incident.type),
        coverage=await seen_of(ctx, incident),
        offers_room=is_offered(ctx, incident),
        vacant_since=await _vacant_since(ctx, incident),
    )


async def _vacant_since(ctx: Context, incident: Incident) -> datetime | None:
    if incident.state != State.OPEN:
        return None
    entry = await timeline.latest(ctx.session, incident.id or 0, LEFT_OPEN)
    return entry.at if entry else None


async def incident_card(ctx: Context, incident: Incident, *, quotes: int = QUOTES) -> CardBuilder:
    """The builder of an incident's living card, as things stand now."""
    seen = await view(ctx, incident, quotes=quotes)
    library = ctx.library
    return lambda say: build(say, seen, library)


async def refresh(ctx: Context, incident: Incident, *, now: bool = True) -> None:
    """Bring every copy of an incident's card up to date."""
    await ctx.session.refresh(incident)
    card = await incident_card(ctx, incident)
    ctx.edit(card_key(incident), card, incident, now=now)
    if incident.room:
        ctx.edit(room_card_key(incident), card, incident, now=now)
        put_over_rooms(
            ctx, incident, lambda say: f"{tag(say, incident)} · {status(say, incident)} · {incident.title}"
        )


def build(say: Locale, seen: View, library: Library) -> Card:
    """Lay an incident's card out."""
    incident = seen.incident
    is_living = incident.state in LIVING
    ending = say("Reason: {reason}", reason=cut(incident.reason)) if incident.reason and not is_living else ""
    vacant = missing(say, library, seen.progress, seen.crew)
    known = (why(say, incident, library), _plan(say, seen), vacant, _clocks(say, seen))
    lines = (*known, blind_spots(say, seen.coverage)) if is_living else (ending,)
    shown = tuple(line for line in lines if line)
    return Card(
        title=f"{headline(say, incident)} · {status(say, incident, seen.vacant_since)}",
        tone=Tone(incident.level) if is_living else Tone.GOOD,
        text=figures(say, seen),
        quotes=tuple(quote(say, mention) for mention in seen.quotes),
        sections=(Section(lines=shown),) if shown else (),
        buttons=_buttons(say, incident, seen.playbook or seen.proposed, offers_room=seen.offers_room),
    )


def tag(say: Locale, incident: Incident) -> str:
    """The level and number of an incident."""
    return f"{Level(incident.level).label(say.language)} #{incident.id}"


def over(ctx: Context, incident: Incident) -> ConflictError:
    """Why nothing more can be done with an incident that is closed or dismissed."""
    return ConflictError(
        ctx.say("#{number} is over: {status}.", number=incident.id, status=status(ctx.say, incident)),
        hint=ctx.say("To open it again: reopen {number} REASON", number=incident.id),
    )


def headline(say: Locale, incident: Incident) -> str:
    """The level, number and title of an incident."""
    return f"{tag(say, incident)} {cut(incident.title)}"


def status(say: Locale, incident: Incident, vacant_since: datetime | None = None) -> str:
    """Where an incident stands, and with whom. `vacant_since`: see `View`; where it was not looked up, no time is named."""
    if incident.state == State.OPEN and incident.claimed_at and vacant_since is None:
        return say("unclaimed again")
    since = say.clock(vacant_since or incident.opened_at)
    return say(STATES[State(incident.state)], since=since, owner=incident.owner)


def quote(say: Locale, mention: Mention) -> Quote:
    """A public comment as a card shows it."""
    moment = mention.written_at or mention.seen_at
    source = " ".join(part for part in (platform(say, mention.platform), say.clock(moment)) if part)
    text = cut(mention.text or mention.title, QUOTE_LENGTH)
    return Quote(text=text, source=source, url=mention.url if is_web(mention.url) else "")


def platform(say: Locale, name: str) -> str:
    """A platform's name as people write it."""
    zh, en = PLATFORMS.get(name, (name, name))
    return say.either(zh, en)


def counted(say: Locale, topics: Iterable[Topic]) -> str:
    """How many mentions there are on which platform, most first."""
    counts: Counter[str] = Counter()
    for topic in topics:
        counts.update(topic.platforms)
    shown = [f"{platform(say, name)} ×{count}" for name, count in counts.most_common(MOST_PLATFORMS)]
    if rest := counts.total() - sum(count for _, count in counts.most_common(MOST_PLATFORMS)):
        shown.append(say("others ×{count}", count=rest))
    return say(", ").join(shown)


def why(say: Locale, incident: Incident, library: Library) -> str:
    """The sum that gave an incident its level; empty if people set it from the start."""
    points = [(name, value) for name, value in incident.why if value]
    if not points:
        return ""
    level = Level(incident.level)
    proposed = library.levels.proposed(sum(value for _, value in points))
    # Blue is what lies under the lowest cut, so that is what its sum is held against.
    bound = proposed if proposed in library.levels.cuts else Level.YELLOW
    summed = added(say, points, bound, library)
    if proposed is level:
        return say("Why {level}: {sum}", level=named(say, level), sum=summed)
    return say(
        "Set to {level} by hand; the sum says {proposed}: {sum}",
        level=named(say, level),
        proposed=named(say, proposed),
        sum=summed,
    )


def added(say: Locale, points: Iterable[tuple[str, int]], bound: Level, library: Library) -> str:
    """A sum of points, and the cut that it is held against."""
    earned = [(name, value) for name, value in points if value]
    return say(
        "{sum} = {total} ({level} from {cut})",
        sum=" + ".join(f"{say(FACTORS[Factor(name)])} {value}" for name, value in earned) or "0",
        total=sum(value for _, value in earned),
        level=named(say, bound),
        cut=library.levels.cuts[bound],
    )


def named(say: Locale, level: Level) -> str:
    """A level's name within a sentence."""
    return say.either(level.zh, level.value)


def figures(say: Locale, seen: View) -> str:
    """What was counted: comments by platform, copies of one text, how much was seen, the negative share, the most likes."""
    if not seen.topics:
        by = seen.incident.opened_by
        opened = say("Opened by {by}; no comments are tied to it.", by=by) if by else ""
        return of_video(say, *seen.own) if seen.own else opened
    beside = filter(None, [lately(say, seen.gauge), copied(say, seen.coverage)])
    parts = [counted(say, seen.topics), *beside, sample(say, seen.coverage)]
    if seen.comments >= LEAST_SHARE:
        share = round(100 * seen.negative / seen.comments)
        parts.append(
            say(
                "negative {share}% ({negative} of {total} under these posts, 24 h)",
                share=share,
                negative=seen.negative,
                total=seen.comments,
            )
        )
    if likes := max(topic.likes for topic in seen.topics):
        parts.append(say("most likes {likes}", likes=say.count(likes)))
    return " · ".join(parts)


def _plan(say: Locale, seen: View) -> str:
    if seen.playbook and seen.progress:
        ticked, needed = seen.progress.counts
        title = seen.playbook.name(say.language)
        done = say("Playbook: {title} {done}/{all}", title=title, done=ticked, all=needed)
        return " · ".join(filter(None, (done, stale(say, seen.playbook))))
    if seen.proposed is None:
        return ""
    hits = list(dict.fromkeys(word for mention in seen.quotes for word in mention.hits))[:MOST_HITS]
    matched = say(" (matched {words})", words=say(", ").join(hits)) if hits else ""
    proposed = say("Playbook: {title}", title=seen.proposed.name(say.language)) + matched
    return " · ".join(filter(None, (proposed, stale(say, seen.proposed))))


def _clocks(say: Locale, seen: View) -> str:
    """What is due first, and what should have been done; the rest stands in the details."""
    owed = [each for each in seen.deadlines if each.kind not in AUTOMATIC]
    clocks = [clock(say, each) for each in soonest(owed)[:MOST_CLOCKS]]
    if not clocks:
        return ""
    return say(
        "Due: {clocks}", clocks=reduce(lambda one, other: say("{one}, {other}", one=one, other=other), clocks)
    )


def _buttons(
    say: Locale, incident: Incident, plan: Playbook | None, *, offers_room: bool
) -> tuple[Button, ...]:
    number = str(incident.id)

    def button(label: str, action: str, tone: ButtonTone = ButtonTone.PLAIN) -> Button:
        return Button(label=label, action=action, value=number, tone=tone)

    plain, first, danger = ButtonTone.PLAIN, ButtonTone.PRIMARY, ButtonTone.DANGER
    has_spoken = incident.stated_at is not None
    playbook = (
        (Button(label=say("See playbook"), action="playbook.playbook", value=f"{number} {plan.id}"),)
        if plan
        else ()
    )
    draft = button(say("Draft statement"), "statement.draft")
    alarm = button(say("False alarm…"), "incident.dismiss", danger)
    details = button(say("Details"), "look.show")
    reopen = button(say("Reopen…"), "incident.reopen")
    room = (button(say("Open a channel"), "room.room"),) if offers_room else ()
    rows: dict[State, tuple[Button, ...]] = {
        State.OPEN: (button(say("Claim"), "incident.claim", first), *playbook, alarm, *room, details),
        State.CLAIMED: (
            button(say("Respond"), "incident.respond", first),
            *playbook,
            draft,
            alarm,
            *room,
            details,
        ),
        State.RESPONDING: (
            button(say("Draft statement"), "statement.draft", plain if has_spoken else first),
            *playbook,
            button(say("Recover"), "incident.recover", first if has_spoken else plain),
            button(say("Close…"), "incident.close", danger),
            *room,
            details,
        ),
        State.RECOVERING: (button(say("Close…"), "incident.close", first), *playbook, draft, details),
        State.CLOSED: (button(say("Write the review"), "review.review", first), reopen),
        State.DISMISSED: (reopen,),
        State.REVIEWED: (reopen,),
    }
    return rows[State(incident.state)]
