"""Quiet: what is muted, and what was held back meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context, Edit, Post, card_key
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.locale import Locale, Texts
from handlers.kit.ports import ports
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.reading.errands import length_of
from handlers.shared.incident_card import headline, incident_card, over, status
from handlers.shared.levels import start_clocks
from handlers.shared.rooms import drill_here
from playbooks.levels import Level
from storage import held, incidents, mutes
from storage.held import RAISED
from storage.models import LIVING, Held, Incident, Mute

LONGEST = timedelta(days=30)
"""A mute has an end that people live to see."""
LONGEST_TERM = 60
MOST, MOST_BUTTONS = 15, 5
OFF = frozenset({"off", "关", "取消", "解除"})
OVER: Texts = {
    "mute": "The mute of “{label}” is over",
    "hours": "Quiet hours are over",
    "maintenance": "Maintenance is over: {label}",
    "cap": "More alarms of one kind: {label}",
}
HELD: Texts = {
    "incident.raised": "new alarm",
    "incident.level": "raised",
    "incident.again": "back again",
    "metric.abnormal": "own video “{what}”: numbers that are not usual",
    "source.ails": "collector {what} did not deliver",
}


@command(
    "mute",
    area="watch",
    right=Right.LEAD,
    help="Hold alerts about a word, source:NAME or #N back for a while",
    usage="mute TERM DURATION",
    example="mute 柚子皮 2h",
    aliases=("静默",),
)
async def mute(ctx: Context, what: str = "") -> None:
    """Nothing is lost: what is held back is told at the end. Red alerts pass."""
    drill_id = await drill_here(ctx)
    term, _, last = what.strip().rpartition(" ")
    if not what.strip():
        found = await mutes.on(ctx.session, ctx.now, drill_id)
        waiting = await held.waiting(ctx.session, drill_id)
        ctx.whisper(lambda say: _listing(say, found, waiting), drill_id=drill_id)
        return
    if last.lower() in OFF:
        await _unmute(ctx, term.strip(), drill_id)
        return
    kind, value = await _meant(ctx, term.strip())
    until = ctx.now + _length(ctx, last)
    row = await mutes.put(
        ctx.session,
        Mute(kind=kind, value=value, by=ctx.by.name, at=ctx.now, until=until, drill_id=drill_id),
    )
    await held.move(ctx.session, row.id or 0, until)
    _show_mute(ctx, row)


async def _meant(ctx: Context, term: str) -> tuple[str, str]:
    """What is to be muted: a word, a source or an incident's topics."""
    if not term:
        raise UsageError(
            ctx.say("A mute needs a word and an end."),
            hint=ctx.say("For example: mute 柚子皮 2h, mute source:weibo 4h, mute #12 1d"),
        )
    head, mark, name = term.replace("：", ":").partition(":")
    if mark and head.lower() in {"source", "来源"}:
        known = ports(ctx.settings).sources
        if known and name not in known:
            raise NotFoundError(
                ctx.say("There is no source “{name}”.", name=cut(name)),
                hint=ctx.say("There are: {names}", names=ctx.say(", ").join(known)),
            )
        return "source", name
    number = term.lstrip("#＃")
    if number != term and number.isascii() and number.isdigit():
        incident = await incidents.get(ctx.session, int(number[:9]))
        if incident is None:
            raise NotFoundError(
                ctx.say("There is no incident {number}.", number=f"#{number[:9]}"),
                hint=ctx.say("Open incidents: /crisis list"),
            )
        return "topic", str(incident.id)
    if len(term) > LONGEST_TERM:
        raise UsageError(
            ctx.say(
                "What is muted has {most} characters at most; this has {n}.", most=LONGEST_TERM, n=len(term)
            ),
            hint=ctx.say("Name the one word that all of it holds: mute 柚子皮 2h"),
        )
    return "term", term


def _length(ctx: Context, words: str) -> timedelta:
    length = length_of(words)
    if length is None:
        raise UsageError(
            ctx.say("“{word}” is no length of time.", word=cut(words)),
            hint=ctx.say("For example: mute 柚子皮 2h, mute source:weibo 4h, mute #12 1d"),
        )
    if not timedelta() < length <= LONGEST:
        raise UsageError(
            ctx.say("A mute lasts between a second and {days} days.", days=LONGEST.days),
            hint=ctx.say("To end one early: mute TERM off"),
        )
    return length


async def _unmute(ctx: Context, term: str, drill_id: int | None) -> None:
    found = await mutes.on(ctx.session, ctx.now, drill_id)
    row = next((each for each in found if term in {mutes.named(each), f"id:{each.id}"}), None)
    if row is None:
        raise NotFoundError(
            ctx.say("“{term}” is not muted.", term=cut(term)),
            hint=ctx.say(
                "Muted are: {names}", names=ctx.say(", ").join(mutes.named(each) for each in found) or "-"
            ),
        )
    # What it held back comes due with it; the sweep ends both and tells.
    row.until = ctx.now
    await held.move(ctx.session, row.id or 0, ctx.now)
    _show_mute(ctx, row)


