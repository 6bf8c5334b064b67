"""What a text claims, as far as two texts can be held against each other: figures, days, hotlines, places, causes, yes or no."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from playbooks.checks.lists import pattern, words
from playbooks.checks.text import Text

DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
UNITS = "家|间|名|位|人|例|批次|批|件|盒|箱|袋|瓶|杯|份|台|辆|部|单|笔|起|条|款|次|倍|%|元|万元|亿元|小时|分钟|个工作日|个月|天|吨|公斤|千克|毫升|毫克|克"
FIGURE = re.compile(
    rf"(?<![0-9.A-Za-z:：月年/-])(?P<number>[0-9][0-9,]{{0,14}}(?:\.[0-9]{{1,4}})?|[零〇一二两三四五六七八九十百千]{{1,8}})\s?(?P<scale>万|亿)?\s?(?:余|多)?(?P<unit>{UNITS})(?P<noun>[\u4e00-\u9fff]{{0,4}})"
)
DAY = re.compile(r"(?:(?P<year>20\d{2})\s?年\s?)?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]")
CLOCK = re.compile(
    r"(?<![0-9:：])(?P<hour>[01]?\d|2[0-4])\s?(?:[:：]\s?(?P<minute>[0-5]\d)|[时点](?P<half>半)?(?:(?P<spoken>[0-5]?\d)分)?)(?![0-9间效候常])"
)
HOTLINE = re.compile(r"(?<![0-9])(?:400|800)[-－\s]?\d{3}[-－\s]?\d{4}(?![0-9])|(?<![0-9])95\d{3}(?![0-9])")
SHOP = re.compile(
    r"(?<![\u4e00-\u9fff])(?:[^\u4e00-\u9fff]|[\u4e00-\u9fff]{0,6}?(?:的|在|于|是|为|与|和|及|停|涉事|对|将|关闭|位于)|)(?P<name>[\u4e00-\u9fff]{2,7}?(?<!门)(?<!本)(?<!该)(?<!分)(?<!旗舰)(?<!全部)(?<!实体)(?<!直营)(?<!加盟)店)(?!员|长|家|内|里|面|铺|主)"
)
MULTIPLES = re.compile(r"(?:退一赔|假一赔|退一补)(?P<times>[一二三四五六七八九十\d]{1,3})")
ROLES = (
    ("next", re.compile("更新|公布|通报|下次|下一次|再次说明|告知|答复|反馈")),
    ("stop", re.compile("停业|停售|下架|封存|召回|关闭|停用|暂停")),
    ("begin", re.compile("收到|接到|发现|注意到|关注到|看到|发生|获悉|购买|出现")),
)
IF = re.compile("是否|会不会|有没有|若|如(?![此今期实下])|一旦|只要|万一|假如|看")
THEN = re.compile("[吗？?]|与否|就|则|的话|，(?:则|就|也会|我们会|会)")
NOUNLESS = frozenset("%元倍")
NOISE = frozenset("的了已被在和与及将均中内前后也都是有人名位个家为对")


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a text says: what it is about, what it says of it, and where."""

    about: str
    value: str
    words: str
    start: int
    end: int


def claims(text: Text) -> list[Claim]:
    """All claims of a text that can be compared."""
    return [
        claim
        for find in (_figures, _days, _clocks, _names, _causes, _answers, _stance)
        for claim in find(text)
    ]


def number(words: str, scale: str = "") -> float:
    """Read `1,200`, `三十五`, `1.2` with 万."""
    times = {"": 1, "万": 10_000, "亿": 100_000_000}[scale]
    if words[0].isdigit() and words[0].isascii():
        return float(words.replace(",", "")) * times
    total, digit = 0, 0
    for sign in words:
        if sign in DIGITS:
            digit = DIGITS[sign]
        else:
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            digit = 0
    return float(total + digit) * times


def _figures(text: Text) -> Iterator[Claim]:
    for each in FIGURE.finditer(text.plain):
        scale, unit, noun = each["scale"] or "", each["unit"], each["noun"]
        if unit in {"万元", "亿元"}:
            scale, unit = unit[0], "元"
        if unit in {"小时", "分钟", "天", "个工作日", "个月"}:
            noun = _purpose(text, each.start())
        elif unit in NOUNLESS:
            noun = _before(text, each.start())
        else:
            noun = noun or _before(text, each.start())
        amount = number(each["number"], scale)
        if each["number"] == "一" and unit in {"次", "家", "名", "位", "份", "起", "条", "件", "些"}:
            continue
        yield Claim(
            f"figure:{unit}:{noun}",
            f"{amount:g}",
            each[0][: len(each[0]) - len(each["noun"])],
            each.start(),
            each.end() - len(each["noun"]),
        )
    for each in MULTIPLES.finditer(text.plain):
        yield Claim("multiple", str(number(each["times"])), each[0], *each.span())


