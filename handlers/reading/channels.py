"""Channels: the places in public where a text can go out, and the room that each has."""

from __future__ import annotations

import re
from typing import NewType

from handlers.kit.cards import cut, is_web
from handlers.kit.context import Context
from handlers.kit.errors import NotFoundError, UsageError
from handlers.kit.locale import Locale
from handlers.reading.words import Words
from playbooks.checks import PlatformError, limits, platform_named, room
from storage.models import Version

Channel = NewType("Channel", str)
"""The id of a platform in `playbooks/checks/data/platforms.yaml`."""
Address = NewType("Address", str)
"""Where something stands in public: a link."""
LoneAddress = NewType("LoneAddress", str)
"""A link and nothing else; words with a link among them are words."""
Pasting = NewType("Pasting", str)
"""The word `paste`: somebody wants to be asked for the words."""
Posting = NewType("Posting", str)
"""Which of several texts on a channel: `v3`, its link, or `r17`, as a button names it."""
PASTING = ("paste", "粘贴")
POSTING = re.compile(r"[vr]\d{1,9}")


async def read_channel(words: Words, ctx: Context) -> Channel | None:
    """`weibo`, `微博`, `抖音评论`: an id, name or other name."""
    if not words.first:
        return None
    try:
        channel = platform_named(words.first)
    except PlatformError:
        raise NotFoundError(
            ctx.say("There is no channel “{word}”.", word=cut(words.first)),
            hint=ctx.say("There are: {titles}", titles=" · ".join(each.name for each in limits().values())),
        ) from None
    words.take()
    return Channel(channel)


async def read_address(words: Words, ctx: Context) -> Address | None:
    """A link."""
    if not words.first:
        return None
    if not is_web(words.first):
        raise UsageError(
            ctx.say("“{word}” is no link.", word=cut(words.first)),
            hint=ctx.say("A link begins with https:// and leads to the post."),
        )
    return Address(words.take())


async def read_lone_address(words: Words, _ctx: Context) -> LoneAddress | None:
    """A link, if it is all that is left."""
    return LoneAddress(words.take()) if is_web(words.left) else None


async def read_pasting(words: Words, _ctx: Context) -> Pasting | None:
    """`paste`, if it is all that is left."""
    return Pasting(words.take()) if words.left.casefold() in PASTING else None


async def read_posting(words: Words, _ctx: Context) -> Posting | None:
    """`v3`, `r17` or a link."""
    is_one = is_web(words.first) or POSTING.fullmatch(words.first.casefold())
    return Posting(words.take()) if is_one else None


def channel_name(channel: str) -> str:
    """What people call a channel."""
    found = limits().get(channel)
    return found.name if found else channel


def whole(say: Locale, version: Version) -> str:
    """A version's text, and below it what it is on the channels that have one of their own."""
    variants = sorted((version.variants or {}).items())
    return "\n\n".join(
        (version.text, *(f"—— {used(say, text, channel)} ——\n{text}" for channel, text in variants))
    )


def used(say: Locale, text: str, channel: str) -> str:
    """How much of a channel's room a text takes, as that platform counts: `微博 136/2000`."""
    taken, most = room(text, channel)
    return say(
        "{channel} {used}/{most}{mark}",
        channel=channel_name(channel),
        used=taken,
        most=most,
        mark=" ⚠️" if taken > most else "",
    )
