"""Read a public page that somebody named, and nothing else that the machine can reach: what it says to the eye, in text.

The address comes from people, and the page may send on to any other, so each connection is made only to an address that was looked
at first: no loopback, private or link-local one is ever asked (OWASP, Server-Side Request Forgery Prevention).
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import hashlib
import ipaddress
import re
import socket
import zlib
from collections.abc import Callable
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from handlers.kit.ports import Page, Unread

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

SECONDS = 5.0
"""For all of it, redirects included: meanwhile nobody else is served."""
LARGEST = 2 * 2**20
"""Bytes, unpacked."""
HOPS = 5
READ = ("text/html", "application/xhtml+xml", "text/plain")
BLOCK = 1 << 16
NAT64 = ipaddress.ip_network("64:ff9b::/96")
HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Fenghuo)",
    "Accept": "text/html, text/plain;q=0.9",
    "Accept-Language": "zh-CN, zh;q=0.9, en;q=0.5",
    "Accept-Encoding": "gzip, deflate, identity",
}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})""", re.IGNORECASE)


class _RefusedError(OSError):
    """An address that is not asked."""


class _EndedError(Exception):
    """The page is not read. `why`: what keeps it from being."""

    def __init__(self, why: Unread, detail: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.detail = detail


def is_public(address: Ip) -> bool:
    """Tell whether an address is one of the public internet, also where it holds an older one in itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


class _Resolver(AbstractResolver):
    """Finds a host's addresses; if any of them is not allowed, the host is refused. What is connected to is what was looked at."""

    def __init__(self, allowed: Callable[[Ip], bool]) -> None:
        self._allowed = allowed

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not all(self._allowed(_address(each[4][0])) for each in found):
            raise _RefusedError(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, proto, _, where in found
        ]

    @override
    async def close(self) -> None:
        """Nothing is open."""


def _address(text: Any) -> Ip:
    return ipaddress.ip_address(str(text).partition("%")[0])


class PageReader:
    """Reads pages.

    Args:
        allowed: which addresses may be asked.
        seconds: for one page; `largest`: bytes of it.
    """

    def __init__(
        self,
        *,
        allowed: Callable[[Ip], bool] = is_public,
        seconds: float = SECONDS,
        largest: int = LARGEST,
    ) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._largest = largest

    async def __call__(self, url: str) -> Page:
        """What a page shows, or why it was not read."""
        try:
            async with asyncio.timeout(self._seconds):
                content, kind, charset = await self._read(url)
            return await asyncio.to_thread(_page, content, kind, charset)
        except _EndedError as error:
            return Page(why=error.why, detail=error.detail)
        except TimeoutError:
            return Page(why=Unread.SLOW)
        except _RefusedError:
            return Page(why=Unread.INSIDE)
        except aiohttp.ClientConnectorError as error:
            inside = isinstance(error.os_error, _RefusedError)
            return Page(why=Unread.INSIDE if inside else Unread.UNREACHABLE)
        except (aiohttp.ClientError, OSError, ValueError):
            return Page(why=Unread.UNREACHABLE)

    async def _read(self, url: str) -> tuple[bytes, str, str]:
        connector = aiohttp.TCPConnector(resolver=_Resolver(self._allowed), use_dns_cache=False, limit=1)
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=HEADERS,
        ) as session:
            for _ in range(HOPS + 1):
                async with session.get(self._looked_at(url), allow_redirects=False) as answer:
                    to = answer.headers.get("Location", "")
                    if answer.status in REDIRECTS and to:
                        url = urljoin(url, to)
                        continue
                    return await self._content(answer)
        raise _EndedError(Unread.UNREACHABLE)

    def _looked_at(self, url: str) -> str:
        """An address on the web, spelled so that nobody reads another host out of it.

        A host that is a number is resolved by nobody, so it is looked at here; nameprep makes a number of `１２７.0.0.1`, too.
        """
        parts = urlsplit(url)
        said = parts.hostname or ""
        host = said if ":" in said else said.encode("idna").decode()
        if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[\w.-]+|[0-9a-f:.]+", host):
            raise _EndedError(Unread.INSIDE)
        with contextlib.suppress(ValueError):
            if not self._allowed(ipaddress.ip_address(host)):
                raise _EndedError(Unread.INSIDE)
        place = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, f"{place}{port}", parts.path, parts.query, ""))

    async def _content(self, answer: aiohttp.ClientResponse) -> tuple[bytes, str, str]:
        if answer.status != HTTPStatus.OK:
            raise _EndedError(Unread.REFUSED, str(answer.status))
        if answer.content_type not in READ:
            raise _EndedError(Unread.NO_TEXT, answer.content_type)
        unpack = _unpacking(answer.headers.get("Content-Encoding", ""))
        content = bytearray()
        async for block in answer.content.iter_chunked(BLOCK):
            # One byte more than is read shows that there is more; a small page cannot unpack to a huge one.
            content += unpack(block, self._largest + 1 - len(content))
            if len(content) > self._largest:
                raise _EndedError(Unread.LARGE)
        return bytes(content), answer.content_type, answer.charset or ""


def _unpacking(encoding: str) -> Callable[[bytes, int], bytes]:
    if encoding in {"", "identity"}:
        return lambda block, most: block[:most]
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise _EndedError(Unread.NO_TEXT, encoding)
    # 32: the header tells whether it is zlib's or gzip's (zlib.net/manual.html, inflateInit2).
    unpacker = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)

    def unpack(block: bytes, most: int) -> bytes:
        try:
            return unpacker.decompress(unpacker.unconsumed_tail + block, most)
        except zlib.error as error:
            raise _EndedError(Unread.UNREACHABLE) from error

    return unpack


def _page(content: bytes, kind: str, charset: str) -> Page:
    text = _decoded(content, charset)
    shown = text if kind == "text/plain" else visible(text)
    return Page(text=shown, hash=hashlib.sha256(content).hexdigest())


def _decoded(content: bytes, charset: str) -> str:
    named = _CHARSET.search(content[:4096])
    name = charset or (named[1].decode() if named else "") or "utf-8"
    try:
        # GB 18030 reads all that older Chinese encodings write.
        found = "gb18030" if codecs.lookup(name).name in {"gb2312", "gbk"} else name
        return content.decode(found, errors="replace")
    except LookupError:
        return content.decode(errors="replace")


def visible(html: str) -> str:
    """The text of a page that people see, one line for each block."""
    reader = _Visible()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


class _Visible(HTMLParser):
    """Keeps text, drops what is never shown."""

    HIDDEN = frozenset(
        {"script", "style", "noscript", "template", "title", "svg", "iframe", "object", "select"}
    )
    BLOCKS = re.compile(
        "address|article|aside|blockquote|br|d[dlt]|div|fig(ure|caption)|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table"
        "|t[dhr]|ul"
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden.append(tag)
        elif self.BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            # What was opened inside and never closed is over with it.
            del self._hidden[self._hidden.index(tag) :]
        elif self.BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
