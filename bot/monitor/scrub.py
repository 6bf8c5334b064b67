"""Remove personal data before anything is stored.

Numbers and addresses in a text become a labelled blank, authors a keyed hash, nicknames a mask, places a
province. The public link stays: it is the only way back. When in doubt a number goes, but long ids (orders,
videos) stay, since people complain with them and nobody can be reached by them.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from babel import Locale
from phonenumbers import PhoneNumberMatcher
from stdnum import luhn

from bot.sources.base import Found
from bot.transports.text import plain as visible
from playbooks.identity import is_identity_card

LABELS = {
    "phone": "【手机号】",
    "landline": "【电话】",
    "id_card": "【身份证号】",
    "bank_card": "【银行卡号】",
    "mail": "【邮箱】",
    "wechat": "【微信号】",
    "qq": "【QQ号】",
    "plate": "【车牌号】",
    "mention": "@某人",
}

MAX_NICKNAME = 20
"""Characters: Douyin's limit. A longer run of letters after `@` is a name with a sentence glued to it."""
NICKNAME_HEAD = 4
"""How much of such a run is taken for the name, so that the complaint after it stays readable."""
MAX_URL = 2000

_STAND_IN_RANGES = (
    (0xB2, 0xB9), (0x660, 0x669), (0x6F0, 0x6F9), (0x2070, 0x2089), (0x2460, 0x24FF), (0x2776, 0x2793),
    (0xFF01, 0xFF5E), (0x1D400, 0x1D7FF), (0x1F100, 0x1F10A),
)  # fmt: skip


def _ascii(character: str) -> str:
    digit = unicodedata.digit(character, None)
    plain = unicodedata.normalize("NFKC", character) if digit is None else str(digit)
    return plain if len(plain) == 1 and plain.isascii() else ""


# One character stands for one, so that places in the text stay the same.
_PLAIN = {
    code: ascii_
    for first, last in _STAND_IN_RANGES
    for code in range(first, last + 1)
    if (ascii_ := _ascii(chr(code)))
}
# Ranges, as a set of single characters is a hundred times slower; without full-width commas and the like,
# which are in every Chinese text and hide nothing.
_STAND_INS = "０-９Ａ-Ｚａ-ｚ＠．＿²³¹٠-٩۰-۹\u2070-\u2089\u2460-\u24ff\u2776-\u2793\U0001d400-\U0001d7ff\U0001f100-\U0001f10a"
_STAND_IN = re.compile(f"[{_STAND_INS}]")

