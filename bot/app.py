"""Builds every part from Config, starts and stops it. The only module that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import handlers
from bot import schedule
from bot.assembly import (
    bridges_of,
    build_transports,
    feedback_of,
    occasions_of,
    rereader_of,
    rounds_of,
    settings_of,
)
from bot.clock import Clock, system_clock
from bot.config import Config, is_public
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.errands import FORGET_EVERY, forget_files
from bot.evidence import Shelf
from bot.feedback import THINK_EVERY
from bot.monitor.ingest import Ingest
from bot.monitor.metrics import Own, Rules
from bot.monitor.prepare import Recipe
from bot.monitor.scrub import LABELS, scrub
from bot.monitor.watch import Ingesting, Monitor
from bot.monitor.worker import Setup, Worker, made
from bot.parts import Parts
from bot.rereading import Rereader
from bot.sources import kinds
from bot.transports.base import Transport, TransportError
from bot.transports.slack import SlackTransport
from bot.transports.telegram import TelegramTransport
from bot.web.board import Board
from bot.web.gate import Gate
from bot.web.metrics import Metrics
from bot.web.pages import Pages
from bot.web.routes import Web
from bot.web.server import listening
from handlers.kit.context import Scrub
from handlers.kit.registry import Registry
from handlers.kit.team import Team
from playbooks import load as load_playbooks
from playbooks.library import Library
from storage.database import Database, DatabaseError, reason
from storage.precedence import Precedence

log = logging.getLogger(__name__)

FIRST_RETRY = 1.0
SLOWEST_RETRY = 30.0
"""Seconds between two tries to reach a platform, at first and at most."""


class BrokenDownError(Exception):
    """A part that must always run has ended; the log says why."""


class App:
    """All parts, wired.

    Args:
        ingest: where comments are taken in, if not in a worker process.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = system_clock,
        transports: Mapping[str, Transport] | None = None,
        ingest: Callable[[App], Ingesting] | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.library: Library = load_playbooks(_folder(config), config.file.adapt, config.file.approvals)
        self.registry: Registry = handlers.load()
        precedence = Precedence()
        self.database = Database(config.database_url, config.key, precedence=precedence)
        self.transports = (
            dict(transports) if transports is not None else build_transports(config, self.registry, clock)
        )
        self.shelf = Shelf(config.env.fenghuo_data / "evidence")
        self.delivery = Delivery(
            database=self.database,
            team=config.team,
            clock=clock,
            transports=self.transports,
            shelf=self.shelf,
        )
        self.dispatch = Dispatch(
            database=self.database,
            registry=self.registry,
            team=config.team,
            library=self.library,
            clock=clock,
            transports=self.transports,
            settings=settings_of(config, clock, lambda: self.monitor.ingest),
            ring=self.delivery.ring,
            scrub=scrubber(recipe(config).names, config.team),
        )
        self.worker = Worker(setup(config, precedence))
        self.monitor = Monitor(
            database=self.database,
            library=self.library,
            sources=kinds.sources(config.file.sources, config.site),
            ingest=ingest(self) if ingest else self.worker,
            clock=clock,
            ring=self.dispatch.wake,
        )
        self.sweeper = schedule.Sweeper(self.database, clock, self.dispatch.wake)
        self.rereader = Rereader(self.library, self.database, clock, self.dispatch.wake)
        self.bridges = bridges_of(config, self.database, clock, self.delivery.ring)
        self.team_rereader = rereader_of(config, self.database, clock, self.dispatch.wake, self.library)
        self.occasions = occasions_of(config, self.database, clock, self.dispatch.wake)
        self.rounds = rounds_of(config, self.database, clock, self.dispatch.wake, self.library)
        self.feedback = feedback_of(config, self.database, clock, self.dispatch.wake, self.library)
        self.parts = Parts()
        self._up: set[str] = set()

    async def ready(self) -> dict[str, bool]:
        """Which parts are up."""
        return {
            "database": await self.database.answers(),
            **{name: name in self._up for name in self.transports},
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything but HTTP, started; stopped at the end of the block."""
        await self.database.upgrade()
        clock = schedule.scheduler(
            {
                "monitor": (self.config.file.monitor.every, self._until_stop(self._look)),
                "deadlines": (schedule.SWEEP, self._until_stop(self._sweep)),
                "feedback": (THINK_EVERY, self._until_stop(self._think)),
                "evidence": (FORGET_EVERY, self._until_stop(self._forget)),
            }
        )
        try:
            self.parts.begin("dispatch", self.dispatch.run())
            outcomes = await asyncio.gather(*map(self._connect, self.transports), return_exceptions=True)
            for refusal in filter(None, outcomes):
                raise refusal
            log.info("up on %s", ", ".join(sorted(self._up)) or "no platform")
            clock.start()
            yield
        finally:
            self.parts.is_stopping = True
            if clock.running:
                clock.shutdown(wait=False)
            await self._stop()

    async def _connect(self, name: str) -> None:
        """Bring one platform up. If it is out of reach, that is tried again while the others work.

        Raises:
            TransportError: trying again cannot help.
        """
        try:
            await self.transports[name].start(self.dispatch)
        except TransportError as error:
            if error.permanent:
                raise
            log.warning("%s is out of reach: %s", name, error.message)
            wait = error.retry_after or FIRST_RETRY
            self.parts.begin(f"connecting {name}", self._connect_later(name, wait))
        else:
            self._is_up(name)

    async def _connect_later(self, name: str, wait: float) -> None:
        while name not in self._up:
            await asyncio.sleep(wait)
            wait = min(2 * wait, SLOWEST_RETRY)
            try:
                await self.transports[name].start(self.dispatch)
            except TransportError as error:
                log.warning("%s is still out of reach: %s", name, error.message)
            else:
                log.info("%s is up", name)
                self._is_up(name)

    def _is_up(self, name: str) -> None:
        self._up.add(name)
        self.parts.begin(f"delivery {name}", self.delivery.run(name))
        for task in self.transports[name].tasks:
            self.parts.watch(task)

    def _until_stop(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                await job()
            except asyncio.CancelledError:
                # Cut off by the stop. What it had not committed is done after the next start.
                if not self.parts.is_stopping:
                    raise

        return run

    async def _look(self) -> None:
        try:
            await self.monitor.tick()
        except DatabaseError as error:
            log.warning("the database is out of reach; the monitor looks again later: %s", reason(error))
        except BrokenProcessPool:
            # A worker that was still starting ends with whatever ends the bot.
            if not self.parts.is_stopping:
                log.exception("the worker process died; a new one is started")

    async def _sweep(self) -> None:
        try:
            await self.rereader.look()
            await self.team_rereader.look()
            await self.sweeper.sweep()
            await self.bridges.sweep()
            await self.rounds.sweep()
            await self.occasions.sweep()
        except DatabaseError as error:
            log.warning("the database is out of reach; deadlines wait: %s", reason(error))

    async def _think(self) -> None:
        try:
            await self.feedback.think()
        except DatabaseError as error:
            log.warning("the database is out of reach; proposals wait: %s", reason(error))

    async def _forget(self) -> None:
        try:
            await forget_files(self.database, self.shelf, self.config.file.evidence.keep, self.clock())
        except DatabaseError as error:
            log.warning("the database is out of reach; evidence is kept for longer: %s", reason(error))

    async def _stop(self) -> None:
        """Let messages on their way arrive, then take the platforms down."""
        await self.parts.end("connecting", "delivery")
        await asyncio.gather(
            *(transport.stop() for transport in self.transports.values()), return_exceptions=True
        )
        await self.parts.end()
        await self.close()

    async def close(self) -> None:
        """Let the worker and the database go."""
        self.worker.stop()
        await self.database.close()

    def web(self) -> Web:
        """The HTTP side."""
        slack, telegram = self.transports.get("slack"), self.transports.get("telegram")
        env, database, clock = self.config.env, self.database, self.clock
        receivers = kinds.receivers(self.config.file.sources, self.config.site)
        # Slack calls the same port from outside when it has no socket, and so do platforms that push comments.
        is_called = isinstance(slack, SlackTransport) and not env.slack_app_token.get_secret_value()
        is_open = is_public(env) or is_called or bool(receivers)
        metrics = Metrics(
            database=database,
            monitor=self.monitor,
            sources=[source.name for source in self.config.file.sources],
            transports=list(self.transports),
            clock=clock,
        )
        return Web(
            monitor=self.monitor,
            pushed={source.name for source in self.config.file.sources if source.kind == "webhook"},
            receivers=receivers,
            secret=env.ingest_secret.get_secret_value(),
            zone=self.config.team.zone,
            clock=clock,
            slack=slack if isinstance(slack, SlackTransport) else None,
            telegram=telegram if isinstance(telegram, TelegramTransport) else None,
            is_ready=self.ready,
            gate=Gate(env.board_token.get_secret_value(), is_public=is_open),
            board=Board(database=database, team=self.config.team, clock=clock).page,
            metrics=metrics.page,
            pages=Pages(
                database=database,
                team=self.config.team,
                clock=clock,
                scrub=self.dispatch.scrub,
                ring=self.dispatch.wake,
            ),
        )


def scrubber(names: Sequence[str], team: Team) -> Scrub:
    """What takes personal data out of what people type; the brand's names and the team's stay."""

    def clean(text: str) -> tuple[str, tuple[str, ...]]:
        found = scrub(text, [*names, *(person.name for person in team.people)])
        return found.text, tuple(LABELS[kind] for kind in found.kinds)

    return clean


def setup(config: Config, precedence: Precedence) -> Setup:
    """What the worker process needs to know."""
    monitor = config.file.monitor
    return Setup(
        url=config.database_url,
        recipe=recipe(config),
        window=monitor.merge_window,
        min_mentions=monitor.min_mentions,
        precedence=precedence,
        log_level=config.env.log_level,
        quiet=config.file.quiet,
        rules=Rules(zone=config.team.zone, **config.file.metrics.model_dump()),
        secrets=config.secrets,
    )


def ingest_here(app: App) -> Ingest:
    """An ingest in this process, for a run that does nothing else."""
    return made(setup(app.config, Precedence()), app.database)


def recipe(config: Config) -> Recipe:
    """What preparing needs to know."""
    keywords = config.file.brand.keywords
    plain = [word for word in keywords if not word.startswith(("+", "!"))]
    names = tuple(dict.fromkeys(name for name in (config.file.brand.name, *plain) if name))
    theirs = [account for source in config.file.sources for account in source.accounts]
    own = Own.of((*config.file.brand.accounts, *theirs), config.file.brand.videos)
    return Recipe(
        key=config.key,
        keywords=keywords,
        names=names,
        playbooks=_folder(config),
        own=own,
        second=config.file.monitor.second_opinion,
    )


def _folder(config: Config) -> Path | None:
    return config.base / config.file.playbooks if config.file.playbooks else None


async def run(config: Config) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        TransportError: a platform refuses us at the start, or HTTP cannot be opened.
        BrokenDownError: a part that must always run has ended.
    """
    work = asyncio.create_task(_run_for_ever(App(config)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _run_for_ever(app: App) -> None:
    try:
        async with app.running(), serving(app):
            settle()
            await app.parts.broken.wait()
            raise BrokenDownError
    finally:
        log.info("stopped")


def settle() -> None:
    """Take what is loaded by now out of the garbage collector's rounds: walking it stops everything for 0.1 to 0.3 s."""
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    """The HTTP side, up at a port (which it yields); down at the end of the block."""
    env = app.config.env
    async with listening(app.web().app(), env.http_host, env.http_port) as port:
        yield port
