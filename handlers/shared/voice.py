"""All that was said in public of an incident, and how it was agreed: read from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.shared.desk import Asked, asked
from playbooks.levels import Level
from playbooks.library import Library
from storage import commitments, facts, questions, releases, statements, surveys
from storage.database import Session
from storage.models import Commitment, Entry, Fact, Incident, Override, Release, Survey, Version, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One version.

    Args:
        votes: all that were cast; `overrides`: what leads let it pass.
        agreed_at: when its last approval came, or a lead released it alone; None: never.
        allowed: how long the level that it was written at gives to answer.
        alone: the entry of a lead who released it alone; `lapsed`: those of approvals that ran out.
    """

    version: Version
    votes: Sequence[Vote]
    overrides: Sequence[Override]
    agreed_at: datetime | None
    allowed: timedelta
    alone: Entry | None = None
    lapsed: Sequence[Entry] = ()

    @property
    def took(self) -> timedelta | None:
        """From draft to approval."""
        return self.agreed_at - self.version.created_at if self.agreed_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What was said, what it rested on, where it stood, what was promised, what people asked and how they judged it."""

    texts: Sequence[Text] = ()
    facts: Sequence[Fact] = ()
    changes: Mapping[str, Sequence[Entry]]
    """`F3` -> how its state changed."""
    releases: Sequence[Release] = ()
    promises: Sequence[Commitment] = ()
    asked: Sequence[Asked] = ()
    survey: Survey | None = None
    answers: surveys.Count | None = None

    @property
    def overrides(self) -> Iterator[tuple[Version, Override]]:
        """What leads let pass, in the order of the texts."""
        return ((text.version, each) for text in self.texts for each in text.overrides)


async def voice_of(session: Session, incident: Incident, entries: Sequence[Entry], library: Library) -> Voice:
    """Read it. `entries`: the incident's timeline."""
    number = incident.id or 0
    survey = await surveys.of(session, number)
    return Voice(
        texts=[await _text(session, each, entries, library) for each in await statements.of(session, number)],
        facts=await facts.of(session, number),
        changes=_changes(entries),
        releases=await releases.of(session, number),
        promises=await commitments.of(session, number),
        asked=await asked(session, number) if await questions.of(session, number) else (),
        survey=survey,
        answers=await surveys.count(session, survey) if survey else None,
    )


async def _text(session: Session, version: Version, entries: Sequence[Entry], library: Library) -> Text:
    # The row's own time is that of its last change; a text that was taken back was approved before.
    mine = [each for each in entries if each.data.get("version") == version.number]
    alone = next((each for each in mine if each.kind == "emergency"), None)
    agreed = alone or next((each for each in mine if each.kind == "approved"), None)
    return Text(
        version=version,
        votes=await statements.votes(session, version.id or 0),
        overrides=await statements.overrides(session, version.id or 0),
        agreed_at=agreed.at if agreed else None,
        allowed=library.approvals.clocks[Level(version.level or Level.BLUE)].answer,
        alone=alone,
        lapsed=[each for each in mine if each.kind == "vote_expired"],
    )


def _changes(entries: Sequence[Entry]) -> Mapping[str, Sequence[Entry]]:
    found: dict[str, list[Entry]] = {}
    for each in entries:
        if each.kind in {"fact_confirmed", "fact_false"}:
            found.setdefault(str(each.data.get("fact", "")), []).append(each)
    return found
