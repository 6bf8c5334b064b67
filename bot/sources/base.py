"""What a source yields. A new kind of source is one new file in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Cursor = Mapping[str, Any]
"""Where a source left off: JSON-able, stored in the same transaction as what was read up to it."""


class SourceError(Exception):
    """A source could not be read. `permanent`: it will not mend itself."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One public comment, post or reply as a source gave it: still with personal data, so never stored as it is.

    Args:
        platform: `douyin`, `weibo`, `xhs`, ... or what the row says.
        native_id: the platform's id as a string; empty if it gave none.
        kind: comment, post, video, reply, dm or news.
        item_id: the post or video it stands under; for a post, its own id.
        author: the platform's id of the author, in clear.
        created_at: when it was written, UTC; None if the row does not say.
        likes: and the other counts: None where the row does not say.
        keyword: the search word that found it.
        repairs: what had to be mended to read it, in words.
    """

    platform: str
    text: str
    native_id: str = ""
    kind: str = "comment"
    title: str = ""
    url: str = ""
    item_id: str = ""
    parent_id: str = ""
    author: str = ""
    nickname: str = ""
    created_at: datetime | None = None
    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    plays: int | None = None
    followers: int | None = None
    verified: bool = False
    place: str = ""
    keyword: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that could not be read: where it stands and why. Never the row itself, which may hold personal data."""

    file: str
    offset: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows read in one go, and the cursor to store with them. `more`: another read would yield at once."""

    found: tuple[Found, ...] = ()
    rejects: tuple[Reject, ...] = ()
    cursor: Cursor = field(default_factory=dict)
    more: bool = False


class Source(Protocol):
    """A place that is read again and again.

    Sources are plain picklable values and `read` is synchronous: it runs in the worker process, off the event loop.
    """

    @property
    def name(self) -> str:
        """The name under which it keeps its place."""
        ...

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        """Read on from a cursor ({} at first), at most about `limit` rows. Raises SourceError."""
        ...
