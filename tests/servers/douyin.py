"""A local server that answers as the Douyin Open Platform documents it: tokens, videos, comments, and errors.

Where the documents' samples differ (numbers as texts, codes in `data` or in `extra`), it answers in either way in turn.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import orjson
from typing_extensions import override

MOST = 20
OPEN_ID = "open-id-of-the-account"
Answer = dict[str, Any]


def comment(number: int, at: int, text: str = "蛋糕发霉了", **more: Any) -> Answer:
    """A comment as the interface writes it, with everything personal that it may hold."""
    return {
        "comment_id": f"@comment{number}==",
        "comment_user_id": f"@user{number}==",
        "content": text,
        "create_time": at,
        "digg_count": number,
        "reply_comment_total": 0,
        "top": False,
        "nick_name": "测试昵称甲",
        "avatar": "https://p.example.com/avatar.jpeg",
        **more,
    }


@dataclass
class Video:
    """A video of the account."""

    title: str
    public: str
    comments: list[Answer] = field(default_factory=list)


class DouyinServer:
    """The platform.

    Attributes:
        refuse: path -> codes that the next calls of it are refused with.
        down: the HTTP status of all answers, 200 if it works.
        calls: paths that were called.
        access: the tokens that are good.
    """

    client_key = "awx1key"

    def __init__(self) -> None:
        self.videos: dict[str, Video] = {}
        self.refuse: dict[str, list[int]] = {}
        self.down = 200
        self.calls: list[str] = []
        self.access: set[str] = set()
        self.refresh = "rft.first"
        self.refresh_left = 30 * 86400
        self.renewals = 0
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(platform.get(self.path, self.headers.get("access-token", "")))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self._answer(
                    platform.post(
                        self.path, self.headers.get("access-token", ""), self.headers["content-type"], body
                    )
                )

            def _answer(self, data: Answer) -> None:
                raw = orjson.dumps(data) if platform.down == 200 else b"<html>busy</html>"
                self.send_response(platform.down)
                self.send_header("Content-Length", str(len(raw)))
                self.send_header("Location", f"{platform.url}/elsewhere")
                self.end_headers()
                self.wfile.write(raw)

            @override
            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, address: str, token: str) -> Answer:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.calls.append(parts.path)
        if refusal := self._refused(parts.path, token, query.get("open_id", "")):
            return refusal
        if parts.path == "/item/comment/list/":
            return self._comments(query)
        if parts.path == "/api/douyin/v1/video/video_list/":
            return self._page(list(map(self._video, self.videos)), query)
        return _error(28001007, "unknown path")

    def post(self, address: str, token: str, kind: str, body: bytes) -> Answer:
        parts = urlsplit(address)
        self.calls.append(parts.path)
        if parts.path.startswith("/oauth/"):
            if kind != "application/x-www-form-urlencoded":
                return _error(2100005, "Parameter error")
            return self._token(parts.path, {name: v[0] for name, v in parse_qs(body.decode()).items()})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if refusal := self._refused(parts.path, token, query.get("open_id", "")):
            return refusal
        wanted = orjson.loads(body)["item_ids"]
        return _data({"list": [self._video(item) for item in wanted if item in self.videos]})

    def _refused(self, path: str, token: str, open_id: str) -> Answer | None:
        if codes := self.refuse.get(path):
            return _error(codes.pop(0), "refused")
        if token not in self.access:
            return _error(2190008, "access_token过期,请刷新或重新授权", in_extra=True)
        return _error(28001015, "mismatch") if open_id != OPEN_ID else None

    def _token(self, path: str, form: dict[str, str]) -> Answer:
        if codes := self.refuse.get(path):
            return _error(codes.pop(0), "refused")
        if form.get("client_key") != self.client_key or form.get("refresh_token") != self.refresh:
            return _error(10010, "refresh_token过期")
        if path == "/oauth/renew_refresh_token/":
            if self.renewals == 5:
                return _error(10020, "超过刷新次数限制")
            self.renewals += 1
            self.refresh, self.refresh_left = f"rft.renewed{self.renewals}", 30 * 86400
            return _data({"refresh_token": self.refresh, "expires_in": str(self.refresh_left)})
        if form.get("grant_type") != "refresh_token":
            return _error(2100005, "Parameter error")
        token = f"act.{len(self.calls)}"
        self.access = {token}
        return {
            "message": "success",
            "data": {
                "error_code": 0, "description": "", "access_token": token, "expires_in": "1296000", "open_id": OPEN_ID,
                "refresh_token": self.refresh, "refresh_expires_in": str(self.refresh_left), "scope": "item.comment",
            },
        }  # fmt: skip

    def _comments(self, query: dict[str, str]) -> Answer:
        video = self.videos.get(query["item_id"])
        if video is None or query.get("sort_type") not in {"time", "time_asc"}:
            return _error(28001007, "参数不合法")
        newest = sorted(video.comments, key=lambda each: (not each["top"], -int(each["create_time"])))
        return self._page(newest, query)

    def _page(self, rows: list[Answer], query: dict[str, str]) -> Answer:
        count, start = int(query["count"]), int(query["cursor"])
        if not 0 < count <= MOST:
            return _error(2100005, "count")
        end = start + count
        return _data({"list": rows[start:end], "cursor": end, "has_more": end < len(rows)})

    def _video(self, item: str) -> Answer:
        video = self.videos[item]
        share = f"https://www.iesdouyin.com/share/video/QDlWd0/?region=CN&mid={video.public}&u_code=abc"
        counts = {
            "comment_count": str(len(video.comments)),
            "digg_count": 7,
            "share_count": 2,
            "play_count": 900,
        }
        return {
            "item_id": item, "title": video.title, "create_time": 1795000000, "share_url": share, "statistics": counts,
        }  # fmt: skip


def _data(data: Answer) -> Answer:
    return {
        "data": {"error_code": "0", "description": "", **data},
        "extra": {
            "logid": "2026",
            "now": 1795000000000,
            "error_code": 0,
            "description": "",
            "sub_error_code": 0,
        },
    }


def _error(code: int, said: str, *, in_extra: bool = False) -> Answer:
    part = {"error_code": code, "description": said}
    fine = {"error_code": 0, "description": ""}
    return {"data": fine, "extra": part} if in_extra else {"data": part, "extra": {"logid": "2026", "now": 1}}


def event(
    name: str, content: object, secret: str, *, as_text: bool = False, **more: Any
) -> tuple[bytes, dict[str, str]]:
    """What the webhook sends: a body and its headers."""
    said = orjson.dumps(content).decode() if as_text else content
    body = orjson.dumps(
        {
            "event": name, "client_key": DouyinServer.client_key, "from_user_id": OPEN_ID, "to_user_id": "", "content": said,
            "log_id": "2026", **more,
        }
    )  # fmt: skip
    signature = hashlib.sha1(secret.encode() + body).hexdigest()
    return body, {"X-Douyin-Signature": signature, "Msg-Id": hashlib.sha1(body).hexdigest()}
