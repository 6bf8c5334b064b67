"""Briefs: half a page for those who lead, made of stored facts, and who has read it.

The headings are those of a 快报: event, present state, judgement, what is done, what is proposed, next update. A brief is written
once, in each language, and never again: whoever reads it late reads what the others read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context
from handlers.kit.locale import LANGUAGES, Locale
from handlers.kit.team import Team
from handlers.shared.checklist import title_of
from handlers.shared.coverage import blind_spots
from handlers.shared.duties import AUTOMATIC, clock, soonest
from handlers.shared.entries import who
from handlers.shared.incident_card import View, figures, headline, status, view, why
from playbooks.levels import Level
from playbooks.library import Library
from storage import briefs, deadlines, statements, tasks, timeline
from storage.models import Brief, Entry, Incident, Reading, Step, Version

MOST = 3
"""Lines of what is done and of what is next."""
MAIL = "mail"
"""The purpose of rooms that are mailboxes."""

Page = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a brief is made of."""

    seen: View
    library: Library
    opened: Entry | None
    approved: Sequence[Version]
    settled: Sequence[Step]
    left: Sequence[Step]


async def send_brief(ctx: Context, incident: Incident) -> Brief:
    """Write a brief and post it to those who lead; the next one is due when the level says so."""
    facts = await _facts(ctx, incident)
    pages = {
        language: page(Locale(language=language, zone=ctx.team.zone, now=ctx.now), facts)
        for language in LANGUAGES
    }
    brief = await briefs.add(ctx.session, incident, pages, ctx.now)
    await ctx.log(incident, "brief", "", number=brief.number)
    await _next(ctx, incident)
    card = brief_card(brief, (), ctx.team)
    if ctx.team.rooms_for("leads"):
        ctx.announce("leads", card, incident=incident, key=brief_key(brief))
    else:
        ctx.thread(incident, card, key=brief_key(brief))
    if incident.drill_id is None and not incident.private:
        ctx.announce(MAIL, card, incident=incident)
    return brief


async def _next(ctx: Context, incident: Incident) -> None:
    every = ctx.library.levels[Level(incident.level)].brief_every
    await deadlines.drop(ctx.session, incident.id or 0, "brief")
    if every is not None:
        await deadlines.put(ctx.session, incident, "brief", ctx.now + every)


async def _facts(ctx: Context, incident: Incident) -> Facts:
    number = incident.id or 0
    rows = [
        *(await tasks.steps(ctx.session, number, incident.playbook)).values(),
        *(await tasks.tasks(ctx.session, number)).values(),
    ]
    entries = await timeline.of(ctx.session, number)
    return Facts(
        seen=await view(ctx, incident),
        library=ctx.library,
        opened=next((entry for entry in entries if entry.kind == "opened"), None),
        approved=[each for each in await statements.of(ctx.session, number) if each.state == "approved"],
        settled=sorted((row for row in rows if row.at), key=lambda row: (row.at, row.number)),
        left=[row for row in rows if row.started_at and not row.outcome],
    )


def page(say: Locale, facts: Facts) -> Page:
    """A brief's words in one language."""
    incident = facts.seen.incident
    sections = {
        say("Event"): _event(say, facts),
        say("Now"): (
            status(say, incident),
            figures(say, facts.seen),
            blind_spots(say, facts.seen.coverage),
        ),
        say("Judgement"): _judgement(say, facts),
        say("Done so far"): _done(say, facts),
        say("Proposed"): _proposed(say, facts),
        say("Next update"): _updates(say, facts),
    }
    return {
        "title": headline(say, incident),
        "at": say.seconds(say.now),
        "sections": [[title, [line for line in lines if line]] for title, lines in sections.items()],
    }


def _event(say: Locale, facts: Facts) -> tuple[str, ...]:
    incident, kind = facts.seen.incident, facts.seen.playbook or facts.seen.proposed
    by = who(say, facts.opened) if facts.opened else ""
    return (
        say("Opened {time} by {by}", time=say.clock(incident.opened_at), by=by),
        kind.name(say.language) if kind else "",
    )


def _judgement(say: Locale, facts: Facts) -> tuple[str, ...]:
    incident = facts.seen.incident
    rules = facts.library.levels[Level(incident.level)]
    return say.either(rules.meaning, rules.meaning_en), why(say, incident, facts.library)


