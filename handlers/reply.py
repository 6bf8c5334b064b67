"""The reply desk: one approved answer to each thing that people ask, ready to copy, and how many have had it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from handlers.kit.cards import Card, Tone
from handlers.kit.context import Context
from handlers.kit.errors import ConflictError, NotAllowedError, NotFoundError
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import Wording, lacking
from handlers.reading.wordings import QuestionNumber
from handlers.shared.desk import desk, desk_key, question_card, question_key, same
from handlers.shared.findings import Record, checked_words, summed_up
from handlers.shared.incident_card import over
from playbooks import questions as known
from playbooks.checks import Finding, blocks
from storage import commitments, facts, questions, statements
from storage.models import LIVING, Incident, Question

APPROVERS = frozenset({"lead", "pr", "legal"})
"""Roster roles one of which approves an answer."""
ACTS: Mapping[str, str] = {
    "approve": "approve", "批准": "approve",
    "posted": "posted", "given": "posted", "已回复": "posted",
    "support": "handed", "handed": "handed", "转客服": "handed",
}  # fmt: skip
SHORT_HASH = 12
NO_WORDS = Wording("")


@command(
    "ask",
    area="voice",
    right=Right.WORK,
    help="Find the approved answer to a question; without one, what people ask",
    usage="ask N [QUESTION]",
    example="ask 12 能退款吗",
    aliases=("问答", "提问"),
)
async def ask(
    ctx: Context, incident: Incident, question: QuestionNumber | None = None, text: str = ""
) -> None:
    """The answer that the house gives, word for word; or it is said that there is none, and the question is taken up."""
    if question is None and not text:
        ctx.thread(incident, await desk(ctx, incident), key=desk_key(incident))
        return
    rows = await questions.of(ctx.session, incident.id or 0)
    row = _numbered(ctx, incident, rows, question) if question else _meant(rows, text)
    if row is None:
        row = await _taken_up(ctx, incident, text)
    ctx.thread(incident, question_card(row), key=question_key(row))


def _meant(rows: list[Question], text: str) -> Question | None:
    if text in known.kinds():
        return next((each for each in rows if each.kind == text), None)
    return same(rows, text)


async def _taken_up(ctx: Context, incident: Incident, text: str) -> Question:
    """Nobody has answered this yet: it is on the desk from now on."""
    if incident.state not in LIVING:
        raise over(ctx, incident)
    kind = text if text in known.kinds() else known.kind_of(text)
    words = known.kinds()[kind].words(ctx.team.language) if text == kind else text
    row = await questions.add(
        ctx.session,
        Question(
            incident_id=incident.id or 0,
            drill_id=incident.drill_id,
            number=0,
            kind=kind,
            text=words,
            at=ctx.now,
        ),
    )
    await ctx.log(incident, "asked", words, number=row.number)
    return row


def _numbered(ctx: Context, incident: Incident, rows: list[Question], number: QuestionNumber) -> Question:
    row = next((each for each in rows if each.number == number), None)
    if row is None:
        raise NotFoundError(
            ctx.say("#{incident} has no question Q{number}.", incident=incident.id, number=number),
            hint=ctx.say("What people ask: ask {incident}", incident=incident.id),
        )
    return row


@command(
    "answer",
    area="voice",
    right=Right.WORK,
    help="Write or approve the answer to a question, or say that it was given",
    usage="answer N QK TEXT · answer N QK approve|posted|support",
    example="answer 12 Q1 您好，请通过 400-000-0000 登记，由专人联系您",
    aliases=("答复",),
    labels={"text": "The answer, as it is given word for word"},
)
async def answer(
    ctx: Context, incident: Incident, question: QuestionNumber, text: Wording = NO_WORDS
) -> None:
    """Whoever wrote an answer does not approve it; another text needs another approval."""
    rows = await questions.of(ctx.session, incident.id or 0)
    row = _numbered(ctx, incident, rows, question)
    act = ACTS.get(text.strip().casefold())
    if not text.strip():
        raise lacking(ctx, "answer", incident, f"Q{question}", "text")
    if incident.state not in LIVING:
        raise over(ctx, incident)
    if act is None:
        await _write(ctx, incident, row, text.strip())
    elif act == "approve":
        await _approve(ctx, incident, row)
    else:
        await _given(ctx, incident, row, act)
    row = _numbered(ctx, incident, await questions.of(ctx.session, incident.id or 0), question)
    if act is None:
        ctx.thread(incident, question_card(row), key=question_key(row))
    else:
        ctx.edit(question_key(row), question_card(row), incident)
    ctx.edit(desk_key(incident), await desk(ctx, incident), incident)


async def _write(ctx: Context, incident: Incident, row: Question, text: str) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    await questions.answer(ctx.session, row, text, digest, ctx.by.name, ctx.now)
    await ctx.log(incident, "answered", "", number=row.number, hash=digest[:SHORT_HASH], text_hash=digest)
    if found := await _checked(ctx, incident, text):
        ctx.whisper(lambda say: Card(title=summed_up(say, found), tone=Tone.WARN), incident)


async def _checked(ctx: Context, incident: Incident, text: str) -> Sequence[Finding]:
    """What the checks find in an answer, held against what statements are held against."""
    number = incident.id or 0
    record = Record(
        facts=await facts.of(ctx.session, number),
        promises=await commitments.of(ctx.session, number),
        public=await statements.spoken(ctx.session, number),
    )
    return checked_words(ctx, incident, text, record, audience="consumers")


async def _approve(ctx: Context, incident: Incident, row: Question) -> None:
    if ctx.by.guest or not ctx.by.roles & APPROVERS:
        raise NotAllowedError(
            ctx.say("Only leads, PR and legal approve answers."),
            hint=_able(ctx, row),
        )
    if row.by == ctx.by.name:
        raise NotAllowedError(
            ctx.say("You wrote this answer, so somebody else has to approve it."),
            hint=_able(ctx, row),
        )
    if barring := blocks(await _checked(ctx, incident, row.answer)):
        raise ConflictError(
            ctx.say("The checks bar it: {code} {reason}", code=barring[0].code, reason=barring[0].reason),
            hint=ctx.say("Mend: {mend}", mend=barring[0].mend),
        )
    if not await questions.approve(ctx.session, row, ctx.by.name):
        raise ConflictError(
            ctx.say("Q{number} is not waiting for approval.", number=row.number),
            hint=ctx.say("What people ask: ask {incident}", incident=incident.id),
        )
    await ctx.log(
        incident, "answer_approved", "", number=row.number, hash=row.hash[:SHORT_HASH], text_hash=row.hash
    )


def _able(ctx: Context, row: Question) -> str:
    """Who may approve an answer, by name."""
    names = [each.name for each in ctx.team.people if each.roles & APPROVERS and each.name != row.by]
    return ctx.say("These may: {names}", names=ctx.say(", ").join(names) or ctx.say("nobody"))


async def _given(ctx: Context, incident: Incident, row: Question, act: str) -> None:
    if row.state != "approved":
        raise ConflictError(
            ctx.say("Q{number} has no approved answer yet.", number=row.number),
            hint=ctx.say(
                "Write one: answer {incident} Q{number} TEXT", incident=incident.id, number=row.number
            ),
        )
    await questions.count(ctx.session, row, "handed" if act == "handed" else "posted")
    await ctx.log(incident, f"answer_{act}", "", number=row.number, hash=row.hash[:SHORT_HASH])
