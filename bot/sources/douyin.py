"""Comments under our own videos on Douyin, from its open platform: polled, and sent by its webhook.

The webhook is quick, but Douyin promises neither that all arrives nor in which order; so the poller is what counts, and a
comment that comes both ways is stored once. Other accounts' videos are out of reach here: those come as files.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import Field
from typing_extensions import override

from bot.sources.base import Batch, Cursor, Found, Pushed, PushError, Reject
from bot.sources.douyin_api import BAD_PARAMETER, NO_RIGHT, Api, CodeError, Vault, number
from bot.sources.fields import RowError, to_found
from bot.sources.kinds import Site, SourceSettings
from bot.sources.links import identify
from playbooks.checking import Duration, Text

PAGE = 20
"""Comments of one answer; some of Douyin's pages allow 50, others 20."""
PAGES = 5
"""Answers of one reading, so that other sources get their turn."""
BACK = timedelta(days=7)
"""How far back a video's comments are read at first."""
OVERLAP = 60
"""Seconds that a reading goes back behind the newest comment it knows: Douyin's list may lag."""
REMEMBERED = 10_000
"""Messages of the webhook that are not taken again."""


class DouyinSettings(SourceSettings):
    """Our own account on Douyin, through its open platform.

    The secrets stand in the environment (or `.env`) under names that are given here, and nowhere else. Tokens that Douyin
    renews are kept in `douyin/NAME.json` in the data folder, which only the bot's own user may read.

    Args:
        client_key: the app's key; public.
        client_secret_env: the variable with the app's secret, which signs the webhook (POST /ingest/{name}).
        refresh_token_env: the variable with the account's refresh token, from the first authorisation. Empty: only the
            webhook is used. A new value there replaces what was kept.
        items: ids of videos in Douyin's open platform (`@9Vx...==`); empty: the newest `videos` of the account.
        every: how often comments are fetched.
        url: another server, for tests.
    """

    kind: Literal["douyin"]
    client_key: Text
    client_secret_env: Text = "DOUYIN_CLIENT_SECRET"  # noqa: S105 - its name
    refresh_token_env: str = "DOUYIN_REFRESH_TOKEN"  # noqa: S105 - its name
    items: tuple[Text, ...] = ()
    videos: Annotated[int, Field(ge=1, le=100)] = 20
    every: Duration = timedelta(minutes=1)
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+$")] = "https://open.douyin.com"

    @property
    @override
    def variables(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.client_secret_env, self.refresh_token_env)))

    @property
    @override
    def accounts(self) -> tuple[str, ...]:
        return (_author(self.name),)

    @override
    def build(self, site: Site) -> DouyinSource | None:
        if not self.refresh_token_env:
            return None
        token = site.variables[self.refresh_token_env]
        return DouyinSource(
            name=self.name,
            api=Api(url=self.url, client_key=self.client_key, refresh_token=token, vault=self._vault(site)),
            items=self.items,
            videos=self.videos,
            every=self.every,
        )

    @override
    def push(self, site: Site) -> DouyinPush:
        return DouyinPush(self.name, site.variables[self.client_secret_env], self._vault(site))

    def _vault(self, site: Site) -> Vault:
        return Vault(site.data / "douyin" / f"{self.name}.json")


