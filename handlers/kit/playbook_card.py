"""Playbooks as cards: short enough for a phone, the next steps first, everything else one tap away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from handlers.kit.cards import Button, Card, Section, Tone, cut
from handlers.kit.locale import Locale, Texts
from playbooks.levels import Level
from playbooks.library import Library
from playbooks.schema import Phase, Playbook
from playbooks.schema import Step as PlaybookStep
from playbooks.texts import Line
from storage.models import Incident, Step

NEXT = 4
"""Steps that are shown in full and can be ticked by a tap: the next ones."""
LABEL_WIDTH = 20
"""Columns of a button's words: ten Chinese characters."""
SHORT = 40
"""Characters of a step that is not due yet."""
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
RUNS: Texts = {
    "draft": "Draft statement",
    "respond": "Respond",
    "recover": "Recover",
    "review": "Write the review",
}
"""Commands of steps that have a button of their own."""
FEATURES = {
    "draft": "statement.draft",
    "respond": "incident.respond",
    "recover": "incident.recover",
    "review": "review.review",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an incident has come with a playbook. Without an incident: the playbook by itself."""

    playbook: Playbook
    library: Library
    incident: Incident | None = None
    marks: Mapping[int, Step]

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

    def _due(self, number: int) -> float:
        due = self.step(number).due
        return due.total_seconds() if due is not None else float("inf")


def stale(say: Locale, playbook: Playbook) -> str:
    """A warning if the playbook should have been read through again; empty if not."""
    today: date = say.now.astimezone(say.zone).date()
    if not playbook.is_stale(today):
        return ""
    return say(
        "⚠ Not reviewed since {date}: check before you rely on it.", date=playbook.review_by.isoformat()
    )


def checklist(say: Locale, seen: Progress) -> Card:
    """The living checklist of an incident: what is next in full, the rest phase by phase in short."""
    assert seen.incident is not None
    left = seen.left()
    coming = sorted(left[:NEXT])
    sections = [
        _section("", [stale(say, seen.playbook)]),
        _section(say("Next"), [line for number in coming for line in _step(say, seen, number, "☐ ")]),
        *(_phase(say, seen, phase, leave_out=coming) for phase in Phase),
        _section(say("Do not"), _signed("✗", seen.playbook.dont[:WARNINGS], say)),
        _section(say("Clocks, to check with legal"), _clocks(say, seen)),
    ]
    return Card(
        title=say(
            "#{number} playbook: {title} {done}/{all}",
            number=seen.incident.id,
            title=seen.playbook.name(say.language),
            done=len(seen.marks),
            all=len(seen.playbook.steps),
        ),
        tone=Tone.PLAIN if left else Tone.GOOD,
        sections=tuple(section for section in sections if section.lines),
        buttons=(*_ticks(say, seen, coming), *(_folded(say, seen, "all", "rules") if left else ())),
        footer=say(
            "To leave one out: step {number} {step} skip REASON", number=seen.incident.id, step=coming[0]
        )
        if left
        else "",
    )


def shown(say: Locale, seen: Progress) -> Card:
    """A playbook to look at: what it is for, what to find out, and the first hour."""
    playbook = seen.playbook
    first = (Phase.ASSESS, Phase.CONTAIN)
    later = sum(step.phase not in first for step in playbook.steps)
    sections = [
        _section("", [stale(say, playbook)]),
        _section(say("Find out first"), _questions(say, playbook)),
        *(_section(say(PHASES[phase]), list(_steps(say, seen, phase))) for phase in first),
        _section("", [say("… and {n} more steps", n=later) if later else ""]),
        _section(say("Do not"), _signed("✗", playbook.dont[:WARNINGS], say)),
    ]
    return Card(
        title=say("Playbook: {title}", title=playbook.name(say.language)),
        text=playbook.about(say.language),
        sections=tuple(section for section in sections if section.lines),
        buttons=_folded(say, seen, "all", "rules"),
        footer=_footer(say, playbook),
    )


def all_steps(say: Locale, seen: Progress) -> Card:
    """Every step in full, phase by phase, with how to do it."""
    sections = [_section(say(PHASES[phase]), list(_steps(say, seen, phase, notes=True))) for phase in Phase]
    return Card(
        title=say("All steps: {title}", title=seen.playbook.name(say.language)),
        sections=tuple(section for section in sections if section.lines),
        buttons=_folded(say, seen, "rules"),
        footer=_footer(say, seen.playbook),
    )


def rules(say: Locale, seen: Progress) -> Card:
    """What stands beside the steps: levels, evidence, how to speak, legal clocks, and when it is over."""
    playbook, plan = seen.playbook, seen.playbook.statement
    sections = [
        _section(say("Levels"), list(_levels(say, playbook))),
        _section(say("Evidence first"), _signed("·", playbook.evidence, say)),
        _section(say("How to speak"), list(_stances(say, playbook))),
        _section(say("Must be said"), _signed("✓", plan.required, say)),
        _section(say("Must not be said"), _signed("✗", plan.forbidden, say)),
        _section(say("Do"), _signed("✓", playbook.do, say)),
        _section(say("Do not"), _signed("✗", playbook.dont, say)),
        _section(say("Clocks, to check with legal"), _clocks(say, seen)),
        _section(say("Belongs elsewhere"), list(_elsewhere(say, seen))),
        _section(say("Close when"), _signed("·", playbook.close, say)),
        _section(say("Afterwards"), _signed("·", playbook.recovery, say)),
        _section(say("To talk through"), [playbook.said("drill_prompt", say.language)]),
    ]
    return Card(
        title=say("Levels and wording: {title}", title=playbook.name(say.language)),
        sections=tuple(section for section in sections if section.lines),
        buttons=_folded(say, seen, "all"),
        footer=_footer(say, playbook),
    )


def _section(title: str, lines: Iterable[str]) -> Section:
    return Section(title=title, lines=tuple(line for line in lines if line))


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


def _phase(say: Locale, seen: Progress, phase: Phase, *, leave_out: Iterable[int]) -> Section:
    """A phase of a checklist: what is done and what comes later; one line if all of it is done."""
    numbers = [number for number, step in enumerate(seen.playbook.steps, 1) if step.phase is phase]
    lines = [
        line
        for number in numbers
        if number not in leave_out
        for line in ([_marked(say, seen, number)] if number in seen.marks else _later(say, seen, number))
    ]
    done = sum(number in seen.marks for number in numbers)
    title = f"{say(PHASES[phase])} {done}/{len(numbers)}"
    return Section(title=title, lines=tuple(lines)) if lines else Section()


def _marked(say: Locale, seen: Progress, number: int) -> str:
    mark = seen.marks[number]
    sign = "✅" if mark.outcome == "done" else "➖"
    text = brief(seen.step(number).text(say.language))
    return f"{sign} {number}. {text} · {mark.by} {say.clock(mark.at)}" + (
        f" · {mark.note}" if mark.note else ""
    )


def _later(say: Locale, seen: Progress, number: int) -> list[str]:
    step = seen.step(number)
    text = f"☐ {number}. {cut(step.text(say.language), SHORT)}"
    return [" · ".join(filter(None, (text, _when_needed(say, seen, step), _time(say, seen, step))))]


def _steps(say: Locale, seen: Progress, phase: Phase, *, notes: bool = False) -> Iterator[str]:
    for number, step in enumerate(seen.playbook.steps, 1):
        if step.phase is phase:
            sign = ("✅ " if number in seen.marks else "☐ ") if seen.incident else ""
            yield from _step(say, seen, number, sign, note=notes)


def _step(say: Locale, seen: Progress, number: int, sign: str, *, note: bool = True) -> Iterator[str]:
    """A step in full, and how to do it."""
    step = seen.step(number)
    text, case = step.text(say.language), step.said("when", say.language)
    if case:
        text = say("if {case}: {text}", case=case, text=text)
    role = seen.library.roles.get(step.role)
    first = seen.playbook.needed(step)
    parts = (
        f"{sign}{number}. {text}",
        role.name(say.language) if role else step.role,
        _time(say, seen, step),
        _when_needed(say, seen, step),
        say("after {step}", step=first) if first and first not in seen.marks else "",
        _command(seen, step),
    )
    yield " · ".join(filter(None, parts))
    if note and (remark := step.remark(say.language)):
        yield f"   {remark}"


def _command(seen: Progress, step: PlaybookStep) -> str:
    verb, _, words = step.run.partition(" ")
    number = str(seen.incident.id) if seen.incident else "N"
    return f"→ {' '.join(filter(None, (verb, number, words)))}" if verb else ""


def _time(say: Locale, seen: Progress, step: PlaybookStep) -> str:
    if step.due is None:
        return ""
    if seen.incident is None:
        return say("within {span}", span=say.span(step.due))
    return say("by {time}", time=say.clock(seen.incident.opened_at + step.due))


def _when_needed(say: Locale, seen: Progress, step: PlaybookStep) -> str:
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
    """What rules may ask for, for the lawyers to judge."""
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


def _ticks(say: Locale, seen: Progress, coming: Iterable[int]) -> Iterator[Button]:
    assert seen.incident is not None
    number = seen.incident.id
    for each in coming:
        label = f"✓ {each} {brief(seen.step(each).text(say.language))}"
        yield Button(label=label, action="playbook.step", value=f"{number} {each} done")
    for each in coming:
        verb, _, words = seen.step(each).run.partition(" ")
        if verb in FEATURES:
            yield Button(label=say(RUNS[verb]), action=FEATURES[verb], value=f"{number} {words}".strip())


def _folded(say: Locale, seen: Progress, *parts: str) -> tuple[Button, ...]:
    labels = {"all": say("All steps"), "rules": say("Levels and wording")}
    return tuple(
        Button(
            label=labels[part], action="playbook.playbook", value=f"{seen.number}{seen.playbook.id} {part}"
        )
        for part in parts
    )


def brief(text: str) -> str:
    """A step's first words, as far as a button holds them: enough where the step stands whole, or is done."""
    first = re.split(r"[：，、:,;；]", text, maxsplit=1)[0]
    wide = any(unicodedata.east_asian_width(char) in "WF" for char in first)
    return cut(first, LABEL_WIDTH // 2 if wide else LABEL_WIDTH)
