"""What is stored, in words: timeline entries, and how statements stand."""

from __future__ import annotations

from datetime import datetime

from handlers.kit.locale import Locale, Texts
from handlers.shared.duties import overdue
from playbooks.levels import Level
from storage.models import Entry

KINDS: Texts = {
    "opened": "opened: {text}",
    "claimed": "took command",
    "released": "gave command back",
    "handed_over": "handed command over to {to}",
    "took_over": "took command over from {former}",
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
    "step_start": "step {number} is to be done: {title}",
    "step_hand": "gave step {number} to {to}: {title}",
    "task": "gave {to} task {number}: {text}",
    "task_done": "task {number} done: {title}",
    "task_skip": "task {number} dropped: {title}",
    "task_hand": "gave task {number} to {to}: {title}",
    "role": "{to} is {title}",
    "drafted": "drafted statement v{version} ({hash})",
    "uploaded": "gave a file for the statement: {text} (SHA-256 {hash}…)",
    "upload_refused": "file not taken for the statement: {text}",
    "approve": "approved statement v{version} ({hash})",
    "changes": "asked for changes to v{version} ({hash}): {text}",
    "veto": "vetoed statement v{version} ({hash}): {text}",
    "approved": "statement v{version} has all approvals ({hash})",
    "reviewed_after": "reviewed statement v{version} afterwards, which {to} had released alone ({hash})",
    "put_back": "v{version} was approved at level {level} and has to be approved again ({hash})",
    "recuse": "recused from v{version} ({hash})",
    "vote_expired": "{to}'s approval of v{version} expired ({hash})",
    "override": "let v{version} pass {check} ({hash}): {text}",
    "emergency": "released v{version} alone, a pre-approved text ({hash}): {text}",
    "fact": "added fact {fact}: {text}",
    "fact_confirmed": "confirmed {fact}: {claim}",
    "fact_false": "found {fact} false: {claim}",
    "house": "agreed ({part}): {text}",
    "house_proposed": "proposed ({part}): {text}",
    "house_dropped": "dropped ({part}): {text}",
    "overdue": "overdue: {what}",
    "escalated": "still overdue: {what}; told {to}",
    "reminded": "reminder: {what}",
    "snoozed": "put off until {until}: {what}",
    "legal_clock": "legal clock began: {title}",
    "told_legal": "told legal: {title}",
    "brief": "brief {number} went out",
    "pile_on": "own video: {rate} an hour, {times} times the usual {usual}",
    "collapse": "own video: plays fell to {rate} an hour, usually {usual}",
    "held_mute": "alert held back: “{label}” is muted",
    "held_maintenance": "alert held back: maintenance, {label}",
    "held_hours": "alert held back: quiet hours",
    "held_cap": "alert held back: too many of its kind",
    "merged": "took in #{other}",
    "task_taken": "took in a task of #{other} as task {number}: {title}",
    "task_moved": "task {number} goes on in #{other} as task {there}: {title}",
    "split_off": "split off #{other}",
    "room": "room opened: {text}",
    "private": "made private",
    "admitted": "let {to} know of it",
    "shown": "card brought into the room",
    "promised": "promise {number}, {to} sees to it by {due}: {text}",
    "promise_kept": "promise {number} is kept: {title}",
    "promise_dropped": "promise {number} is dropped: {title}",
    "asked": "question Q{number}: {text}",
    "answered": "wrote the answer to Q{number} ({hash})",
    "answer_approved": "approved the answer to Q{number} ({hash})",
    "answer_posted": "gave the answer to Q{number} ({hash})",
    "answer_handed": "handed somebody on with Q{number} ({hash})",
    "published": "published v{version} on {channel} ({hash}): {text}",
    "verified": "on {channel} stands v{version}, word for word ({hash})",
    "differs": "what stands on {channel} is not v{version} ({hash})",
    "recalled": "took v{version} back ({hash}): {text}",
    "taken_down": "v{version} is gone from {channel} ({hash}): {text}",
    "partner_told": "made a notice to {partner} ({hash})",
    "partner_confirmed": "confirmed that the notice was read",
    "partner_marked": "noted that {partner} confirmed the notice",
    "survey_opened": "opened the public form until {until}",
    "eased": "numbers have fallen: asked whether to lower {old} to {new}",
    "kept_level": "kept the level {level}",
    "evidence": "file kept as evidence for entry {entry}: {text} ({size} bytes, SHA-256 {hash}…)",
    "evidence_expired": "file deleted, its time being over: SHA-256 {hash}…",
    "evidence_lost": "file not kept as evidence for entry {entry}: {text}",
}
PARTS: Texts = {"0": "core message", "1": "key message 1", "2": "key message 2", "3": "key message 3"}
"""The places of a message house."""
VERSIONS: Texts = {
    "pending": "waiting for approval",
    "released": "released by one lead, review owed",
    "approved": "approved",
    "changes": "changes asked for",
    "vetoed": "vetoed",
    "superseded": "superseded",
    "recalled": "taken back",
}
"""How a version of a statement stands."""
CHOICES: Texts = {"approve": "approves", "changes": "asks for changes", "veto": "vetoes", "recuse": "recuses"}
"""How somebody voted on one."""


def describe(say: Locale, entry: Entry) -> str:
    """What an entry says, without time and name. A reason that the words have no place for comes behind them."""
    values = {key: str(value) for key, value in entry.data.items()}
    for key in ("old", "new", "level"):
        if key in values and (level := Level.read(values[key])):
            values[key] = say.either(level.zh, level.en)
    if "title_en" in values:
        values["title"] = say.either(values.get("title", ""), values["title_en"])
    if "part" in values:
        values["part"] = say(PARTS[values["part"]])
    if "due" in values:
        values["due"] = say.clock(datetime.fromisoformat(values["due"]))
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
