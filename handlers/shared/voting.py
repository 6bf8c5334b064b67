"""Voting: the version that is meant, held until the transaction ends; who may vote on it; the vote itself.

A vote is bound to the hash of one text and to the incident's level, and it expires. Whoever wrote any of the text since the
last approved version never approves it: a lone hurried person cannot speak for the house.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from handlers.kit.cards import Card, Tone, cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError
from handlers.kit.locale import Locale
from handlers.reading.arguments import VersionNumber
from handlers.shared.entries import VERSIONS
from handlers.shared.incident_card import over
from handlers.shared.levels import spoken
from handlers.shared.standing import DUTIES, Standing, expires
from handlers.shared.statement_card import SHORT_HASH, approve_button, seat_name
from handlers.shared.versions import none_yet, show, superseded
from playbooks.checks import CHECKS, Finding
from storage import deadlines, statements
from storage.models import LIVING, Deadline, Incident, Version, Vote


async def open_version(ctx: Context, incident: Incident, number: VersionNumber | None) -> Version:
    """The version that is meant, held until the transaction ends; it is still voted on."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    versions = await statements.of(ctx.session, incident.id or 0)
    if not versions:
        raise none_yet(ctx, incident)
    newest = next((each for each in reversed(versions) if each.state in DUTIES), versions[-1])
    wanted = next((each for each in versions if each.number == number), None) if number else newest
    if wanted is None:
        raise NotFoundError(
            ctx.say("#{number} has no v{version}.", number=incident.id, version=number),
            hint=ctx.say("The newest is v{version}.", version=versions[-1].number),
        )
    locked = await statements.lock(ctx.session, wanted.id or 0)
    if locked is None or locked.state not in DUTIES:
        if wanted is not versions[-1]:
            raise superseded(ctx, wanted.number, versions[-1])
        raise is_over(ctx, incident, locked or wanted)
    return locked


def is_over(ctx: Context, incident: Incident, version: Version) -> ConflictError:
    """Nobody votes on it any more."""
    state = ctx.say(VERSIONS[version.state])
    return ConflictError(
        ctx.say("Voting on v{version} is over: {state}", version=version.number, state=state),
        hint=ctx.say("A new text: edit {number} TEXT", number=incident.id),
    )


def may_vote(ctx: Context, stand: Standing) -> None:
    """Only people of the roster whose roles the path names vote, whoever they are in the incident."""
    roles = {role for seat in stand.seats for role in seat.roles} | set(ctx.library.approvals.others)
    if ctx.by.guest or not ctx.by.roles & roles:
        seats = dict.fromkeys(seat_name(ctx.say, ctx.library, seat.roles) for seat in stand.seats)
        raise NotAllowedError(
            ctx.say("This text is voted on by: {roles}", roles=ctx.say(", ").join(seats)),
            hint=ctx.say("Who you are here: /crisis whoami"),
        )


def refuse_barred(ctx: Context, incident: Incident, version: Version, stand: Standing) -> None:
    """A block bars approval until it is mended, or a lead answers for it."""
    first: Finding | None = next(iter(stand.barring), None)
    if first is None:
        return
    # The refusal waits in the outbox until it is sent, so it must not hold what the check is there to keep out.
    quote = cut(ctx.scrub(first.quote)[0])
    raise ConflictError(
        ctx.say(
            "{check} bars v{version}: {reason} (“{quote}”)",
            check=f"{first.code} {CHECKS[first.code].title(ctx.language)}",
            version=version.number,
            reason=first.reason,
            quote=quote,
        ),
        hint=ctx.say(
            "Mend: {mend}. Or a lead answers for it: override {number} v{version} {check} REASON",
            mend=first.mend,
            number=incident.id,
            version=version.number,
            check=first.code,
        ),
    )


async def cast(ctx: Context, incident: Incident, version: Version, choice: str, reason: str) -> None:
    """Store and log a vote. Raises ConflictError if this person has one that counts."""
    ballot = Vote(
        version_id=version.id or 0,
        person=ctx.by.name,
        choice=choice,
        hash=version.hash,
        reason=reason,
        level=incident.level,
        until=expires(ctx, incident) if choice == "approve" else None,
        at=ctx.now,
    )
    if not await statements.vote(ctx.session, ballot):
        raise ConflictError(
            ctx.say("You have voted on v{version} already.", version=version.number),
            hint=ctx.say("Edit the text if it must change: the votes start anew."),
        )
    await note(ctx, incident, choice, version, reason)


async def expire(ctx: Context, incident: Incident, rows: Sequence[Deadline]) -> None:
    """Approvals whose time is over count no more: noted, shown, and told to who gave them and who wrote the text, once."""
    for row in rows:
        await deadlines.forget(ctx.session, row)
    numbers = {row.ref.partition(" ")[0] for row in rows}
    for version in await statements.of(ctx.session, incident.id or 0):
        if str(version.number) not in numbers:
            continue
        locked = await statements.lock(ctx.session, version.id or 0)
        if locked is None or locked.state not in DUTIES:
            continue
        whose = tuple(await statements.expire(ctx.session, locked.id or 0, ctx.now))
        for name in whose:
            await note(ctx, incident, "vote_expired", locked, to=name)
        # Shown even if none fell: whoever gave one anew meanwhile has another time.
        stand = await show(ctx, incident, locked)
        if whose:
            _tell_expired(ctx, incident, locked, stand, whose)


def _tell_expired(
    ctx: Context, incident: Incident, version: Version, stand: Standing, whose: tuple[str, ...]
) -> None:
    number, asked, authors = version.number, stand.asked, version.authors

    def build(say: Locale) -> Card:
        names = say(", ").join(whose)
        return Card(
            title=say(
                "#{incident} v{version}: approval expired, {names}",
                incident=incident.id,
                version=number,
                names=names,
            ),
            text=say("Asked now: {names}", names=say(", ").join(asked) or say("nobody")),
            tone=Tone.WARN,
            buttons=(approve_button(say, incident, number),),
            notify=tuple(dict.fromkeys((*whose, *authors))),
        )

    ctx.thread(incident, build)


def call_asked(
    ctx: Context, incident: Incident, version: Version, stand: Standing, before: Collection[str]
) -> None:
    """Call those who are asked only now. `before`: who was asked already."""
    fresh = tuple(name for name in stand.dues if name not in {*before, ctx.by.name})
    if not fresh or version.state not in DUTIES:
        return
    number = version.number
    ctx.thread(
        incident,
        lambda say: Card(
            title=say("#{number} v{version} waits for approval", number=incident.id, version=number),
            text=say("Asked now: {names}", names=say(", ").join(fresh)),
            tone=Tone.WARN,
            buttons=(approve_button(say, incident, number),),
            notify=fresh,
        ),
    )


async def go_public(ctx: Context, incident: Incident) -> None:
    """The incident has a text that may go out."""
    incident.stated_at = incident.stated_at or ctx.now
    await spoken(ctx, incident)


async def note(
    ctx: Context, incident: Incident, kind: str, version: Version, text: str = "", **data: Any
) -> None:
    """An entry with the person and the hash of the text."""
    await ctx.log(
        incident,
        kind,
        text,
        version=version.number,
        hash=version.hash[:SHORT_HASH],
        text_hash=version.hash,
        **data,
    )
