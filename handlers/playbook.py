"""Playbooks in chat: show one, attach one to an incident, tick its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.kit.arguments import Outcome
from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import CardBuilder, Context, Post
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.incident_card import refresh
from handlers.kit.locale import Locale
from handlers.kit.playbook_card import Progress, all_steps, checklist, rules, shown
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from playbooks.library import GONE, NEW
from playbooks.schema import Playbook
from storage import incidents
from storage.models import Incident, Step

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
    labels={"kind": "Type"},
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
        seen = Progress(playbook=kind, library=ctx.library, marks={})
        ctx.reply(lambda say: shown(say, seen))
        return
    ctx.require(Right.WORK, incident)
    chosen = kind or ctx.library.playbooks.get(incident.playbook or incident.type)
    if chosen is None:
        raise NotFoundError(
            ctx.say("No playbook is proposed for #{number}.", number=incident.id),
            hint=ctx.say("Name one: playbook {number} TYPE", number=incident.id),
        )
    if await incidents.attach_playbook(ctx.session, incident.id or 0, chosen.id):
        await ctx.session.refresh(incident)
        await ctx.log(
            incident,
            "playbook",
            "",
            title=chosen.title,
            title_en=chosen.title_en or chosen.title,
            id=chosen.id,
        )
        ctx.thread(incident, await _checklist(ctx, incident, chosen), key=_key(incident, chosen))
        await refresh(ctx, incident)
    else:
        ctx.reply(await _checklist(ctx, incident, chosen), incident)


@command(
    "step",
    area="work",
    right=Right.WORK,
    help="Tick or skip a playbook step",
    usage="step N K done|skip [NOTE]",
    example="step 12 3 done 已截图",
    aliases=("步骤",),
    labels={"number": "Step number", "outcome": "done, or skip"},
)
async def step(ctx: Context, incident: Incident, number: int, outcome: Outcome, note: str = "") -> None:
    """A step has one tick; the first one counts."""
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
    mark = Step(
        incident_id=incident.id or 0,
        playbook=attached.id,
        number=number,
        outcome=outcome,
        by=ctx.by.name,
        at=ctx.now,
        note=note,
    )
    if not await incidents.tick(ctx.session, mark):
        held = (await incidents.steps(ctx.session, incident.id or 0, attached.id))[number]
        raise ConflictError(
            ctx.say(
                "{by} marked step {number} at {time} already.",
                by=held.by,
                number=number,
                time=ctx.say.clock(held.at),
            ),
            hint=ctx.say(
                "A mark stays. What changed since belongs in the log: log {number} TEXT", number=incident.id
            ),
        )
    text = attached.steps[number - 1]
    await ctx.log(
        incident,
        f"step_{outcome}",
        note,
        number=number,
        title=text.text("zh"),
        title_en=text.text("en"),
        playbook=attached.id,
    )
    ctx.edit(_key(incident, attached), await _checklist(ctx, incident, attached), incident)
    await refresh(ctx, incident)
    ctx.confirm(
        lambda say: Card(
            title=say("#{incident}: step {number} is marked.", number=number, incident=incident.id),
            tone=Tone.GOOD,
        ),
        incident,
    )


async def _unfold(ctx: Context, incident: Incident | None, kind: Playbook, part: str) -> None:
    lay_out = PARTS.get(part.casefold())
    if lay_out is None:
        raise UsageError(
            ctx.say("A playbook has no part “{part}”.", part=part),
            hint=ctx.say("There are: {titles}", titles=" · ".join(PARTS)),
        )
    marks = await incidents.steps(ctx.session, incident.id or 0, kind.id) if incident else {}
    seen = Progress(playbook=kind, library=ctx.library, incident=incident, marks=marks)
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


def _key(incident: Incident, attached: Playbook) -> str:
    return f"playbook:{incident.id}:{attached.id}"


async def _checklist(ctx: Context, incident: Incident, attached: Playbook) -> CardBuilder:
    marks = await incidents.steps(ctx.session, incident.id or 0, attached.id)
    seen = Progress(playbook=attached, library=ctx.library, incident=incident, marks=marks)
    return lambda say: checklist(say, seen)
