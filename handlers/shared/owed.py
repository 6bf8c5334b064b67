"""What an incident owes the public: promises that are open, texts that stand. Nobody follows it any more once the incident is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.reading.channels import channel_name
from handlers.shared.asking import ask
from handlers.shared.places import DUTY
from handlers.shared.standing import DUTIES, standing
from storage import commitments, deadlines, releases, statements
from storage.models import Commitment, Incident, Release

PROMISE = "promise"
"""The kind of deadline that a promise has."""
MOST_NAMED = 3
PROMISE_LENGTH = 24
"""Characters of a promise, so that three of them fit a phone's screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What an incident owes the public.

    Args:
        promises: those that are neither kept nor dropped.
        texts: those that the public can still read.
    """

    promises: Sequence[Commitment]
    texts: Sequence[Release]

    def __bool__(self) -> bool:
        return bool(self.promises or self.texts)

    @property
    def has_live(self) -> bool:
        """Whether a text stands that need not go."""
        return any(each.state == "live" for each in self.texts)

    @property
    def is_for_a_time(self) -> bool:
        """Whether a text stands that may until a time."""
        return any(each.state == "live" and each.until for each in self.texts)

    @property
    def followed(self) -> Owed:
        """What somebody has to see to: a text that was approved and may stand for good needs nobody."""
        return Owed(
            promises=self.promises,
            texts=[each for each in self.texts if each.state == "recalled" or each.until or each.differs],
        )


async def owed_by(ctx: Context, incident: Incident) -> Owed:
    """Read what an incident owes the public."""
    number = incident.id or 0
    return Owed(
        promises=[each for each in await commitments.of(ctx.session, number) if each.state == "open"],
        texts=[each for each in await releases.of(ctx.session, number) if each.state in releases.STANDING],
    )


def settled(ctx: Context, incident: Incident, owed: Owed, way_out: str = "") -> None:
    """Go on only if nothing is owed. `way_out`: what else may be done. Raises ConflictError."""
    if not owed:
        return
    named = [
        *(f"P{each.number} {cut(each.text, PROMISE_LENGTH)}" for each in owed.promises[:MOST_NAMED]),
        *(_text(ctx.say, each) for each in owed.texts[:MOST_NAMED]),
    ]
    hints = [_promise_hint(ctx.say, each) for each in owed.promises[:1]]
    hints += [_down_hint(ctx.say, each) for each in owed.texts[:1]]
    hints += [_verify_hint(ctx.say, each) for each in owed.texts if each.differs and each.state == "live"][:1]
    raise ConflictError(
        ctx.say(
            "#{number} still owes the public: {what}", number=incident.id, what=ctx.say("; ").join(named)
        ),
        hint="\n".join(filter(None, (*hints, way_out))),
    )


def _text(say: Locale, row: Release) -> str:
    values = {"channel": channel_name(row.channel), "version": row.version}
    if row.state == "recalled":
        return say("{channel} v{version} has to go, and still stands", **values)
    if row.differs:
        return say("{channel} v{version} stands, and not as it was approved", **values)
    if row.until:
        return say("{channel} v{version} stands until {time}", time=say.clock(row.until), **values)
    return say("{channel} v{version} stands", **values)


def _promise_hint(say: Locale, row: Commitment) -> str:
    return say(
        "Kept: promise {number} {first} kept PROOF; a lead may drop it: promise {number} {first} drop REASON",
        number=row.incident_id,
        first=row.number,
    )


def _down_hint(say: Locale, row: Release) -> str:
    channel = channel_name(row.channel)
    return say("Once it is taken down: down {number} {channel}", number=row.incident_id, channel=channel)


def _verify_hint(say: Locale, row: Release) -> str:
    channel = channel_name(row.channel)
    return say("Once it is set right: verify {number} {channel}", number=row.incident_id, channel=channel)


async def owe_again(ctx: Context, incident: Incident) -> None:
    """Let what an incident still owes be followed again once it is opened again; what is late by then is told at once."""
    owed = await owed_by(ctx, incident)
    for row in owed.promises:
        ref, what = str(row.number), row.text
        await deadlines.put(ctx.session, incident, PROMISE, row.due_at, ref=ref, what=what, to=row.owner)
    for text in owed.texts:
        if text.until and text.state == "live":
            ref, what = str(text.id), channel_name(text.channel)
            await deadlines.put(ctx.session, incident, DUTY, text.until, ref=ref, what=what)
    for version in await statements.of(ctx.session, incident.id or 0):
        if version.state in DUTIES:
            await ask(ctx, incident, version, await standing(ctx, incident, version))
