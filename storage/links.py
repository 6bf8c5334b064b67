"""Links: accounts joined to a person of the roster by a code that only that person can have got.

A code is used up by one conditional UPDATE, so of two who say it at once one is joined. Only a keyed hash of it is kept:
whoever reads the database learns no code.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, update
from sqlmodel import col, select

from storage.database import Session, inserting
from storage.models import Guess, Link, LinkCode

LIFE = timedelta(minutes=10)
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""None that is easily taken for another: no 0, O, 1 and I."""
LENGTH = 8
"""Letters of a code: 40 bits. At five guesses in a quarter of an hour that is out of reach."""
GUESSES = 5
PAUSE = timedelta(minutes=15)
"""How long an account has to wait after so many wrong codes."""


async def every(session: Session) -> dict[tuple[str, str], str]:
    """(transport, user) -> the roster name whose account it is."""
    rows = await session.execute(select(Link.transport, Link.user, Link.person))
    return {(transport, user): person for transport, user, person in rows.all()}


async def issue(session: Session, person: str, transport: str, user: str, now: datetime) -> str:
    """Make a code; those that the person had are void."""
    await session.execute(delete(LinkCode).where(col(LinkCode.person) == person))
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    session.add(
        LinkCode(
            digest=_digest(session, code),
            person=person,
            transport=transport,
            user=user,
            expires_at=now + LIFE,
        )
    )
    await session.flush()
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


async def find(session: Session, code: str, now: datetime) -> LinkCode | None:
    """The code that is meant, if there is one that still counts."""
    query = select(LinkCode).where(
        LinkCode.digest == _digest(session, code),
        col(LinkCode.used_at).is_(None),
        col(LinkCode.expires_at) > now,
    )
    return await session.scalar(query)


async def use(session: Session, code: LinkCode, now: datetime) -> bool:
    """Use a code up; False if somebody else has. The first one wins."""
    result: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(LinkCode)
        .where(col(LinkCode.id) == code.id, col(LinkCode.used_at).is_(None), col(LinkCode.expires_at) > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def join(session: Session, person: str, transport: str, user: str, now: datetime) -> bool:
    """Make an account a person's; False if it is somebody's already."""
    statement = inserting(session, Link).values(transport=transport, user=user, person=person, at=now)
    stored = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=["transport", "user"]).returning(Link.id)
    )
    return stored is not None


async def leave(session: Session, person: str) -> int:
    """Part a person from all accounts that were joined; returns how many."""
    result: CursorResult[Any] = await session.execute(delete(Link).where(col(Link.person) == person))  # type: ignore[assignment]
    return result.rowcount


async def waits_until(session: Session, transport: str, user: str, now: datetime) -> datetime | None:
    """Until when an account has to wait before it may say another code; None if it need not."""
    query = select(Guess.waits_until).where(Guess.transport == transport, Guess.user == user)
    until = await session.scalar(query)
    return until if until is not None and until > now else None


async def missed(session: Session, transport: str, user: str, now: datetime) -> None:
    """Count a wrong code; after some of them the account has to wait, and counting begins anew."""
    statement = inserting(session, Guess).values(transport=transport, user=user, wrong=1)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["transport", "user"], set_={"wrong": col(Guess.wrong) + 1}
        )
    )
    mine = update(Guess).where(col(Guess.transport) == transport, col(Guess.user) == user)
    await session.execute(mine.where(col(Guess.wrong) >= GUESSES).values(wrong=0, waits_until=now + PAUSE))


def _digest(session: Session, code: str) -> str:
    said = "".join(letter for letter in code.upper() if letter in LETTERS)
    return hmac.new(session.info["key"], f"link {said}".encode(), hashlib.sha256).hexdigest()
