"""The message house of an incident: what every text of it says, as far as it is agreed and proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.kit.context import Context
from storage import facts, house
from storage.models import Fact, HouseLine, Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Its lines and the fact table that they rest on.

    Args:
        lines: all that were ever written, in order.
        table: the incident's facts.
    """

    lines: Sequence[HouseLine] = ()
    table: Sequence[Fact] = ()

    @property
    def agreed(self) -> Mapping[int, HouseLine]:
        """What is agreed, by place."""
        return {each.place: each for each in self.lines if each.state == house.AGREED}

    @property
    def proposed(self) -> Mapping[int, HouseLine]:
        """What is proposed, by place."""
        return {each.place: each for each in self.lines if each.state == house.PROPOSED}

    @property
    def sayable(self) -> Sequence[HouseLine]:
        """The agreed lines that nothing uncertain is in the way of, in order of their places."""
        lines = sorted(self.agreed.values(), key=lambda each: each.place)
        return [each for each in lines if all(fact.state == "confirmed" for fact in self.proof(each))]

    def proof(self, line: HouseLine) -> Sequence[Fact]:
        """The facts that a line rests on."""
        return [each for each in self.table if each.number in line.facts]


async def house_of(ctx: Context, incident: Incident) -> House:
    """Read an incident's message house."""
    number = incident.id or 0
    return House(
        lines=await house.of(ctx.session, number),
        table=await facts.of(ctx.session, number),
    )


def house_key(incident: Incident) -> str:
    """The key of the living card that shows it."""
    return f"house:{incident.id}"
