"""What kind of text it is: told by whoever hands it in, else by its words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playbooks.checks.base import Given
from playbooks.checks.lists import limits, pattern
from playbooks.checks.text import REACH, Sentence, Text

SHORTEST_HOLDING = 40
"""Characters; below it stands a reply to a comment, which cannot hold all parts of a first response."""
RUMOUR_KINDS = frozenset({"rumor_attack", "deepfake"})


def found(given: Given, name: str, group: str) -> Iterator[re.Match[str]]:
    """Where words of a list stand in the text."""
    return pattern(name, group).finditer(given.text)


def says(words: str, name: str, group: str) -> bool:
    """Tell whether some words hold one of a list."""
    return pattern(name, group).search(words) is not None


def before(sentence: Sentence, at: int) -> str:
    """The words of a sentence before a place in the text."""
    return sentence.text[: max(0, at - sentence.start)]


def after(sentence: Sentence, at: int) -> str:
    """The words of a sentence from a place in the text on."""
    return sentence.text[max(0, at - sentence.start) :]


def is_quoted(text: Text, start: int, end: int) -> bool:
    """Tell whether a piece stands between quotation marks: those are other people's words."""
    left = text.plain[max(0, start - REACH) : start].rpartition("\n")[2]
    right = text.plain[end : end + REACH].partition("\n")[0]
    opened = max(left.rfind(mark) for mark in "“「『‘")
    closed = max(left.rfind(mark) for mark in "”」』’")
    return opened > closed and bool(re.search("[”」』’]", right))


def is_denial(given: Given) -> bool:
    """Tell whether the text says that something is not true."""
    return given.strategy == "deny" or pattern("apology", "denial").is_in(given.text)


def is_foreign(words: str) -> bool:
    """Tell whether a text is in Latin letters for the most part; whole words are asked for in Chinese only."""
    return len(re.findall(r"[A-Za-z]", words)) > 2 * len(re.findall(r"[\u4e00-\u9fff]", words))


def is_short(given: Given) -> bool:
    """Tell whether the platform has no room for more than a sentence or two."""
    limit = limits().get(given.platform)
    return limit is not None and limit.is_short


def is_holding(given: Given) -> bool:
    """Tell whether it is a first response: something was heard of, it is being looked into, nothing is settled."""
    if given.stage:
        return given.stage == "holding"
    text = given.text
    return (
        len(text.plain) >= SHORTEST_HOLDING
        and not is_short(given)
        and pattern("apology", "holding_news").is_in(given.text)
        and pattern("apology", "holding_work").is_in(given.text)
        and not pattern("apology", "concluded").is_in(given.text)
    )


def is_crisis(given: Given) -> bool:
    """Tell whether it speaks of something that went wrong, rather than of something to buy."""
    return bool(given.stage or given.strategy or given.kind) or pattern("advertising", "crisis").is_in(
        given.text
    )
