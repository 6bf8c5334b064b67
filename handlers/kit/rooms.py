"""What a room is to what is said in it."""

from __future__ import annotations

from handlers.kit.context import Context
from handlers.kit.errors import ConflictError
from storage import drills


async def drill_here(ctx: Context) -> int | None:
    """The drill that a drills room plays; None where what is said is live. Raises ConflictError if no drill is on."""
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    if room is None or not room.is_drill:
        return None
    drill = await drills.running(ctx.session)
    if drill is None:
        raise ConflictError(
            ctx.say("No drill is on, so this cannot be done in this room."),
            hint=ctx.say("Start one: drill start SCENARIO"),
        )
    return drill.id
