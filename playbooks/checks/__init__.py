"""Checks of what is about to be said in public: a linter for crisis speech in Chinese.

    for finding in check(text, platform="weibo", strategy="rebuild"):
        print(finding.code, finding.severity, finding.quote, finding.reason, finding.mend)

Each check is one function marked with `check_for`; its words are data in `data/`, with a source and a day of review.
Nothing here knows a database, a clock or a chat: what a check needs to know is handed in, and what is not known keeps
it silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice

from playbooks.checks import advertising, apology, contradictions, form, privacy, record, tone
from playbooks.checks.base import CHECKS, Approved, Check, Fact, Finding, Given, Promise, Severity
from playbooks.checks.form import length, unfilled
from playbooks.checks.lists import Limit, limits, overdue
from playbooks.checks.record import carried, cited
from playbooks.checks.text import Text

__all__ = [
    "CHECKS",
    "Approved",
    "Check",
    "Fact",
    "Finding",
    "PlatformError",
    "Promise",
    "Severity",
    "blocks",
    "carried",
    "check",
    "cited",
    "limits",
    "overdue",
    "platform_named",
    "room",
    "unfilled",
]

assert all((advertising, apology, contradictions, form, privacy, record, tone)), (
    "importing them enters their checks"
)

MOST = 50
"""Findings of one check in one text; whoever mends these looks again."""
LONGEST_QUOTE = 60
WHOLE = frozenset({"L17", "L23", "L24"})
"""Checks against other texts, each of which may say something of the same place."""


class PlatformError(ValueError):
    """There is no such platform."""


def check(
    text: str,
    *,
    platform: str = "",
    audience: str = "",
    stage: str = "",
    strategy: str = "",
    kind: str = "",
    brands: Sequence[str] = (),
    today: date | None = None,
    facts: Sequence[Fact | tuple[str, str]] | None = None,
    promises: Sequence[Promise] | None = None,
    variants: Mapping[str, str] | None = None,
    earlier: Sequence[Approved | str] = (),
    internal: Sequence[str] = (),
    slogans: Sequence[str] = (),
    pillars: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Hold a text against all checks; what each argument means says `base.Given`.

    Args:
        text: what is to go out.
        platform: an id or name of `data/platforms.yaml`.
        audience: to whom: `public`, `consumers`, `staff`, `partners`, `regulator`, `media`.
        stage: `holding` for the first word; empty: told from the text.
        strategy: `inform`, `deny`, `diminish` or `rebuild`.
        kind: the crisis type's file stem.
        brands: the brand's names, the usual one first.
        today: for dates that cannot be.
        facts: the fact table, also as pairs of claim and state; None if there is none.
        promises: the commitment register; None if there is none.
        variants: channel or language -> the text of the same version there.
        earlier: approved versions, also as bare texts.
        internal: words that must not leave the house.
        slogans: the brand's.
        pillars: the lines of the message house, one of which the text has to say.

    Returns:
        What was found, in the order of the text; at most 50 of each check.

    Raises:
        PlatformError: no such platform.
        PlaybookError: a list in `data/` cannot be used.
    """
    given = Given(
        text=Text(text),
        platform=platform_named(platform),
        audience=audience,
        stage=stage,
        strategy=strategy,
        kind=kind,
        brands=tuple(filter(None, brands)),
        today=today,
        facts=None
        if facts is None
        else [each if isinstance(each, Fact) else Fact(claim=each[0], state=each[1]) for each in facts],
        promises=promises,
        variants=variants or {},
        earlier=[each if isinstance(each, Approved) else Approved(text=each) for each in earlier],
        internal=internal,
        slogans=slogans,
        pillars=pillars,
    )
    found = [finding for each in CHECKS.values() for finding in islice(_findings(each, given), MOST)]
    return tuple(sorted(found, key=lambda finding: (finding.start, finding.code, finding.end)))


def _findings(each: Check, given: Given) -> Iterator[Finding]:
    """What one check finds; of two in the same place the first."""
    told: list[tuple[int, int]] = []
    for spot in each.run(given):
        start, end = (spot.start, spot.end) if spot.is_raw else given.text.back(spot.start, spot.end)
        if each.code not in WHOLE and any(start < last and end > first for first, last in told):
            continue
        told.append((start, end))
        quote = given.text.raw[start:end]
        yield Finding(
            code=each.code,
            severity=spot.severity or each.severity,
            start=start,
            end=end,
            quote=quote if len(quote) <= LONGEST_QUOTE else quote[: LONGEST_QUOTE - 1] + "…",
            reason=spot.reason,
            mend=spot.mend,
        )


def blocks(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those that keep a text from going out."""
    return tuple(each for each in findings if each.severity is Severity.BLOCK)


def platform_named(words: str) -> str:
    """The id of a platform by id, name or other name; empty stays empty. Raises PlatformError."""
    asked = words.strip().casefold()
    if not asked or asked in limits():
        return asked
    for name, limit in limits().items():
        if asked in {limit.name.casefold(), *(alias.casefold() for alias in limit.aliases)}:
            return name
    raise PlatformError(f"{words}: {', '.join(limits())}")


def room(text: str, platform: str) -> tuple[int, int]:
    """Characters that a text uses on a platform, and how many there may be."""
    limit: Limit = limits()[platform]
    return length(text, limit), limit.limit
