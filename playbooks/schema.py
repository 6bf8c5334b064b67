"""What a playbook says: how to know this kind of crisis, and what to do about it, by whom, by when."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from playbooks.checking import Day, Duration, FaultError, Strict, Text

MAX_PATTERN = 120
"""Characters in one signal pattern."""

MAX_REPEAT = 12
MAX_REPEATS = 3
MAX_GROUPS = 3
"""Together they keep the slowest pattern that passes under a second on the worst comment (measured: 0.8 s), and usual ones far under a millisecond."""

ID = r"[a-z][a-z0-9_]{1,39}"
"""A file stem that names something: short enough for a button's 64 bytes."""


class Phase(StrEnum):
    """What a step is for. The order is the usual one, yet steps of different people run side by side."""

    ASSESS = "assess"
    CONTAIN = "contain"
    RESPOND = "respond"
    RECOVER = "recover"


class Strategy(StrEnum):
    """The stance of the first statements (situational crisis communication theory, Coombs 2007).

    `inform` says what to do and what happens next; `deny` is for falsehoods with proof; `diminish`
    explains an accident; `rebuild` takes responsibility and repairs.
    """

    INFORM = "inform"
    DENY = "deny"
    DIMINISH = "diminish"
    REBUILD = "rebuild"


def _checked_pattern(pattern: str) -> str:
    """Refuse a pattern that is broken, matches anything, or could take forever on a hostile comment."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise FaultError(f"not a regular expression: {error}", "check brackets and backslashes") from error
    if compiled.search(""):
        raise FaultError("this pattern matches every text", "make at least one part of it required")
    if unicodedata.normalize("NFKC", pattern) != pattern:
        raise FaultError(
            "this pattern holds full-width characters", 'comments are read with "," for "，", so write those'
        )
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])+\]", "x", pattern).replace("(?:", "(")
    repeats = re.findall(r"[*+?]|\{\d*,?\d*\}", bare)
    sizes = [int(number) for repeat in repeats for number in re.findall(r"\d+", repeat)]
    if re.search(r"[*+]|,\}", bare) or any(size > MAX_REPEAT for size in sizes):
        raise FaultError(
            "this pattern repeats without a limit", f"use {{0,{MAX_REPEAT}}} or less in place of * and +"
        )
    if len(repeats) > MAX_REPEATS or bare.count("(") > MAX_GROUPS or re.search(r"\)[{]", bare):
        hint = f"at most {MAX_REPEATS} repeats and {MAX_GROUPS} groups, and no group that repeats"
        raise FaultError("this pattern is too much work", hint)
    return pattern


def _checked_roles(roles: Mapping[str, str]) -> Mapping[str, str]:
    for role in roles:
        if not re.fullmatch(ID, role):
            raise FaultError(f'"{role}" is not a role id', "small letters, digits and _", at=(role,))
    return roles


Word = Annotated[str, StringConstraints(min_length=2, max_length=30)]
Pattern = Annotated[
    str, StringConstraints(min_length=2, max_length=MAX_PATTERN), AfterValidator(_checked_pattern)
]
Texts = tuple[Text, ...]


class Signals(Strict):
    """Words and patterns that give this kind of crisis away in a public comment. Case and width do not matter.

    Args:
        any: each adds to the likelihood.
        common: what people also say to any other trouble (退款, 投诉): they speak for this kind, but do not tell one matter
            from another.
        severe: one comment with such a word is enough to alarm.
        regex: for what people word in many ways; see `_checked_pattern` for what is allowed. What it finds around a common
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


class Step(Strict):
    """One thing to do.

    Args:
        role: who does it, one of the playbook's `roles`.
        due: when it must be done, counted from the moment the incident was opened.
        note: how, in a sentence; empty where the step says enough.
    """

    do: Text
    do_en: str = ""
    role: str = ""
    due: Duration | None = None
    phase: Phase = Phase.ASSESS
    note: str = ""
    note_en: str = ""

    def text(self, language: str) -> str:
        """The step in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.do_en if language == "en" and self.do_en else self.do

    def remark(self, language: str) -> str:
        """The note in a room's language; empty if it has none there."""
        return self.note_en if language == "en" else self.note


class StatementPlan(Strict):
    """How to speak: the stance, the template to start from, what must be in the text and what must not."""

    strategy: Strategy
    template: Text
    required: Texts = ()
    forbidden: Texts = ()


class Playbook(Strict):
    """One kind of crisis.

    Args:
        id: the file's stem, filled in when it is read.
        aliases: other names by which people call for it.
        owner_role: who keeps the playbook up to date.
        review_by: the day by which it must be read through again; `lint` warns from then on.
        out_of_scope: what looks alike and belongs elsewhere, and where.
        roles: who is needed, each with the duty in one line.
        evidence: what to keep before anything is changed.
        close: when the incident may be closed.
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
    out_of_scope: Texts = ()
    signals: Signals
    triage: Texts = ()
    roles: Mapping[str, Text] = Field(min_length=1)
    evidence: Texts = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    statement: StatementPlan
    do: Texts = ()
    dont: Texts = ()
    close: Texts = Field(min_length=1)
    recovery: Texts = ()
    drill_prompt: str = ""
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

    def name(self, language: str) -> str:
        """The title in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.title_en if language == "en" and self.title_en else self.title


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
