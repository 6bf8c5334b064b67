"""Exports of other programs, raw answers of interfaces, and columns that a team has named itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import trials
from bot.cli import main
from bot.config import Environment
from bot.sources import columns
from bot.sources.columns import BUNDLED, presets
from playbooks.reading import PlaybookError
from tests.bot import crawls
from tests.bot.watched import Folder

ITEM = "7573000000000000456"
DOUK_COMMENT = {
    "采集时间": "2026-11-20 19:30:00", "评论ID": "7574000000000000123", "评论时间": "2026-11-20 19:00:00", "UID": "100200300",
    "SEC_UID": "MS4wLjABAAAAsecret", "账号昵称": "测试用户甲", "账号签名": "加我13800138000", "年龄": "20", "IP归属地": "浙江",
    "评论内容": "蛋糕发霉了", "评论表情": "", "评论图片": "", "点赞数量": "12", "回复数量": "3", "回复ID": "0", "回复对象": "",
}  # fmt: skip
DOUK_VIDEO = {
    "作品类型": "视频", "采集时间": "2026-11-20 19:30:00", "UID": "100200300", "SEC_UID": "MS4wLjABAAAAsecret", "ID": "abc",
    "作品ID": ITEM, "作品描述": "探店", "作品话题": "青柚", "视频时长": "00:00:10", "作品链接": f"https://www.douyin.com/video/{ITEM}",
    "发布时间": "2026-11-20 18:00:00", "点赞数量": "1200", "评论数量": "40", "收藏数量": "3", "分享数量": "4", "播放数量": "-1",
}  # fmt: skip
WEIBO_SPIDER = {
    "微博id": "OabcDefGh", "微博正文": "客服不理人", "头条文章url": "", "原始图片url": "无", "微博视频url": "无", "发布位置": "无",
    "发布时间": "2026-11-20 19:00", "发布工具": "iPhone", "点赞数": "5", "转发数": "7", "评论数": "6",
}  # fmt: skip
RAW_COMMENT = {
    "cid": "7574000000000000123", "text": "蛋糕发霉了", "create_time": crawls.SECONDS, "aweme_id": ITEM, "digg_count": 12,
    "reply_comment_total": 1, "reply_id": "0", "reply_to_reply_id": "0", "ip_label": "浙江", "is_hot": False,
    "user": {"uid": "100200300", "sec_uid": "MS4wLjABAAAAsecret", "unique_id": "unique-secret", "nickname": "测试用户甲",
             "avatar_thumb": {"url_list": ["https://a.example/avatar.jpg"]}, "signature": "加我13800138000"},
    "reply_comment": [
        {"cid": "7574000000000000999", "text": "我也是", "create_time": crawls.SECONDS, "aweme_id": ITEM, "digg_count": 1,
         "reply_id": "7574000000000000123", "reply_to_reply_id": "0", "user": {"uid": "100200301", "nickname": "测试用户乙"}},
    ],
}  # fmt: skip
RAW_VIDEO = {
    "aweme_id": ITEM, "desc": "探店", "create_time": crawls.SECONDS, "author": {"uid": "1", "nickname": "测试用户甲"},
    "statistics": {"digg_count": 1200, "comment_count": 40, "share_count": 4, "collect_count": 3, "play_count": 0},
    "share_url": f"https://www.iesdouyin.com/share/video/{ITEM}/",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "Data")


@pytest.mark.parametrize("form", ["csv", "xlsx", "db"])
def test_douk_names_its_video_in_the_file_or_table_only(folder: Folder, form: str) -> None:
    name = f"作品{ITEM}_评论数据"
    if form == "db":
        crawls.base(folder.path / "CommentData.db", {name: [DOUK_COMMENT]})
    elif form == "xlsx":
        folder.write(f"{name}.xlsx", crawls.book({"Sheet": [DOUK_COMMENT]}))
    else:
        folder.write(f"{name}.csv", crawls.text([DOUK_COMMENT], "csv"))
    [one] = folder.found()
    assert (one.platform, one.kind, one.native_id, one.item_id) == (
        "douyin",
        "comment",
        "7574000000000000123",
        ITEM,
    )
    assert (one.text, one.likes, one.replies, one.place, one.author) == (
        "蛋糕发霉了",
        12,
        3,
        "浙江",
        "100200300",
    )
    assert one.created_at == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert one.url == f"https://www.douyin.com/video/{ITEM}"


def test_douk_videos_have_their_counts(folder: Folder) -> None:
    folder.write("a.csv", crawls.text([DOUK_VIDEO], "csv"))
    [one] = folder.found()
    assert (one.kind, one.native_id, one.text) == ("video", ITEM, "探店")
    assert (one.likes, one.replies, one.shares, one.plays) == (1200, 40, 4, None)
    assert one.counted_at == datetime(2026, 11, 20, 11, 30, tzinfo=UTC)


def test_weibo_spider_repeats_its_heading(folder: Folder) -> None:
    folder.write("a.csv", crawls.text([WEIBO_SPIDER], "csv"))
    folder.append(
        "a.csv", crawls.text([{**WEIBO_SPIDER, "微博id": "OabcDefGi"}], "csv").removeprefix(b"\xef\xbb\xbf")
    )
    found = folder.found()
    assert folder.rejects == []
    assert [each.native_id for each in found] == ["OabcDefGh", "OabcDefGi"]
    assert (found[0].platform, found[0].kind, found[0].likes, found[0].shares) == ("weibo", "post", 5, 7)


@pytest.mark.parametrize(
    "envelope",
    [
        lambda rows: {"status_code": 0, "comments": rows, "cursor": 20, "has_more": 1, "total": 2},
        lambda rows: {
            "code": 200,
            "router": "/api",
            "data": {"status_code": 0, "comments": rows, "cursor": 20},
        },
    ],
)
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_raw_answers_of_douyin_are_opened_with_the_replies_inside(
    folder: Folder, envelope: Any, form: str
) -> None:
    pages = [envelope([RAW_COMMENT]), envelope(None)]
    data = json.dumps(pages) if form == "json" else "".join(json.dumps(page) + "\n" for page in pages)
    folder.write(f"a.{form}", data)
    comment, reply = folder.found()
    assert folder.rejects == []
    assert (comment.native_id, comment.item_id, comment.kind, comment.likes) == (
        "7574000000000000123",
        ITEM,
        "comment",
        12,
    )
    assert (comment.author, comment.nickname, comment.place) == ("100200300", "测试用户甲", "浙江")
    assert (reply.native_id, reply.kind, reply.parent_id) == (
        "7574000000000000999",
        "reply",
        "7574000000000000123",
    )


def test_raw_videos_have_their_counts_inside(folder: Folder) -> None:
    folder.write("a.json", json.dumps({"aweme_list": [RAW_VIDEO]}))
    [one] = folder.found()
    assert (one.kind, one.native_id, one.likes, one.replies, one.shares) == ("video", ITEM, 1200, 40, 4)


def test_a_large_answer_with_many_comments_is_read(folder: Folder) -> None:
    rows = [
        {**RAW_COMMENT, "cid": str(7574000000000001000 + n), "reply_comment": None, "padding": "x" * 3000}
        for n in range(900)
    ]
    folder.write("a.json", json.dumps({"comments": rows}))
    assert len({each.native_id for each in folder.found()}) == 900


def test_a_row_that_holds_comments_is_a_row_itself(folder: Folder) -> None:
    folder.write(
        "a.jsonl",
        json.dumps({"text": "帖子", "id": "1", "kind": "post", "comments": [{"text": "评论", "id": "2"}]}),
    )
    assert folder.ids() == ["1", "2"]


def test_chinese_headings_of_any_table_are_understood(folder: Folder) -> None:
    row = {
        "标题": "投诉", "正文": "蛋糕发霉了", "平台": "小红书", "作者": "测试用户甲", "发布时间": "2026年11月20日 19:00", "原文链接":
        "https://www.xiaohongshu.com/explore/64f1a2b3c4d5e6f708091011", "点赞数": "1.2万", "评论数": "10+", "关键词": "青柚",
    }  # fmt: skip
    folder.write("识微导出.csv", crawls.text([row], "csv").decode("utf-8-sig").encode("gb18030"))
    [one] = folder.found()
    assert (one.platform, one.text, one.title, one.likes, one.replies) == (
        "xhs",
        "蛋糕发霉了",
        "投诉",
        12000,
        10,
    )
    assert (one.keyword, one.nickname, one.created_at) == (
        "青柚",
        "测试用户甲",
        datetime(2026, 11, 20, 11, tzinfo=UTC),
    )


def test_headings_in_other_letters_and_spaces_are_the_same(folder: Folder) -> None:
    folder.write("a.csv", "ID,Text,Created At,Like-Count\nm1,退钱,2026-11-20T11:00:00Z,3\n")
    [one] = folder.found()
    assert (one.native_id, one.text, one.likes) == ("m1", "退钱", 3)


OWN = """
title: 我们的表
columns: [舆情内容, 流水号]
platform: 微博
kind: post
fields:
  text: [舆情内容]
  item_id: [流水号]
  likes: [counts.up]
