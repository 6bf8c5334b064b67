"""A look at any text before it is posted: what the checks find in it, where it fits. Nothing of it is stored."""

from __future__ import annotations

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context
from handlers.kit.locale import Locale
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import Wording
from handlers.shared.findings import tallied, told
from playbooks.checks import Finding, Severity, check, limits, room

MOST = 12
"""Findings that a card shows; the blocks come first."""


@command(
    "precheck",
    area="voice",
    right=Right.LOOK,
    help="Check a text before it is posted",
    usage="precheck TEXT",
    example="precheck 我们高度重视，第一时间核实",
    aliases=("预检",),
    labels={"text": "Text"},
)
async def precheck(ctx: Context, text: Wording) -> None:
    """Whispered to whoever asks; personal data in it is named, but not repeated."""
    found = check(
        text,
        brands=(ctx.team.brand,),
        internal=ctx.team.internal,
        slogans=ctx.team.slogans,
        today=ctx.now.astimezone(ctx.team.zone).date(),
    )
    # a whisper waits in the outbox until it is sent, so it must not hold what the check is there to keep out
    quotes = {each: ctx.scrub(each.quote)[0] for each in found}
    fits = {name: room(text, name) for name in ctx.team.channels}
    ctx.whisper(lambda say: _card(say, found, quotes, fits))


def _card(
    say: Locale,
    found: tuple[Finding, ...],
    quotes: dict[Finding, str],
    fits: dict[str, tuple[int, int]],
) -> Card:
    worst_first = sorted(found, key=lambda each: (each.severity is not Severity.BLOCK, each.start))
    sections = [told(say, each, quotes[each]) for each in worst_first[:MOST]]
    if len(found) > MOST:
        sections.append(Section(lines=(say("and {n} more", n=len(found) - MOST),)))
    blocked = any(each.severity is Severity.BLOCK for each in found)
    return Card(
        title=say("Precheck: {tally}", tally=tallied(say, found)),
        text="" if found else say("The checks find nothing. Whether it is true, they cannot know."),
        tone=Tone.RED if blocked else (Tone.WARN if found else Tone.GOOD),
        sections=tuple(sections),
        footer=" · ".join(
            f"{limits()[name].name} {used}/{limit}{' ⚠️' if used > limit else ''}"
            for name, (used, limit) in fits.items()
        ),
    )
