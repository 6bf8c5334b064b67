"""The roster: told of when `fenghuo.yaml` was edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context, Post
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import notice
from handlers.shared.standing import DUTIES, dues_for
from handlers.shared.versions import show
from handlers.shared.voting import call_asked
from storage import deadlines, incidents, statements

MOST_TOLD = 12
PARTS: Texts = {"people": "People", "rooms": "Rooms", "guests": "Guests", "approvals": "Approvals"}
CHANGES: Texts = {"new": "new: {names}", "gone": "gone: {names}", "changed": "changed: {names}"}


@notice("team.edited")
async def edited(ctx: Context) -> None:
    """Tell leads what is in force now, what waits for a restart, and what is wrong with the file."""
    data = ctx.settings["notice"]["data"]
    # A team without a room for its leads has at least one for alerts.
    purpose = "leads" if ctx.team.rooms_for("leads") else "alerts"
    lay_out = _refused if data["problems"] else _taken_over
    ctx.out.append(Post(build=lambda say: lay_out(say, data), purpose=purpose))
    if {"people", "approvals"} & data["changed"].keys():
        parts = data["changed"].get("approvals", {}).get("changed", ())
        await _ask_anew(ctx, has_other_clocks="clocks" in parts)


async def _ask_anew(ctx: Context, *, has_other_clocks: bool) -> None:
    """Whoever has to approve a text by what is in force now is asked, and its card says so."""
    for number in await statements.voted_on(ctx.session):
        incident = await incidents.hold(ctx.session, number)
        for version in await statements.of(ctx.session, number):
            if incident is not None and version.state in statements.OPEN:
                before = await dues_for(ctx, incident, version)
                if has_other_clocks:
                    await deadlines.drop(ctx.session, number, *DUTIES.values(), ref=str(version.number))
                call_asked(ctx, incident, version, await show(ctx, incident, version), before)


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
