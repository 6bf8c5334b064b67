"""Merge mentions into topics, and tell which topics are alarming.

A mention joins a topic if it says the same in nearly the same words, if it complains of the same kind of thing under the same
post, or if it shares enough telling words with it. Only negatives begin a topic. The index lives in memory and is made anew
from the database at start; it never decides anything that is not stored in the same transaction.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.monitor import sketch
from bot.monitor.chance import Usual
from bot.monitor.prepare import STALE, Prepared
from storage.models import Topic

TEXTS = 8
"""Texts of a topic that are known, and texts in all that a new one is compared with."""
WORDS, MOST_WORDS = 24, 400
"""Words of a topic that are stored, and that are known of it before the rare ones are dropped."""
CROWD = 100
"""Topics that share a word; a word of more tells nothing."""
LIKE_UNDER_POST, LIKE_ELSEWHERE = 0.05, 0.25
"""How alike (cosine of their words) a mention and a topic must be under the same post, and under another one.

Measured on complaints of one's own about eighteen matters: a shared word under the same post is seldom chance, while elsewhere a
single comment must share nearly half of what it says.
"""
KIN_UNDER_POST, KIN_ELSEWHERE = 0.06, 0.10
"""The same for two topics. Halves of one complaint under different posts came to .11 and more, different matters to .09."""
BY_CHANCE = 0.02
"""How many topics that look as alarming chance may make at a time, where three voices are asked for."""
UNTYPED = 2
"""Times as many voices are needed where no playbook knows what it is about."""
COPY = ("copy",)
WORDPATH = True


@dataclass(frozen=True, slots=True)
class Voice:
    """A fresh complaint: when it arrived, whether it is of the topic's kind, and whether it repeats another one."""

    at: datetime
    is_typed: bool
    is_copy: bool


