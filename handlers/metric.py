"""The brand's own videos: what is said when their numbers are not what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.kit.cards import Button, ButtonTone, Card, Link, Section, Tone, cut, is_web
from handlers.kit.context import CardBuilder, Context, Post
from handlers.kit.locale import Locale, Texts
from handlers.kit.numbers import METRICS, rate
from handlers.kit.pictures import Picture
from handlers.kit.registry import notice
from handlers.shared.incident_card import platform, tag
from storage import held, incidents, metrics
from storage.models import Abnormal, Incident, Video

TITLES: Texts = {
    "pile_on": "Own video: {metric} pile up, {reach} do not follow",
    "unknown": "Own video: {metric} pile up",
    "collapse": "Own video: {metric} have collapsed",
}
A_DAY = timedelta(hours=12)
"""Stretches longer than this are told apart by their date."""


@notice("metric.abnormal")
async def abnormal(ctx: Context) -> None:
    """Show what is abnormal, with its curve: in the thread of the incident about it, else in the alerts rooms."""
    found = await metrics.abnormal(ctx.session, ctx.settings["notice"]["data"]["id"])
    if found is None:
        return
    row, video = found
    key = f"abnormal:{row.id}"
    incident = await incidents.get(ctx.session, row.incident_id) if row.incident_id else None
    build = card(row, video, incident)
    if incident is None:
        ctx.out.append(Post(build=build, purpose="alerts", key=key, rank=0))
    elif not await held.is_hidden(ctx.session, incident.id or 0):
        ctx.thread(incident, build, key=key, broadcast=True)


def card(row: Abnormal, video: Video, incident: Incident | None) -> CardBuilder:
    """The card of an abnormal matter."""
    figures = row.figures

    def build(say: Locale) -> Card:
        title = title_of(say, row)
        about = (f"《{cut(video.title, 40)}》" if video.title else "", platform(say, video.platform))
        since = say("published {time}", time=say.clock(video.published_at)) if video.published_at else ""
        return Card(
            title=f"{tag(say, incident)} · {title}" if incident else title,
            tone=Tone.WARN,
            text=" · ".join(part for part in (*about, since) if part),
            sections=(
                Section(
                    lines=(
                        measured(say, row),
                        _compared(say, row),
                        *_counts(say, row),
                        _said(say, figures),
                    )
                ),
            ),
            links=(Link(label=say("The video"), url=video.url),) if is_web(video.url) else (),
            images=(picture(say, row),),
            buttons=(_button(say, incident),),
            footer=say(
                "The platform's own counters. A raffle or a repost looks the same: look before you act."
            ),
        )

    return build


def title_of(say: Locale, row: Abnormal) -> str:
    """What is abnormal, in a line."""
    metric, reach = say(METRICS[row.metric]), row.figures["reach"]
    if row.kind == "pile_on" and reach:
        return say(TITLES["pile_on"], metric=metric, reach=say(METRICS[reach]))
    return say(TITLES["unknown" if row.kind == "pile_on" else row.kind], metric=metric)


def measured(say: Locale, row: Abnormal) -> str:
    """How fast it goes, and what is usual."""
    figures = row.figures
    words = {
        "metric": say(METRICS[row.metric]),
        "rate": rate(say, figures["rate"]),
        "usual": rate(say, figures["usual"]),
        "low": rate(say, figures["low"]),
        "high": rate(say, figures["high"]),
    }
    if figures["peers"]:
        return say(
            "{metric}: {rate} an hour; usual at this age: {usual} ({low} to {high}, from {n} earlier videos)",
            n=figures["peers"],
            **words,
        )
    return say("{metric}: {rate} an hour; before, this video had {usual} ({low} to {high})", **words)


def picture(say: Locale, row: Abnormal) -> Picture:
    """The curve: this video's rate, and what is usual."""
    curve = row.figures["curve"]
    moments = [datetime.fromisoformat(at).astimezone(say.zone) for at in curve["at"]]
    is_coarse = len(moments) > 1 and moments[-1] - moments[-2] > A_DAY
    legend = (
        say(
            "{metric} an hour. Red: this video. Dashes and band: usual at this age.",
            metric=say(METRICS[row.metric]),
        )
        if row.figures["peers"]
        else say(
            "{metric} an hour. Red: this video. Dashes and band: what it had before.",
            metric=say(METRICS[row.metric]),
        )
    )
    return Picture(
        caption=legend,
        ticks=tuple(moment.strftime("%m-%d" if is_coarse else "%H:%M") for moment in moments),
        line=tuple(curve["line"]),
        usual=tuple(curve["usual"]),
        low=tuple(curve["low"]),
        high=tuple(curve["high"]),
    )


def _compared(say: Locale, row: Abnormal) -> str:
    """How many times the usual it is, and whether the video as such does well."""
    times, reach = row.figures["times"], row.figures["reach"]
    if row.kind == "collapse":
        return say("That is {share}% of the usual.", share=round(100 * times))
    if not reach:
        return say("That is {times} times the usual; how plays do is not known.", times=_times(times))
    return say(
        "That is {times} times the usual; {reach} are at {others} times theirs.",
        times=_times(times),
        reach=say(METRICS[reach]),
        others=_times(row.figures["reach_times"]),
    )


def _counts(say: Locale, row: Abnormal) -> tuple[str, ...]:
    """The counters at both ends of the stretch; those that nobody knows are left out."""
    ends = {
        name: pair for name, pair in row.figures["counts"].items() if name in METRICS and None not in pair
    }
    if not ends:
        return ()
    told = say(", ").join(f"{say(METRICS[name])} {old:,} → {new:,}" for name, (old, new) in ends.items())
    start = datetime.fromisoformat(row.figures["from"])
    return (say("{start} to {end}: {counts}", start=say.clock(start), end=say.clock(row.at), counts=told),)


def _said(say: Locale, figures: Mapping[str, Any]) -> str:
    negative, total = figures["negative"], figures["said"]
    if not total:
        return say("No comment under it was stored in 24 h: what is said there is not known.")
    return say(
        "Comments stored under it in 24 h: negative {share}% ({negative} of {total})",
        share=round(100 * negative / total),
        negative=negative,
        total=total,
    )


def _button(say: Locale, incident: Incident | None) -> Button:
    if incident is not None:
        return Button(label=say("Details"), action="look.show", value=str(incident.id))
    return Button(label=say("Open an incident…"), action="incident.new", tone=ButtonTone.PRIMARY)


def _times(times: float) -> str:
    return f"{times:.1f}".removesuffix(".0") if times < 10 else f"{times:.0f}"
