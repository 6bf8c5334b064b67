"""Promises: what the brand said in public that it would do, who sees to it, and what proves that it was done."""

from __future__ import annotations

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError, NotFoundError
from handlers.kit.locale import Locale, Texts
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import lacking
from handlers.reading.errands import Assignee, Marked, Matter, Moment
from handlers.shared.crew import able
from handlers.shared.evidence import evidence_of
from handlers.shared.incident_card import over, refresh
from storage import commitments, deadlines
from storage.models import LIVING, Commitment, Incident

DUTY = "promise"
"""The kind of deadline that a promise has."""
SETTLED: Texts = {
    "kept": "Promise {number} is kept: {text}",
    "dropped": "Promise {number} is dropped: {text}",
}


@command(
    "promise",
    area="voice",
    right=Right.WORK,
    help="Enter a public promise, or say that it was kept; without more, the list",
    usage="promise N [TEXT @WHO DUE] · promise N K kept PROOF · promise N K drop REASON",
    example="promise 12 三天内完成退款 @林悦 11-24 18:00",
    aliases=("承诺",),
    labels={
        "text": "What was promised",
        "who": "Who sees to it",
        "due": "By when",
        "note": "What proves it (a link), or why it is dropped",
    },
)
async def promise(
    ctx: Context,
    incident: Incident,
    what: Marked | None = None,
    text: Matter | None = None,
    who: Assignee | None = None,
    due: Moment | None = None,
    note: str = "",
) -> None:
    """A promise in public is owed until it is kept: it has an owner and a time, and an open one keeps its incident open."""
    if what is not None:
        await _settled(ctx, incident, what, what.note or note)
        return
    if text is None and who is None and due is None:
        found = await commitments.of(ctx.session, incident.id or 0)
        ctx.reply(lambda say: _list(say, incident, found), incident)
        return
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if text is None or who is None or due is None:
        wanting = [name for name, value in (("text", text), ("who", who), ("due", due)) if value is None]
        given = " ".join(filter(None, (text, f"@{who.name}" if who else "")))
        raise lacking(ctx, "promise", incident, given, *wanting)
    able(ctx, who)
    row = await commitments.add(
        ctx.session,
        Commitment(
            incident_id=incident.id or 0,
            drill_id=incident.drill_id,
            number=0,
            text=text,
            owner=who.name,
            due_at=due,
            by=ctx.by.name,
            at=ctx.now,
        ),
    )
    await deadlines.put(ctx.session, incident, DUTY, due, ref=str(row.number), what=text, to=who.name)
    await ctx.log(incident, "promised", text, number=row.number, to=who.name, due=due.isoformat())
    ctx.thread(incident, _card(row, notify=who.name if who.name != ctx.by.name else ""), key=_key(row))
    await refresh(ctx, incident)


async def _settled(ctx: Context, incident: Incident, what: Marked, note: str) -> None:
    """Kept, with a proof; or dropped by a lead, with a reason."""
    found = {each.number: each for each in await commitments.of(ctx.session, incident.id or 0)}
    row = found.get(what.number)
    if row is None or what.mark not in {"done", "skip"}:
        raise NotFoundError(
            ctx.say("#{incident} has no promise {number}.", incident=incident.id, number=what.number),
            hint=ctx.say("All promises: promise {incident}", incident=incident.id),
        )
    is_kept = what.mark == "done"
    if not is_kept:
        # Whoever may drop a promise in silence need never keep one.
        ctx.require(Right.LEAD)
    if row.state == "open" and not note:
        raise lacking(ctx, "promise", incident, f"{what.number} {'kept' if is_kept else 'drop'}", "note")
    state = "kept" if is_kept else "dropped"
    if not await commitments.settle(ctx.session, row, state, by=ctx.by.name, at=ctx.now, proof=note):
        raise _over(ctx, (await commitments.of(ctx.session, incident.id or 0))[row.number - 1])
    await deadlines.drop(ctx.session, incident.id or 0, DUTY, ref=str(row.number))
    await ctx.log(incident, f"promise_{state}", note, number=row.number, title=row.text, **evidence_of(note))
    row = (await commitments.of(ctx.session, incident.id or 0))[row.number - 1]
    ctx.edit(_key(row), _card(row), incident)
    await refresh(ctx, incident)
    ctx.confirm(
        lambda say: Card(title=say(SETTLED[state], number=row.number, text=row.text), tone=Tone.GOOD),
        incident,
    )


def _over(ctx: Context, row: Commitment) -> ConflictError:
    time = ctx.say.clock(row.settled_at) if row.settled_at else ""
    return ConflictError(
        ctx.say(
            "{by} settled promise {number} at {time} already.",
            by=row.settled_by,
            number=row.number,
            time=time,
        ),
        hint=ctx.say("A new promise: promise {incident} TEXT @WHO DUE", incident=row.incident_id),
    )


def _key(row: Commitment) -> str:
    return f"promise:{row.incident_id}:{row.number}"


def _card(row: Commitment, *, notify: str = "") -> CardBuilder:
    def build(say: Locale) -> Card:
        is_open = row.state == "open"
        # What is kept gets its mark from the tone.
        sign = "➖ " if row.state == "dropped" else ""
        return Card(
            title=sign
            + say(
                "#{incident} promise {number}: {text}",
                incident=row.incident_id,
                number=row.number,
                text=row.text,
            ),
            text=_state(say, row),
            tone=Tone.GOOD if row.state == "kept" else Tone.PLAIN,
            buttons=_buttons(say, row) if is_open else (),
            notify=(notify,) if notify else (),
        )

    return build


def _state(say: Locale, row: Commitment) -> str:
    if row.settled_at is None:
        return f"{row.owner} · {say('by {time}', time=say.clock(row.due_at))}"
    return " · ".join(filter(None, (f"{row.settled_by} {say.clock(row.settled_at)}", row.proof)))


def _buttons(say: Locale, row: Commitment) -> tuple[Button, ...]:
    value = f"{row.incident_id} {row.number}"
    return (
        Button(label=say("Kept…"), action="promise.promise", value=f"{value} kept", tone=ButtonTone.PRIMARY),
        Button(label=say("Drop…"), action="promise.promise", value=f"{value} drop"),
    )


def _list(say: Locale, incident: Incident, found: list[Commitment]) -> Card:
    signs = {"open": "⏳", "kept": "✅", "dropped": "➖"}
    lines = tuple(f"{signs[each.state]} P{each.number} {each.text} · {_state(say, each)}" for each in found)
    owed = [each for each in found if each.state == "open"]
    return Card(
        title=say(
            "Promises of #{number}: {open} of {all} open", number=incident.id, open=len(owed), all=len(found)
        ),
        sections=(Section(lines=lines),) if lines else (),
        buttons=tuple(
            Button(
                label=say("P{number} kept…", number=each.number),
                action="promise.promise",
                value=f"{each.incident_id} {each.number} kept",
            )
            for each in owed[:3]
        ),
        footer=say("Another one: promise {number} TEXT @WHO DUE", number=incident.id),
    )
