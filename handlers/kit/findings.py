"""What the checks find in a text, in words for a card."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Section, cut
from handlers.kit.locale import Locale
from playbooks.checks import CHECKS, Finding, Severity, blocks

LONGEST_QUOTE = 24
NAMED = 4
"""Checks that a line names."""


def tallied(say: Locale, found: Sequence[Finding]) -> str:
    """How many blocks and warnings."""
    barred = len(blocks(found))
    return say("{blocks} blocks, {warnings} warnings", blocks=barred, warnings=len(found) - barred)


def summed_up(say: Locale, found: Sequence[Finding]) -> str:
    """One line: how many, and the first of them by name."""
    tally = say("Checks: {tally}", tally=tallied(say, found))
    named = [f"{each.code} {cut(each.quote, LONGEST_QUOTE)}" for each in (*blocks(found), *found)]
    if not named:
        return tally
    return say("{tally} ({named})", tally=tally, named=say("; ").join(list(dict.fromkeys(named))[:NAMED]))


def told(say: Locale, finding: Finding, quote: str) -> Section:
    """One finding: what stands there, why it is a fault, how to mend it."""
    mark = "⛔" if finding.severity is Severity.BLOCK else "⚠️"
    title = f"{mark} {finding.code} {CHECKS[finding.code].title}"
    lines = (cut(quote), finding.reason) if quote.strip() else (finding.reason,)
    return Section(title=title, lines=(*lines, say("Mend: {mend}", mend=finding.mend)))
