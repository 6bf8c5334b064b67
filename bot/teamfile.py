"""`fenghuo.yaml`: the brand, the team, its rooms, its sources, and how the bot is to behave."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny

from bot.sources import kinds
from bot.sources.kinds import SourceSettings
from handlers.kit.locale import LANGUAGES
from playbooks.checking import Duration, FaultError, Identifier, Strict, Text, Weekly, parse
from playbooks.levels import Level
from playbooks.quiet import Cap, Coverage, Maintenance, ManyHours, Quiet
from playbooks.reading import PlaybookError, read_sheet


def _zone(words: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(words))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FaultError(f'"{words}" is not a time zone', "write it as Asia/Shanghai") from error


def _levels(words: object) -> object:
    found = [Level.read(str(word)) for word in words] if isinstance(words, list) else words
    if isinstance(found, list) and None in found:
        raise FaultError("these are not levels", "red, orange, yellow, blue")
    return found


def _lasting(length: timedelta) -> timedelta:
    if length <= timedelta():
        raise FaultError("must be longer than nothing")
    return length


Language = Literal["zh", "en"]
assert Language.__args__ == LANGUAGES  # type: ignore[attr-defined]


class BrandPart(Strict):
    """The brand and what to listen for."""

    name: str = ""
    keywords: tuple[Text, ...] = ()
    accounts: tuple[Identifier, ...] = ()
    """Ids of its own accounts, as the sources write them (`author_id`, `user_id`, `creator_hash` ...)."""
    videos: tuple[Identifier, ...] = ()
    """Ids or links of its own videos and posts, besides those of its accounts."""


class RoomPart(Strict):
    """A room; `for` is its name if it is left out."""

    name: Text
    purpose: str = Field(default="", alias="for")
    slack: str = ""
    telegram: str = ""
    language: Language | None = None
    levels: Annotated[tuple[Level, ...], BeforeValidator(_levels)] = ()
    keywords: tuple[Text, ...] = ()


class PersonPart(Strict):
    """Somebody on the roster."""

    name: Annotated[Text, Field(pattern=r"^[^\s@#<>()]+$")]
    slack: str = ""
    telegram: str = ""
    roles: tuple[Text, ...] = ()


class MonitorPart(Strict):
    """How the monitor works: how often it looks, how long mentions merge, how many negatives open an incident."""

    every: Duration = timedelta(seconds=5)
    merge_window: Duration = timedelta(minutes=30)
    min_mentions: Annotated[int, Field(ge=1)] = 3


class MetricsPart(Strict):
    """When the numbers of an own video are abnormal: over which time, how many times the usual, how many beyond it."""

    span: Annotated[Duration, AfterValidator(_lasting)] = timedelta(hours=1)
    times: Annotated[float, Field(ge=1.5)] = 4
    least: Annotated[int, Field(ge=1)] = 30


class DigestsPart(Strict):
    """When digests come; an empty time turns one off. `to`: the rooms that they go to."""

    daily: Weekly = "09:00"
    weekly: Weekly = "mon 09:00"
    to: Literal["leads", "alerts"] = "leads"


class TeamFile(Strict):
    """All of `fenghuo.yaml`."""

    brand: BrandPart = BrandPart()
    language: Language = "zh"
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("Asia/Shanghai")
    rooms: tuple[RoomPart, ...] = ()
    people: tuple[PersonPart, ...] = ()
    guests: Literal["none", "reader", "responder"] = "none"
    sources: tuple[SerializeAsAny[SourceSettings], ...] = ()
    monitor: MonitorPart = MonitorPart()
    metrics: MetricsPart = MetricsPart()
    digests: DigestsPart = DigestsPart()
    quiet_hours: ManyHours = ()
    maintenance: tuple[Maintenance, ...] = ()
    alert_cap: Cap | None = None
    coverage: Coverage = Coverage()
    contact: str = ""
    playbooks: str = ""

    @property
    def quiet(self) -> Quiet:
        """When alerts wait."""
        rules = {"hours": self.quiet_hours, "maintenance": self.maintenance, "cap": self.alert_cap}
        return Quiet(**rules, zone=self.timezone)


def read_team(path: Path) -> TeamFile:
    """Read `fenghuo.yaml`. Raises PlaybookError with every problem."""
    sheet, problems = kinds.settled(read_sheet(path))
    try:
        file = parse(sheet, TeamFile)
    except PlaybookError as error:
        raise PlaybookError([*error.problems, *problems]) from error
    if problems:
        raise PlaybookError(problems)
    return file
