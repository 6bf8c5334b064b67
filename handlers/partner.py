"""Partners: a notice for a store, an agency or a supplier, ready to copy, and whether they have read it.

The bot sends nothing to anybody outside: a person copies the notice, and whoever reads it confirms that through its link.
"""

from __future__ import annotations

import re
from datetime import timedelta

from handlers.kit.cards import (
    DRILL_MARK,
    MAX_ACTION_BYTES,
    Button,
    ButtonTone,
    Card,
    Form,
    FormField,
    Section,
    Tone,
    cut,
)
from handlers.kit.context import CardBuilder, Context, FormBuilder, Post, card_key
from handlers.kit.errors import ConflictError, NotFoundError, UsageError, UserError
from handlers.kit.locale import Locale
from handlers.kit.outside import outside
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from handlers.reading.errands import Marked
from handlers.shared.evidence import digest_of
from handlers.shared.findings import summed_up
from handlers.shared.incident_card import over, refresh
from handlers.shared.slots import slots
from handlers.shared.statement_card import SHORT_HASH
from playbooks.checks import Finding, check
from playbooks.templates import SlotError, render
from storage import deadlines, incidents, partners, timeline
from storage.models import LIVING, Incident, PartnerNotice

DUTY = "partner"
"""The kind of deadline that an unconfirmed notice has."""
TEMPLATE = "partner"
PATIENCE = timedelta(minutes=30)
"""How long a partner may take to confirm before somebody is reminded."""
LONGEST_NAME = 40
NAMED = re.compile(r"[「“\"](?P<quoted>[^」”\"]+)[」”\"]\s*|(?P<word>\S+)\s*")
"""A name with blanks in it stands in quotation marks."""
MOST_BUTTONS = 4
GAPS = "L02"
"""The check that finds what is still to be filled in."""
MOST_GAPS = 3
SHORT_NAME = 12
"""Characters of a name in the title of a form, which has 24 on Slack."""
MOST_VALUE = MAX_ACTION_BYTES - len("partner.partner:")
"""Bytes that the form may say of itself: where words open no form, a button does."""


@command(
    "partner",
    area="voice",
    right=Right.WORK,
    help="Make a notice for a partner, with a link that confirms it; without more, who has",
    usage="partner N [NAME [TEXT]] · partner N K done [WHO]",
    example="partner 12 星河MCN 请暂停今晚的带货直播，等我们通知",
    aliases=("合作方",),
)
async def partner(
    ctx: Context, incident: Incident, what: Marked | None = None, words: str = "", text: str = ""
) -> None:
    """A later notice to the same partner takes the place of one that was not confirmed. `text`: from the form."""
    if what is not None:
        await _marked(ctx, incident, what)
        return
    found = NAMED.match(words)
    if found is None:
        rows = await partners.of(ctx.session, incident.id or 0)
        ctx.thread(incident, _list(incident, rows), key=_key(incident))
        return
    if incident.state not in LIVING:
        raise over(ctx, incident)
    name = (found["quoted"] or found["word"]).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise UsageError(
            ctx.say("A partner's name has {most} characters at most.", most=LONGEST_NAME),
            hint=ctx.say("First the name, then the text: partner {number} NAME TEXT", number=incident.id),
        )
    said = text or words[found.end() :]
    if not said:
        said = await _template(ctx, incident)
        if _gaps(ctx, said) and len(_value(incident, name).encode()) <= MOST_VALUE:
            ctx.form = _to_fill_in(incident, name, said)
            return
    if gaps := _gaps(ctx, said):
        raise ConflictError(
            ctx.say("The notice has gaps: {gaps}", gaps=ctx.say("; ").join(gaps[:MOST_GAPS])),
            hint=ctx.say("Fill them in and send it: partner {number} NAME TEXT", number=incident.id),
            field="text" if text else "",
        )
    await _made(ctx, incident, name, said)


