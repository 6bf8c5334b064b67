"""Evidence: what was given to be kept, hashed in the moment in which it was given.

A link is hashed as the string it is: that proves which address was given and when, not what the page behind it showed. A file
is fetched after the entry is made (see `Fetch`), and its hash is an entry of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handlers.kit.context import Context, Fetch
from handlers.kit.locale import Locale
from handlers.kit.messages import Attached, Typed
from storage.models import Entry, Incident

LINK = re.compile(r"https?://[^\s<>\"'，。；！？、）】」》]+")
SHOWN = 12
"""Characters of a hash that people compare; the entry holds all 64."""
MOST_FILES = 10
"""Files of one message that are kept."""
NAMELESS = "file"


def evidence_of(text: str, *, in_full: bool = False, files: Sequence[Attached] = ()) -> dict[str, Any]:
    """The links in a text with their SHA-256 and the names of files, as an entry's data; nothing if there are none.

    In full, the text itself is evidence too: what somebody wrote, as it is stored.
    """
    proof = [{"link": link, "sha256": digest_of(link)} for link in dict.fromkeys(LINK.findall(text))]
    if in_full:
        proof.append({"text": text, "sha256": digest_of(text)})
    names = [each.name for each in files]
    found = {"evidence": proof, "files": names[:MOST_FILES], "left_out": names[MOST_FILES:]}
    return {key: value for key, value in found.items() if value}


def digest_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def files_of(ctx: Context) -> tuple[Attached, ...]:
    """The files that came with what somebody typed, or with the message they pointed at; their names without personal data."""
    if not isinstance(ctx.happening, Typed):
        return ()
    quoted = ctx.quoted.files if ctx.quoted else ()
    found = {each.id: each for each in (*ctx.happening.files, *quoted)}
    return tuple(replace(each, name=ctx.clean(each.name) or NAMELESS) for each in found.values())


def fetch(ctx: Context, incident: Incident, entry: Entry | None, files: Sequence[Attached]) -> None:
    """Have files kept as evidence for an entry; without an entry none are."""
    if entry is None or ctx.at is None:
        return
    for each in files[:MOST_FILES]:
        ctx.out.append(Fetch(file=each, incident=incident, place=ctx.at, entry=entry.seq, by=ctx.by.name))


def kept(say: Locale, data: Mapping[str, Any]) -> str:
    """What people are told of the evidence that was kept, or is about to be; empty if none was."""
    hashes = {
        kind: [each["sha256"][:SHOWN] for each in data.get("evidence", ()) if kind in each]
        for kind in ("link", "text")
    }
    told = []
    if hashes["link"]:
        told.append(
            say(
                "Kept as evidence: SHA-256 {hashes}… of the link as it was given, not of the page behind it.",
                hashes=say("…, ").join(hashes["link"]),
            )
        )
    if hashes["text"]:
        told.append(
            say("Kept as evidence: SHA-256 {hashes}… of the text as it is stored.", hashes=hashes["text"][0])
        )
    if names := data.get("files"):
        told.append(
            say(
                "Being fetched to be kept as evidence: {files}. The SHA-256 follows in the thread.",
                files=say(", ").join(names),
            )
        )
    if names := data.get("left_out"):
        told.append(
            say(
                "Not kept: {files}. Of one message {n} files are kept.",
                files=say(", ").join(names),
                n=MOST_FILES,
            )
        )
    return " ".join(told)
