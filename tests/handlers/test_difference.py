"""What an edit changed, for people who have to read it in a hurry."""

import time

from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.difference import difference

TEXT = "关于情况说明\n\n14:00，我们看到有用户反映。这件事很抱歉。\n下一次说明：18:00 前。\n原因还不清楚。"


def test_a_changed_time_stands_between_the_words_around_it() -> None:
    assert difference(TEXT, TEXT.replace("18:00", "19:30")) == ["下一次说明：−〔18:00〕＋〔19:30〕 前。"]


def test_what_came_and_what_went_is_told_apart() -> None:
    (came,) = difference(TEXT, TEXT.replace("这件事很抱歉", "这件事我们很抱歉"))
    (went,) = difference(TEXT.replace("这件事很抱歉", "这件事我们很抱歉"), TEXT)
    assert "＋〔我们〕" in came
    assert "−" not in came
    assert "−〔我们〕" in went
    assert "＋" not in went


def test_single_characters_that_two_wordings_share_are_no_islands() -> None:
    (line,) = difference("原因是设备的故障。", "我们的疏忽。")
    assert line == "−〔原因是设备的故障〕＋〔我们的疏忽〕。"


@given(st.text("的一。\n1a", max_size=80), st.text("的一。\n1a", max_size=80))
def test_nothing_is_told_of_equal_texts_and_something_of_different_ones(old: str, new: str) -> None:
    lines = difference(old, new)
    assert difference(old, old) == []
    if "".join(old.split()) != "".join(new.split()):
        assert lines


def test_long_texts_are_compared_in_time() -> None:
    begun = time.process_time()
    difference("的" * 20_000, "的" * 19_999)
    difference("的一。" * 390, "一的。" * 390)
    difference("的\n" * 10_000, "\n" * 9_000)
    assert time.process_time() - begun < 1
