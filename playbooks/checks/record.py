"""The text against the record: the fact table, the commitment register, versions that still stand somewhere."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise

from playbooks.checks.base import Fact, Given, Severity, Spot, check_for
from playbooks.checks.claims import Claim, about_same, claims
from playbooks.checks.situation import is_foreign, is_quoted
from playbooks.checks.text import Sentence, Text

CITED = re.compile(r"[\[【（(〔]?\s?(?<![A-Za-z])[Ff](?P<id>\d{1,3})(?![\dA-Za-z])\s?[\]】）)〕]?")
CONFIRMED = "confirmed"
STATES = {"unconfirmed": "未确认", "false": "已证伪", "expired": "已过期", "denied": "已否认"}
TOLD = re.compile(
    "(?:不实|谣言|不属实|并非|没有|尚未|未|不是|还不清楚|尚不清楚|正在核实|网传|原文|有误|误写|误称)"
    r"|\b(?:not|never|cannot|un(?:confirmed|true|founded|clear|known)|false|rumou?rs?|incorrect|whether|verifying|alleged(?:ly)?|reportedly"
    r"|reports? (?:that|of|say)|claims? (?:that|of)|no (?:evidence|truth))\b|n['’]t\b"
)
"""Words with which a sentence says that something is not certain, or not so."""
LEAST_OVERLAP = 0.7
WORD = re.compile(r"[a-z]{2,}")
ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|es|s|e)$")
"""What an English word ends in besides its stem: `closed`, `closing` and `close` are one word."""
EMPTY_WORDS = frozenset(
    [
        "about",
        "after",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "during",
        "each",
        "for",
        "from",
        "get",
        "got",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "him",
        "his",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "may",
        "me",
        "more",
        "most",
        "much",
        "my",
        "no",
        "nor",
        "of",
        "off",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "per",
        "said",
        "say",
        "says",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
"""English words that say nothing of what a sentence is about."""
SPANS = frozenset({"小时", "分钟", "天", "个工作日", "个月"})
"""Units of how long something takes, which is said and not found out."""
PROMISE = re.compile(
    r"(?:将|会|承诺|保证|计划|预计|争取)[^。；\n]{0,20}(?:于|在)?[^。；\n]{0,10}?(?P<first>\d{1,2}\s?月\s?\d{1,2}\s?日|(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?个?(?:小时|天|日|工作日|分钟|周|月)(?:内|之内|以内)|(?:今天|今晚|今日|明天|明日|明早|次日|本周|下周|月底|年底)[^。；，\n]{0,8}前|\d{1,2}[:：]\d{2}\s?前)"
    r"|(?P<second>\d{1,2}\s?月\s?\d{1,2}\s?日(?:\s?\d{1,2}[:：时点]\d{0,2})?\s?(?:之)?前|(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?个?(?:小时|天|日|工作日|分钟)(?:内|之内|以内)|\d{1,2}[:：]\d{2}\s?前|(?:今天|今晚|明天|明日|明早|次日|本周|下周)[^。；，\n]{0,6}前)[^。；\n]{0,12}(?:公布|更新|通报|说明|完成|退|赔|联系|答复|回复|处理|上线|到账|反馈|发布|整改|恢复)"
)


@check_for("L04", "事实没有依据", "Not backed by a fact", Severity.BLOCK)
def unproven(given: Given) -> Iterator[Spot]:
    """What the fact table knows to be unconfirmed or false; as a warning, a figure, day or cause that it does not hold."""
    if given.facts is None:
        return
    yield from _marks(given.text, given.facts)
    for sentence in given.text.sentences():
        if not CITED.search(sentence.text):
            yield from _weak(sentence, given.facts)
    for claim, facts in _sourced(given.text, given.facts):
        sentence = given.text.sentence(claim.start)
        if not CITED.search(sentence.text):
            yield from _unsourced(claim, sentence, facts)


def _marks(text: Text, facts: Sequence[Fact]) -> Iterator[Spot]:
    """Facts that are cited by number."""
    known = {fact.id.upper().lstrip("F") or str(place): fact for place, fact in enumerate(facts, 1)}
    for each in CITED.finditer(text.plain):
        fact = known.get(each["id"].lstrip("0"))
        if fact is None:
            yield Spot(*each.span(), f"事实表里没有 F{each['id']}", "改成已有的编号，或先登记这条事实")
        elif fact.state != CONFIRMED:
            yield Spot(
                *each.span(),
                f"F{each['id']} {STATES.get(fact.state, fact.state)}",
                "等确认后再写，或删掉这一句",
            )


def _unsourced(claim: Claim, sentence: Sentence, facts: Sequence[Fact]) -> Iterator[Spot]:
    """A claim that no fact holds, or only such as are not certain."""
    if not facts:
        mend = "先登记并确认，再写出来"
        yield Spot(claim.start, claim.end, f"事实表里没有「{claim.words}」", mend, Severity.WARN)
    elif not any(fact.state == CONFIRMED for fact in facts) and not TOLD.search(sentence.text):
        yield _spot(claim.start, claim.end, facts[0])


def _weak(sentence: Sentence, facts: Sequence[Fact]) -> Iterator[Spot]:
    """A sentence that says what is not certain as if it were."""
    weak = next(
        (fact for fact in facts if fact.state != CONFIRMED and _tells(sentence.text, fact.claim)), None
    )
    if weak and not TOLD.search(sentence.text):
        words = sentence.text.strip()
        start = sentence.start + sentence.text.index(words)
        yield _spot(start, start + len(words), weak)


def _spot(start: int, end: int, fact: Fact) -> Spot:
    name = f"{fact.id} " if fact.id else ""
    reason = f"{name}「{fact.claim}」{STATES.get(fact.state, fact.state)}"
    return Spot(start, end, reason, "等确认后再写，或写进「还不清楚」")


def _sourced(text: Text, facts: Sequence[Fact]) -> Iterator[tuple[Claim, list[Fact]]]:
    """Each figure, amount, day, time and cause of a text that has to be known from somewhere, and the facts that say so."""
    table = [(fact, claims(Text(fact.claim))) for fact in facts]
    for claim in claims(text):
        sentence = text.sentence(claim.start)
        if not _needs_source(claim) or is_quoted(text, claim.start, claim.end):
            continue
        holding = [fact for fact, told in table if any(_same(claim, each, fact) for each in told)]
        if holding or not PROMISE.search(sentence.text):
            yield claim, holding


def _needs_source(claim: Claim) -> bool:
    sort, _, about = claim.about.partition(":")
    if sort == "figure":
        return about.split(":")[0] not in SPANS and not claim.words.startswith("一")
    return sort in {"cause", "multiple"} or (sort in {"day", "clock"} and about != "next")


def _same(claim: Claim, other: Claim, fact: Fact) -> bool:
    """Tell whether a fact says what a text claims. One that is not certain has to speak of the same thing, too."""
    if claim.value != other.value:
        return False
    if fact.state == CONFIRMED and claim.about.startswith("figure:"):
        return claim.about.split(":")[:2] == other.about.split(":")[:2]
    return about_same(claim, other)


def cited(words: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts that a text rests on, whether or not they are certain: it says what they claim, or one of their figures."""
    text = Text(words)
    resting = [fact for _, holding in _sourced(text, facts) for fact in holding]
    sentences = [sentence.text for sentence in text.sentences()]
    return tuple(
        fact for fact in facts if fact in resting or any(_tells(each, fact.claim) for each in sentences)
    )