def _before(text: Text, at: int) -> str:
    """The words before a figure that nothing follows: 封存蛋糕86件."""
    clause = text.clause(at)
    return clause.text[: at - clause.start][-4:]


def _purpose(text: Text, at: int) -> str:
    """What happens at a time: `next`, `stop`, `begin`; empty if nobody says."""
    clause, sentence = text.clause(at), text.sentence(at)
    near = next((name for name, words in ROLES if words.search(clause.text)), "")
    after = sentence.text[at - sentence.start :]
    return near or next((name for name, words in ROLES if words.search(after)), "")


def _days(text: Text) -> Iterator[Claim]:
    for each in DAY.finditer(text.plain):
        if role := _purpose(text, each.start()):
            yield Claim(f"day:{role}", f"{int(each['month'])}-{int(each['day'])}", each[0], *each.span())


def _clocks(text: Text) -> Iterator[Claim]:
    for each in CLOCK.finditer(text.plain):
        minute = int(each["minute"] or each["spoken"] or (30 if each["half"] else 0))
        hour = int(each["hour"])
        ahead = text.plain[max(0, each.start() - 4) : each.start()]
        if hour < 12 and re.search("下午|晚", ahead):
            hour += 12
        if role := _purpose(text, each.start()):
            yield Claim(f"clock:{role}", f"{hour}:{minute:02}", each[0], *each.span())


def _names(text: Text) -> Iterator[Claim]:
    for each in HOTLINE.finditer(text.plain):
        yield Claim("hotline", re.sub(r"\D", "", each[0]), each[0], *each.span())
    for each in SHOP.finditer(text.plain):
        yield Claim("shop", each["name"], each["name"], *each.span("name"))


def _causes(text: Text) -> Iterator[Claim]:
    kinds = [
        group for group in words("stance").groups if group.startswith("cause_") and group != "cause_words"
    ]
    for each in pattern("stance", "cause_words").finditer(text):
        sentence = text.sentence(each.start())
        for kind in kinds:
            if hit := pattern("stance", kind).search(sentence.text):
                yield Claim("cause", kind, hit[0], sentence.start + hit.start(), sentence.start + hit.end())


def _answers(text: Text) -> Iterator[Claim]:
    for each in pattern("stance", "topics").finditer(text):
        clause = text.clause(each.start())
        left = clause.text[: each.start() - clause.start]
        is_open = IF.search(left)
        if is_open or THEN.match(text.plain, each.end()):
            continue
        denied = pattern("stance", "not_before").search(left)
        yield Claim(
            f"answer:{each[0]}",
            "no" if denied else "yes",
            f"{denied[0] if denied else ''}{each[0]}",
            *each.span(),
        )


def _stance(text: Text) -> Iterator[Claim]:
    """Whether the text owns up or denies; nothing if it does both."""
    owned, denied = (
        [each for each in pattern("stance", group).finditer(text) if not _is_negated(text, each)]
        for group in ("accept", "deny")
    )
    if bool(owned) is not bool(denied):
        first = (owned or denied)[0]
        yield Claim("stance", "yes" if owned else "no", first[0], *first.span())


def _is_negated(text: Text, each: re.Match[str]) -> bool:
    clause = text.clause(each.start())
    left = clause.text[: each.start() - clause.start]
    return bool(IF.search(left) or pattern("stance", "not_before").search(left))


def disagree(one: Claim, other: Claim) -> bool:
    """Tell whether two claims are about the same and say different things."""
    if not about_same(one, other) or one.value == other.value:
        return False
    return not (one.about == "shop" and (one.value.endswith(other.value) or other.value.endswith(one.value)))


def about_same(one: Claim, other: Claim) -> bool:
    """Tell whether two claims speak of the same thing: the same unit, and a noun with a character in common."""
    if not one.about.startswith("figure:"):
        return one.about == other.about
    _, unit, noun = one.about.split(":")
    kind, other_unit, other_noun = (*other.about.split(":"), "", "")[:3]
    if kind != "figure" or unit != other_unit:
        return False
    if unit in {"小时", "分钟", "天", "个工作日", "个月"}:
        return bool(noun) and noun == other_noun
    return (not noun and not other_noun) or bool((set(noun) & set(other_noun)) - NOISE)
