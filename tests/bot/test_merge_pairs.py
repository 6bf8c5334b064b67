"""Which comments are the same complaint: judged on pairs that were written for it, hard ones included."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.monitor.fit import fit, lessons
from bot.monitor.likeness import BIAS, WEIGHTS, same_matter

PAIRS = Path(__file__).with_name("merge_pairs.tsv")


def pairs(part: str) -> list[tuple[bool, str, str]]:
    rows = [line.split("\t") for line in PAIRS.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return [(same == "1", one, other) for of, same, one, other in rows if of == part]


def test_there_are_a_thousand_pairs_and_half_are_not_the_same() -> None:
    found = [*pairs("seen"), *pairs("unseen"), *pairs("hard"), *pairs("fresh")]
    assert len(found) >= 1000
    assert 0.4 < sum(same for same, _, _ in found) / len(found) < 0.6


@pytest.mark.parametrize(
    ("part", "precision", "recall"),
    [
        ("seen", 0.97, 0.95),
        ("unseen", 0.97, 0.85),
        ("hard", 0.89, 0.8),
        ("fresh", 0.9, 0.68),
        ("far", 0.75, 0.2),
    ],
)
def test_what_is_merged_is_the_same_and_most_that_is_the_same_is_merged(
    part: str, precision: float, recall: float
) -> None:
    judged = [(same, same_matter(one, other)) for same, one, other in pairs(part)]
    right = sum(same and merged for same, merged in judged)
    merged = sum(merged for _, merged in judged)
    assert right / merged >= precision
    assert right / sum(same for same, _ in judged) >= recall


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("收到的蛋糕发霉了，客服不理人", "@青柚 收到的蛋糕发霉了！！！客服不理人[怒]"),
        ("收到的蛋糕发霉了，客服不理人", "收到的蛋糕發霉了，客服不理人"),
        ("付款失败钱被扣了", "点单提示支付失败，银行卡已经扣款"),
        ("这个洗碗机把我碟子弄花", "這個洗碗機把我碟子弄花！"),
        ("ＡＰＰ一直闪退", "app打不开，一点就退出去"),
        ("奶茶里有虫子，逗我呢", "喝出一只活虫，奶茶你们怎么做的"),
        ("住酒店发现插座里有针孔", "酒店路由器里藏着偷拍的镜头"),
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
        ("北京店的奶茶里有虫子", "广州店的奶茶里有虫子"),
        ("蛋糕发霉了，退钱", "蛋糕没有发霉，挺新鲜的"),
        ("酸奶过期了还在卖", "牛奶过期了还在卖"),
        ("羊毛衫洗一次就缩水", "羊毛衫洗一次就掉色"),
        ("快递拖了半个月才到", "快递到的时候压扁了，碎一半"),
        ("新手机涨价三百，太贵了", "新手机退货不给退款"),
        ("自动续费偷偷扣我钱", "自动续费怎么关"),
        ("空调漏水，师傅约了三次不来", "空调漏水，师傅当天就来修好了"),
        ("奶粉又涨了四十", "停车费又涨了十块"),
    ],
)
def test_another_matter_in_like_words(one: str, other: str) -> None:
    assert not same_matter(one, other)


@pytest.mark.slow
def test_the_weights_are_what_the_pairs_teach() -> None:
    lines = [line for line in PAIRS.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    taught = fit(lessons(lines))
    assert taught.pop("bias") == pytest.approx(BIAS, abs=0.02)
    assert taught == pytest.approx(dict(WEIGHTS), abs=0.02)
