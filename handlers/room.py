"""Rooms of incidents: a channel or topic of its own for a grave one, and private incidents, of which few may know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.kit.cards import Card, Link, Tone
from handlers.kit.context import Context, Errand, Post, card_key, room_card_key
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale, Texts
from handlers.kit.messages import Place
from handlers.kit.privacy import rooms_of
from handlers.kit.registry import command, notice
from handlers.kit.team import Person, Right
from handlers.shared.crew import crew_of
from handlers.shared.incident_card import incident_card, over, refresh
from handlers.shared.rooms import ask_for_room, seal, tell_insiders
from storage import admission, incidents, rooms
from storage.models import LIVING, Incident

REASONS: Texts = {
    "gone": "it is archived or closed, or the bot was removed from it",
    "no_topics": "this group has no topics; switch them on in its settings",
    "no_rights": "the bot lacks the right to; give it the right to manage channels or topics",
    "nobody": "the person is not known there any more, or may not be invited",
}
"""Why a platform refused, as it can be mended."""


@command(
    "room",
    area="work",
    right=Right.WORK,
    help="Open a channel or topic for one incident",
    usage="room N",
    example="room 12",
    aliases=("专用频道", "频道"),
)
async def room(ctx: Context, incident: Incident) -> None:
    """Have a room made wherever the incident is talked of; the first who asks is enough."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if incident.drill_id is not None:
        raise ConflictError(
            ctx.say("A drill stays in the drills room."), hint=ctx.say("Its thread is its place.")
        )
    if not await ask_for_room(ctx, incident):
        raise ConflictError(
            ctx.say("#{number} has a room of its own, or it is being opened.", number=incident.id),
            hint=ctx.say("Its thread says where: show {number}", number=incident.id),
        )
    await refresh(ctx, incident)
    ctx.confirm(
        lambda say: Card(title=say("Opening a room for #{number}.", number=incident.id), tone=Tone.GOOD),
        incident,
    )


@command(
    "private",
    area="work",
    right=Right.WORK,
    help="Make an incident private (leads), or let somebody know of it",
    usage="private N [@WHO]",
    example="private 12 @吴桐",
    aliases=("保密", "私密"),
)
async def private(ctx: Context, incident: Incident, who: Person | None = None) -> None:
    """Seal an incident, admit somebody to it, or bring its card to whoever is admitted."""
    if incident.drill_id is not None:
        raise ConflictError(
            ctx.say("A drill stays in the drills room."), hint=ctx.say("Its thread is its place.")
        )
    is_new = False
    if not incident.private:
        ctx.require(Right.LEAD)
        is_new = await seal(ctx, incident)
    if who is not None:
        await _admit(ctx, incident, who)
    # Wherever its card stands already it is not posted again.
    card = await incident_card(ctx, incident)
    ctx.out.append(Post(build=card, purpose="alerts", key=card_key(incident), incident=incident, rank=0))
    names = await admission.insiders(ctx.session, incident)
    doors = _doors(ctx, incident)

    def build(say: Locale) -> Card:
        return Card(
            title=say("#{number} is private.", number=incident.id),
            text=say("It is known to: {names}", names=say(", ").join(names)),
            tone=Tone.GOOD,
            links=doors,
            footer=say("What was said of it in public before stays there; delete it by hand.")
            if is_new
            else "",
        )

    ctx.whisper(build, secret=True)


def _doors(ctx: Context, incident: Incident) -> tuple[Link, ...]:
    """Where to write to the bot first: it may not write to people who never did."""
    doors: Mapping[str, str] = ctx.settings["doors"]()
    return tuple(
        Link(label=name, url=f"{url}?start=private-{incident.id}") for name, url in doors.items() if url
    )


async def _admit(ctx: Context, incident: Incident, who: Person) -> None:
    await admission.admit(ctx.session, incident.id or 0, [who.name], by=ctx.by.name, at=ctx.now)
    await ctx.log(incident, "admitted", "", to=who.name)
    ctx.out.append(Errand(deed="invite", incident=incident, person=who.name))


