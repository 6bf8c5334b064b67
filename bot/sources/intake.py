"""What one reading of files collects: mentions, and the rows that are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.sources.base import Found, Reject
from bot.sources.columns import Presets
from bot.sources.fields import RowError, hints, to_found


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where rows stand, and what that says of them: each empty if it says nothing.

    Args:
        file: relative to the folder; what people are shown.
        item: the post that the rows stand under.
    """

    file: str
    platform: str = ""
    kind: str = ""
    item: str = ""


@dataclass(slots=True, kw_only=True)
class Intake:
    """Takes rows until it is full.

    Args:
        late: by how much all times are known to be late.
        above: the names of the folders above what is read, which may be those of platforms.
    """

    now: datetime
    limit: int
    timezone: ZoneInfo
    presets: Presets
    above: tuple[str, ...] = ()
    late: timedelta = timedelta()
    found: list[Found] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return len(self.found) + len(self.rejects) >= self.limit

    def origin(self, file: str, *more: str) -> Origin:
        """What the way to a file, its name and the names of the tables in it say of its rows."""
        way = (*self.above, *file.split("/"), *more)
        platform, kind = hints(way)
        return Origin(file=file, platform=platform, kind=kind, item=self.presets.item_in(way))

    def add(self, value: object, origin: Origin, offset: int) -> None:
        """Take a row, or an envelope of rows."""
        for row in self.presets.rows_of(value):
            try:
                self.found.append(self.mention(row, origin))
            except RowError as error:
                self.reject(origin.file, offset, str(error))

    def mention(self, row: object, origin: Origin) -> Found:
        """Read one row. Raises RowError."""
        return to_found(
            row,
            platform=origin.platform,
            kind=origin.kind,
            item=origin.item,
            timezone=self.timezone,
            now=self.now,
            late=self.late,
            presets=self.presets,
        )

    def reject(self, file: str, offset: int, reason: str) -> None:
        """Note that something could not be read."""
        self.rejects.append(Reject(file=file, offset=offset, reason=reason))

    def is_header(self, cells: Iterable[str]) -> bool:
        """See `Presets.is_header`."""
        return self.presets.is_header(cells)
