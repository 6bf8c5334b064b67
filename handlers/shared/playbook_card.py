"""Playbooks as cards: short enough for a phone, the next steps first, everything else one tap away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from handlers.kit.cards import Button, Card, Section
from handlers.kit.context import Context
from handlers.kit.locale import Locale, Texts
from playbooks.levels import Level
from playbooks.library import Library
from playbooks.schema import Phase, Playbook
from playbooks.schema import Step as PlaybookStep
from playbooks.texts import Line
from storage import tasks
from storage.models import Incident, Step

WARNINGS = 3

PHASES: Texts = {
    Phase.ASSESS: "Assess",
    Phase.CONTAIN: "Contain",
    Phase.RESPOND: "Response",
    Phase.RECOVER: "Recovery",
}
STANCES: Texts = {
    "inform": "Inform: say what to do and what happens next.",
    "deny": "Deny, with proof. Never together with an apology.",
    "diminish": "Explain the accident, and make it good. Never together with a denial.",
    "rebuild": "Take responsibility, apologise and repair. Never together with a denial.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an incident has come with a playbook. Without an incident: the playbook by itself.

    Args:
        rows: the steps that the incident has, by number; what its level does not ask for has none.
    """

    playbook: Playbook
    library: Library
    incident: Incident | None = None
    rows: Mapping[int, Step] = field(default_factory=dict)

    @property
    def marks(self) -> dict[int, Step]:
        """The steps that are done or left out, by number."""
        return {number: row for number, row in self.rows.items() if row.outcome}

    @property
    def counts(self) -> tuple[int, int]:
        """How many steps are settled, and how many there are at the incident's level."""
        needed = {number for number, step in enumerate(self.playbook.steps, 1) if self.is_needed(step)}
        return len(self.marks), len(needed | self.marks.keys())

    @property
    def number(self) -> str:
        """The incident's number, as words begin with it."""
        return f"{self.incident.id} " if self.incident else ""

    def is_needed(self, step: PlaybookStep) -> bool:
        """Tell whether the incident's level asks for a step."""
        return self.incident is None or step.is_for(Level(self.incident.level))

    def left(self) -> list[int]:
        """The steps that are still to do, by number, those that are due first at the front."""
        found = [
            number
            for number, step in enumerate(self.playbook.steps, 1)
            if number not in self.marks and self.is_needed(step)
        ]
        waiting = [number for number in found if self.playbook.needed(self.step(number)) in found]
        return sorted(found, key=lambda number: (number in waiting, self._due(number), number))

    def step(self, number: int) -> PlaybookStep:
        """A step by its number."""
        return self.playbook.steps[number - 1]

    def asks(self, number: int) -> bool:
        """Tell whether somebody has yet to say if a step's condition holds."""
        row = self.rows.get(number)
        return bool(self.step(number).when) and (row is None or row.started_at is None)

    def _due(self, number: int) -> float:
        due = self.step(number).due
        return due.total_seconds() if due is not None else float("inf")


async def progress_of(ctx: Context, incident: Incident) -> Progress | None:
    """How far an incident has come with its playbook, as things stand now; None if it has none."""
    playbook = ctx.library.playbooks.get(incident.playbook)
    if playbook is None:
        return None
    rows = await tasks.steps(ctx.session, incident.id or 0, playbook.id)
    return Progress(playbook=playbook, library=ctx.library, incident=incident, rows=rows)


def stale(say: Locale, playbook: Playbook) -> str:
    """A warning if the playbook should have been read through again; empty if not."""
    today: date = say.now.astimezone(say.zone).date()
    if not playbook.is_stale(today):
        return ""
    return say(
        "⚠ Not reviewed since {date}: check before you rely on it.", date=playbook.review_by.isoformat()
    )


