"""The roster: told of when `fenghuo.yaml` was edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context, Post
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import notice

MOST_TOLD = 12
PARTS: Texts = {"people": "People", "rooms": "Rooms", "guests": "Guests"}
CHANGES: Texts = {"new": "new: {names}", "gone": "gone: {names}", "changed": "changed: {names}"}


@notice("team.edited")
async def edited(ctx: Context) -> None:
    """Tell leads what is in force now, what waits for a restart, and what is wrong with the file."""
    data = ctx.settings["notice"]["data"]
    # A team without a room for its leads has at least one for alerts.
    purpose = "leads" if ctx.team.rooms_for("leads") else "alerts"
    lay_out = _refused if data["problems"] else _taken_over
    ctx.out.append(Post(build=lambda say: lay_out(say, data), purpose=purpose))


def _refused(say: Locale, data: Mapping[str, Any]) -> Card:
    return Card(
        title=say("fenghuo.yaml has a mistake; the team stays as it was"),
        sections=(Section(lines=tuple(data["problems"][:MOST_TOLD])),),
        tone=Tone.WARN,
        footer=say("Mend it and save: it is read again by itself."),
    )


def _taken_over(say: Locale, data: Mapping[str, Any]) -> Card:
    lines = [
        say("{part}: {changes}", part=say(PARTS[part]), changes=_changes(say, changes))
        for part, changes in data["changed"].items()
    ]
    waiting = data["waiting"]
    return Card(
        title=say("fenghuo.yaml was edited and is in force now")
        if lines
        else say("fenghuo.yaml was edited; nothing of it is in force yet"),
        sections=(Section(lines=tuple(lines)),) if lines else (),
        text=say("Only after a restart: {names}", names=say(", ").join(waiting)) if waiting else "",
        tone=Tone.WARN if waiting else Tone.GOOD,
    )


def _changes(say: Locale, changes: Mapping[str, list[str]]) -> str:
    return say(", ").join(
        say(CHANGES[kind], names=" ".join(names)) for kind, names in changes.items() if names
    )
