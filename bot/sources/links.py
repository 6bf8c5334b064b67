"""Links and what people paste: which platform, which post.

Pure: nothing is fetched. A short link (`v.douyin.com/...`) does not tell its post, so there only the platform is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from bot.sources.base import Found

_LINK = re.compile(
    r"(?:https?://|(?<![\w.@/])(?=[\w.-]+\.(?:com|cn|tv)/))[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII
)
_TRAILING = ".,;:!?)]'&"
_LONGEST = 4000
"""Characters of a link, and of what is looked at in a pasted text before it is given up."""

_HOSTS = {
    "douyin.com": "douyin", "iesdouyin.com": "douyin", "weibo.com": "weibo", "weibo.cn": "weibo", "t.cn": "weibo",
    "xiaohongshu.com": "xhs", "xhslink.com": "xhs", "bilibili.com": "bili", "b23.tv": "bili",
    "kuaishou.com": "kuaishou", "gifshow.com": "kuaishou", "chenzhongtech.com": "kuaishou",
    "tieba.baidu.com": "tieba", "zhihu.com": "zhihu", "mp.weixin.qq.com": "wechat",
}  # fmt: skip
_POSTS = {
    "douyin": re.compile(r"/(?:share/)?(?:video|note|slides)/([0-9]{15,20})(?![0-9])"),
    "weibo": re.compile(
        r"^/(?:status|detail|[0-9]{5,13}|statuses)/(?P<post>[0-9]{16}|[0-9A-Za-z]{9})/?$|^/[0-9]{5,13}/(?P<old>[0-9]{16})/?$"
    ),
    "xhs": re.compile(r"^/(?:explore|discovery/item|user/profile/[0-9a-f]{24})/([0-9a-f]{24})/?$"),
    "bili": re.compile(
        r"/(?:video/|opus/|^)?(BV[0-9A-Za-z]{10}|av[0-9]{1,16}|(?<=opus/)[0-9]{15,20})(?:/|$)"
    ),
    "kuaishou": re.compile(r"/(?:short-video|fw/photo|photo/[0-9]+)/([0-9A-Za-z_-]{6,30})/?$"),
    "tieba": re.compile(r"^/p/([0-9]{6,14})/?$"),
    "zhihu": re.compile(r"^/(?:question/[0-9]+/answer|p|zvideo|question)/([0-9]{5,20})/?$"),
}
_PAGES = {
    "douyin": "https://www.douyin.com/video/{}",
    "weibo": "https://m.weibo.cn/detail/{}",
    "xhs": "https://www.xiaohongshu.com/explore/{}",
    "bili": "https://www.bilibili.com/video/av{}",
    "kuaishou": "https://www.kuaishou.com/short-video/{}",
    "tieba": "https://tieba.baidu.com/p/{}",
}
_VIDEOS = frozenset({"douyin", "bili", "kuaishou"})
_BOILERPLATE = tuple(
    re.compile(pattern)
    for pattern in (
        r"^\s*[0-9]{1,2}\.[0-9]{1,2}\s*(?=\S)",
        r"^\s*[0-9]{1,3}\s+(?=\S{1,30}发布了一篇|【)",
        r"\S{1,30}发布了一篇小红书笔记[，,]快来看吧[！!]?",
        r"😆\s?[0-9A-Za-z]{8,20}\s?😆",
        r"[，,]?\s*(?:长按)?复制(?:此条消息|本条信息|这条信息|此链接|打开抖音)[，,]?\s*(?:看看)?",
        r"【[^】]{0,40}的(?:图文)?(?:作品|直播)】",
        r"打开【?(?:小红书|抖音|抖音极速版|快手|微博)】?(?:App|搜索)?[，,]?\s*(?:直接)?(?:查看|观看)[^，。！!\s]{0,12}[！!。]?",
        r"该作品在快手[^，。]{0,30}[，。]?|点击链接[，,]?",
        r"\s[0-9]{2}/[0-9]{2}\s+[A-Za-z@.:/\s]{4,24}$",
        r"\s-\s[^-|】]{0,40}\|\s*小红书[^】]*(?=】)|-哔哩哔哩(?=】)|\s-\s[^-\n]{0,40}的(?:回答|文章)\s-\s知乎",
    )
)
"""What apps put around a post when it is shared, the author's name with it."""

_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE58 = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
_BILI_MASK, _BILI_KEY = (1 << 51) - 1, 23442827791579
"""How Bilibili writes its numbers as BV codes; public knowledge since 2020."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a link leads to.

    Args:
        platform: `web` if the host is none that is known.
        item_id: as crawlers write it; empty if the link does not tell.
        url: the public page, free of who shared it where the post is known.
    """

    platform: str
    item_id: str = ""
    url: str = ""


