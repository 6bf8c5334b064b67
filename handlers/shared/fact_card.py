"""The fact table of an incident: one living card that says what is certain and what is not."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Button, ButtonTone, Card, Link, Section, Tone, cut, is_web
from handlers.kit.locale import Locale
from handlers.shared.entries import VERSIONS
from handlers.shared.places import CORRECTION, stands_at
from handlers.shared.statement_card import STATES
from storage.models import Fact, Incident, Release, Version

SIGNS = {"confirmed": "✅", "unconfirmed": "❔", "false": "❌"}
ASKED = 3
"""Unconfirmed facts with buttons: those that came last. The others are confirmed by words."""


def facts_key(incident: Incident) -> str:
    """The key of an incident's fact table."""
    return f"facts:{incident.id}"


def facts_card(say: Locale, incident: Incident, facts: Sequence[Fact]) -> Card:
    """Lay the table out."""
    open_ones = [each for each in facts if each.state == "unconfirmed"]
    counts = {state: sum(each.state == state for each in facts) for state in STATES}
    return Card(
        title=say(
            "#{number} facts: {confirmed} confirmed, {unconfirmed} unconfirmed, {false} false",
            number=incident.id,
            **counts,
        ),
        sections=tuple(_fact(say, each) for each in facts),
        links=tuple(Link(label=f"F{each.number}", url=each.source) for each in facts if is_web(each.source)),
        buttons=(
            *(button for each in open_ones[-ASKED:] for button in judging(say, incident, each)),
            Button(label=say("Add a fact…"), action="fact.fact", value=str(incident.id)),
        ),
        footer=say("A statement's figures, days and causes are held against these lines."),
    )


def _fact(say: Locale, fact: Fact) -> Section:
    """What is claimed, and under it where it is from and who settled it."""
    parts = [
        say("by {name} {time}", name=fact.by, time=say.clock(fact.at)),
        say("source: {source}", source=cut(fact.source)) if fact.source and not is_web(fact.source) else "",
        say(STATES[fact.state]),
    ]
    if fact.settled_at:
        parts.append(f"{fact.settled_by} {say.clock(fact.settled_at)}")
    title = f"{SIGNS[fact.state]} F{fact.number} {fact.claim}"
    return Section(lines=(title, f"　{' · '.join(filter(None, parts))}"))


def judging(say: Locale, incident: Incident, fact: Fact) -> tuple[Button, Button]:
    """The taps that settle a fact."""
    name = f"F{fact.number}"
    return (
        Button(
            label=say("Confirm {fact}", fact=name),
            action="fact.fact",
            value=f"{incident.id} {name} confirm",
            tone=ButtonTone.PRIMARY,
        ),
        Button(
            label=say("{fact} is false", fact=name), action="fact.fact", value=f"{incident.id} {name} deny"
        ),
    )


def added_card(say: Locale, incident: Incident, fact: Fact) -> Card:
    """A new line, for somebody else to settle."""
    return Card(
        title=say("F{number} to be confirmed: {claim}", number=fact.number, claim=cut(fact.claim)),
        text=say("Somebody other than {name} confirms it, or a lead.", name=fact.by),
        buttons=judging(say, incident, fact),
    )


def flagged_card(
    say: Locale,
    fact: Fact,
    versions: Sequence[Version],
    places: Sequence[Release],
    whose: tuple[str, ...],
) -> Card:
    """The texts that rest on a fact that changed, and the places where the public reads them. `whose`: who is called."""
    public = [each for each in versions if each.state in {"approved", "released"}]
    is_bad = fact.state != "confirmed"
    stands = stands_at(say, places) if is_bad else ()
    return Card(
        title=say(
            "F{number} is {state} now, and statements rest on it",
            number=fact.number,
            state=say(STATES[fact.state]),
        ),
        text=cut(fact.claim),
        sections=(*stands, Section(lines=touched(say, versions))),
        tone=Tone.RED if is_bad and public else Tone.WARN,
        buttons=mending(say, fact.incident_id, public) if is_bad else (),
        notify=whose,
    )


def touched(say: Locale, versions: Sequence[Version]) -> tuple[str, ...]:
    """What becomes of texts whose ground has changed, those that may be public first."""
    public = [each for each in versions if each.state in {"approved", "released"}]
    return (
        *(
            say("v{version} may be public: correct it openly, or recall it.", version=each.number)
            for each in public
        ),
        *(
            say(
                "v{version}, {state}: approvals are void.",
                version=each.number,
                state=say(VERSIONS[each.state]),
            )
            for each in versions
            if each not in public
        ),
    )


def mending(say: Locale, number: int, public: Sequence[Version]) -> tuple[Button, ...]:
    """Take the texts back that say what is false, or set it right."""
    recalls = tuple(
        Button(
            label=say("Recall v{version}…", version=each.number),
            action="recall.recall",
            value=f"{number} v{each.number}",
            tone=ButtonTone.DANGER,
        )
        for each in public[:ASKED]
    )
    correct = Button(
        label=say("Draft a correction"),
        action="statement.draft",
        value=f"{number} {CORRECTION}",
        tone=ButtonTone.PRIMARY,
    )
    return (*recalls, correct) if recalls else ()
