"""What a source yields. A new kind of source is one new file in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from typing_extensions import override

Cursor = Mapping[str, Any]
"""Where a source left off: JSON-able, stored in the same transaction as what was read up to it."""


class SourceError(Exception):
    """A source could not be read. `permanent`: it will not mend itself. `wait`: how long to leave it alone."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        wait: timedelta = timedelta(),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.wait = wait

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Come out of the worker process as it was."""
        return _source_error, (self.message, self.permanent, self.wait)


def _source_error(message: str, permanent: bool, wait: timedelta) -> SourceError:
    return SourceError(message, permanent=permanent, wait=wait)


@dataclass(slots=True, kw_only=True)
class Found:
    """One public comment, post or reply as a source gave it: still with personal data, so never stored as it is.

    Nobody changes one; but a frozen one takes three times as long to make, and there is one for every row.

    Args:
        platform: `douyin`, `weibo`, `xhs`, ... or what the row says.
        native_id: the platform's id as a string; empty if it gave none.
        kind: comment, post, video, reply, dm or news.
        item_id: the post or video it stands under; for a post, its own id.
        author: the platform's id of the author, in clear.
        created_at: when it was written, UTC; None if the row does not say.
        likes: and the other counts: None where the row does not say.
        counted_at: when it was collected, and its counts were so; None if the row does not say.
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
    counted_at: datetime | None = None
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


@runtime_checkable
class Checked(Protocol):
    """A source that can be tried out without taking anything."""

    @property
    def name(self) -> str:
        """See `Source`."""
        ...

    def check(self, now: datetime) -> None:
        """Try addresses and tokens. Raises SourceError."""
        ...


class PushError(Exception):
    """What was sent is refused. `status`: the HTTP status that is answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What was sent to us by a platform: rows to store, and what is answered once they are stored."""

    found: tuple[Found, ...] = ()
    rejects: tuple[Reject, ...] = ()
    answer: Mapping[str, Any] = field(default_factory=dict)


class Push(Protocol):
    """Takes what a platform sends to `POST /ingest/{name}` in its own way."""

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Pushed:
        """Check that the platform sent it, and read it. Quick: it runs on the event loop. Raises PushError."""
        ...

    def stored(self, headers: Mapping[str, str]) -> None:
        """It is stored: should the platform send it once more, it is nothing new."""
        ...