def shown(say: Locale, seen: Progress) -> Card:
    """A playbook to look at: what it is for, what to find out, and the first hour."""
    playbook = seen.playbook
    first = (Phase.ASSESS, Phase.CONTAIN)
    later = sum(step.phase not in first for step in playbook.steps)
    sections = [
        section("", [stale(say, playbook)]),
        section(say("Find out first"), _questions(say, playbook)),
        *(section(say(PHASES[phase]), list(_steps(say, seen, phase))) for phase in first),
        section("", [say("… and {n} more steps", n=later) if later else ""]),
        warnings(say, playbook),
    ]
    return Card(
        title=say("Playbook: {title}", title=playbook.name(say.language)),
        text=playbook.about(say.language),
        sections=tuple(section for section in sections if section.lines),
        buttons=folded(say, seen, "all", "rules"),
        footer=_footer(say, playbook),
    )


def all_steps(say: Locale, seen: Progress) -> Card:
    """Every step in full, phase by phase, with how to do it."""
    sections = [section(say(PHASES[phase]), list(_steps(say, seen, phase, notes=True))) for phase in Phase]
    return Card(
        title=say("All steps: {title}", title=seen.playbook.name(say.language)),
        sections=tuple(section for section in sections if section.lines),
        buttons=folded(say, seen, "rules"),
        footer=_footer(say, seen.playbook),
    )


def rules(say: Locale, seen: Progress) -> Card:
    """What stands beside the steps: levels, evidence, how to speak, legal clocks, and when it is over."""
    playbook, plan = seen.playbook, seen.playbook.statement
    sections = [
        section(say("Levels"), list(_levels(say, playbook))),
        section(say("Evidence first"), _signed("·", playbook.evidence, say)),
        section(say("How to speak"), list(_stances(say, playbook))),
        section(say("Must be said"), _signed("✓", plan.required, say)),
        section(say("Must not be said"), _signed("✗", plan.forbidden, say)),
        section(say("Do"), _signed("✓", playbook.do, say)),
        section(say("Do not"), _signed("✗", playbook.dont, say)),
        legal_clocks(say, seen),
        section(say("Belongs elsewhere"), list(_elsewhere(say, seen))),
        section(say("Close when"), _signed("·", playbook.close, say)),
        section(say("Afterwards"), _signed("·", playbook.recovery, say)),
        section(say("To talk through"), [playbook.said("drill_prompt", say.language)]),
    ]
    return Card(
        title=say("Levels and wording: {title}", title=playbook.name(say.language)),
        sections=tuple(section for section in sections if section.lines),
        buttons=folded(say, seen, "all"),
        footer=_footer(say, playbook),
    )


def section(title: str, lines: Iterable[str]) -> Section:
    """Lines under a title, without the empty ones."""
    return Section(title=title, lines=tuple(line for line in lines if line))


def warnings(say: Locale, playbook: Playbook) -> Section:
    """What must not be done, the worst first."""
    return section(say("Do not"), _signed("✗", playbook.dont[:WARNINGS], say))


def legal_clocks(say: Locale, seen: Progress) -> Section:
    """What rules may ask for, for the lawyers to judge."""
    return section(say("Clocks, to check with legal"), _clocks(say, seen))


def _signed(sign: str, lines: Iterable[Line], say: Locale) -> list[str]:
    return [f"{sign} {text}" for line in lines if (text := line.text(say.language))]


def _footer(say: Locale, playbook: Playbook) -> str:
    return say(
        "Version {version} · review by {date}",
        version=playbook.version,
        date=playbook.review_by.isoformat(),
    )


def _questions(say: Locale, playbook: Playbook) -> list[str]:
    found = []
    for question in playbook.triage:
        text = question.said("ask", say.language)
        level = say("yes → {level}", level=question.yes.label(say.language)) if question.yes else ""
        found.append(f"? {text}" + (f" · {level}" if level else "") if text else "")
    return found


def _steps(say: Locale, seen: Progress, phase: Phase, *, notes: bool = False) -> Iterator[str]:
    for number, step in enumerate(seen.playbook.steps, 1):
        if step.phase is phase:
            sign = ("✅ " if number in seen.marks else "☐ ") if seen.incident else ""
            yield from step_lines(say, seen, number, sign, note=notes)


