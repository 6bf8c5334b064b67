"""What belongs into no crisis text, or into no advertisement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.lists import pattern
from playbooks.checks.situation import found, is_crisis, is_quoted, says
from playbooks.checks.text import Sentence

EXEMPT = ("own_range", "advice", "standard", "trade_mark", "award")
"""Groups of words that take a superlative out of the law's reach (2023 guide, articles 5 and 6)."""
NEAR = 6


@check_for("L08", "广告法绝对化用语", "Superlatives (advertising law)", Severity.WARN)
def superlatives(given: Given) -> Iterator[Spot]:
    """Superlatives that none of the exemptions of the 2023 guide covers; where the text sells they block."""
    sells = pattern("advertising", "selling").is_in(given.text)
    for each in found(given, "advertising", "superlatives"):
        if not _is_exempt(given, each):
            mend = "删掉，或写出时间、地域与数据来源；自我比较、消费提示、标准分级、商标、奖项须写明依据"
            yield Spot(*each.span(), "广告法第九条的绝对化用语", mend, Severity.BLOCK if sells else None)


def _is_exempt(given: Given, each: re.Match[str]) -> bool:
    sentence, clause = given.text.sentence(each.start()), given.text.clause(each.start())
    if _covers(sentence, "attitude", each, NEAR) or any(_covers(clause, name, each, 24) for name in EXEMPT):
        return True
    if is_quoted(given.text, *each.span()) and _covers(sentence, "trade_mark", each, 12):
        return True
    if _covers(sentence, "standard", each, 40):
        return True
    # article 6 (6): a time or place, and a fact of sequence or of figures beside it
    return says(sentence.text, "advertising", "dated") and _covers(sentence, "factual", each, 10)


def _covers(sentence: Sentence, group: str, each: re.Match[str], reach: int) -> bool:
    """Tell whether words of a group stand around a superlative."""
    at = each.start() - sentence.start
    start, end = max(0, at - reach), at + len(each[0]) + reach
    found_there = pattern("advertising", group).within(sentence.text)
    return any(hit.start() < end and hit.end() > start for hit in found_there)


@check_for("L14", "危机文本里的推销", "Selling in a crisis text", Severity.BLOCK)
def promotion(given: Given) -> Iterator[Spot]:
    """Selling, in a text about something that went wrong."""
    if not is_crisis(given):
        return
    for each in found(given, "advertising", "promotion"):
        sentence = given.text.sentence(each.start()).text
        stopped = says(sentence, "advertising", "not_promotion")
        repairs = "券" in each[0] and says(sentence, "advertising", "repairing")
        if not stopped and not repairs and not is_quoted(given.text, *each.span()):
            yield Spot(*each.span(), "危机回应里夹带推销", "删掉；促销等事情过去再发")
    for slogan in filter(None, given.slogans):
        for each in re.finditer(re.escape(slogan.lower()), given.text.plain):
            yield Spot(*each.span(), "危机回应里夹带品牌口号", "删掉")
