"""Find playbooks' signals in public comments, fast enough to look at every one.

All words of all playbooks make one pattern, so a comment is walked once however many playbooks
there are. Where words overlap the longer one counts, since it says more.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from playbooks.schema import Playbook

MAX_LENGTH = 2000
"""Characters of one comment that are looked at; platforms allow fewer, pasted essays more."""


class Match(NamedTuple):
    """The playbook that one text speaks for ("" for none), and the signals that say so, as they were met."""

    playbook: str
    hits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A playbook that several texts speak for.

    Args:
        hits: its signals, each once, the most frequent first.
        score: how many different signals.
        texts: how many of the texts speak for it.
    """

    playbook: Playbook
    hits: tuple[str, ...]
    score: int
    texts: int


class Matcher:
    """The signals of all active playbooks, compiled once. Holds no state and may be pickled."""

    def __init__(self, playbooks: Iterable[Playbook]) -> None:
        active = [playbook for playbook in playbooks if playbook.status == "active"]
        self._playbooks = {playbook.id: playbook for playbook in active}
        self._owners: dict[str, list[str]] = defaultdict(list)
        self._severe: set[str] = set()
        self._common = {plain(word) for playbook in active for word in playbook.signals.common}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for playbook in active:
            severe = [plain(word) for word in playbook.signals.severe]
            self._severe.update(severe)
            for word in (*severe, *map(plain, (*playbook.signals.any, *playbook.signals.common))):
                self._owners[word].append(playbook.id)
            self._patterns += [
                (re.compile(pattern, re.IGNORECASE), playbook.id) for pattern in playbook.signals.regex
            ]
        longest_first = sorted(self._owners, key=len, reverse=True)
        self._words = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def match(self, text: str) -> Match:
        """Find the playbook that a text speaks for most: see `matches`."""
        return next((Match(*each) for each in self.matches(text).items()), Match("", ()))

    def matches(self, text: str) -> dict[str, tuple[str, ...]]:
        """Every playbook that a text speaks for, and the signals that say so.

        First comes the one with most severe words, then most telling ones (see `telling`), then most signals.
        """
        found = {name: tuple(hits.values()) for name, hits in self._found(text).items()}

        def strength(name: str) -> tuple[int, int, int]:
            hits = found[name]
            return len(self.severe(hits)), len(self.telling(hits)), len(hits)

        return {name: found[name] for name in sorted(found, key=strength, reverse=True)}

    def propose(self, texts: Sequence[str]) -> list[Proposal]:
        """Rank the playbooks by how many texts speak for them, then by how many different signals do."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        voices: Counter[str] = Counter()
        shown: dict[str, str] = {}
        for text in texts:
            for name, hits in self._found(text).items():
                voices[name] += 1
                counts[name].update(hits.keys())
                shown |= hits
        proposals = [
            Proposal(
                self._playbooks[name],
                tuple(shown[key] for key, _ in hits.most_common()),
                len(hits),
                voices[name],
            )
            for name, hits in counts.items()
        ]
        return sorted(
            proposals, key=lambda proposal: (-proposal.texts, -proposal.score, proposal.playbook.id)
        )

    def severe(self, hits: Iterable[str]) -> tuple[str, ...]:
        """Those of the hits that alarm on their own."""
        return tuple(hit for hit in hits if hit in self._severe)

    def telling(self, hits: Iterable[str]) -> tuple[str, ...]:
        """Those of the hits that tell one matter from another: not a common word, nor a phrase around one."""
        return tuple(hit for hit in hits if not self._is_common(hit))

    def _is_common(self, hit: str) -> bool:
        return hit in self._common if hit in self._owners else any(word in hit for word in self._common)

    def _found(self, text: str) -> dict[str, dict[str, str]]:
        """Each playbook's signals in a text, in the order in which they were met: the word or pattern, and what it met.

        A pattern that meets what the same playbook has met already says nothing new, except around a common word: then
        the phrase says more than the word, and stands in its place.
        """
        text = plain(text[:MAX_LENGTH])
        found: dict[str, dict[str, str]] = {}
        for word in self._words.findall(text):
            for name in self._owners[word]:
                found.setdefault(name, {})[word] = word
        for pattern, name in self._patterns:
            if met := pattern.search(text):
                _add_phrase(found.setdefault(name, {}), pattern.pattern, met.group(), self._common)
        return {name: hits for name, hits in found.items() if hits}


def _add_phrase(hits: dict[str, str], pattern: str, phrase: str, common: Set[str]) -> None:
    inside = [key for key, hit in hits.items() if hit in phrase]
    if not all(key in common for key in inside):
        return
    if not inside:
        hits[pattern] = phrase
        return
    first, *rest = inside
    for key in rest:
        del hits[key]
    hits[first] = phrase


def plain(text: str) -> str:
    """Fold case and width, so that `ＡＰＰ` and `app` are the same word."""
    return unicodedata.normalize("NFKC", text).casefold()
