"""What is usual lately, and how surprising it is that so many say the same.

Whoever sells anything is always complained of a little, so that three complaints among ten comments are news and three among
three hundred are not. What belongs to an incident is left out: a crisis must not pass for what is usual.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

PRIOR = 100
"""Comments that are taken for granted while little was read, so that chances are not judged by a handful."""
SLICES = 8
"""Parts of the window that are forgotten one by one."""
MOST_KEYS = 20_000
"""Posts and marks of a slice that are counted; the rare ones go first, since they are taken for rare anyway."""
BIN = 300
"""Seconds that a bin spans."""
SPANS = (3, 12, 48)
"""Bins in which a burst of comments is looked for: a quarter of an hour, an hour, four."""
LIKED = (2, 4, 6, 8, 10)
"""Levels from which on a comment may pass for well liked: 2, 8, 32, 128 and 512 likes (see `level_of`)."""
UNKNOWN = -1
STALE_RARITIES = 64
"""Complaints after which rarities are reckoned anew."""


@dataclass(slots=True)
class Slice:
    """What was read in a part of the window.

    Args:
        marks: complaints that bear each mark.
        posts: comments under each post.
        bins: comments that were written in each five minutes.
        undated: comments of which it is not known when they were written.
        likes: comments with each level of likes.
    """

    began: datetime
    comments: int = 0
    undated: int = 0
    complaints: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    posts: Counter[str] = field(default_factory=Counter)
    bins: Counter[int] = field(default_factory=Counter)
    likes: Counter[int] = field(default_factory=Counter)


class Usual:
    """What was said lately, under which posts, and when it was written.

    Args:
        window: how long "lately" is.
    """

    def __init__(self, window: timedelta) -> None:
        self.window = window
        self._span = window / SLICES
        self.comments = 0
        self.complaints = 0
        self._marks: Counter[str] = Counter()
        self._posts: Counter[str] = Counter()
        self._bins: Counter[int] = Counter()
        self._likes: Counter[int] = Counter()
        self._undated = 0
        self._slices: deque[Slice] = deque()
        self._rarities: dict[str, float] = {}
        self._rarities_at = 0
        self.epoch = 0
        """Changes when rarities do."""

    def note(
        self,
        now: datetime,
        post: str = "",
        written: datetime | None = None,
        likes: int | None = None,
        *,
        comments: int = 1,
    ) -> None:
        """Count comments under a post."""
        part, level = self._slice(now), level_of(likes)
        part.comments += comments
        self.comments += comments
        part.likes[level] += comments
        self._likes[level] += comments
        if post:
            part.posts[post] += comments
            self._posts[post] += comments
        if written is None:
            part.undated += comments
            self._undated += comments
        else:
            number = bin_of(written)
            part.bins[number] += comments
            self._bins[number] += comments

    def hear(self, now: datetime, marks: Iterable[str] | Mapping[str, int], *, complaints: int = 1) -> None:
        """Count the marks of complaints."""
        part = self._slice(now)
        part.complaints += complaints
        self.complaints += complaints
        part.marks.update(marks)
        self._marks.update(marks)
        if abs(self.complaints - self._rarities_at) >= STALE_RARITIES:
            self._refresh()

    def leave_out(self, now: datetime, marks: Mapping[str, int], complaints: int) -> None:
        """A topic has become an incident's: what it says is no longer part of what is usual."""
        self.hear(now, {mark: -count for mark, count in marks.items()}, complaints=-complaints)
        self._refresh()

    def forget(self, now: datetime) -> None:
        """Drop what is not lately any more."""
        while self._slices and now - self._slices[0].began > self.window:
            part = self._slices.popleft()
            self.comments -= part.comments
            self.complaints -= part.complaints
            self._undated -= part.undated
            _take_away(self._marks, part.marks)
            _take_away(self._posts, part.posts)
            _take_away(self._bins, part.bins)
            _take_away(self._likes, part.likes)
            self._refresh()

    def rarity(self, mark: str) -> float:
        """How much it says that two complaints share this: 1 for what is said once, 0 for what everybody says."""
        known = self._rarities.get(mark)
        if known is None:
            all_ = max(0, self.complaints) + PRIOR
            said = min(max(0, self._marks[mark]), all_ - 1)
            known = self._rarities[mark] = math.log(all_ / (said + 1)) / math.log(all_)
        return known

    def share(self, mark: str, but: int) -> float:
        """How much of what is usually complained of bears a mark, `but` so many complaints."""
        return _share(self._marks[mark] - but, self.complaints)

    def under(self, post: str) -> int:
        """How many comments stand under a post."""
        return self._posts[post]

    def share_under(self, post: str, but: int) -> float:
        """How much of what was read stands under a post, `but` so many comments."""
        return _share(self._posts[post] - but, self.comments)

    def share_within(self, first: int, span: int, but: int) -> float:
        """How much of what was read was written in so many bins from the first on, `but` so many comments."""
        written = sum(self._bins[first + number] for number in range(span))
        # What has no date may have been written then.
        return _share(written + self._undated - but, self.comments)

    def share_liked(self, level: int, but: int) -> float:
        """How much of what was read is liked that much, `but` so many comments."""
        # What has an unknown number of likes may have as many.
        many = sum(count for each, count in self._likes.items() if each >= level or each == UNKNOWN)
        return _share(many - but, self.comments)

    def share_of_complaints(self) -> float:
        """How much of what was read are complaints."""
        return _share(self.complaints, self.comments)

    def _slice(self, now: datetime) -> Slice:
        if not self._slices or now - self._slices[-1].began > self._span:
            self._slices.append(Slice(now))
        part = self._slices[-1]
        if len(part.marks) <= MOST_KEYS and len(part.posts) <= MOST_KEYS:
            return part
        for all_, own in ((self._marks, part.marks), (self._posts, part.posts)):
            if len(own) > MOST_KEYS:
                gone = Counter(dict(own.most_common()[MOST_KEYS // 2 :]))
                _take_away(own, gone)
                _take_away(all_, gone)
        return part

    def _refresh(self) -> None:
        self._rarities.clear()
        self._rarities_at = self.complaints
        self.epoch += 1


def bin_of(moment: datetime) -> int:
    """The five minutes that a moment lies in."""
    return int(moment.timestamp()) // BIN


def level_of(likes: int | None) -> int:
    """How well liked a comment is: twice the likes are one level more."""
    return UNKNOWN if likes is None else likes.bit_length()


def surprise(among: int, share: float, count: int) -> float:
    """How surprising so many are where each is one with this probability, in nats (Chernoff's bound; 0 if they are no more than usual)."""
    share = min(max(share, 1e-6), 1.0)
    part = count / among if among else 0.0
    if part <= share:
        return 0.0
    rest = (1 - part) * math.log((1 - part) / (1 - share)) if part < 1 else 0.0
    return among * (part * math.log(part / share) + rest)


def where(usual: Usual, posts: Sequence[str]) -> float:
    """How surprising it is that so many voices stand under one post. `posts`: the post of each voice."""
    counts = Counter(post for post in posts if post)
    values = [
        surprise(len(posts), usual.share_under(post, count), count)
        for post, count in counts.items()
        if count > 1
    ]
    return max(0.0, max(values, default=0.0) - math.log(len(counts) + 1))


def besieged(usual: Usual, posts: Iterable[str]) -> float:
    """How surprising it is that so many of the comments under one post complain of it. `posts`: the post of each voice."""
    share = usual.share_of_complaints()
    values = [
        surprise(max(count, usual.under(post)), share, count)
        for post, count in Counter(posts).items()
        if post and count > 1
    ]
    return max(values, default=0.0)


def liked(usual: Usual, likes: Iterable[int | None]) -> float:
    """How surprising it is that so many voices are so well liked."""
    levels = [level for each in likes if (level := level_of(each)) != UNKNOWN]
    best = 0.0
    for least in LIKED:
        count = sum(level >= least for level in levels)
        if count:
            best = max(best, surprise(len(levels), usual.share_liked(least, count), count))
    return max(0.0, best - math.log(len(LIKED)))


def when(usual: Usual, moments: Iterable[datetime]) -> float:
    """How surprising it is that so many voices speak within so short a time."""
    bins = sorted(map(bin_of, moments))
    best = 0.0
    for span in SPANS:
        start = 0
        for end, last in enumerate(bins):
            while last - bins[start] >= span:
                start += 1
            count = end - start + 1
            if count > 2:
                share = usual.share_within(bins[start], span, count)
                best = max(best, surprise(len(bins), share, count))
    return max(0.0, best - math.log(len(SPANS) * len(bins) + 1))


def _share(count: int, of: int) -> float:
    return (max(0, count) + 1) / (max(0, of) + PRIOR)


def _take_away(all_: Counter[Any], gone: Mapping[Any, int]) -> None:
    for key, count in gone.items():
        all_[key] -= count
        if not all_[key]:
            del all_[key]