def _gaps(ctx: Context, text: str) -> list[str]:
    """What is still to be filled in: with gaps nothing goes out, as no statement does.

    What stands in the place of personal data is none: whoever copies the notice adds that by hand.
    """
    found = (each.quote for each in _found(ctx, text) if each.code == GAPS and each.quote)
    return [each for each in dict.fromkeys(found) if not any(label in each for label in ctx.blanked)]


def _value(incident: Incident, name: str) -> str:
    return f"{incident.id} 「{name}」"


def _to_fill_in(incident: Incident, name: str, text: str) -> FormBuilder:
    return lambda say: Form(
        title=say("Notice to {partner}", partner=cut(name, SHORT_NAME)),
        fields=(FormField(name="text", label=say("Text"), long=True, initial=text),),
        action="partner.partner",
        value=_value(incident, name),
        submit=say("Send"),
    )


async def _template(ctx: Context, incident: Incident) -> str:
    template = ctx.library.templates[TEMPLATE]
    try:
        return render(template, await slots(ctx, incident, template), ctx.team.language)
    except SlotError as error:
        raise UserError(
            ctx.say("The template lacks: {slots}", slots=ctx.say(", ").join(error.missing)),
            hint=ctx.say("First the name, then the text: partner {number} NAME TEXT", number=incident.id),
        ) from error


async def _made(ctx: Context, incident: Incident, name: str, text: str) -> None:
    token = partners.new_token()
    link = outside(ctx, incident, "ack", token)
    row = PartnerNotice(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        number=0,
        partner=name,
        text=text,
        hash=digest_of(text),
        token=partners.digest_of(token) if link else None,
        by=ctx.by.name,
        at=ctx.now,
    )
    for old in await partners.add(ctx.session, row):
        await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(old.number))
    await deadlines.put(
        ctx.session, incident, DUTY, ctx.now + PATIENCE, ref=str(row.number), what=name, to=ctx.by.name
    )
    await ctx.log(
        incident,
        "partner_told",
        "",
        number=row.number,
        partner=name,
        hash=row.hash[:SHORT_HASH],
        text_hash=row.hash,
    )
    _hand_out(ctx, incident, row, link)
    rows = await partners.of(ctx.session, incident.id or 0)
    if len(rows) == 1:
        ctx.thread(incident, _list(incident, rows), key=_key(incident))
    else:
        ctx.edit(_key(incident), _list(incident, rows), incident)
    await refresh(ctx, incident)


def _hand_out(ctx: Context, incident: Incident, row: PartnerNotice, link: str) -> None:
    """The notice as it is to be copied. Its words are not kept with the message: they hold the token."""
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    asked = say("Please confirm here that you have read this: {link}", link=link) if link else ""
    mark = DRILL_MARK if incident.drill_id is not None else ""
    found = _found(ctx, row.text)

    def build(say: Locale) -> Card:
        return Card(
            title=say("Notice {number} to {partner}, ready to copy", number=row.number, partner=row.partner),
            text=summed_up(say, found) if found else "",
            tone=Tone.WARN if found else Tone.PLAIN,
            verbatim="\n\n".join(filter(None, (mark + row.text, asked))),
            buttons=(_tap(row, say("Confirmed receipt")),),
            footer=_about_link(say, has_link=bool(link), is_drill=bool(mark)),
        )

    ctx.out.append(Post(build=build, under=card_key(incident), incident=incident, rank=0, secret=True))


def _found(ctx: Context, text: str) -> list[Finding]:
    today = ctx.now.astimezone(ctx.team.zone).date()
    return list(
        check(
            text,
            audience="partners",
            brands=(ctx.team.brand,),
            internal=ctx.team.internal,
            slogans=ctx.team.slogans,
            today=today,
        )
    )


def _about_link(say: Locale, *, has_link: bool, is_drill: bool) -> str:
    if has_link:
        return say("The link counts once and shows nothing of the incident. Give each partner their own.")
    if is_drill:
        return say("A drill's notice has no link. When they have confirmed, press the button.")
    return say(
        "There is no link, for PUBLIC_URL is not set (environment or .env). When they have confirmed, press the button."
    )