"""


def own(folder: Folder, text: str) -> None:
    place = folder.path.parent / "presets"
    place.mkdir()
    (place / "ours.yaml").write_text(text, encoding="utf-8")
    folder.source = replace(folder.source, presets=place)


def test_a_team_names_the_columns_of_its_own_tables(folder: Folder) -> None:
    own(folder, OWN)
    folder.write(
        "a.jsonl", json.dumps({"舆情内容": "退钱", "流水号": "77", "counts": {"up": 9}, "备注": "x"})
    )
    folder.write("b.csv", "流水号,舆情内容\n78,退货\n")
    found = {each.native_id: each for each in folder.found()}
    assert folder.rejects == []
    assert (found["77"].text, found["77"].likes, found["77"].platform, found["77"].kind) == (
        "退钱",
        9,
        "weibo",
        "post",
    )
    assert found["78"].text == "退货"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("title: x\ncolumns: []\n", "columns"), ("title: x\ncolumns: [a]\nfields: {txt: [a]}\n", "no field"),
        ("title: x\ncolumns: [a]\nitem: '(['\n", "pattern"), ("title: x\ncolumns: [a]\nitem: 'a'\n", "group"),
        ("title: x\ncolumns: [a]\nkind: rumour\n", "rumour"), ("titel: x\ncolumns: [a]\n", "title"),
    ],
)  # fmt: skip
def test_a_wrong_preset_is_named_with_what_is_wrong(folder: Folder, wrong: str, words: str) -> None:
    own(folder, wrong)
    assert folder.source.presets
    [*problems] = columns.check(folder.source.presets)
    assert any("ours.yaml:" in each and words in each for each in problems)
    with pytest.raises(PlaybookError):
        presets(folder.source.presets)


def test_every_bundled_preset_is_in_order_and_names_its_text() -> None:
    assert columns.check(BUNDLED) == []
    for preset in presets().known:
        assert presets().plan(preset.columns).preset is preset
        assert presets().plan(preset.columns).text


def test_rows_with_ever_new_columns_do_not_fill_the_memory(folder: Folder) -> None:
    known = presets()
    for number in range(columns.MOST_PLANS + 10):
        known.plan({"text": "", f"x{number}": ""})
    assert len(known._plans) <= columns.MOST_PLANS


def test_ingest_reads_a_file_as_the_watched_folder_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "ours.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "fenghuo.yaml").write_text(
        "rooms: [{name: alerts}]\nsources: [{name: a, kind: files, path: inbox, presets: presets}]\n",
        encoding="utf-8",
    )
    (tmp_path / "b.csv").write_text("流水号,舆情内容\n78,退货\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["ingest", "b.csv"])
    assert "new 1" in result.output, result.output


def test_ingest_says_of_each_row_that_it_cannot_read_where_it_stands_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fenghuo.yaml").write_text("rooms: [{name: alerts}]\n", encoding="utf-8")
    broken = ['{"id": "1", "text": "退货"}', "{oops", '{"id": "2"}', *["{again"] * trials.MOST_REFUSED]
    (tmp_path / "b.jsonl").write_text("\n".join(broken) + "\n", encoding="utf-8")
    lines = CliRunner().invoke(main, ["ingest", "b.jsonl"]).output.splitlines()
    assert "rejected 12" in lines[0]
    assert lines[1].startswith("✗ b.jsonl, line 2: ")
    assert lines[2].startswith("✗ b.jsonl, line 3: ")
    assert lines[-1] == "✗ and 2 more"
    again = CliRunner().invoke(main, ["ingest", "b.jsonl"]).output.splitlines()
    assert "rejected 0" in again[0]
    assert len(again) == 1
