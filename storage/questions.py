"""Questions of the public, their approved answers, and what people say under an incident's posts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CursorResult, func, update
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, Mention, Question, Topic


async def add(session: Session, question: Question) -> Question:
    """Store a question under the incident's next number."""
    # The incident's row serialises them, so that two who add at once get two numbers.
    mine = Question.incident_id == question.incident_id
    await session.scalar(select(Incident.id).where(Incident.id == question.incident_id).with_for_update())
    question.number = (await session.scalar(select(func.max(Question.number)).where(mine)) or 0) + 1
    session.add(question)
    await session.flush()
    return question


async def of(session: Session, incident_id: int) -> list[Question]:
    """An incident's questions in order."""
    query = select(Question).where(Question.incident_id == incident_id).order_by(col(Question.number))
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def answer(session: Session, question: Question, text: str, digest: str, by: str, at: datetime) -> None:
    """Write another answer; an approval of the one before does not count for it."""
    await _changed(
        session,
        update(Question)
        .where(col(Question.id) == question.id)
        .values(answer=text, hash=digest, state="waiting", by=by, approved_by="", at=at),
    )


async def approve(session: Session, question: Question, by: str) -> bool:
    """Approve the answer that was read; False if it is another by now, or approved."""
    return await _changed(
        session,
        update(Question)
        .where(
            col(Question.id) == question.id,
            col(Question.hash) == question.hash,
            col(Question.state) == "waiting",
        )
        .values(state="approved", approved_by=by),
    )


async def count(session: Session, question: Question, what: Literal["posted", "handed"]) -> None:
    """Count one more who was answered, or handed to customer service."""
    column = getattr(Question, what)
    await _changed(
        session, update(Question).where(col(Question.id) == question.id).values({what: column + 1})
    )


async def said(session: Session, incident_id: int, limit: int) -> list[str]:
    """What people say in an incident's topics, and under the posts that those stand under, newest first."""
    topics = select(Topic.id).where(Topic.incident_id == incident_id).scalar_subquery()
    items = (
        select(Mention.item_id)
        .where(col(Mention.topic_id).in_(topics), Mention.item_id != "")
        .distinct()
        .limit(50)
        .scalar_subquery()
    )
    drill = select(Incident.drill_id).where(Incident.id == incident_id).scalar_subquery()
    query = (
        select(Mention.text)
        .where(
            col(Mention.topic_id).in_(topics) | col(Mention.item_id).in_(items),
            col(Mention.drill_id).is_not_distinct_from(drill),
            col(Mention.kind).not_in(["post", "video"]),
        )
        .order_by(col(Mention.id).desc())
        .limit(limit)
    )
    return list((await session.scalars(query)).all())


async def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        statement.execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
