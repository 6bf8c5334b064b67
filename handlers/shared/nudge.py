"""The card that tells of what is overdue, and who is called by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.kit.cards import Button, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder
from handlers.kit.locale import Locale, Texts
from handlers.shared.duties import overdue, remedy, worded
from handlers.shared.incident_card import tag
from handlers.shared.ladder import Call
from handlers.shared.legal import KIND, legal_lines
from playbooks.checking import read_duration, spelled
from playbooks.clocks import Tell
from playbooks.levels import Level
from playbooks.library import Library
from storage.models import Deadline, Incident

WORK = frozenset({"step", "task"})
"""Kinds of which a dozen may be overdue at once: those that call the same people share a message."""
TICKS = 4
"""Pieces of work that such a message has a button for; the checklist has the others."""
LABEL = 8
SNOOZES = 4
"""The button puts off by this part of the longest time that the level allows."""
ROLES: Texts = {
    Tell.OWNER: "{names}",
    Tell.DEPUTY: "{names}, as deputy",
    Tell.LEAD: "{names}, who leads",
    Tell.ROTA: "{names}, next on call",
}
"""Who is told, and why it is they."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """Something of which somebody is told now. `following`, `at`: who is told next and when, if anybody is."""

    due: Deadline
    call: Call
    following: Call | None = None
    at: datetime | None = None


def folded(nudges: Sequence[Nudge]) -> list[list[Nudge]]:
    """The nudges, message by message."""
    found: dict[object, list[Nudge]] = {}
    for each in nudges:
        key = (each.call.people, each.at) if each.due.kind in WORK else each.due.id
        found.setdefault(key, []).append(each)
    return list(found.values())


def nudge_card(incident: Incident, nudges: Sequence[Nudge], library: Library) -> CardBuilder:
    """The builder of one message."""
    first = nudges[0]

    def build(say: Locale) -> Card:
        return Card(
            title=_title(say, incident, nudges),
            text=cut(incident.title),
            sections=tuple(each for each in (_section(say, library, nudges),) if each.lines),
            tone=Tone.WARN,
            buttons=_buttons(say, incident, first, library)
            if len(nudges) == 1
            else _ticks(say, incident, nudges),
            notify=first.call.people,
            footer=_footer(say, first),
        )

    return build


def _title(say: Locale, incident: Incident, nudges: Sequence[Nudge]) -> str:
    if len(nudges) > 1:
        return say("{incident} · {n} steps and tasks are overdue", incident=tag(say, incident), n=len(nudges))
    due = nudges[0].due
    return say(
        "{incident} · {what}, due {time}",
        incident=tag(say, incident),
        what=overdue(say, due.kind, due.what),
        time=say.clock(due.due_at),
    )


def _section(say: Locale, library: Library, nudges: Sequence[Nudge]) -> Section:
    if len(nudges) > 1:
        lines = tuple(
            say("· {what}, due {time}", what=worded(say, each.due.what), time=say.clock(each.due.due_at))
            for each in nudges
        )
        return Section(lines=lines)
    due, call = nudges[0].due, nudges[0].call
    if due.kind != KIND:
        return Section()
    lines = legal_lines(say, library, due)
    # Who is told later finds the rest in the thread; that it is no advice is said each time.
    return Section(lines=lines if call.rung == 1 else lines[-1:])


def _footer(say: Locale, nudge: Nudge) -> str:
    """Who is told now and, unless it is done by then, next."""
    call, following = nudge.call, nudge.following
    now = (
        say("Told: {who}", who=say(ROLES[call.tell], names=say(", ").join(call.people)))
        if call.people
        else say("Nobody is on the list to be told.")
    )
    if following is None or nudge.at is None:
        return now
    coming = say(ROLES[following.tell], names=say(", ").join(following.people))
    return f"{now} · {say('unless it is done, {time}: {who}', time=say.clock(nudge.at), who=coming)}"


def _buttons(say: Locale, incident: Incident, nudge: Nudge, library: Library) -> tuple[Button, ...]:
    """What is due; stepping in, for those who are told instead of the commander; and some more time, for whoever has it."""
    due = nudge.due
    if not incident.owner:
        # Nobody can begin before somebody has taken command.
        claim = Button(label=say("Claim"), action="incident.claim", value=str(incident.id))
        return (claim if due.kind == "assemble" else remedy(say, due),)
    found = [remedy(say, due)]
    if nudge.call.rung > 1 and not due.to:
        found.append(Button(label=say("I take over"), action="rota.takeover", value=str(incident.id)))
    most = library.levels[Level(incident.level)].update_every
    length = spelled(max(most / SNOOZES, timedelta(seconds=1)))
    later = say("Put off {length}", length=say.span(read_duration(length)))
    return (
        *found,
        # Several of one kind may be due, each somebody else's: the button puts off this one.
        Button(label=later, action="clock.snooze", value=f"{incident.id} {length} {due.kind} {due.id}"),
    )


def _ticks(say: Locale, incident: Incident, nudges: Sequence[Nudge]) -> tuple[Button, ...]:
    """A tick for each of the first, and the checklist."""
    taps = [(each.due, remedy(say, each.due)) for each in nudges[:TICKS]]
    ticks = tuple(
        Button(label=f"✓ {cut(worded(say, due.what), LABEL)}", action=tap.action, value=tap.value)
        for due, tap in taps
    )
    plan = Button(label=say("See playbook"), action="playbook.playbook", value=str(incident.id))
    return (*ticks, plan) if incident.playbook else ticks
