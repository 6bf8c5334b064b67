"""Feedback: what people say of alarms, and the changes of settings that it speaks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from handlers.kit.cards import Button, ButtonTone, Card, Link, Quote, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context, Post
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.locale import Locale, Texts
from handlers.kit.ports import Linked, ports
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.shared.coverage import LABELS
from handlers.shared.incident_card import headline, platform
from handlers.shared.rooms import drill_here
from storage import held, incidents, labels, mentions, mutes
from storage.models import Incident, Label, Mention, Mute, Proposal, Topic

MUTE_FOR = timedelta(days=30)
"""How long a word is muted that a proposal is about. It has an end, like every mute."""
MOST = 15
STATES: Texts = {"open": "open", "applied": "accepted", "declined": "declined", "undone": "undone"}
VERDICTS = {
    "accept": ("open", "applied"),
    "采用": ("open", "applied"),
    "decline": ("open", "declined"),
    "不采用": ("open", "declined"),
    "undo": ("applied", "undone"),
    "撤销": ("applied", "undone"),
}
"""What a lead says -> the state that it moves a proposal from, and to."""


@command(
    "missed",
    area="watch",
    right=Right.WORK,
    help="Report what should have raised an alarm and did not",
    usage="missed LINK [TEXT]",
    example="missed https://www.douyin.com/video/7300000000000000001 顾客晒出发霉蛋糕",
    aliases=("漏报",),
    labels={"what": "Link, and what it says"},
)
async def missed(ctx: Context, what: str) -> None:
    """Kept as a label; says what became of it here, and opens the way to an incident."""
    link = ports(ctx.settings).link(what)
    if link is None:
        raise UsageError(
            ctx.say("There is no link in it."),
            hint=ctx.say("For example: missed https://www.douyin.com/video/7300000000000000001"),
        )
    drill_id = await drill_here(ctx)
    stored = await mentions.by_link(ctx.session, link.platform, link.item_id, link.url)
    # The post itself is often neutral; what counts is what stands under it.
    own = next((each for each in stored if each.topic_id), None) or next(iter(stored), None)
    topic = await mentions.topic(ctx.session, own.topic_id) if own and own.topic_id else None
    await labels.put(
        ctx.session,
        Label(
            kind=labels.MISSED,
            mention_id=own.id if own else None,
            url=link.url,
            text=link.text,
            by=ctx.by.name,
            at=ctx.now,
            drill_id=drill_id,
        ),
    )
    incident = await incidents.get(ctx.session, topic.incident_id) if topic and topic.incident_id else None
    if incident is not None and incident.private:
        incident = None
    ctx.reply(lambda say: _missed_card(say, ctx.by.name, link, stored, topic, incident))


def _missed_card(
    say: Locale,
    by: str,
    link: Linked,
    stored: Sequence[Mention],
    topic: Topic | None,
    incident: Incident | None,
) -> Card:
    open_ = Button(label=say("Open an incident…"), action="incident.new", tone=ButtonTone.PRIMARY)
    show = Button(label=say("Details"), action="look.show", value=str(incident.id) if incident else "")
    return Card(
        title=say("{by} reports a missed matter", by=by),
        text=say(
            "Kept for the next backtest. What became of it here: {fate}",
            fate=_fate(say, stored, topic, incident),
        ),
        quotes=(Quote(text=cut(link.text, 120), source=platform(say, link.platform), url=link.url),)
        if link.text
        else (),
        links=(Link(label=platform(say, link.platform), url=link.url),),
        tone=Tone.WARN,
        buttons=(show, open_) if incident else (open_,),
    )


def _fate(say: Locale, stored: Sequence[Mention], topic: Topic | None, incident: Incident | None) -> str:
    """Why there was no alarm, as far as what is stored tells."""
    if not stored:
        return say("no source has brought it.")
    if incident is not None:
        return say("it belongs to {incident}.", incident=headline(say, incident))
    first = stored[0]
    if topic is None:
        return say(
            "stored {n} times, read as {label} ({share}%), so it began no topic.",
            n=len(stored),
            label=say(LABELS[first.label]),
            share=round(100 * first.negative),
        )
    return say("merged into a topic of {n} negatives, too few for an alarm.", n=topic.negatives)


@command(
    "proposal",
    area="watch",
    right=Right.LEAD,
    help="What feedback speaks for: the list, or accept, decline, undo one",
    usage="proposal [K accept|decline|undo]",
    example="proposal 3 accept",
    aliases=("提案",),
)
async def proposal(ctx: Context, number: int | None = None, verdict: str = "") -> None:
    """Nothing is applied unless a lead agrees; what was agreed to can be undone."""
    if number is None:
        found = await labels.proposals(ctx.session)
        ctx.whisper(lambda say: _proposals(say, found[:MOST]))
        return
    row = await labels.proposal(ctx.session, number)
    if row is None:
        raise NotFoundError(
            ctx.say("There is no proposal {number}.", number=number), hint=ctx.say("All of them: proposal")
        )
    move = VERDICTS.get(verdict.strip().lower())
    if move is None:
        raise UsageError(
            ctx.say("“{word}” does not fit here.", word=cut(verdict)),
            hint=ctx.say("For example: proposal 3 accept"),
        )
    old, new = move
    if not await labels.settle(ctx.session, number, old, new, ctx.by.name, ctx.now):
        await ctx.session.refresh(row)
        raise ConflictError(
            ctx.say(
                "Proposal {number} is {state} already, by {by}.",
                number=number,
                state=ctx.say(STATES[row.state]),
                by=row.by or "-",
            ),
            hint=ctx.say("All of them: proposal"),
        )
    await ctx.session.refresh(row)
    await _apply(ctx, row)
    build = _proposal_card(row)
    ctx.edit(f"proposal:{number}", build)
    ctx.confirm(build)


async def _apply(ctx: Context, row: Proposal) -> None:
    """A word is muted by a row with an end; how many voices it takes is read from the proposal itself."""
    if row.kind != "mute":
        return
    if row.state == "applied":
        until = ctx.now + MUTE_FOR
        await mutes.put(
            ctx.session,
            Mute(kind="term", value=row.value, by=ctx.by.name, at=ctx.now, until=until, proposal_id=row.id),
        )
    elif (found := await mutes.of_proposal(ctx.session, row.id or 0)) is not None:
        found.until = ctx.now
        await held.move(ctx.session, found.id or 0, ctx.now)


@notice("feedback.proposed")
async def proposed(ctx: Context) -> None:
    """Ask the leads."""
    row = await labels.proposal(ctx.session, ctx.settings["notice"]["data"]["proposal"])
    if row is not None and row.state == "open":
        purpose = "leads" if ctx.team.rooms_for("leads") else "alerts"
        ctx.out.append(Post(build=_proposal_card(row), purpose=purpose, key=f"proposal:{row.id}"))


def _proposals(say: Locale, found: Sequence[Proposal]) -> Card:
    if not found:
        return Card(title=say("No proposals."), text=say("They follow from false alarms and missed matters."))
    lines = tuple(
        say(
            "{number}: {what}, {state}",
            number=each.id,
            what=_change(say, each),
            state=say(STATES[each.state]),
        )
        for each in found
    )
    return Card(title=say("Proposals: {n}", n=len(found)), sections=(Section(lines=lines),))


def _change(say: Locale, row: Proposal) -> str:
    if row.kind == "mute":
        return say("mute “{word}” for {days} days", word=row.value, days=MUTE_FOR.days)
    return say("an alarm takes {n} voices instead of {now}", n=row.value, now=row.trial.get("now", "?"))


def _proposal_card(row: Proposal) -> CardBuilder:
    trial, number = row.trial, row.id

    def build(say: Locale) -> Card:
        buttons: tuple[Button, ...] = ()
        if row.state == "open":
            buttons = (
                Button(
                    label=say("Accept"),
                    action="feedback.proposal",
                    value=f"{number} accept",
                    tone=ButtonTone.PRIMARY,
                ),
                Button(label=say("Decline"), action="feedback.proposal", value=f"{number} decline"),
            )
        elif row.state == "applied":
            buttons = (Button(label=say("Undo"), action="feedback.proposal", value=f"{number} undo"),)
        ending = say(" · {state} by {by}", state=say(STATES[row.state]), by=row.by) if row.by else ""
        return Card(
            title=say("Proposal {number}: {what}", number=number, what=_change(say, row)) + ending,
            text=say("{n} false alarms speak for it.", n=len(row.labels)),
            tone=Tone.GOOD if row.state == "applied" else Tone.PLAIN,
            sections=(
                Section(
                    title=say("Backtest of {days} days", days=trial.get("days", "?")),
                    lines=_trial(say, trial),
                ),
            ),
            buttons=buttons,
            footer="" if row.by else say("Nothing changes unless a lead accepts."),
        )

    return build


def _trial(say: Locale, trial: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [
        say(
            "would have dropped {dropped} of {before} alarms, kept {kept} of {real} real ones",
            dropped=trial.get("lost", 0),
            before=trial.get("before", 0),
            kept=trial.get("kept", 0),
            real=trial.get("real", 0),
        ),
        say(
            "false alarms a day: {before} → {after}",
            before=trial.get("false_before", 0),
            after=trial.get("false_after", 0),
        ),
    ]
    if trial.get("gained"):
        lines.append(say("new alarms: {n}", n=trial["gained"]))
    return tuple(lines)
