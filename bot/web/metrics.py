"""`GET /metrics`: how the bot fares, in Prometheus' text format. Drills stay out of what is counted as live."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from bot.clock import Clock
from bot.monitor.watch import Monitor
from playbooks.levels import Level
from storage import figures, sources
from storage.database import Database
from storage.figures import Figures
from storage.models import State


class Metrics:
    """Counts anew on every request.

    Args:
        sources: names of the sources that are set up; what was once read besides them is left out.
        transports: names of the platforms, whose queues are shown even when they are empty.
    """

    def __init__(
        self,
        *,
        database: Database,
        monitor: Monitor,
        sources: Collection[str],
        transports: Collection[str],
        clock: Clock,
    ) -> None:
        self.database = database
        self.monitor = monitor
        self.sources = sources
        self.transports = transports
        self.clock = clock

    async def page(self, _request: Request) -> Response:
        """All figures."""
        async with self.database.read() as session:
            found = await figures.count(session)
            states = await sources.states(session)
            quarantined = await sources.quarantined(session)
        stored = {state.name: state.read_at for state in states if state.read_at is not None}
        # What is stored moves only when there was something to store.
        read_at = {
            name: moment for name, moment in (stored | self.monitor.read_at).items() if name in self.sources
        }
        registry = CollectorRegistry()
        registry.register(
            _Reading([*_counted(found, quarantined, self.transports), _ages(read_at, self.clock())])
        )
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Reading(Collector):
    """Figures that are known already."""

    def __init__(self, families: Collection[Metric]) -> None:
        self._families = families

    @override
    def collect(self) -> Iterable[Metric]:
        return self._families


def _counted(found: Figures, quarantined: int, transports: Collection[str]) -> Iterator[Metric]:
    idle = dict.fromkeys(transports, 0)
    yield _gauge("fenghuo_mentions_stored", "Comments and posts stored.", "platform", found.mentions)
    yield _graded(found)
    yield _gauge(
        "fenghuo_outbox_waiting", "Messages that wait to be sent.", "transport", idle | dict(found.outbox)
    )
    yield _gauge(
        "fenghuo_delivery_failures", "Messages that were given up.", "transport", idle | dict(found.failures)
    )
    yield GaugeMetricFamily(
        "fenghuo_inbox_waiting", "Arrivals that nobody has worked on yet.", value=found.inbox
    )
    yield GaugeMetricFamily(
        "fenghuo_notices_waiting", "What was noticed and not said yet.", value=found.notices
    )
    yield GaugeMetricFamily(
        "fenghuo_quarantined_rows", "Rows of sources that could not be read.", value=quarantined
    )


def _graded(found: Figures) -> Metric:
    family = GaugeMetricFamily("fenghuo_incidents", "Live incidents.", labels=["state", "level"])
    for state in State:
        for level in Level:
            family.add_metric([state.value, level.value], found.graded.get((state.value, level.value), 0))
    return family


def _ages(read_at: Mapping[str, datetime], now: datetime) -> Metric:
    ages = {name: (now - moment).total_seconds() for name, moment in sorted(read_at.items())}
    return _gauge("fenghuo_source_read_age_seconds", "Seconds since a source was last read.", "source", ages)


def _gauge(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
