"""The living checklist of an incident: what is next in full, the rest in short, a tap for each next step."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from handlers.kit.cards import Button, Card, Section, Tone, cut
from handlers.kit.locale import Locale, Texts
from handlers.shared.playbook_card import (
    PHASES,
    Progress,
    folded,
    legal_clocks,
    section,
    stale,
    step_lines,
    time_of,
    warnings,
    when_needed,
)
from playbooks.library import Library
from playbooks.schema import Phase
from storage.models import Incident, Step

NEXT = 4
"""Steps that are shown in full and can be ticked by a tap: the next ones."""
LABEL_WIDTH = 20
"""Columns of a button's words: ten Chinese characters."""
SHORT = 40
"""Characters of a step that is not due yet."""
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


def checklist_key(incident: Incident) -> str:
    """The key of an incident's checklist."""
    return f"playbook:{incident.id}:{incident.playbook}"


def checklist(say: Locale, seen: Progress) -> Card:
    """Lay a checklist out."""
    assert seen.incident is not None
    left = seen.left()
    coming = sorted(left[:NEXT])
    done, needed = seen.counts
    sections = [
        section("", [stale(say, seen.playbook)]),
        section(say("Next"), [line for number in coming for line in step_lines(say, seen, number, "☐ ")]),
        *(_phase(say, seen, phase, leave_out=coming) for phase in Phase),
        warnings(say, seen.playbook),
        legal_clocks(say, seen),
    ]
    return Card(
        title=say(
            "#{number} playbook: {title} {done}/{all}",
            number=seen.incident.id,
            title=seen.playbook.name(say.language),
            done=done,
            all=needed,
        ),
        tone=Tone.PLAIN if left else Tone.GOOD,
        sections=tuple(each for each in sections if each.lines),
        buttons=(*_taps(say, seen, coming), *(folded(say, seen, "all", "rules") if left else ())),
        footer=say(
            "To leave one out: step {number} {step} skip REASON", number=seen.incident.id, step=coming[0]
        )
        if left
        else "",
    )


def _phase(say: Locale, seen: Progress, phase: Phase, *, leave_out: Iterable[int]) -> Section:
    """A phase of a checklist: what is done and what comes later; one line if all of it is done."""
    numbers = [number for number, step in enumerate(seen.playbook.steps, 1) if step.phase is phase]
    lines = [
        _marked(say, seen, number) if number in seen.marks else _later(say, seen, number)
        for number in numbers
        if number not in leave_out
    ]
    done = sum(number in seen.marks for number in numbers)
    title = f"{say(PHASES[phase])} {done}/{len(numbers)}"
    return Section(title=title, lines=tuple(lines)) if lines else Section()


def _marked(say: Locale, seen: Progress, number: int) -> str:
    mark = seen.marks[number]
    sign = "✅" if mark.outcome == "done" else "➖"
    text = brief(seen.step(number).text(say.language))
    when = say.clock(mark.at) if mark.at else ""
    return " · ".join(filter(None, (f"{sign} {number}. {text}", f"{mark.by} {when}", mark.note)))


def _later(say: Locale, seen: Progress, number: int) -> str:
    step = seen.step(number)
    text = f"☐ {number}. {cut(step.text(say.language), SHORT)}"
    return " · ".join(filter(None, (text, when_needed(say, seen, step), time_of(say, seen, number))))


def _taps(say: Locale, seen: Progress, coming: Iterable[int]) -> Iterator[Button]:
    """A tick for each next step; what hangs on a condition is begun first, or left out since it does not hold."""
    assert seen.incident is not None
    for number in coming:
        value, words = f"{seen.incident.id} {number}", brief(seen.step(number).text(say.language))
        if not seen.asks(number):
            yield Button(label=f"✓ {number} {words}", action="playbook.step", value=f"{value} done")
            continue
        yield Button(
            label=say("{step}: applies", step=f"{number} {words}"),
            action="playbook.step",
            value=f"{value} start",
        )
        reason = say("does not apply")
        yield Button(label=f"{number} {reason}", action="playbook.step", value=f"{value} skip {reason}")
    for number in coming:
        verb, _, words = seen.step(number).run.partition(" ")
        if verb in FEATURES:
            yield Button(
                label=say(RUNS[verb]), action=FEATURES[verb], value=f"{seen.incident.id} {words}".strip()
            )


def title_of(say: Locale, library: Library, row: Step) -> str:
    """A piece of work in a few words: a step in the reader's language, as the playbook has it; a task as it was given."""
    playbook = library.playbooks.get(row.playbook)
    if playbook is None or row.number > len(playbook.steps):
        return cut(row.title, SHORT)
    return brief(playbook.steps[row.number - 1].text(say.language))


def brief(text: str) -> str:
    """A step's first words, as far as a button holds them: enough where the step stands whole, or is done."""
    first = re.split(r"[：，、:,;；]", text, maxsplit=1)[0]
    wide = any(unicodedata.east_asian_width(char) in "WF" for char in first)
    return cut(first, LABEL_WIDTH // 2 if wide else LABEL_WIDTH)
