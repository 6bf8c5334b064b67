"""The ways from handlers into the bot (see `handlers.kit.ports`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool

from bot.fetching import PageReader
from bot.monitor.watch import Ingesting
from bot.sources.links import pasted
from handlers.kit.ports import BusyError, Explained, Linked, Ports
from playbooks.checks.files import Checked

PATIENCE = 1.0
"""Seconds that an answer may take: meanwhile nobody else is served."""


def ports(
    ingest: Callable[[], Ingesting],
    sources: Mapping[str, str],
    captions: Callable[[], Sequence[Checked]] = tuple,
) -> Ports:
    """The ports, filled in.

    Args:
        ingest: where texts are read.
        sources: name -> kind.
        captions: checks the folder of planned captions.
    """

    async def explain(text: str) -> Explained:
        try:
            reading = await asyncio.wait_for(ingest().explain(text), PATIENCE)
        except (TimeoutError, BrokenProcessPool) as error:
            raise BusyError(text) from error
        return Explained(
            negative=reading.score.negative,
            label=reading.score.label,
            reasons=tuple((each.word, each.weight, str(each.kind)) for each in reading.score.reasons),
            types=reading.types,
            severe=reading.severe,
        )

    async def checked() -> Sequence[Checked]:
        return await asyncio.to_thread(captions)

    return Ports(explain=explain, link=linked, sources=sources, captions=checked, page=PageReader())


def linked(text: str) -> Linked | None:
    """The link in what was pasted."""
    found = pasted(text)
    if found is None:
        return None
    return Linked(platform=found.platform, item_id=found.item_id, url=found.url, text=found.text)
