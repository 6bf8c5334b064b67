"""The nouns, one table each.

`drill_id` (null = live) stands on everything that a drill can touch, is set at creation and never changes.
"""

from storage.models.talking import Inbox, Notice, Occasion, OpenForm, Outbox, Seen, Spot
from storage.models.watching import (
    Abnormal,
    Beat,
    Held,
    Label,
    Mention,
    Mute,
    Proposal,
    Quarantine,
    Snapshot,
    SourceState,
    Topic,
    Video,
)
from storage.models.work import LIVING, Deadline, Drill, Entry, Incident, State, Step, Version, Vote

__all__ = [
    "LIVING",
    "Abnormal",
    "Beat",
    "Deadline",
    "Drill",
    "Entry",
    "Held",
    "Inbox",
    "Incident",
    "Label",
    "Mention",
    "Mute",
    "Notice",
    "Occasion",
    "OpenForm",
    "Outbox",
    "Proposal",
    "Quarantine",
    "Seen",
    "Snapshot",
    "SourceState",
    "Spot",
    "State",
    "Step",
    "Topic",
    "Version",
    "Video",
    "Vote",
]
