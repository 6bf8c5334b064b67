"""Texts of statements that came as files: once one is read it is put forward as if it had been typed, or it is said why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, UserError
from handlers.kit.registry import notice
from handlers.kit.team import Person
from handlers.shared.drafting import put_forward, unchanged
from handlers.shared.evidence import SHOWN
from handlers.shared.upload import too_large, way_out
from storage import incidents, statements
from storage.models import Incident


@notice("text.had")
async def had(ctx: Context) -> None:
    """Put the text of a file forward; read twice, it is one version."""
    incident, data = await _about(ctx)
    if incident is None:
        return
    digest = data["sha256"]
    logged = await ctx.log(
        incident,
        "uploaded",
        data["name"],
        source=f"fetch:{data['row']}",
        sha256=digest,
        hash=digest[:SHOWN],
        size=data["size"],
    )
    if logged is None:
        return
    try:
        await _put_forward(ctx, incident, data)
    except UserError as refused:
        await _refuse(ctx, incident, data, refused)


@notice("text.lost")
async def lost(ctx: Context) -> None:
    """Say why a file could not be had."""
    incident, data = await _about(ctx)
    if incident is None:
        return
    if data["why"] == "too_large":
        await _refuse(ctx, incident, data, too_large(ctx, incident, data["name"]), is_first=True)
        return
    told = UserError(
        ctx.say("{file} could not be fetched: {reason}", file=cut(data["name"]), reason=data["error"]),
        hint=ctx.say("Send it once more, or paste the text: edit {number} TEXT", number=incident.id),
    )
    await _refuse(ctx, incident, data, told, is_first=True)


async def _about(ctx: Context) -> tuple[Incident | None, Mapping[str, Any]]:
    """The incident, and what is known of the file; from now on whoever sent it acts."""
    told = ctx.settings["notice"]
    data: Mapping[str, Any] = told["data"]
    ctx.by = ctx.team.person(data["by"]) or Person(name=data["by"])
    return await incidents.hold(ctx.session, told["incident_id"]), data


async def _put_forward(ctx: Context, incident: Incident, data: Mapping[str, Any]) -> None:
    name, text = cut(data["name"]), data["text"]
    if text is None:
        raise UserError(
            ctx.say("{file} cannot be read: it is neither UTF-8 nor GB18030 text.", file=name),
            hint=way_out(ctx, incident),
        )
    if not text.strip():
        raise UserError(ctx.say("{file} is empty.", file=name), hint=way_out(ctx, incident))
    older = await statements.of(ctx.session, incident.id or 0)
    newest = older[-1] if older else None
    if newest is not None and newest.number != data["version"]:
        raise ConflictError(
            ctx.say("v{version} was written while {file} was on its way.", version=newest.number, file=name),
            hint=ctx.say(
                "Read v{version} first. To replace it, send the file with: edit {number} v{version}",
                version=newest.number,
                number=incident.id,
            ),
        )
    if newest is not None and text.strip() == newest.text:
        raise unchanged(ctx, newest)
    await put_forward(ctx, incident, text.strip(), data["template"])


async def _refuse(
    ctx: Context, incident: Incident, data: Mapping[str, Any], why: UserError, *, is_first: bool = False
) -> None:
    """Say in the thread why there is no version. `is_first`: nothing of the file was noted yet."""
    source = f"fetch:{data['row']}" if is_first else None
    if await ctx.log(incident, "upload_refused", data["name"], source=source, why=why.message) is None:
        return
    called = (ctx.by.name,) if ctx.team.person(ctx.by.name) else ()
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("No new version: {reason}", reason=why.message),
            text=why.hint,
            tone=Tone.WARN,
            notify=called,
        ),
    )
