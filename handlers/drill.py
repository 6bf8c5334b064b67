"""Drills: a scenario's injects, played through the same monitor into the drills rooms and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import Context, Post
from handlers.kit.errors import ConflictError, NotFoundError, UsageError
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.shared.incident_card import headline, refresh, status
from playbooks.levels import Level
from playbooks.scenarios import Inject, Scenario
from storage import deadlines, drills, incidents
from storage.models import LIVING, Drill, Incident, State


@command(
    "drill",
    area="drill",
    right=Right.FACILITATE,
    help="Run a drill",
    usage="drill list · start SCENARIO · next · end",
    example="drill start moldy_cake",
    aliases=("演练",),
)
async def drill(ctx: Context, what: str = "list") -> None:
    """One word says what to do; `start` takes the scenario's name."""
    verb, *rest = what.split(maxsplit=1)
    run = VERBS.get(verb.lower())
    if run is None:
        raise UsageError(
            ctx.say("“{word}” does not fit here.", word=cut(verb)),
            hint=ctx.say("drill list · start SCENARIO · next · end"),
        )
    await run(ctx, rest[0].strip() if rest else "")


async def list_(ctx: Context, _rest: str) -> None:
    """The scenarios there are, and what is on."""
    running = await drills.running(ctx.session)
    scenarios = ctx.library.scenarios
    ctx.whisper(
        lambda say: Card(
            title=say("Drill scenarios"),
            text=say("On now: {scenario}", scenario=scenarios[running.scenario].name(say.language))
            if running
            else "",
            sections=tuple(
                Section(title=f"{each.name(say.language)} · {each.id}", lines=(each.summary,))
                for each in scenarios.values()
            ),
            buttons=_controls(say)
            if running
            else tuple(
                Button(
                    label=say("Start {scenario}", scenario=each.name(say.language)),
                    action="drill.drill",
                    value=f"start {each.id}",
                )
                for each in scenarios.values()
            ),
        )
    )


async def start(ctx: Context, name: str) -> None:
    """Brief the drills rooms and play what is due at the start."""
    scenario = _scenario(ctx, name)
    if not ctx.team.rooms_for("drills"):
        raise ConflictError(
            ctx.say("There is no drills room."), hint=ctx.say("Add a room for drills to fenghuo.yaml.")
        )
    if running := await drills.running(ctx.session):
        on = ctx.library.scenarios[running.scenario]
        raise ConflictError(
            ctx.say("A drill is on already: {scenario}.", scenario=on.name(ctx.language)),
            hint=ctx.say("End it: drill end"),
        )
    run = await drills.start(ctx.session, Drill(scenario=scenario.id, by=ctx.by.name, started_at=ctx.now))
    _tell(ctx, run, lambda say: _briefing(say, scenario, ctx.by.name))
    if scenario.injects[0].at == timedelta():
        await _play(ctx, run, scenario)
    room = ctx.team.room_at(ctx.at.transport, ctx.at.channel) if ctx.at else None
    if room is None or not room.is_drill:
        ctx.whisper(
            lambda say: Card(
                title=say("The drill has begun: {scenario}.", scenario=scenario.name(say.language)),
                tone=Tone.GOOD,
            )
        )


def _scenario(ctx: Context, name: str) -> Scenario:
    for scenario in ctx.library.scenarios.values():
        if (
            name.casefold()
            in {scenario.id.casefold(), scenario.title.casefold(), scenario.title_en.casefold()}
            and name
        ):
            return scenario
    raise NotFoundError(
        ctx.say("There is no scenario “{name}”.", name=cut(name)) if name else ctx.say("Which scenario?"),
        hint=ctx.say("There are: {titles}", titles=" · ".join(ctx.library.scenarios)),
    )


async def next_(ctx: Context, _rest: str) -> None:
    """Play the next inject."""
    run, scenario = await _on(ctx)
    if run.played >= len(scenario.injects):
        raise ConflictError(
            ctx.say("All {n} injects are out.", n=run.played), hint=ctx.say("End it: drill end")
        )
    await _play(ctx, run, scenario)


async def _on(ctx: Context) -> tuple[Drill, Scenario]:
    run = await drills.running(ctx.session)
    if run is None:
        raise ConflictError(ctx.say("No drill is on."), hint=ctx.say("Start one: drill start SCENARIO"))
    return run, ctx.library.scenarios[run.scenario]


async def _play(ctx: Context, run: Drill, scenario: Scenario) -> None:
    """The note is said here; the comments are read by the monitor, which watches how many injects are out."""
    number = run.played + 1
    if not await drills.advance(ctx.session, run.id or 0, number):
        raise ConflictError(ctx.say("That inject is out already."), hint=ctx.say("The next one: drill next"))
    inject = scenario.injects[number - 1]
    _tell(ctx, run, lambda say: _inject(say, inject, number, len(scenario.injects)))


async def end(ctx: Context, _rest: str) -> None:
    """Close the drill's incidents and say how it went."""
    run, scenario = await _on(ctx)
    if not await drills.end(ctx.session, run.id or 0, ctx.now):
        raise ConflictError(ctx.say("No drill is on."), hint=ctx.say("Start one: drill start SCENARIO"))
    found = [
        each for each in await incidents.find(ctx.session, drills=True, limit=100) if each.drill_id == run.id
    ]
    for incident in found:
        if incident.state in LIVING:
            reason = ctx.say("the drill has ended")
            await incidents.move(
                ctx.session, incident.id or 0, State.CLOSED, allowed=LIVING, at=ctx.now, reason=reason
            )
            await ctx.session.refresh(incident)
            await ctx.log(incident, "closed", reason)
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
        # The summary tells what is to come, so it is for the facilitator's list only.
        title=say("Drill: {scenario}", scenario=scenario.name(say.language)),
        sections=(
            Section(title=say("You are to show"), lines=tuple(f"· {each}" for each in scenario.objectives)),
        ),
        buttons=_controls(say),
        footer=say(
            "Facilitator: {by} · injects: {n} · everything is invented", by=by, n=len(scenario.injects)
        ),
    )


def _inject(say: Locale, inject: Inject, number: int, total: int) -> Card:
    return Card(
        title=say(
            "Inject {number}/{total}: {title}",
            number=number,
            total=total,
            title=say.either(inject.title, inject.title_en),
        ),
        text=say.either(inject.note, inject.note_en),
        tone=Tone.WARN,
        buttons=_controls(say),
    )


def _summary(say: Locale, run: Drill, scenario: Scenario, found: list[Incident], length: timedelta) -> Card:
    lines = []
    for incident in found:
        parts = [f"{Level(incident.level).dot} {headline(say, incident)}", status(say, incident)]
        if incident.claimed_at:
            parts.append(say("claimed after {span}", span=say.span(incident.claimed_at - incident.opened_at)))
        if incident.stated_at:
            parts.append(
                say("statement after {span}", span=say.span(incident.stated_at - incident.opened_at))
            )
        lines.append(" · ".join(parts))
    return Card(
        title=say("Drill ended: {scenario}", scenario=scenario.name(say.language)),
        text=say(
            "Injects played: {played} of {total}, in {span}",
            played=run.played,
            total=len(scenario.injects),
            span=say.span(length),
        ),
        tone=Tone.GOOD,
        sections=(Section(lines=tuple(lines)),) if lines else (),
        buttons=tuple(
            Button(label=say("Review #{number}", number=each.id), action="review.review", value=str(each.id))
            for each in found[:5]
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
