"""The reply desk of an incident: what people ask, how many ask it, and the answer that the house gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from handlers.kit.cards import Button, ButtonTone, Card, Section, Tone, cut
from handlers.kit.context import CardBuilder, Context
from handlers.kit.locale import Locale
from playbooks import questions as known
from storage import questions
from storage.database import Session
from storage.models import Incident, Question

MOST_READ = 2000
"""Comments that are counted, the newest."""
MOST_SHOWN = 10
ALIKE = 70
"""Of 100: how alike two questions must be to be the same, where no kind tells."""
MARKS = {"open": "❓", "waiting": "⏳", "approved": "✅"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, how many ask it, and its row if somebody has taken it up."""

    kind: str
    count: int
    row: Question | None

    def words(self, say: Locale) -> str:
        """The question in words."""
        if self.row is not None:
            return self.row.text
        return known.kinds()[self.kind].words(say.language)


async def asked(session: Session, number: int) -> list[Asked]:
    """Every question of an incident, what most ask first."""
    texts = await questions.said(session, number, MOST_READ)
    counts = Counter(filter(None, map(known.kind_of, texts)))
    rows = await questions.of(session, number)
    by_kind: Mapping[str, Question] = {each.kind: each for each in rows if each.kind}
    found = [Asked(kind, count, by_kind.get(kind)) for kind, count in counts.most_common()]
    return found + [Asked(each.kind, 0, each) for each in rows if each.kind not in counts]


def coverage(found: Sequence[Asked]) -> tuple[int, int]:
    """How many comments ask something that has an approved answer, and how many ask something at all."""
    people = sum(each.count for each in found)
    return sum(each.count for each in found if each.row and each.row.state == "approved"), people


def same(rows: Sequence[Question], text: str) -> Question | None:
    """The question that somebody means: one of the same kind, else the one that is worded most alike."""
    kind = known.kind_of(text)
    if kind:
        return next((each for each in rows if each.kind == kind), None)
    scored = [(fuzz.token_set_ratio(text, each.text), each) for each in rows]
    best = max(scored, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] >= ALIKE else None


def desk_key(incident: Incident) -> str:
    """The key of an incident's desk."""
    return f"desk:{incident.id}"


async def desk(ctx: Context, incident: Incident) -> CardBuilder:
    """The desk as things stand now."""
    found = await asked(ctx.session, incident.id or 0)
    number = incident.id
    covered, people = coverage(found)

    def build(say: Locale) -> Card:
        lines = tuple(_line(say, each) for each in found[:MOST_SHOWN])
        return Card(
            title=say(
                "What people ask, #{number}: {n} kinds, {people} comments",
                number=number,
                n=len(found),
                people=people,
            ),
            text=say("Answered in full: {covered} of {people} comments", covered=covered, people=people)
            if people
            else say(
                "Nobody asks anything that is known by its words. Enter a question: ask {number} QUESTION",
                number=number,
            ),
            sections=(Section(lines=lines),) if lines else (),
            buttons=tuple(_button(say, number, each) for each in found[:4]),
            tone=Tone.GOOD if people and covered == people else Tone.PLAIN,
            footer=say("Counted from the newest {n} comments that were read, a sample.", n=MOST_READ),
        )

    return build


def _line(say: Locale, each: Asked) -> str:
    row = each.row
    mark = MARKS[row.state if row else "open"]
    name = f"Q{row.number} " if row else ""
    given = (
        say("given {posted} times, handed on {handed}", posted=row.posted, handed=row.handed)
        if row and (row.posted or row.handed)
        else ""
    )
    return " · ".join(filter(None, (f"{mark} {name}{cut(each.words(say), 40)} ×{each.count}", given)))


def _button(say: Locale, number: int | None, each: Asked) -> Button:
    row = each.row
    if row is None:
        return Button(
            label=say("Take up: {question}", question=cut(each.words(say), 12)),
            action="reply.ask",
            value=f"{number} {each.kind}",
        )
    return Button(label=f"Q{row.number}", action="reply.ask", value=f"{number} Q{row.number}")


def question_key(row: Question) -> str:
    """The key of a question's card."""
    return f"question:{row.incident_id}:{row.number}"


def question_card(row: Question) -> CardBuilder:
    """One question with its answer, ready to copy, and what to do with it next."""

    def build(say: Locale) -> Card:
        states = {
            "open": say("no answer yet"),
            "waiting": say("waiting for a lead"),
            "approved": say("approved by {name}", name=row.approved_by),
        }
        return Card(
            # The tone puts a mark before it.
            title=f"#{row.incident_id} Q{row.number} {cut(row.text)} · {states[row.state]}",
            verbatim=row.answer,
            tone=Tone.GOOD if row.state == "approved" else Tone.WARN,
            buttons=_choices(say, row),
            footer=say("written by {name} · text {hash}", name=row.by, hash=row.hash[:12])
            if row.answer
            else "",
        )

    return build


def _choices(say: Locale, row: Question) -> tuple[Button, ...]:
    value = f"{row.incident_id} Q{row.number}"
    write = Button(
        label=say("Write the answer…"), action="reply.answer", value=value, tone=ButtonTone.PRIMARY
    )
    edit = Button(label=say("Edit…"), action="reply.answer", value=value)
    if row.state == "open":
        return (write,)
    if row.state == "waiting":
        return (
            Button(
                label=say("Approve"), action="reply.answer", value=f"{value} approve", tone=ButtonTone.PRIMARY
            ),
            edit,
        )
    return (
        Button(label=say("Given"), action="reply.answer", value=f"{value} posted", tone=ButtonTone.PRIMARY),
        Button(label=say("Handed to support"), action="reply.answer", value=f"{value} support"),
        edit,
    )
