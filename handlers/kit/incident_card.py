"""The living card of an incident: what happened, how grave, who has it, what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.kit.cards import Button, ButtonTone, Card, Quote, Section, Tone, is_web
from handlers.kit.context import CardBuilder, Context, card_key
from handlers.kit.locale import Locale
from playbooks.library import Library
from playbooks.levels import Factor, Level
from playbooks.schema import Playbook
from storage import deadlines, incidents, mentions
from storage.models import LIVING, Deadline, Incident, Mention, State, Topic

QUOTES = 3
SHARE_WINDOW = timedelta(hours=24)
TITLE_LENGTH = 60

PLATFORMS = {
    "douyin": ("抖音", "Douyin"),
    "weibo": ("微博", "Weibo"),
    "xhs": ("小红书", "Xiaohongshu"),
    "bili": ("B站", "Bilibili"),
    "kuaishou": ("快手", "Kuaishou"),
    "tieba": ("贴吧", "Tieba"),
    "zhihu": ("知乎", "Zhihu"),
}
STATES = {
    State.OPEN: "unclaimed since {since}",
    State.CLAIMED: "{owner} has it",
    State.RESPONDING: "responding, {owner}",
    State.RECOVERING: "recovering, {owner}",
    State.CLOSED: "closed",
    State.REVIEWED: "reviewed",
    State.DISMISSED: "false alarm",
}
FACTORS = {
    Factor.HARM: "harm",
    Factor.VOLUME: "volume",
    Factor.GROWTH: "growth",
    Factor.REACH: "reach",
    Factor.PLATFORMS: "platforms",
}
CLOCKS = {"assemble": "assemble by {time}", "holding": "first statement by {time}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that an incident's card shows, read in one go."""

    incident: Incident
    topics: Sequence[Topic]
    quotes: Sequence[Mention]
    negative: int
    sampled: int
    deadlines: Sequence[Deadline]
    ticked: int
    playbook: Playbook | None
    proposed: Playbook | None
    hits: tuple[str, ...]


async def view(ctx: Context, incident: Incident) -> View:
    """Read what an incident's card shows."""
    number = incident.id or 0
    negative, sampled = await mentions.share(ctx.session, number, ctx.now - SHARE_WINDOW)
    quotes = await mentions.newest(ctx.session, number, QUOTES)
    playbook = ctx.library.playbooks.get(incident.playbook)
    return View(
        incident=incident,
        topics=await incidents.topics(ctx.session, number),
        quotes=quotes,
        negative=negative,
        sampled=sampled,
        deadlines=await deadlines.open_of(ctx.session, number),
        ticked=len(await incidents.steps(ctx.session, number, incident.playbook)) if playbook else 0,
        playbook=playbook,
        proposed=ctx.library.playbooks.get(incident.type),
        hits=tuple(dict.fromkeys(word for quote in quotes for word in quote.hits)),
    )


async def incident_card(ctx: Context, incident: Incident) -> CardBuilder:
    """The builder of an incident's living card, as things stand now."""
    seen = await view(ctx, incident)
    library = ctx.library
    return lambda say: build(say, seen, library)


async def refresh(ctx: Context, incident: Incident, *, now: bool = True) -> None:
    """Bring every copy of an incident's card up to date."""
    await ctx.session.refresh(incident)
    ctx.edit(card_key(incident), await incident_card(ctx, incident), incident, now=now)


def build(say: Locale, seen: View, library: Library) -> Card:
    """Lay an incident's card out."""
    incident = seen.incident
    return Card(
        title=f"{headline(say, incident)} · {status(say, incident)}",
        tone=Tone(incident.level) if incident.state in LIVING else Tone.GOOD,
        text=_numbers(say, seen),
        quotes=tuple(quote(say, mention) for mention in seen.quotes),
        sections=tuple(
            Section(lines=(line,)) for line in (_why(say, incident, library), _plan(say, seen)) if line
        ),
        buttons=_buttons(say, incident),
    )


def headline(say: Locale, incident: Incident) -> str:
    """The level, number and title of an incident."""
    level = Level(incident.level)
    return f"{say.either(level.zh, level.en)} #{incident.id} {cut(incident.title)}"


def status(say: Locale, incident: Incident) -> str:
    """Where an incident stands, and with whom."""
    return say(STATES[State(incident.state)], since=say.clock(incident.opened_at), owner=incident.owner)


