"""What the public asks in a crisis: kinds of questions, known by their wordings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from playbooks.checking import Day, Strict, Text, parse
from playbooks.patterns import checked_pattern
from playbooks.reading import read_sheet

FILE = Path(__file__).parent / "questions.yaml"
MAX_PATTERN = 120
"""Characters of one wording."""

Wording = Annotated[
    str, StringConstraints(min_length=2, max_length=MAX_PATTERN), AfterValidator(checked_pattern)
]


class Kind(Strict):
    """One thing that people ask.

    Args:
        question: how it is put on the desk.
        any: wordings, as in a playbook's `signals.regex`.
    """

    question: Text
    question_en: Text
    any: tuple[Wording, ...] = Field(min_length=1)

    def words(self, language: str) -> str:
        """The question in a room's language (`zh` or `en`)."""
        return self.question_en if language == "en" else self.question


class Questions(Strict):
    """All kinds by id, the first that fits counts. `source`: what they rest on."""

    title: Text
    source: Text
    checked_on: Day
    review_by: Day
    kinds: Mapping[str, Kind]


@cache
def kinds() -> Mapping[str, Kind]:
    """The kinds by id. Raises PlaybookError."""
    return parse(read_sheet(FILE), Questions).kinds


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile("|".join(f"(?:{each})" for each in kind.any)) for name, kind in kinds().items()}


def kind_of(text: str) -> str:
    """The kind of question that a comment asks; empty if none is known."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return next((name for name, pattern in _patterns().items() if pattern.search(plain)), "")
