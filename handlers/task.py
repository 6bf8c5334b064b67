"""Free tasks: what somebody is to do by when, besides the playbook."""

from __future__ import annotations

from handlers.kit.cards import Button, Card, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import NotFoundError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import lacking
from handlers.reading.errands import Assignee, Marked, Matter, Moment
from handlers.shared.crew import able
from handlers.shared.evidence import evidence_of, files_of, kept
from handlers.shared.incident_card import over, refresh
from handlers.shared.steps import done_button, give, hand_over, settle
from storage import tasks
from storage.models import LIVING, Incident, Step


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
    ctx.thread(incident, _card(row, notify=who.name if who.name != ctx.by.name else ""), key=_key(row))
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
    ctx.edit(_key(row), _card(row), incident)
    await refresh(ctx, incident)
    ctx.confirm(
        lambda say: Card(
            title=say("#{incident}: task {number} is marked.", incident=incident.id, number=row.number),
            text=kept(say, evidence_of(said, files=files_of(ctx))),
            tone=Tone.GOOD,
        ),
        incident,
    )


def _key(row: Step) -> str:
    return f"task:{row.incident_id}:{row.number}"


def _card(row: Step, *, notify: str = "") -> CardBuilder:
    def build(say: Locale) -> Card:
        due = say("by {time}", time=say.clock(row.due_at)) if row.due_at else ""
        ended = f"{row.by} {say.clock(row.at)}" if row.at else ""
        sign = {"done": "✅ ", "skip": "➖ "}.get(row.outcome, "")
        return Card(
            title=sign
            + say(
                "#{incident} task {number}: {text}",
                incident=row.incident_id,
                number=row.number,
                text=row.title,
            ),
            text=" · ".join(filter(None, (ended, row.note) if row.outcome else (row.person, due))),
            tone=Tone.GOOD if row.outcome == "done" else Tone.PLAIN,
            buttons=() if row.outcome else _buttons(say, row),
            notify=(notify,) if notify else (),
        )

    return build


def _buttons(say: Locale, row: Step) -> tuple[Button, ...]:
    value = f"{row.incident_id} {row.number}"
    return (
        done_button(say, row),
        Button(label=say("Hand over…"), action="task.task", value=f"{value} hand"),
        Button(label=say("Drop…"), action="task.task", value=f"{value} drop"),
    )