def quote(say: Locale, mention: Mention) -> Quote:
    """A public comment as a card shows it."""
    moment = mention.written_at or mention.seen_at
    source = " ".join(part for part in (platform(say, mention.platform), say.clock(moment)) if part)
    return Quote(text=mention.text or mention.title, source=source, url=mention.url if is_web(mention.url) else "")


def platform(say: Locale, name: str) -> str:
    """A platform's name as people write it."""
    zh, en = PLATFORMS.get(name, (name, name))
    return say.either(zh, en)


def cut(text: str, length: int = TITLE_LENGTH) -> str:
    """A title of bearable length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _numbers(say: Locale, seen: View) -> str:
    if not seen.topics:
        return ""
    counts: Counter[str] = Counter()
    for topic in seen.topics:
        counts.update(topic.platforms)
    parts = [" ".join(f"{platform(say, name)} ×{count}" for name, count in counts.most_common())]
    if seen.sampled:
        share = round(100 * seen.negative / seen.sampled)
        parts.append(
            say("negative {share}% ({negative}/{total} sampled under these posts)", share=share, negative=seen.negative, total=seen.sampled)
        )
    if likes := max(topic.likes for topic in seen.topics):
        parts.append(say("most likes {likes}", likes=say.count(likes)))
    return " · ".join(parts)


def _why(say: Locale, incident: Incident, library: Library) -> str:
    points = [(name, value) for name, value in incident.why if value]
    if not points:
        return ""
    level = Level(incident.level)
    total = sum(value for _, value in points)
    summed = " + ".join(f"{say(FACTORS[Factor(name)])} {value}" for name, value in points)
    cut_at = library.levels.cuts.get(level)
    bound = say(" ({level} from {cut})", level=say.either(level.zh, level.en), cut=cut_at) if cut_at else ""
    return say("Why {level}: {sum} = {total}", level=say.either(level.zh, level.en), sum=summed, total=total) + bound


def _plan(say: Locale, seen: View) -> str:
    parts = []
    if seen.playbook:
        title = say.either(seen.playbook.title, seen.playbook.title_en)
        parts.append(say("Playbook: {title} {done}/{all}", title=title, done=seen.ticked, all=len(seen.playbook.steps)))
    elif seen.proposed:
        title = say.either(seen.proposed.title, seen.proposed.title_en)
        hits = say(" (matched {words})", words=say(", ").join(seen.hits[:4])) if seen.hits else ""
        parts.append(say("Playbook proposed: {title}", title=title) + hits)
    clocks = [say(CLOCKS[each.kind], time=say.clock(each.due_at)) for each in seen.deadlines if each.kind in CLOCKS]
    return " · ".join(parts + ([say(", ").join(clocks)] if clocks else []))


def _buttons(say: Locale, incident: Incident) -> tuple[Button, ...]:
    number = str(incident.id)
    playbook = Button(
        label=say("Playbook"), action="playbook.playbook", value=f"{number} {incident.playbook or incident.type}".strip()
    )
    draft = Button(label=say("Draft statement"), action="statement.draft", value=number)
    details = Button(label=say("Details"), action="look.show", value=number)

    def step(label: str, verb: str, tone: ButtonTone = ButtonTone.PLAIN) -> Button:
        return Button(label=say(label), action=f"incident.{verb}", value=number, tone=tone)

    first, danger = ButtonTone.PRIMARY, ButtonTone.DANGER
    rows = {
        State.OPEN: (step("Claim", "claim", first), playbook, step("False alarm…", "dismiss", danger), details),
        State.CLAIMED: (
            step("Respond", "respond", first),
            playbook,
            draft,
            step("False alarm…", "dismiss", danger),
            details,
        ),
        State.RESPONDING: (draft, step("Recover", "recover", first), playbook, step("Close…", "close", danger), details),
        State.RECOVERING: (step("Close…", "close", first), playbook, draft, details),
        State.CLOSED: (
            Button(label=say("Write the review"), action="review.review", value=number, tone=first),
            step("Reopen…", "reopen"),
        ),
        State.DISMISSED: (step("Reopen…", "reopen"),),
        State.REVIEWED: (step("Reopen…", "reopen"),),
    }
    return rows[State(incident.state)]
