"""Free tasks: what somebody is to do by when, besides the playbook."""

from __future__ import annotations

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import lacking
from handlers.reading.errands import Assignee, Marked, Matter, Moment
from handlers.shared.crew import able
from handlers.shared.evidence import evidence_of, files_of, kept
from handlers.shared.incident_card import over, refresh
from handlers.shared.steps import give, hand_over, outcome, settle
from handlers.shared.task_card import task_card, task_key
from storage import tasks
from storage.models import LIVING, Incident


@command(
    "task",
    area="work",
    right=Right.WORK,
    help="Give somebody a task, or say how one ended",
    usage="task N TEXT @WHO DUE · task N K done [NOTE|LINK] · task N K drop REASON · task N K hand @WHO",
    example="task 12 给顾客回电 @林悦 18:00",
    aliases=("任务",),
    labels={
        "text": "What is to be done",
        "who": "Who does it",
        "due": "By when",
        "note": "Why it is dropped",
    },
)
async def task(
    ctx: Context,
    incident: Incident,
    what: Marked | None = None,
    text: Matter | None = None,
    who: Assignee | None = None,
    due: Moment | None = None,
    note: str = "",
) -> None:
    """Given by words or a form; ended by its buttons or its number."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if what is not None:
        await _ended(ctx, incident, what, who, note)
        return
    wanting = [name for name, value in (("text", text), ("who", who), ("due", due)) if value is None]
    if text is None or who is None or due is None:
        raise lacking(ctx, "task", incident, _given(text, who), *wanting)
    able(ctx, who)
    row = await give(ctx, incident, text, who, due)
    await ctx.log(incident, "task", text, number=row.number, to=who.name, due=due.isoformat())
    ctx.thread(
        incident,
        task_card(row, notify=who.name if who.name != ctx.by.name else ""),
        key=task_key(row.incident_id, row.number),
    )
    await refresh(ctx, incident)


def _given(text: str | None, who: Assignee | None) -> str:
    """The words that are there, as a form hands them back."""
    return " ".join(filter(None, (text, f"@{who.name}" if who else "")))


async def _ended(ctx: Context, incident: Incident, what: Marked, who: Assignee | None, note: str) -> None:
    """A task is done, dropped, or somebody else's."""
    row = (await tasks.tasks(ctx.session, incident.id or 0)).get(what.number)
    if row is None:
        raise NotFoundError(
            ctx.say("#{incident} has no task {number}.", incident=incident.id, number=what.number),
            hint=ctx.say("What is still to do: list mine"),
        )
    said = what.note or note
    if what.mark == "hand":
        if who is None:
            raise lacking(ctx, "task", incident, f"{what.number} hand", "who")
        able(ctx, who)
        await hand_over(ctx, incident, row, who)
    else:
        if what.mark == "skip" and not said and not row.outcome:
            raise lacking(ctx, "task", incident, f"{what.number} drop", "note")
        await settle(ctx, incident, row, "skip" if what.mark == "skip" else "done", said)
    row = (await tasks.tasks(ctx.session, incident.id or 0))[what.number]
    ctx.edit(task_key(row.incident_id, row.number), task_card(row), incident)
    await refresh(ctx, incident)
    ctx.confirm(
        lambda say: Card(
            title=outcome(say, row, what.mark),
            text="\n".join(filter(None, (said, kept(say, evidence_of(said, files=files_of(ctx)))))),
            tone=Tone.GOOD,
        ),
        incident,
    )