def _show_mute(ctx: Context, row: Mute) -> None:
    """One card for each mute, in every alerts room."""
    name, key, purpose = mutes.named(row), f"mute:{row.id}", "alerts" if row.drill_id is None else "drills"
    until, by, is_on = row.until, ctx.by.name, row.until > ctx.now

    def build(say: Locale) -> Card:
        if not is_on:
            return Card(title=say("{by} ended the mute of “{what}”", by=by, what=name), tone=Tone.PLAIN)
        return Card(
            title=say("{by} muted “{what}” until {time}", by=by, what=name, time=say.clock(until)),
            text=say("Red alerts pass all the same. What is held back is counted and told at the end."),
            buttons=(Button(label=say("End it now"), action="quiet.mute", value=f"id:{row.id} off"),),
        )

    ctx.out.append(Post(build=build, purpose=purpose, key=key, drill_id=row.drill_id, rank=0))
    ctx.out.append(Edit(key=key, build=build))


def _listing(say: Locale, found: Sequence[Mute], waiting: int) -> Card:
    lines = tuple(
        say("{what} until {time}, by {by}", what=mutes.named(each), time=say.clock(each.until), by=each.by)
        for each in found
    )
    return Card(
        title=say("Muted: {n} · held back: {held}", n=len(found), held=waiting),
        text="" if found else say("For example: mute 柚子皮 2h, mute source:weibo 4h, mute #12 1d"),
        sections=(Section(lines=lines),) if lines else (),
        buttons=tuple(
            Button(
                label=say("End {what}", what=cut(mutes.named(each), 12)),
                action="quiet.mute",
                value=f"id:{each.id} off",
            )
            for each in found[:MOST_BUTTONS]
        ),
    )


@command(
    "bring",
    area="watch",
    right=Right.WORK,
    help="Bring the card of an incident that was held back into the room",
    usage="bring N",
    example="bring 12",
    aliases=("上卡",),
)
async def bring(ctx: Context, incident: Incident) -> None:
    """The card goes out and the clocks start, as they would have at once."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if not await held.show(ctx.session, incident.id or 0, ctx.now):
        raise ConflictError(
            ctx.say("The card of #{number} is out already.", number=incident.id),
            hint=ctx.say("See how it stands: show {number}", number=incident.id),
        )
    await ctx.log(incident, "shown", "")
    await start_clocks(ctx, incident)
    ctx.announce("alerts", await incident_card(ctx, incident), incident=incident, key=card_key(incident))


@notice("quiet.over")
async def quiet_over(ctx: Context) -> None:
    """One card for all that was held back."""
    data = ctx.settings["notice"]["data"]
    rows = await held.some(ctx.session, data["held"])
    drill_id = data["drill_id"]
    ctx.out.append(
        Post(
            build=_summary(ctx, data["cause"], data["label"], rows),
            purpose="alerts" if drill_id is None else "drills",
            drill_id=drill_id,
            rank=0,
        )
    )


def _summary(
    ctx: Context, cause: str, label: str, rows: Sequence[tuple[Held, Incident | None]]
) -> CardBuilder:
    known = ctx.library.playbooks.get(label) if cause == "cap" else None
    found = [(row, incident) for row, incident in rows if incident is not None]
    numbers = dict.fromkeys(incident.id for _, incident in found)
    alone = sum(row.incident_id is None for row, _ in rows)
    worst = max((Level(incident.level) for _, incident in found), key=lambda each: each.rank, default=None)
    hidden = [
        incident
        for row, incident in found
        if row.notice == RAISED and row.shown_at is None and incident.state in LIVING
    ]

    def build(say: Locale) -> Card:
        name = known.name(say.language) if known else label
        title = say(OVER[cause], label=name) if "{label}" in OVER[cause] else say(OVER[cause])
        if not rows:
            return Card(title=title, text=say("Nothing was held back."), tone=Tone.GOOD)
        lines = tuple(_held_line(say, row, incident) for row, incident in rows[:MOST])
        rest = (say("and {n} more: list", n=len(rows) - MOST),) if len(rows) > MOST else ()
        return Card(
            title=say("{what} · held back: {n}", what=title, n=len(numbers) + alone),
            text=_by_level(say, found),
            tone=Tone(worst.value) if worst else Tone.PLAIN,
            sections=(Section(lines=lines + rest),),
            buttons=tuple(
                Button(
                    label=say("Card of #{number}", number=each.id),
                    action="quiet.bring",
                    value=str(each.id),
                    tone=ButtonTone.PRIMARY if place == 0 else ButtonTone.PLAIN,
                )
                for place, each in enumerate(hidden[:MOST_BUTTONS])
            ),
            footer=say("An incident that goes on gets its card by itself.") if hidden else "",
        )

    return build


def _held_line(say: Locale, row: Held, incident: Incident | None) -> str:
    what = say(HELD.get(row.notice, row.notice), what=cut(str(row.data.get("what", "")), 30))
    if incident is None:
        return f"{say.clock(row.at)} {what}"
    return f"{say.clock(row.at)} {Level(incident.level).dot} {headline(say, incident)} · {what} · {status(say, incident)}"


def _by_level(say: Locale, rows: Sequence[tuple[Held, Incident]]) -> str:
    levels = {incident.id: Level(incident.level) for _, incident in rows}
    counts = Counter(levels.values())
    shown = " · ".join(f"{level.dot} {counts[level]}" for level in Level if counts[level])
    return " · ".join(filter(None, (shown, say("Red alerts were not held back."))))
