"""What a playbook says: how to know this kind of crisis, and what to do about it, by whom, by when.

Texts are Chinese; English stands beside them, as `do_en` beside `do`, and in lists as `中文: English`. What has no English
is not shown in English rooms, except for what has to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from playbooks.checking import Day, Duration, FaultError, Strict, Text, nearest
from playbooks.levels import Level
from playbooks.patterns import checked_pattern
from playbooks.stance import StatementPlan
from playbooks.texts import Bilingual, Headed, Lines, Texts

MAX_PATTERN = 120
"""Characters in one signal pattern."""

ID = r"[a-z][a-z0-9_]{1,31}"
"""A file stem that names something: short enough for a button's 64 bytes."""

VERBS = (
    "action", "ask", "brief", "claim", "close", "dismiss", "draft", "fact", "handover", "level", "log", "merge", "mute",
    "playbook", "precheck", "promise", "publish", "recover", "respond", "review", "role", "show", "similar", "task",
    "timeline", "verify",
)  # fmt: skip
"""Commands that a step may call for: those of the contract that act on an incident."""


class Phase(StrEnum):
    """What a step is for, in the order in which the phases begin."""

    ASSESS = "assess"
    CONTAIN = "contain"
    RESPOND = "respond"
    RECOVER = "recover"


class Track(StrEnum):
    """Whose line of work a step belongs to. Tracks of one phase run side by side; within a track steps follow each other.

    lead: decide and inform within. facts: find out what is so. stop: stop the harm. people: whoever is affected.
    voice: what is said in public.
    """

    LEAD = "lead"
    FACTS = "facts"
    STOP = "stop"
    PEOPLE = "people"
    VOICE = "voice"


def _checked_roles(roles: Mapping[str, str]) -> Mapping[str, str]:
    for role in roles:
        if not re.fullmatch(ID, role):
            raise FaultError(f'"{role}" is not a role id', "small letters, digits and _", at=(role,))
    return roles


Word = Annotated[str, StringConstraints(min_length=2, max_length=30)]
Pattern = Annotated[
    str, StringConstraints(min_length=2, max_length=MAX_PATTERN), AfterValidator(checked_pattern)
]
Id = Annotated[str, StringConstraints(pattern=f"^{ID}$")]


class Signals(Strict):
    """Words and patterns that give this kind of crisis away in a public comment. Case and width do not matter.

    Args:
        any: each adds to the likelihood.
        common: what people also say to any other trouble (退款, 投诉): they speak for this kind, but do not tell one matter
            from another.
        severe: one comment with such a word is enough to alarm.
        regex: for what people word in many ways; see `checked_pattern` for what is allowed. What it finds around a common
            word is common too.
    """

    any: tuple[Word, ...] = Field(min_length=1)
    common: tuple[Word, ...] = ()
    severe: tuple[Word, ...] = ()
    regex: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _each_word_once(self) -> Self:
        seen: set[str] = set()
        for key, words in (("any", self.any), ("common", self.common), ("severe", self.severe)):
            for index, word in enumerate(words):
                if word.casefold() in seen:
                    raise FaultError(f'"{word}" stands here already', "keep one of them", at=(key, index))
                seen.add(word.casefold())
        return self


class Elsewhere(Headed):
    """What looks alike and is something else. `goto`: the playbook for it, if there is one."""

    case: Text
    case_en: str = ""
    goto: str = ""


class Question(Headed):
    """What to find out first, in two minutes. `yes`: the level that a yes asks for at least."""

    ask: Text
    ask_en: str = ""
    yes: Level | None = None


class Bounds(Strict):
    """When a level begins, and when it may be left for a lower one."""

    enter: Lines = Field(min_length=1)
    exit: Lines = ()


class Step(Bilingual):
    """One thing to do.

    Args:
        id: how other steps of the playbook name it; only where one does.
        role: who does it, one of the playbook's `roles`.
        due: when it must be done, counted from the moment the incident was opened.
        when: the condition under which it is needed, in words.
        level: it is needed from this level up; always, if left out.
        after: the id of a step that has to be done first.
        run: the command that does it, such as `draft holding`; the incident's number is put in.
        note: how, in a sentence; empty where the step says enough.
    """

    do: Text
    do_en: str = ""
    id: Id | None = None
    phase: Phase = Phase.ASSESS
    track: Track | None = None
    role: str = ""
    due: Duration | None = None
    when: str = ""
    when_en: str = ""
    level: Level | None = None
    after: str = ""
    run: str = ""
    note: str = ""
    note_en: str = ""

    @model_validator(mode="after")
    def _calls_a_command(self) -> Self:
        if self.run and self.run.split()[0] not in VERBS:
            verb = self.run.split()[0]
            raise FaultError(f'there is no command "{verb}"', nearest(verb, list(VERBS)), at=("run",))
        return self

    def text(self, language: str) -> str:
        """The step in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.do_en if language == "en" and self.do_en else self.do

    def remark(self, language: str) -> str:
        """The note in a room's language; empty if it has none there."""
        return self.said("note", language)

    def is_for(self, level: Level) -> bool:
        """Tell whether it is needed at a level."""
        return self.level is None or level.rank >= self.level.rank


