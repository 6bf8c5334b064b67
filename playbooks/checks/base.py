"""What every check is made of: the text, what is known around it, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from playbooks.checks.text import Text


class Severity(StrEnum):
    """A block keeps a text from being approved; a warning is for whoever reads it."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong with a text.

    Args:
        code: of the check, `L01` to `L24`; `L00` for characters that hide something.
        start: of the span, in the text as it was written; `end` is past its last character.
        quote: what stands there.
        reason: why it is a fault.
        mend: what to do about it.
    """

    code: str
    severity: Severity
    start: int
    end: int
    quote: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the fact table: `confirmed`, `unconfirmed`, `false` or `expired`."""

    claim: str
    state: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A line of the commitment register; without owner or due date it is nobody's."""

    text: str
    owner: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An earlier approved version.

    Args:
        live: the channels on which it still stands.
        expired: its approval has run out.
    """

    text: str
    number: int = 0
    live: Sequence[str] = ()
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a check is given. What is not known is left empty, and checks that need it stay silent.

    Args:
        text: what is to go out.
        platform: where, an id or name of `data/platforms.yaml`; empty: nowhere in particular.
        audience: to whom: `public`, `consumers`, `staff`, `partners`, `regulator`, `media`.
        stage: of the crisis, `holding` for the first word; empty: told from the text.
        strategy: `inform`, `deny`, `diminish` or `rebuild`, see `playbooks.stance`.
        kind: the crisis type's file stem.
        brands: the brand's names.
        today: for dates that cannot be.
        facts: the fact table; None if there is none.
        promises: the commitment register; None if there is none.
        variants: the texts of the same version for other channels or languages.
        earlier: approved versions that went before.
        internal: words that must not leave the house: code names, suppliers, people. Staff may read them.
        slogans: the brand's.
        pillars: the lines of the message house, one of which each text has to say.
    """

    text: Text
    platform: str = ""
    audience: str = ""
    stage: str = ""
    strategy: str = ""
    kind: str = ""
    brands: Sequence[str] = ()
    today: date | None = None
    facts: Sequence[Fact] | None = None
    promises: Sequence[Promise] | None = None
    variants: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Approved] = ()
    internal: Sequence[str] = ()
    slogans: Sequence[str] = ()
    pillars: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """Something a check found, at places in the plain text. `severity`: where it differs from the check's own."""

    start: int
    end: int
    reason: str
    mend: str
    severity: Severity | None = None
    is_raw: bool = False


Run = Callable[[Given], Iterator[Spot]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its code, what it is called in Chinese and in English, how bad it is, and the function that looks."""

    code: str
    zh: str
    en: str
    severity: Severity
    run: Run

    def title(self, language: str) -> str:
        """What it is called in a room's language (`zh` or `en`)."""
        return self.en if language == "en" else self.zh


CHECKS: dict[str, Check] = {}
"""All checks by code, in the order in which they were declared."""


def check_for(code: str, zh: str, en: str, severity: Severity) -> Callable[[Run], Run]:
    """Make a function a check."""

    def enter(run: Run) -> Run:
        if code in CHECKS:
            raise ValueError(f"two checks are called {code}")
        CHECKS[code] = Check(code, zh, en, severity, run)
        return run

    return enter