async def _marked(ctx: Context, incident: Incident, what: Marked) -> None:
    """Somebody of the team heard that it was read."""
    rows = {each.number: each for each in await partners.of(ctx.session, incident.id or 0)}
    row = rows.get(what.number)
    if row is None or what.mark != "done":
        raise NotFoundError(
            ctx.say(
                "#{incident} has no notice {number} to a partner.", incident=incident.id, number=what.number
            ),
            hint=ctx.say("All notices: partner {incident}", incident=incident.id),
        )
    name = cut(what.note, LONGEST_NAME)
    if not await partners.confirm(ctx.session, row, ctx.now, name=name, marked_by=ctx.by.name):
        raise ConflictError(
            _state(ctx.say, row)
            if row.confirmed_at
            else ctx.say("A later notice went to {partner}.", partner=row.partner),
            hint=ctx.say("All notices: partner {incident}", incident=incident.id),
        )
    await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(row.number))
    await ctx.log(incident, "partner_marked", name, number=row.number, partner=row.partner)
    await _shown(ctx, incident)
    ctx.confirm(
        lambda say: Card(
            title=say(
                "Noted: {partner} has confirmed notice {number}.", partner=row.partner, number=row.number
            ),
            tone=Tone.GOOD,
        ),
        incident,
    )


@notice("partner.confirmed")
async def confirmed(ctx: Context) -> None:
    """A partner confirmed through the link."""
    told = ctx.settings["notice"]
    incident = await incidents.hold(ctx.session, told["incident_id"])
    row = await partners.get(ctx.session, told["data"]["notice"])
    if incident is None or row is None or row.confirmed_at is None:
        return
    await timeline.append(
        ctx.session,
        row.incident_id,
        "partner_confirmed",
        at=row.confirmed_at,
        by=row.partner,
        text=row.confirmed_by,
        data={"number": row.number},
    )
    await ctx.session.refresh(incident)
    await _shown(ctx, incident)


async def _shown(ctx: Context, incident: Incident) -> None:
    rows = await partners.of(ctx.session, incident.id or 0)
    ctx.edit(_key(incident), _list(incident, rows), incident)
    await refresh(ctx, incident)


def _key(incident: Incident) -> str:
    return f"partner:{incident.id}"


def _list(incident: Incident, rows: list[PartnerNotice]) -> CardBuilder:
    number = incident.id
    valid = [each for each in rows if not each.replaced]
    waiting = [each for each in valid if each.confirmed_at is None]

    def build(say: Locale) -> Card:
        return Card(
            title=say(
                "Partners of #{number}: {n} of {all} have confirmed",
                number=number,
                n=len(valid) - len(waiting),
                all=len(valid),
            ),
            sections=(Section(lines=tuple(_line(say, each) for each in valid)),) if valid else (),
            buttons=tuple(
                _tap(each, say("{partner} confirmed", partner=cut(each.partner, 12)))
                for each in waiting[:MOST_BUTTONS]
            ),
            footer=say("Another notice: partner {number} NAME [TEXT]", number=number),
        )

    return build


def _line(say: Locale, row: PartnerNotice) -> str:
    mark = "✅" if row.confirmed_at else "⏳"
    made = say("notice of {time} by {by}", time=say.clock(row.at), by=row.by)
    return f"{mark} {row.number} {row.partner} · {made} · {_state(say, row)}"


def _state(say: Locale, row: PartnerNotice) -> str:
    if row.confirmed_at is None:
        return say("not confirmed yet")
    time, who = say.clock(row.confirmed_at), row.confirmed_by
    if row.marked_by:
        said = say("confirmed {time}, noted by {by}", time=time, by=row.marked_by)
    else:
        said = say("confirmed {time} through the link", time=time)
    return f"{said} · {who}" if who else said


def _tap(row: PartnerNotice, label: str) -> Button:
    return Button(
        label=label,
        action="partner.partner",
        value=f"{row.incident_id} {row.number} done",
        tone=ButtonTone.PRIMARY,
    )
