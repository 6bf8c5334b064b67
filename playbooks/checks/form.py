"""What the text is made of: hidden characters, its length, gaps left open, dates, long sentences, a machine's traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.lists import Limit, limits, pattern
from playbooks.checks.situation import found, says
from playbooks.checks.text import HIDDEN, LOOKALIKES, MIXED, Text, mixes

EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
HAN = re.compile("[\u4e00-\u9fff]")
LONGEST_SENTENCE = 40
WEEKDAYS = "一二三四五六日"
DATE = re.compile(
    r"(?:(?P<year>20\d{2})\s?[年./-]\s?)?(?P<month>\d{1,2})\s?(?:月|(?<=\d)[./-](?=\d{1,2}(?:日|号|\D|$)))\s?(?P<day>\d{1,2})\s?(?:日|号)?"
    r"(?:\s?[(（]?\s?(?:星期|周|礼拜)(?P<weekday>[一二三四五六日天])\s?[)）]?)?"
)
SIGNED_OFF = re.compile(r"^\s{0,8}20\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日\s{0,8}$", re.MULTILINE)
FAR = timedelta(days=180)
"""A date without a year that would lie further ahead is one of last year's."""
SIGNATURE = re.compile(
    r"^[\u4e00-\u9fffA-Za-z（）() ·]{2,24}(?:公司|集团|品牌|官方|旗舰店|茶饮|餐饮|科技|工作室)$"
)

HEADING = re.compile(
    r"\s{0,4}(?P<name>(?![本我该子分母总某各])[\u4e00-\u9fffA-Za-z]{2,12}(?:公司|集团|品牌|官方|茶饮|餐饮|咖啡|奶茶|烘焙|食品|科技))\s?(?:关于|就|针对)"
)


@check_for("L00", "隐藏字符", "Hidden characters", Severity.BLOCK)
def hidden(given: Given) -> Iterator[Spot]:
    """Characters that are not seen, turn the direction, or look like others."""
    raw = given.text.raw
    for each in HIDDEN.finditer(raw):
        if each.start() == 0 and each[0] == "\ufeff":
            continue
        if DIRECTIONS.match(each[0]):
            yield Spot(
                *each.span(), "这里有改变文字方向的控制字符，看到的顺序与实际不同", "删掉它", is_raw=True
            )
        elif not EMOJI.match(raw[each.start() - 1 : each.start()] or " ") and not _joins(raw, each.start()):
            yield Spot(*each.span(), "这里有看不见的零宽字符，会骗过检索与审核", "删掉它", is_raw=True)
    for each in MIXED.finditer(raw) if re.search("[\u0370-\u052f]", raw) else ():
        if mixes(each[0]):
            plain = each[0].translate(LOOKALIKES)
            yield Spot(*each.span(), "这个词混有形近字母（西里尔或希腊字母）", f"改写成 {plain}", is_raw=True)


def _joins(raw: str, at: int) -> bool:
    """Tell whether an invisible character belongs to an emoji or to a script that needs it."""
    around = raw[max(0, at - 3) : at] + raw[at + 1 : at + 3]
    return bool(
        EMOJI.search(around)
        or re.search("[0-9#*]\ufe0f?\u20e3|[\u0600-\u06ff\u0900-\u0dff]", raw[max(0, at - 2) : at + 3])
    )


@check_for("L01", "超出平台字数", "Too long for the platform", Severity.BLOCK)
def too_long(given: Given) -> Iterator[Spot]:
    """More than the platform takes; it would be cut there, or refused."""
    limit = limits().get(given.platform)
    if limit is None:
        return
    raw, used = given.text.raw.rstrip(), length(given.text.raw, limit)
    if used > limit.limit:
        start = _kept(raw, limit)
        mend = f"删去 {used - limit.limit} 字，或拆成几条"
        yield Spot(start, len(raw), f"{limit.name}最多 {limit.limit} 字，现有 {used} 字", mend, is_raw=True)
    elif limit.bytes and len(raw.encode()) > limit.bytes:
        yield Spot(0, len(raw), f"{limit.name}最多 {limit.bytes} 字节", "拆成几条", is_raw=True)
    elif used < limit.least:
        yield Spot(
            0, len(raw), f"{limit.name}至少 {limit.least} 字，现有 {used} 字", "补足内容", Severity.WARN, True
        )
    topics = list(re.finditer(r"[#＃][^#＃\s]{1,40}", raw)) if limit.topics else []
    if len(topics) > limit.topics:
        reason = f"{limit.name}最多 {limit.topics} 个话题，现有 {len(topics)} 个"
        yield Spot(topics[limit.topics].start(), topics[-1].end(), reason, "删去多出的话题", is_raw=True)


def length(raw: str, limit: Limit) -> int:
    """How much of a limit a text uses, counted as the platform counts."""
    raw = raw.strip()
    if limit.count == "halves":
        narrow = sum(character.isascii() for character in raw)
        return len(raw) - narrow + (narrow + 1) // 2
    if limit.count == "utf16":
        return len(raw.encode("utf-16-le", "surrogatepass")) // 2
    return len(raw.encode("utf-8", "surrogatepass")) if limit.count == "bytes" else len(raw)


def _kept(raw: str, limit: Limit) -> int:
    """How many characters fit."""
    low, high = 0, len(raw)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(raw[:middle], limit) <= limit.limit else (low, middle - 1)
    return low


