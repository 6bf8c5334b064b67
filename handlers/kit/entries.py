"""Timeline entries in words: what each kind of entry says in the reader's language."""

from __future__ import annotations

from handlers.kit.locale import Locale
from playbooks.levels import Level
from storage.models import Entry

KINDS = {
    "opened": "opened: {text}",
    "claimed": "took command",
    "released": "gave command back {text}",
    "handed_over": "handed command over to {to}",
    "level": "level {old} → {new} {text}",
    "responding": "response began",
    "recovering": "recovery began",
    "closed": "closed: {text}",
    "reopened": "reopened: {text}",
    "dismissed": "dismissed as a false alarm: {text}",
    "reviewed": "review written",
    "playbook": "attached the playbook {title}",
    "step_done": "step {number} done: {title} {text}",
    "step_skip": "step {number} skipped: {title} {text}",
    "log": "{text}",
    "drafted": "drafted statement v{version} ({hash})",
    "approve": "approved statement v{version} ({hash})",
    "changes": "asked for changes to v{version} ({hash}): {text}",
    "veto": "vetoed statement v{version} ({hash}): {text}",
    "approved": "statement v{version} is approved by all ({hash})",
    "overdue": "overdue: {what}",
    "drill": "drill: {text}",
}
OVERDUE = {"assemble": "nobody has claimed it", "holding": "no statement is approved"}


def describe(say: Locale, entry: Entry) -> str:
    """What an entry says, without time and name."""
    values = {key: str(value) for key, value in entry.data.items()}
    for key in ("old", "new"):
        if key in values and (level := Level.read(values[key])):
            values[key] = say.either(level.zh, level.en)
    if "title_en" in values:
        values["title"] = say.either(values.get("title", ""), values["title_en"])
    if "what" in values:
        values["what"] = say(OVERDUE.get(values["what"], values["what"]))
    return say(KINDS.get(entry.kind, "{text}"), **({"text": entry.text} | values)).strip()


def who(say: Locale, entry: Entry) -> str:
    """Who did it."""
    return entry.by or say("monitor")


def line(say: Locale, entry: Entry) -> str:
    """One line of a timeline."""
    return f"{say.clock(entry.at)} {who(say, entry)} {describe(say, entry)}"
