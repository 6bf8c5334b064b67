"""Parts that are made of many settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.backtest import Trial
from bot.bridges import Bridges, Taker
from bot.clock import Clock
from bot.config import Config, ConfigError, reread
from bot.feedback import Feedback, compare_elsewhere
from bot.monitor.coverage import Watched
from bot.monitor.rounds import Rounds
from bot.monitor.watch import Ingesting
from bot.ports import ports
from bot.rereading import TeamRereader
from bot.schedule import Occasions, Recurring
from bot.transports.base import Transport
from bot.transports.console import ConsoleTransport
from bot.transports.mail import MailTransport
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from bot.transports.webhook_out import Receiver, WebhookTransport
from handlers.kit.locale import Locale
from handlers.kit.ports import Ports
from handlers.kit.registry import Registry
from playbooks import bridging
from playbooks.checks.files import Checked, check_file, texts_in
from playbooks.library import Library
from storage.database import Database

MOST_CAPTIONS = 500
"""Files of one review; more are not planned for a day."""


def ports_of(config: Config, clock: Clock, ingest: Callable[[], Ingesting]) -> Ports:
    """What handlers may ask of the bot. `ingest`: where texts are read."""
    planned = config.file.captions

    def captions() -> list[Checked]:
        today = clock().astimezone(config.team.zone).date()
        files = texts_in(config.base / planned.folder)[:MOST_CAPTIONS] if planned.folder else []
        return [
            check_file(each, platform=planned.platform, brands=(config.team.brand,), today=today)
            for each in files
        ]

    return ports(ingest, {source.name: source.kind for source in config.file.sources}, captions)


def settings_of(config: Config, clock: Clock, ingest: Callable[[], Ingesting]) -> Mapping[str, Any]:
    """What handlers may read by name."""
    lowest = config.file.rooms_own
    return {
        "contact": config.file.contact,
        "ports": ports_of(config, clock, ingest),
        "rooms_own": lowest.value if lowest else "",
        "public_url": config.env.public_url,
    }


def rounds_of(
    config: Config, database: Database, clock: Clock, ring: Callable[[], None], library: Library
) -> Rounds:
    """What the monitor does besides reading."""
    return Rounds(
        database=database,
        library=library,
        clock=clock,
        ring=ring,
        watched=watched(config),
        patience=config.file.coverage,
        quiet=config.file.quiet,
        window=config.file.monitor.merge_window,
        zone=config.team.zone,
    )


def feedback_of(
    config: Config, database: Database, clock: Clock, ring: Callable[[], None], library: Library
) -> Feedback:
    """What thinks about labels."""
    monitor = config.file.monitor
    return Feedback(
        database=database,
        clock=clock,
        ring=ring,
        present=Trial(min_mentions=monitor.min_mentions, window=monitor.merge_window),
        compare=compare_elsewhere,
        library=library,
    )


def rereader_of(
    config: Config, database: Database, clock: Clock, ring: Callable[[], None], library: Library
) -> TeamRereader:
    """What takes over an edited `fenghuo.yaml`."""
    return TeamRereader(
        team=config.team,
        library=library,
        path=config.path,
        read=lambda: reread(config),
        database=database,
        clock=clock,
        ring=ring,
    )


def bridges_of(config: Config, database: Database, clock: Clock, ring: Callable[[], None]) -> Bridges:
    """What tells other programs of timeline entries."""
    takers = [Taker(name=hook.name, entries=frozenset(hook.entries)) for hook in config.file.webhooks_out]
    return Bridges(database=database, takers=takers, team=config.team, clock=clock, ring=ring)


def receivers_of(config: Config) -> dict[str, Receiver]:
    """The other programs, by name. Raises ConfigError: one is of a kind that nobody knows."""
    known = bridging.load(config.base / config.file.playbooks if config.file.playbooks else None)
    variables = config.site.variables
    unknown = [hook for hook in config.file.webhooks_out if hook.preset not in known]
    if unknown:
        names = ", ".join(sorted(known))
        raise ConfigError(
            [
                f"webhooks_out: {hook.name}: there is no preset {hook.preset}; there are {names}"
                for hook in unknown
            ]
        )
    return {
        hook.name: Receiver(
            url=variables.get(hook.url_env, "") or hook.url,
            bridge=known[hook.preset],
            secret=variables.get(hook.secret_env, ""),
        )
        for hook in config.file.webhooks_out
    }


def watched(config: Config) -> list[Watched]:
    """The sources that ought to yield something again and again."""
    return [
        Watched(name=source.name, is_pushed=source.build(config.site) is None)
        for source in config.file.sources
        if source.kind != "sample"
    ]


def occasions_of(config: Config, database: Database, clock: Clock, ring: Callable[[], None]) -> Occasions:
    """What comes round: the digests and the review of planned captions, unless they are turned off."""
    digests, captions = config.file.digests, config.file.captions
    rules = {"day": digests.daily, "week": digests.weekly}
    recurring = {
        f"digest:{length}": Recurring(rule=rule, kind="digest", data={"length": length, "to": digests.to})
        for length, rule in rules.items()
        if rule
    }
    if captions.folder and captions.at:
        recurring["captions"] = Recurring(rule=captions.at, kind="captions", data={})
    return Occasions(database, clock, config.team.zone, recurring, ring)


def build_transports(config: Config, registry: Registry, clock: Clock) -> dict[str, Transport]:
    """A transport is on when its tokens are there."""
    env = config.env
    made: dict[str, Transport] = {}
    if token := env.slack_bot_token.get_secret_value():
        made["slack"] = SlackTransport(
            bot_token=token,
            app_token=env.slack_app_token.get_secret_value(),
            signing_secret=env.slack_signing_secret.get_secret_value(),
            api_url=env.slack_api_url,
        )
    if token := env.telegram_bot_token.get_secret_value():
        say = Locale(language=config.team.language, zone=config.team.zone, now=clock())
        made["telegram"] = TelegramTransport(
            token=token,
            api_url=env.telegram_api_url,
            webhook_url=env.telegram_webhook_url,
            webhook_secret=env.telegram_webhook_secret.get_secret_value(),
            commands=[(each.verb, say(each.help)) for each in registry.commands.values()],
        )
    if url := env.smtp_url.get_secret_value():
        made["mail"] = MailTransport(url)
    if receivers := receivers_of(config):
        made["webhook"] = WebhookTransport(receivers, clock)
    if config.has_console:
        leads = [person.name for person in config.team.people if "lead" in person.roles]
        made["console"] = ConsoleTransport(
            person=leads[0] if leads else next((person.name for person in config.team.people), ""),
            # The first is where one speaks at first: an alerts room.
            rooms={
                room.name: Locale(language=room.language, zone=config.team.zone, now=clock())
                for room in sorted(config.team.rooms, key=lambda room: room.purpose != "alerts")
                if "console" in room.ids
            },
            people=[person.name for person in config.team.people],
        )
    return made
