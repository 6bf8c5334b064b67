"""Content review on a rhythm (定期内容审查): planned captions are checked before somebody posts them."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.kit.cards import Card, Section, Tone, cut
from handlers.kit.context import Context, Post
from handlers.kit.locale import Locale
from handlers.kit.ports import ports
from handlers.kit.registry import notice
from playbooks.checks import Severity
from playbooks.checks.files import Checked

MOST_FILES = 8
MOST_FINDINGS = 3
LONGEST_QUOTE = 24


@notice("captions")
async def reviewed(ctx: Context) -> None:
    """Tell leads what was found in the folder of planned captions; that nothing was is told as well."""
    found: Sequence[Checked] = await ctx.beside(lambda _: ports(ctx.settings).captions())
    quotes = {id(finding): ctx.scrub(finding.quote)[0] for each in found for finding in each.findings}
    ctx.out.append(Post(build=lambda say: _card(say, found, quotes), purpose="leads"))


def _card(say: Locale, found: Sequence[Checked], quotes: dict[int, str]) -> Card:
    barred = [each for each in found if each.is_blocked]
    others = [each for each in found if (each.findings or each.problem) and not each.is_blocked]
    shown = [*barred, *others]
    sections = [_section(say, each, quotes) for each in shown[:MOST_FILES]]
    if len(shown) > MOST_FILES:
        sections.append(Section(lines=(say("and {n} more", n=len(shown) - MOST_FILES),)))
    return Card(
        title=say(
            "Content review: {n} captions, {barred} barred, {others} with warnings",
            n=len(found),
            barred=len(barred),
            others=len(others),
        ),
        text="" if found else say("The folder of planned captions is empty."),
        tone=Tone.RED if barred else (Tone.WARN if others else Tone.GOOD),
        sections=tuple(sections),
        footer=say("The checks know wording, not truth. To check one: precheck TEXT"),
    )


def _section(say: Locale, checked: Checked, quotes: dict[int, str]) -> Section:
    if checked.problem:
        return Section(title=checked.path.name, lines=(checked.problem,))
    worst_first = sorted(checked.findings, key=lambda each: (each.severity is not Severity.BLOCK, each.start))
    lines = [
        f"{'⛔' if each.severity is Severity.BLOCK else '⚠️'} {each.code} {cut(quotes[id(each)], LONGEST_QUOTE)} {each.reason}"
        for each in worst_first[:MOST_FINDINGS]
    ]
    if rest := len(worst_first) - MOST_FINDINGS:
        lines += [say("and {n} more", n=rest)] if rest > 0 else []
    return Section(
        title=f"{checked.path.name} · {say('{n} findings', n=len(worst_first))}", lines=tuple(lines)
    )
