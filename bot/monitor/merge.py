"""Merge mentions into topics.

A mention joins a topic if it says the same in nearly the same words, or if it is about the same: the trouble, the thing and the
words that it shares with the topic's complaints, rare ones weighing more, come to enough. The post and the kind of crisis are
marks like any other, so that under a post of their own less is needed. Only negatives begin a topic. The index lives in memory
and is made anew from the database at start; it never decides anything that is not stored in the same transaction.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Set
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter

from bot.monitor import sketch
from bot.monitor.chance import Usual
from bot.monitor.likeness import SAME, clash, likeness
from bot.monitor.phrases import CALL, POST, TYPE, subjects, weight
from bot.monitor.prepare import Prepared
from bot.monitor.thread import TEXTS, Said, Thread, Voice, begun_by, weight_of

JOIN = 0.16
"""How alike a mention and a topic must be: the marks that it shares with the average complaint, against all that they bear.

Measured on complaints about thirteen matters in widely different wordings among a thousand bad reviews of other things.
"""
KIN, OUTBREAK_KIN, STRAY_KIN = 0.14, 0.1, 0.25
"""The same for two topics; for an outbreak and an incident, since a matter that alarms twice is worse than two taken for one; and
for what does not alarm and an incident, since that would fill it with what is always said."""
FEW = 2
"""Up to so many complaints a topic has no average to speak of: then a pair of them must be the same (see `likeness`)."""
ELSE = 0.5
"""What remains of a likeness if most of a topic speaks of one thing, and the other speaks of another."""
CROWD, LARGE_CROWD = 64, 1000
"""Topics that share a mark. Of more than that only those with two voices are looked at, and none of still more."""
SHARED = 3
"""Min-hashes that near-duplicates share at least: those that are just alike enough share fewer in one of ten cases, and are then
still told by what they are about (see `sketch.HASHES`)."""
LIKELIEST, COMMON = 4, 256
"""Texts that a mention is compared with, those with which it shares most min-hashes; min-hashes of more texts say nothing."""
SURELY = 0.999999
"""Room for what is lost in rounding where something is left out because it is sure to be too little."""
NEAREST = 16
"""Topics that a mention is compared with in full: those with which it shares most."""
COPY = "copy:"
"""The mark of what repeats another text; it counts for the alarm only."""
MOST_AT_A_TIME = 9
"""Incidents that are opened within a window because many say the same; the others wait. Nobody can work on more at once, so it
counts for all platforms together; but the first of each is opened all the same, so that one that is read first hides no other."""
MOST_THREADS = 4000
"""Topics that are known at a time, besides those of incidents; the quietest go first."""


class Index:
    """The topics that may still take mentions. One per drill, and one for what is live.

    Args:
        window: how long a topic takes mentions after its last one.
    """

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self.usual = Usual(window)
        self.pending: dict[Thread, None] = {}
        """Topics that have moved since they were last looked at, and belong to no incident."""
        self.moved: dict[Thread, None] = {}
        """Topics that have moved since their incidents were last looked at."""
        self._opened: deque[tuple[datetime, str]] = deque(maxlen=2 * MOST_AT_A_TIME)
        self._swept_at: datetime | None = None
        self._known = _Values(self.usual)
        self._known_at = -1
        self._clear()

    def _clear(self) -> None:
        self.threads: dict[Thread, None] = {}
        self._by_text: dict[str, Thread] = {}
        self._by_hash: dict[int, list[tuple[Thread, Said]]] = defaultdict(list)
        self._by_mark: dict[str, dict[Thread, None]] = defaultdict(dict)

    def add(self, thread: Thread) -> None:
        """Take a topic in."""
        self.threads[thread] = None
        for said in thread.said:
            self._learn(thread, said)
        for mark in thread.marks:
            self._by_mark[mark][thread] = None

    def remember(self, thread: Thread, now: datetime) -> None:
        """Count what a topic that was stored says; the comments themselves are counted already."""
        if not thread.lasting:
            self.usual.hear(now, thread.marks, complaints=thread.heard)
            self.pending[thread] = None

    def place(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic that a mention joins or begins; None for a mention that belongs to none."""
        row, is_negative = mention.row, mention.reading.is_negative
        self.usual.note(now, row["item_id"], row["written_at"], row["likes"])
        thread = self._repeated(mention, now)
        is_copy = thread is not None
        marks = marks_of(mention) if is_negative else frozenset()
        if thread is None and is_negative:
            thread = self.alike(marks, now)
            if thread is None:
                thread = begun_by(mention, now)
                self.threads[thread] = None
        if is_negative and not (thread and thread.lasting):
            self.usual.hear(now, (*marks, COPY) if is_copy else marks)
        if thread is not None:
            _count_in(thread, mention, now)
            thread.telling |= mention.reading.telling
            if is_negative:
                self._hear(thread, mention, marks, now, is_copy=is_copy)
            if thread.topic.incident_id is None:
                self.pending[thread] = None
        return thread

    def keep(self, thread: Thread, now: datetime) -> None:
        """A topic belongs to an incident from now on."""
        if not thread.lasting:
            thread.lasting = True
            self.usual.leave_out(now, thread.marks, thread.heard)
        self.pending.pop(thread, None)

    def may_open(self, now: datetime, platform: str, *, anyway: bool) -> bool:
        """Take one of the incidents that may be opened within the window; False if none is left.

        The first of a platform is opened all the same, and so is one that is to be opened `anyway`.
        """
        while self._opened and now - self._opened[0][0] > self.window:
            self._opened.popleft()
        is_first = all(platform != each for _, each in self._opened)
        if len(self._opened) >= MOST_AT_A_TIME and not is_first and not anyway:
            return False
        self._opened.append((now, platform))
        return True

    def is_due(self, now: datetime) -> bool:
        """Tell whether to `forget` again: it touches every topic, so it is not for every batch."""
        is_long_ago = self._swept_at is None or now - self._swept_at > self.window / 8
        return is_long_ago or len(self.threads) > 2 * MOST_THREADS

    def forget(self, now: datetime, lasting: Collection[int | None]) -> None:
        """Drop the topics that take no more mentions. `lasting`: the ids of those whose incident still does."""
        self._swept_at = now
        self.usual.forget(now)
        for thread in self.threads:
            thread.lasting = thread.topic.id in lasting
        kept = [thread for thread in self.threads if self.is_open(thread, now)]
        if len(kept) > MOST_THREADS:
            loud = sorted(kept, key=lambda thread: (thread.lasting, len(thread.voices), thread.last_at))
            chosen = set(loud[-MOST_THREADS:])
            kept = [thread for thread in kept if thread in chosen]
        # Made anew even if all are kept: marks that a topic has dropped are still in the index.
        self._clear()
        for thread in kept:
            self.add(thread)
        self.pending = {thread: None for thread in self.pending if thread in self.threads}

    def is_open(self, thread: Thread, now: datetime) -> bool:
        """Tell whether a topic still takes mentions."""
        return thread.lasting or now - thread.last_at <= self.window

    def near(self, marks: Iterable[str]) -> list[Thread]:
        """The topics that share most with some marks."""
        return [thread for thread, _ in self._near(marks)]

    def _near(self, marks: Iterable[str]) -> list[tuple[Thread, float]]:
        """The topics that share most with some marks, and what those that they share count for."""
        shared: dict[Thread, float] = defaultdict(float)
        values = self._values()
        for mark in marks:
            threads: Collection[Thread] = self._by_mark.get(mark, ())
            if (crowd := len(threads)) > LARGE_CROWD or mark.startswith(CALL):
                continue
            if crowd > CROWD:
                threads = [each for each in threads if len(each.voices) > 1]
            value = values[mark]
            for thread in threads:
                shared[thread] += value
        return sorted(shared.items(), key=itemgetter(1), reverse=True)[:NEAREST]

    def alike(self, marks: frozenset[str], now: datetime) -> Thread | None:
        """The topic that is about the same as a complaint with these marks."""
        all_values = self._values()
        values = {mark: all_values[mark] for mark in marks}
        own, named = sum(values.values()), subjects(marks)
        best, most = None, JOIN
        for thread, shared in self._near(marks):
            if (
                shared < most * most * own
            ):  # of which a likeness is the root at most, and of the next ones too
                break
            if not self.is_open(thread, now):
                continue
            value = self._likeness(values, own, thread, most)
            if value >= most and speaks_of_else(named, thread):
                value *= ELSE
            if value >= most and (thread.heard > FEW or _is_same(marks, thread)):
                best, most = thread, value
        return best

    def _likeness(self, values: Mapping[str, float], own: float, thread: Thread, least: float) -> float:
        """How alike a complaint and the complaints of a topic are on average, 0 to 1; what they name is not looked at.

        0 for what is sure to be below `least`.
        """
        counts = thread.marks
        both = sum([value * counts[mark] for mark, value in values.items() if mark in counts])
        both /= max(1, thread.heard)
        # The norm, which takes long to reckon, is no less than what both bear.
        return both / math.sqrt(own * self._norm(thread)) if both > SURELY * least * least * own else 0.0

    def kinship(self, one: Thread, other: Thread) -> float:
        """How alike the complaints of two topics are on average, 0 to 1."""
        values = self._values()
        both = sum(
            values[mark] * count * other.marks[mark]
            for mark, count in one.marks.items()
            if mark in other.marks
        )
        if not both:
            return 0.0
        alike = both / (one.heard * other.heard) / math.sqrt(self._norm(one) * self._norm(other))
        return alike * ELSE if speaks_of_else(one.subjects(), other) else alike

    def _values(self) -> Mapping[str, float]:
        """What each mark counts for at present."""
        if self._known_at != self.usual.epoch:
            self._known.clear()
            self._known_at = self.usual.epoch
        return self._known

    def _norm(self, thread: Thread) -> float:
        """The marks of a topic's average complaint, by value."""
        state = self.usual.epoch, thread.heard
        if thread.norm_at != state:
            values = self._values()
            thread.norm = sum([values[mark] * count for mark, count in thread.marks.items()])
            thread.norm /= max(1, thread.heard)
            thread.norm_at = state
        return max(thread.norm, 1e-9)

    def _repeated(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic whose words a mention repeats. Very short texts count only under the same post."""
        exact = mention.exact
        if len(exact) < sketch.SHORTEST:
            thread = self._by_text.get(f"{mention.row['item_id']}\x1f{exact}") if exact else None
            return thread if thread and self.is_open(thread, now) else None
        thread = self._by_text.get(exact)
        if thread and self.is_open(thread, now):
            return thread
        if not mention.reading.is_negative:
            # What nearly repeats a complaint is one; to look for the rest would take most of the time.
            return None
        marks = frozenset(mention.reading.words)
        for thread, said in self._likely(sketch.of(exact)):
            is_near = self.is_open(thread, now) and sketch.is_near(exact, said.exact)
            if is_near and not clash(marks, said.marks):
                return thread
        return None

    def _likely(self, hashes: Iterable[int]) -> list[tuple[Thread, Said]]:
        """The texts that most likely say the same as one with these min-hashes."""
        buckets = [bucket for value in hashes if len(bucket := self._by_hash.get(value, ())) <= COMMON]
        shared = Counter(chain.from_iterable(buckets))
        likely = [each for each in shared.items() if each[1] >= SHARED]
        likely.sort(key=itemgetter(1), reverse=True)
        return [candidate for candidate, _ in likely[:LIKELIEST]]

    def _hear(
        self, thread: Thread, mention: Prepared, marks: frozenset[str], now: datetime, *, is_copy: bool
    ) -> None:
        """Learn from a complaint that joins a topic."""
        row, item = mention.row, mention.row["item_id"]
        person = hash((row["author"], item))
        repeats = is_copy and row["author"] and person in thread.authors
        if mention.fresh and mention.reading.evident and not repeats:
            thread.voices.append(
                Voice(
                    now,
                    row["written_at"],
                    item,
                    tuple(mention.reading.types),
                    weight_of(row["text"]),
                    is_copy,
                    row["likes"],
                )
            )
        if len(thread.authors) < LARGE_CROWD:
            thread.authors.add(person)
        thread.marks.update(marks)
        thread.heard += 1
        for mark in marks:
            self._by_mark[mark][thread] = None
        if len(mention.exact) < sketch.SHORTEST:
            self._by_text.setdefault(f"{item}\x1f{mention.exact}", thread)
        elif len(thread.said) < TEXTS and all(mention.exact != said.exact for said in thread.said):
            said = Said.of(row["text"], mention.exact, marks)
            thread.said.append(said)
            self._learn(thread, said)

    def _learn(self, thread: Thread, said: Said) -> None:
        self._by_text.setdefault(said.exact, thread)
        candidate = thread, said
        for value in said.hashes:
            bucket = self._by_hash[value]
            if len(bucket) <= COMMON:
                bucket.append(candidate)


class _Values(dict[str, float]):
    """What marks count for, each reckoned when it is first asked for."""

    def __init__(self, usual: Usual) -> None:
        super().__init__()
        self._usual = usual

    def __missing__(self, mark: str) -> float:
        value = self[mark] = weight(mark) * self._usual.rarity(mark) ** 2
        return value


def _is_same(marks: frozenset[str], thread: Thread) -> bool:
    shares_post = any(mark.startswith(POST) and mark in thread.marks for mark in marks)
    return shares_post or any(likeness(about(marks), about(said.marks)) >= SAME for said in thread.said)


def about(marks: frozenset[str]) -> frozenset[str]:
    """Marks without those of where it stands."""
    return frozenset(mark for mark in marks if not mark.startswith((POST, TYPE)))


def speaks_of_else(named: Set[str], thread: Thread) -> bool:
    """Tell whether a complaint names subjects, and most of a topic's complaints name others."""
    return bool(named and thread.subjects() and thread.marks.keys().isdisjoint(named))


def marks_of(mention: Prepared) -> frozenset[str]:
    """What a complaint is about, the post that it stands under and the kinds of crisis included."""
    item = mention.row["item_id"]
    posts = (f"{POST}{item}",) if item else ()
    return frozenset((*mention.reading.words, *posts, *(f"{TYPE}{kind}" for kind in mention.reading.types)))


def _count_in(thread: Thread, mention: Prepared, now: datetime) -> None:
    row, topic = mention.row, thread.topic
    is_negative = mention.reading.is_negative
    thread.last_at = now
    thread.mentions += 1
    thread.negatives += is_negative
    thread.fresh += is_negative and mention.fresh
    thread.platforms[row["platform"]] += 1
    if is_negative and row["harm"] > topic.harm:
        topic.harm = row["harm"]
    if (row["likes"] or 0) > topic.likes:
        topic.likes = row["likes"]
    if mention.reading.severe and mention.fresh and not topic.severe:
        topic.severe = True
    if not thread.lasting and (not topic.type or (mention.reading.telling and not thread.telling)):
        topic.type = row["type"] or topic.type
