"""Who and what plays along: the team of the contract's sample, its rooms, and people who complain in public."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

import handlers
from bot.monitor.ingest import Ingest
from bot.monitor.prepare import Preparer, Recipe
from bot.monitor.worker import Setup
from bot.sources.base import Found
from handlers.kit.registry import Registry
from handlers.kit.team import Person, Room, Team
from playbooks import load
from playbooks.library import Library
from playbooks.quiet import Quiet
from storage.database import Database, Session
from storage.precedence import Precedence
from tests.stores import KEY

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
"""14:00 in Shanghai."""
BRAND = "青柚茶饮"
PEOPLE = (
    Person(name="林悦", ids={"slack": "U0LIN", "telegram": "1001"}, roles=frozenset({"responder"})),
    Person(name="陈立", ids={"slack": "U0CHEN", "telegram": "1002"}, roles=frozenset({"lead", "pr"})),
    Person(name="吴桐", ids={"slack": "U0WU"}, roles=frozenset({"lead", "legal"})),
    Person(name="周帆", ids={"telegram": "1004"}, roles=frozenset({"facilitator"})),
)
CHANNELS = {
    "alerts": {"slack": "C0ALERTS", "telegram": "-1001"},
    "leads": {"slack": "C0LEADS"},
    "drills": {"slack": "C0DRILL", "telegram": "-1002"},
}
BOT = {"slack": "U0BOT", "telegram": "999"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


@cache
def library() -> Library:
    """The bundled playbooks, read once."""
    return load()


@cache
def registry() -> Registry:
    """The commands of the bot, collected once."""
    return handlers.load()


@cache
def preparer() -> Preparer:
    """Scores and scrubs in this process; made once, since its dictionaries are large."""
    return Preparer(Recipe(key=KEY, names=(BRAND,)))


def setup(url: str) -> Setup:
    """What a worker process is told."""
    return Setup(
        url=url,
        recipe=Recipe(key=KEY, names=(BRAND,)),
        window=timedelta(minutes=30),
        min_mentions=3,
        precedence=Precedence(),
        log_level="WARNING",
        secrets=(),
    )


def ingest(database: Database, quiet: Quiet | None = None) -> Ingest:
    """Takes comments in, in this process."""
    return Ingest(
        database=database,
        library=library(),
        preparer=preparer(),
        window=timedelta(minutes=30),
        min_mentions=3,
        quiet=quiet,
    )


def team(
    *,
    language: str = "en",
    guests: str = "none",
    rooms: Sequence[Room] = (),
    people: Sequence[Person] = PEOPLE,
) -> Team:
    """The team of the contract's sample, or one like it."""
    own = tuple(Room(name=name, purpose=name, ids=ids, language=language) for name, ids in CHANNELS.items())
    return Team(
        brand=BRAND,
        people=tuple(people),
        rooms=tuple(rooms) or own,
        guests=guests,
        language=language,
        zone=SHANGHAI,
    )


def rotten(
    text: str = "蛋糕发霉了，客服不理人，申请退款直接驳回",
    *,
    item: str = "cake",
    number: int = 0,
    **more: Any,
) -> Found:
    """A complaint in public; under one `item` they are one matter."""
    count = number or next(_comments)
    return Found(
        platform=more.pop("platform", "douyin"),
        text=text,
        native_id=f"c{count}",
        item_id=item,
        author=f"author{count}",
        nickname="某人",
        created_at=more.pop("created_at", NOW),
        likes=more.pop("likes", 3),
        **more,
    )


_comments = itertools.count(1)
COMPLAINTS = (
    "青柚的小蛋糕买回家一打开，奶油边上全是霉斑，发霉了还敢卖？太恶心了",
    "我的蛋糕也发霉了，找客服不理人，申请退款直接给我驳回，气死了",
    "蛋糕底下长霉了，吃了一口才发现，客服到现在没人回，真的很失望",
    "同款蛋糕发霉，打客服电话打不通，这是坑人吧，大家千万别买",
)
"""Four people who say the same in their own words."""


def complaints(count: int = 3, **more: Any) -> list[Found]:
    """So many complaints about one cake."""
    return [rotten(COMPLAINTS[number % len(COMPLAINTS)], **more) for number in range(count)]


async def rows(session: Session, model: type[Any]) -> Sequence[Any]:
    """All rows of a table."""
    return (await session.scalars(select(model))).all()
