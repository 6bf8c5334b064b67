"""The text against the record: the fact table, the commitment register, versions that still stand somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from playbooks.checks.base import Fact, Given, Severity, Spot, check_for
from playbooks.checks.claims import FIGURE, number
from playbooks.checks.text import Sentence

CITED = re.compile(r"[\[【（(〔]?\s?(?<![A-Za-z])[Ff](?P<id>\d{1,3})(?![\dA-Za-z])\s?[\]】）)〕]?")
CONFIRMED = "confirmed"
STATES = {"unconfirmed": "未确认", "false": "已证伪", "expired": "已过期", "denied": "已否认"}
TOLD = re.compile("(?:不实|谣言|不属实|并非|没有|尚未|未|不是|还不清楚|尚不清楚|正在核实|网传)")
LEAST_OVERLAP = 0.7
PROMISE = re.compile(
    r"(?:将|会|承诺|保证|计划|预计|争取)[^。；\n]{0,20}(?:于|在)?[^。；\n]{0,10}?(?P<first>\d{1,2}\s?月\s?\d{1,2}\s?日|(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?个?(?:小时|天|日|工作日|分钟|周|月)(?:内|之内|以内)|(?:今天|今晚|今日|明天|明日|明早|次日|本周|下周|月底|年底)[^。；，\n]{0,8}前|\d{1,2}[:：]\d{2}\s?前)"
    r"|(?P<second>\d{1,2}\s?月\s?\d{1,2}\s?日(?:\s?\d{1,2}[:：时点]\d{0,2})?\s?(?:之)?前|(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?个?(?:小时|天|日|工作日|分钟)(?:内|之内|以内)|\d{1,2}[:：]\d{2}\s?前|(?:今天|今晚|明天|明日|明早|次日|本周|下周)[^。；，\n]{0,6}前)[^。；\n]{0,12}(?:公布|更新|通报|说明|完成|退|赔|联系|答复|回复|处理|上线|到账|反馈|发布|整改|恢复)"
)


@check_for("L04", "事实没有依据", Severity.BLOCK)
def unproven(given: Given) -> Iterator[Spot]:
    """A fact that the table does not hold as confirmed."""
    if given.facts is None:
        return
    known = {fact.id.upper().lstrip("F") or str(place): fact for place, fact in enumerate(given.facts, 1)}
    for each in CITED.finditer(given.text.plain):
        fact = known.get(each["id"].lstrip("0"))
        if fact is None:
            yield Spot(*each.span(), f"事实表里没有 F{each['id']}", "改成已有的编号，或先登记这条事实")
        elif fact.state != CONFIRMED:
            yield Spot(
                *each.span(),
                f"F{each['id']} {STATES.get(fact.state, fact.state)}",
                "等确认后再写，或删掉这一句",
            )
    for sentence in given.text.sentences():
        yield from _unproven_in(sentence, given.facts)


def _unproven_in(sentence: Sentence, facts: Sequence[Fact]) -> Iterator[Spot]:
    if CITED.search(sentence.text):
        return
    weak = next(
        (fact for fact in facts if fact.state != CONFIRMED and _tells(sentence.text, fact.claim)), None
    )
    words = sentence.text.strip()
    start = sentence.start + sentence.text.index(words)
    if weak and not TOLD.search(sentence.text):
        reason = f"「{weak.claim}」{STATES.get(weak.state, weak.state)}"
        yield Spot(start, start + len(words), reason, "等确认后再写，或写进「还不清楚」")
    elif not weak and not PROMISE.search(sentence.text):
        proven = " ".join(fact.claim for fact in facts if fact.state == CONFIRMED)
        held = {
            (number(each["number"], each["scale"] or ""), each["unit"]) for each in FIGURE.finditer(proven)
        }
        for each in FIGURE.finditer(sentence.text):
            is_count = each["unit"] in "家间名位人例批批次件盒箱袋瓶杯份台辆单笔起吨"
            if (
                is_count
                and each["number"] != "一"
                and (number(each["number"], each["scale"] or ""), each["unit"]) not in held
            ):
                where = sentence.start + each.start()
                yield Spot(
                    where, sentence.start + each.end("unit"), "事实表里没有这个数字", "先登记并确认，再写出来"
                )


def _tells(words: str, claim: str) -> bool:
    """Tell whether a sentence says what a fact claims: most pairs of its characters, and all of its figures."""
    bare, said = (re.sub(r"[^\w]", "", each) for each in (claim, words))
    pairs = {bare[place : place + 2] for place in range(len(bare) - 1)}
    figures = re.findall(r"\d+", bare)
    if not pairs or any(figure not in re.findall(r"\d+", said) for figure in figures):
        return False
    return sum(pair in said for pair in pairs) / len(pairs) >= LEAST_OVERLAP


@check_for("L16", "承诺没有登记", Severity.BLOCK)
def unowned_promises(given: Given) -> Iterator[Spot]:
    """A promise with a time that nobody keeps, for the register holds no owner or no due date."""
    if given.promises is None:
        return
    kept = [each for each in given.promises if each.owner and each.due]
    for each in PROMISE.finditer(given.text.plain):
        if not any(_tells(given.text.sentence(each.start()).text, promise.text) for promise in kept):
            when = "first" if each["first"] else "second"
            mend = "先登记这条承诺的负责人与期限，或删掉时间"
            yield Spot(
                each.start(), max(each.end(), each.end(when)), "有时间的承诺，登记表里没有负责人或期限", mend
            )


@check_for("L24", "旧版本仍在或已过期", Severity.BLOCK)
def stale_versions(given: Given) -> Iterator[Spot]:
    """An approved version that is superseded and still stands, or one whose approval has run out."""
    first = given.text.first_line
    where = (first.start, first.start + len(first.text))
    same = re.sub(r"\s", "", given.text.raw)
    for each in given.earlier:
        name = f"v{each.number}" if each.number else "先前的版本"
        is_same = re.sub(r"\s", "", each.text) == same
        if is_same and each.expired:
            yield Spot(*where, f"{name} 的批准已过期", "重新送批")
        elif each.live and not is_same:
            yield Spot(*where, f"{name} 还在：{'、'.join(each.live)}", "先撤下或更正旧版本，再发新的")
