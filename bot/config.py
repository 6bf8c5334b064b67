"""Config: secrets and addresses from the environment, the team from `fenghuo.yaml`. Frozen, made once, handed down.

All that is wrong is reported at once, so that nobody mends one line only to meet the next.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.rereading import Edited
from bot.sources.kinds import Site
from bot.teamfile import TeamFile, read_team
from handlers.kit.team import Person, Right, Room, Team
from playbooks.reading import PlaybookError

SAMPLE = Path(__file__).parent / "sample" / "fenghuo.yaml"
PURPOSES = ("alerts", "leads", "drills")
KEY_BYTES = 32
LIVE = ("people", "rooms", "guests", "rota", "approvals")
"""Settings that take effect as soon as the file is saved."""


class ConfigError(Exception):
    """Settings that cannot be used; `problems` names every one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Environment(BaseSettings):
    """The environment and `.env`; the names are the contract's, in upper case."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore")

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = ""
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")
    database_url: str = ""
    redis_url: str = ""
    ingest_secret: SecretStr = SecretStr("")
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    public_url: str = ""
    board_token: SecretStr = SecretStr("")
    fenghuo_config: Path = Path("./fenghuo.yaml")
    fenghuo_data: Path = Path("./data")
    fenghuo_hash_key: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that is set.

    Args:
        key: hashes authors and signs the entry chain.
        has_console: no chat platform is set, so the terminal is one.
        path: of `fenghuo.yaml`, or of the bundled sample.
        base: folder that relative paths in `fenghuo.yaml` start from.
        site: what sources are built from.
    """

    env: Environment
    file: TeamFile
    team: Team
    key: bytes = field(repr=False)
    has_console: bool
    path: Path
    base: Path
    site: Site

    @property
    def database_url(self) -> str:
        """Where the database is; SQLite in the data folder by default."""
        return self.env.database_url or f"sqlite:///{self.env.fenghuo_data / 'fenghuo.db'}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        values = [each.get_secret_value() for each in vars(self.env).values() if isinstance(each, SecretStr)]
        return *values, *self.site.variables.values(), self.key.decode()


def load(*, console: bool | None = None) -> Config:
    """Read the environment and `fenghuo.yaml`.

    Args:
        console: force the terminal on or off; None: on when no chat platform is set.

    Raises:
        ConfigError: with all problems.
    """
    env, problems = _environment()
    problems += _environment_problems(env)
    has_tokens = bool(env.slack_bot_token.get_secret_value() or env.telegram_bot_token.get_secret_value())
    path = env.fenghuo_config
    if not path.exists():
        if has_tokens or path != Environment.model_fields["fenghuo_config"].default:
            problems.append(f"FENGHUO_CONFIG: {path} is not there; `fenghuo init` writes one to start from")
        path = SAMPLE
    try:
        file = read_team(path)
    except PlaybookError as error:
        raise ConfigError([*problems, *map(str, error.problems)]) from error
    base = path.parent if path != SAMPLE else Path()
    site = _site(env, file, base)
    problems += [f"{path}: {problem}" for problem in (*_team_problems(file), *_source_problems(file, site))]
    if problems:
        raise ConfigError(problems)
    has_console = console if console is not None else not has_tokens
    return Config(
        env=env,
        file=file,
        team=_team(file, has_console=has_console),
        key=_key(env),
        has_console=has_console,
        path=path,
        base=base,
        site=site,
    )


def reread(config: Config) -> Edited:
    """Read `fenghuo.yaml` again, while the bot runs."""
    try:
        file = read_team(config.path)
    except PlaybookError as error:
        # Those who read this in the chat need not know where the machine keeps it.
        folder = f"{config.path.parent}/"
        return Edited(problems=tuple(str(problem).replace(folder, "") for problem in error.problems))
    problems = [*_team_problems(file), *_source_problems(file, config.site)]
    if problems:
        return Edited(problems=tuple(f"{config.path.name}: {problem}" for problem in problems))
    waiting = tuple(
        name
        for name in TeamFile.model_fields
        if name not in LIVE and getattr(file, name) != getattr(config.file, name)
    )
    team = _team(file, has_console=config.has_console)
    return Edited(team=team, approvals=file.approvals, waiting=waiting)


