"""`fenghuo.yaml`: the brand, the team, its rooms, its sources, and how the bot is to behave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny

from bot.sources import kinds
from bot.sources.kinds import SourceSettings
from handlers.kit.locale import LANGUAGES
from handlers.kit.team import CHANNELS, GRANTS
from playbooks.approvals import OwnApprovals, misfits
from playbooks.checking import Duration, FaultError, Identifier, Strict, Text, Weekly, parse
from playbooks.checks import PlatformError, limits, platform_named
from playbooks.clocks import Clocks, Ladder
from playbooks.levels import Level, Levels
from playbooks.quiet import Cap, Coverage, Maintenance, ManyHours, Quiet
from playbooks.reading import PlaybookError, Problem, Sheet, read_sheet
from playbooks.rota import Rota, Zone
from playbooks.shelf import fill


def _levels(words: object) -> object:
    found = [Level.read(str(word)) for word in words] if isinstance(words, list) else words
    if isinstance(found, list) and None in found:
        raise FaultError("these are not levels", "red, orange, yellow, blue")
    return found


def _lowest(word: object) -> Level | None:
    if word is None or word == "none":
        return None
    level = word if isinstance(word, Level) else Level.read(str(word))
    if level is None:
        raise FaultError(f'"{word}" is not a level', "red, orange, yellow, blue or none")
    return level


def _lasting(length: timedelta) -> timedelta:
    if length <= timedelta():
        raise FaultError("must be longer than nothing")
    return length


def _channel(words: str) -> str:
    try:
        return platform_named(words)
    except PlatformError as error:
        raise FaultError(f'there is no channel "{words}"', f"one of {', '.join(limits())}") from error


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
    slogans: tuple[Text, ...] = ()
    """What it says to sell: no text about a crisis may hold one."""
    internal: tuple[Text, ...] = ()
    """Words that only staff may read: code names, suppliers."""


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
    deputy: str = ""
    mail: str = Field(default="", pattern=r"^$|^[^\s@<>]+@[^\s@<>]+$")


class MonitorPart(Strict):
    """How the monitor works: how often it looks, how long mentions merge, how many negatives open an incident."""

    every: Duration = timedelta(seconds=5)
    merge_window: Duration = timedelta(minutes=30)
    second_opinion: bool = False
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


class CaptionsPart(Strict):
    """Planned captions that are checked on a rhythm: the folder, on which platform they go out, and when."""

    folder: str = ""
    platform: Annotated[str, AfterValidator(_channel)] = "douyin"
    at: Weekly = "08:30"


class EvidencePart(Strict):
    """How long files are kept that were given as evidence; then they are deleted."""

    keep: Annotated[Duration, AfterValidator(_lasting)] = timedelta(days=365)


class BridgePart(Strict):
    """Another program that is told of every timeline entry. The address, too, may come from the environment."""

    name: Identifier
    url: str = Field(default="", pattern=r"^$|^https?://\S+$")
    url_env: str = ""
    secret_env: str = ""
    preset: Identifier = "generic"
    entries: tuple[Text, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """What it needs of the environment."""
        return tuple(filter(None, (self.url_env, self.secret_env)))


class TeamFile(Strict):
    """All of `fenghuo.yaml`."""

    brand: BrandPart = BrandPart()
    language: Language = "zh"
    timezone: Zone = ZoneInfo("Asia/Shanghai")
    rooms: tuple[RoomPart, ...] = ()
    people: tuple[PersonPart, ...] = ()
    guests: Literal["none", "reader", "responder"] = "none"
    sources: tuple[SerializeAsAny[SourceSettings], ...] = ()
    monitor: MonitorPart = MonitorPart()
    metrics: MetricsPart = MetricsPart()
    digests: DigestsPart = DigestsPart()
    captions: CaptionsPart = CaptionsPart()
    evidence: EvidencePart = EvidencePart()
    quiet_hours: ManyHours = ()
    maintenance: tuple[Maintenance, ...] = ()
    alert_cap: Cap | None = None
    coverage: Coverage = Coverage()
    clocks: Mapping[Level, Clocks] = Field(default_factory=dict)
    ladder: Ladder | None = None
    """For every level that has none among its `clocks`."""
    rota: Rota | None = None
    approvals: OwnApprovals | None = None
    """Who has to approve a statement, where it is otherwise than in `approvals.yaml`."""
    channels: tuple[Annotated[str, AfterValidator(_channel)], ...] = CHANNELS
    """Where the brand speaks in public, and so what a text has to fit."""
    rooms_own: Annotated[Level | None, BeforeValidator(_lowest)] = Level.ORANGE
    """From which level on a card offers a room of the incident's own; `none`: never."""
    webhooks_out: tuple[BridgePart, ...] = ()
    contact: str = ""
    playbooks: str = ""

    def adapt(self, levels: Levels) -> Levels:
        """The levels with this team's clocks and ladder."""
        return levels.adapted(self.clocks, self.ladder)

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
    problems = [*problems, *_approval_problems(sheet, file)]
    if problems:
        raise PlaybookError(problems)
    return file


def _approval_problems(sheet: Sheet, file: TeamFile) -> Iterator[Problem]:
    """What the team's own approvals ask for and its people, roles and playbooks do not give."""
    if file.approvals is None:
        return
    shelf = fill(sheet.path.parent / file.playbooks if file.playbooks else None)
    if shelf.problems or not (shelf.approvals and shelf.levels and shelf.roles):
        # Told of where the playbooks themselves are read.
        return
    levels = file.adapt(shelf.levels.value)
    found = misfits(
        shelf.approvals.value.adapted(file.approvals),
        file.approvals,
        {each.name: each.roles for each in file.people},
        least={level: levels[level].approvals for level in Level},
        roles={*shelf.roles.value.roles, *GRANTS, "responder"},
        types=shelf.playbooks,
    )
    for loc, message, hint in found:
        yield sheet.problem(("approvals", *loc), message, hint)
