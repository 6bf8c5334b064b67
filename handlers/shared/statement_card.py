"""The card of a statement: its text whole, what the checks say, what it rests on, who approved, who is still asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.locale import Locale, Texts
from handlers.reading.channels import used, whole
from handlers.shared.crew import role_title
from handlers.shared.entries import PARTS, VERSIONS
from handlers.shared.findings import summed_up
from handlers.shared.standing import Standing, Taken, open_gap
from playbooks.approvals import Seat
from playbooks.checks import CHECKS, carried
from playbooks.levels import Level
from playbooks.library import Library
from storage.models import Fact, Incident, Version, Vote
from storage.statements import text_for

FEATURE = "statement"
"""First half of the wire ids of votes, as on every card that is already out."""
SHORT_HASH = 12
MARKS = {"approve": "✅", "changes": "✏️", "veto": "⛔", "recuse": "↪️"}
MAX_REASON = 120
"""Characters of a reason beside a vote; the message about its result holds it whole."""
MOST_BARRING = 3
"""Findings that are told in full; the line above them counts all."""
LEADING: Texts = {"lead": "lead"}
"""Roster roles that playbooks give no work to."""
STATES: Texts = {"confirmed": "confirmed", "unconfirmed": "unconfirmed", "false": "false"}
"""How a fact stands."""
VOID: Texts = {
    "expired": "{name}'s approval has expired",
    "level": "{name}'s approval fell: the level changed",
    "roster": "{name}'s approval fell: no longer on the roster",
    "text": "{name}'s approval fell: the text is another",
    "author": "{name}'s approval fell: part of the text is theirs",
    "released": "{name}'s approval fell: the text was released alone, and is reviewed afterwards",
}
"""Why an approval does not count; anything else is the fact or the line of the message house that changed."""


def statement_card(
    say: Locale, library: Library, incident: Incident, version: Version, stand: Standing
) -> Card:
    """Lay one version out."""
    template = library.templates.get(version.template)
    number = say("Statement #{incident} v{version}", incident=incident.id, version=version.number)
    name = " ".join(filter(None, (number, template.name(say.language) if template else "")))
    lines = tuple(filter(None, _lines(say, library, incident, version, stand)))
    return Card(
        title=f"{name} · {_status(say, library, version, stand)}",
        name=name,
        tone=_tone(incident, version),
        verbatim=whole(say, version),
        sections=(Section(lines=lines),) if lines else (),
        buttons=_choices(say, library, incident, version, stand),
        footer=say(
            "{n} characters · text {hash} · written by {authors}",
            n=len(version.text),
            hash=version.hash[:SHORT_HASH],
            authors=say(", ").join(version.authors),
        ),
    )


def _tone(incident: Incident, version: Version) -> Tone:
    if version.state == "pending":
        return Tone(incident.level)
    return {"approved": Tone.GOOD, "released": Tone.WARN}.get(version.state, Tone.PLAIN)


def _status(say: Locale, library: Library, version: Version, stand: Standing) -> str:
    """How the version stands; who is missing, while it is voted on."""
    if stand.is_outgrown:
        return say("approved at {level} only", level=Level(version.level).label(say.language))
    if version.state != "pending":
        return say(VERSIONS[version.state])
    tally = f"{say(VERSIONS['pending'])} {stand.given}/{len(stand.seats)}"
    missing = dict.fromkeys(seat_name(say, library, seat.roles) for seat in stand.waiting)
    return f"{tally}{say(': ')}{say(', ').join(missing)}" if missing else tally


def _lines(
    say: Locale, library: Library, incident: Incident, version: Version, stand: Standing
) -> Iterator[str]:
    is_open = version.state in {"pending", "released"}
    if stand.is_outgrown:
        yield "⚠️ " + say(
            "The level is {level} now: where it stands it may stay, and nobody publishes it anywhere else. Missing: {seats}",
            level=Level(incident.level).label(say.language),
            seats=still_missing(say, library, stand),
        )
    if version.released_by and version.settled_at:
        yield "🚨 " + say(
            "Released by {name} alone: a pre-approved text, unchanged. Somebody else has to review it.",
            name=version.released_by,
        )
    if is_open:
        yield " · ".join(used(say, text_for(version, each), each) for each in stand.channels)
        yield summed_up(say, stand.found)
        yield from _barring(say, stand)
        yield _saying(say, version, stand)
    for each in stand.overrides:
        yield "🔓 " + say(
            "{check} let pass by {name} {time}: {reason}",
            check=each.code,
            name=each.by,
            time=say.clock(each.at),
            reason=cut(each.reason, MAX_REASON),
        )
    yield resting(say, stand.rests_on)
    yield from (_vote_line(say, library, vote, stand, is_open=is_open) for vote in stand.votes)
    if is_open:
        yield from (_missing(say, library, incident, seat, stand) for seat in stand.waiting)
        yield from _lacking(say, library, stand)


def _barring(say: Locale, stand: Standing) -> Iterator[str]:
    for each in stand.barring[:MOST_BARRING]:
        mend = say("Mend: {mend}", mend=each.mend)
        yield f"⛔ {each.code} {CHECKS[each.code].title(say.language)}{say(': ')}{each.reason}{say('; ')}{mend}"


def _saying(say: Locale, version: Version, stand: Standing) -> str:
    """Which lines of the message house it says; empty if there is none."""
    said = carried(version.text, [each.text for each in stand.house])
    parts = [f"{say(PARTS[str(each.place)])} {'✓' if each.text in said else '✗'}" for each in stand.house]
    return f"🏠 {' · '.join(parts)}" if parts else ""


def resting(say: Locale, facts: tuple[Fact, ...]) -> str:
    """The facts that a text cites, and whether they are certain."""
    names = " ".join(
        f"F{each.number}"
        if each.state == "confirmed"
        else say("{fact} ({state})", fact=f"F{each.number}", state=say(STATES[each.state]))
        for each in facts
    )
    if all(each.state == "confirmed" for each in facts):
        return say("Rests on facts {names}, all confirmed", names=names) if facts else ""
    return "⚠️ " + say("Rests on facts {names}", names=names)


def _vote_line(say: Locale, library: Library, vote: Vote, stand: Standing, *, is_open: bool) -> str:
    why = stand.void.get(vote.person, "")
    if why:
        name = f"{vote.person} {say.clock(vote.at)}"
        told = (
            say(VOID[why], name=name)
            if why in VOID
            else say("{name}'s approval fell: {fact} changed", name=name, fact=_ground(say, why))
        )
        return f"⌛ {told}"
    seat = next((seat for seat in stand.seats if seat.vote is vote), None)
    role = _filled(say, library, seat) if seat else ""
    parts = [MARKS[vote.choice], vote.person, role, say.clock(vote.at)]
    line = " ".join(filter(None, parts))
    if vote.choice == "approve" and is_open and vote.until:
        line += say(" (counts until {time})", time=say.clock(vote.until))
    if vote.choice == "recuse":
        line += say(" recuses")
    return f"{line} · {cut(vote.reason, MAX_REASON)}" if vote.reason else line


def _ground(say: Locale, why: str) -> str:
    """What an approval rested on: a fact, `F3`, or a line of the message house, `P2`."""
    return say(PARTS[why[1:]]) if why.startswith("P") else why


def _filled(say: Locale, library: Library, seat: Taken) -> str:
    """In which role somebody takes a seat, or for whom."""
    roles = seat_name(say, library, (seat.served,) if seat.vote and seat.served else seat.roles)
    return say("for {roles}", roles=roles) if seat.stands_in else roles


def _missing(say: Locale, library: Library, incident: Incident, seat: Taken, stand: Standing) -> str:
    """Who is asked for a seat, since when and until when."""
    if not seat.asked:
        return ""
    elsewhere = {each.vote.person if each.vote else each.asked for each in stand.seats if each is not seat}
    names = [seat.asked, *(name for name in seat.able if name != seat.asked and name not in elsewhere)]
    line = f"⏳ {_filled(say, library, seat)}{say(': ')}{say(' or ').join(names)}"
    due = stand.dues.get(seat.asked)
    if due is None:
        return line
    time = say.clock(due.due_at)
    if due.due_at <= say.now:
        return line + say(", overdue since {time}", time=time)
    if due.kind == "review_holding":
        return line + say(", review by {time}", time=time)
    asked = min(say.now, due.due_at - _patience(library, incident))
    return line + say(", asked {asked}, due {time}", asked=say.clock(asked), time=time)


def _patience(library: Library, incident: Incident) -> timedelta:
    return library.approvals.clocks[Level(incident.level)].answer


def _lacking(say: Locale, library: Library, stand: Standing) -> Iterator[str]:
    """What the roster lacks, and who could be added."""
    if stand.absent:
        roles = say(", ").join(seat_name(say, library, (role,)) for role in stand.absent)
        yield say("Nobody on the roster is {roles}, so that step falls away.", roles=roles)
    if stand.short:
        missing = [seat for seat in stand.seats if seat.vote is None and not seat.asked]
        roles = say("; ").join(dict.fromkeys(seat_name(say, library, seat.roles) for seat in missing))
        yield "⚠️ " + say(
            "{n} more needed and nobody is left to give it. Who could be added to `people`: {roles}",
            n=stand.short,
            roles=roles,
        )


def seat_name(say: Locale, library: Library, roles: Seat) -> str:
    """Whose a seat is: `PR or lead`."""
    return say(" or ").join(
        say(LEADING[role]) if role in LEADING else role_title(say, library, role) for role in roles
    )


def _choices(
    say: Locale, library: Library, incident: Incident, version: Version, stand: Standing
) -> tuple[Button, ...]:
    if version.state not in {"pending", "released"}:
        return ()
    value = f"{incident.id} v{version.number}"

    def button(label: str, verb: str, tone: ButtonTone = ButtonTone.PLAIN, more: str = "") -> Button:
        return Button(label=label, action=f"statement.{verb}", value=f"{value} {more}".strip(), tone=tone)

    template = library.templates.get(version.template)
    is_ready = template is not None and template.pre_approved and version.made == version.hash
    barring = stand.barring[:1]
    return (
        *(() if barring else (button(say("Approve"), "approve", ButtonTone.PRIMARY),)),
        button(say("Ask for changes…"), "changes"),
        button(say("Veto…"), "veto", ButtonTone.DANGER),
        button(say("I recuse"), "recuse"),
        button(say("Edit…"), "edit"),
        *(
            button(say("Let {check} pass…", check=each.code), "override", more=each.code)
            for each in barring
            if not open_gap(version, each.code)
        ),
        *(
            (button(say("Emergency: release alone…"), "emergency", ButtonTone.DANGER),)
            if is_ready and version.state == "pending" and not barring
            else ()
        ),
    )


def approve_button(say: Locale, incident: Incident, number: int) -> Button:
    """The tap that approves a version."""
    return Button(
        label=say("Approve"),
        action=f"{FEATURE}.approve",
        value=f"{incident.id} v{number}",
        tone=ButtonTone.PRIMARY,
    )


def still_missing(say: Locale, library: Library, stand: Standing) -> str:
    """Which approvals a version lacks, and whose they may be: `Legal (吴桐), CEO (高远)`."""
    free = [seat for seat in stand.seats if seat.vote is None]
    return say(", ").join(
        say("{role} ({names})", role=_filled(say, library, seat), names=seat.asked or say("nobody"))
        for seat in free
    )


def settled_card(say: Locale, incident: Incident, version: Version, reason: str, by: str) -> Card:
    """The result of a vote; whoever wrote the text is called."""
    is_good = version.state == "approved"
    value = f"{incident.id} v{version.number}"
    edit = Button(label=say("Edit…"), action="statement.edit", value=value, tone=ButtonTone.PRIMARY)
    is_public = bool(version.released_by) and not is_good
    return Card(
        title=say(
            "Statement #{incident} v{version}: {state}",
            incident=incident.id,
            version=version.number,
            state=say(VERSIONS[version.state]),
        ),
        text="\n".join(
            filter(
                None,
                (
                    say("It may go out now, word for word. A person publishes it.") if is_good else reason,
                    say("It was released and may be public: correct it openly.") if is_public else "",
                ),
            )
        ),
        tone=Tone.GOOD if is_good else Tone.WARN,
        buttons=_next(say, incident) if is_good else (edit,),
        notify=tuple(name for name in version.authors if name != by),
    )


def _next(say: Locale, incident: Incident) -> tuple[Button, ...]:
    """An approved text is copied and published by a person; what a drill wrote never is."""
    if incident.drill_id is not None:
        return ()
    return (
        Button(
            label=say("Copy to publish"),
            action="release.copy",
            value=str(incident.id),
            tone=ButtonTone.PRIMARY,
        ),
    )
