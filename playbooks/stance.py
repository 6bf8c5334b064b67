"""How to speak: what the public takes the matter for, and the stance that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from playbooks.checking import FaultError, Text
from playbooks.texts import Bilingual, Headed, Lines


class Cluster(StrEnum):
    """How much of the responsibility the public lays on the brand (situational crisis communication theory, Coombs 2007).

    victim: hardly any (rumours, forgeries, somebody else's misdeed). accidental: a little (a technical error, a disputed
    practice). preventable: all of it (negligence, misdeeds, broken rules).
    """

    VICTIM = "victim"
    ACCIDENTAL = "accidental"
    PREVENTABLE = "preventable"


class Strategy(StrEnum):
    """The stance of the first statements (situational crisis communication theory, Coombs 2007).

    `inform` says what to do and what happens next; `deny` is for falsehoods with proof; `diminish`
    explains an accident; `rebuild` takes responsibility and repairs.
    """

    INFORM = "inform"
    DENY = "deny"
    DIMINISH = "diminish"
    REBUILD = "rebuild"


FITTING: Mapping[Cluster, tuple[Strategy, ...]] = {
    Cluster.VICTIM: (Strategy.INFORM, Strategy.DENY),
    Cluster.ACCIDENTAL: (Strategy.INFORM, Strategy.DIMINISH, Strategy.REBUILD),
    Cluster.PREVENTABLE: (Strategy.REBUILD,),
}
"""Which stance a cluster allows: whoever denies or explains away what was preventable makes it worse (Coombs 2007)."""


class Turn(Headed):
    """When the first stance no longer fits, and which one does then."""

    case: Text
    case_en: str = ""
    cluster: Cluster
    strategy: Strategy


class StatementPlan(Bilingual):
    """How to speak.

    Args:
        cluster: how the public sees the matter as long as nothing else is known.
        strategy: the stance that follows from it.
        otherwise: when to change the stance. Denial and apology never stand in one text.
        template: the one to start from.
        topic: what the matter is, in words for the public that concede nothing.
        required: what must be in the text.
        forbidden: what must not.
    """

    cluster: Cluster | None = None
    strategy: Strategy
    otherwise: tuple[Turn, ...] = ()
    template: Text
    topic: str = ""
    topic_en: str = ""
    required: Lines = ()
    forbidden: Lines = ()

    @model_validator(mode="after")
    def _stance_fits(self) -> Self:
        at: tuple[str | int, ...] = ("strategy",)
        for index, (cluster, strategy) in enumerate(
            [(self.cluster, self.strategy), *((turn.cluster, turn.strategy) for turn in self.otherwise)]
        ):
            if cluster is not None and strategy not in FITTING[cluster]:
                at = ("otherwise", index - 1, "strategy") if index else at
                allowed = ", ".join(FITTING[cluster])
                raise FaultError(
                    f'"{strategy}" does not fit what is {cluster}', f"it allows {allowed}", at=at
                )
        return self
