"""Putting a text forward: it becomes the next version, what it changes is shown, and it waits for approval in the thread."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, UserError
from handlers.kit.locale import Locale
from handlers.reading.channels import whole
from handlers.shared.difference import difference
from handlers.shared.entries import VERSIONS
from handlers.shared.house_card import show_house
from handlers.shared.incident_card import headline, over
from handlers.shared.standing import is_outgrown
from handlers.shared.statement_card import SHORT_HASH
from handlers.shared.versions import show, version_card, version_key
from storage import deadlines, statements
from storage.models import LIVING, Incident, Version

LONGEST = 20_000
"""Characters of one statement; a WeChat article body takes fewer than 20,000."""
MARK = re.compile(r"[\[【]\s?[Ff]\d{1,6}\s?[\]】]")
"""A fact's number in brackets. It would go out with the text; what a text rests on is told from its words."""
MOST_CHANGES = 8
"""Changes that are shown; the versions hold all."""


def unchanged(ctx: Context, newest: Version) -> ConflictError:
    """The text is the same as before."""
    return ConflictError(
        ctx.say("The text is the same as v{version}.", version=newest.number),
        hint=ctx.say("Votes are bound to the text, so send it when it has changed."),
    )


async def put_forward(
    ctx: Context,
    incident: Incident,
    text: str,
    template: str,
    *,
    made: str = "",
    variants: Mapping[str, str] | None = None,
) -> None:
    """Store a text as the next version and put it to the vote. `made`: the hash of what the template made."""
    older = await statements.of(ctx.session, incident.id or 0)
    own = dict(variants if variants is not None else (older[-1].variants or {}) if older and not made else {})
    for each in (text, *own.values()):
        refuse(ctx, incident, each)
    if older and older[-1].state == "pending" and (older[-1].text, older[-1].variants or {}) == (text, own):
        raise ConflictError(
            ctx.say("The text is the same as v{version}.", version=older[-1].number),
            hint=ctx.say("v{version} waits for approval in the thread.", version=older[-1].number),
        )
    version = await statements.add(
        ctx.session,
        Version(
            incident_id=incident.id or 0,
            drill_id=incident.drill_id,
            number=0,
            template=template,
            text=text,
            variants=own or None,
            hash=statements.hash_of(text, own),
            authors=list(dict.fromkeys([*_writers(incident, older), ctx.by.name])),
            level=incident.level,
            made=made,
            created_at=ctx.now,
        ),
    )
    await ctx.session.refresh(incident)
    await ctx.log(
        incident,
        "drafted",
        "",
        version=version.number,
        hash=version.hash[:SHORT_HASH],
        text_hash=version.hash,
    )
    for old in older[-1:]:
        await _replaced(ctx, incident, old, version)
    await _put_to_vote(ctx, incident, version)
    await show_house(ctx, incident)


def _writers(incident: Incident, older: Sequence[Version]) -> Sequence[str]:
    """Whose words the next text may hold that nobody has approved, or only people of a lower level's path."""
    approved = next((each for each in reversed(older) if each.state == "approved"), None)
    outgrown = approved.authors if approved and is_outgrown(incident, approved) else []
    return [*outgrown, *statements.writers(older)[1]]


def refuse(ctx: Context, incident: Incident, text: str) -> None:
    """Go on only with a text that can go out, of an incident that is not over. Raises UserError."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if len(text) > LONGEST:
        raise UserError(
            ctx.say("The text has {n} characters; at most {most} are possible.", n=len(text), most=LONGEST),
            hint=ctx.say("Shorten it; details can go out later."),
            field="text",
        )
    if mark := MARK.search(text):
        raise UserError(
            ctx.say("“{mark}” would go out with the text.", mark=mark[0]),
            hint=ctx.say("Leave the mark out: what a text rests on is told from its words."),
            field="text",
        )


async def _replaced(ctx: Context, incident: Incident, old: Version, new: Version) -> None:
    """Take the buttons off the text before, and show what changed since."""
    await ctx.session.refresh(old)
    if old.state == "superseded":
        await deadlines.drop(ctx.session, incident.id or 0, "approval", ref=str(old.number))
        await show(ctx, incident, old)
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    lines = difference(whole(say, old), whole(say, new))
    if not lines:
        return

    def build(say: Locale) -> Card:
        more = len(lines) - MOST_CHANGES
        shown = (*lines[:MOST_CHANGES], *((say("and {n} more", n=more),) if more > 0 else ()))
        return Card(
            title=say("What v{new} changes in v{old}", new=new.number, old=old.number),
            sections=(Section(lines=shown),),
        )

    ctx.thread(incident, build)


async def _put_to_vote(ctx: Context, incident: Incident, version: Version) -> None:
    build, stand = await version_card(ctx, incident, version)
    ctx.thread(incident, build, key=version_key(version))
    number, by = version.number, ctx.by.name
    ctx.announce(
        "leads",
        lambda say: Card(
            title=say("Statement #{incident} v{version}", incident=incident.id, version=number)
            + f" · {say(VERSIONS['pending'])}",
            text=say(
                "{incident}\n{by} wrote it. Text and buttons are in the incident's thread.",
                incident=headline(say, incident),
                by=by,
            ),
            tone=Tone(incident.level),
            notify=() if stand.barring else stand.asked,
        ),
        incident=incident,
    )
