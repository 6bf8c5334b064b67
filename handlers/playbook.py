"""Playbooks in chat: show one, attach one to an incident, do its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import CardBuilder, Context, Post
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.locale import Locale
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.reading.arguments import lacking
from handlers.reading.errands import Assignee, Marked
from handlers.shared.checklist import checklist, checklist_key
from handlers.shared.crew import able, crew_card, crew_key
from handlers.shared.evidence import evidence_of, files_of, kept
from handlers.shared.incident_card import over, refresh
from handlers.shared.legal import start_legal
from handlers.shared.playbook_card import Progress, all_steps, rules, shown
from handlers.shared.steps import add, hand_over, lay_out, outcome, said_of, settle, show, start
from playbooks.library import GONE, NEW
from playbooks.schema import Playbook
from playbooks.schema import Step as PlaybookStep
from storage import incidents, tasks
from storage.models import LIVING, Incident, Step

PARTS: Mapping[str, Callable[[Locale, Progress], Card]] = {
    "all": all_steps,
    "全部": all_steps,
    "rules": rules,
    "口径": rules,
}
"""What of a playbook is folded away, by the words that unfold it."""
MOST_TOLD = 20
"""Lines of one card about edited files."""


@command(
    "playbook",
    area="work",
    right=Right.LOOK,
    help="Show a playbook, or attach it to an incident",
    usage="playbook TYPE [all|rules] · playbook N [TYPE]",
    example="playbook 12 user_complaint",
    aliases=("预案",),
)
async def playbook(
    ctx: Context, incident: Incident | None = None, kind: Playbook | None = None, part: str = ""
) -> None:
    """Without an incident it is shown; with one it is attached, once, and posted in the thread. A part is only shown."""
    if part and kind is not None:
        await _unfold(ctx, incident, kind, part)
        return
    if incident is None:
        if kind is None:
            titles = " · ".join(
                f"{each.id} {each.name(ctx.language)}" for each in ctx.library.playbooks.values()
            )
            raise UsageError(ctx.say("Which playbook?"), hint=ctx.say("There are: {titles}", titles=titles))
        seen = Progress(playbook=kind, library=ctx.library)
        ctx.reply(lambda say: shown(say, seen))
        return
    ctx.require(Right.WORK, incident)
    chosen = kind or ctx.library.playbooks.get(incident.playbook or incident.type)
    if chosen is None:
        raise NotFoundError(
            ctx.say("No playbook is proposed for #{number}.", number=incident.id),
            hint=ctx.say("Name one: playbook {number} TYPE", number=incident.id),
        )
    if incident.state not in LIVING:
        raise over(ctx, incident)
    had_one = bool(incident.playbook)
    is_new = await incidents.attach_playbook(ctx.session, incident.id or 0, chosen.id)
    await ctx.session.refresh(incident)
    await lay_out(ctx, incident)
    card = await _checklist(ctx, incident, chosen)
    if not is_new:
        ctx.reply(card, incident)
        return
    en = chosen.title_en or chosen.title
    await ctx.log(incident, "playbook", "", title=chosen.title, title_en=en, id=chosen.id)
    await start_legal(ctx, incident)
    ctx.thread(incident, card, key=checklist_key(incident))
    await _show_crew(ctx, incident, had_one=had_one)
    await refresh(ctx, incident)


async def _show_crew(ctx: Context, incident: Incident, *, had_one: bool) -> None:
    """Post who does what below the first playbook; another one only changes that card."""
    if had_one:
        ctx.edit(crew_key(incident), await crew_card(ctx, incident), incident)
    else:
        ctx.thread(incident, await crew_card(ctx, incident), key=crew_key(incident))


@command(
    "step",
    area="work",
    right=Right.WORK,
    help="Tick, leave out, begin or hand over a playbook step",
    usage="step N K done [NOTE|LINK] · step N K skip REASON · step N K start · step N K hand @WHO",
    example="step 12 3 done 已截图",
    aliases=("步骤",),
    labels={
        "what": "Step number, and done, skip, start or hand",
        "who": "Who takes it over",
        "note": "Why it is left out",
    },
)
async def step(
    ctx: Context, incident: Incident, what: Marked, who: Assignee | None = None, note: str = ""
) -> None:
    """A step has one tick; the first one counts."""
    row, text = await _step(ctx, incident, what.number)
    if incident.state not in LIVING:
        raise over(ctx, incident)
    said = what.note or note
    if what.mark == "hand":
        if who is None:
            raise lacking(ctx, "step", incident, f"{what.number} hand", "who")
        able(ctx, who)
        await hand_over(ctx, incident, row, who)
    elif what.mark == "start":
        await _start(ctx, incident, row, text)
    else:
        if what.mark == "skip" and not said and not row.outcome:
            raise lacking(ctx, "step", incident, f"{what.number} skip", "note")
        await settle(ctx, incident, row, what.mark, said)
    await show(ctx, incident)
    ctx.confirm(
        lambda say: Card(
            title=outcome(say, row, what.mark),
            text="\n".join(filter(None, (said, kept(say, evidence_of(said, files=files_of(ctx)))))),
            tone=Tone.GOOD,
        ),
        incident,
    )


async def _step(ctx: Context, incident: Incident, number: int) -> tuple[Step, PlaybookStep]:
    """An incident's step by its number, with what the playbook says of it. One that its level does not ask for is added."""
    attached = ctx.library.playbooks.get(incident.playbook)
    if attached is None:
        raise ConflictError(
            ctx.say("No playbook is attached to #{number}.", number=incident.id),
            hint=ctx.say("Name one: playbook {number} TYPE", number=incident.id),
        )
    if not 1 <= number <= len(attached.steps):
        raise NotFoundError(
            ctx.say("There is no step {number}.", number=number),
            hint=ctx.say("Steps run from 1 to {n}.", n=len(attached.steps)),
        )
    await lay_out(ctx, incident)
    rows = await tasks.steps(ctx.session, incident.id or 0, attached.id)
    if number not in rows:
        await add(ctx, incident, attached, number)
        rows = await tasks.steps(ctx.session, incident.id or 0, attached.id)
    return rows[number], attached.steps[number - 1]


