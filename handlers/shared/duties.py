"""What can be due: how it is named before its time and after, and the tap that does it.

A feature that sets deadlines of a new kind gives it a line in each of these tables. What is done is not here: a deadline is
deleted in the transaction that does what it asks for, so one that is still there is still owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handlers.kit.cards import Button, ButtonTone
from handlers.kit.locale import Locale, Texts
from storage.models import Deadline

AHEAD: Texts = {
    "claim": "claim by {time}",
    "assemble": "assemble by {time}",
    "holding": "first statement by {time}",
    "update": "next public update by {time}",
    "golden": "golden hours until {time}",
    "legal": "ask legal about {what}, which ends {time}",
    "brief": "next brief at {time}",
    "step": "{what} by {time}",
    "task": "{what} by {time}",
    "promise": "promised by {time}: {what}",
    "standing": "the text on {what} runs out at {time}",
    "approval": "approve {what} by {time}",
    "review_holding": "review {what} by {time}",
    "partner": "{what} to confirm by {time}",
    "expiry": "approval of {what} counts until {time}",
}
MISSED: Texts = {
    "claim": "unclaimed since {time}",
    "assemble": "assembly overdue since {time}",
    "holding": "first statement overdue since {time}",
    "update": "public update overdue since {time}",
    "golden": "golden hours over since {time}",
    "legal": "ask legal about {what}, which ended {time}",
    "brief": "brief due since {time}",
    "step": "{what} overdue since {time}",
    "task": "{what} overdue since {time}",
    "promise": "promised by {time} and not kept: {what}",
    "standing": "the text on {what} ran out at {time}",
    "approval": "{what} unapproved since {time}",
    "review_holding": "{what} unreviewed since {time}",
    "partner": "{what} has not confirmed since {time}",
    "expiry": "approval of {what} expired {time}",
}
OVERDUE: Texts = {
    "claim": "nobody has claimed it",
    "assemble": "the response has not begun",
    "holding": "no statement is approved",
    "update": "no public update is out",
    "golden": "the golden hours are over, and nothing has been said in public",
    "legal": "legal may have to be asked: {what}",
    "brief": "a brief is due",
    "step": "not done: {what}",
    "task": "not done: {what}",
    "promise": "a public promise is not kept: {what}",
    "standing": "the text on {what} has run out",
    "approval": "{what} of the statement waits for approval",
    "review_holding": "{what} was released by one lead and waits for its review",
    "partner": "the partner {what} has not confirmed the notice",
}
"""What is said when it is late. May speak of {what}, the deadline's own words."""
REMEDIES: Texts = {
    "claim": "Claim",
    "assemble": "Respond",
    "holding": "Draft statement",
    "update": "Draft statement",
    "golden": "Draft statement",
    "legal": "Told legal",
    "brief": "Write a brief",
    "step": "Done",
    "task": "Done",
    "promise": "Kept…",
    "standing": "Other channels",
    "approval": "Approve",
    "review_holding": "Approve",
    "partner": "Confirmed receipt",
}
"""The label of the button that does it."""
ACTIONS: Mapping[str, str] = {
    "claim": "incident.claim",
    "assemble": "incident.respond",
    "holding": "statement.draft",
    "update": "statement.draft",
    "golden": "statement.draft",
    "legal": "legal.legal",
    "brief": "brief.brief",
    "step": "playbook.step",
    "task": "task.task",
    "promise": "promise.promise",
    "standing": "release.copy",
    "approval": "statement.approve",
    "review_holding": "statement.approve",
    "partner": "partner.partner",
}
VALUES: Mapping[str, str] = {
    "step": "{ref} done",
    "task": "{ref} done",
    "promise": "{ref} kept",
    "legal": "{ref}",
    "approval": "v{ref}",
    "review_holding": "v{ref}",
    "partner": "{ref} done",
}
"""What that button says behind the incident's number, with {ref} for the deadline's own; nothing, if it is not here."""
BETWEEN = "\x1f"
"""Stands between the Chinese and the English words of a deadline that has both: the unit separator, which nobody types."""
AUTOMATIC = frozenset({"brief", "expiry"})
"""What the bot does by itself when its time comes, so nobody owes it."""


def soonest(deadlines: Iterable[Deadline]) -> list[Deadline]:
    """Of each kind the one that is due first, in order: a dozen steps would push everything else off a card."""
    first: dict[str, Deadline] = {}
    for each in deadlines:
        first.setdefault(each.kind, each)
    return list(first.values())


def clock(say: Locale, each: Deadline) -> str:
    """What is due when, or since when it is overdue."""
    # A reminder may be given ahead of time.
    is_late = each.is_late and each.due_at <= say.now
    return say(
        (MISSED if is_late else AHEAD)[each.kind], time=say.clock(each.due_at), what=worded(say, each.what)
    )


def overdue(say: Locale, kind: str, what: str = "") -> str:
    """What has not been done."""
    return say(OVERDUE.get(kind, kind), what=worded(say, what))


def both(zh: str, en: str) -> str:
    """Words that are known in both languages, as a deadline keeps them."""
    return f"{zh}{BETWEEN}{en}" if en else zh


def worded(say: Locale, what: str) -> str:
    """A deadline's own words in the reader's language."""
    zh, _, en = what.partition(BETWEEN)
    return say.either(zh, en)


def remedy(say: Locale, each: Deadline) -> Button:
    """The button that does what is due."""
    # What stands behind a blank says whose part of it this is (see `handlers.shared.asking`).
    behind = VALUES.get(each.kind, "").format(ref=each.ref.partition(" ")[0])
    return Button(
        label=say(REMEDIES[each.kind]),
        action=ACTIONS[each.kind],
        value=f"{each.incident_id} {behind}".strip(),
        tone=ButtonTone.PRIMARY,
    )
