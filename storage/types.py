"""Column types that both databases store alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator
from sqlmodel.sql.sqltypes import AutoString
from typing_extensions import override


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Naive times are refused on the way in; SQLite, which drops the zone, gets it back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time and turn any other to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the moment back with its zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def differs(_context: Any, _there: Any, _declared: Any, there: Any, declared: Any) -> bool | None:
    """Alembic's question whether a column's type has changed (None: use your own judgement).

    Migrations store every text as TEXT, since SQLModel's own type changes with its releases.
    """
    return False if isinstance(there, String) and isinstance(declared, String | AutoString) else None