def _done(say: Locale, facts: Facts) -> tuple[str, ...]:
    plan = facts.seen.progress
    counted: tuple[str, ...] = ()
    if plan is not None:
        done, needed = plan.counts
        counted = (say("Steps done: {done} of {all}", done=done, all=needed),)
    ticked = [row for row in facts.settled if row.outcome == "done"][-MOST:]
    steps = (f"· {_at(say, row.at)} {title_of(say, facts.library, row)} {row.by}" for row in ticked)
    said = tuple(
        say("Statement v{version} approved {time}", version=each.number, time=_at(say, each.settled_at))
        for each in facts.approved[-MOST:]
    )
    return *counted, *steps, *(said or (say("No statement is approved yet."),))


def _at(say: Locale, moment: datetime | None) -> str:
    return say.clock(moment) if moment else ""


def _proposed(say: Locale, facts: Facts) -> tuple[str, ...]:
    seen, incident = facts.seen, facts.seen.incident
    owed = [each for each in seen.deadlines if each.kind not in AUTOMATIC]
    late = [each for each in owed if each.is_late and each.due_at <= say.now]
    lines = [f"! {clock(say, each)}" for each in soonest(late)[:MOST]]
    if rest := len(late) - len(lines):
        lines.append(say("and {n} more", n=rest))
    coming = [row for row in facts.left if row.due_at is None or row.due_at > say.now]
    lines += [_next_work(say, facts, row) for row in sorted(coming, key=_order)[:MOST]]
    if not incident.playbook and seen.proposed:
        title = seen.proposed.name(say.language)
        lines.append(say("Attach the playbook {title}: playbook {number}", title=title, number=incident.id))
    return tuple(lines) or (say("Nothing is due."),)


def _order(row: Step) -> tuple[bool, datetime | None, int]:
    return row.due_at is None, row.due_at or row.started_at, row.number


def _next_work(say: Locale, facts: Facts, row: Step) -> str:
    by = say("by {time}", time=say.clock(row.due_at)) if row.due_at else ""
    return "· " + " · ".join(filter(None, (title_of(say, facts.library, row), row.person, by)))


def _updates(say: Locale, facts: Facts) -> tuple[str, ...]:
    """When the public and the leads hear more."""
    ahead = [each for each in facts.seen.deadlines if each.kind in {"holding", "update", *AUTOMATIC}]
    every = facts.library.levels[Level(facts.seen.incident.level)].brief_every
    lines = [clock(say, each) for each in ahead if each.kind not in AUTOMATIC]
    if every is not None:
        lines.append(say("next brief at {time}", time=say.clock(say.now + every)))
    return tuple(lines) or (say("Nothing is due."),)


def brief_key(brief: Brief) -> str:
    """The key of a brief's card."""
    return f"brief:{brief.incident_id}:{brief.number}"


def expected(team: Team) -> tuple[str, ...]:
    """Who is to read briefs: those who lead, and the CEO."""
    leads = set(team.leads)
    return tuple(each.name for each in team.people if each.name in leads or "ceo" in each.roles)


def brief_card(brief: Brief, readings: Sequence[Reading], team: Team) -> CardBuilder:
    """The builder of a brief's card, with who has read it so far."""

    def build(say: Locale) -> Card:
        words = brief.pages[say.language]
        value = f"{brief.incident_id} {brief.number}"
        read = {each.person: say.clock(each.at) for each in readings}
        waiting = [name for name in expected(team) if name not in read]
        receipts = (
            say("Read: {names}", names=say(", ").join(f"{name} {at}" for name, at in read.items()))
            if read
            else "",
            say("Not yet: {names}", names=say(", ").join(waiting)) if waiting else "",
        )
        sections = [Section(title=title, lines=tuple(lines)) for title, lines in words["sections"] if lines]
        return Card(
            title=say("Brief {number} · {title}", number=brief.number, title=words["title"]),
            tone=Tone(brief.level),
            sections=(*sections, Section(lines=tuple(filter(None, receipts)))),
            buttons=(
                Button(label=say("Read"), action="brief.read", value=value, tone=ButtonTone.PRIMARY),
                Button(label=say("Details"), action="look.show", value=str(brief.incident_id)),
            ),
            notify=expected(team),
            footer=say("As of {time}. From stored facts only.", time=cut(words["at"])),
        )

    return build
