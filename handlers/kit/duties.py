"""What can be due: how it is named before its time and after, and the tap that does it.

A feature that sets deadlines of a new kind gives it a line in each of these tables. What is done is not here: a deadline is
deleted in the transaction that does what it asks for, so one that is still there is still owed.
"""

from __future__ import annotations

from collections.abc import Mapping

from handlers.kit.cards import Button, ButtonTone
from handlers.kit.locale import Locale, Texts
from storage.models import Deadline

AHEAD: Texts = {"assemble": "assemble by {time}", "holding": "first statement by {time}"}
MISSED: Texts = {
    "assemble": "assembly overdue since {time}",
    "holding": "first statement overdue since {time}",
}
OVERDUE: Texts = {"assemble": "nobody has claimed it", "holding": "no statement is approved"}
"""What is said when it is late. May speak of {what}, the deadline's own words."""
REMEDIES: Texts = {"assemble": "Claim", "holding": "Draft statement"}
"""The label of the button that does it."""
ACTIONS: Mapping[str, str] = {"assemble": "incident.claim", "holding": "statement.draft"}
VALUES: Mapping[str, str] = {}
"""What that button says behind the incident's number, with {ref} for the deadline's own; nothing, if it is not here."""


def clock(say: Locale, each: Deadline) -> str:
    """What is due when, or since when it is overdue."""
    return say((MISSED if each.is_late else AHEAD)[each.kind], time=say.clock(each.due_at), what=each.what)


def overdue(say: Locale, kind: str, what: str = "") -> str:
    """What has not been done."""
    return say(OVERDUE.get(kind, kind), what=what)


def remedy(say: Locale, each: Deadline) -> Button:
    """The button that does what is due."""
    behind = VALUES.get(each.kind, "").format(ref=each.ref)
    return Button(
        label=say(REMEDIES[each.kind]),
        action=ACTIONS[each.kind],
        value=f"{each.incident_id} {behind}".strip(),
        tone=ButtonTone.PRIMARY,
    )
