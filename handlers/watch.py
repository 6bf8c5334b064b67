"""The watch itself: how the sources fare, and how a text is read."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from handlers.kit.cards import Button, Card, Quote, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context, Edit, Post
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale, Texts
from handlers.kit.ports import BusyError, Explained, ports
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.shared.coverage import LABELS, ailment
from playbooks.library import Library
from storage import held, mutes, sources
from storage.database import Session
from storage.models import SourceState

KINDS: Texts = {
    "harm": "harm",
    "complaint": "complaint",
    "anger": "anger",
    "sadness": "sadness",
    "fear": "fear",
    "swear": "swearing",
    "demand": "demand",
    "irony": "irony",
    "praise": "praise",
    "joy": "joy",
    "emoji": "emoji",
    "bracket": "emoji code",
    "question": "question",
    "signal": "signal of a playbook",
    "phrase": "phrase",
    "snownlp": "SnowNLP",
    "emphasis": "emphasis",
}
"""What a word does in a text."""


@command(
    "sources",
    area="watch",
    right=Right.LOOK,
    help="How each source fares: last success, last new row, found, rejected, gap",
    usage="sources",
    example="sources",
    aliases=("来源",),
)
async def sources_(ctx: Context) -> None:
    """Every source that is set, those that never yielded anything included."""
    known = ports(ctx.settings).sources
    stored = {state.name: state for state in await sources.states(ctx.session)}
    names = list(known) or [name for name in stored if ":" not in name]
    muted = await mutes.on(ctx.session, ctx.now)
    waiting = await held.waiting(ctx.session)

    def build(say: Locale) -> Card:
        if not names:
            return Card(
                title=say("No source is set: nothing is watched."),
                text=say("Add one under `sources` in fenghuo.yaml."),
                tone=Tone.WARN,
            )
        states = [stored.get(name) or SourceState(name=name) for name in names]
        ailing = [state for state in states if state.ailment]
        return Card(
            title=say("Sources: {n}, ailing: {ailing}", n=len(names), ailing=len(ailing)),
            tone=Tone.WARN if ailing else Tone.GOOD,
            sections=tuple(_source(say, state, known.get(state.name, "")) for state in states),
            footer=say(
                "Muted: {what} · held back: {n}",
                what=say(", ").join(mutes.named(each) for each in muted) or "-",
                n=waiting,
            ),
        )

    ctx.whisper(build)


def _source(say: Locale, state: SourceState, kind: str) -> Section:
    never = say("never")
    lines = [
        say(
            "last success {read}, last new row {new}",
            read=say.clock(state.read_at) if state.read_at else never,
            new=say.clock(state.new_at) if state.new_at else never,
        ),
        say(
            "found {found}, new {new}, rejected {rejected} · gap now {gap}, usually at most {habit}",
            found=say.count(state.found),
            new=say.count(state.added),
            rejected=say.count(state.rejected),
            gap=say.span(say.now - state.new_at) if state.new_at else "-",
            habit=say.span(timedelta(seconds=state.habit)) if state.habit else say("not known yet"),
        ),
    ]
    if state.error:
        lines.append(cut(state.error, 160))
    mark = "⚠️" if state.ailment else ("✅" if state.new_at else "·")
    words = ailment(say, state) if state.ailment else ""
    title = " ".join(part for part in (mark, state.name, f"({kind})" if kind else "", words) if part)
    return Section(title=title, lines=tuple(lines))


@notice("source.ails")
async def source_ails(ctx: Context) -> None:
    """Say once that a source fails or has fallen silent, and that the collector is to be looked at first."""
    data = ctx.settings["notice"]["data"]
    state = await sources.get(ctx.session, data["source"])
    # What waited for the end of quiet hours may be over by then.
    if state is None or not state.ailment or state.episode != data["episode"]:
        return
    kind = ports(ctx.settings).sources.get(state.name, "")
    build = _ailing_card(state, kind)
    key = _episode(data)
    ctx.out.append(Post(build=build, purpose="alerts", key=key, rank=0))
    if data["was"]:
        ctx.out.append(Edit(key=key, build=build, now=False))


def _ailing_card(state: SourceState, kind: str) -> CardBuilder:
    def build(say: Locale) -> Card:
        section = _source(say, state, kind)
        return Card(
            title=say(
                "Collector {name} ({kind}): {what}",
                name=state.name,
                kind=kind or "-",
                what=ailment(say, state),
            ),
            text=say(
                "Look at the collector first: is it running, is its login valid, has the page changed? Until it is back, silence from there is no calm."
            ),
            tone=Tone.WARN,
            sections=(Section(lines=section.lines),),
            buttons=(
                Button(label=say("All sources"), action="watch.sources"),
                Button(label=say("Mute for a day"), action="quiet.mute", value=f"source:{state.name} 1d"),
            )
            if len(state.name.encode()) <= 40
            else (Button(label=say("All sources"), action="watch.sources"),),
        )

    return build


@notice("source.well")
async def source_well(ctx: Context) -> None:
    """Say that a source is back, in the thread of the card that missed it and in the room."""
    data = ctx.settings["notice"]["data"]
    state = await sources.get(ctx.session, data["source"])
    if state is None:
        return
    key, now = _episode(data), ctx.now

    def build(say: Locale) -> Card:
        return Card(
            title=say(
                "Collector {name} is back, seen {time}", name=state.name, time=say.clock(_seen_at(state, now))
            ),
            text=say("What it missed meanwhile comes in only if the collector goes back for it."),
            tone=Tone.GOOD,
            sections=(Section(lines=_source(say, state, "").lines),),
        )

    ctx.out.append(Post(build=build, under=key, broadcast=True, rank=0))
    ctx.out.append(Edit(key=key, build=build))


def _seen_at(state: SourceState, now: datetime) -> datetime:
    return max((moment for moment in (state.new_at, state.read_at) if moment), default=now)


def _episode(data: dict[str, object]) -> str:
    return f"source:{data['source']}:{data['episode']}"


@command(
    "score",
    area="watch",
    right=Right.LOOK,
    help="How the monitor reads a text, and which words say so",
    usage="score TEXT",
    example="score 蛋糕发霉了，客服还不理人",
    aliases=("评分",),
    labels={"text": "Text"},
)
async def score(ctx: Context, text: str) -> None:
    """Nothing of it is stored."""

    async def explain(_: Session) -> Explained | None:
        with contextlib.suppress(BusyError):
            return await ports(ctx.settings).explain(text)
        return None

    found = await ctx.beside(explain)
    if found is None:
        raise ConflictError(
            ctx.say("The monitor is reading a rush of comments just now."),
            hint=ctx.say("Try again in a minute."),
        )
    library = ctx.library
    ctx.whisper(lambda say: _explained(say, text, found, library))


def _explained(say: Locale, text: str, found: Explained, library: Library) -> Card:
    lines = [
        say("{weight} {word} ({kind})", weight=f"{weight:+.2f}", word=word, kind=say(KINDS.get(kind, kind)))
        for word, weight, kind in found.reasons
    ]
    types = [
        say("{title}: {words}", title=playbook.name(say.language), words=say(", ").join(hits))
        for name, hits in found.types.items()
        if (playbook := library.playbooks.get(name))
    ]
    sections = [Section(title=say("Why"), lines=tuple(lines))] if lines else []
    if types:
        sections.append(Section(title=say("Playbooks"), lines=tuple(types)))
    return Card(
        title=say(
            "Read as {label} ({share}% likely negative)",
            label=say(LABELS[found.label]),
            share=round(100 * found.negative),
        ),
        text="" if lines else say("No word of it says how it is meant."),
        tone=Tone.WARN if found.label == "negative" else Tone.PLAIN,
        quotes=(Quote(text=cut(text, 120)),),
        sections=tuple(sections),
        footer=say("One such comment is enough for an alarm.") if found.severe else "",
    )
