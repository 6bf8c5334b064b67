"""How grave it is: four levels, the clocks that each starts, and the sum that proposes one.

The figures stand in `levels.yaml`, each with the source it rests on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from playbooks.checking import Duration, FaultError, Strict, Text
from playbooks.clocks import USUAL, Clock, Clocks, Ladder


class Level(StrEnum):
    """Red Ⅰ is the gravest, blue Ⅳ the mildest. Compare by `rank`."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"

    @property
    def rank(self) -> int:
        """4 for red down to 1 for blue."""
        return 4 - list(Level).index(self)

    @property
    def symbol(self) -> str:
        """Ⅰ for red to Ⅳ for blue."""
        return "ⅠⅡⅢⅣ"[4 - self.rank]

    @property
    def dot(self) -> str:
        """Its coloured dot."""
        return "🔴🟠🟡🔵"[4 - self.rank]

    @property
    def zh(self) -> str:
        """Its Chinese name, one character."""
        return "红橙黄蓝"[4 - self.rank]

    @property
    def en(self) -> str:
        """Its English name."""
        return self.value.capitalize()

    def label(self, language: str) -> str:
        """Its name in a room's language (`zh` or `en`)."""
        return self.en if language == "en" else self.zh

    @classmethod
    def read(cls, words: str) -> Level | None:
        """Read a level as people write it: `red`, `红`, `红色`, `Ⅰ`, `I`, `1`, `１`, `一级`, 🔴; None if it is none."""
        plain = "".join(unicodedata.normalize("NFKC", words).casefold().split())
        for suffix in ("预警", "色", "级"):
            plain = plain.removesuffix(suffix)
        return _SPELLINGS.get(plain)


_SPELLINGS = {
    spelling: level
    for level, roman, number in zip(Level, ("i", "ii", "iii", "iv"), "一二三四", strict=True)
    for spelling in (level.value, level.zh, level.dot, roman, number, str(5 - level.rank))
}


class Factor(StrEnum):
    """What the grade adds up, in the order in which it is shown.

    harm: 0 none, 1 displeasure, 2 a playbook's signal words, 3 a severe one. volume: negative mentions in the window.
    growth: those against the window before (a ratio). share: negatives among the comments under the same posts, as the lower end
    of Wilson's interval, of twenty comments or more. reach: the most likes on one of them. figures: 1 a verified account or one with
    a hundred thousand followers, 2 one with a million. platforms: how many. copies: the share that repeats another one's text.
    """

    HARM = "harm"
    VOLUME = "volume"
    GROWTH = "growth"
    SHARE = "share"
    REACH = "reach"
    FIGURES = "figures"
    PLATFORMS = "platforms"
    COPIES = "copies"


class Rules(Strict):
    """What a level asks for.

    Args:
        claim: time from the alert until somebody has taken command.
        assemble: time from the alert until the people it needs are together and the response has begun.
        holding: time from the alert until the first public statement.
        update_every: time between public updates.
        brief_every: time between briefs to those who lead; none are due if it is left out.
        golden: time from the opening in which the public has to have heard something; shown beside the others, and told once.
        approvals: how many people, besides the authors, must approve a statement.
        ladder: who is told when one of these has passed.
    """

    meaning: Text
    meaning_en: Text
    claim: Clock = timedelta(minutes=10)
    assemble: Clock
    holding: Clock
    update_every: Clock
    brief_every: Clock | None = None
    golden: Clock | None = None
    approvals: Annotated[int, Field(ge=1, le=9)]
    ladder: Ladder = USUAL


Points = Mapping[float, Annotated[int, Field(ge=0, le=9)]]
"""From each threshold on, that many points; none below the first."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A proposed level and the sum behind it, so that a card can show why."""

    level: Level
    total: int
    points: Mapping[Factor, int]


class Easing(Strict):
    """When a lower level is proposed.

    Args:
        margin: points by which the sum must be below the cut, beyond being below it, so that a sum that wavers there changes nothing.
        after: how long it must have been.
        hands_off: how long a level stands that people have set.
    """

    margin: Annotated[int, Field(ge=0, le=9)] = 1
    after: Duration = timedelta(minutes=30)
    hands_off: Duration = timedelta(hours=4)


