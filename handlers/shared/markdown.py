"""Anybody's words in a Markdown document: shown, and nothing more."""

from __future__ import annotations

import re

from handlers.kit.cards import is_web

LIVE = re.compile(
    r"""[\\`*_\[\]<>|~]            # emphasis, code, links, HTML, tables
    | ^[#+=-] | (?<=\d)[.)](?=\s|$)  # headings and lists
    | &(?=\#?\w+;)                # entities
    | :(?=//) | (?<=www)\. | @     # addresses, which many readers link by themselves
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What a backslash must stand before (spec.commonmark.org, github.github.com/gfm)."""


def verbatim(text: str) -> str:
    """A statement to the letter: quoted, in a fence that is longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return "\n".join(f"> {line}" for line in (f"{fence}text", *text.split("\n"), fence))


def link(url: str) -> str:
    """An address as a link; empty if it is none."""
    return f"<{url}>" if is_web(url) and not set(url) & set("<>") else ""


def flat(text: str) -> str:
    """Anybody's words on one line, with nothing that Markdown would take for structure, HTML or a live link."""
    return LIVE.sub(r"\\\g<0>", " ".join(text.split()))
