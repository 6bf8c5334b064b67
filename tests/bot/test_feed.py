"""Feeds, read over real HTTP from a local server."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bot.sources.base import SourceError
from bot.sources.feed import FeedSource, entries

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>青柚</title>
<item><title>小王: 青柚的杯子漏水</title><description><![CDATA[<p>青柚的杯子漏水&amp;客服不理 <img src="x"></p>]]></description>
<link>https://weibo.com/1/Abc</link><guid isPermaLink="false">w1</guid><pubDate>Fri, 20 Nov 2026 03:00:00 GMT</pubDate></item>
<item><title></title><description></description><guid>w2</guid></item>
</channel></rss>"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "items": [
 {"id": "j1", "url": "https://www.zhihu.com/question/1", "title": "青柚怎么样", "content_html": "<b>一般</b>", "date_published": "2026-11-20T11:00:00+08:00"}]}"""


class Site:
    """A web server that says what the test tells it to."""

    def __init__(self) -> None:
        self.status, self.body, self.etag = 200, RSS, '"1"'
        self.conditions: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.conditions.append(self.headers.get("If-None-Match"))
                is_same = self.headers.get("If-None-Match") == site.etag and site.status == 200
                self.send_response(304 if is_same else site.status)
                self.send_header("ETag", site.etag)
                self.end_headers()
                if not is_same:
                    self.wfile.write(site.body.encode())

            @override
            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/feed"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    @property
    def source(self) -> FeedSource:
        return FeedSource(name="weibo", url=self.url, every=timedelta(minutes=5), timezone=ZONE)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_entry_becomes_a_post_without_markup_and_an_empty_one_is_rejected(site: Site) -> None:
    batch = site.source.read({}, 100, NOW)
    [post] = batch.found
    assert (post.platform, post.kind, post.native_id) == ("weibo", "post", "w1")
    assert post.text == "青柚的杯子漏水&客服不理"
    assert post.created_at == datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert len(batch.rejects) == 1


def test_what_was_handed_over_is_not_handed_over_again(site: Site) -> None:
    first = site.source.read({}, 100, NOW)
    site.etag, site.body = '"2"', RSS.replace(">w1<", ">w3<")
    second = site.source.read(first.cursor, 100, NOW + timedelta(minutes=6))
    assert [each.native_id for each in second.found] == ["w3"]
    third = site.source.read(second.cursor, 100, NOW + timedelta(minutes=12))
    assert third.found == ()
    assert site.conditions == [None, '"1"', '"2"']


def test_a_feed_is_fetched_no_more_often_than_it_should_be(site: Site) -> None:
    first = site.source.read({}, 100, NOW)
    assert site.source.read(first.cursor, 100, NOW + timedelta(minutes=4)).found == ()
    assert len(site.conditions) == 1


@pytest.mark.parametrize(
    ("status", "body"), [(503, RSS), (404, ""), (200, "<html>login</html>"), (200, '{"a": 1}')]
)
def test_an_answer_that_is_no_feed_is_an_error_and_not_silence(site: Site, status: int, body: str) -> None:
    site.status, site.body = status, body
    with pytest.raises(SourceError):
        site.source.read({}, 100, NOW)


def test_a_site_that_is_down_is_an_error() -> None:
    source = FeedSource(name="gone", url="http://127.0.0.1:9/feed", every=timedelta(minutes=5), timezone=ZONE)
    with pytest.raises(SourceError, match="cannot be reached"):
        source.read({}, 100, NOW)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_what_is_not_http_or_stops_half_way_is_an_error_in_words(answer: bytes) -> None:
    with _line(answer) as url, pytest.raises(SourceError, match="cannot be reached") as caught:
        FeedSource(name="x", url=url, every=timedelta(minutes=5), timezone=ZONE).read({}, 100, NOW)
    assert caught.value.wait


def test_an_answer_that_drips_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.sources.feed.WAIT", 0.3)
    began = time.monotonic()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"
    with _line(head, drips=True) as url, pytest.raises(SourceError, match="cannot be reached"):
        FeedSource(name="x", url=url, every=timedelta(minutes=5), timezone=ZONE).read({}, 100, NOW)
    assert time.monotonic() - began < 5