def unfilled(words: str) -> str:
    """The first gap of a text that is still open, `【请填写：时间】`; empty if there is none."""
    open_gap = pattern("placeholders", "gaps").search(Text(words).plain)
    return open_gap[0] if open_gap else ""


@check_for("L02", "空没填、日期或品牌不对", "Gap, date or brand not right", Severity.BLOCK)
def unfinished(given: Given) -> Iterator[Spot]:
    """Gaps left open, dates that do not exist or lie ahead, somebody else's signature."""
    for group in ("gaps", "blanked"):
        for each in found(given, "placeholders", group):
            yield Spot(*each.span(), "这里还没有填", "填上已确认的内容，或删掉这一句")
    yield from _dates(given)
    yield from _signature(given)


def _dates(given: Given) -> Iterator[Spot]:
    for each in DATE.finditer(given.text.plain):
        if "月" not in each[0] and not each["year"]:
            continue
        try:
            day = _day(given, each)
        except ValueError:
            yield Spot(*each.span(), f"没有 {each[0].strip()} 这一天", "查对日期")
            continue
        if day is None:
            continue
        named = (each["weekday"] or "").replace("天", "日")
        if named and WEEKDAYS[day.weekday()] != named:
            yield Spot(
                *each.span(),
                f"{each['month']}月{each['day']}日是星期{WEEKDAYS[day.weekday()]}",
                "查对日期或星期",
            )
        elif given.today and day > given.today and _is_past(given, each):
            yield Spot(*each.span(), "写的是已经发生的事，日期却在以后", "查对日期")


def _day(given: Given, each: re.Match[str]) -> date | None:
    """The day that is meant; None if its year is not known. Raises ValueError if there is none such."""
    month, day = int(each["month"]), int(each["day"])
    if each["year"]:
        return date(int(each["year"]), month, day)
    date(2000, month, day)
    if given.today is None:
        return None
    nearest = date(given.today.year + (0 if (month, day) != (2, 29) else -given.today.year % 4), month, day)
    return (
        nearest.replace(year=nearest.year - 1)
        if nearest - given.today > FAR and (month, day) != (2, 29)
        else nearest
    )


def _is_past(given: Given, each: re.Match[str]) -> bool:
    text = given.text
    line_start = text.plain.rfind("\n", 0, each.start()) + 1
    if SIGNED_OFF.match(text.plain, line_start):
        return True
    clause = text.clause(each.start())
    rest = clause.text[each.end() - clause.start :]
    ahead = text.sentence(each.start())
    follows = ahead.text[each.end() - ahead.start :][:30]
    if re.match(r"\s?(?:\d{1,2}[:：时点]\d{0,2}分?)?\s?(?:前|之前|以前|起|内|至|到|后)", rest) or says(
        rest, "placeholders", "coming"
    ):
        return False
    if says(clause.text[: each.start() - clause.start], "placeholders", "coming"):
        return False
    return says(rest or follows, "placeholders", "happened") or says(follows, "placeholders", "happened")


def _signature(given: Given) -> Iterator[Spot]:
    """The first and the last lines of a text that was copied from another brand's."""
    tail = given.text.plain.rstrip()
    # a house signs with its legal name, which need not be the brand's; then the brand stands in the text
    heads = [name.lower() if name.isascii() else name[:2] for name in given.brands]
    if not heads or any(head in tail for head in heads):
        return
    first = given.text.first_line
    if (headed := HEADING.match(first.text)) and not re.search("[的与和对向由]", headed["name"]):
        start, end = (first.start + place for place in headed.span("name"))
        yield Spot(start, end, f"标题里不是本品牌（{given.brands[0]}）", "改成本品牌的名字")
    start = max(0, len(tail) - 120)
    for each in re.finditer(r"[^\n]+", tail[start:]):
        line = each[0].strip()
        if start + each.start() and SIGNATURE.match(line):
            at = start + each.start() + each[0].index(line)
            yield Spot(at, at + len(line), f"落款不是本品牌（{given.brands[0]}）", "改成本品牌的落款")


@check_for("L21", "不好读", "Hard to read", Severity.WARN)
def hard_to_read(given: Given) -> Iterator[Spot]:
    """Sentences that nobody follows aloud, passives in a row, words of the trade."""
    for each in given.text.sentences():
        words = each.text.strip()
        size = sum(character.isalnum() for character in words)
        if size > LONGEST_SENTENCE and 2 * len(HAN.findall(words)) > size:
            start = each.start + each.text.index(words)
            yield Spot(
                start,
                start + len(words),
                f"一句 {size} 字，读不下来",
                f"拆成两三句，每句 {LONGEST_SENTENCE} 字以内",
            )
    for each_match in found(given, "style", "passive"):
        yield Spot(*each_match.span(), "一句里接连用「被」", "改成主动句，说清楚是谁做的")
    for each_match in found(given, "style", "jargon"):
        yield Spot(*each_match.span(), "行话，外面的人看不懂", "换成日常说法")


@check_for("L22", "机器写作未标明", "Machine-written, not labelled", Severity.WARN)
def machine_written(given: Given) -> Iterator[Spot]:
    """Traces of a machine's draft in a text that does not say that a machine wrote it."""
    if pattern("style", "labelled").is_in(given.text):
        return
    for each in found(given, "style", "residue"):
        yield Spot(*each.span(), "像是 AI 草稿留下的话或标记", "删掉它；确由 AI 写成的，按规定标识")