def platform_of(url: str) -> str:
    """The platform whose host a link has, or nothing."""
    host = _split(url)[0]
    return next((name for end, name in _HOSTS.items() if host == end or host.endswith("." + end)), "")


def page_of(platform: str, item: str) -> str:
    """The public page of a post, or nothing if that cannot be told from its id."""
    page = _PAGES.get(platform)
    return page.format(item) if page and item.isascii() and item.isalnum() else ""


def identify(url: str) -> Post | None:
    """Tell where a link leads; None if it is no web address."""
    host, path, query = _split(url)
    if not host:
        return None
    platform = platform_of(url)
    item = _item(platform, path, query)
    if not item:
        return Post(platform=platform or "web", url=url)
    has_key = platform == "xhs" and "xsec_token" in query  # Xiaohongshu opens no note without it
    keeps = has_key or (platform == "bili" and "/opus/" in path) or not page_of(platform, item)
    return Post(platform=platform, item_id=item, url=url if keeps else page_of(platform, item))


def pasted(text: str) -> Found | None:
    """Read what somebody pasted or forwarded: a link, a share text with one, or a post that was copied with one.

    Returns:
        The post, without a time, as a paste tells none; its text is what stands beside the link, without what apps add when one shares, and may be
        empty. None if there is no link.
    """
    link = find_link(text)
    if link is None:
        return None
    address, start, end = link
    post = identify(address)
    if post is None:
        return None
    said = _without_boilerplate(f"{text[:start]} {text[end:]}"[:20_000])
    return Found(
        platform=post.platform,
        text=said,
        native_id=post.item_id,
        kind="video" if post.platform in _VIDEOS else "post",
        item_id=post.item_id,
        url=post.url,
    )


def find_link(text: str) -> tuple[str, int, int] | None:
    """The first link of a text that a platform owns, else the first at all, and where it stands."""
    first: tuple[str, int, int] | None = None
    for match in _LINK.finditer(text):
        address = match[0][:_LONGEST].rstrip(_TRAILING)
        whole = address if address.startswith("http") else f"https://{address}"
        found = (whole, match.start(), match.start() + len(address))
        if platform_of(whole):
            return found
        if address.startswith("http") and _split(address)[0]:
            first = first or found
    return first


def _without_boilerplate(text: str) -> str:
    for pattern in _BOILERPLATE:
        text = pattern.sub(" ", text)
    text = " ".join(text.split()).strip(" ，,")
    return text[1:-1].strip() if re.fullmatch(r"【[^【】]*】|\"[^\"]*\"|“[^”]*”", text) else text


def _split(url: str) -> tuple[str, str, dict[str, list[str]]]:
    if len(url) > _LONGEST:
        return "", "", {}
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError:
        return "", "", {}
    return (host if parts.scheme in {"http", "https"} else ""), parts.path, query


def _item(platform: str, path: str, query: dict[str, list[str]]) -> str:
    pattern = _POSTS.get(platform)
    match = pattern.search(path) if pattern else None
    item = next(filter(None, match.groups()), "") if match else ""
    if platform == "douyin" and not item:
        # A video opened over a list; and the open platform's share links, whose path is no number.
        said = [*query.get("modal_id", ()), *query.get("mid", ()), *query.get("vid", ())]
        return next((number for number in said if re.fullmatch(r"[0-9]{15,20}", number)), "")
    return _SPELLED.get(platform, str)(item) if item else ""


def _weibo_number(code: str) -> str:
    """Weibo's ids as they stand in links (`Oabcdefgh`): groups of four characters, each seven digits, from the right."""
    if code.isdigit() and len(code) == 16:
        return code
    groups = [code[max(0, end - 4) : end] for end in range(len(code), 0, -4)]
    numbers = [_based(group, _BASE62) for group in reversed(groups)]
    return str(numbers[0]) + "".join(f"{number:07}" for number in numbers[1:])


def _bili_number(code: str) -> str:
    """BV codes as numbers (`av`)."""
    if not code.startswith("BV"):
        return code.removeprefix("av")
    if any(letter not in _BASE58 for letter in code[2:]):
        return ""
    letters = list(code)
    letters[3], letters[9] = letters[9], letters[3]
    letters[4], letters[7] = letters[7], letters[4]
    return str(_based("".join(letters[3:]), _BASE58) & _BILI_MASK ^ _BILI_KEY)


def _based(digits: str, alphabet: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(alphabet) + alphabet.index(digit)
    return number


_SPELLED: dict[str, Callable[[str], str]] = {"weibo": _weibo_number, "bili": _bili_number}
