"""The patterns that a playbook may look for: regular expressions that are quick whatever a comment holds.

Anyone on the team may write one, and every comment of the public is held against all of them.
"""

from __future__ import annotations

import re
import unicodedata

from playbooks.checking import FaultError

MAX_REPEAT = 12
MAX_REPEATS = 3
MAX_GROUPS = 3
"""Together they keep the slowest pattern that passes under a second on the worst comment (measured: 0.8 s), and usual ones far under a millisecond."""


def checked_pattern(pattern: str) -> str:
    """Refuse a pattern that is broken, matches anything, or could take forever on a hostile comment. Raises FaultError."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise FaultError(f"not a regular expression: {error}", "check brackets and backslashes") from error
    if compiled.search(""):
        raise FaultError("this pattern matches every text", "make at least one part of it required")
    if unicodedata.normalize("NFKC", pattern) != pattern:
        raise FaultError(
            "this pattern holds full-width characters", 'comments are read with "," for "，", so write those'
        )
    _check_work(pattern)
    return pattern


def _check_work(pattern: str) -> None:
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])+\]", "x", pattern).replace("(?:", "(")
    repeats = re.findall(r"[*+?]|\{\d*,?\d*\}", bare)
    sizes = [int(number) for repeat in repeats for number in re.findall(r"\d+", repeat)]
    if re.search(r"[*+]|,\}", bare) or any(size > MAX_REPEAT for size in sizes):
        raise FaultError(
            "this pattern repeats without a limit", f"use {{0,{MAX_REPEAT}}} or less in place of * and +"
        )
    if len(repeats) > MAX_REPEATS or bare.count("(") > MAX_GROUPS or re.search(r"\)[{]", bare):
        hint = f"at most {MAX_REPEATS} repeats and {MAX_GROUPS} groups, and no group that repeats"
        raise FaultError("this pattern is too much work", hint)


def needs(pattern: str) -> list[frozenset[str]]:
    """What a text must hold for a pattern to find anything: of each set one beginning, of one or two characters.

    Told of what people write: `words[^,]{0,8}(one|another)`. A text that lacks one of them needs no search.
    """
    found: list[frozenset[str]] = []
    rest = re.sub(r"\[(?:\\.|[^\]\\])+\]", ".", pattern)
    if re.search(r"\([^)]*\(|\\|\|(?![^(]*\))", rest):
        return found
    for group, word in _PARTS.findall(rest):
        begins = [_beginning(each) for each in (group or word).split("|")]
        if all(begins):
            found.append(frozenset(begins))
    return found


_PARTS = re.compile(r"\{[^}]*\}|\((?:\?:)?([^()]*)\)(?![?*{])|(\w+[?*{]?)(?![^(]*\))")
"""A repeat, which says nothing; a group that is there for certain; a word outside of groups."""


def _beginning(word: str) -> str:
    """The one or two characters that a word in a pattern begins with for certain; empty if none."""
    sure = re.match(r"\w{1,2}(?![?*{])|\w(?=\w[?*{])", word)
    return sure[0].casefold() if sure else ""
