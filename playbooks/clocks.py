"""Clocks: how long a level gives for what, and who is told, rung by rung, when its time has passed.

Each level has its own in `levels.yaml`; a team sets others in `fenghuo.yaml`, down to seconds, so that a whole crisis can be
rehearsed in a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from playbooks.checking import Duration, FaultError, Strict


class Tell(StrEnum):
    """Who is told on a rung.

    owner: whose duty it is, else the commander, else whoever is on call. deputy: the deputy of the first. lead: the leads. rota: who
    is on call after the present one.
    """

    OWNER = "owner"
    DEPUTY = "deputy"
    LEAD = "lead"
    ROTA = "rota"


class Rung(Strict):
    """A step of the ladder. `after`: counted from the moment that the duty was due."""

    after: Duration
    tell: Tell


def _climbing(ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
    times = [rung.after for rung in ladder]
    if times != sorted(set(times)):
        raise FaultError("each rung must come later than the one before", "write them from early to late")
    return ladder


def _running(length: timedelta) -> timedelta:
    if length <= timedelta():
        raise FaultError("must be longer than nothing")
    return length


Clock = Annotated[Duration, AfterValidator(_running)]
Ladder = Annotated[tuple[Rung, ...], Field(min_length=1, max_length=9), AfterValidator(_climbing)]

USUAL: Ladder = tuple(
    Rung(after=f"{minutes}m", tell=tell) for minutes, tell in zip((0, 10, 20, 30), Tell, strict=True)
)
"""The ladder of a level that has none of its own."""


class Clocks(Strict):
    """What a team sets for a level; what is left out stays as `levels.yaml` has it. See `Rules` for what each means."""

    claim: Clock | None = None
    assemble: Clock | None = None
    holding: Clock | None = None
    update_every: Clock | None = None
    brief_every: Clock | None = None
    golden: Clock | None = None
    ladder: Ladder | None = None

    def given(self) -> Mapping[str, timedelta | Ladder]:
        """Those that are set."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
