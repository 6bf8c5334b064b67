"""What handlers need of the bot: score a text, read a link, know the sources. The bot fills it in at the start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.kit.cards import is_web
from playbooks.checks.files import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How a text was read.

    Args:
        negative: 0 (praise) to 1 (complaint).
        label: `negative`, `neutral` or `positive`.
        reasons: (word, weight in logits, kind), the heaviest first.
        types: playbook -> its signals that the text holds, the strongest first.
        severe: one such comment is enough to alarm.
    """

    negative: float
    label: str
    reasons: tuple[tuple[str, float, str], ...] = ()
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Where a link leads: the platform, the post's id if the link tells it, and the page without who shared it."""

    platform: str
    item_id: str
    url: str
    text: str = ""


class Unread(StrEnum):
    """Why a page was not read."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    REFUSED = "refused"
    """The site does not show it: it answered with a number that is not 200."""
    NO_TEXT = "no_text"
    LARGE = "large"
    INSIDE = "inside"
    """It is not on the public web."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the public web. Only what it comes to is ever stored.

    Args:
        text: what it shows, one line for each block.
        hash: SHA-256 of what was sent.
        why: why it was not read; None: it was. `detail`: the site's answer to that.
    """

    text: str = field(default="", repr=False)
    hash: str = ""
    why: Unread | None = None
    detail: str = ""


class BusyError(Exception):
    """The bot reads so many comments at the moment that the answer would keep everybody waiting."""


async def _unread(text: str) -> Explained:
    raise BusyError(text)


def _as_it_stands(text: str) -> Linked | None:
    word, _, rest = text.strip().partition(" ")
    return Linked(platform="web", item_id="", url=word, text=rest.strip()) if is_web(word) else None


async def _no_page(_: str) -> Page:
    return Page(why=Unread.UNREACHABLE)


async def _none() -> Sequence[Checked]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ways into the bot.

    Args:
        explain: reads a text as the monitor does. Raises BusyError.
        link: finds the link in what was pasted, and what stands beside it; None if there is none.
        sources: name -> kind of what is read.
        captions: checks the folder of planned captions.
        page: reads a page of the public web.
    """

    explain: Callable[[str], Awaitable[Explained]] = _unread
    link: Callable[[str], Linked | None] = _as_it_stands
    sources: Mapping[str, str] = field(default_factory=dict)
    captions: Callable[[], Awaitable[Sequence[Checked]]] = _none
    page: Callable[[str], Awaitable[Page]] = _no_page


def ports(settings: Mapping[str, object]) -> Ports:
    """The ports among what a handler may read by name."""
    found = settings.get("ports")
    return found if isinstance(found, Ports) else Ports()
