"""Merge mentions into topics: near-duplicates, and the same kind of complaint under the same post.

Only negatives begin a topic; others join one whose words they repeat. The index lives in memory and is made anew from
the database at start; it never decides anything that is not stored in the same transaction.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.monitor import sketch
from bot.monitor.prepare import Prepared
from storage.models import Topic

TEXTS = 8
"""Texts of a topic that new ones are compared with."""
SHARED_SIGNALS = 2
"""Signals that complaints under different posts must share to be one matter."""


@dataclass(slots=True)
class Thread:
    """A topic as the index knows it. `changed`: its row is behind."""

    topic: Topic
    texts: list[str] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    signals: set[str] = field(default_factory=set)
    severe: bool = False
    lasting: bool = False
    """It belongs to an incident, so it takes mentions beyond the window."""


class Index:
    """The topics that may still take mentions. One per drill, and one for what is live.

    Args:
        window: how long a topic takes mentions after its last one.
    """

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self._clear()

    def _clear(self) -> None:
        self.threads: list[Thread] = []
        self._by_text: dict[str, Thread] = {}
        self._by_hash: dict[int, set[int]] = defaultdict(set)
        self._by_item: dict[tuple[str, str], list[Thread]] = defaultdict(list)
        self._by_type: dict[str, list[Thread]] = defaultdict(list)
        self._number: dict[int, Thread] = {}

    def add(self, thread: Thread) -> None:
        """Take a topic in."""
        self.threads.append(thread)
        self._number[id(thread)] = thread
        self._by_type[thread.topic.type].append(thread)
        for text in list(thread.texts):
            self._learn(thread, text, sketch.of(text))
        for item in thread.items:
            self._by_item[item, thread.topic.type].append(thread)

    def place(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic that a mention joins or begins; None for a mention that belongs to none."""
        is_negative = mention.row["label"] == "negative"
        thread = self._repeated(mention, now)
        if thread is None and is_negative:
            thread = self._same_complaint(mention, now)
            if thread is None:
                thread = Thread(_begun_by(mention, now))
                self.add(thread)
        if thread is not None:
            self._join(thread, mention, now, is_negative=is_negative)
        return thread

    def forget(self, now: datetime) -> None:
        """Drop the topics that take no more mentions."""
        kept = [thread for thread in self.threads if self._is_open(thread, now)]
        if len(kept) < len(self.threads):
            self._clear()
            for thread in kept:
                self.add(thread)

    def _is_open(self, thread: Thread, now: datetime) -> bool:
        return thread.lasting or now - thread.topic.last_at <= self.window

    def _repeated(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic whose words a mention repeats. Very short texts count only under the same post."""
        exact = mention.exact
        if len(exact) < sketch.SHORTEST:
            thread = self._by_text.get(f"{mention.row['item_id']}\x1f{exact}") if exact else None
            return thread if thread and self._is_open(thread, now) else None
        thread = self._by_text.get(exact)
        if thread and self._is_open(thread, now):
            return thread
        near: Counter[int] = Counter()
        for value in mention.sketch:
            near.update(self._by_hash.get(value, ()))
        for number, _ in near.most_common(TEXTS):
            candidate = self._number[number]
            if self._is_open(candidate, now) and any(sketch.is_near(exact, text) for text in candidate.texts):
                return candidate
        return None

    def _same_complaint(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic of the same crisis type under the same post, or with the same signals under another one."""
        item = mention.row["item_id"]
        for kind in sorted(mention.types, key=lambda kind: -len(mention.types[kind])):
            for thread in reversed(self._by_item.get((item, kind), []) if item else []):
                if self._is_open(thread, now):
                    return thread
        kind, hits = mention.row["type"], set(mention.row["hits"])
        if len(hits) >= SHARED_SIGNALS:
            for thread in reversed(self._by_type.get(kind, [])):
                if len(hits & thread.signals) >= SHARED_SIGNALS and self._is_open(thread, now):
                    return thread
        return None

    def _join(self, thread: Thread, mention: Prepared, now: datetime, *, is_negative: bool) -> None:
        row, topic = mention.row, thread.topic
        topic.last_at = now
        topic.mentions += 1
        topic.negatives += is_negative
        topic.fresh += is_negative and mention.fresh
        topic.harm = max(topic.harm, row["harm"] if is_negative else 0.0)
        topic.likes = max(topic.likes, row["likes"] or 0)
        topic.platforms = {**topic.platforms, row["platform"]: topic.platforms.get(row["platform"], 0) + 1}
        thread.severe |= mention.severe and mention.fresh
        if not is_negative:
            return
        thread.signals |= set(row["hits"])
        if row["item_id"] and row["item_id"] not in thread.items:
            thread.items.add(row["item_id"])
            self._by_item[row["item_id"], topic.type].append(thread)
        if len(mention.exact) < sketch.SHORTEST:
            self._by_text.setdefault(f"{row['item_id']}\x1f{mention.exact}", thread)
        elif mention.exact not in thread.texts and len(thread.texts) < TEXTS:
            thread.texts.append(mention.exact)
            self._learn(thread, mention.exact, mention.sketch)

    def _learn(self, thread: Thread, text: str, hashes: tuple[int, ...]) -> None:
        self._by_text.setdefault(text, thread)
        for value in hashes:
            self._by_hash[value].add(id(thread))


def _begun_by(mention: Prepared, now: datetime) -> Topic:
    row = mention.row
    return Topic(
        drill_id=row["drill_id"],
        type=row["type"],
        title=row["text"] or row["title"],
        item_id=row["item_id"],
        first_at=now,
        last_at=now,
    )
