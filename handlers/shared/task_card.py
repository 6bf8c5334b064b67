"""The living card of a free task."""

from __future__ import annotations

from handlers.kit.cards import Button, Card, Tone
from handlers.kit.context import CardBuilder
from handlers.kit.locale import Locale
from handlers.shared.steps import done_button
from storage.models import Step


def task_key(incident_id: int, number: int) -> str:
    """The key of a task's card."""
    return f"task:{incident_id}:{number}"


def task_card(row: Step, *, notify: str = "") -> CardBuilder:
    """The builder of a task's card. `notify`: who is called, by roster name."""

    def build(say: Locale) -> Card:
        due = say("by {time}", time=say.clock(row.due_at)) if row.due_at else ""
        ended = f"{row.by} {say.clock(row.at)}" if row.at else ""
        # What is done gets its mark from the tone.
        sign = "➖ " if row.outcome == "skip" else ""
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
