"""Numbers beside what is usual: how many complaints came lately, and how an own video fares."""

from __future__ import annotations

from datetime import timedelta

from handlers.kit.cards import cut
from handlers.kit.locale import Locale, Texts
from storage.models import Abnormal, Gauge, Video

METRICS: Texts = {"plays": "plays", "likes": "likes", "comments": "comments", "shares": "shares"}
LEAST_USUAL = 0.95
"""Below, it is no number that people could hold anything against."""


def lately(say: Locale, gauge: Gauge | None) -> str:
    """How many complaints came lately, and what that time of day usually brings; empty if that is not known."""
    if gauge is None or gauge.at is None:
        return ""
    said = {
        "n": gauge.count,
        "span": say.span(timedelta(seconds=gauge.seconds)),
        "time": say.clock(gauge.at),
    }
    if gauge.usual < LEAST_USUAL:
        return say("{n} in {span} up to {time}, usually less than one", **said)
    return say("{n} in {span} up to {time}, usually about {usual}", usual=round(gauge.usual), **said)


def rate(say: Locale, number: float) -> str:
    """How much an hour."""
    return say.count(round(number)) if number >= 10 or number == 0 else f"{number:.1f}".removesuffix(".0")


def of_video(say: Locale, row: Abnormal, video: Video) -> str:
    """What an own video had in an hour when its numbers were abnormal, each counter beside the usual."""
    # What an older version noted has the worst counter only.
    beside = row.figures.get("beside") or {row.metric: (row.figures["rate"], row.figures["usual"])}
    counters = say(", ").join(
        say(
            "{metric} {n} (usually {usual})",
            metric=say(METRICS[name]),
            n=rate(say, n),
            usual=rate(say, usual),
        )
        for name, (n, usual) in beside.items()
    )
    about = {"title": cut(video.title or video.item_id, 20), "time": say.clock(row.at)}
    return say("Own video “{title}”, an hour, {time}: {counters}", counters=counters, **about)
