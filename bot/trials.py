"""What is done and printed without chat: `fenghuo ingest`; `fenghuo backtest`, the settings as they are and as proposed, side by
side; `fenghuo review`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import App, ingest_here, recipe
from bot.backtest import Raised, Report, Trial, compare
from bot.config import Config
from bot.monitor.ingest import Tally
from bot.monitor.prepare import Preparer
from bot.sources.files import FilesSettings, FilesSource
from handlers.kit.locale import Locale
from handlers.review import compose, gather
from playbooks import load
from storage import incidents, labels, sources
from storage.database import Database
from storage.models import Quarantine

MOST_REFUSED = 10
"""Rows that could not be read and are named; all are counted."""
MOST = 50
"""Alarms that are listed on either side; all are counted."""
BY_LINE = frozenset({".jsonl", ".json", ".csv"})
"""Files of text, in which a place is a number of bytes."""


async def ingest(config: Config, files: Sequence[Path]) -> tuple[Tally, list[str]]:
    """Take files in once, and stop. The bot, if it runs on the same database, says what was raised.

    Returns:
        What was taken in, and what could not be read: where it stands, and why.
    """
    app = App(config, transports={}, ingest=ingest_here)
    await app.database.upgrade()
    watched = [each.build(config.site) for each in config.file.sources if isinstance(each, FilesSettings)]
    usual = watched[0] if watched else FilesSource(name="", path=Path(), timezone=config.team.zone)
    paths = {f"ingest:{path}": path for path in files}
    app.monitor.sources = [replace(usual, name=name, path=path) for name, path in paths.items()]
    begun = datetime.now(UTC)
    try:
        tally = await app.monitor.tick()
        async with app.database.read() as session:
            rows = await sources.refused(session, list(paths), begun)
    finally:
        await app.close()
    more = [f"✗ and {len(rows) - MOST_REFUSED} more"] if len(rows) > MOST_REFUSED else []
    return tally, [_refused(paths[each.source], each) for each in rows[:MOST_REFUSED]] + more


def _refused(path: Path, row: Quarantine) -> str:
    """Where a row stands that could not be read, and why."""
    _, _, part = row.file.partition("#")
    if part:
        return f"✗ {path}#{part}, row {row.offset}: {row.reason}"
    if path.suffix.lower() not in BY_LINE:
        return f"✗ {path}: {row.reason}"
    with path.open("rb") as file:
        line = file.read(row.offset).count(b"\n") + 1
    return f"✗ {path}, line {line}: {row.reason}"


async def of(
    config: Config,
    *,
    min_mentions: int | None,
    window: timedelta | None,
    words: Sequence[str],
    mutes: Sequence[str],
    days: int,
) -> Report:
    """Replay so many days; what is not given stays as it is set."""
    # What is raised in a replay is no news.
    logging.getLogger("bot.monitor").setLevel(logging.WARNING)
    database = Database(config.database_url, config.key)
    await database.upgrade()
    try:
        async with database.read() as session:
            agreed = await labels.min_mentions(session)
        monitor, made = config.file.monitor, recipe(config)
        present = Trial(min_mentions=agreed or monitor.min_mentions, window=monitor.merge_window)
        proposed = Trial(
            min_mentions=min_mentions or present.min_mentions,
            window=window or present.window,
            words=tuple(words),
            mutes=tuple(mutes),
        )
        now = datetime.now(UTC)
        start = now - timedelta(days=days)
        library, preparer = load(made.playbooks), Preparer(made)
        return await compare(database, library, preparer, present, proposed, start=start, now=now)
    finally:
        await database.close()


def as_json(report: Report) -> dict[str, Any]:
    """The figures, and the alarms that differ."""

    def listed(alarms: Sequence[Raised]) -> list[dict[str, Any]]:
        return [
            {
                "at": each.at.isoformat(),
                "level": each.level,
                "type": each.type,
                "title": each.title,
                "mentions": len(each.keys),
            }
            for each in alarms
        ]

    return {
        **report.summary(),
        "lost_alarms": listed(report.lost),
        "gained_alarms": listed(report.gained),
    }


def in_words(report: Report, zone: ZoneInfo) -> Iterator[str]:
    """The same for people."""
    found, present, proposed = report.summary(), report.present, report.proposed
    if not report.mentions:
        yield "no data: nothing was stored in this time"
        return
    yield f"{found['days']} days, {found['mentions']} mentions"
    yield f"now:      {_set(present)}"
    yield f"proposed: {_set(proposed)}"
    yield f"alarms: {found['before']} -> {found['after']} (lost {found['lost']}, gained {found['gained']})"
    yield f"false alarms a day: {found['false_before']} -> {found['false_after']}"
    yield (
        f"labels: real kept {found['kept']} of {found['real']}, false kept {found['false_kept']} of {found['false']}, "
        f"missed found {found['missed_found']} of {found['missed']}"
    )
    if found["later_minutes"]:
        yield f"real ones are noticed {found['later_minutes']:+} min later"
    for mark, alarms in (("-", report.lost), ("+", report.gained)):
        yield from (_line(mark, each, zone) for each in alarms[:MOST])
        if len(alarms) > MOST:
            yield f"{mark} and {len(alarms) - MOST} more"


def _set(trial: Trial) -> str:
    parts = [
        f"min_mentions {trial.min_mentions}",
        f"merge_window {round(trial.window.total_seconds() / 60)}m",
    ]
    parts += [f"word {word}" for word in trial.words] + [f"mute {word}" for word in trial.mutes]
    return ", ".join(parts)


def _line(mark: str, alarm: Raised, zone: ZoneInfo) -> str:
    moment = alarm.at.astimezone(zone).strftime("%m-%d %H:%M")
    return f"{mark} {moment} {alarm.level} ×{len(alarm.keys)} {alarm.title}"


async def review(config: Config, number: int, language: str = "") -> str | None:
    """The review of an incident as Markdown; None if there is no such incident.

    Args:
        config: where everything is.
        number: the incident's.
        language: `zh` or `en`; empty: the team's.

    Raises:
        PlaybookError: the playbooks cannot be read.
    """
    built = App(config, transports={})
    await built.database.upgrade()
    try:
        async with built.database.read() as session:
            incident = await incidents.get(session, number)
            if incident is None:
                return None
            team = config.team
            say = Locale(language=language or team.language, zone=team.zone, now=datetime.now(UTC))
            return compose(say, incident, await gather(session, incident, built.library))
    finally:
        await built.close()
