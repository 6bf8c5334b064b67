"""Drills: a scenario's injects, played through the same monitor into the drills rooms and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import Context, Post
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.incident_card import headline, refresh, status
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from playbooks.scenarios import Inject, Scenario
from storage import deadlines, drills, incidents
from storage.models import LIVING, Drill, Incident, State


@command(
    "drill",
    area="drill",
    right=Right.FACILITATE,
    help="Run a drill in the drills rooms",
    usage="drill list · start SCENARIO · next · end",
    example="drill start moldy_cake",
    aliases=("演练",),
)
async def drill(ctx: Context, what: str = "list") -> None:
    """One word says what to do; `start` takes the scenario's name."""
    verb, _, rest = what.strip().partition(" ")
    run = VERBS.get(verb.lower())
    if run is None:
        raise UsageError(ctx.say("“{word}” does not fit here.", word=verb), hint="drill list · start SCENARIO · next · end")
    await run(ctx, rest.strip())


async def list_(ctx: Context, _rest: str) -> None:
    """The scenarios there are, and what is on."""
    running = await drills.running(ctx.session)
    scenarios = ctx.library.scenarios.values()
    ctx.whisper(
        lambda say: Card(
            title=say("Drill scenarios"),
            text=say("On now: {scenario}", scenario=running.scenario) if running else "",
            sections=(Section(lines=tuple(f"{each.id} · {each.name(say.language)} · {each.summary}" for each in scenarios)),),
            buttons=tuple(
                Button(label=each.name(say.language), action="drill.drill", value=f"start {each.id}") for each in scenarios
            )
            if running is None
            else (),
        )
    )


async def start(ctx: Context, name: str) -> None:
    """Brief the drills rooms and play what is due at the start."""
    scenario = _scenario(ctx, name)
    if not ctx.team.rooms_for("drills"):
        raise ConflictError(ctx.say("There is no drills room."), hint=ctx.say("Add a room for drills to fenghuo.yaml."))
    if running := await drills.running(ctx.session):
        raise ConflictError(ctx.say("A drill is on already: {scenario}.", scenario=running.scenario), hint="drill end")
    run = await drills.start(ctx.session, Drill(scenario=scenario.id, by=ctx.by.name, started_at=ctx.now))
    _tell(ctx, run, lambda say: _briefing(say, scenario, ctx.by.name))
    if scenario.injects[0].at == timedelta():
        await _play(ctx, run, scenario)
    ctx.whisper(lambda say: Card(title=say("The drill has begun: {scenario}.", scenario=scenario.name(say.language)), tone=Tone.GOOD))


def _scenario(ctx: Context, name: str) -> Scenario:
    for scenario in ctx.library.scenarios.values():
        if name.casefold() in {scenario.id.casefold(), scenario.title.casefold(), scenario.title_en.casefold()} and name:
            return scenario
    raise NotFoundError(
        ctx.say("There is no scenario “{name}”.", name=name),
        hint=ctx.say("There are: {titles}", titles=" · ".join(ctx.library.scenarios)),
    )


async def next_(ctx: Context, _rest: str) -> None:
    """Play the next inject."""
    run, scenario = await _on(ctx)
    if run.played >= len(scenario.injects):
        raise ConflictError(ctx.say("All {n} injects are out.", n=run.played), hint="drill end")
    await _play(ctx, run, scenario)


async def _on(ctx: Context) -> tuple[Drill, Scenario]:
    run = await drills.running(ctx.session)
    if run is None:
        raise ConflictError(ctx.say("No drill is on."), hint="drill start SCENARIO")
    return run, ctx.library.scenarios[run.scenario]


async def _play(ctx: Context, run: Drill, scenario: Scenario) -> None:
    """The note is said here; the comments are read by the monitor, which watches how many injects are out."""
    number = run.played + 1
    if not await drills.advance(ctx.session, run.id or 0, number):
        raise ConflictError(ctx.say("That inject is out already."))
    inject = scenario.injects[number - 1]
    _tell(ctx, run, lambda say: _inject(say, inject, number, len(scenario.injects)))


async def end(ctx: Context, _rest: str) -> None:
    """Close the drill's incidents and say how it went."""
    run, scenario = await _on(ctx)
    await drills.end(ctx.session, run.id or 0, ctx.now)
    found = [each for each in await incidents.find(ctx.session, drills=True, limit=100) if each.drill_id == run.id]
    for incident in found:
        if incident.state in LIVING:
            await incidents.move(ctx.session, incident.id or 0, State.CLOSED, allowed=LIVING, at=ctx.now, reason="drill")
            await ctx.session.refresh(incident)
            await ctx.log(incident, "closed", ctx.say("the drill has ended"))
            await deadlines.drop(ctx.session, incident.id or 0)
            await refresh(ctx, incident)
    _tell(ctx, run, lambda say: _summary(say, run, scenario, found, ctx.now - run.started_at))


def _tell(ctx: Context, run: Drill, build: Callable[[Locale], Card]) -> None:
    ctx.out.append(Post(build=build, purpose="drills", drill_id=run.id, rank=0))


def _controls(say: Locale) -> tuple[Button, ...]:
    return (
        Button(label=say("Next inject"), action="drill.drill", value="next", tone=ButtonTone.PRIMARY),
        Button(label=say("End the drill"), action="drill.drill", value="end", tone=ButtonTone.DANGER),
    )


def _briefing(say: Locale, scenario: Scenario, by: str) -> Card:
    return Card(
        title=say("Drill: {scenario}", scenario=scenario.name(say.language)),
        text=scenario.summary,
        sections=(Section(title=say("You are to show"), lines=scenario.objectives),),
        buttons=_controls(say),
        footer=say("Facilitator {by} · {n} injects · everything here is invented", by=by, n=len(scenario.injects)),
    )


def _inject(say: Locale, inject: Inject, number: int, total: int) -> Card:
    return Card(
        title=say("Inject {number}/{total}: {title}", number=number, total=total, title=say.either(inject.title, inject.title_en)),
        text=say.either(inject.note, inject.note_en),
        tone=Tone.WARN,
        buttons=_controls(say),
    )


def _summary(say: Locale, run: Drill, scenario: Scenario, found: list[Incident], length: timedelta) -> Card:
    lines = []
    for incident in found:
        parts = [headline(say, incident), status(say, incident)]
        if incident.claimed_at:
            parts.append(say("claimed after {span}", span=say.span(incident.claimed_at - incident.opened_at)))
        if incident.stated_at:
            parts.append(say("statement after {span}", span=say.span(incident.stated_at - incident.opened_at)))
        lines.append(" · ".join(parts))
    return Card(
        title=say("Drill ended: {scenario}", scenario=scenario.name(say.language)),
        text=say("{played} of {total} injects in {span}", played=run.played, total=len(scenario.injects), span=say.span(length)),
        tone=Tone.GOOD,
        sections=(Section(lines=tuple(lines)),) if lines else (),
        buttons=tuple(
            Button(label=say("Review #{number}", number=each.id), action="review.review", value=str(each.id)) for each in found[:5]
        ),
    )


VERBS: Mapping[str, Callable[[Context, str], Awaitable[None]]] = {
    "list": list_,
    "列表": list_,
    "start": start,
    "开始": start,
    "next": next_,
    "下一个": next_,
    "end": end,
    "结束": end,
}
