"""What is stored, in words: timeline entries, and how statements stand."""

from __future__ import annotations

from handlers.kit.duties import overdue
from handlers.kit.locale import Locale, Texts
from playbooks.levels import Level
from storage.models import Entry

KINDS: Texts = {
    "opened": "opened: {text}",
    "claimed": "took command",
    "released": "gave command back",
    "handed_over": "handed command over to {to}",
    "level": "level {old} → {new}",
    "responding": "response began",
    "recovering": "recovery began",
    "closed": "closed: {text}",
    "reopened": "reopened: {text}",
    "dismissed": "dismissed as a false alarm: {text}",
    "reviewed": "review written",
    "playbook": "attached the playbook {title}",
    "step_done": "step {number} done: {title}",
    "step_skip": "step {number} skipped: {title}",
    "drafted": "drafted statement v{version} ({hash})",
    "approve": "approved statement v{version} ({hash})",
    "changes": "asked for changes to v{version} ({hash}): {text}",
    "veto": "vetoed statement v{version} ({hash}): {text}",
    "approved": "statement v{version} has all approvals ({hash})",
    "overdue": "overdue: {what}",
    "pile_on": "own video: {rate} an hour, {times} times the usual {usual}",
    "collapse": "own video: plays fell to {rate} an hour, usually {usual}",
    "held_mute": "alert held back: “{label}” is muted",
    "held_maintenance": "alert held back: maintenance, {label}",
    "held_hours": "alert held back: quiet hours",
    "held_cap": "alert held back: too many of its kind",
    "merged": "took in #{other}",
    "split_off": "split off #{other}",
    "shown": "card brought into the room",
}
VERSIONS: Texts = {
    "pending": "waiting for approval",
    "approved": "approved",
    "changes": "changes asked for",
    "vetoed": "vetoed",
    "superseded": "superseded",
}
"""How a version of a statement stands."""
CHOICES: Texts = {"approve": "approves", "changes": "asks for changes", "veto": "vetoes"}
"""How somebody voted on one."""


def describe(say: Locale, entry: Entry) -> str:
    """What an entry says, without time and name. A reason that the words have no place for comes behind them."""
    values = {key: str(value) for key, value in entry.data.items()}
    for key in ("old", "new"):
        if key in values and (level := Level.read(values[key])):
            values[key] = say.either(level.zh, level.en)
    if "title_en" in values:
        values["title"] = say.either(values.get("title", ""), values["title_en"])
    if "what" in values:
        values["what"] = overdue(say, values["what"], values.get("words", ""))
    if entry.kind not in KINDS:
        return entry.text
    said = say(KINDS[entry.kind], **({"text": entry.text} | values))
    return said if not entry.text or "{text}" in KINDS[entry.kind] else f"{said} · {entry.text}"


def who(say: Locale, entry: Entry) -> str:
    """Who did it."""
    return entry.by or say("monitor")


def line(say: Locale, entry: Entry) -> str:
    """One line of a timeline."""
    return f"{say.clock(entry.at)} {who(say, entry)} {describe(say, entry)}"
