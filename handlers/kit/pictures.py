"""Pictures: numbers that a card shows drawn. They travel as numbers and are drawn when they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = tuple[float | None, ...]
"""One number for each place along the bottom; None where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart. What each colour means is said by the caption, as a picture holds digits and Latin letters only.

    Args:
        caption: what it shows, in words; also read aloud to whoever cannot see it.
        ticks: what stands under each place, such as `14:00`; empty for none.
        line: a red line: what is looked at.
        usual: a dashed grey line: what it is held against.
        low: lower edge of a grey band: the usual range.
        high: its upper edge.
        bars: grey bars from zero.
        part: the red part of each bar.
    """

    caption: str
    ticks: tuple[str, ...]
    line: Values = ()
    usual: Values = ()
    low: Values = ()
    high: Values = ()
    bars: Values = ()
    part: Values = ()


def picture_from(data: Mapping[str, Any]) -> Picture:
    """The picture that was stored as JSON, which has lists for tuples."""
    whole: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    return Picture(**whole)
