"""Files given as evidence: what is said and written down once one is kept, or cannot be."""

from __future__ import annotations

from datetime import datetime

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import notice
from handlers.kit.team import Person
from handlers.shared.evidence import SHOWN
from storage import incidents, timeline
from storage.models import Incident

REASONS: Texts = {
    "too_large": "it is larger than 20 MB",
    "gone": "it was deleted, or the platform does not hand it out any more",
    "no_rights": "the app lacks the right to read files; on Slack give it files:read and install it again",
}
"""Why a file could not be kept, where more than the platform's words is known of it."""


@notice("evidence.kept")
async def kept(ctx: Context) -> None:
    """Write the hash of a file down, and say it in the thread; fetched twice, it is one entry."""
    incident = await _about(ctx)
    if incident is None:
        return
    data = ctx.settings["notice"]["data"]
    digest, name, size, entry = data["sha256"], data["name"], data["size"], data["entry"]
    logged = await ctx.log(
        incident,
        "evidence",
        name,
        source=f"fetch:{data['row']}",
        at=datetime.fromisoformat(data["at"]),
        hash=digest[:SHOWN],
        **{key: data[key] for key in ("sha256", "size", "mime", "entry")},
    )
    if logged is None:
        return
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("Kept as evidence for entry {entry}: {name}", entry=entry, name=name),
            text=say(
                "{size} bytes, SHA-256 {hash}…, as {platform} handed them out.",
                size=size,
                hash=digest[:SHOWN],
                platform=data["transport"],
            ),
            tone=Tone.GOOD,
        ),
    )


@notice("evidence.lost")
async def lost(ctx: Context) -> None:
    """Say why a file could not be kept, to whoever gave it, and write that down."""
    incident = await _about(ctx)
    if incident is None:
        return
    data = ctx.settings["notice"]["data"]
    name, entry = data["name"], data["entry"]
    told = {key: data[key] for key in ("entry", "why", "error")}
    logged = await ctx.log(incident, "evidence_lost", name, source=f"fetch:{data['row']}", **told)
    if logged is None:
        return

    def build(say: Locale) -> Card:
        reason = say(REASONS[data["why"]]) if data["why"] in REASONS else data["error"]
        return Card(
            title=say("Not kept as evidence for entry {entry}: {name}", entry=entry, name=name),
            text=say("Reason: {reason}", reason=reason),
            footer=say("Keep it yourself, and give its link: log {number} LINK", number=incident.id),
            tone=Tone.WARN,
            notify=(ctx.by.name,) if ctx.team.person(ctx.by.name) else (),
        )

    ctx.thread(incident, build)


@notice("evidence.expired")
async def expired(ctx: Context) -> None:
    """Write down that a file is deleted, its time being over. What it was stays: its entry, and its hash."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    digest = told["data"]["sha256"]
    if incident is None:
        return
    entries = await timeline.of(ctx.session, incident.id or 0)
    if any(entry.kind == "evidence" and entry.data.get("sha256") == digest for entry in entries):
        await ctx.log(incident, "evidence_expired", "", sha256=digest, hash=digest[:SHOWN])


async def _about(ctx: Context) -> Incident | None:
    """The incident; from now on whoever gave the file acts."""
    told = ctx.settings["notice"]
    name = told["data"]["by"]
    ctx.by = ctx.team.person(name) or Person(name=name)
    return await incidents.hold(ctx.session, told["incident_id"])
