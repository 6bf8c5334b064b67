"""Forms where the platform has none: one question after another, kept as a row so that a restart does not lose it."""

from __future__ import annotations

from bot.speech import as_json, form_from
from handlers.kit.cards import VERBATIM_LIMIT, Card, Form, FormField, cut
from handlers.kit.context import Context, Prompt
from handlers.kit.locale import Locale
from handlers.kit.messages import Place, Pressed, Sender, Typed
from storage import people
from storage.models import OpenForm

CANCEL = {"cancel", "取消", "算了"}


async def begin(ctx: Context, form: Form) -> None:
    """Begin a form: remember it and ask the first question."""
    by, at = _who(ctx)
    await people.open_form(ctx.session, at.transport, at.channel, by.user, as_json(form), ctx.now)
    _ask(ctx, form, form.fields[0], "")


async def is_open(ctx: Context) -> bool:
    """Tell whether whoever speaks is in the middle of a form here."""
    return await _row(ctx) is not None


async def answered(ctx: Context, event: Typed) -> Pressed | None:
    """Take an answer to the open form.

    Returns:
        The completed form as if it had been sent; None if it is not complete, and what comes next has been said.
    """
    row = await _row(ctx)
    if row is None:
        return None
    form, at, text = form_from(row.form), event.at, event.text.strip()
    if text.lower() in CANCEL:
        await people.close_form(ctx.session, at.transport, at.channel, event.by.user)
        ctx.whisper(lambda say: Card(title=say("Cancelled.")))
        return None
    if event.files and not text:
        # The answer is in the file, which the command has read itself.
        await people.close_form(ctx.session, at.transport, at.channel, event.by.user)
        return Pressed(
            id=event.id, action=form.action, value=form.value, by=event.by, at=at, fields=row.answers
        )
    asked, *later = [each for each in form.fields if each.name not in row.answers]
    value, problem = _read(ctx.say, asked, text)
    if problem:
        _ask(ctx, form, asked, problem)
        return None
    row.answers = {**row.answers, asked.name: value}
    if later:
        _ask(ctx, form, later[0], "")
        return None
    await people.close_form(ctx.session, at.transport, at.channel, event.by.user)
    return Pressed(id=event.id, action=form.action, value=form.value, by=event.by, at=at, fields=row.answers)


async def _row(ctx: Context) -> OpenForm | None:
    by, at = _who(ctx)
    return await people.form_of(ctx.session, at.transport, at.channel, by.user)


def _read(say: Locale, question: FormField, text: str) -> tuple[str, str]:
    """The value of an answer, or what is wrong with it."""
    if not question.choices:
        return text, "" if text or not question.required else say("An answer is needed.")
    said = text.casefold()
    for number, choice in enumerate(question.choices, 1):
        if said in {
            str(number),
            choice.label.casefold(),
            choice.value.casefold(),
            choice.value.lstrip("@").casefold(),
        }:
            return choice.value, ""
    # 橙 for “🟠 橙”: a part will do if it can only mean one.
    meant = [choice for choice in question.choices if said and said in choice.label.casefold()]
    if len(meant) == 1:
        return meant[0].value, ""
    return "", say("“{word}” is none of these.", word=cut(text, 40))


def _ask(ctx: Context, form: Form, question: FormField, problem: str) -> None:
    by, at = _who(ctx)

    def build(say: Locale) -> Card:
        choices = "\n".join(f"{number} {choice.label}" for number, choice in enumerate(question.choices, 1))
        # A text that fills a message stands in the thread already.
        initial = question.initial if len(question.initial) <= VERBATIM_LIMIT else ""
        return Card(
            title=f"{form.title}{say(': ')}{question.label}",
            text="\n".join(part for part in (problem, question.hint, choices) if part),
            verbatim=initial,
            footer=say("Reply to this message. To leave it: cancel"),
        )

    ctx.out.append(Prompt(build=build, to=by, place=at))


def _who(ctx: Context) -> tuple[Sender, Place]:
    event = ctx.happening
    assert isinstance(event, Typed | Pressed)
    return event.by, event.at
