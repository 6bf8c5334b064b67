"""Pages of the public web are read; nothing else that the machine can reach is."""

from __future__ import annotations

import gzip
import hashlib
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from bot.fetching import PageReader, is_public, visible
from handlers.kit.ports import Page, Unread
from tests.servers.pages import Shown, Site

TEXT = "我们已收到反映，正在核实。"
HTML = f"<html><head><title>标题</title><style>p{{}}</style></head><body><script>var a='{TEXT}!';</script><p>{TEXT}</p></body></html>"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(post=Shown(HTML)) as running:
        yield running


def anywhere(**how: float) -> PageReader:
    return PageReader(allowed=lambda _: True, **how)  # type: ignore[arg-type]


async def test_a_page_is_what_it_shows_and_the_hash_of_what_was_sent(site: Site) -> None:
    page = await anywhere()(f"{site.url}/post")
    assert page.why is None
    assert page.text.split() == [TEXT]
    assert page.hash == hashlib.sha256(HTML.encode()).hexdigest()
    assert TEXT not in repr(page), "what is logged does not hold the page"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "114.114.114.114", "2606:4700:4700::1111", "64:ff9b::101:101"]
)
def test_those_of_the_internet_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/post", "http://localhost:{port}/post", "http://2130706433:{port}/post", "http://0x7f.1:{port}/post",
        "http://１２７.0.0.1:{port}/post", "http://[::ffff:127.0.0.1]:{port}/post", "http://[::1]:{port}/post",
        "http://1.1.1.1@127.0.0.1:{port}/post", "http://%31%32%37.0.0.1:{port}/post", "file:///etc/hostname",
        "ftp://example.com/x", "gopher://127.0.0.1:{port}/post", "http:///post",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_inner_address_is_asked(site: Site, url: str) -> None:
    page = await PageReader()(url.format(port=site.port))
    # Some spellings are no host at all to those who look hosts up.
    assert page.why in {Unread.INSIDE, Unread.UNREACHABLE}
    assert site.asked == []


async def test_a_name_that_leads_inside_is_not_asked_nor_one_that_does_so_in_part(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, site.port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for addresses in (["127.0.0.1"], ["192.0.2.1", "127.0.0.1"], ["1.1.1.1", "10.0.0.1"]):
        found[:] = addresses
        assert (await PageReader()("http://weibo.example/post")).why is Unread.INSIDE
    assert site.asked == []


@pytest.mark.parametrize(
    "to", ["http://localhost:{port}/post", "http://127.0.0.2:{port}/post", "file:///etc/hostname"]
)
async def test_a_page_that_sends_on_to_an_inner_one_leads_nowhere(site: Site, to: str) -> None:
    only = ip_address("127.0.0.1")
    site.pages["away"] = Shown(status=302, headers={"Location": to.format(port=site.port)})
    allowed: list[str] = []

    def first_only(address: object) -> bool:
        allowed.append(str(address))
        return address == only and len(allowed) == 1

    page = await PageReader(allowed=first_only)(f"{site.url}/away")
    assert page.why is Unread.INSIDE
    assert site.asked == ["away"]


async def test_a_page_that_sends_on_to_another_is_followed_for_a_while_and_brings_no_cookies(
    site: Site,
) -> None:
    site.pages["short"] = Shown(status=301, headers={"Location": "/post", "Set-Cookie": "a=b"})
    site.pages["round"] = Shown(status=302, headers={"Location": "/round"})
    assert TEXT in (await anywhere()(f"{site.url}/short")).text
    assert site.cookies == ["", ""]
    assert (await anywhere()(f"{site.url}/round")).why is Unread.UNREACHABLE
    assert site.asked.count("round") == 6


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (Shown("login", status=403), Page(why=Unread.REFUSED, detail="403")),
        (Shown(b"\x89PNG", kind="image/png"), Page(why=Unread.NO_TEXT, detail="image/png")),
        (Shown("{}", kind="application/json"), Page(why=Unread.NO_TEXT, detail="application/json")),
        (Shown("长" * 400), Page(why=Unread.LARGE)),
        (Shown(gzip.compress(b"a" * 100_000), headers={"Content-Encoding": "gzip"}), Page(why=Unread.LARGE)),
        (Shown("x", headers={"Content-Encoding": "br"}), Page(why=Unread.NO_TEXT, detail="br")),
        (Shown("not packed", headers={"Content-Encoding": "gzip"}), Page(why=Unread.UNREACHABLE)),
        (Shown("late", delay=2), Page(why=Unread.SLOW)),
    ],
)
async def test_what_is_no_page_of_bearable_size_in_time_is_named(
    site: Site, shown: Shown, wanted: Page
) -> None:
    site.pages["post"] = shown
    assert await anywhere(seconds=0.5, largest=1000)(f"{site.url}/post") == wanted


async def test_what_is_not_there_at_all_cannot_be_reached() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert (await anywhere()(f"http://127.0.0.1:{taken.getsockname()[1]}/")).why is Unread.UNREACHABLE


@pytest.mark.parametrize(
    "shown",
    [
        Shown(gzip.compress(HTML.encode()), headers={"Content-Encoding": "gzip"}),
        Shown(f"<p>{TEXT}</p>".encode("gbk"), kind="text/html; charset=gbk"),
        Shown(f'<meta charset="gb2312"><p>{TEXT}</p>'.encode("gb18030"), kind="text/html"),
        Shown(TEXT, kind="text/plain; charset=utf-8"),
        Shown(f"<p>{TEXT}</p>", kind="text/html; charset=klingon"),
    ],
)
async def test_pages_come_packed_and_in_older_encodings(site: Site, shown: Shown) -> None:
    site.pages["post"] = shown
    assert (await anywhere()(f"{site.url}/post")).text.strip() == TEXT


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n二"),
        ("一<br/>二&amp;三&#22235;", "一\n二&三四"),
        ("<b>粗</b><i>斜</i>", "粗斜"),
        ("<script>if (a < b) {}</script>见<noscript>请打开</noscript><template>藏</template>", "见"),
        ("<svg><style>x</style><text>图</text></svg>文", "文"),
        ("<!-- 注 -->文<script>没有结尾", "文"),
    ],
)
def test_only_what_people_see_is_text(html: str, text: str) -> None:
    assert "\n".join(visible(html).split()) == text
