"""Find playbooks' signals in public comments, fast enough to look at every one.

Words and patterns are looked up by what they begin with, so that a comment costs the same however many playbooks there
are. Where words overlap the longer one counts, since it says more.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from operator import add
from typing import NamedTuple

from playbooks.patterns import needs
from playbooks.schema import Playbook

_FULL_WIDTH = tuple(zip("，！？：；（）", ",!?:;()", strict=True))
"""What is in nearly every text; most that hold no other full-width characters need no closer look."""
MAX_LENGTH = 2000
"""Characters of one comment that are looked at; platforms allow fewer, pasted essays more."""


class Match(NamedTuple):
    """The playbook that one text speaks for ("" for none), and the signals that say so, as they were met."""

    playbook: str
    hits: tuple[str, ...]


class Pattern(NamedTuple):
    """A signal that is a regular expression, the playbook it speaks for, and what a text must hold to be searched."""

    regex: re.Pattern[str]
    playbook: str
    needs: tuple[frozenset[str], ...]


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
        self._common_of = {playbook.id: frozenset(map(plain, playbook.signals.common)) for playbook in active}
        self._common = frozenset().union(*self._common_of.values())
        self._any_common = re.compile("|".join(map(re.escape, sorted(self._common))) or "(?!)")
        patterns: list[Pattern] = []
        for playbook in active:
            severe = [plain(word) for word in playbook.signals.severe]
            self._severe.update(severe)
            for word in (*severe, *map(plain, (*playbook.signals.any, *playbook.signals.common))):
                self._owners[word].append(playbook.id)
            patterns += [_pattern(pattern, playbook.id) for pattern in playbook.signals.regex]
        self._patterns = patterns
        self._words = _by_beginning(self._owners)
        self._numbers = _by_rarest(patterns)
        self._beginnings = frozenset(self._words) | frozenset(self._numbers)

    def match(self, text: str) -> Match:
        """Find the playbook that a text speaks for most: see `matches`."""
        return next((Match(*each) for each in self.matches(text).items()), Match("", ()))

    def matches(self, text: str) -> dict[str, tuple[str, ...]]:
        """Every playbook that a text speaks for, and the signals that say so.

        First comes the one with most severe words, then most telling ones (see `telling`), then the longest of them, then
        most signals.
        """
        found = {name: tuple(hits.values()) for name, hits in self._found(text).items()}

        def strength(name: str) -> tuple[int, int, int, int]:
            hits = found[name]
            telling = self.telling(hits)
            return len(self.severe(hits)), len(telling), sum(map(len, telling)), len(hits)

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
        if hit in self._owners:
            return hit in self._common
        if not self._any_common.search(hit):
            return False
        inside = {word for word in self._common if word in hit}
        # A phrase of another kind of crisis stays telling although a common word of this one occurs in it.
        return not any(
            pattern.regex.fullmatch(hit)
            for pattern in self._patterns
            if not inside & self._common_of[pattern.playbook]
        )

    def _found(self, text: str) -> dict[str, dict[str, str]]:
        """Each playbook's signals in a text, in the order in which they were met: the word or pattern, and what it met.

        A pattern that meets what the same playbook has met already says nothing new, except around a common word: then
        the phrase says more than the word, and stands in its place.
        """
        text = plain(text[:MAX_LENGTH])
        held = {"", *text, *map(add, text, text[1:])}
        met = self._beginnings & held
        found: dict[str, dict[str, str]] = {}
        for word in self._spotted(text, met):
            for name in self._owners[word]:
                found.setdefault(name, {})[word] = word
        for regex, name, _ in self._worth_a_try(held, met):
            if match := regex.search(text):
                _add_phrase(found.setdefault(name, {}), regex.pattern, match.group(), self._common)
        return {name: hits for name, hits in found.items() if hits}

    def _spotted(self, text: str, met: Iterable[str]) -> Iterator[str]:
        """The words in a text from left to right, none inside another. `met`: the beginnings that are in it."""
        begins = self._words
        places = sorted(place for pair in met if pair in begins for place in _places(text, pair))
        end = 0
        for start in places:
            if start >= end:
                for word in begins[text[start : start + 2]]:
                    if text.startswith(word, start):
                        end = start + len(word)
                        yield word
                        break

    def _worth_a_try(self, held: Set[str], met: Iterable[str]) -> Iterator[Pattern]:
        """The patterns that may find something in a text that holds some beginnings, in the order of the playbooks."""
        numbers = self._numbers
        for number in sorted({number for each in met if each in numbers for number in numbers[each]}):
            pattern = self._patterns[number]
            for need in pattern.needs:
                if need.isdisjoint(held):
                    break
            else:
                yield pattern


def _runs_into(phrase: str, word: str) -> bool:
    """Tell whether a phrase ends with the beginning of a word: `吃完拉` where `拉肚子` was met."""
    return any(phrase.endswith(word[:length]) for length in range(1, len(word)))


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _by_beginning(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Words by their first two characters, the longest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words, key=len, reverse=True):
        found[word[:2]].append(word)
    return {pair: tuple(group) for pair, group in found.items()}


def _by_rarest(patterns: Sequence[Pattern]) -> dict[str, tuple[int, ...]]:
    """The numbers of patterns by one of their needs: the one of the longest beginnings, which few texts meet.

    What needs nothing that could be told goes by "", which every text holds.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for number, pattern in enumerate(patterns):
        rarest = max(pattern.needs, key=lambda need: min(map(len, need)), default=("",))
        for each in rarest:
            found[each].append(number)
    return {each: tuple(numbers) for each, numbers in found.items()}


def _pattern(pattern: str, playbook: str) -> Pattern:
    return Pattern(re.compile(pattern, re.IGNORECASE), playbook, tuple(needs(pattern)))


def _add_phrase(hits: dict[str, str], pattern: str, phrase: str, common: Set[str]) -> None:
    inside = [key for key, hit in hits.items() if hit in phrase]
    if not all(key in common for key in inside) or any(
        _runs_into(phrase, hit) for key, hit in hits.items() if key not in common
    ):
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
    for wide, narrow in _FULL_WIDTH:
        text = text.replace(wide, narrow)
    return unicodedata.normalize("NFKC", text).casefold()
