"""A topic in the making: what its complaints say, where they stand, and when they were written."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.monitor import sketch
from bot.monitor.phrases import POST, TROUBLE, subjects, weight
from bot.monitor.prepare import STALE, Prepared
from storage.models import Topic

TEXTS = 8
"""Texts of a topic that are known."""
VOICES = 64
"""Voices of a topic that are known, the newest."""
WORDS, MOST_WORDS = 24, 200
"""Marks of a topic that are stored, and that are known of it before the rare ones are dropped."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A fresh complaint.

    Args:
        at: when it arrived.
        weight: 1, or less for a long text, which speaks of many things.
        likes: None if not known.
    """

    at: datetime
    written: datetime | None
    post: str
    types: tuple[str, ...]
    weight: float
    is_copy: bool
    likes: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A complaint as it was written, and what it is about.

    Args:
        exact: see `sketch.normal`.
        hashes: see `sketch.of`.
    """

    text: str
    exact: str
    marks: frozenset[str]
    hashes: tuple[int, ...]

    @classmethod
    def of(cls, text: str, exact: str, marks: Iterable[str]) -> Said:
        """What is known of a complaint."""
        return cls(text, exact, frozenset(marks), sketch.of(exact))


@dataclass(slots=True, eq=False)
class Thread:
    """A topic as the index knows it.

    Args:
        authors: who complained under which post, as hashes: of a large crowd the names themselves take half the memory.
        voices: the fresh complaints of the window; one person repeating themselves is one voice.
        marks: how many of its complaints bear each mark.
        heard: how many complaints that is.
        telling: one of its signals tells it from other matters, so its type is not just where people ask for their money.
        lasting: it belongs to an incident, so it takes mentions beyond the window.
        norm: see `Index`; reckoned at `norm_at`.
        named: see `subjects`; as it was when `named_at` complaints were heard.
        last_at: when it took its last mention.
        mentions: what it took since its topic was summed up, and how many of it are `negatives`, how many of these `fresh`.
        platforms: where it took them.
    """

    topic: Topic
    said: list[Said] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    heard: int = 0
    authors: set[int] = field(default_factory=set)
    voices: deque[Voice] = field(default_factory=lambda: deque(maxlen=VOICES))
    telling: bool = False
    lasting: bool = False
    norm: float = 0.0
    norm_at: tuple[int, int] = (-1, -1)
    named: frozenset[str] = frozenset()
    named_at: int = -1
    last_at: datetime = field(init=False)
    # Counted here, since to set a column of a topic takes as long as to compare two texts.
    mentions: int = 0
    negatives: int = 0
    fresh: int = 0
    platforms: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.last_at = self.topic.last_at
        self.marks.update(self.topic.words)
        self.heard = max((*self.topic.words.values(), 0))

    def recall(self, trace: Any, marks: Iterable[str], *, telling: bool) -> None:
        """Take in one of its complaints as it is stored (see `mentions.traces_of`)."""
        exact = sketch.normal(trace.text)
        if all(exact != said.exact for said in self.said):
            self.said.append(Said.of(trace.text, exact, marks))
        self.authors.add(hash((trace.author, trace.item_id)))
        self.telling |= telling
        if trace.written_at is None or trace.seen_at - trace.written_at <= STALE:
            types = (trace.type,) if trace.type else ()
            self.voices.append(
                Voice(
                    trace.seen_at,
                    trace.written_at,
                    trace.item_id,
                    types,
                    weight_of(trace.text),
                    is_copy=False,
                )
            )

    def sum_up(self) -> Topic:
        """The topic as it is to be stored."""
        if len(self.marks) > MOST_WORDS:
            self.marks = Counter(dict(self.marks.most_common(MOST_WORDS // 2)))
            self.named_at = -1
        topic = self.topic
        topic.words = dict(self.marks.most_common(WORDS))
        if self.mentions:
            topic.last_at = self.last_at
            topic.mentions += self.mentions
            topic.negatives += self.negatives
            topic.fresh += self.fresh
            topic.platforms = dict(Counter(topic.platforms) + self.platforms)
            self.mentions = self.negatives = self.fresh = 0
            self.platforms = Counter()
        return topic

    def at(self, post: str) -> int:
        """How many of its complaints stand under a post."""
        return self.marks[f"{POST}{post}"]

    def home(self) -> str:
        """The post under which half of its complaints stand, if there is one."""
        posts = {mark: count for mark, count in self.marks.items() if mark.startswith(POST)}
        most = max(posts, key=lambda mark: posts[mark], default="")
        return most.removeprefix(POST) if most and 2 * posts[most] >= self.heard else ""

    def subjects(self) -> frozenset[str]:
        """The things that its complaints name, if half of them do."""
        if self.named_at != self.heard:
            named = {mark: self.marks[mark] for mark in subjects(self.marks)}
            self.named = frozenset(named if 2 * sum(named.values()) >= self.heard else ())
            self.named_at = self.heard
        return self.named

    def trouble(self) -> float:
        """How many of its complaints name one and the same trouble, as a share."""
        most = max((count for mark, count in self.marks.items() if mark.startswith(TROUBLE)), default=0)
        return most / self.heard if self.heard else 0.0


def central(threads: Iterable[Thread]) -> str:
    """The complaint that says most of what the others say, as it was written; the first of those that say as much."""
    threads = list(threads)
    marks = sum((thread.marks for thread in threads), Counter[str]())
    said = [each for thread in threads for each in thread.said]

    def told(each: Said) -> float:
        shared = sum(weight(mark) * (marks[mark] - 1) for mark in each.marks if not mark.startswith(POST))
        return shared / math.sqrt(max(1, len(each.marks)))

    return max(said, key=told).text if said else ""


def begun_by(mention: Prepared, now: datetime) -> Thread:
    """A topic that a mention begins."""
    row = mention.row
    return Thread(
        Topic(
            drill_id=row["drill_id"],
            type=row["type"],
            title=row["text"] or row["title"],
            item_id=row["item_id"],
            first_at=now,
            last_at=now,
        )
    )


LENGTHY = 60
"""Characters from which a complaint speaks of more than one thing."""


def weight_of(text: str) -> float:
    """What a complaint counts for as a voice."""
    return min(1.0, LENGTHY / max(1, len(text)))
