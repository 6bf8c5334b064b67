"""The work of an incident: laid out as its playbook and level ask, begun, settled, handed over; its deadlines go along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers.kit.cards import Button, ButtonTone, Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale, Texts
from handlers.kit.team import Person
from handlers.reading.errands import Mark
from handlers.shared.checklist import brief, checklist, checklist_key, title_of
from handlers.shared.crew import COMMANDER, crew_card, crew_key, crew_of
from handlers.shared.duties import BETWEEN
from handlers.shared.evidence import evidence_of, fetch, files_of
from handlers.shared.incident_card import refresh
from handlers.shared.playbook_card import progress_of
from playbooks.levels import Level
from playbooks.schema import Playbook
from playbooks.schema import Step as PlaybookStep
from storage import deadlines, tasks
from storage.models import Incident, Step

FEATURES = {"step": "playbook.step", "task": "task.task"}
"""The command that settles a kind of work."""
STEP_OUTCOMES: Texts = {
    "done": "#{incident}: step {number} is done.",
    "skip": "#{incident}: step {number} is left out.",
    "start": "#{incident}: step {number} has begun.",
    "hand": "#{incident}: {person} has step {number} now.",
}
TASK_OUTCOMES: Texts = {
    "done": "#{incident}: task {number} is done.",
    "skip": "#{incident}: task {number} is dropped.",
    "hand": "#{incident}: {person} has task {number} now.",
}


async def lay_out(ctx: Context, incident: Incident) -> None:
    """Give an incident the steps that its playbook asks for at its level, and take open ones away that it does not.

    Does nothing where all is as it should be, so it may be called whenever playbook or level may have changed.
    """
    playbook = ctx.library.playbooks.get(incident.playbook)
    level = Level(incident.level)
    steps = enumerate(playbook.steps if playbook else (), 1)
    needed = {number: step for number, step in steps if step.is_for(level)}
    for row in await tasks.left(ctx.session, incident.id or 0):
        if not row.is_task and (row.playbook != incident.playbook or row.number not in needed):
            await tasks.forget(ctx.session, row)
            await deadlines.drop(ctx.session, row.incident_id, row.kind, ref=str(row.number))
    if playbook is not None:
        have = await tasks.steps(ctx.session, incident.id or 0, playbook.id)
        for number in needed.keys() - have.keys():
            await add(ctx, incident, playbook, number)
        await _begin(ctx, incident, playbook)


async def add(ctx: Context, incident: Incident, playbook: Playbook, number: int) -> None:
    """Make one step of a playbook an incident's work, with whoever holds its role."""
    step = playbook.steps[number - 1]
    role = step.role or COMMANDER
    row = Step(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        playbook=playbook.id,
        number=number,
        title=brief(step.text(ctx.team.language)),
        role=role,
        person=(await crew_of(ctx, incident)).get(role, ""),
    )
    await tasks.add(ctx.session, row)


async def _begin(ctx: Context, incident: Incident, playbook: Playbook) -> list[Step]:
    """Let all steps begin that wait for nothing; returns those that did."""
    rows = await tasks.steps(ctx.session, incident.id or 0, playbook.id)
    begun = []
    for number, row in rows.items():
        if row.outcome or row.started_at is not None or number > len(playbook.steps):
            continue
        step = playbook.steps[number - 1]
        first = rows.get(playbook.needed(step) or 0)
        if not step.when and (first is None or first.outcome):
            await start(ctx, incident, row, step)
            begun.append(row)
    return begun


async def start(ctx: Context, incident: Incident, row: Step, step: PlaybookStep) -> bool:
    """From now on a step can be done, and has its time; False if that is so already."""
    playbook = ctx.library.playbooks[row.playbook]
    first = playbook.needed(step)
    due = _due(incident, step, playbook.steps[first - 1] if first else None, ctx.now)
    if not await tasks.start(ctx.session, row, ctx.now, due):
        return False
    row.started_at, row.due_at = ctx.now, due
    if due is not None:
        await _owe(ctx, incident, row, due)
    return True


def _due(
    incident: Incident, step: PlaybookStep, first: PlaybookStep | None, now: datetime
) -> datetime | None:
    """When a step is due: as planned, from the incident's beginning; what could only begin later than that gets the time planned for it."""
    if step.due is None:
        return None
    planned = incident.opened_at + step.due
    if planned > now:
        return planned
    before = first.due if first is not None and first.due is not None else None
    return now + (step.due - before if before is not None and before < step.due else step.due)


async def _owe(ctx: Context, incident: Incident, row: Step, due: datetime) -> None:
    what = row.title
    if (playbook := ctx.library.playbooks.get(row.playbook)) and row.number <= len(playbook.steps):
        text = playbook.steps[row.number - 1].text
        what = f"{brief(text('zh'))}{BETWEEN}{brief(text('en'))}"
    await deadlines.put(ctx.session, incident, row.kind, due, ref=str(row.number), what=what, to=row.person)


async def give(ctx: Context, incident: Incident, title: str, who: Person, due: datetime) -> Step:
    """Give somebody a free task."""
    row = Step(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        playbook="",
        number=await tasks.next_number(ctx.session, incident.id or 0),
        title=title,
        person=who.name,
        started_at=ctx.now,
        due_at=due,
    )
    await tasks.add(ctx.session, row)
    await _owe(ctx, incident, row, due)
    return row