@notice("room.opened")
async def opened(ctx: Context) -> None:
    """Put the living card into a new room, pin it, ask people in, and tell the thread."""
    incident, data = await _about(ctx)
    if incident is None:
        return
    place = Place(transport=data["transport"], channel=data["channel"], thread=data["thread"])
    if incident.state not in LIVING:
        # It ended while the room was being made.
        ctx.out.append(Errand(deed="archive", incident=incident, place=place))
        return
    await rooms.move(ctx.session, incident.id or 0, (rooms.NONE, rooms.ASKED), rooms.OPEN)
    await ctx.session.refresh(incident)
    card = await incident_card(ctx, incident)
    ctx.out.append(Post(build=card, place=place, key=room_card_key(incident), incident=incident, rank=0))
    ctx.out.append(Errand(deed="pin", incident=incident, place=place))
    ctx.by = ctx.team.person(data["by"]) or ctx.by
    await ctx.log(incident, "room", data["name"])
    await refresh(ctx, incident)
    for name in await _invited(ctx, incident):
        ctx.out.append(Errand(deed="invite", incident=incident, person=name, place=place))
    links = (Link(label=data["name"], url=data["url"]),) if data["url"] else ()
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("#{number} has a room: {name}", number=incident.id, name=data["name"]),
            text=say("What is said to the bot there needs no number."),
            tone=Tone.GOOD,
            links=links,
        ),
    )


async def _invited(ctx: Context, incident: Incident) -> list[str]:
    """Who is asked in: the commander, who holds a role, the leads; to a private room only its insiders."""
    if incident.private:
        return await admission.insiders(ctx.session, incident)
    held = (await crew_of(ctx, incident)).values()
    leads = [person.name for person in ctx.team.people if person.may(Right.LEAD)]
    return list(dict.fromkeys([*held, *leads]))


@notice("room.refused")
async def refused(ctx: Context) -> None:
    """Say plainly what could not be done, and what holds instead."""
    incident, data = await _about(ctx)
    if incident is None:
        return
    if data["deed"] == "room" and not await rooms_of(ctx, incident):
        await rooms.move(ctx.session, incident.id or 0, (rooms.ASKED,), rooms.NONE)
        await refresh(ctx, incident)
    person = ctx.team.with_id(data["transport"], data["person"])
    name, platform = person.name if person else data["person"], data["transport"]

    def build(say: Locale) -> Card:
        titles = {
            "room": say(
                "No room of its own for #{number} on {platform}.", number=incident.id, platform=platform
            ),
            "invite": say(
                "{name} could not be asked into the room of #{number}.", name=name, number=incident.id
            ),
            "archive": say("The room of #{number} could not be closed.", number=incident.id),
        }
        hint = say("The thread under its card stays the place.") if data["deed"] == "room" else ""
        return Card(
            title=titles[data["deed"]],
            text=say("Reason: {reason}", reason=_reason(say, data)),
            footer=hint,
            tone=Tone.WARN,
        )

    ctx.thread(incident, build)
    if incident.private and data["deed"] == "room":
        # Without a room there may be no place at all where it could be said.
        await tell_insiders(ctx, incident, data["transport"], build)


@notice("room.lost")
async def lost(ctx: Context) -> None:
    """Say that a room takes nothing any more, and where to go on."""
    incident, data = await _about(ctx)
    if incident is None:
        return
    is_last = not await rooms_of(ctx, incident)
    if is_last:
        await rooms.move(ctx.session, incident.id or 0, (rooms.OPEN,), rooms.NONE)
    ctx.thread(
        incident,
        lambda say: Card(
            title=say(
                "The room of #{number} on {platform} cannot be reached any more.",
                number=incident.id,
                platform=data["transport"],
            ),
            text=say("Reason: {reason}", reason=_reason(say, data)),
            footer=say("Go on here, or open a new one: room {number}", number=incident.id) if is_last else "",
            tone=Tone.WARN,
        ),
        broadcast=True,
    )
    await refresh(ctx, incident)


def _reason(say: Locale, data: Mapping[str, Any]) -> str:
    return say(REASONS[data["why"]]) if data["why"] else str(data["error"])


async def _about(ctx: Context) -> tuple[Incident | None, Mapping[str, Any]]:
    told = ctx.settings["notice"]
    return await incidents.hold(ctx.session, told["incident_id"]), told["data"]
