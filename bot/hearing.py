"""From what somebody said to the command that does it: which one, with what words, and whether they may, here.

Words, taps and forms end in the same place, so a handler is written once for all three.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot import forms
from bot.transports.base import Transport, TransportError
from bot.transports.text import plain
from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError, UsageError, UserError
from handlers.kit.locale import Locale
from handlers.kit.messages import Attached, Pressed, Quoted, Typed
from handlers.kit.registry import Command, Registry
from handlers.kit.team import Person, Right, Team
from handlers.look import nearest
from handlers.reading.arguments import MissingError, bind, form_for, usage_of
from handlers.shared.versions import VERSION_KEY
from storage import spots
from storage.models import Incident

log = logging.getLogger(__name__)

LONGEST_NAME = 64
"""Characters; Telegram allows 64 for the first name alone, and its next 64 are of no use on a card."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command, the words after its verb, and a form's answers."""

    command: Command
    words: str
    answers: Mapping[str, str] = field(default_factory=dict)


def cleaned(event: Typed | Pressed) -> Typed | Pressed:
    """What arrived, without what nobody sees: no hidden word may be logged, approved or drive a terminal."""
    by = replace(
        event.by,
        name=cut(plain(event.by.name), LONGEST_NAME),
        username=cut(plain(event.by.username), LONGEST_NAME),
    )
    if isinstance(event, Pressed):
        return replace(event, by=by, fields={name: plain(answer) for name, answer in event.fields.items()})
    quoted = event.quoted
    if quoted is not None:
        author = cut(plain(quoted.author), LONGEST_NAME)
        quoted = replace(quoted, text=plain(quoted.text), author=author, files=_named(quoted.files))
    return replace(event, by=by, text=plain(event.text), quoted=quoted, files=_named(event.files))


def _named(files: tuple[Attached, ...]) -> tuple[Attached, ...]:
    return tuple(replace(each, name=cut(" ".join(plain(each.name).split()), LONGEST_NAME)) for each in files)


def stranger(say: Locale, event: Typed | Pressed) -> NotAllowedError:
    """Why somebody whom nobody knows is refused, and the ids with which an operator can change that."""
    return NotAllowedError(
        say("You are not on this team's list."),
        hint=say(
            "Your id is {id}, this chat's is {chat}; an operator can add them to fenghuo.yaml.",
            id=event.by.user,
            chat=event.at.channel,
        ),
    )


def newcomer(event: Typed | Pressed, registry: Registry) -> Person | None:
    """Somebody whom nobody knows, if what they say is open to everybody; else None."""
    said = event.text.split(maxsplit=1) if isinstance(event, Typed) and not event.answer else []
    command = registry.names.get(said[0].lstrip("/").lower()) if said else None
    if command is None or command.right is not Right.ANYONE:
        return None
    by = event.by
    return Person(name=f"{by.name or by.username}({by.user})", ids={by.transport: by.user}, guest=True)


async def with_quote(event: Typed, quoted: Quoted, transport: Transport, team: Team) -> Typed:
    """Read the message that somebody pointed at, if the platform did not bring it; its author by the roster's name."""
    found: Quoted | None = quoted
    if not quoted.text:
        try:
            found = await transport.fetch(event.at, quoted.message)
        except TransportError as error:
            log.warning("%s: a message could not be read: %s", transport.name, error.message)
            return event
    if found is None:
        return event
    person = team.with_id(transport.name, found.user)
    return replace(event, quoted=replace(found, author=person.name) if person else found)


async def obey(ctx: Context, registry: Registry) -> None:
    """Do what somebody asked for. Raises UserError."""
    call = await _call(ctx, registry)
    if call is None:
        return
    if call.command.right is not Right.OWNER:
        ctx.require(call.command.right)
    try:
        arguments = await bind(call.command, call.words, ctx, call.answers)
        incident = next((value for value in arguments.values() if isinstance(value, Incident)), None)
        if incident is not None:
            _admit(ctx, call.command, incident)
            await _note_place(ctx, incident)
        await call.command.run(ctx, **arguments)
    except MissingError as missing:
        if missing.incident is not None:
            # Nobody should fill in a form only to hear that they may not.
            _admit(ctx, call.command, missing.incident)
        _ask(ctx, call, missing)


