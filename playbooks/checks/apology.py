"""What the text must hold: a whole apology, the parts of a first response, one stance, a lawyer's eye."""

from __future__ import annotations

from collections.abc import Iterator

from playbooks.checks.base import Given, Severity, Spot, check_for
from playbooks.checks.lists import pattern
from playbooks.checks.situation import found, is_crisis, is_foreign, is_holding, is_short

SHORTEST_BOLSTER = 30


def _first(given: Given) -> tuple[int, int]:
    first = given.text.first_line
    return first.start, first.start + len(first.text)


@check_for("L09", "道歉缺要素", "Apology lacks a part", Severity.WARN)
def apology_parts(given: Given) -> Iterator[Spot]:
    """An apology says who is responsible and what is repaired; regret alone is none (Lewicki 2016)."""
    rebuilds = given.strategy == "rebuild"
    if given.strategy in {"inform", "deny"} or is_holding(given) or is_foreign(given.text.plain):
        return
    spoken = next(found(given, "apology", "apologises" if rebuilds else "solemn"), None)
    is_told = rebuilds or pattern("tone", "conditional").is_in(given.text)  # L10 speaks of the half apology
    regret = None if is_told else next(found(given, "apology", "regret"), None)
    if spoken is None and regret is None and not rebuilds:
        return
    wanted = [("responsibility", "承担责任"), ("repair", "怎样补救")]
    if given.strategy == "diminish":
        wanted = wanted[1:]
    missing = [name for group, name in wanted if not pattern("apology", group).is_in(given.text)]
    if spoken is None and not rebuilds and len(missing) < len(wanted):
        return  # sorry for an inconvenience, and something done about it
    spoken = spoken or regret
    missing += ["道歉"] if spoken is None else []
    if missing:
        where = spoken.span() if spoken else _first(given)
        severity = Severity.BLOCK if rebuilds else None
        yield Spot(
            *where,
            f"道歉里没有：{'、'.join(missing)}",
            "写明是谁的责任，再写退、赔、改中做哪些、何时做完",
            severity,
        )


PARTS = (
    ("next_update", "下次何时说", "写明下一次更新的时间"),
    ("contact", "怎么找到我们", "写明热线或客服入口"),
    ("action", "正在做什么", "写明已经在做的事"),
)


@check_for("L15", "首次回应缺件", "First response lacks a part", Severity.BLOCK)
def missing_parts(given: Given) -> Iterator[Spot]:
    """A first response says what is done, how to reach the brand, and when it speaks again."""
    if not is_holding(given) or (is_short(given) and not given.stage) or is_foreign(given.text.plain):
        return
    missing = [(name, mend) for group, name, mend in PARTS if not pattern("apology", group).is_in(given.text)]
    if missing:
        names, mends = zip(*missing, strict=True)
        yield Spot(*_first(given), f"首次回应缺：{'、'.join(names)}", "；".join(mends))


@check_for("L18", "立场混用", "Mixed stance", Severity.WARN)
def mixed_stances(given: Given) -> Iterator[Spot]:
    """Denying and taking the blame in one text, or praising oneself and nothing else (Coombs 2007)."""
    denial = next(found(given, "apology", "denial"), None)
    fault = next(found(given, "apology", "own_fault"), None)
    sorry = next(found(given, "apology", "solemn"), None)
    if denial and (fault or sorry):
        other = fault or sorry
        assert other is not None
        severity = Severity.BLOCK if given.strategy else None
        mend = "选一个：有证据就只澄清，有责任就只道歉补救；分两份说"
        yield Spot(*other.span(), f"一面否认（{denial[0]}），一面认错或赔付，两头都不可信", mend, severity)
    bolster = next(found(given, "apology", "bolster"), None)
    if bolster and len(given.text.plain) >= SHORTEST_BOLSTER and _only_praises(given):
        yield Spot(*bolster.span(), "只夸自己，没有回应问题", "先回答发生了什么、怎么办；成绩留到以后说")


def _only_praises(given: Given) -> bool:
    return is_crisis(given) and not pattern("apology", "substance").is_in(given.text)


@check_for("L19", "须法务过目", "For legal to read", Severity.WARN)
def legal_words(given: Given) -> Iterator[Spot]:
    """Words that a court would read; each once."""
    told: set[str] = set()
    for each in found(given, "apology", "legal"):
        if each[0] not in told:
            told.add(each[0])
            yield Spot(*each.span(), f"「{each[0]}」有法律后果", "发布前请法务批准")
