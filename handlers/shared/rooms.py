"""What a room is to what is said in it, and the rooms that an incident has to itself."""

from __future__ import annotations

from collections.abc import Callable

from handlers.kit.cards import Card
from handlers.kit.context import CardBuilder, Context, Edit, Errand, Post
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.kit.messages import Place
from handlers.kit.privacy import rooms_of
from handlers.shared.entries import line
from playbooks.levels import Level
from storage import admission, drills, outbox, rooms, spots, timeline
from storage.models import Incident

WITHDRAWN = "withdrawn:"
"""Begins the keys of cards that stand where an incident may no longer be known."""


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


def is_offered(ctx: Context, incident: Incident) -> bool:
    """Tell whether an incident is grave enough for a room of its own and has none."""
    lowest = Level.read(str(ctx.settings.get("rooms_own", "")))
    is_grave = lowest is not None and Level(incident.level).rank >= lowest.rank
    return is_grave and incident.room == rooms.NONE and incident.drill_id is None


async def ask_for_room(ctx: Context, incident: Incident) -> bool:
    """Have rooms made for an incident; False if it has some or they are being made."""
    if not await rooms.move(ctx.session, incident.id or 0, (rooms.NONE,), rooms.ASKED):
        return False
    await ctx.session.refresh(incident)
    date = ctx.now.astimezone(ctx.team.zone).strftime("%Y%m%d")
    # Whoever sees a private channel's name in a list is not to learn what it is about.
    parts = ["inc", str(incident.id), date, *([] if incident.private else [incident.type])]
    name = "-".join(part for part in parts if part)
    ctx.out.append(
        Errand(
            deed="room",
            incident=incident,
            person=ctx.by.name,
            build=lambda _: Card(title=f"#{incident.id} {incident.title}", name=name),
        )
    )
    return True


def put_over_rooms(ctx: Context, incident: Incident, topic: Callable[[Locale], str]) -> None:
    """Bring the line over an incident's own rooms up to date."""
    ctx.out.append(Errand(deed="topic", incident=incident, build=lambda say: Card(title="", text=topic(say))))


async def leave_rooms(ctx: Context, incident: Incident, ending: CardBuilder) -> None:
    """Put an incident's timeline into its rooms and close them. Whoever may know of a private one is told the ending elsewhere too."""
    if not await rooms.move(ctx.session, incident.id or 0, (rooms.ASKED, rooms.OPEN), rooms.NONE):
        return
    await ctx.session.refresh(incident)
    entries = await timeline.of(ctx.session, incident.id or 0)

    def build(say: Locale) -> Card:
        return Card(
            title=say("Timeline of #{number}, {n} entries", number=incident.id, n=len(entries)),
            # Verbatim, so that nothing of it is cut.
            verbatim="\n".join(line(say, entry) for entry in entries),
            footer=say("This room is closed now; it stays to be read."),
        )

    places = await rooms_of(ctx, incident)
    for place in places:
        ctx.out.append(Post(build=build, place=place, incident=incident))
    ctx.out.append(Errand(deed="archive", incident=incident))
    if incident.private:
        for platform in sorted({place.transport for place in places}):
            await tell_insiders(ctx, incident, platform, ending)


async def tell_insiders(ctx: Context, incident: Incident, platform: str, build: CardBuilder) -> None:
    """Tell everybody who may know of a private incident in a private chat."""
    for name in await admission.insiders(ctx.session, incident):
        person = ctx.team.person(name)
        if person is not None and platform in person.ids:
            place = Place(transport=platform, channel=person.ids[platform], direct=True)
            ctx.out.append(Post(build=build, place=place, incident=incident, rank=0))


async def seal(ctx: Context, incident: Incident) -> bool:
    """Make an incident private; False if it is. Its cards that stand in public say no more than that.

    Raises:
        ConflictError: others read along here.
    """
    if not ctx.is_private:
        raise ConflictError(
            ctx.say("Others read along here."), hint=ctx.say("Say this to me in a private chat.")
        )
    number = incident.id or 0
    if not await admission.seal(ctx.session, number):
        return False
    await ctx.session.refresh(incident)
    await admission.admit(ctx.session, number, [ctx.by.name], by=ctx.by.name, at=ctx.now)
    await outbox.withdraw(ctx.session, number, WITHDRAWN)
    for key in await spots.rename(ctx.session, number, WITHDRAWN):
        ctx.out.append(Edit(key=key, build=lambda say: Card(title=say("This is private now."))))
    await rooms.move(ctx.session, number, (rooms.OPEN, rooms.ASKED), rooms.NONE)
    await ctx.log(incident, "private", "")
    await ask_for_room(ctx, incident)
    return True