async def _call(ctx: Context, registry: Registry) -> Call | None:
    """What is called for; None for an answer after which a form has more to ask."""
    event = ctx.happening
    if isinstance(event, Typed) and event.answer:
        if await forms.is_open(ctx):
            completed = await forms.answered(ctx, event)
            return _tapped(ctx, registry, completed) if completed else None
        if not event.at.direct:
            raise UsageError(
                ctx.say("No question to you is open here."), hint=ctx.say("Give the command again.")
            )
    if isinstance(event, Pressed):
        return _tapped(ctx, registry, event)
    assert isinstance(event, Typed)
    if event.files and not event.text and event.quoted is not None:
        return await _handed_in(ctx, registry, event.quoted)
    return _spoken(ctx, registry, event.text)


async def _handed_in(ctx: Context, registry: Registry, quoted: Quoted) -> Call | None:
    """A file without a word is the new text of the statement that it replies to; in reply to anything else it is for people."""
    at = ctx.happening.at if isinstance(ctx.happening, Typed) else None
    key = await spots.key_at(ctx.session, at.transport, at.channel, quoted.message) if at else ""
    named = VERSION_KEY.fullmatch(key)
    return Call(registry.commands["edit"], f"#{named[1]} v{named[2]}") if named else None


def _tapped(ctx: Context, registry: Registry, event: Pressed) -> Call:
    # A tap says which incident it means; the place where it stands says nothing then.
    ctx.own = None
    command = registry.actions.get(event.action)
    if command is None:
        raise UsageError(ctx.say("This button is of an older version."), hint=nearest(ctx.say, registry, ""))
    return Call(command, event.value, event.fields)


def _spoken(ctx: Context, registry: Registry, text: str) -> Call:
    said, *rest = text.split(maxsplit=1) or [""]
    verb, words = said.lstrip("/") or "help", rest[0] if rest else ""
    command = registry.names.get(verb.lower())
    if command is None and (glued := re.fullmatch(r"([^\d#＃]+)([#＃]?\d+)", verb)):
        # Chinese is written without spaces: 认领12.
        command, words = registry.names.get(glued[1].lower()), f"{glued[2]} {words}"
    if command is None:
        raise UsageError(
            ctx.say("There is no command “{verb}”.", verb=verb[:40]), hint=nearest(ctx.say, registry, verb)
        )
    return Call(command, words)


def _admit(ctx: Context, command: Command, incident: Incident) -> None:
    """Go on only if the person may do this with this incident, and in this room."""
    ctx.require(command.right, incident)
    place = ctx.at
    if place is None:
        return
    room = ctx.team.room_at(place.transport, place.channel)
    is_drill = incident.drill_id is not None
    # A private chat is nobody's room. Any other channel that is no room of ours counts as live.
    if room.is_drill == is_drill if room else (place.direct or not is_drill):
        return
    where = ctx.say("the drills room") if is_drill else ctx.say("an alerts room")
    raise ConflictError(
        ctx.say("#{number} does not belong in this room.", number=incident.id),
        hint=ctx.say("Go to {where}.", where=where),
    )


def _ask(ctx: Context, call: Call, missing: MissingError) -> None:
    """Ask for what is missing: in a form after a tap, with the usage line after words."""
    if call.answers:
        raise UserError(ctx.say("An answer is needed."), field=missing.params[0].name)
    if isinstance(ctx.happening, Typed) and not call.command.form:
        names = ctx.say(", ").join(ctx.say(param.label) for param in missing.params)
        raise UsageError(ctx.say("Missing: {names}", names=names), hint=usage_of(ctx.say, call.command))
    ctx.form = form_for(call.command, missing, ctx)


async def _note_place(ctx: Context, incident: Incident) -> None:
    """What people write about an incident is a way back to it."""
    if isinstance(ctx.happening, Typed) and ctx.at and ctx.at.message:
        await spots.add(
            ctx.session,
            ctx.at.transport,
            ctx.at.channel,
            ctx.at.message,
            incident_id=incident.id,
            drill_id=incident.drill_id,
        )