@dataclass(slots=True)
class _Sweep:
    """Where the poller stands, as the cursor keeps it.

    Args:
        due: when the next sweep begins, epoch seconds.
        todo: videos that this sweep has still to read.
        page: Douyin's own cursor within the first of them, and `top`: the newest comment seen there in this sweep.
        seen: video -> the newest comment that is known, epoch seconds.
        bad: videos that Douyin does not know; they are reported once.
    """

    due: float = 0
    todo: list[str] = field(default_factory=list)
    page: int = 0
    top: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def next_video(self) -> None:
        """Done with a video."""
        item = self.todo.pop(0)
        self.seen[item] = max(self.top, self.seen.get(item, 0))
        self.page = self.top = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DouyinSource:
    """Polls the comments, newest first, down to those it knows."""

    name: str
    api: Api
    items: tuple[str, ...]
    videos: int
    every: timedelta

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        """Read on. Raises SourceError."""
        sweep = _Sweep(**cursor)
        if not sweep.todo and now.timestamp() < sweep.due:
            return Batch(cursor=cursor)
        found: list[Found] = []
        rejects: list[Reject] = []
        if not sweep.todo:
            found += self._begin(sweep, now)
        for _ in range(PAGES):
            if not sweep.todo or len(found) >= limit:
                break
            self._read_page(sweep, now, found, rejects)
        if not sweep.todo:
            sweep.due = (now + self.every).timestamp()
        return Batch(
            found=tuple(found), rejects=tuple(rejects), cursor=sweep.to_json(), more=bool(sweep.todo)
        )

    def check(self, now: datetime) -> None:
        """See `Checked.check`."""
        try:
            self._listed(now)
        except CodeError as error:
            if not self.items or error.code not in NO_RIGHT:
                raise

    def _begin(self, sweep: _Sweep, now: datetime) -> list[Found]:
        """Begin a sweep: which videos there are, and their counts."""
        try:
            listed = self._listed(now)
        except CodeError as error:
            # Counts need one more scope than comments do; without it the named videos are read all the same.
            if not self.items or error.code not in NO_RIGHT:
                raise
            listed = []
        numbers = {
            item: number
            for video in listed
            if (item := str(video.get("item_id") or "")) and (number := _number(video))
        }
        keys = self.api.keys(now)
        if numbers.keys() - keys.numbers.keys():
            self.api.vault.change(numbers={**keys.numbers, **numbers})
        sweep.todo = list(self.items) or [str(video["item_id"]) for video in listed if video.get("item_id")]
        sweep.seen = {item: sweep.seen[item] for item in sweep.todo if item in sweep.seen}
        return [video for each in listed if (video := _video(each, self.name, now)) is not None]

    def _listed(self, now: datetime) -> list[Mapping[str, Any]]:
        if self.items:
            data = self.api.post("/api/douyin/v1/video/video_data/", now, {"item_ids": list(self.items)})
        else:
            data = self.api.get(
                "/api/douyin/v1/video/video_list/", now, cursor=0, count=min(self.videos, PAGE)
            )
        listed = _rows(data)
        while not self.items and data.get("has_more") and len(listed) < self.videos and _rows(data):
            place = number(data.get("cursor"))
            data = self.api.get("/api/douyin/v1/video/video_list/", now, cursor=place, count=PAGE)
            listed += _rows(data)
        return listed[: max(self.videos, len(self.items))]

    def _read_page(self, sweep: _Sweep, now: datetime, found: list[Found], rejects: list[Reject]) -> None:
        item = sweep.todo[0]
        try:
            data = self.api.get(
                "/item/comment/list/", now, item_id=item, cursor=sweep.page, count=PAGE, sort_type="time"
            )
        except CodeError as error:
            if error.code not in BAD_PARAMETER:
                raise
            if item not in sweep.bad:
                sweep.bad.append(item)
                rejects.append(
                    Reject(file=f"{self.name}:{item}", offset=0, reason="Douyin does not know this video")
                )
            sweep.next_video()
            return
        public = self.api.vault.load().numbers.get(item, item)
        rows = _rows(data)
        for place, row in enumerate(rows, sweep.page):
            try:
                found.append(_comment(row, public, now))
            except RowError as error:
                rejects.append(Reject(file=f"{self.name}:{item}", offset=place, reason=str(error)))
        times = [
            number(row.get("create_time")) for row in rows if not row.get("top")
        ]  # pinned ones stand first, however old
        sweep.top = max([sweep.top, *times])
        known = sweep.seen.get(item, int((now - BACK).timestamp()))
        page, sweep.page = sweep.page, number(data.get("cursor"))
        if not data.get("has_more") or sweep.page <= page or (times and min(times) < known - OVERLAP):
            sweep.next_video()


