"""Columns that many tables have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field

from storage.types import UtcDateTime


def moment(*, index: bool = False) -> Any:
    """A column for a moment that may be unknown."""
    return Field(default=None, sa_type=UtcDateTime, index=index)


def words(default: str = "") -> Any:
    """A column for text of any length."""
    return Field(default=default, sa_type=Text)


def data(kind: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """A column for JSON."""
    return Field(default_factory=kind, sa_column=Column(JSON, nullable=False))
