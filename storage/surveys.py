"""Surveys: one public form per incident, and what people answered. Nothing is kept of who they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func
from sqlmodel import col, select

from storage.database import Session
from storage.models import Incident, Opinion, Survey

LIFE = timedelta(days=30)
NONCE_BYTES = 16
TOKEN_BYTES = 24
"""Bytes of the HMAC that make the token: 192 bits, 32 letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What the answers come to. `mean`: from 1 to 5; `solved`: how many said yes; both 0 without an answer."""

    answers: int
    mean: float
    solved: int


def token_of(session: Session, nonce: str) -> str:
    """The token of a survey's link."""
    made = hmac.new(session.info["key"], f"survey {nonce}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made[:TOKEN_BYTES]).decode()


async def of(session: Session, incident_id: int) -> Survey | None:
    """An incident's survey."""
    return await session.scalar(select(Survey).where(Survey.incident_id == incident_id))


async def open_for(session: Session, incident: Incident, by: str, at: datetime) -> Survey:
    """Make an incident's survey. The caller holds the incident; a second one would be refused by the table."""
    nonce = secrets.token_hex(NONCE_BYTES)
    survey = Survey(
        incident_id=incident.id or 0,
        drill_id=incident.drill_id,
        nonce=nonce,
        token=_digest(token_of(session, nonce)),
        by=by,
        at=at,
        closes_at=at + LIFE,
    )
    session.add(survey)
    await session.flush()
    return survey


async def with_token(session: Session, token: str) -> Survey | None:
    """The survey whose link has this token."""
    return await session.scalar(select(Survey).where(Survey.token == _digest(token)))


async def answer(session: Session, opinion: Opinion) -> None:
    """Store an answer."""
    session.add(opinion)
    await session.flush()


async def count(session: Session, survey: Survey) -> Count:
    """What the answers come to."""
    query = select(
        func.count(), func.avg(Opinion.score), func.sum(case((col(Opinion.solved), 1), else_=0))
    ).where(Opinion.survey_id == survey.id)
    answers, mean, solved = (await session.execute(query)).one()
    return Count(answers=answers, mean=float(mean or 0), solved=int(solved or 0))


async def newest(session: Session, survey: Survey, limit: int) -> Sequence[Opinion]:
    """The newest answers that say something in words."""
    query = select(Opinion).where(Opinion.survey_id == survey.id, Opinion.text != "")
    return (await session.scalars(query.order_by(col(Opinion.id).desc()).limit(limit))).all()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
