"""What must not leave the house: personal data and internal data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from stdnum import luhn

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.lists import words
from playbooks.checks.situation import found, says
from playbooks.identity import is_identity_card

HAN = re.compile("[\u4e00-\u9fff]")
CARD = re.compile("62|9558|[345]")
"""What the numbers of bank cards begin with (UnionPay, the old ICBC cards, the international ones)."""
CLOSE = 16
"""Characters around an address in which a person is looked for."""


@check_for("L03", "个人信息", "Personal data", Severity.BLOCK)
def personal(given: Given) -> Iterator[Spot]:
    """Numbers, addresses and full names of people."""
    for group, what in (
        ("mobile", "手机号"),
        ("plate", "车牌号"),
        ("address", "住址"),
        ("order", "单号"),
        ("handle", "个人账号"),
    ):
        for each in found(given, "privacy", group):
            yield Spot(*each.span(), f"{what}是个人信息", "删掉，或只留无法辨认个人的部分")
    for each in found(given, "privacy", "long"):
        if kind := _long_kind(re.sub(r"[\s-]", "", each[0])):
            yield Spot(*each.span(), f"{kind}是个人信息", "删掉")
    for each in found(given, "privacy", "mail"):
        around = given.text.plain[max(0, each.start() - CLOSE) : each.start()]
        if says(around, "privacy", "persons"):
            yield Spot(*each.span(), "个人邮箱是个人信息", "删掉")
    for start, end in _named(given.text.plain):
        yield Spot(start, end, "姓名与身份连在一起，能认出是谁", "改成「一位顾客」「涉事员工」，或只留姓氏")


def _long_kind(digits: str) -> str:
    if len(digits) == 18 and is_identity_card(digits):
        return "身份证号"
    is_card = 16 <= len(digits) <= 19 and CARD.match(digits) and luhn.is_valid(digits)
    return "银行卡号" if is_card else ""


def _named(plain: str) -> Iterator[tuple[int, int]]:
    """A role and a full name, either way round: 员工张伟, 张伟（店长）."""
    for index, each_pattern in enumerate(_name_patterns()):
        for each in each_pattern.finditer(plain):
            # a name that comes first must begin where a word does
            if index != 1 or not HAN.match(plain[each.start() - 1 : each.start()]):
                yield each.span()


@cache
def _name_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    groups = words("privacy").groups
    roles, surnames = (
        "|".join(sorted(groups[name], key=len, reverse=True)) for name in ("roles", "surnames")
    )
    roles = "|".join([roles, *groups["jobs"]])
    name = rf"(?!{'|'.join(groups['not_names'])})(?:{surnames}){groups['given'][0]}{{1,2}}"
    end = r"(?=[，。、；：！？,.;:!?\s）)（(“」于在已的因被将对和与称曾等及从向就系是为正受经本入住确反进到说表联来打电提发承违未没不收前先自擅私拨通按予记与给处开解做作道致负所也还又再只之以这其今昨现目并但或让把请跟同下上态很骂推拿动用送洗忘操违]|$)"
    whose = "(?:我司|我们|本店|该店|涉事|当事|一名|门店)?(?:的)?[\u4e00-\u9fff]{0,4}"
    return (
        re.compile(rf"(?:{roles})(?:姓名)?\s?(?:[:：]|名叫|叫|为|是|[（(“「])?\s?{name}{end}"),
        re.compile(rf"{name}\s?(?:[（(]|，?系|，?是|为){whose}(?:{roles})"),
        re.compile(rf"(?:姓名|名叫|真名|本名)\s?(?:是|为|[:：])?\s?{name}{end}"),
    )


@check_for("L20", "内部信息", "Internal information", Severity.BLOCK)
def internal(given: Given) -> Iterator[Spot]:
    """Links, figures, code names and instructions that are meant for inside."""
    for group, what in (("links", "内部链接"), ("secrets", "内部信息")):
        for each in found(given, "privacy", group):
            yield Spot(*each.span(), f"{what}，不能对外", "删掉")
    for word in filter(None, () if given.audience == "staff" else given.internal):
        for each in re.finditer(re.escape(word.lower()), given.text.plain):
            yield Spot(*each.span(), f"「{word}」只在内部使用，不能对外", "删掉，或换成对外的说法")
