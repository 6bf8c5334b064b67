"""Feeds, read over real HTTP from a local server."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def test_json_feed_is_read_too(site: Site) -> None:
    site.body = JSON_FEED
    [post] = site.source.read({}, 100, NOW).found
    assert (post.platform, post.title, post.text) == ("zhihu", "青柚怎么样", "一般")
    assert post.created_at == datetime(2026, 11, 20, 3, tzinfo=UTC)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(SourceError):
        assert isinstance(entries(body), list)
