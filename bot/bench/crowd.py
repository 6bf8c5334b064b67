"""Made-up comments about a made-up tea shop, in MediaCrawler's form: mostly talk, some praise, about 5 % complaints.

Put together from the parts in `crowd.yaml`, so that few of them are alike and the scorer has to think about each as it does in life. The
complaints are about a few matters, which begin one after the other and grow, as real ones do. Same seed, same crowd.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

NEGATIVES = 0.05
COMMENTS_PER_MATTER = 2000
AT_A_TIME = 5
"""Matters that are talked of at the same time."""
ITEMS = 400
"""Posts and videos under which the comments stand."""
SPAN = timedelta(hours=6)
"""How long before now the oldest was written."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Matter:
    """Something people complain of, from some point of the stream on."""

    trouble: list[str]
    platform: str
    item: int
    begins: float


class Crowd:
    """The comments.

    Args:
        count: how many.
        now: the newest is written then.
    """

    def __init__(self, count: int, now: datetime, seed: int = 1) -> None:
        self.count = count
        self._now = now
        self._random = Random(seed)  # noqa: S311 - not a secret
        matters = max(1, count // COMMENTS_PER_MATTER)
        self._life = min(1.0, AT_A_TIME / matters)
        self._matters = [
            _Matter(
                trouble=_parts()["troubles"][number % len(_parts()["troubles"])],
                platform=self._random.choice(list(_FORMS)),
                item=ITEMS + number,
                begins=(1 - self._life) * number / matters,
            )
            for number in range(matters)
        ]

    def texts(self) -> list[str]:
        """What they say."""
        return [text for text, _, _ in self._said()]

    def write(self, folder: Path) -> None:
        """Write them as a crawler would: a file of JSON Lines for each platform."""
        lines: dict[str, list[str]] = {platform: [] for platform in _FORMS}
        for number, (text, platform, item) in enumerate(self._said()):
            written = self._now - SPAN * (1 - number / self.count)
            row = {**self._common(number), **_FORMS[platform](text, item, written)}
            lines[platform].append(json.dumps(row, ensure_ascii=False))
        for platform, found in lines.items():
            path = folder / platform / "jsonl" / f"search_comments_{self._now:%Y-%m-%d}.jsonl"
            path.parent.mkdir(parents=True)
            path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")

    def _said(self) -> Iterator[tuple[str, str, int]]:
        """Text, platform and item of each, in the order in which they were written."""
        for number in range(self.count):
            place = number / self.count
            alive = [
                matter for matter in self._matters if matter.begins <= place < matter.begins + self._life
            ]
            if alive and self._random.random() < NEGATIVES:
                matter = self._random.choice(alive)
                yield self._complaint(matter), matter.platform, matter.item
            else:
                yield self._talk(), self._random.choice(list(_FORMS)), self._random.randrange(ITEMS)

    def _talk(self) -> str:
        kind = self._random.random()
        if kind < 0.15:
            return self._put("请问{where}的青柚{asks}{tails}")
        said = "{praise}" if kind < 0.4 else "{talk}"
        more = f"，{self._put('{talk}')}" if self._random.random() < 0.4 else ""
        return self._put(f"{{when}}{{who}}在{{where}}{{did}}青柚的{{what}}，{said}{more}{{tails}}")

    def _complaint(self, matter: _Matter) -> str:
        opening = self._random.choice(["", "青柚", "青柚的", "{when}", "{who}也是，"])
        ending = self._random.choice(["", "，{loud}", "，{loud}！", "，{loud}[怒]", "！！"])
        return self._put(opening + self._random.choice(matter.trouble) + ending)

    def _put(self, form: str) -> str:
        """Fill a form with parts taken at random."""
        return form.format_map(
            {name: self._random.choice(parts) for name, parts in _parts().items() if name != "troubles"}
        )

    def _common(self, number: int) -> Row:
        return {
            "comment_id": str(7_300_000_000_000_000_000 + number),
            "nickname": self._put("{names}") + str(self._random.randrange(10_000)),
            "user_id": str(self._random.randrange(10**10)),
            "ip_location": self._random.choice(["广东", "四川", "浙江", "北京", "湖北"]),
            "sub_comment_count": "0",
            "last_modify_ts": int(self._now.timestamp() * 1000),
        }


@cache
def _parts() -> dict[str, list[Any]]:
    parts: dict[str, list[Any]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return parts


def _douyin(text: str, item: int, at: datetime) -> Row:
    stand = {"aweme_id": str(7_400_000_000_000_000_000 + item), "parent_comment_id": "0", "pictures": ""}
    return {**stand, "content": text, "create_time": int(at.timestamp()), "like_count": len(text) % 40}


def _weibo(text: str, item: int, at: datetime) -> Row:
    stand = {"note_id": str(5_100_000_000_000_000 + item), "parent_comment_id": ""}
    written = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    return {**stand, "content": text, "create_date_time": written, "comment_like_count": str(len(text) % 30)}


def _xhs(text: str, item: int, at: datetime) -> Row:
    stand = {"note_id": f"66f0a1b2c3d4e5f6{item:08x}", "parent_comment_id": 0, "pictures": ""}
    return {
        **stand,
        "content": text,
        "create_time": int(at.timestamp() * 1000),
        "like_count": str(len(text) % 20),
    }


_FORMS = {"douyin": _douyin, "weibo": _weibo, "xhs": _xhs}
"""The fields in which a crawl of each platform differs."""
