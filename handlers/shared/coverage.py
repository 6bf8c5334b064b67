"""How much was seen of what there is: a count of what is stored is a sample, and says so."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from handlers.kit.context import Context
from handlers.kit.locale import Locale, Texts
from storage import copies, mentions, sources
from storage.models import Incident, SourceState

AILMENTS: Texts = {
    "silent": "silent since {since}",
    "failing": "failing since {since}",
    "never": "nothing yet since {since}",
}

MOST_TEXTS = 500
"""Different texts among which the one that is repeated most is looked for."""
SHORTEST, LEAST_COPIES = 6, 3
"""Characters from which a text that many write was hardly thought of by each, and how many must have written it."""
ALIKE = 80
"""Percent of a text that a copy may not differ in, as for what the monitor takes for one text."""
_NOISE = re.compile(r"https?://\S+|@\S{1,20}|\[[^\[\]]{1,8}\]|[\W_]+")

LABELS: Texts = {"negative": "negative", "neutral": "neutral", "positive": "positive"}
"""How a comment is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is stored of what stands under an incident's posts.

    Args:
        stored: comments stored under posts whose total the platform told.
        total: those totals.
        others: comments stored under posts whose total nobody knows.
        blind: sources that fail or have fallen silent.
        copied: comments that repeat one text.
    """

    stored: int = 0
    total: int = 0
    others: int = 0
    blind: tuple[SourceState, ...] = ()
    copied: int = 0


async def seen_of(ctx: Context, incident: Incident) -> Seen:
    """Count what was seen of an incident."""
    stored, total, others = await mentions.sampled(ctx.session, incident.id or 0)
    # A drill's comments are played, and come through no source.
    ailing = await sources.ailing(ctx.session) if incident.drill_id is None else []
    repeated = most_copied(await copies.texts(ctx.session, incident.id or 0, MOST_TEXTS))
    return Seen(stored=stored, total=total, others=others, blind=tuple(ailing), copied=repeated)


def most_copied(texts: Iterable[tuple[str, int]]) -> int:
    """How many comments repeat the text that is repeated most, light edits included; short texts are not looked at.

    Args:
        texts: different texts, and how many comments bear each.
    """
    counts: Counter[str] = Counter()
    for text, count in texts:
        if len(plain := _plain(text)) >= SHORTEST:
            counts[plain] += count
    for first, _ in counts.most_common(1):
        return sum(count for text, count in counts.items() if fuzz.ratio(first, text) >= ALIKE)
    return 0


def _plain(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def copied(say: Locale, found: Seen) -> str:
    """How many comments repeat one text, and nothing about why; empty if it is hardly any."""
    return say("copied text ×{n}", n=say.count(found.copied)) if found.copied >= LEAST_COPIES else ""


def sample(say: Locale, found: Seen) -> str:
    """How much was seen: `sampled 120 of 3,400`, or that the total is not known."""
    if found.total:
        said = say(
            "sampled {stored} of {total}", stored=say.count(found.stored), total=say.count(found.total)
        )
        return (
            said
            if not found.others
            else say("{sampled}, {n} more of unknown total", sampled=said, n=found.others)
        )
    return say("{n} comments seen, total unknown", n=found.others)


def blind_spots(say: Locale, found: Seen) -> str:
    """The sources that do not see at the moment, so that nobody takes their silence for calm; empty if all do."""
    names = ailing_names(say, found.blind)
    return say("Blind: {sources}. There may be more than is shown.", sources=names) if names else ""


def ailing_names(say: Locale, states: Sequence[SourceState]) -> str:
    """Sources and what ails them."""
    return say(", ").join(f"{state.name} {ailment(say, state)}" for state in states)


def ailment(say: Locale, state: SourceState) -> str:
    """What ails a source, and since when."""
    since = {"silent": state.new_at, "failing": state.failed_at, "never": state.since}.get(state.ailment)
    return say(AILMENTS[state.ailment], since=say.clock(since) if since else "?")
