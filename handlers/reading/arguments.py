"""Reading a command's arguments from words, a tap's value and a form's answers.

Every kind of argument has one reader. A reader takes what it understands off the front and returns the value, or takes
nothing and returns None; it raises UserError when the words clearly mean something that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NewType

from handlers.kit.cards import Choice, Form, FormField, cut
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError, UsageError, UserError
from handlers.kit.locale import Locale
from handlers.kit.privacy import may_know
from handlers.kit.registry import Command, Param
from handlers.kit.team import Person
from handlers.reading.channels import (
    Address,
    Channel,
    LoneAddress,
    Pasting,
    Posting,
    read_address,
    read_channel,
    read_lone_address,
    read_pasting,
    read_posting,
)
from handlers.reading.errands import (
    Assignee,
    Marked,
    Matter,
    Moment,
    RoleName,
    read_marked,
    read_matter,
    read_moment,
    read_role,
)
from handlers.reading.wordings import (
    CheckCode,
    HousePart,
    Judgement,
    QuestionNumber,
    read_check,
    read_house_part,
    read_judgement,
    read_question,
)
from handlers.reading.words import Words, number_in
from playbooks.levels import Level
from playbooks.schema import Playbook
from playbooks.templates import Template
from storage import incidents, people
from storage.models import Incident

VersionNumber = NewType("VersionNumber", int)
"""`v3`."""
Privately = NewType("Privately", str)
"""The word `private`: few may know of it."""
Wording = NewType("Wording", str)
"""Words that are to be published as they stand: a statement may name the company's own telephone number."""

PRIVATE = ("private", "保密", "私密")


class MissingError(UserError):
    """Arguments are missing; a form can ask for them. `given`: the words that are there, the incident's number first."""

    def __init__(self, params: tuple[Param, ...], given: str, incident: Incident | None) -> None:
        super().__init__("missing")
        self.params = params
        self.given = given
        self.incident = incident


async def bind(command: Command, text: str, ctx: Context, answers: Mapping[str, str]) -> dict[str, Any]:
    """Read a command's arguments.

    In an incident's own place a leading number may be the incident or already the next argument (`step 12 3 done` and
    `step 12 done`), so when the first reading does not fit the second is tried. When it only lacks something, the number
    is the incident's: `close 12` asks for the reason and does not take "12" for it.

    Raises:
        MissingError: required ones are not there.
        UserError: they cannot be read, with the reason.
    """
    words = Words(text)
    try:
        return await _bind(command, words, ctx, answers, own_number=True)
    except MissingError:
        raise
    except UserError as first:
        if not words.took_own:
            raise
        try:
            return await _bind(command, Words(text), ctx, answers, own_number=False)
        except UserError:
            raise first from None


