"""The message house as a card: the roof, the pillars with what proves them, and the texts that say them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context
from handlers.kit.locale import Locale, Texts
from handlers.shared.entries import PARTS, VERSIONS
from handlers.shared.fact_card import SIGNS, mending, touched
from handlers.shared.findings import common, summed_up
from handlers.shared.house import House, house_key, house_of
from handlers.shared.places import stands_at
from handlers.shared.statement_card import STATES
from playbooks.checks import Finding, carried, check
from playbooks.house import STARTS, Start
from playbooks.stance import Strategy
from storage import statements
from storage.house import PILLARS, ROOF
from storage.models import HouseLine, Incident, Release, Version

PLACES = (ROOF, *PILLARS)
BREATH = 60
"""Characters of the three key messages together: what can be said in one breath (Covello's 27 words)."""
SAYING = ("pending", "released", "approved")
"""States of versions whose words matter."""
BUTTONS: Texts = {"0": "Core message…", "1": "Key message 1…", "2": "Key message 2…", "3": "Key message 3…"}


async def house_view(ctx: Context, incident: Incident) -> CardBuilder:
    """Lay the house out as things stand now."""
    found, texts, start = (
        await house_of(ctx, incident),
        await texts_of(ctx, incident),
        start_of(ctx, incident),
    )
    known = common(ctx, incident, found.table)
    faults = {each.place: check(each.text, **known) for each in found.sayable}
    return lambda say: house_card(say, incident, found, texts, faults, start)


async def show_house(ctx: Context, incident: Incident) -> None:
    """Bring every copy of the card up to date, if the incident has a house."""
    if (await house_of(ctx, incident)).lines:
        ctx.edit(house_key(incident), await house_view(ctx, incident), incident)


async def texts_of(ctx: Context, incident: Incident) -> list[Version]:
    """The versions that wait or may be public, those that may be public first."""
    found = [each for each in await statements.of(ctx.session, incident.id or 0) if each.state in SAYING]
    return sorted(found, key=lambda each: (each.state == "pending", -each.number))


def start_of(ctx: Context, incident: Incident) -> Start:
    """The words to start from, by the stance of the playbook."""
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    return STARTS[playbook.statement.strategy if playbook else Strategy.INFORM]


def house_card(
    say: Locale,
    incident: Incident,
    house: House,
    versions: Sequence[Version],
    found: Mapping[int, Sequence[Finding]],
    start: Start,
) -> Card:
    """Lay it out with the texts that wait or may be public, what the checks find by place, and words to start from."""
    agreed = house.agreed
    roof = say("core message agreed") if ROOF in agreed else say("no core message yet")
    pillars = sum(place in agreed for place in PILLARS)
    return Card(
        title=say(
            "#{number} message house: {roof}, {n} of 3 key messages", number=incident.id, roof=roof, n=pillars
        ),
        sections=tuple(
            Section(lines=tuple(_place(say, house, place, versions, found.get(place, ()), start)))
            for place in PLACES
        ),
        buttons=(
            *(
                _agreeing(say, incident, each)
                for each in sorted(house.proposed.values(), key=lambda each: each.place)
            ),
            *(
                Button(
                    label=say(BUTTONS[str(place)]),
                    action="house.house",
                    value=f"{incident.id} {_word(place)}",
                )
                for place in PLACES
            ),
        ),
        footer=_footer(say, house),
    )


def _word(place: int) -> str:
    return str(place) if place else "roof"


def _agreeing(say: Locale, incident: Incident, line: HouseLine) -> Button:
    return Button(
        label=say("Agree: {part}", part=say(PARTS[str(line.place)])),
        action="house.house",
        value=f"{incident.id} {_word(line.place)} agree",
        tone=ButtonTone.PRIMARY,
    )


def _place(
    say: Locale, house: House, place: int, versions: Sequence[Version], found: Sequence[Finding], start: Start
) -> Iterator[str]:
    """A line of the house, and under it what proves it, where it is said, and what is proposed in its place."""
    line, other = house.agreed.get(place), house.proposed.get(place)
    sign = "🏠" if place == ROOF else f"{place}."
    if line is not None:
        yield f"{sign} {line.text}"
        yield from _under(say, house, line, versions)
        if found:
            yield f"　{summed_up(say, found)}"
    elif other is None:
        yield say("{sign} nothing yet; for example: {text}", sign=sign, text=start.said(place, say.language))
    if other is not None:
        shown = say("{name} proposes: {text}", name=other.by, text=other.text)
        yield f"　⏳ {shown}" if line else f"{sign} ⏳ {shown}"


def _under(say: Locale, house: House, line: HouseLine, versions: Sequence[Version]) -> Iterator[str]:
    yield from _proof(say, house, line)
    saying = [each for each in versions if carried(each.text, [line.text])]
    if saying:
        names = [
            say("v{version} ({state})", version=each.number, state=say(VERSIONS[each.state]))
            for each in saying
        ]
        yield "　" + say("said in {names}", names=say(", ").join(names))


def _proof(say: Locale, house: House, line: HouseLine) -> Iterator[str]:
    for fact in house.proof(line):
        state = (
            ""
            if fact.state == "confirmed"
            else say(" ({state}: left out of drafts)", state=say(STATES[fact.state]))
        )
        yield f"　{SIGNS[fact.state]} F{fact.number} {cut(fact.claim)}{state}"


def _footer(say: Locale, house: House) -> str:
    length = sum(len(house.agreed[place].text) for place in PILLARS if place in house.agreed)
    if length > BREATH:
        return say("The key messages have {n} characters; people keep {most} in mind.", n=length, most=BREATH)
    return say("Drafts are made of it, and texts are held against it.")


def proposed_card(
    say: Locale, incident: Incident, house: House, line: HouseLine, whose: tuple[str, ...]
) -> Card:
    """Somebody proposes a line; whoever commands agrees or not."""
    return Card(
        title=say("{name} proposes: {part}", name=line.by, part=say(PARTS[str(line.place)])),
        text=line.text,
        sections=(Section(lines=tuple(_proof(say, house, line))),) if house.proof(line) else (),
        buttons=(_agreeing(say, incident, line),),
        footer=say("The incident's commander or a lead agrees; until then no text is made of it."),
        notify=whose,
    )


def changed_card(
    say: Locale,
    incident: Incident,
    line: tuple[int, str],
    versions: Sequence[Version],
    places: Sequence[Release],
    whose: tuple[str, ...],
) -> Card:
    """A line (its place and words) is another, and the texts that say the old one, with where the public reads them."""
    place, new = line
    part = say(PARTS[str(place)])
    public = [each for each in versions if each.state in {"approved", "released"}]
    if versions:
        title = say("Changed: {part}; statements say the old one", part=part)
    else:
        title = say("Agreed: {part}", part=part) if new else say("Dropped: {part}", part=part)
    stands = stands_at(say, places) if public else ()
    return Card(
        title=title,
        text=new,
        sections=(*stands, Section(lines=touched(say, versions))) if versions else (),
        tone=Tone.RED if public else Tone.WARN if versions else Tone.GOOD,
        buttons=mending(say, incident.id or 0, public),
        notify=whose,
    )
