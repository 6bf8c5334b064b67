"""How fast the channels of one platform take messages. Kept in memory: a restart forgets at most a minute."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from bot.transports.base import Pace
from storage.models import Outbox

MINUTE = timedelta(minutes=1)
RESERVE = 5
"""Messages of a channel's minute that the monitor's edits leave to new alerts and to what people wait for."""

Lane = tuple[str, str]
"""A channel, and what is sent there. What has a limit of its own, as whispers and edits on Slack, does not wait behind posts."""


class Pacer:
    """Says when a channel may have its next message."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._held: dict[Lane, datetime] = {}
        self._minute: dict[str, deque[datetime]] = defaultdict(deque)

    def lane(self, row: Outbox) -> Lane:
        """Where a row queues."""
        if row.kind == "fetch":
            return row.channel, "fetch"
        if row.kind == "whisper" and self.pace.whisper_gap is not None:
            return row.channel, "whisper"
        if row.kind == "edit" and self.pace.edit_gap is not None:
            return "", "edit"
        return row.channel, "post"

    def free_at(self, row: Outbox, now: datetime) -> datetime:
        """When a row may go out: now, or later."""
        free = max(now, self._held.get(self.lane(row), now))
        if not self.pace.per_minute or row.kind == "fetch":
            return free
        sent = self._minute[row.channel]
        room = self.pace.per_minute - (RESERVE if row.rank > 1 else 0)
        return max(free, sent[-room] + MINUTE) if len(sent) >= room else free

    def went(self, row: Outbox, now: datetime) -> None:
        """Note that a row goes out now. What is fetched is no message, and counts as none."""
        if row.kind == "fetch":
            return
        gaps = {"post": self.pace.gap, "whisper": self.pace.whisper_gap, "edit": self.pace.edit_gap}
        self.hold(row, now + timedelta(seconds=gaps[self.lane(row)[1]] or 0.0))
        if self.pace.per_minute:
            self._minute[row.channel].append(now)

    def hold(self, row: Outbox, until: datetime) -> None:
        """Send nothing more where this row queues until then."""
        self._held[self.lane(row)] = until

    def forget(self, now: datetime) -> None:
        """Drop what no longer matters."""
        self._held = {lane: moment for lane, moment in self._held.items() if moment > now}
        for channel, sent in list(self._minute.items()):
            while sent and sent[0] + MINUTE <= now:
                sent.popleft()
            if not sent:
                del self._minute[channel]
