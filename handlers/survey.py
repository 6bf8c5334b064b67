"""Surveys: a public form that asks how it went, and what the answers come to. The bot publishes its link nowhere."""

from __future__ import annotations

from handlers.kit.cards import Card, Field, Quote, Tone
from handlers.kit.context import CardBuilder, Context
from handlers.kit.errors import ConflictError
from handlers.kit.locale import Locale
from handlers.kit.outside import outside
from handlers.kit.registry import command, notice
from handlers.kit.team import Right
from storage import incidents, surveys
from storage.models import Incident, Opinion, Survey
from storage.surveys import Count

NEWEST = 3
"""Answers whose words a card shows."""


@command(
    "survey",
    area="learn",
    right=Right.WORK,
    help="A public form that asks how it went; again: what was answered",
    usage="survey N",
    example="survey 12",
    aliases=("回访",),
)
async def survey(ctx: Context, incident: Incident) -> None:
    """One form per incident, open for 30 days."""
    if incident.drill_id is not None:
        raise ConflictError(
            ctx.say("A drill has no public form."),
            hint=ctx.say("What a drill taught goes into its review: review {number}", number=incident.id),
        )
    row = await surveys.of(ctx.session, incident.id or 0)
    if row is None:
        row = await _opened(ctx, incident)
    ctx.thread(incident, await _card(ctx, incident, row), key=_key(incident))


async def _opened(ctx: Context, incident: Incident) -> Survey:
    if not outside(ctx, incident):
        raise ConflictError(
            ctx.say("There is no address at which the public could reach the form."),
            hint=ctx.say("Set PUBLIC_URL in the environment or .env, for example https://crisis.example.com"),
        )
    row = await surveys.open_for(ctx.session, incident, ctx.by.name, ctx.now)
    await ctx.log(incident, "survey_opened", "", until=row.closes_at.date().isoformat())
    return row


@notice("survey.answered")
async def answered(ctx: Context) -> None:
    """Bring the card up to date; nobody is called."""
    incident = await incidents.hold(ctx.session, ctx.settings["notice"]["incident_id"])
    if incident is None:
        return
    row = await surveys.of(ctx.session, incident.id or 0)
    if row is not None:
        ctx.edit(_key(incident), await _card(ctx, incident, row), incident, now=False)


def _key(incident: Incident) -> str:
    return f"survey:{incident.id}"


async def _card(ctx: Context, incident: Incident, row: Survey) -> CardBuilder:
    count = await surveys.count(ctx.session, row)
    newest = await surveys.newest(ctx.session, row, NEWEST)
    link = outside(ctx, incident, "feedback", surveys.token_of(ctx.session, row.nonce))

    def build(say: Locale) -> Card:
        return Card(
            title=say("Public form of #{number}: {n} answers", number=incident.id, n=count.answers),
            tone=Tone.GOOD if count.answers else Tone.PLAIN,
            fields=_figures(say, count),
            quotes=tuple(_quote(say, each) for each in newest),
            verbatim=link if row.closes_at > ctx.now else "",
            footer=_until(say, row, has_link=bool(link)),
        )

    return build


def _figures(say: Locale, count: Count) -> tuple[Field, ...]:
    if not count.answers:
        return ()
    share = say(
        "{percent}% ({n} of {all})",
        percent=round(100 * count.solved / count.answers),
        n=count.solved,
        all=count.answers,
    )
    return (
        Field(label=say("Satisfied (1 to 5)"), value=f"{count.mean:.1f}"),
        Field(label=say("Solved"), value=share),
    )


def _quote(say: Locale, opinion: Opinion) -> Quote:
    return Quote(text=opinion.text, source=f"{opinion.score}/5 · {say.clock(opinion.at)}")


def _until(say: Locale, row: Survey, *, has_link: bool) -> str:
    time = say.clock(row.closes_at)
    if row.closes_at <= say.now:
        return say("Closed since {time}.", time=time)
    if not has_link:
        return say("PUBLIC_URL is not set any more, so there is no link to show.")
    return say(
        "Give the link to those it concerns. It is open until {time}; nothing says who answered.", time=time
    )