class Levels(Strict):
    """The rules of each level, and the tables that grade a topic.

    Args:
        unusual: points for volume by how unlikely it is at that time of day (odds of ten to the minus so many), where what is
            usual is known; empty: always by the count.
    """

    levels: Mapping[Level, Rules]
    grading: Mapping[Factor, Points]
    unusual: Points = Field(default_factory=dict)
    cuts: Mapping[Level, Annotated[int, Field(ge=1)]]
    easing: Easing = Easing()

    @model_validator(mode="after")
    def _complete_and_in_order(self) -> Self:
        _all_there("levels", Level, self.levels)
        _all_there("grading", Factor, self.grading)
        _all_there("cuts", (Level.RED, Level.ORANGE, Level.YELLOW), self.cuts)
        for factor, table in self.grading.items():
            _rising(table, ("grading", factor))
        _rising(self.unusual, ("unusual",))
        if (
            Level.BLUE in self.cuts
            or not self.cuts[Level.RED] > self.cuts[Level.ORANGE] > self.cuts[Level.YELLOW]
        ):
            raise FaultError(
                "must fall from red over orange to yellow", "blue has none: it is what is left", ("cuts",)
            )
        return self

    def __getitem__(self, level: Level) -> Rules:
        return self.levels[level]

    def adapted(self, clocks: Mapping[Level, Clocks], ladder: Ladder | None) -> Levels:
        """The same with a team's own clocks, and its ladder where a level's clocks name none."""
        usual: dict[str, object] = {"ladder": ladder} if ladder else {}
        own = {level: {**usual, **each.given()} for level, each in clocks.items()}
        rules = {level: each.model_copy(update=own.get(level, usual)) for level, each in self.levels.items()}
        return self.model_copy(update={"levels": rules})

    def points(self, factor: Factor, measure: float) -> int:
        """The points that a measure earns."""
        return _earned(self.grading[factor], measure)

    def volume(self, count: int, surprise: float | None, floor: int) -> int:
        """The points for volume.

        Args:
            count: negatives within the window.
            surprise: how unlikely so many are at that time of day, as a negative power of ten; None if that is not known.
            floor: a count below which surprise earns no more than the count itself.
        """
        by_count = self.points(Factor.VOLUME, count)
        if surprise is None or not self.unusual:
            return by_count
        by_odds = _earned(self.unusual, surprise)
        return by_odds if count >= floor else min(by_count, by_odds)

    def grade(self, measures: Mapping[Factor, float], volume: int | None = None) -> Grade:
        """Add up the points of all factors (one that is not measured earns none) and propose a level.

        Args:
            measures: of each factor.
            volume: the points for volume, where they are not told by its measure.
        """
        points = {factor: self.points(factor, measures.get(factor, 0)) for factor in Factor}
        if volume is not None:
            points[Factor.VOLUME] = volume
        total = sum(points.values())
        return Grade(self.proposed(total), total, points)

    def eased(self, total: int) -> Level:
        """The level that a sum asks for when it comes from above."""
        return self.proposed(total + self.easing.margin)

    def proposed(self, total: int) -> Level:
        """The level that a sum of points proposes."""
        return next((level for level in Level if total >= self.cuts.get(level, 0)), Level.BLUE)


def _all_there(key: str, wanted: Iterable[StrEnum], given: Container[StrEnum]) -> None:
    missing = [name.value for name in wanted if name not in given]
    if missing:
        raise FaultError(f"{', '.join(missing)} is missing", "every one of them needs its line", (key,))


def _earned(table: Points, measure: float) -> int:
    return max((points for threshold, points in table.items() if measure >= threshold), default=0)


def _rising(table: Points, at: tuple[str, ...]) -> None:
    if list(table) != sorted(table) or list(table.values()) != sorted(table.values()):
        raise FaultError("thresholds and points must both rise", "write them from low to high", at)
