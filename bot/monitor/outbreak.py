"""Tell what is alarming: topics of the same matter taken together, and how surprising their voices are.

It is judged when a reading is over and not comment by comment, since only then it is known what is usual in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.monitor import chance
from bot.monitor.chance import Usual, surprise
from bot.monitor.merge import COPY, KIN, OUTBREAK_KIN, STRAY_KIN, Index
from bot.monitor.phrases import TYPE
from bot.monitor.thread import Thread, Voice

QUIET = 30
"""Complaints of a window up to which every topic with enough voices is an alarm: so few are all worth a look."""
STEEP = 3.0
"""How the evidence that is asked for grows with the complaints of a window, in nats per e-fold: the more are compared, the more
chance brings together. 10 for a thousand."""
PER_VOICE, PER_POST, PER_KIND = 0.6, 0.7, 0.5
NAMED, UNNAMED = 4.0, -6.0
"""What it counts for that half of the voices name one and the same trouble, and that they do not."""
HALF = 0.5
OWN = 0.3
"""From this share of the comments under a post on it is a matter's own: what else is complained of there belongs to it."""


@dataclass(slots=True)
class Outbreak:
    """Topics of one matter, and the evidence that it is more than chance, in nats."""

    threads: list[Thread] = field(default_factory=list)
    evidence: float = 0.0

    @property
    def is_severe(self) -> bool:
        """One comment of it is enough to alarm."""
        return any(thread.topic.severe for thread in self.threads)

    @property
    def voices(self) -> list[Voice]:
        """The voices of all its topics."""
        return [voice for thread in self.threads for voice in thread.voices]


def gather(index: Index, min_mentions: int, now: datetime, *, severe_only: bool = False) -> list[Outbreak]:
    """What the pending topics amount to, the most alarming first; only what is alarming."""
    pending = [thread for thread in index.pending if thread.topic.severe or not severe_only]
    loud = sorted(pending, key=lambda thread: (len(thread.voices), thread.topic.severe), reverse=True)
    taken: set[Thread] = set()
    found: list[Outbreak] = []
    for thread in loud:
        if thread in taken or not (thread.voices or thread.topic.severe):
            continue
        outbreak = Outbreak(_kindred(index, thread, taken, now))
        taken.update(outbreak.threads)
        if weigh(index.usual, outbreak, min_mentions):
            found.append(outbreak)
    return sorted(found, key=lambda outbreak: (outbreak.is_severe, outbreak.evidence), reverse=True)


def _kindred(index: Index, first: Thread, taken: set[Thread], now: datetime) -> list[Thread]:
    _drop_old(index, first, now)
    threads = [first]
    for other in index.near(first.marks):
        is_free = other.topic.incident_id is None and other not in taken and other is not first
        if is_free and other.voices and index.is_open(other, now) and _are_kin(index, first, other):
            _drop_old(index, other, now)
            threads.append(other)
    return threads


def _are_kin(index: Index, one: Thread, other: Thread) -> bool:
    return index.kinship(one, other) >= KIN or _share_a_post(index, one, other)


def has_kin(index: Index) -> bool:
    """Tell whether a topic that is pending belongs to an incident."""
    return any(kin_of(index, thread) for thread in index.pending)


def incident_of(index: Index, outbreak: Outbreak) -> Thread | None:
    """The topic of an incident that is the same matter as an outbreak."""
    found = (kin_of(index, thread, OUTBREAK_KIN) for thread in outbreak.threads)
    return next((kin for kin in found if kin is not None), None)


def kin_of(index: Index, thread: Thread, least: float = STRAY_KIN) -> Thread | None:
    """The topic of an incident that is the same matter as another topic, and at `least` so alike."""
    best, most = None, least
    for other in index.near(thread.marks):
        if other.lasting and other is not thread:
            alike = 1.0 if _share_a_post(index, other, thread) else index.kinship(thread, other)
            if alike >= most:
                best, most = other, alike
    return best


def _share_a_post(index: Index, one: Thread, other: Thread) -> bool:
    """Tell whether two topics stand under one post that the first has nearly for itself."""
    post = one.home()
    is_own = bool(post) and one.at(post) >= OWN * index.usual.under(post)
    kinds = {one.topic.type, other.topic.type} - {""}
    return is_own and other.home() == post and len(kinds) < 2


def _drop_old(index: Index, thread: Thread, now: datetime) -> None:
    while thread.voices and now - thread.voices[0].at > index.window:
        thread.voices.popleft()


def weigh(usual: Usual, outbreak: Outbreak, min_mentions: int) -> bool:
    """Reckon the evidence; tell whether it is enough for an alarm."""
    voices = outbreak.voices
    if voices:
        outbreak.evidence = evidence(usual, outbreak.threads, voices)
    if outbreak.is_severe or len(voices) < min_mentions:
        return outbreak.is_severe
    return usual.complaints <= QUIET or outbreak.evidence >= STEEP * math.log(usual.complaints / QUIET)


def evidence(usual: Usual, threads: Sequence[Thread], voices: Sequence[Voice]) -> float:
    """How surprising the voices are: what they name, where they stand, when they were written, how well they are liked."""
    named = max((thread.trouble() * thread.heard for thread in threads), default=0) / sum(
        thread.heard for thread in threads
    )
    copies = sum(voice.is_copy for voice in voices)
    is_named = named >= HALF
    # Voices that have nothing but their post in common were brought together by it, which makes it no surprise.
    posts = PER_POST * chance.where(usual, [voice.post for voice in voices]) if is_named else 0.0
    return (
        PER_VOICE * sum(voice.weight for voice in voices)
        + (NAMED if is_named else UNNAMED)
        + PER_KIND * _kinds(usual, voices)
        + surprise(len(voices), usual.share(COPY, copies), copies)
        + posts
        + chance.besieged(usual, [voice.post for voice in voices])
        + chance.liked(usual, [voice.likes for voice in voices])
        + chance.when(usual, [voice.written for voice in voices if voice.written])
    )


def _kinds(usual: Usual, voices: Sequence[Voice]) -> float:
    """How surprising it is that so many speak of one playbook's kind of crisis."""
    counts = Counter(kind for voice in voices for kind in voice.types)
    values = [
        surprise(len(voices), usual.share(f"{TYPE}{kind}", count), count) for kind, count in counts.items()
    ]
    return max(values, default=0.0)