class LegalClock(Headed):
    """A deadline that a rule may set: a reminder to ask the lawyers at once, never advice.

    Args:
        rule: its name.
        when: to what it applies.
        within: the time it gives, in its own words.
        due: the same as a duration, where it can be counted from the moment the incident was opened.
        to: whom to turn to.
        source: where this was read, and how reliable that is.
        checked_on: the day somebody last held it against the source.
    """

    rule: Text
    rule_en: str = ""
    when: str = ""
    when_en: str = ""
    within: Text
    within_en: str = ""
    due: Duration | None = None
    to: str = ""
    to_en: str = ""
    source: Text
    checked_on: Day


class Playbook(Bilingual):
    """One kind of crisis.

    Args:
        id: the file's stem, filled in when it is read.
        aliases: other names by which people call for it.
        owner_role: who keeps the playbook up to date.
        review_by: the day by which it must be read through again; `lint` warns from then on.
        out_of_scope: what looks alike and belongs elsewhere, and where.
        levels: what makes it grave, and when it is no longer.
        roles: who is needed, each with the duty in one line.
        evidence: what to keep before anything is changed.
        steps: in the order of the phases; they are numbered from 1.
        close: when the incident may be closed.
        recovery: what is looked at afterwards.
        drill_prompt: a situation to talk through at a table.
        sources: what the advice rests on.
    """

    id: str
    version: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    aliases: Texts = ()
    status: Literal["draft", "active", "retired"] = "active"
    owner_role: Text
    review_by: Day
    summary: Text
    summary_en: str = ""
    out_of_scope: tuple[Elsewhere, ...] = ()
    signals: Signals
    triage: tuple[Question, ...] = ()
    levels: Mapping[Level, Bounds] = Field(default_factory=dict)
    roles: Mapping[str, Text] = Field(min_length=1)
    evidence: Lines = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    statement: StatementPlan
    legal_clocks: tuple[LegalClock, ...] = ()
    do: Lines = ()
    dont: Lines = ()
    close: Lines = Field(min_length=1)
    recovery: Lines = ()
    drill_prompt: str = ""
    drill_prompt_en: str = ""
    sources: Texts = ()

    @model_validator(mode="after")
    def _roles_are_known(self) -> Self:
        _checked_roles(self.roles)
        known = ", ".join(self.roles)
        for index, step in enumerate(self.steps):
            if step.role and step.role not in self.roles:
                raise FaultError(
                    f'"{step.role}" is not in this playbook\'s roles',
                    f"one of {known}",
                    ("steps", index, "role"),
                )
        if self.owner_role not in self.roles:
            raise FaultError(
                f'"{self.owner_role}" is not in this playbook\'s roles', f"one of {known}", ("owner_role",)
            )
        return self

    @model_validator(mode="after")
    def _steps_follow(self) -> Self:
        known: list[str] = []
        order = list(Phase)
        for index, step in enumerate(self.steps):
            if index and order.index(step.phase) < order.index(self.steps[index - 1].phase):
                hint = f"move it up to the other steps of {step.phase}"
                raise FaultError("the phase goes back", hint, ("steps", index, "phase"))
            if step.after and step.after not in known:
                hint = f"one of {', '.join(known)}" if known else 'give that step an "id: ..."'
                raise FaultError(f'no step above has the id "{step.after}"', hint, ("steps", index, "after"))
            if step.id in known:
                raise FaultError(f'"{step.id}" is taken', "give it another id", ("steps", index, "id"))
            known += [step.id] if step.id else []
        return self

    def name(self, language: str) -> str:
        """The title in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.title_en if language == "en" and self.title_en else self.title

    def about(self, language: str) -> str:
        """The summary in a room's language; empty if it has none there."""
        return self.said("summary", language)

    def is_stale(self, today: date) -> bool:
        """Tell whether it should have been read through again."""
        return self.review_by < today

    def needed(self, step: Step) -> int | None:
        """The number of the step that has to be done before this one; None if there is none."""
        return next(
            (number for number, each in enumerate(self.steps, 1) if step.after and each.id == step.after),
            None,
        )


class Role(Strict):
    """What a role is called."""

    title: Text
    title_en: Text

    def name(self, language: str) -> str:
        """The role in a room's language (`zh` or `en`)."""
        return self.title_en if language == "en" else self.title


class Roles(Strict):
    """The roles a playbook may give work to, by id."""

    roles: Mapping[str, Role] = Field(min_length=1)