def _site(env: Environment, file: TeamFile, base: Path) -> Site:
    wanted = {name for source in file.sources for name in source.variables}
    wanted |= {name for hook in file.webhooks_out for name in hook.variables}
    said = {**dotenv_values(".env"), **os.environ}
    return Site(
        base=base,
        data=env.fenghuo_data,
        zone=file.timezone,
        variables={name: value for name in sorted(wanted) if (value := said.get(name))},
    )


def _source_problems(file: TeamFile, site: Site) -> list[str]:
    missing = [
        f"sources: {source.name}: the environment has no {name}"
        for source in file.sources
        for name in source.variables
        if name not in site.variables
    ]
    missing += [
        f"webhooks_out: {hook.name}: the environment has no {name}"
        for hook in file.webhooks_out
        for name in hook.variables
        if name not in site.variables
    ]
    missing += [
        f"webhooks_out: {hook.name}: url or url_env is missing"
        for hook in file.webhooks_out
        if not (hook.url or hook.url_env)
    ]
    return missing + [
        f"sources: {source.name}: {problem}" for source in file.sources for problem in source.problems(site)
    ]


def _environment() -> tuple[Environment, list[str]]:
    """The environment, and what in it cannot be read; that takes its default, so that the rest is checked as well."""
    try:
        return Environment(), []
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each["msg"] for each in error.errors(include_url=False)}
        defaults = {name: Environment.model_fields[name].default for name in wrong}
        return Environment(**defaults), [f"{name.upper()}: {message}" for name, message in wrong.items()]


def _environment_problems(env: Environment) -> list[str]:
    smtp = env.smtp_url.get_secret_value()
    wrong = {
        **_slack_problems(env),
        "TELEGRAM_WEBHOOK_SECRET is missing beside TELEGRAM_WEBHOOK_URL": env.telegram_webhook_url
        and not env.telegram_webhook_secret.get_secret_value(),
        "BOARD_TOKEN is missing: board and metrics need it when HTTP_HOST is not loopback or a webhook is on": is_public(
            env
        )
        and not env.board_token.get_secret_value(),
        "DATABASE_URL: must begin with sqlite:/// or postgresql://": env.database_url
        and not env.database_url.startswith(
            ("sqlite:///", "sqlite+aiosqlite:///", "postgresql://", "postgresql+psycopg://")
        ),
        "SLACK_API_URL: must end in /api/": not env.slack_api_url.endswith("/api/"),
        **{
            f"{name.upper()}: must begin with http:// or https://": url
            and urlsplit(url).scheme not in {"http", "https"}
            for name in ("slack_api_url", "telegram_api_url", "telegram_webhook_url", "public_url")
            for url in [getattr(env, name)]
        },
        "SMTP_URL: write it as smtp://user:password@host:587 or smtps://user:password@host": bool(smtp)
        and not (urlsplit(smtp).scheme in {"smtp", "smtps"} and urlsplit(smtp).hostname),
    }
    return [problem for problem, is_wrong in wrong.items() if is_wrong]


def is_public(env: Environment) -> bool:
    """Tell whether the HTTP side can be reached from outside, so that board and metrics need their token."""
    return env.http_host not in {"127.0.0.1", "localhost", "::1"} or bool(env.telegram_webhook_url)


def _slack_problems(env: Environment) -> dict[str, bool]:
    bot, app = env.slack_bot_token.get_secret_value(), env.slack_app_token.get_secret_value()
    way_in = app or env.slack_signing_secret.get_secret_value()
    return {
        "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode) is missing beside SLACK_BOT_TOKEN": bool(
            bot
        )
        and not way_in,
        "SLACK_BOT_TOKEN is missing beside SLACK_APP_TOKEN or SLACK_SIGNING_SECRET": bool(way_in) and not bot,
        "SLACK_BOT_TOKEN: a bot token begins with xoxb-": bool(bot) and not bot.startswith("xoxb-"),
        "SLACK_APP_TOKEN: an app token begins with xapp-": bool(app) and not app.startswith("xapp-"),
    }


