"""Who may know of an incident, and where: of a private one only insiders, among themselves."""

from __future__ import annotations

from handlers.kit.context import Context, room_key
from handlers.kit.errors import NotFoundError
from handlers.kit.messages import Noticed, Place
from storage import admission, spots
from storage.models import Incident


async def rooms_of(ctx: Context, incident: Incident) -> list[Place]:
    """An incident's own rooms."""
    found = await spots.copies(ctx.session, room_key(incident.id or 0))
    return [Place(transport=spot.transport, channel=spot.channel, thread=spot.message) for spot in found]


async def may_know(ctx: Context, incident: Incident) -> bool:
    """Tell whether somebody may hear of an incident where they ask: of a private one only insiders, among themselves.

    Raises:
        NotFoundError: an insider asks where others read along, and nobody else reads the answer: it says where to ask.
    """
    if not incident.private or isinstance(ctx.happening, Noticed) or ctx.at is None:
        return True
    if ctx.by.name not in await admission.insiders(ctx.session, incident):
        return False
    here = (ctx.at.transport, ctx.at.channel)
    own = await rooms_of(ctx, incident)
    if ctx.at.direct or here in {(place.transport, place.channel) for place in own}:
        return True
    if not ctx.is_private:
        return False
    raise NotFoundError(
        ctx.say("#{number} is private, and others read along here.", number=incident.id),
        hint=ctx.say("Ask in its own room, or me in a private chat."),
    )