def step_lines(say: Locale, seen: Progress, number: int, sign: str, *, note: bool = True) -> Iterator[str]:
    """A step in full, and how to do it."""
    step = seen.step(number)
    text, case = step.text(say.language), step.said("when", say.language)
    if case:
        text = say("if {case}: {text}", case=case, text=text)
    first = seen.playbook.needed(step)
    parts = (
        f"{sign}{number}. {text}",
        _who(say, seen, number),
        time_of(say, seen, number),
        when_needed(say, seen, step),
        say("after {step}", step=first) if first and first not in seen.marks else "",
        _command(seen, step),
    )
    yield " · ".join(filter(None, parts))
    if note and (remark := step.remark(say.language)):
        yield f"   {remark}"


def _who(say: Locale, seen: Progress, number: int) -> str:
    """The role whose step it is, and who holds it."""
    step, row = seen.step(number), seen.rows.get(number)
    role = seen.library.roles.get(step.role)
    return " ".join(filter(None, (role.name(say.language) if role else step.role, row.person if row else "")))


def _command(seen: Progress, step: PlaybookStep) -> str:
    verb, _, words = step.run.partition(" ")
    number = str(seen.incident.id) if seen.incident else "N"
    return f"→ {' '.join(filter(None, (verb, number, words)))}" if verb else ""


def time_of(say: Locale, seen: Progress, number: int) -> str:
    """By when a step is to be done: as it is set, else as the playbook plans it."""
    due, row = seen.step(number).due, seen.rows.get(number)
    if row is not None and row.due_at is not None:
        return say("by {time}", time=say.clock(row.due_at))
    if due is None:
        return ""
    if seen.incident is None:
        return say("within {span}", span=say.span(due))
    return "" if seen.asks(number) else say("by {time}", time=say.clock(seen.incident.opened_at + due))


def when_needed(say: Locale, seen: Progress, step: PlaybookStep) -> str:
    """From which level up a step is needed, if it is not needed now."""
    if step.level is None or (seen.incident and seen.is_needed(step)):
        return ""
    return say("from {level} up", level=step.level.label(say.language))


def _levels(say: Locale, playbook: Playbook) -> Iterator[str]:
    for level in Level:
        bounds = playbook.levels.get(level)
        for sign, lines in (("↑", bounds.enter), ("↓", bounds.exit)) if bounds else ():
            if text := say("; ").join(filter(None, (line.text(say.language) for line in lines))):
                yield f"{level.dot} {sign} {text}"


def _stances(say: Locale, playbook: Playbook) -> Iterator[str]:
    yield say(STANCES[playbook.statement.strategy.value])
    for turn in playbook.statement.otherwise:
        if case := turn.said("case", say.language):
            yield say("if {case}: {text}", case=case, text=say(STANCES[turn.strategy.value]))


def _clocks(say: Locale, seen: Progress) -> Iterator[str]:
    for clock in seen.playbook.legal_clocks:
        texts = [clock.said(name, say.language) for name in ("rule", "when", "within", "to")]
        if clock.due is not None and seen.incident is not None:
            texts.append(say("by {time}", time=say.clock(seen.incident.opened_at + clock.due)))
        texts.append(say("checked {date}", date=clock.checked_on.isoformat()))
        if texts[0]:
            yield "⏱ " + " · ".join(filter(None, texts))


def _elsewhere(say: Locale, seen: Progress) -> Iterator[str]:
    for other in seen.playbook.out_of_scope:
        if case := other.said("case", say.language):
            to = seen.library.playbooks.get(other.goto)
            yield f"· {case}" + (f" → {to.name(say.language)} {to.id}" if to else "")


def folded(say: Locale, seen: Progress, *parts: str) -> tuple[Button, ...]:
    """The taps that unfold parts of a playbook."""
    labels = {"all": say("All steps"), "rules": say("Levels and wording")}
    return tuple(
        Button(
            label=labels[part], action="playbook.playbook", value=f"{seen.number}{seen.playbook.id} {part}"
        )
        for part in parts
    )
