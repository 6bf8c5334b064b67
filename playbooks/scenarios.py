"""Drill scenarios: invented crises, told in injects that the facilitator plays one by one."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from playbooks.checking import Duration, FaultError, Strict, Text

MAX_COMMENTS = 500
"""In one inject; a crowd larger than that is a load test and not a drill."""


class Comment(Strict):
    """One public comment, played through the real monitor.

    Args:
        platform: `douyin`, `weibo`, `xhs`, ...
        author: an invented account; different names are different voices.
        item: the post or video it stands under; the same words, the same thread.
        minutes_ago: how long before the inject it was written.
    """

    text: Text
    platform: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
    author: Text
    likes: Annotated[int, Field(ge=0)] = 0
    item: str = ""
    minutes_ago: Annotated[int, Field(ge=0, le=24 * 60)] = 0


class Inject(Strict):
    """One turn of events.

    Args:
        at: when it is due, counted from the start of the drill.
        note: what the players are told along with the comments; no hint of what to do.
    """

    title: Text
    title_en: str = ""
    at: Duration
    note: str = ""
    note_en: str = ""
    comments: tuple[Comment, ...] = Field(default=(), max_length=MAX_COMMENTS)

    @model_validator(mode="after")
    def _brings_something(self) -> Self:
        if not self.comments and not self.note:
            raise FaultError("this inject brings nothing", "give it comments or a note")
        return self


class Scenario(Strict):
    """A drill: what is invented, which playbook it calls for, and what the team is to show.

    Args:
        id: the file's stem, filled in when it is read.
        crisis_type: the id of the playbook that fits.
        objectives: what can be seen and rated afterwards.
        injects: in the order of their times.
    """

    id: str
    title: Text
    title_en: str = ""
    crisis_type: Text
    summary: Text
    objectives: tuple[Text, ...] = Field(min_length=1)
    injects: tuple[Inject, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for index in range(1, len(self.injects)):
            if self.injects[index].at < self.injects[index - 1].at:
                raise FaultError(
                    "comes before the inject above it",
                    "put injects in the order of time",
                    ("injects", index, "at"),
                )
        return self

    def name(self, language: str) -> str:
        """The title in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.title_en if language == "en" and self.title_en else self.title