class DouyinPush:
    """Takes what Douyin's webhook sends."""

    def __init__(self, name: str, client_secret: str, vault: Vault) -> None:
        self.name = name
        self._secret = client_secret
        self._vault = vault
        self._known: OrderedDict[str, None] = OrderedDict()

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Pushed:
        """See `Push.accept`."""
        expected = hashlib.sha1(self._secret.encode() + body).hexdigest()  # noqa: S324 - Douyin's choice
        given = headers.get("X-Douyin-Signature", "").strip().lower()
        if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise PushError(401, "X-Douyin-Signature is missing or wrong")
        event = _object(body)
        if event is None:
            raise PushError(400, "not an event: JSON with event and content")
        content = event.get("content")
        # Douyin sends an object with some events and the same as a text with others.
        content = _object(content) if isinstance(content, str) else content
        said = content if isinstance(content, dict) else {}
        if event.get("event") == "verify_webhook":
            return Pushed(answer={"challenge": said.get("challenge")})
        if headers.get("Msg-Id", "") in self._known:
            return Pushed()
        return self._taken(event, said, now)

    def stored(self, headers: Mapping[str, str]) -> None:
        """See `Push.stored`."""
        if message := headers.get("Msg-Id", ""):
            self._known[message] = None
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _taken(self, event: Mapping[str, Any], said: Mapping[str, Any], now: datetime) -> Pushed:
        kind = event.get("event")
        if kind == "unauthorize":
            keys = self._vault.load()
            if event.get("from_user_id") in {keys.open_id, None, ""}:
                self._vault.change(revoked=True)
        if kind != "item_comment_reply":  # messages to the account among them: those are private
            return Pushed()
        item = str(said.get("reply_to_item_id") or "")
        try:
            row = {**said, "parent_id": said.get("reply_to_comment_id")}
            return Pushed(found=(_comment(row, self._vault.load().numbers.get(item, item), now),))
        except RowError as error:
            return Pushed(rejects=(Reject(file=self.name, offset=0, reason=str(error)),))


def _comment(row: Mapping[str, Any], item: str, now: datetime) -> Found:
    """A comment as this interface writes it. Raises RowError."""
    return to_found(
        {
            "platform": "douyin",
            "kind": "reply" if _parent(row) else "comment",
            "comment_id": row.get("comment_id"),
            "item_id": item,
            "parent_id": _parent(row),
            "content": row.get("content"),
            "create_time": row.get("create_time"),
            "author_id": row.get("comment_user_id"),
            "nickname": row.get("nick_name"),
            "likes": row.get("digg_count"),
            "replies": row.get("reply_comment_total"),
        },
        timezone=ZoneInfo("Asia/Shanghai"),
        now=now,
    )


def _parent(row: Mapping[str, Any]) -> str:
    parent = str(row.get("parent_id") or row.get("reply_comment_id") or "")
    return "" if parent in {"0", str(row.get("comment_id"))} else parent


def _author(source: str) -> str:
    """Stands for the account that a source speaks for."""
    return f"own:{source}"


def _video(video: Mapping[str, Any], source: str, now: datetime) -> Found | None:
    """One of our videos, for its counts; None if it has no title."""
    counts = video.get("statistics")
    counts = counts if isinstance(counts, dict) else {}
    row = {
        "platform": "douyin",
        "kind": "video",
        "item_id": _number(video) or video.get("item_id"),
        "author_id": _author(source),
        "title": video.get("title"),
        "share_url": video.get("share_url"),
        "create_time": video.get("create_time"),
        "collected_at": now.astimezone(UTC).isoformat(),
        "likes": counts.get("digg_count"),
        "replies": counts.get("comment_count"),
        "shares": counts.get("share_count"),
        "plays": counts.get("play_count"),
    }
    try:
        return to_found(row, timezone=ZoneInfo("Asia/Shanghai"), now=now)
    except RowError:
        return None


def _number(video: Mapping[str, Any]) -> str:
    """A video's public number, out of its link: what crawlers call `aweme_id`."""
    post = identify(str(video.get("share_url") or ""))
    return post.item_id if post else ""


def _rows(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = data.get("list")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(text: bytes | str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