async def settle(ctx: Context, incident: Incident, row: Step, mark: Mark, note: str) -> None:
    """Tick a piece of work, once: the first one counts. What waited for it begins. Raises ConflictError."""
    if not await tasks.settle(ctx.session, row, mark, by=ctx.by.name, at=ctx.now, note=note):
        raise await _settled(ctx, incident, row)
    await deadlines.drop(ctx.session, row.incident_id, row.kind, ref=str(row.number))
    files = files_of(ctx)
    proof = evidence_of(note, files=files)
    entry = await ctx.log(incident, f"{row.kind}_{mark}", note, **said_of(ctx, row), **proof)
    fetch(ctx, incident, entry, files)
    playbook = ctx.library.playbooks.get(row.playbook)
    if playbook is not None:
        for freed in await _begin(ctx, incident, playbook):
            _call(ctx, incident, freed)


def said_of(ctx: Context, row: Step) -> dict[str, Any]:
    """What the timeline holds of a piece of work."""
    playbook = ctx.library.playbooks.get(row.playbook)
    if playbook is None or row.number > len(playbook.steps):
        return {"number": row.number, "title": row.title}
    step = playbook.steps[row.number - 1]
    return {
        "number": row.number,
        "title": step.text("zh"),
        "title_en": step.text("en"),
        "playbook": row.playbook,
    }


async def _settled(ctx: Context, incident: Incident, row: Step) -> ConflictError:
    held = (await tasks.steps(ctx.session, row.incident_id, row.playbook)).get(row.number, row)
    time = ctx.say.clock(held.at) if held.at else ""
    return ConflictError(
        ctx.say("{by} marked task {number} at {time} already.", by=held.by, number=row.number, time=time)
        if row.is_task
        else ctx.say(
            "{by} marked step {number} at {time} already.", by=held.by, number=row.number, time=time
        ),
        hint=ctx.say(
            "A mark stays. What changed since belongs in the log: log {number} TEXT", number=incident.id
        ),
    )


def _call(ctx: Context, incident: Incident, row: Step) -> None:
    """Tell whoever's turn it is now that what they waited for is done."""
    if not row.person or row.person == ctx.by.name:
        return
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "#{incident}: now step {number}, {title}",
                incident=incident.id,
                number=row.number,
                title=title_of(say, ctx.library, row),
            ),
            text=" · ".join(
                filter(None, (row.person, say("by {time}", time=say.clock(row.due_at)) if row.due_at else ""))
            ),
            buttons=(done_button(say, row),),
            notify=(row.person,),
        ),
    )


def outcome(say: Locale, row: Step, mark: Mark) -> str:
    """What has become of a piece of work."""
    values = {"incident": row.incident_id, "number": row.number, "person": row.person}
    return say(TASK_OUTCOMES[mark], **values) if row.is_task else say(STEP_OUTCOMES[mark], **values)


def done_button(say: Locale, row: Step, label: str = "") -> Button:
    """The tap that ticks a piece of work."""
    return Button(
        label=label or say("Done"),
        action=FEATURES[row.kind],
        value=f"{row.incident_id} {row.number} done",
        tone=ButtonTone.PRIMARY,
    )


async def hand_over(ctx: Context, incident: Incident, row: Step, who: Person) -> None:
    """Somebody else does it; both are told. Raises ConflictError."""
    if row.person == who.name:
        raise ConflictError(
            ctx.say("{name} has that already.", name=who.name),
            hint=ctx.say("Name somebody else with an @."),
        )
    if row.outcome or not await tasks.hand_over(ctx.session, row, who.name):
        raise await _settled(ctx, incident, row)
    await deadlines.hand_over(ctx.session, row.incident_id, row.kind, str(row.number), who.name)
    await ctx.log(incident, f"{row.kind}_hand", "", to=who.name, **said_of(ctx, row))
    old, row.person = row.person, who.name
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "{by} gave {to}: {title}", by=ctx.by.name, to=who.name, title=title_of(say, ctx.library, row)
            ),
            text=say("by {time}", time=say.clock(row.due_at)) if row.due_at else "",
            tone=Tone.PLAIN,
            buttons=(done_button(say, row),),
            notify=tuple(name for name in (who.name, old) if name and name != ctx.by.name),
        ),
    )


async def fill(ctx: Context, incident: Incident, role: str, old: str, new: str) -> None:
    """Move a role's open work from one holder to the next; nobody is an empty name. What was handed on by hand stays."""
    for row in await tasks.left(ctx.session, incident.id or 0):
        if row.role == role and row.person == old and await tasks.hand_over(ctx.session, row, new):
            await deadlines.hand_over(ctx.session, row.incident_id, row.kind, str(row.number), new)


async def move(ctx: Context, row: Step, incident: Incident) -> Step:
    """Make an open task another incident's, under its next number; its deadline goes along. Returns it as it is there."""
    number = await tasks.next_number(ctx.session, incident.id or 0)
    await tasks.move(ctx.session, row, incident.id or 0, number)
    return (await tasks.tasks(ctx.session, incident.id or 0))[number]


async def resume(ctx: Context, incident: Incident) -> None:
    """Let work that is still open be owed again once an incident is opened again; what was late by then is not called out anew."""
    await lay_out(ctx, incident)
    for row in await tasks.left(ctx.session, incident.id or 0):
        if row.due_at is not None and row.due_at > ctx.now:
            await _owe(ctx, incident, row, row.due_at)


async def show(ctx: Context, incident: Incident, *, now: bool = True) -> None:
    """Bring the cards up to date that tell of an incident's work."""
    if progress := await progress_of(ctx, incident):
        ctx.edit(checklist_key(incident), lambda say: checklist(say, progress), incident, now=now)
    await refresh(ctx, incident, now=now)


async def show_crew(ctx: Context, incident: Incident, *, now: bool = True) -> None:
    """The same where roles have changed hands, or others are needed."""
    await show(ctx, incident, now=now)
    ctx.edit(crew_key(incident), await crew_card(ctx, incident), incident, now=now)
