"""Look for what would load and still let a team down: out of date, nobody responsible, ambiguous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel

from playbooks.levels import Level
from playbooks.matching import Matcher, plain
from playbooks.reading import Loc, Problem
from playbooks.scenarios import Scenario
from playbooks.schema import Playbook
from playbooks.shelf import Loaded, Shelf, fill
from playbooks.templates import Template
from playbooks.texts import Line

MIN_ALARMING = 3
"""Comments of a scenario's first inject that must match its playbook, or the drill may start without an alarm."""

YEAR = timedelta(days=365)
"""How old a look at the source of a legal deadline may get before the playbook's next review."""


def lint(folder: Path | None, today: date) -> list[Problem]:
    """Check the bundled files and, over them, a team's own: every error, and warnings where there are none.

    Args:
        folder: the team's files, or one playbook; None for the bundled ones alone.
        today: the day against which `review_by` is held.
    """
    shelf = fill(folder)
    found = list(shelf.problems) or list(_warnings(shelf, today))
    return sorted(found, key=lambda problem: (str(problem.path), problem.line))


def _warnings(shelf: Shelf, today: date) -> Iterator[Problem]:
    for playbook in shelf.playbooks.values():
        if playbook.value.review_by < today:
            message = f"was to be read through again by {playbook.value.review_by}"
            yield _warning(playbook, ("review_by",), message, "read it, then set a new day")
        yield from _steps(playbook)
        yield from _left_out(playbook)
        yield from _chinese_only(playbook, (), playbook.value)
    for template in shelf.templates.values():
        yield from _untranslated(template)
        if not template.value.text_en:
            yield _warning(template, (), "has no English text", 'add "text_en: ..."')
    matcher = Matcher(loaded.value for loaded in shelf.playbooks.values())
    for scenario in shelf.scenarios.values():
        yield from _untranslated(scenario)
        yield from _alarm(scenario, matcher)
    yield from _shared_signals(shelf)


def _steps(playbook: Loaded[Playbook]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    latest: dict[object, timedelta] = {}
    for index, step in enumerate(playbook.value.steps):
        where: Loc = ("steps", index)
        if not step.role:
            yield _warning(playbook, where, f"step {index + 1} has nobody to do it", 'add "role: ..."')
        if step.due is None:
            yield _warning(playbook, where, f"step {index + 1} has no time", 'add "due: 30m"')
        elif step.track and step.due < latest.get((step.phase, step.track), step.due):
            message = f"step {index + 1} is due before the {step.track} step above it"
            yield _warning(playbook, (*where, "due"), message, "steps of one track follow each other")
        latest[step.phase, step.track] = step.due or timedelta()
        number = first.setdefault(plain(step.do), index + 1)
        if number != index + 1:
            yield _warning(
                playbook, where, f"step {index + 1} says the same as step {number}", "delete one of them"
            )


def _left_out(playbook: Loaded[Playbook]) -> Iterator[Problem]:
    """What may be left out and is missed when it matters."""
    if missing := [level for level in Level if level not in playbook.value.levels]:
        message = f"does not say when it is {', '.join(missing)}"
        yield _warning(
            playbook, ("levels",), message, 'add "levels: {red: {enter: [...], exit: [...]}, ...}"'
        )
    for key in ("triage", "evidence", "do", "dont", "recovery", "drill_prompt"):
        if not getattr(playbook.value, key):
            yield _warning(playbook, (), f"has no {key}", f'add "{key}: ..."')
    for index, clock in enumerate(playbook.value.legal_clocks):
        if clock.checked_on < playbook.value.review_by - YEAR:
            message = f"was last held against its source on {clock.checked_on}"
            hint = "have the lawyers check it, then set a new day"
            yield _warning(playbook, ("legal_clocks", index, "checked_on"), message, hint)


def _chinese_only(playbook: Loaded[Playbook], loc: Loc, part: object) -> Iterator[Problem]:
    """Texts without the English beside them, which English rooms will not be shown."""
    if isinstance(part, Line) and not part.en:
        yield _warning(playbook, loc, f'"{part.zh[:12]}" has no English', 'write "- 中文: English"')
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            english = getattr(part, f"{name}_en", None)
            if english == "" and getattr(part, name):
                yield _warning(
                    playbook, (*loc, name), f"{_spot(loc)}{name} has no English", f'add "{name}_en: ..."'
                )
            yield from _chinese_only(playbook, (*loc, name), getattr(part, name))
    elif isinstance(part, (tuple, Mapping)):
        items = part.items() if isinstance(part, Mapping) else enumerate(part)
        for key, each in items:
            yield from _chinese_only(playbook, (*loc, key), each)


def _spot(loc: Loc) -> str:
    """Which item of which list, for the reader of a message."""
    return "".join(f"{part + 1} " if isinstance(part, int) else f"{part} " for part in loc)


def _untranslated(loaded: Loaded[Template] | Loaded[Scenario]) -> Iterator[Problem]:
    if not loaded.value.title_en:
        yield _warning(loaded, ("title",), "has no English title", 'add "title_en: ..."')


def _shared_signals(shelf: Shelf) -> Iterator[Problem]:
    """A word that speaks for two playbooks speaks for neither."""
    first: dict[str, str] = {}
    for stem, playbook in shelf.playbooks.items():
        signals = playbook.value.signals
        for key, words in (
            ("any", signals.any),
            ("common", signals.common),
            ("severe", signals.severe),
            ("regex", signals.regex),
        ):
            for index, word in enumerate(words):
                owner = first.setdefault(plain(word), stem)
                if owner != stem:
                    message = f'"{word}" is a signal of {owner} too'
                    yield _warning(playbook, ("signals", key, index), message, "keep it where it fits best")


def _alarm(scenario: Loaded[Scenario], matcher: Matcher) -> Iterator[Problem]:
    wanted = scenario.value.crisis_type
    matches = [matcher.match(comment.text).playbook for comment in scenario.value.injects[0].comments]
    if matches.count(wanted) < MIN_ALARMING:
        message = f"only {matches.count(wanted)} comments of the first inject match {wanted}"
        yield _warning(scenario, ("injects", 0), message, f"{MIN_ALARMING} should, or no alarm may be raised")


def _warning(
    loaded: Loaded[Playbook] | Loaded[Template] | Loaded[Scenario], loc: Loc, message: str, hint: str
) -> Problem:
    return loaded.problem(loc, message, hint, "warning")