async def _bind(
    command: Command, words: Words, ctx: Context, answers: Mapping[str, str], *, own_number: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    missing: list[Param] = []
    given = words.left
    for param in command.params:
        source = Words(answers[param.name], is_answer=True) if param.name in answers else words
        try:
            value = await _read(param, source, ctx, own_number=own_number)
        except UserError as error:
            error.field = param.name if param.name in answers else ""
            raise
        if value is None and param.required:
            if source.left:
                raise UsageError(
                    ctx.say("“{word}” does not fit here.", word=cut(source.first)),
                    hint=usage_of(ctx.say, command),
                    field=param.name if param.name in answers else "",
                )
            missing.append(param)
        values[param.name] = param.default if value is None else value
    if missing:
        incident = next((value for value in values.values() if isinstance(value, Incident)), None)
        if incident is not None and not words.took_number:
            given = f"{incident.id} {given}".strip()
        raise MissingError(tuple(missing), given, incident)
    if words.left:
        raise UsageError(
            ctx.say("“{word}” is one too many.", word=cut(words.first)), hint=usage_of(ctx.say, command)
        )
    return values


async def _read(param: Param, words: Words, ctx: Context, *, own_number: bool) -> Any:
    if param.kind is Incident:
        return await read_incident(words, ctx, own_number=own_number)
    return await READERS[param.kind](words, ctx)


async def read_incident(words: Words, ctx: Context, *, own_number: bool = True) -> Incident | None:
    """`12` or `#12`; where the place has an incident, only `#N` or its own number counts as one."""
    match = re.fullmatch(r"([#＃]?)(\d+)", words.first)
    said = number_in(match[2]) if match else 0
    number = ctx.own
    if match and (match[1] or ctx.own is None or (own_number and said == ctx.own)):
        words.take()
        words.took_number = True
        words.took_own = not match[1] and ctx.own is not None
        number = said
    if number is None:
        return None
    incident = await incidents.hold(ctx.session, number) if number else None
    if incident is None or not await may_know(ctx, incident):
        raise NotFoundError(
            ctx.say("There is no incident {number}.", number=f"#{cut(match[2])}" if match else f"#{number}"),
            hint=ctx.say("Open incidents: /crisis list"),
        )
    return incident


async def read_text(words: Words, ctx: Context) -> str | None:
    """All that is left, without personal data; None if nothing is."""
    return ctx.clean(words.rest()) or None


async def read_wording(words: Words, _ctx: Context) -> Wording | None:
    """All that is left, as it stands; None if nothing is."""
    return Wording(words.rest()) or None


async def read_number(words: Words, _ctx: Context) -> int | None:
    """A small whole number."""
    if not re.fullmatch(r"\d{1,9}", words.first):
        return None
    return int(words.take())


async def read_version(words: Words, _ctx: Context) -> VersionNumber | None:
    """`v3`; a bare number is left to whatever comes next."""
    match = re.fullmatch(r"[vV](\d+)", words.first)
    if not match:
        return None
    words.take()
    return VersionNumber(number_in(match[1]))


async def read_level(words: Words, _ctx: Context) -> Level | None:
    """`red`, `红`, `Ⅰ`, `1` and so on."""
    level = Level.read(words.first) if words.first else None
    if level is not None:
        words.take()
    return level


async def read_playbook(words: Words, ctx: Context) -> Playbook | None:
    """The playbook's file stem or title."""
    playbook = ctx.library.find(words.first) if words.first else None
    if playbook is not None:
        words.take()
    elif words.first:
        titles = " · ".join(
            ctx.say.either(each.title, each.title_en) for each in ctx.library.playbooks.values()
        )
        raise NotFoundError(
            ctx.say("There is no playbook “{word}”.", word=cut(words.first)),
            hint=ctx.say("There are: {titles}", titles=titles),
        )
    return playbook


async def read_template(words: Words, ctx: Context) -> Template | None:
    """A statement template's id or title."""
    if not words.first:
        return None
    wanted = words.first.casefold()
    for template in ctx.library.templates.values():
        if wanted in {template.id.casefold(), template.title.casefold(), template.title_en.casefold()}:
            words.take()
            return template
    titles = " · ".join(ctx.say.either(each.title, each.title_en) for each in ctx.library.templates.values())
    raise NotFoundError(
        ctx.say("There is no template “{word}”.", word=cut(words.first)),
        hint=ctx.say("There are: {titles}", titles=titles),
    )


async def read_person(words: Words, ctx: Context) -> Person | None:
    """A roster name, a mention that carries an id, a username seen with its id, or who is replied to."""
    transport = ctx.at.transport if ctx.at else ""
    word = words.first
    if not word:
        return ctx.team.with_id(transport, ctx.quoted.user) if ctx.quoted and ctx.quoted.user else None
    if match := re.fullmatch(r"<@([^>|]+)(?:\|[^>]*)?>", word):
        person = ctx.team.with_id(transport, match[1])
    else:
        person = ctx.team.person(word.lstrip("@＠"))
        if person is None and (seen := await people.by_username(ctx.session, transport, word.lstrip("@＠"))):
            person = ctx.team.with_id(transport, seen.user)
    if person is None:
        names = " ".join(f"@{each.name}" for each in ctx.team.people)
        raise NotFoundError(
            ctx.say("“{word}” is not on the team's list.", word=cut(word)),
            hint=ctx.say("On it are: {names}", names=names),
        )
    words.take()
    return person


async def read_assignee(words: Words, ctx: Context) -> Person | None:
    """A person, if the next word names one with an @."""
    return await read_person(words, ctx) if words.first.startswith(("@", "＠", "<@")) else None


async def read_privately(words: Words, _ctx: Context) -> Privately | None:
    """`private`."""
    return Privately(words.take()) if words.first.casefold() in PRIVATE else None


READERS: Mapping[Any, Callable[[Words, Context], Awaitable[Any]]] = {
    str: read_text,
    Wording: read_wording,
    Privately: read_privately,
    int: read_number,
    VersionNumber: read_version,
    Level: read_level,
    Playbook: read_playbook,
    Template: read_template,
    Person: read_person,
    Assignee: read_assignee,
    Marked: read_marked,
    Matter: read_matter,
    Moment: read_moment,
    RoleName: read_role,
    Judgement: read_judgement,
    CheckCode: read_check,
    HousePart: read_house_part,
    QuestionNumber: read_question,
    Channel: read_channel,
    Address: read_address,
    LoneAddress: read_lone_address,
    Pasting: read_pasting,
    Posting: read_posting,
}


def lacking(ctx: Context, verb: str, incident: Incident, given: str, *names: str) -> MissingError:
    """What a command needs this time although it does not always: raised before anything is done, it is asked for."""
    found: Command = ctx.settings["registry"].commands[verb]
    params = tuple(param for param in found.params if param.name in names)
    return MissingError(params, f"{incident.id} {given}".strip(), incident)


def usage_of(say: Locale, command: Command) -> str:
    """The usage line with an example, as whoever got it wrong needs it."""
    return say("Usage: {usage} · for example: {example}", usage=say(command.usage), example=command.example)


def form_for(command: Command, missing: MissingError, ctx: Context) -> Callable[[Locale], Form]:
    """A form that asks for what is missing and then completes the command."""

    def build(say: Locale) -> Form:
        return Form(
            title=say(command.help),
            fields=tuple(_question(param, say, ctx) for param in missing.params),
            action=command.action,
            value=missing.given,
            submit=say("Send"),
        )

    return build


def _question(param: Param, say: Locale, ctx: Context) -> FormField:
    choices: tuple[Choice, ...] = ()
    if param.kind is Level:
        choices = tuple(
            Choice(label=f"{level.dot} {say.either(level.zh, level.en)}", value=level.value)
            for level in Level
        )
    elif param.kind is Playbook:
        choices = tuple(
            Choice(label=say.either(each.title, each.title_en), value=each.id)
            for each in ctx.library.playbooks.values()
        )
    elif param.kind in {Person, Assignee}:
        choices = tuple(Choice(label=person.name, value=f"@{person.name}") for person in ctx.team.people)
    return FormField(
        name=param.name,
        label=say(param.label),
        hint=say("2h, 18:00 or 11-21 18:00") if param.kind is Moment else "",
        long=param.kind in {str, Wording},
        choices=choices,
    )