def carried(words: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Those of some agreed lines that a text says: each sentence of theirs in one or two of its own."""
    said = [sentence.text for sentence in Text(words).sentences()]
    said += [first + second for first, second in pairwise(said)]

    def is_said(line: str) -> bool:
        parts = [part.text for part in Text(line).sentences() if len(part.text.strip()) > 1]
        return bool(parts) and all(any(_tells(each, part) for each in said) for part in parts)

    return tuple(line for line in lines if is_said(line))


def _tells(words: str, claim: str) -> bool:
    """Tell whether a sentence says what a fact claims: all of its figures, and most pairs of its characters or, in English, of its words."""
    bare, said = (re.sub(r"[^\w]", "", each.lower()) for each in (claim, words))
    figures = re.findall(r"\d+", bare)
    if any(figure not in re.findall(r"\d+", said) for figure in figures):
        return False
    parts: set[str]
    there: Container[str]
    if is_foreign(claim):
        # Any English sentence holds most pairs of letters of any other.
        parts, there = _stems(claim), _stems(words)
    else:
        parts, there = {bare[place : place + 2] for place in range(len(bare) - 1)}, said
    return bool(parts) and sum(part in there for part in parts) / len(parts) >= LEAST_OVERLAP


def _stems(words: str) -> set[str]:
    """The English words of a text that say what it is about, without their endings."""
    return {ENDING.sub("", each) for each in WORD.findall(words.lower()) if each not in EMPTY_WORDS}


@check_for("L16", "承诺没有登记", "Promise not entered", Severity.BLOCK)
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


@check_for("L24", "旧版本仍在或已过期", "Old version still out, or expired", Severity.BLOCK)
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