_GAP = "[\\s\\-.·・—–_/|*\u200b-\u200f\u2060\ufe0f\u20e3\ufeff]{0,3}"
_DIGITS = "0-9零〇洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾"
_ANY_DIGIT = f"[{_DIGITS}]"
_MOBILE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_GAP})?[1一幺壹]{_GAP}[3-9三叁四肆五伍六陆七柒拐八捌九玖勾](?:{_GAP}{_ANY_DIGIT}){{9}}(?![0-9])[\ufe0f\u20e3]*"
)
_LIST_MARK = re.compile(r"[./|*·・_]")
_NOT_DIGITS = re.compile(f"[^{_DIGITS}]+")
_LINE = re.compile(r"[0+(]|[48]00|[0-9]{2,4}[ \-]")
_MAYBE_LINE = re.compile(
    r"(?<![0-9])(?:[(+]\s?[0-9]|0[0-9]{2}|[48]00|[0-9]{2,4}[ \-])(?:[^0-9]{0,3}[0-9]){5}"
)
_LONG = re.compile(
    r"(?<![0-9])(?:[1-9][0-9]{14,17}[0-9Xx]|[1-9][0-9]{5}([ \-])[0-9]{4}\1?[0-9]{4}\1[0-9]{3}[0-9Xx]"
    r"|[3-69][0-9]{3}([ \-])[0-9]{4}\2[0-9]{4}\2[0-9]{4}(?:\2[0-9]{1,3})?)(?![0-9])"
)
_CARD_PREFIX = re.compile(r"62|9558|[345]")
_MAIL = re.compile(
    r"[A-Za-z0-9._%+\-]{1,64}(?:@|\s?(?:#|\(at\)|\[at\]|艾特)\s?)(?:[A-Za-z0-9\-]{1,63}\.){1,4}[A-Za-z]{2,24}",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?P<lead>加?(?:微\s?信|薇\s?信|徽\s?信|威\s?信|维\s?信|v\s?信|(?<![a-z])(?:wechat|weixin|vx|wx|vxin)|[加➕+]\s?[v薇微]"
    r"|(?<![a-z])v(?=\s?[:：])))(?P<link>(?:号码?|id|是|为|加)?[\s:：=\-]{0,3}(?:号码?|id|是|为)?[\s:：=]{0,2})"
    r"(?P<id>[a-z][a-z0-9_\-]{5,19}|[0-9]{6,11})(?![a-z0-9_\-])",
    re.IGNORECASE,
)
_QQ = re.compile(
    r"(?:(?<![a-z])qq|扣扣|叩叩|球球|企鹅|[加➕+]\s?q|(?<![a-z])q(?=\s?[:：]))"
    r"(?:群?号码?|群)?[\s:：是为加=]{0,4}(?P<id>[1-9][0-9]{4,11})(?![0-9])",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][ ·•・.\-]?"
    r"(?:[0-9]{5}[A-HJKa-hjk]|[A-HJKa-hjk][A-HJ-NP-Za-hj-np-z0-9][0-9]{4}|[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])"
    r"(?![A-Za-z0-9])"
)
_NAMED = re.compile(r"[@＠](?P<id>[\w\-·]+)")
_ASCII_RUN = re.compile(r"[0-9A-Za-z_\-]{5}")
# Whatever is found below holds one of these: a stand-in or an @, four Latin letters or digits in a row, two digits close
# to one another, a dot before a letter, three digits in words. It begins with one class of characters, which makes it fast.
_SUSPECT = re.compile(
    rf"[{_STAND_INS}@.A-Za-z_\-{_DIGITS}](?:(?<=[{_STAND_INS}@])|(?<=[0-9A-Za-z_\-])[0-9A-Za-z_\-]{{3}}"
    rf"|(?<=[0-9])[^0-9]{{0,3}}[0-9]|(?<=\.)[^\W0-9_]|(?<={_ANY_DIGIT})(?:{_GAP}{_ANY_DIGIT}){{2}})"
)

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text without personal data, and which kinds of it there were (keys of LABELS)."""

    text: str
    kinds: tuple[str, ...] = ()


def scrub(text: str, keep: Sequence[str] = ()) -> Scrubbed:
    """Replace personal data in a text by labelled blanks.

    Args:
        text: what somebody wrote.
        keep: words, usually the brand's; an `@name` that holds one is an account of the brand's.
    """
    if not _SUSPECT.search(text):
        return Scrubbed(text)
    return _scrubbed(text, keep)


def _scrubbed(text: str, keep: Sequence[str]) -> Scrubbed:
    """Look for everything, which takes ten times as long."""
    plain = text.translate(_PLAIN) if _STAND_IN.search(text) else text
    spans: list[Span] = []
    for find in (_long_numbers, _mails, _mobiles, _handles, _plates, _landlines):
        for start, end, kind in find(plain):
            spans.append((start, end, kind))
            plain = plain[:start] + "\ufffc" * (end - start) + plain[end:]
    spans.extend(_names(plain, keep))
    if not spans:
        return Scrubbed(text)
    return Scrubbed(_blank_out(text, sorted(spans)), tuple(sorted({kind for _, _, kind in spans})))


def _blank_out(text: str, spans: Sequence[Span]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, kind in spans:
        parts += text[at:start], LABELS[kind]
        at = end
    return "".join(parts) + text[at:]


def _long_numbers(text: str) -> Iterator[Span]:
    for match in _LONG.finditer(text):
        start, end = match.span()
        # A card's last group may be another number that happens to follow.
        for stop in (end, start + 19):
            if kind := _long_kind(re.sub("[ -]", "", text[start:stop])):
                yield start, stop, kind
                break


def _long_kind(digits: str) -> str:
    if len(digits) == 18 and is_identity_card(digits):
        return "id_card"
    is_card = len(digits) >= 16 and _CARD_PREFIX.match(digits) and luhn.is_valid(digits)
    return "bank_card" if is_card else ""


def _mails(text: str) -> Iterator[Span]:
    if "@" in text or "#" in text or "at" in text or "艾特" in text:
        for match in _MAIL.finditer(text):
            yield *match.span(), "mail"


def _mobiles(text: str) -> Iterator[Span]:
    for match in _MOBILE.finditer(text):
        if not _LIST_MARK.search(match[0]) or _is_grouped(match[0]):
            yield *match.span(), "phone"


def _is_grouped(number: str) -> bool:
    """Tell `138.0013.8000` and `1/3/8/...` from a list of prices or sizes."""
    lengths = [len(group) for group in _NOT_DIGITS.split(number)]
    return min(lengths) >= 3 or max(lengths) == 1


def _landlines(text: str) -> Iterator[Span]:
    # phonenumbers is thorough and slow, so it sees only texts with digits enough and what is left of them.
    if not _MAYBE_LINE.search(text):
        return
    for match in PhoneNumberMatcher(text, "CN"):
        # Bare digits that do not begin like a line are an order number that happens to be one as well.
        if _LINE.match(match.raw_string):
            yield match.start, match.end, "landline"


def _handles(text: str) -> Iterator[Span]:
    if not _ASCII_RUN.search(text):
        return
    for match in _HANDLE.finditer(text):
        # 「微信Android版」 is no address: without 加, 号 or a colon, an id shows itself by a digit or a dash.
        told = match["lead"][0] in "加➕+" or match["link"].strip(" \t\n-")
        if told or re.search(r"[0-9_\-]", match["id"]):
            yield *match.span("id"), "wechat"
    for match in _QQ.finditer(text):
        yield *match.span("id"), "qq"


def _plates(text: str) -> Iterator[Span]:
    for match in _PLATE.finditer(text):
        if sum(character.isdigit() for character in match[0]) >= 3:
            yield *match.span(), "plate"


def _names(text: str, keep: Sequence[str]) -> Iterator[Span]:
    if "@" not in text:
        return
    for match in _NAMED.finditer(text):
        start, end = match.span()
        if any(word and word.lower() in match[0].lower() for word in keep):
            continue
        yield start, end if end - start <= MAX_NICKNAME + 1 else start + NICKNAME_HEAD + 1, "mention"


def author_hash(key: bytes, platform: str, author: str) -> str:
    """Return what stands for an author: the same for the same one, and no way back without the key.

    Args:
        key: FENGHUO_HASH_KEY, one per installation.
        platform: ids of different platforms never meet.
        author: the platform's id.

    Returns:
        16 hex characters; empty for no author.
    """
    return hmac.digest(key, f"{platform}\0{author}".encode(), "sha256").hex()[:16] if author else ""


def mask(nickname: str) -> str:
    """Mask a nickname as crawlers do: first, `***`, last; of one or two characters only the first is shown."""
    shown = nickname if nickname.isprintable() else "".join(filter(str.isprintable, nickname))
    shown = shown.replace(" ", "")
    if not shown:
        return ""
    return f"{shown[0]}*" if len(shown) < 3 else f"{shown[0]}***{shown[-1]}"


_PROVINCES = (
    "北京", "天津", "上海", "重庆", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽", "福建", "江西", "山东",
    "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃", "青海", "台湾", "内蒙古", "广西", "西藏",
    "宁夏", "新疆", "香港", "澳门",
)  # fmt: skip
_PLACE_LEAD = re.compile(r"^(?:IP属地|IP归属地|IP|来自|发布于)?[\s:：]*(?:中国(?=.))?", re.IGNORECASE)


@lru_cache(maxsize=4096)
def province(place: str) -> str:
    """Reduce a place to a Chinese province or a country; what is neither (a city, a street) is dropped."""
    name = _PLACE_LEAD.sub("", place.strip())
    for known in _PROVINCES:
        if name.startswith(known):
            return known
    return next((country for country in _countries() if name.startswith(country)), "")


@cache
def _countries() -> tuple[str, ...]:
    """List countries as Chinese and English write them, longer names first (Nigeria before Niger)."""
    names = {
        name
        for language in ("zh", "en")
        for code, name in Locale.parse(language).territories.items()
        if code.isalpha() and len(name) > 1
    }
    return tuple(sorted(names | {"阿联酋", "波黑"}, key=len, reverse=True))


_TOKENS = re.compile(
    r"(?:^|_)(?:token|sign|signature|secret|session|sid|auth|key|passw|uid|user|openid|did|iid|share|utm|spm|from|timestamp|ts"
    r"|verifyfp|fp)(?:_|$|id$)|token|session|password|^x-|bogus|^at$",
    re.IGNORECASE,
)
_KEPT = frozenset({"xsec_token"})
_PROFILE_PATH = re.compile(r"^/(?:user|u|people|profile|space|home/main)(?:/|$)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def public_url(url: str) -> str:
    """Keep what opens the public page, drop what tells who shared or crawled it.

    Passwords, fragments, and parameters that carry tokens, sessions, users or tracking go. One stays:
    Xiaohongshu opens no note without `xsec_token`; it belongs to the note and is in every link that people share.

    Returns:
        The link, or nothing if it leads to a person's profile or is no web address.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or len(url) > MAX_URL:
        return ""
    if _PROFILE_PATH.match(parts.path) or host == "space.bilibili.com":
        return ""
    pairs = [
        (name, value) for name, value in parse_qsl(parts.query) if name in _KEPT or not _TOKENS.search(name)
    ]
    return urlunsplit((parts.scheme, host + port, parts.path, urlencode(pairs), ""))


_seen = lru_cache(maxsize=4096)(visible)
"""Of places and keywords, of which there are few."""


def clean(found: Found, key: bytes, keep: Sequence[str] = ()) -> Found:
    """Make a find fit to be stored: see `cleaned`."""
    return replace(found, **cleaned(found, key, keep))


def cleaned(found: Found, key: bytes, keep: Sequence[str] = ()) -> dict[str, Any]:
    """What is stored of a find in place of every field that may hold personal data: everything above.

    First of all what nobody sees is taken out, since a number with something invisible in it is still a number to whoever
    reads it.

    Args:
        found: as the source gave it.
        key: for `author_hash`.
        keep: for `scrub`.
    """
    nickname = visible(found.nickname)
    return {
        "text": scrub(visible(found.text), keep).text,
        "title": scrub(visible(found.title), keep).text if found.title else "",
        "author": author_hash(key, found.platform, found.author or nickname),
        "nickname": mask(nickname),
        "place": province(_seen(found.place)),
        "keyword": _seen(found.keyword),
        "url": public_url(found.url),
    }