def _team_problems(file: TeamFile) -> list[str]:
    problems = []
    for label, names in (
        ("rooms", [room.name for room in file.rooms]),
        ("people", [person.name for person in file.people]),
        ("sources", [source.name for source in file.sources]),
        ("webhooks_out", [hook.name for hook in file.webhooks_out]),
        ("slack channels", [room.slack for room in file.rooms if room.slack]),
        ("telegram chats", [room.telegram for room in file.rooms if room.telegram]),
        ("slack users", [person.slack for person in file.people if person.slack]),
        ("telegram users", [person.telegram for person in file.people if person.telegram]),
    ):
        problems += [
            f"{label}: {name} stands twice"
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
    for room in file.rooms:
        if (room.purpose or room.name) not in PURPOSES:
            problems.append(f"rooms: {room.name}: `for` must be one of {', '.join(PURPOSES)}")
    if not any((room.purpose or room.name) == "alerts" for room in file.rooms):
        problems.append("rooms: there is no alerts room, so no alert could be posted")
    return [*problems, *_duty_problems(file)]


def _duty_problems(file: TeamFile) -> Iterator[str]:
    """Deputies and people on call whom nobody knows, or who could do nothing."""
    known = {each.name: Person(name=each.name, roles=frozenset(each.roles)) for each in file.people}
    named = [(f"people: {each.name}: deputy", each.deputy) for each in file.people if each.deputy]
    named += [("rota", name) for name in sorted(file.rota.names if file.rota else ())]
    for where, name in named:
        if name not in known:
            yield f"{where}: {name} is not among the people"
        elif not known[name].may(Right.WORK):
            yield f"{where}: {name} may not work on incidents; give them a role such as responder"
    for each in file.people:
        if each.deputy == each.name:
            yield f"people: {each.name}: nobody is their own deputy"


def _team(file: TeamFile, *, has_console: bool) -> Team:
    def ids(slack: str, telegram: str, console: str) -> Mapping[str, str]:
        known = {"slack": slack, "telegram": telegram, "console": console if has_console else ""}
        return {transport: value for transport, value in known.items() if value}

    rooms = tuple(
        Room(
            name=room.name,
            purpose=room.purpose or room.name,
            ids=ids(room.slack, room.telegram, room.name),
            language=room.language or file.language,
            levels=frozenset(level.value for level in room.levels),
            keywords=room.keywords,
        )
        for room in file.rooms
    )
    # A mail box is a room that only briefs go to.
    mailboxes = tuple(
        Room(name=f"mail:{each.name}", purpose="mail", ids={"mail": each.mail}, language=file.language)
        for each in file.people
        if each.mail
    )
    people = tuple(
        Person(
            name=each.name,
            ids=ids(each.slack, each.telegram, each.name),
            roles=frozenset(each.roles),
            deputy=each.deputy,
        )
        for each in file.people
    )
    return Team(
        brand=file.brand.name,
        slogans=file.brand.slogans,
        internal=file.brand.internal,
        people=people,
        rooms=(*rooms, *mailboxes),
        guests=file.guests,
        language=file.language,
        zone=file.timezone,
        channels=file.channels,
        rota=file.rota and file.rota.model_copy(update={"zone": file.rota.zone or file.timezone}),
    )


def _key(env: Environment) -> bytes:
    """The hash key: from the environment, else from the data folder, where it is made on first start."""
    if given := env.fenghuo_hash_key.get_secret_value():
        return given.encode()
    file = env.fenghuo_data / "hash_key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(KEY_BYTES), encoding="ascii")
    return file.read_text(encoding="ascii").strip().encode()