async def _start(ctx: Context, incident: Incident, row: Step, text: PlaybookStep) -> None:
    """What hung on a condition, or on another step, is to be done now."""
    if row.outcome or not await start(ctx, incident, row, text):
        raise ConflictError(
            ctx.say("Step {number} is not waiting.", number=row.number),
            hint=ctx.say("How far it has come: playbook {number}", number=incident.id),
        )
    await ctx.log(incident, "step_start", "", **said_of(ctx, row))


async def _unfold(ctx: Context, incident: Incident | None, kind: Playbook, part: str) -> None:
    lay_out = PARTS.get(part.casefold())
    if lay_out is None:
        raise UsageError(
            ctx.say("A playbook has no part “{part}”.", part=part),
            hint=ctx.say("There are: {titles}", titles=" · ".join(PARTS)),
        )
    rows = await tasks.steps(ctx.session, incident.id or 0, kind.id) if incident else {}
    seen = Progress(playbook=kind, library=ctx.library, incident=incident, rows=rows)
    ctx.reply(lambda say: lay_out(say, seen), incident)


@notice("playbooks.edited")
async def edited(ctx: Context) -> None:
    """Tell leads what was taken over, and the alerts rooms what could not be."""
    data = ctx.settings["notice"]["data"]
    problems, changed = data.get("problems", []), data.get("changed", {})
    if problems:
        ctx.out.append(Post(build=lambda say: _refused(say, problems), purpose="alerts"))
    if changed:
        titles = {f"types/{each.id}": each for each in ctx.library.playbooks.values()}
        ctx.out.append(Post(build=lambda say: _taken_over(say, changed, titles), purpose="leads"))


def _refused(say: Locale, problems: list[str]) -> Card:
    return Card(
        title=say("An edited playbook has a mistake; the old ones stay in force"),
        sections=(Section(lines=tuple(problems[:MOST_TOLD])),),
        tone=Tone.WARN,
        footer=say("Mend it and save: it is read again by itself."),
    )


def _taken_over(say: Locale, changed: Mapping[str, list[str]], titles: Mapping[str, Playbook]) -> Card:
    whole: Mapping[str, str] = {NEW: say("new"), GONE: say("taken away")}
    lines = [
        f"· {titles[name].name(say.language) + ' ' if name in titles else ''}{name}"
        + say(": {keys}", keys=say(", ").join(whole.get(key, key) for key in keys))
        for name, keys in changed.items()
    ]
    moved = any("steps" in keys for keys in changed.values())
    return Card(
        title=say("Playbooks were edited and are in force now"),
        sections=(Section(lines=tuple(lines[:MOST_TOLD])),),
        footer=say(
            "Steps have changed: ticks of incidents that are on keep their numbers, so look at them again."
        )
        if moved
        else "",
    )


async def _checklist(ctx: Context, incident: Incident, attached: Playbook) -> CardBuilder:
    rows = await tasks.steps(ctx.session, incident.id or 0, attached.id)
    seen = Progress(playbook=attached, library=ctx.library, incident=incident, rows=rows)
    return lambda say: checklist(say, seen)
