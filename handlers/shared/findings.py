"""What the checks find in a text, in words for a card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handlers.kit.cards import Section, cut
from handlers.kit.context import Context
from handlers.kit.locale import Locale
from handlers.reading.channels import channel_name
from playbooks.checks import CHECKS, Approved, Finding, Promise, Severity, blocks, check, cited
from playbooks.checks import Fact as StatedFact
from playbooks.library import Library
from storage import statements
from storage.models import Commitment, Fact, HouseLine, Incident, Version

AGAIN = re.compile(
    r"(?:下一?次|下回|再次|再)(?:说明|更新|通报|公布|回应|答复)[^。；\n]{0,30}|[Nn]ext update[^.\n]{0,40}"
)
"""When there is word again."""
LONGEST_QUOTE = 24
NAMED = 4
"""Checks that a line names."""
APOLOGIES = frozenset({"apology", "result"})
"""Templates of whole apologies. A playbook's stance is for the matter as a whole, so in any other text a missing part of an
apology (L09) is pointed out and bars nothing."""


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
    title = f"{mark} {finding.code} {CHECKS[finding.code].title(say.language)}"
    lines = (cut(quote), finding.reason) if quote.strip() else (finding.reason,)
    return Section(title=title, lines=(*lines, say("Mend: {mend}", mend=finding.mend)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of an incident that its texts are held against.

    Args:
        public: another text that may be public already.
        house: the lines of the message house that a text can say.
    """

    facts: Sequence[Fact] = ()
    promises: Sequence[Commitment] = ()
    public: Version | None = None
    house: Sequence[HouseLine] = ()


def checked(ctx: Context, incident: Incident, version: Version, record: Record) -> tuple[Finding, ...]:
    """What the checks find in a version and in what it is on the channels that have a text of their own."""
    template = ctx.library.templates.get(version.template)
    known = {**common(ctx, incident, record.facts), "audience": template.audience if template else ""}
    found = _base(incident, version, record, ctx.library, known)
    others: dict[str, str] = {}
    for channel, text in (version.variants or {}).items():
        name = channel_name(channel)
        against = _earlier(record, channel)
        promises = _promised(text, incident, record.promises)
        found += tuple(
            replace(each, reason=f"{name}：{each.reason}")
            for each in check(
                text, platform=channel, promises=promises, variants=others, earlier=against, **known
            )
            # A translation is held against the whole text; what is short on one channel need not say all of it.
            if each.code != "L23"
        )
        others[name] = text
    if version.template in APOLOGIES:
        return found
    return tuple(replace(each, severity=Severity.WARN) if each.code == "L09" else each for each in found)


def checked_words(
    ctx: Context, incident: Incident, text: str, record: Record, *, audience: str
) -> tuple[Finding, ...]:
    """What the checks find in words that are no statement, held against the same record: the house has one voice."""
    return check(
        text,
        audience=audience,
        kind=incident.playbook or incident.type,
        promises=_promised(text, incident, record.promises),
        earlier=_earlier(record),
        **common(ctx, incident, record.facts),
    )


def common(ctx: Context, incident: Incident, facts: Sequence[Fact]) -> Mapping[str, Any]:
    """What is known around whatever is said of an incident, for the checks."""
    return {
        "brands": (ctx.team.brand,),
        "slogans": ctx.team.slogans,
        "internal": ctx.team.internal,
        "today": ctx.now.astimezone(ctx.team.zone).date(),
        "facts": [*stated(facts), _seen(ctx, incident)],
    }


def _base(
    incident: Incident, version: Version, record: Record, library: Library, known: Mapping[str, Any]
) -> tuple[Finding, ...]:
    playbook = library.playbooks.get(incident.playbook or incident.type)
    return check(
        version.text,
        # What people wrote themselves is a first response only if it reads like one.
        stage=version.template if version.made == version.hash else "",
        strategy=playbook.statement.strategy if playbook else "",
        kind=playbook.id if playbook else incident.type,
        promises=_promised(version.text, incident, record.promises),
        variants={channel_name(channel): text for channel, text in (version.variants or {}).items()},
        earlier=_earlier(record),
        pillars=[each.text for each in record.house],
        **known,
    )


def _earlier(record: Record, channel: str = "") -> tuple[Approved, ...]:
    """What the public may have read there already."""
    public = record.public
    return (
        () if public is None else (Approved(text=statements.text_for(public, channel), number=public.number),)
    )


def _promised(text: str, incident: Incident, entered: Sequence[Commitment]) -> list[Promise]:
    """The register, and what the incident's own clock sees to: that there is word again by the time that the text names."""
    again = [Promise(text=each, owner=incident.owner or "clock", due="clock") for each in AGAIN.findall(text)]
    return again + [
        Promise(text=each.text, owner=each.owner, due=each.due_at.isoformat())
        for each in entered
        if each.state != "dropped"
    ]


def stated(table: Sequence[Fact]) -> list[StatedFact]:
    """The facts as the checks read them."""
    return [StatedFact(claim=each.claim, state=each.state, id=f"F{each.number}") for each in table]


def resting_on(version: Version, table: Sequence[Fact]) -> set[str]:
    """The facts, as `F3`, that a version rests on, be it on one channel only."""
    texts = (version.text, *(version.variants or {}).values())
    return {fact.id for text in texts for fact in cited(text, stated(table))}


def _seen(ctx: Context, incident: Incident) -> StatedFact:
    """When it was noticed is what the bot knows itself."""
    local = incident.opened_at.astimezone(ctx.team.zone)
    claim = f"{local.month}月{local.day}日看到用户反映，{local:%H:%M}，看到用户反映"
    return StatedFact(claim=claim, state="confirmed")
