"""One voice: the text against its other channels, its other languages and what was approved before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.claims import Claim, about_same, claims, disagree
from playbooks.checks.lists import pattern
from playbooks.checks.record import carried
from playbooks.checks.situation import is_foreign
from playbooks.checks.text import Text

LONGEST = 20_000
"""Characters; far above any statement, and comparing is no quick thing."""
STANCES = ("apology", "accept", "deny", "probe", "recall", "refund")
NAMES = {
    "apology": "道歉",
    "accept": "认责",
    "deny": "否认",
    "probe": "调查中",
    "recall": "召回下架",
    "refund": "退赔",
}


@check_for("L17", "前后或渠道间矛盾", "Contradicts another text", Severity.BLOCK)
def contradictions(given: Given) -> Iterator[Spot]:
    """Figures, days, names, amounts, causes or answers that differ from another text of the same matter."""
    yield from _silent(given)
    if is_foreign(given.text.plain) or not (given.variants or given.earlier):
        return
    mine = claims(Text(given.text.plain[:LONGEST]))
    for channel, words in given.variants.items():
        if not is_foreign(words):
            yield from _against(mine, Text(words[:LONGEST]), f"「{channel}」的文本", given, moves=False)
    for each in given.earlier:
        name = f"已批准的 v{each.number}" if each.number else "先前批准的文本"
        yield from _against(mine, Text(each.text[:LONGEST]), name, given, moves=True)


def _silent(given: Given) -> Iterator[Spot]:
    """None of what was agreed is said. A warning: whoever says it in quite other words is not to be stopped."""
    # A translation cannot be told from other words.
    same = [each for each in given.pillars if is_foreign(each) is is_foreign(given.text.plain)]
    if same and not carried(given.text.raw, same):
        first = given.text.first_line
        mend = f"写进其中一条：{'；'.join(same)}"
        yield Spot(first.start, first.start + len(first.text), "没有说到约定的口径", mend, Severity.WARN)


def _against(mine: Iterable[Claim], other: Text, name: str, given: Given, *, moves: bool) -> Iterator[Spot]:
    """Where a text says what another does not. `moves`: time has passed, so an update that says so may differ."""
    theirs, mine = claims(other), list(mine)
    for claim in mine:
        same = [each for each in theirs if about_same(claim, each)]
        contrary = [each for each in same if disagree(claim, each)]
        if not contrary or len(contrary) < len(same) or _is_told(claim, mine, contrary):
            continue
        if moves and (_is_update(given, claim)):
            continue
        reason = f"与{name}不一致：那里是「{contrary[0].words}」"
        yield Spot(claim.start, claim.end, reason, "统一成已确认的说法；确有变化，写明「截至几点」或公开更正")


def _is_told(claim: Claim, mine: Iterable[Claim], contrary: Iterable[Claim]) -> bool:
    """Tell whether the text says the other thing as well: several shops, several figures."""
    values = {each.value for each in mine if about_same(claim, each)}
    return any(each.value in values for each in contrary)


def _is_update(given: Given, claim: Claim) -> bool:
    if claim.about.split(":")[0] in {"day", "clock"} and claim.about.endswith("next"):
        return True
    sentence = given.text.sentence(claim.start).text
    if claim.about.startswith("answer:"):
        return claim.value == "yes" or bool(pattern("stance", "moving").search(sentence))
    return bool(pattern("stance", "moving").search(sentence))


@check_for("L23", "外文版立场不同", "Translation takes another stance", Severity.BLOCK)
def foreign_stance(given: Given) -> Iterator[Spot]:
    """A text in another language that apologises, denies or promises where this one does not."""
    here = given.text.plain
    for channel, words in given.variants.items():
        if is_foreign(words) is is_foreign(here):
            continue
        mine, theirs = _stances(here), _stances(words)
        apart = [name for name in STANCES if (name in mine) is not (name in theirs)]
        grave = [name for name in apart if name != "probe"]
        first = given.text.first_line
        if grave:
            says = "、".join(
                f"{NAMES[name]}（{'只有这里' if name in mine else f'只有「{channel}」'}）" for name in grave
            )
            yield Spot(
                first.start,
                first.start + len(first.text),
                f"中外文立场不同：{says}",
                "各语言说同样的话，逐句核对",
            )
        elif odd := _odd_figures(here, words):
            at = here.find(odd)
            reason = f"「{channel}」里没有数字 {odd}，两种语言的数字不同"
            yield Spot(max(at, 0), max(at, 0) + len(odd), reason, "各语言用同样的数字，逐个核对")


def _stances(words: str) -> set[str]:
    words = words.lower()
    language = "en" if is_foreign(words) else "zh"
    return {name for name in STANCES if _means(words, f"{language}_{name}", language)}


def _means(words: str, group: str, language: str) -> bool:
    """Tell whether a text takes a stance, and does not say that it does not."""
    denied = pattern("stance", "en_not" if language == "en" else "not_before")
    for each in pattern("stance", group).within(words):
        left = re.split(r"[.。！!？?；;，,\n]", words[max(0, each.start() - 40) : each.start()])[-1]
        if not denied.search(left):
            return True
    return False


def _odd_figures(here: str, there: str) -> str:
    """A figure of this text where both hold as many figures and those of the other are different ones."""
    mine, theirs = (re.findall(r"(?<![\d.:/-])\d{1,7}(?![\d.:/-])", words) for words in (here, there))
    if len(mine) != len(theirs) or len(mine) > 6:
        return ""
    return next((each for each in mine if each not in theirs), "")