@contextlib.contextmanager
def _line(answer: bytes, *, drips: bool = False) -> Iterator[str]:
    """A server that sends what it is told, byte by byte after that if it drips."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)
                while drips:
                    time.sleep(0.05)
                    client.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(2)


def test_json_feed_is_read_too(site: Site) -> None:
    site.body = JSON_FEED
    [post] = site.source.read({}, 100, NOW).found
    assert (post.platform, post.title, post.text) == ("zhihu", "青柚怎么样", "一般")
    assert post.created_at == datetime(2026, 11, 20, 3, tzinfo=UTC)


WEIBO = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>又有人在微博提到青柚了</title>
<item><title>小王同学: 青柚的杯子漏水</title><description><![CDATA[<a href="https://weibo.com/1234567890">小王同学</a>: 青柚的杯子漏水]]></description>
<link>https://weibo.com/1234567890/OabcDefGh</link><guid isPermaLink="false">https://weibo.com/1234567890/OabcDefGh</guid>
<pubDate>Fri, 20 Nov 2026 03:00:00 GMT</pubDate><author>小王同学</author>
<stats><reposts_count>7</reposts_count><comments_count>6</comments_count><attitudes_count>5</attitudes_count></stats></item>
<item><title>小李: 还行</title><description>还行</description><link>https://weibo.com/2234567890/OabcDefGi</link>
<guid isPermaLink="false">https://weibo.com/2234567890/OabcDefGi</guid></item></channel></rss>"""
BILI_REPLIES = """<?xml version="1.0"?><rss version="2.0"><channel><title>评论</title>
<item><title>甲某 : 难喝</title><description>甲某 : 难喝</description><link>https://www.bilibili.com/video/BV17x411w7KC/#reply101</link></item>
<item><title>乙某 : 同感</title><description>乙某 : 同感</description><link>https://www.bilibili.com/video/BV17x411w7KC/#reply102</link></item>
</channel></rss>"""


def test_weibo_as_rsshub_tells_it_has_its_counts_and_its_author_where_authors_belong(site: Site) -> None:
    site.body = WEIBO
    first, second = site.source.read({}, 100, NOW).found
    assert (first.title, first.text, first.author) == ("青柚的杯子漏水", "青柚的杯子漏水", "小王同学")
    assert (first.likes, first.replies, first.shares) == (5, 6, 7)
    assert (second.likes, second.text, second.author, second.created_at) == (None, "还行", "小李", None)
    for post in (first, second):
        assert post.url == f"https://m.weibo.cn/detail/{post.native_id}"
        assert "234567890" not in repr(replace(post, author="", nickname=""))


def test_an_entry_whose_counts_moved_is_handed_over_again(site: Site) -> None:
    site.body = WEIBO
    first = site.source.read({}, 100, NOW)
    site.etag, site.body = '"2"', WEIBO.replace("<attitudes_count>5<", "<attitudes_count>900<")
    [again] = site.source.read(first.cursor, 100, NOW + timedelta(minutes=6)).found
    assert (again.native_id, again.likes) == (first.found[0].native_id, 900)


def test_comments_of_one_video_are_told_apart(site: Site) -> None:
    site.body = BILI_REPLIES
    first, second = site.source.read({}, 100, NOW).found
    assert (first.native_id, first.kind, first.item_id, first.text, first.author) == (
        "101",
        "comment",
        "170001",
        "难喝",
        "甲某",
    )
    assert (second.native_id, second.item_id) == ("102", "170001")


def test_a_title_with_a_colon_stays_whole_where_authors_do_not_stand_there(site: Site) -> None:
    site.body = RSS.replace("https://weibo.com/1/Abc", "https://news.example.com/1").replace(
        "小王: 青柚", "公告: 青柚"
    )
    [post] = site.source.read({}, 100, NOW).found
    assert post.title == "公告: 青柚的杯子漏水"


def test_the_reason_that_a_route_gives_is_passed_on_and_it_is_left_alone_for_a_while(site: Site) -> None:
    site.status, site.body = 503, "<h1>Error</h1><p>Error Message:<br/><code>this route is empty</code></p>"
    with pytest.raises(SourceError, match=r"503 .*this route is empty") as caught:
        site.source.read({}, 100, NOW)
    assert caught.value.wait == timedelta(minutes=5)


def test_what_stands_in_extra_of_a_json_feed_is_read(site: Site) -> None:
    site.body = JSON_FEED.replace(
        '"id": "j1"', '"id": "j1", "_extra": {"stats": {"attitudes_count": 3}}, "authors": [null]'
    )
    [post] = site.source.read({}, 100, NOW).found
    assert post.likes == 3


_values = (
    st.none()
    | st.integers()
    | st.text()
    | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.text())
)
_items = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "id",
            "url",
            "title",
            "content_text",
            "content_html",
            "authors",
            "author",
            "date_published",
            "_extra",
        ),
        _values,
    ),
)


@given(st.lists(_items | _values, max_size=4))
def test_no_items_break_the_reader_of_json(items: list[Any]) -> None:
    rows = entries(json.dumps({"items": items}).encode())
    assert len(rows) == sum(isinstance(item, dict) for item in items)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda raw: RSS.encode()[: len(raw)] + raw))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(SourceError):
        assert isinstance(entries(body), list)