@dataclass(slots=True, eq=False)
class Thread:
    """A topic as the index knows it.

    Args:
        telling: some of its signals tell it from other matters; otherwise people only ask for their money back.
        voices: the fresh complaints of the window; one person repeating themselves is one voice.
        lasting: it belongs to an incident, so it takes mentions beyond the window.
    """

    topic: Topic
    texts: list[str] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    words: Counter[str] = field(default_factory=Counter)
    authors: set[tuple[str, str]] = field(default_factory=set)
    voices: list[Voice] = field(default_factory=list)
    telling: bool = False
    lasting: bool = False

    def __post_init__(self) -> None:
        self.words.update(self.topic.words)

    def recall(self, trace: Any, *, telling: bool) -> None:
        """Take in one of its complaints as it is stored (see `mentions.traces_of`)."""
        self.texts.append(sketch.normal(trace.text))
        if trace.item_id:
            self.items.add(trace.item_id)
        self.authors.add((trace.author, trace.item_id))
        self.telling |= telling
        if trace.written_at is None or trace.seen_at - trace.written_at <= STALE:
            self.voices.append(
                Voice(trace.seen_at, bool(trace.type) and trace.type == self.topic.type, is_copy=False)
            )

    def sum_up(self) -> Topic:
        """The topic as it is to be stored."""
        if len(self.words) > MOST_WORDS:
            self.words = Counter(dict(self.words.most_common(MOST_WORDS // 2)))
        self.topic.words = dict(self.words.most_common(WORDS))
        return self.topic


class Index:
    """The topics that may still take mentions. One per drill, and one for what is live.

    Args:
        window: how long a topic takes mentions after its last one.
    """

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self.usual = Usual(window)
        self._swept_at: datetime | None = None
        self._clear()

    def _clear(self) -> None:
        self.threads: list[Thread] = []
        self._of_kind: Counter[str] = Counter()
        self._by_text: dict[str, Thread] = {}
        self._by_hash: dict[int, set[tuple[Thread, str]]] = defaultdict(set)
        self._by_item: dict[str, list[Thread]] = defaultdict(list)
        self._by_word: dict[str, set[Thread]] = defaultdict(set)

    def add(self, thread: Thread) -> None:
        """Take a topic in."""
        self.threads.append(thread)
        self._of_kind[thread.topic.type] += 1
        for text in thread.texts:
            self._learn(thread, text, sketch.of(text))
        for item in thread.items:
            self._by_item[item].append(thread)
        for word in thread.words:
            self._by_word[word].add(thread)

    def remember(self, thread: Thread, now: datetime) -> None:
        """Count what a topic that was stored says; the comments themselves are counted already."""
        if not thread.lasting:
            keys = [
                *thread.words.elements(),
                *(("type", thread.topic.type) for _ in range(thread.topic.fresh)),
            ]
            self.usual.note(now, thread.topic.item_id, keys, thread, comments=0)

    def place(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic that a mention joins or begins; None for a mention that belongs to none."""
        is_negative = mention.reading.is_negative
        thread = self._repeated(mention, now)
        is_copy = thread is not None
        if thread is None and is_negative:
            thread = self._akin(mention, now)
            if thread is None:
                thread = Thread(_begun_by(mention, now))
                self.add(thread)
        self._note(mention, thread if is_negative else None, now, is_copy=is_copy)
        if thread is not None:
            self._join(thread, mention, now)
            if is_negative:
                self._hear(thread, mention, now, is_copy=is_copy)
        return thread

    def keep(self, thread: Thread) -> None:
        """A topic belongs to an incident from now on."""
        thread.lasting = True
        self.usual.leave_out(thread)

    def is_due(self, now: datetime) -> bool:
        """Tell whether to `forget` again: it touches every topic, so it is not for every batch."""
        return self._swept_at is None or now - self._swept_at > self.window / 8

    def forget(self, now: datetime, lasting: Collection[int | None]) -> None:
        """Drop the topics that take no more mentions. `lasting`: the ids of those whose incident still does."""
        self._swept_at = now
        self.usual.forget(now)
        for thread in self.threads:
            thread.lasting = thread.topic.id in lasting
        kept = [thread for thread in self.threads if self._is_open(thread, now)]
        if len(kept) < len(self.threads):
            self._clear()
            for thread in kept:
                self.add(thread)

    def is_alarming(self, thread: Thread, min_mentions: int, now: datetime) -> bool:
        """Tell whether a topic is worth an incident: a severe comment, or more voices than chance brings together."""
        if thread.topic.severe:
            return True
        thread.voices = [voice for voice in thread.voices if now - voice.at <= self.window]
        voices, kind = len(thread.voices), thread.topic.type
        if voices < min_mentions:
            return False
        bound = BY_CHANCE ** (min_mentions / 3)
        typed = sum(voice.is_typed for voice in thread.voices)
        if (
            typed >= min_mentions
            and self._of_kind[kind] * self._chance(thread, ("type", kind), typed) < bound
        ):
            return True
        copies = sum(voice.is_copy for voice in thread.voices)
        if (
            copies >= min_mentions - 1
            and len(self.threads) * self.usual.share(COPY, copies) ** copies < bound
        ):
            return True
        return (
            WORDPATH
            and bool(kind)
            and any(
                count >= min_mentions
                and len(self.threads) * TEXTS * self._chance(thread, word, count) < bound
                for word, count in thread.words.most_common(TEXTS)
            )
        )

    def kin_of(self, thread: Thread) -> Thread | None:
        """The topic of an incident that is the same matter as another topic."""
        related = {
            other: self._likeness(thread.words, other.words)
            for other in self.threads
            if other.lasting and other is not thread
        }
        kin = [other for other, likeness in related.items() if _are_kin(thread, other, likeness)]
        return max(kin, key=lambda other: related[other], default=None)

    def _is_open(self, thread: Thread, now: datetime) -> bool:
        return thread.lasting or now - thread.topic.last_at <= self.window

    def _chance(self, thread: Thread, key: Any, count: int) -> float:
        return self.usual.chance(key, count, thread.items, len(thread.voices))

    def _repeated(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic whose words a mention repeats. Very short texts count only under the same post."""
        exact = mention.exact
        if len(exact) < sketch.SHORTEST:
            thread = self._by_text.get(f"{mention.row['item_id']}\x1f{exact}") if exact else None
            return thread if thread and self._is_open(thread, now) else None
        thread = self._by_text.get(exact)
        if thread and self._is_open(thread, now):
            return thread
        near: Counter[tuple[Thread, str]] = Counter()
        for value in mention.sketch:
            near.update(self._by_hash.get(value, ()))
        for (candidate, text), _ in near.most_common(TEXTS):
            if self._is_open(candidate, now) and sketch.is_near(exact, text):
                return candidate
        return None

    def _akin(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic of the same kind under the same post, else the one that shares most of a mention's words."""
        item = mention.row["item_id"]
        under = (
            [thread for thread in self._by_item.get(item, ()) if self._is_open(thread, now)] if item else []
        )
        for kind in mention.reading.types:
            same = [thread for thread in under if thread.topic.type == kind]
            if same:
                return max(reversed(same), key=lambda thread: thread.lasting)
        if mention.reading.severe and (severe := [thread for thread in under if thread.topic.severe]):
            return severe[-1]
        if alike := self._alike(mention, now):
            return alike
        incidents = [thread for thread in under if thread.lasting]
        return (
            incidents[0]
            if mention.reading.types and not mention.reading.telling and len(incidents) == 1
            else None
        )

    def _alike(self, mention: Prepared, now: datetime) -> Thread | None:
        """The topic that shares most of a mention's words, and enough."""
        item, words = mention.row["item_id"], Counter(mention.reading.words)
        shared: Counter[Thread] = Counter()
        for word in words:
            if len(threads := self._by_word.get(word, ())) <= CROWD:
                shared.update(threads)
        likeness: dict[Thread, tuple[bool, float]] = {}
        for thread, count in shared.items():
            is_here = bool(item) and item in thread.items
            needed = 1 if is_here and not (mention.reading.telling and thread.telling) else 2
            if (
                count >= needed
                and (thread.topic.type or thread.lasting)
                and (is_here or _may_be(mention, thread))
                and self._is_open(thread, now)
            ):
                value, _ = self._likeness(words, thread.words)
                if value >= (LIKE_UNDER_POST if is_here else LIKE_ELSEWHERE):
                    likeness[thread] = is_here, value
        return max(likeness, key=lambda thread: likeness[thread], default=None)

    def _likeness(self, one: Mapping[str, int], other: Mapping[str, int]) -> tuple[float, int]:
        """The cosine of two counts of words, rare words weighing more, and how many words they share."""
        shared = [word for word in one if word in other]
        if not shared:
            return 0.0, 0
        weight = {word: self.usual.rarity(word) ** 2 for word in (*one, *other)}
        both = sum(math.sqrt(one[word] * other[word]) * weight[word] for word in shared)
        size = sum(one[word] * weight[word] for word in one) * sum(
            other[word] * weight[word] for word in other
        )
        return both / math.sqrt(size) if size else 0.0, len(shared)

    def _note(self, mention: Prepared, thread: Thread | None, now: datetime, *, is_copy: bool) -> None:
        keys: list[Any] = []
        if thread is not None and not thread.lasting:
            keys = [*mention.reading.words, *_kinds(mention.reading.types), *([COPY] if is_copy else [])]
        self.usual.note(now, mention.row["item_id"], keys, thread)

    def _join(self, thread: Thread, mention: Prepared, now: datetime) -> None:
        row, topic = mention.row, thread.topic
        is_negative = mention.reading.is_negative
        topic.last_at = now
        topic.mentions += 1
        topic.negatives += is_negative
        topic.fresh += is_negative and mention.fresh
        topic.harm = max(topic.harm, row["harm"] if is_negative else 0.0)
        topic.likes = max(topic.likes, row["likes"] or 0)
        topic.platforms = {**topic.platforms, row["platform"]: topic.platforms.get(row["platform"], 0) + 1}
        topic.severe |= mention.reading.severe and mention.fresh
        if not topic.type and not thread.lasting:
            topic.type = row["type"]
            self._of_kind[topic.type] += 1

    def _hear(self, thread: Thread, mention: Prepared, now: datetime, *, is_copy: bool) -> None:
        """Learn from a complaint that joins a topic."""
        row, item = mention.row, mention.row["item_id"]
        person = row["author"], item
        if (
            mention.fresh
            and mention.reading.evident
            and not (is_copy and row["author"] and person in thread.authors)
        ):
            thread.voices.append(Voice(now, thread.topic.type in mention.reading.types, is_copy))
        thread.authors.add(person)
        thread.telling |= mention.reading.telling
        thread.words.update(mention.reading.words)
        for word in mention.reading.words:
            self._by_word[word].add(thread)
        if item and item not in thread.items:
            thread.items.add(item)
            self._by_item[item].append(thread)
        if len(mention.exact) < sketch.SHORTEST:
            self._by_text.setdefault(f"{item}\x1f{mention.exact}", thread)
        elif mention.exact not in thread.texts and len(thread.texts) < TEXTS:
            thread.texts.append(mention.exact)
            self._learn(thread, mention.exact, mention.sketch)

    def _learn(self, thread: Thread, text: str, hashes: tuple[int, ...]) -> None:
        self._by_text.setdefault(text, thread)
        for value in hashes:
            self._by_hash[value].add((thread, text))


def _kinds(types: Iterable[str]) -> list[tuple[str, str]]:
    return [("type", kind) for kind in types]


def _may_be(mention: Prepared, thread: Thread) -> bool:
    """Under another post only the same kind may join; what has none may join what has none, or an incident."""
    if mention.reading.types:
        return thread.topic.type in mention.reading.types
    return thread.lasting or not thread.topic.type


def _are_kin(one: Thread, other: Thread, likeness: tuple[float, int]) -> bool:
    """Tell whether a topic is the same matter as an incident's."""
    alike, shared = likeness
    same_type = one.topic.type == other.topic.type
    if one.items & other.items:
        both_telling = one.telling and other.telling
        both_severe = one.topic.severe and other.topic.severe
        return same_type or both_severe or not both_telling or (shared > 0 and alike >= KIN_UNDER_POST)
    return same_type and shared > 1 and alike >= KIN_ELSEWHERE


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
