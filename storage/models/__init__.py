"""The nouns, one table each.

`drill_id` (null = live) stands on everything that a drill can touch, is set at creation and never changes.
"""

from storage.models.briefs import Brief, Reading
from storage.models.crew import Assignment
from storage.models.house import HouseLine
from storage.models.partners import Opinion, PartnerNotice, Survey
from storage.models.people import Admitted, Guess, Link, LinkCode
from storage.models.public import Commitment, Question, Release
from storage.models.statements import Fact, Override, Version, Vote
from storage.models.talking import Inbox, Notice, Occasion, OpenForm, Outbox, Seen, Spot
from storage.models.tasks import Step
from storage.models.watching import (
    Abnormal,
    Beat,
    Gauge,
    Held,
    Hour,
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
from storage.models.work import LIVING, Deadline, Drill, Entry, Incident, State

__all__ = [
    "LIVING",
    "Abnormal",
    "Admitted",
    "Assignment",
    "Beat",
    "Brief",
    "Commitment",
    "Deadline",
    "Drill",
    "Entry",
    "Fact",
    "Gauge",
    "Guess",
    "Held",
    "Hour",
    "HouseLine",
    "Inbox",
    "Incident",
    "Label",
    "Link",
    "LinkCode",
    "Mention",
    "Mute",
    "Notice",
    "Occasion",
    "OpenForm",
    "Opinion",
    "Outbox",
    "Override",
    "PartnerNotice",
    "Proposal",
    "Quarantine",
    "Question",
    "Reading",
    "Release",
    "Seen",
    "Snapshot",
    "SourceState",
    "Spot",
    "State",
    "Step",
    "Survey",
    "Topic",
    "Version",
    "Video",
    "Vote",
]
