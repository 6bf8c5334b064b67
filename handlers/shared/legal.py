"""Legal clocks: deadlines that rules may set. The bot reminds people to ask their lawyers, and advises nothing."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.kit.context import Context
from handlers.kit.locale import Locale
from handlers.shared.duties import both
from playbooks.library import Library
from playbooks.schema import LegalClock, Playbook
from storage import deadlines, timeline
from storage.models import Deadline, Incident

KIND = "legal"


async def start_legal(ctx: Context, incident: Incident) -> None:
    """Start the legal clocks of an incident's playbook, or of its type; each once, whatever happens to the incident later.

    They count from the opening, and people are told at once: a reminder at the end would come too late.
    """
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    counted = [(ref, rule) for ref, rule in _clocks(playbook) if rule.due is not None]
    if not counted:
        return
    begun = {
        entry.data["ref"]
        for entry in await timeline.of(ctx.session, incident.id or 0)
        if entry.kind == "legal_clock"
    }
    for ref, rule in counted:
        assert rule.due is not None
        due = incident.opened_at + rule.due
        if ref not in begun and due > ctx.now:
            what = both(rule.rule, rule.rule_en)
            await deadlines.put(ctx.session, incident, KIND, due, ref=ref, what=what, fires_at=ctx.now)
            await ctx.log(
                incident, "legal_clock", "", ref=ref, title=rule.rule, title_en=rule.rule_en or rule.rule
            )


def _clocks(playbook: Playbook | None) -> Iterator[tuple[str, LegalClock]]:
    """The legal clocks of a playbook, each with the name that its deadline has."""
    if playbook is not None:
        for number, rule in enumerate(playbook.legal_clocks, 1):
            yield f"{playbook.id}.{number}", rule


def legal_lines(say: Locale, library: Library, due: Deadline) -> tuple[str, ...]:
    """What is known of the rule behind a deadline, with where it was read and when; nothing, if its playbook is gone."""
    playbook = library.playbooks.get(due.ref.partition(".")[0])
    rule = next((rule for ref, rule in _clocks(playbook) if ref == due.ref), None)
    if rule is None:
        return ()
    said = {name: rule.said(name, say.language) for name in ("when", "within", "to")}
    return (
        *(f"· {text}" for text in said.values() if text),
        say("Source: {source}", source=rule.source),
        say("Checked {date}", date=rule.checked_on.isoformat()),
        say(
            "This is a reminder to ask your lawyers, not advice. Whether the rule applies is for them to say."
        ),
    )
