"""How the text speaks: guesses, blame, absolutes, half apologies, empty words, threats, repeated rumours."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.lists import pattern
from playbooks.checks.situation import RUMOUR_KINDS, before, found, is_denial, is_quoted, says

QUOTED_FALSE = re.compile(
    "(?:关于)?[“「『](?P<what>[^”」』]{4,40})[”」』](?:[^。]{0,6})(?:不实|谣言|的?辟谣|不属实|纯属|捏造|假的|没有的事)"
)
QUOTED = re.compile(
    "(?:关于|针对|就|对于|有关|所谓|回应|网传|网曝|澄清)[^“「『。]{0,8}[“「『](?P<what>[^”」』]{4,40})[”」』]"
)
ASKED = re.compile(r"^(?P<what>[^。！？?\n]{4,40})[？?]")
"""How the first line repeats an accusation that the text goes on to deny."""


@check_for("L05", "推测", "Speculation", Severity.WARN)
def speculation(given: Given) -> Iterator[Spot]:
    """Guesses outside of what is openly called unknown."""
    warns = pattern("tone", "recall").is_in(given.text)
    groups = ("notice", "hazard") if warns else ("notice",)
    harmless = [each.span() for group in groups for each in found(given, "tone", group)]
    for each in found(given, "tone", "speculation"):
        if not _is_open(given, each) and not any(start <= each.start() < end for start, end in harmless):
            yield Spot(*each.span(), "推测会被当成结论", "写已确认的；还不清楚的，单独写明「还不清楚」")


def _is_open(given: Given, each: re.Match[str]) -> bool:
    """Tell whether a guess is somebody else's, or said to be unknown."""
    left = before(given.text.sentence(each.start()), each.start())
    return says(left, "tone", "unknown") or is_quoted(given.text, *each.span())


@check_for("L06", "结论之前推责", "Blame before the findings", Severity.BLOCK)
def blame(given: Given) -> Iterator[Spot]:
    """Somebody else is blamed before an outside result says so."""
    is_attack = given.kind in RUMOUR_KINDS or pattern("tone", "attack").is_in(given.text)
    for group in ("scapegoat", "because"):
        for each in found(given, "tone", group):
            if is_attack and "无关" in each[0]:
                continue  # of a forged account or shop that is the plain truth
            if not _is_settled(given, each) and not is_quoted(given.text, *each.span()):
                yield Spot(
                    *each.span(), "调查结论之前把责任推给别人", "先说自己要做的；责任等有依据的结论再说"
                )


def _is_settled(given: Given, each: re.Match[str]) -> bool:
    """Tell whether an outside result, a refusal to blame or the brand's own fault stands in the same sentence."""
    sentence = given.text.sentence(each.start())
    left = before(sentence, each.start())
    return (
        says(sentence.text, "tone", "result")
        or says(left[-8:] + each[0][:2], "tone", "not_blame")
        or says(sentence.text, "tone", "own")
        or says(left, "tone", "unknown")
    )


@check_for("L07", "绝对的承诺或否认", "Absolute promise or denial", Severity.WARN)
def absolutes(given: Given) -> Iterator[Spot]:
    """Words that one counter-example turns into a lie; in a denial they block."""
    severity = Severity.BLOCK if is_denial(given) else None
    measured = [each.span() for each in found(given, "absolutes", "measured")]
    for each in found(given, "absolutes", "words"):
        left = before(given.text.sentence(each.start()), each.start())
        if any(start <= each.start() < end for start, end in measured) or is_quoted(given.text, *each.span()):
            continue
        if not pattern("absolutes", "negated").search(left[-4:]):
            yield Spot(
                *each.span(), "话说绝了，一个反例就站不住", "写做了什么、查到什么、到什么时候为止", severity
            )


@check_for("L10", "有条件的道歉", "Conditional apology", Severity.WARN)
def half_apology(given: Given) -> Iterator[Spot]:
    """An apology with an if, or one that leaves the understanding to the reader."""
    for each in found(given, "tone", "conditional"):
        left = before(given.text.sentence(each.start()), each.start())
        if not left.endswith(("以免", "避免", "为避免", "为免", "防止", "不会", "不再")):
            yield Spot(*each.span(), "有条件的道歉等于没有道歉", "直接说给谁造成了什么，再道歉")


@check_for("L11", "空话", "Empty phrase", Severity.WARN)
def empty_words(given: Given) -> Iterator[Spot]:
    """Words of intensity without anything done."""
    for each in found(given, "tone", "empty"):
        if not is_quoted(given.text, *each.span()):
            yield Spot(*each.span(), "空话，没有说做了什么", "换成具体的动作、时间和负责人")
    for each in found(given, "tone", "first_time"):
        if not says(given.text.sentence(each.start()).text, "tone", "time_given"):
            yield Spot(*each.span(), "「第一时间」没有说是什么时间", "写出几点几分")


@check_for("L12", "威胁的口气", "Threatening tone", Severity.WARN)
def threats(given: Given) -> Iterator[Spot]:
    """Talk of courts and police where nobody attacks; against consumers it blocks."""
    is_attack = given.kind in RUMOUR_KINDS or pattern("tone", "attack").is_in(given.text)
    for each in found(given, "tone", "threat"):
        sentence = given.text.sentence(each.start()).text
        if re.search("报(?:警|案)", each[0]) and not says(sentence, "tone", "at_consumers"):
            if is_attack or says(sentence, "tone", "police_help"):
                continue
        elif re.search("追究", each[0]) and re.search(
            "(?:接受|配合|愿意?|依法承担)", sentence[: sentence.index("追究")]
        ):
            continue
        if says(sentence, "tone", "at_consumers"):
            yield Spot(*each.span(), "用法律威胁消费者", "删掉；改成怎样处理他们的问题", Severity.BLOCK)
        elif not is_attack and given.audience == "consumers":
            yield Spot(
                *each.span(),
                "这份文字是给消费者的，里面有威胁",
                "删掉；改成怎样处理他们的问题",
                Severity.BLOCK,
            )
        elif not is_attack:
            yield Spot(*each.span(), "没有造谣或攻击时，威胁会激化对立", "删掉，或改成平实的说明")


@check_for("L13", "标题重复谣言", "Headline repeats the rumour", Severity.WARN)
def repeated_rumour(given: Given) -> Iterator[Spot]:
    """The first line carries the rumour further."""
    first = given.text.first_line
    reason, mend = "标题或第一句重复了谣言，等于替它传播", "只说事实，或写「关于不实信息的说明」"
    told = _rumour(first.text)
    if told is None and (given.kind in RUMOUR_KINDS or is_denial(given)):
        told = _denied(first.text)
    if told:
        yield Spot(first.start + told.start(), first.start + told.end(), reason, mend)


def _rumour(line: str) -> re.Match[str] | None:
    """What a line passes on as hearsay, if it says more than that there is some."""
    for each in pattern("tone", "rumour").within(line):
        if len(pattern("tone", "rumour_generic").sub("", each["what"])) >= 2:
            return each
    return None


def _denied(line: str) -> re.Match[str] | None:
    """The accusation that a denial repeats: denied word by word, quoted, asked or retold."""
    said = re.split("[。！？?]", line)[0]
    told = pattern("tone", "denied_title").search(said) or QUOTED_FALSE.search(line)
    if told:
        return told
    hits = (*QUOTED.finditer(line), *ASKED.finditer(line), *pattern("tone", "rumour_retold").within(said))
    return next((each for each in hits if says(each["what"], "tone", "accusation")), None)
