"""Tell texts that say the same from texts that do not, fast.

A text is normalised, cut into pairs of characters, and sketched by min-hashes: texts that share most of their pairs
share a min-hash nearly surely, so only those are compared in full. The bounds were measured on comments: an exact copy
scores 1.0, a light edit .56 to .60, another complaint on the same subject .15 (Jaccard over character pairs).
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

from rapidfuzz import fuzz

from bot.sentiment.text import HEAD, TAIL, normalise

HASHES = 8
"""Min-hashes of a text. Two that share .55 of their pairs miss each other in (1 - .55)^8, under 2 of 1,000 cases."""
SHORTEST = 6
"""Characters from which near-duplicates count; below, only the exact text does."""
LONGEST = 300
KEPT, KEPT_PAIRS = 2048, 60_000
"""Texts whose pairs are kept, since those of the topics at hand are compared again and again; pairs whose hashes are."""
JACCARD = 0.55
RATIO = 80.0
RATIO_FROM = 8
"""Characters from which an edit ratio of 80 means the same."""

_SALTS = tuple(zlib.crc32(bytes([number])) for number in range(HASHES))
_NOISE = re.compile(r"https?://\S+|@\S{1,20}|\[[^\[\]]{1,8}\]|【[^【】]{1,8}】|[\W_]+")
_REPEATS = re.compile(r"(.)\1\1+|(..)\2\2+|(...)\3\3+|(....)\4\4+")
"""One to four characters, three times or more; spelled out, as that is twice as fast as `(.{1,4}?)\\1{2,}`."""


def normal(text: str, plain: str | None = None) -> str:
    """A text without what does not change its meaning: width, case, script, names, links, emoji, punctuation, repeats.

    Args:
        text: as it was written.
        plain: the same normalised, if that was done already.
    """
    if plain is None or len(text) > HEAD + TAIL:
        plain = normalise(text[: 4 * LONGEST])
    return _REPEATS.sub(_once, _NOISE.sub("", plain))[:LONGEST]


def _once(repeats: re.Match[str]) -> str:
    return repeats[repeats.lastindex or 0]


@lru_cache(KEPT)
def pairs(exact: str) -> frozenset[str]:
    """The pairs of neighbouring characters in a normalised text."""
    return frozenset(exact[i : i + 2] for i in range(len(exact) - 1))


@lru_cache(KEPT)
def of(exact: str) -> tuple[int, ...]:
    """The min-hashes of a normalised text; empty for a short one."""
    if len(exact) < SHORTEST:
        return ()
    return tuple(map(min, zip(*map(_hashes, pairs(exact)), strict=True)))


@lru_cache(KEPT_PAIRS)
def _hashes(pair: str) -> tuple[int, ...]:
    """The hashes of a pair of characters."""
    value = zlib.crc32(pair.encode())
    # Each salt orders the pairs anew: xor and a multiplication by an odd number are both one-to-one on 32 bits.
    return tuple(((value ^ salt) * 0x9E3779B1 & 0xFFFFFFFF) ^ number for number, salt in enumerate(_SALTS))


def is_near(one: str, other: str) -> bool:
    """Tell whether two normalised texts say the same."""
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST:
        return False
    first, second = pairs(one), pairs(other)
    shared = len(first & second)
    if shared >= JACCARD * (len(first) + len(second) - shared):
        return True
    return min(len(one), len(other)) >= RATIO_FROM and fuzz.ratio(one, other) >= RATIO
