"""The card of a statement: its text whole, how the vote stands, who is still to vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.entries import VERSIONS
from handlers.kit.locale import Locale
from storage.models import Incident, Version, Vote

SHORT_HASH = 12
MARKS = {"approve": "✅", "changes": "✏️", "veto": "⛔"}
MAX_REASON = 120
"""Characters of a reason beside a vote; the message about its result holds it whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the vote on a version stands.

    Args:
        needed: approvals.
        open_to: who may still give one.
    """

    cast: Sequence[Vote]
    needed: int
    open_to: tuple[str, ...]

    @property
    def given(self) -> int:
        """Approvals so far."""
        return sum(vote.choice == "approve" for vote in self.cast)


def statement_card(
    say: Locale, incident: Incident, version: Version, standing: Standing, kind: str, checks: str = ""
) -> Card:
    """Lay one version out. `kind`: what its template is called; `checks`: what the checks find in it."""
    is_open = version.state == "pending"
    number = say("Statement #{incident} v{version}", incident=incident.id, version=version.number)
    name = " ".join(part for part in (number, kind) if part)
    tally = f" {standing.given}/{standing.needed}" if is_open else ""
    lines = (
        *((checks,) if checks and is_open else ()),
        *(_vote_line(say, vote) for vote in standing.cast),
        *((_missing(say, standing),) if is_open else ()),
    )
    return Card(
        title=f"{name} · {say(VERSIONS[version.state])}{tally}",
        name=name,
        tone=Tone(incident.level) if is_open else (Tone.GOOD if version.state == "approved" else Tone.PLAIN),
        verbatim=version.text,
        sections=(Section(lines=lines),) if lines else (),
        buttons=_choices(say, f"{incident.id} v{version.number}") if is_open else (),
        footer=say(
            "{n} characters · text {hash} · written by {authors}",
            n=len(version.text),
            hash=version.hash[:SHORT_HASH],
            authors=say(", ").join(version.authors),
        ),
    )


def _vote_line(say: Locale, vote: Vote) -> str:
    return f"{MARKS[vote.choice]} {vote.person} {say.clock(vote.at)}" + (
        f" · {cut(vote.reason, MAX_REASON)}" if vote.reason else ""
    )


def _missing(say: Locale, standing: Standing) -> str:
    """Whose votes are still to come, or that there are too few people to give them."""
    missing, names = standing.needed - standing.given, say(", ").join(standing.open_to)
    if len(standing.open_to) >= missing:
        return "⏳ " + say("Approvals still needed: {n} ({names})", n=missing, names=names)
    few = say(
        "Approvals still needed: {n}; who could give one: {names}", n=missing, names=names or say("nobody")
    )
    return f"⚠️ {few}"


def _choices(say: Locale, value: str) -> tuple[Button, ...]:
    return (
        Button(label=say("Approve"), action="statement.approve", value=value, tone=ButtonTone.PRIMARY),
        Button(label=say("Ask for changes…"), action="statement.changes", value=value),
        Button(label=say("Veto…"), action="statement.veto", value=value, tone=ButtonTone.DANGER),
        Button(label=say("Edit…"), action="statement.edit", value=value),
    )


def settled_card(
    say: Locale, incident: Incident, number: int, state: str, reason: str, authors: tuple[str, ...]
) -> Card:
    """The result of a vote; whoever wrote the text is called."""
    is_good = state == "approved"
    edit = Button(
        label=say("Edit…"), action="statement.edit", value=f"{incident.id} v{number}", tone=ButtonTone.PRIMARY
    )
    return Card(
        title=say(
            "Statement #{incident} v{version}: {state}",
            incident=incident.id,
            version=number,
            state=say(VERSIONS[state]),
        ),
        text=say("It may go out now, word for word. A person publishes it.") if is_good else reason,
        tone=Tone.GOOD if is_good else Tone.WARN,
        buttons=() if is_good else (edit,),
        notify=authors,
    )
