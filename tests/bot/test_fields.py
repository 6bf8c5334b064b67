"""Rows as crawlers, exports and people write them, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources import columns, fields
from bot.sources.base import Found
from bot.sources.fields import RowError, hints, holds_profiles, to_found
from bot.sources.values import count, identifier, moment

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WRITTEN = datetime(2026, 11, 19, 6, 2, 3, tzinfo=UTC)
SECONDS = int(WRITTEN.timestamp())
NEW = {"creator_hash": "9f86d081884c7d65", "nickname": "甲***乙"}
OLD = {
    "user_id": "1234567",
    "nickname": "测试用户甲",
    "avatar": "https://a.example/a.jpg",
    "ip_location": "浙江",
}


def found(row: object, *, platform: str = "") -> Found:
    return to_found(row, platform=platform, timezone=SHANGHAI, now=NOW)


DOUYIN_COMMENT = {
    "comment_id": "7574000000000000123", "create_time": SECONDS, "aweme_id": "7573000000000000456",
    "content": "蛋糕发霉了", "sub_comment_count": "3", "like_count": 12, "last_modify_ts": SECONDS * 1000,
    "parent_comment_id": "0", "pictures": "",
}  # fmt: skip
DOUYIN_VIDEO = {
    "aweme_id": "7573000000000000456", "aweme_type": "0", "title": "探店", "desc": "探店 #青柚", "create_time": SECONDS,
    "liked_count": "12000", "collected_count": "3", "comment_count": "40", "share_count": "None",
    "aweme_url": "https://www.douyin.com/video/7573000000000000456", "source_keyword": "青柚",
}  # fmt: skip
WEIBO_COMMENT = {
    "comment_id": "5100000000000001", "create_time": SECONDS, "create_date_time": "2026-11-19 14:02:03+08:00",
    "note_id": "5100000000000009", "content": "退钱", "sub_comment_count": "0", "comment_like_count": "7",
    "parent_comment_id": "",
}  # fmt: skip
WEIBO_POST = {
    "note_id": "5100000000000009", "content": "客服不理人", "create_time": SECONDS,
    "create_date_time": "2026-11-19 14:02:03+08:00", "liked_count": "5", "comments_count": "6", "shared_count": "7",
    "note_url": "https://m.weibo.cn/detail/5100000000000009", "source_keyword": "青柚",
}  # fmt: skip
XHS_NOTE = {
    "note_id": "64f1a2b3c4d5e6f708091011", "type": "video", "title": "避雷", "desc": "拉肚子了", "video_url": "",
    "time": SECONDS * 1000, "liked_count": "1.2万", "collected_count": "10+", "comment_count": "2.1w",
    "share_count": "1.2k", "note_url": "https://www.xiaohongshu.com/explore/64f1a2b3c4d5e6f708091011?xsec_token=A",
    "source_keyword": "青柚", "tag_list": "",
}  # fmt: skip
XHS_COMMENT = {
    "comment_id": "64f1a2b3c4d5e6f708099999", "create_time": SECONDS * 1000, "note_id": "64f1a2b3c4d5e6f708091011",
    "content": "踩雷", "sub_comment_count": "3千", "parent_comment_id": 0, "like_count": "1,234", "pictures": "",
}  # fmt: skip
BILI_VIDEO = {
    "video_id": "113000000", "video_type": "video", "title": "测评", "desc": "不推荐", "create_time": SECONDS,
    "liked_count": "1", "disliked_count": "0", "video_play_count": "900", "video_share_count": "2",
    "video_comment": "30", "video_danmaku": "4", "video_url": "https://www.bilibili.com/video/av113000000",
}  # fmt: skip
BILI_COMMENT = {
    "comment_id": "250000001", "parent_comment_id": "250000000", "create_time": SECONDS, "video_id": "113000000",
    "content": "同感", "sub_comment_count": "0", "like_count": 3,
}  # fmt: skip
KUAISHOU_VIDEO = {
    "video_id": "3xabc", "video_type": "1", "title": "开箱", "desc": "", "create_time": SECONDS * 1000,
    "liked_count": "8", "viewd_count": "5万", "video_url": "https://www.kuaishou.com/short-video/3xabc",
}  # fmt: skip
KUAISHOU_COMMENT = {
    "comment_id": "9001", "create_time": SECONDS * 1000, "video_id": "3xabc", "content": "太甜", "sub_comment_count": "1",
}  # fmt: skip
TIEBA_NOTE = {
    "note_id": "9000000001", "title": "求助", "desc": "吃坏肚子", "note_url": "https://tieba.baidu.com/p/9000000001",
    "publish_time": "2026-11-19 14:02", "tieba_name": "青柚吧", "total_replay_num": 12,
}  # fmt: skip
ZHIHU_ANSWER = {
    "content_id": "700001", "content_type": "answer", "content_text": "不建议买", "content_url": "https://www.zhihu.com/a",
    "title": "青柚怎么样", "created_time": SECONDS, "voteup_count": 66, "comment_count": 5,
}  # fmt: skip
ZHIHU_COMMENT = {
    "comment_id": "11001", "parent_comment_id": "0", "content": "确实", "publish_time": SECONDS,
    "sub_comment_count": 0, "like_count": 1, "content_id": "700001", "content_type": "answer",
}  # fmt: skip
EVERY_ROW = {
    "douyin": (DOUYIN_COMMENT, DOUYIN_VIDEO),
    "weibo": (WEIBO_COMMENT, WEIBO_POST),
    "xhs": (XHS_COMMENT, XHS_NOTE),
    "bili": (BILI_COMMENT, BILI_VIDEO),
    "kuaishou": (KUAISHOU_COMMENT, KUAISHOU_VIDEO),
    "tieba": (TIEBA_NOTE,),
    "zhihu": (ZHIHU_COMMENT, ZHIHU_ANSWER),
}


@pytest.mark.parametrize("people", [NEW, OLD], ids=["new generation", "old generation"])
@pytest.mark.parametrize(
    ("platform", "row"), [(platform, row) for platform, rows in EVERY_ROW.items() for row in rows]
)
def test_each_row_of_each_platform_tells_its_platform_text_time_and_author(
    platform: str, row: dict[str, Any], people: dict[str, Any]
) -> None:
    one = found({**row, **people})
    assert one.platform == platform
    assert one.text
    assert one.native_id in {row.get("comment_id"), one.item_id}
    assert one.created_at is not None
    assert one.created_at.replace(second=3) == WRITTEN
    assert one.author == people.get("user_id", NEW["creator_hash"])
    assert one.nickname == people["nickname"]
    assert one.repairs == ()


def test_a_douyin_comment_stands_under_its_video_and_links_to_it() -> None:
    one = found(DOUYIN_COMMENT)
    assert (one.kind, one.native_id, one.item_id) == ("comment", "7574000000000000123", "7573000000000000456")
    assert one.parent_id == ""
    assert one.url == "https://www.douyin.com/video/7573000000000000456"
    assert (one.likes, one.replies, one.shares) == (12, 3, None)


def test_a_douyin_video_has_itself_as_its_item() -> None:
    one = found(DOUYIN_VIDEO)
    assert (one.kind, one.native_id, one.item_id) == ("video", "7573000000000000456", "7573000000000000456")
    assert (one.text, one.title, one.keyword) == ("探店 #青柚", "探店", "青柚")
    assert (one.likes, one.replies, one.shares, one.plays) == (12000, 40, None, None)


def test_weibo_counts_under_its_own_names() -> None:
    assert found(WEIBO_COMMENT).likes == 7
    post = found(WEIBO_POST)
    assert (post.kind, post.likes, post.replies, post.shares) == ("post", 5, 6, 7)


def test_weibos_late_time_is_passed_over_and_said() -> None:
    one = found({**WEIBO_COMMENT, "create_time": SECONDS + 8 * 3600})
    assert one.created_at == WRITTEN
    assert one.repairs == ("create_time is 8 hours late; create_date_time was used",)


def test_a_weibo_comment_that_names_itself_as_root_is_no_reply() -> None:
    one = found({**WEIBO_COMMENT, "parent_comment_id": WEIBO_COMMENT["comment_id"]})
    assert (one.kind, one.parent_id) == ("comment", "")


def test_a_comment_under_a_comment_is_a_reply() -> None:
    one = found(BILI_COMMENT)
    assert (one.kind, one.parent_id, one.item_id) == ("reply", "250000000", "113000000")


def test_counts_as_xiaohongshu_shows_them_become_numbers() -> None:
    one = found(XHS_NOTE)
    assert (one.kind, one.likes, one.replies, one.shares) == ("video", 12000, 21000, 1200)
    assert found(XHS_COMMENT).likes == 1234


def test_plays_have_a_misspelt_name_on_kuaishou() -> None:
    one = found(KUAISHOU_VIDEO)
    assert (one.plays, one.text, one.kind) == (50000, "开箱", "video")


def test_the_generic_form_is_taken_field_by_field() -> None:
    one = found(
        {
            "text": "收到时已经坏了", "id": "m-1", "platform": "小红书", "url": "https://example.com/1", "kind": "reply",
            "created_at": "2026-11-19T06:02:03Z", "author": "u9", "parent_id": "m-0", "item_id": "n-1",
            "item_title": "开箱", "likes": 3, "replies": "0", "shares": "1", "plays": 9, "followers": "1.5万",
            "verified": "true", "ip_location": "浙江杭州", "keyword": "青柚",
        }
    )  # fmt: skip
    assert one == Found(
        platform="xhs", text="收到时已经坏了", native_id="m-1", kind="reply", title="开箱", url="https://example.com/1",
        item_id="n-1", parent_id="m-0", author="u9", nickname="u9", created_at=WRITTEN, likes=3, replies=0, shares=1,
        plays=9, followers=15000, verified=True, place="浙江杭州", keyword="青柚",
    )  # fmt: skip


def test_text_alone_is_enough_and_is_a_comment_from_the_web() -> None:
    assert found({"text": "差评"}) == Found(platform="web", text="差评")


def test_the_host_of_a_link_tells_the_platform_when_nothing_else_does() -> None:
    assert found({"text": "差评", "url": "https://m.weibo.cn/detail/1"}).platform == "weibo"
    assert found({"text": "差评", "url": "https://notweibo.cn.example/1"}).platform == "web"


def test_a_generic_post_is_its_own_item() -> None:
    one = found({"title": "新闻", "kind": "news", "id": "77"})
    assert (one.kind, one.native_id, one.item_id, one.text) == ("news", "77", "77", "新闻")


def test_the_row_counts_more_than_the_folder() -> None:
    assert found({"text": "x", "platform": "wb"}, platform="douyin").platform == "weibo"
    assert found({"note_id": "1", "content": "x"}, platform="weibo").platform == "weibo"


@pytest.mark.parametrize(
    ("path", "platform", "kind"),
    [
        ("inbox/douyin/jsonl/search_comments_2026-11-19.jsonl", "douyin", "comment"),
        ("inbox/xhs/json/detail_contents_20261119_101112.json", "xhs", "post"),
        ("inbox/bili/csv/creator_videos_2026-11-19.csv", "bili", "post"),
        ("inbox/小红书/导出.csv", "xhs", ""),
        ("inbox/mine.jsonl", "", ""),
    ],
)
def test_folders_and_names_of_files_give_hints(path: str, platform: str, kind: str) -> None:
    assert hints(path.split("/")) == (platform, kind)


def test_lists_of_people_are_told_by_the_name_of_their_file() -> None:
    assert holds_profiles("search_creators_2026-11-19.jsonl")
    assert not holds_profiles("creator_comments_2026-11-19.jsonl")


def test_the_description_of_a_person_is_no_mention() -> None:
    with pytest.raises(RowError, match="describes a person"):
        found({"user_id": "1", "nickname": "甲", "desc": "爱吃", "fans": "12", "follows": "3"})


@pytest.mark.parametrize("row", [None, 3, "text", [1], [["text", "x"]]])
def test_what_is_not_an_object_is_no_row(row: object) -> None:
    with pytest.raises(RowError, match="not an object"):
        found(row)


@pytest.mark.parametrize("blank", ["", "  \n", None, "None", {"a": 1}, [], True])
def test_a_row_without_text_says_where_text_was_looked_for(blank: object) -> None:
    with pytest.raises(RowError, match="content"):
        found({"comment_id": "1", "content": blank})


def test_ids_that_a_spreadsheet_destroyed_are_not_used() -> None:
    one = found({**DOUYIN_COMMENT, "comment_id": "7.574E+18", "aweme_id": 7.573e18})
    assert (one.native_id, one.item_id, one.url) == ("", "", "")
    assert len(one.repairs) == 2
    assert all("lost digits" in repair for repair in one.repairs)


def test_ids_that_a_spreadsheet_may_have_rounded_are_kept_and_marked() -> None:
    one = found({**DOUYIN_COMMENT, "comment_id": "7574000000000120000"})
    assert one.native_id == "7574000000000120000"
    assert one.repairs == ("comment_id ends in 0000: a spreadsheet may have rounded it",)


def test_whole_numbers_are_good_ids() -> None:
    assert identifier(7574000000000000123) == ("7574000000000000123", "")
    assert identifier(123.0) == ("123", "")
    assert identifier("123.0") == ("123", "")
    assert identifier("9" * 300)[0] == ""


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("1.2万", 12000), ("2.1w", 21000), ("1.2k", 1200), ("3千", 3000), ("10+", 10), ("1,234", 1234), ("0", 0),
        ("１２", 12), ("3.0", 3), (7, 7), (7.0, 7), (" 5 ", 5), ("1.5亿", 150000000), ("1万+", 10000),
        ("None", None), ("", None), ("赞", None), (-1, None), ("-1", None), (True, None), (float("nan"), None),
        ("1,2", None), (10**20, None), ([], None), ("9" * 40, None), (None, None),
    ],
)  # fmt: skip
def test_counts(shown: object, number: int | None) -> None:
    assert count(shown) == number


@pytest.mark.parametrize(
    "written",
    [
        SECONDS, SECONDS * 1000, SECONDS * 10**6, SECONDS * 10**9, str(SECONDS), str(SECONDS * 1000), str(SECONDS * 10**6),
        float(SECONDS), WRITTEN.astimezone(SHANGHAI).replace(tzinfo=None), WRITTEN, "2026-11-19T06:02:03+00:00",
        "2026-11-19 14:02:03+08:00", "2026-11-19 14:02:03", "2026/11/19 14:02:03", "2026年11月19日 14:02:03",
        "Thu Nov 19 14:02:03 +0800 2026", "Thu, 19 Nov 2026 06:02:03 GMT",
    ],
)  # fmt: skip
def test_one_moment_in_every_way_of_writing_it(written: object) -> None:
    assert moment(written, SHANGHAI) == WRITTEN


@pytest.mark.parametrize(
    "written", ["昨天", "", True, [], "20261119140203", 1e300, float("nan"), "2026-13-01", "0001-01-01"]
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written, SHANGHAI) is None


@pytest.mark.parametrize("absurd", [1, "2004-12-31", SECONDS + 5 * 86400, "刚刚"])
def test_a_time_that_cannot_be_true_is_left_out_and_said(absurd: object) -> None:
    one = found({**DOUYIN_COMMENT, "create_time": absurd})
    assert one.created_at is None
    assert one.repairs == ("create_time is not a time that can be true",)


def test_a_time_a_few_hours_ahead_is_believed() -> None:
    assert found({**DOUYIN_COMMENT, "create_time": int(NOW.timestamp()) + 7200}).created_at is not None


def test_a_text_without_end_is_cut_and_said() -> None:
    one = found({"text": "长" * 50_000})
    assert len(one.text) == fields.MAX_TEXT
    assert one.repairs == (f"a text was cut after {fields.MAX_TEXT} characters",)


def test_characters_that_no_database_takes_are_dropped() -> None:
    assert found({"text": "a\x00b\ud83dc\n\u200d"}).text == "abc\n\u200d"


def test_a_number_without_end_is_neither_text_nor_id() -> None:
    one = found({"text": "x", "title": 10**5000, "id": 10**5000, "likes": 10**5000, "created_at": 10**5000})
    assert (one.title, one.native_id, one.likes, one.created_at) == ("", "", None, None)


def test_a_link_that_is_no_web_address_is_not_taken() -> None:
    assert found({"text": "x", "url": "javascript:alert(1)"}).url == ""
    assert (
        found({**DOUYIN_COMMENT, "url": "ftp://a"}).url == "https://www.douyin.com/video/7573000000000000456"
    )
    assert found({**DOUYIN_COMMENT, "aweme_id": "@9Vx=="}).url == ""


def test_a_header_is_told_from_a_row() -> None:
    is_header = columns.presets().is_header
    assert is_header(["id", "content"])
    assert is_header([" text "])
    assert not is_header(["id", "nickname"])
    assert not is_header(["1", "text"])


_names = (
    st.sampled_from(sorted(columns.ALL_NAMES | {"fans", "content_type", "type", "viewd_count"})) | st.text()
)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["None", "1.2万", "7.2E+18", "https://[", "2026-11-19", "9999-12-31", "reply", "Mon, 99 Foo"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(row=st.dictionaries(_names, _values, max_size=12) | _values)
def test_any_row_is_read_or_refused_in_words(row: object) -> None:
    try:
        one = found(row)
    except RowError:
        return
    assert one.text.strip()
    assert one.created_at is None or one.created_at.tzinfo is not None
    for text in (
        one.text,
        one.title,
        one.url,
        one.native_id,
        one.item_id,
        one.author,
        one.nickname,
        one.place,
    ):
        assert "\0" not in text
        text.encode()
