"""Playbooks in chat: show one, attach one to an incident, tick its steps."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from handlers.kit.arguments import Outcome
from handlers.kit.cards import Button, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.incident_card import refresh
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from playbooks.library import Library
from playbooks.schema import Playbook
from playbooks.schema import Step as PlaybookStep
from storage import incidents
from storage.models import Incident, Step

BUTTONS = 4
"""Steps that can be ticked by a tap: the next ones."""
LABEL_WIDTH = 20
"""Columns of a button's words: ten Chinese characters."""


@command(
    "playbook",
    area="work",
    right=Right.LOOK,
    help="Show a playbook, or attach it to an incident",
    usage="playbook TYPE · playbook N [TYPE]",
    example="playbook 12 user_complaint",
    aliases=("预案",),
    labels={"kind": "Type"},
)
async def playbook(ctx: Context, incident: Incident | None = None, kind: Playbook | None = None) -> None:
    """Without an incident it is shown; with one it is attached, once, and posted in the thread."""
    if incident is None:
        if kind is None:
            titles = " · ".join(
                f"{each.id} {each.name(ctx.language)}" for each in ctx.library.playbooks.values()
            )
            raise UsageError(ctx.say("Which playbook?"), hint=ctx.say("There are: {titles}", titles=titles))
        ctx.reply(lambda say: _shown(say, kind, ctx.library))
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


def _key(incident: Incident, attached: Playbook) -> str:
    return f"playbook:{incident.id}:{attached.id}"


async def _checklist(ctx: Context, incident: Incident, attached: Playbook) -> CardBuilder:
    marks = await incidents.steps(ctx.session, incident.id or 0, attached.id)
    library = ctx.library
    return lambda say: _checklist_card(say, incident, attached, marks, library)


def _checklist_card(
    say: Locale, incident: Incident, attached: Playbook, marks: Mapping[int, Step], library: Library
) -> Card:
    lines = tuple(
        _line(say, number, each, marks.get(number), incident.opened_at, library)
        for number, each in enumerate(attached.steps, 1)
    )
    left = [number for number in range(1, len(attached.steps) + 1) if number not in marks]
    return Card(
        title=say(
            "#{number} playbook: {title} {done}/{all}",
            number=incident.id,
            title=attached.name(say.language),
            done=len(marks),
            all=len(attached.steps),
        ),
        tone=Tone.PLAIN if left else Tone.GOOD,
        sections=(
            Section(lines=lines),
            *(
                (Section(title=say("Do not"), lines=tuple(f"✗ {each}" for each in attached.dont[:3])),)
                if attached.dont
                else ()
            ),
        ),
        buttons=tuple(
            Button(
                label=f"✓ {number} {_short(attached.steps[number - 1].text(say.language))}",
                action="playbook.step",
                value=f"{incident.id} {number} done",
            )
            for number in left[:BUTTONS]
        ),
        footer=say("To leave one out: step {number} {step} skip REASON", number=incident.id, step=left[0])
        if left
        else "",
    )


def _line(
    say: Locale, number: int, each: PlaybookStep, mark: Step | None, opened_at: datetime, library: Library
) -> str:
    text = each.text(say.language)
    if mark:
        sign = "✅" if mark.outcome == "done" else "➖"
        return f"{sign} {number}. {_short(text)} · {mark.by} {say.clock(mark.at)}" + (
            f" · {mark.note}" if mark.note else ""
        )
    parts = [f"☐ {number}. {text}"]
    if each.role:
        role = library.roles.get(each.role)
        parts.append(role.name(say.language) if role else each.role)
    if each.due is not None:
        parts.append(say("by {time}", time=say.clock(opened_at + each.due)))
    return " · ".join(parts)


def _short(text: str) -> str:
    """A step's first words, as far as a button holds them: enough where the step stands whole, or is done."""
    first = re.split(r"[：，、:,;；]", text, maxsplit=1)[0]
    room = (
        LABEL_WIDTH // 2 if any(unicodedata.east_asian_width(char) in "WF" for char in first) else LABEL_WIDTH
    )
    return cut(first, room)


def _shown(say: Locale, shown: Playbook, library: Library) -> Card:
    steps = []
    for number, each in enumerate(shown.steps, 1):
        role = library.roles.get(each.role)
        due = say("within {span}", span=say.span(each.due)) if each.due is not None else ""
        parts = (each.text(say.language), role.name(say.language) if role else each.role, due)
        steps.append(f"{number}. " + " · ".join(part for part in parts if part))
    return Card(
        title=say("Playbook: {title}", title=shown.name(say.language)),
        text=shown.summary,
        sections=(
            Section(title=say("Steps"), lines=tuple(steps)),
            *(
                Section(title=title, lines=tuple(f"{sign} {each}" for each in lines))
                for title, sign, lines in (
                    (say("Do"), "✓", shown.do),
                    (say("Do not"), "✗", shown.dont),
                    (say("Close when"), "·", shown.close),
                )
                if lines
            ),
        ),
        footer=say(
            "Version {version} · review by {date}", version=shown.version, date=shown.review_by.isoformat()
        ),
    )
