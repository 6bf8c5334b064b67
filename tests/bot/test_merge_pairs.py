"""Which comments are the same complaint: judged on pairs that were written for it, hard ones included."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.monitor.likeness import same_matter

PAIRS = Path(__file__).with_name("merge_pairs.tsv")


def pairs(part: str) -> list[tuple[bool, str, str]]:
    rows = [line.split("\t") for line in PAIRS.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return [(same == "1", one, other) for of, same, one, other in rows if of == part]


def test_there_are_three_hundred_pairs_and_half_are_not_the_same() -> None:
    found = [*pairs("seen"), *pairs("unseen")]
    assert len(found) >= 300
    assert 0.4 < sum(same for same, _, _ in found) / len(found) < 0.6


@pytest.mark.parametrize("part", ["seen", "unseen"])
def test_what_is_merged_is_the_same_and_most_that_is_the_same_is_merged(part: str) -> None:
    judged = [(same, same_matter(one, other)) for same, one, other in pairs(part)]
    right = sum(same and merged for same, merged in judged)
    merged = sum(merged for _, merged in judged)
    assert right / merged >= (0.95 if part == "seen" else 0.92)
    assert right / sum(same for same, _ in judged) >= 0.6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("收到的蛋糕发霉了，客服不理人", "@青柚 收到的蛋糕发霉了！！！客服不理人[怒]"),
        ("收到的蛋糕发霉了，客服不理人", "收到的蛋糕發霉了，客服不理人"),
        ("付款失败钱被扣了", "点单提示支付失败，银行卡已经扣款"),
    ],
)
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert same_matter(one, other)
    assert same_matter(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("收到的蛋糕发霉了，客服不理人", "蛋糕少送了两块，客服不理人"),
        ("收到的蛋糕发霉了，客服不理人", "听说他家蛋糕发霉，是真的吗？"),
        ("喝出蟑螂，奶茶太恶心了", "面馆的面里吃出蟑螂，太恶心了"),
    ],
)
def test_another_matter_in_like_words(one: str, other: str) -> None:
    assert not same_matter(one, other)
