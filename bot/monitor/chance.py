"""How surprising it is that so many say the same: what is usual lately, and the odds of more than that by chance.

Whoever sells anything is always complained of a little, so that three complaints among ten comments are news and three among
three hundred are not. What belongs to an incident is left out: a crisis must not pass for what is usual.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

PRIOR = 200
"""Comments without any complaint that are taken for granted while little was read, so that three complaints count on the first day."""
FAR = 50.0
"""From this many above ten times what is expected, a count needs no arithmetic."""


@dataclass(slots=True)
class Note:
    """Comments that were read: when, under which post, what they hold, and the topic they belong to."""

    at: datetime
    item: str
    comments: int
    keys: tuple[Hashable, ...]
    owner: object


class Usual:
    """What was said lately, and under which posts.

    Args:
        window: how long "lately" is.
    """

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self.total = 0
        self._under: Counter[str] = Counter()
        self._said: Counter[Hashable] = Counter()
        self._notes: deque[Note] = deque()

    def note(
        self,
        at: datetime,
        item: str,
        keys: Iterable[Hashable] = (),
        owner: object = None,
        *,
        comments: int = 1,
    ) -> None:
        """Add comments under a post. `keys`: what to count in them. Notes come in the order of time."""
        note = Note(at, item, comments, tuple(keys), owner)
        self._notes.append(note)
        self.total += comments
        self._under[item] += comments
        self._said.update(note.keys)

    def forget(self, now: datetime) -> None:
        """Drop what is not lately any more."""
        while self._notes and now - self._notes[0].at > self.window:
            note = self._notes.popleft()
            self.total -= note.comments
            self._under[note.item] -= note.comments
            if not self._under[note.item]:
                del self._under[note.item]
            self._unsay(note)

    def leave_out(self, owner: object) -> None:
        """A topic has become an incident's: what it says is no longer part of what is usual."""
        for note in self._notes:
            if note.owner is owner:
                self._unsay(note)

    def rarity(self, key: Hashable) -> float:
        """How much it says that two texts share this: 1 for what is said once, 0 for what everybody says."""
        all_ = self.total + PRIOR
        return math.log(all_ / (self._said[key] + 1)) / math.log(all_)

    def chance(self, key: Hashable, count: int, items: Collection[str], at_least: int) -> float:
        """The odds that a key is met so often under some posts if it is no more usual there than elsewhere.

        Args:
            key: what is met.
            count: how often.
            items: the posts.
            at_least: how many comments there are at the very least, be their posts known or not.
        """
        under = max(at_least, sum(self._under[item] for item in items))
        elsewhere = max(0, self.total - under) + PRIOR
        expected = under * (max(0, self._said[key] - count) + 1) / elsewhere
        return tail(count, expected)

    def share(self, key: Hashable, but: int) -> float:
        """How much of what was said holds a key, `but` so many comments."""
        return (max(0, self._said[key] - but) + 1) / (self.total + PRIOR)

    def _unsay(self, note: Note) -> None:
        for key in note.keys:
            self._said[key] -= 1
            if not self._said[key]:
                del self._said[key]
        note.keys = ()


def tail(count: int, expected: float) -> float:
    """The odds of at least so many where so many are expected (Poisson)."""
    if count > 10 * expected + FAR:
        return 0.0
    term = below = math.exp(-expected)
    for number in range(1, count):
        term *= expected / number
        below += term
    return max(0.0, 1.0 - below) if count else 1.0
