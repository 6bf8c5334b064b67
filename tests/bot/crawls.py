"""Files as crawlers leave them: seven platforms, both generations, every format. All texts and people are invented."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl

from tests.bot.watched import NOW

SECONDS = int(NOW.timestamp()) - 3600
NEW = {"creator_hash": "9f86d081884c7d65", "nickname": "甲***乙"}
OLD = {
    "user_id": "100200300", "nickname": "测试用户甲", "avatar": "https://a.example/avatar.jpg", "ip_location": "浙江杭州",
    "user_signature": "加我13800138000", "sec_uid": "MS4wLjABAAAAsecret", "profile_url": "https://weibo.com/u/100200300",
    "gender": "f", "user_unique_id": "unique-secret", "short_user_id": "88776655",
}  # fmt: skip
"""What rows held before July 2026, all of it personal."""
LOCAL = "2026-11-20 19:00:00+08:00"

Row = dict[str, Any]
PLATFORMS: Mapping[str, tuple[Row, Row]] = {
    "douyin": (
        {
            "aweme_id": "7573000000000000456", "aweme_type": "0", "title": "探店", "desc": "探店 #青柚", "create_time": SECONDS,
            "liked_count": "12000", "collected_count": "3", "comment_count": "40", "share_count": "None",
            "aweme_url": "https://www.douyin.com/video/7573000000000000456", "source_keyword": "青柚",
        },
        {
            "comment_id": "7574000000000000123", "create_time": SECONDS, "aweme_id": "7573000000000000456",
            "content": "蛋糕发霉了", "sub_comment_count": "3", "like_count": 12, "parent_comment_id": "0", "pictures": "",
        },
    ),
    "weibo": (
        {
            "note_id": "5100000000000009", "content": "客服不理人", "create_time": SECONDS, "create_date_time": LOCAL,
            "liked_count": "5", "comments_count": "6", "shared_count": "7",
            "note_url": "https://m.weibo.cn/detail/5100000000000009", "source_keyword": "青柚",
        },
        {
            "comment_id": "5100000000000001", "create_time": SECONDS, "create_date_time": LOCAL,
            "note_id": "5100000000000009", "content": "退钱", "sub_comment_count": "0", "comment_like_count": "7",
            "parent_comment_id": "",
        },
    ),
    "xhs": (
        {
            "note_id": "64f1a2b3c4d5e6f708091011", "type": "normal", "title": "避雷", "desc": "拉肚子了", "time": SECONDS * 1000,
            "liked_count": "1.2万", "collected_count": "10+", "comment_count": "2.1w", "share_count": "1.2k",
            "note_url": "https://www.xiaohongshu.com/explore/64f1a2b3c4d5e6f708091011?xsec_token=A", "source_keyword": "青柚",
        },
        {
            "comment_id": "64f1a2b3c4d5e6f708099999", "create_time": SECONDS * 1000, "note_id": "64f1a2b3c4d5e6f708091011",
            "content": "踩雷", "sub_comment_count": "3千", "parent_comment_id": 0, "like_count": "1,234", "pictures": "",
        },
    ),
    "bili": (
        {
            "video_id": "113000000", "video_type": "video", "title": "测评", "desc": "不推荐", "create_time": SECONDS,
            "liked_count": "1", "disliked_count": "0", "video_play_count": "900", "video_share_count": "2",
            "video_comment": "30", "video_danmaku": "4", "video_url": "https://www.bilibili.com/video/av113000000",
        },
        {
            "comment_id": "250000001", "parent_comment_id": "250000000", "create_time": SECONDS, "video_id": "113000000",
            "content": "同感", "sub_comment_count": "0", "like_count": 3,
        },
    ),
    "kuaishou": (
        {
            "video_id": "3xabcdef", "video_type": "1", "title": "开箱", "desc": "", "create_time": SECONDS * 1000,
            "liked_count": "8", "viewd_count": "5万", "video_url": "https://www.kuaishou.com/short-video/3xabcdef",
        },
        {
            "comment_id": "9001", "create_time": SECONDS * 1000, "video_id": "3xabcdef", "content": "太甜",
            "sub_comment_count": "1",
        },
    ),
    "tieba": (
        {
            "note_id": "9000000001", "title": "求助", "desc": "吃坏肚子", "note_url": "https://tieba.baidu.com/p/9000000001",
            "publish_time": "2026-11-20 19:00", "tieba_name": "青柚吧", "total_replay_num": 12,
        },
        {
            "comment_id": "150000000001", "parent_comment_id": "", "content": "我也是", "publish_time": "2026-11-20 19:00:00",
            "sub_comment_count": 0, "note_id": "9000000001", "note_url": "https://tieba.baidu.com/p/9000000001",
            "tieba_name": "青柚吧",
        },
    ),
    "zhihu": (
        {
            "content_id": "700001", "content_type": "answer", "content_text": "不建议买", "title": "青柚怎么样",
            "content_url": "https://www.zhihu.com/question/1000001/answer/700001", "created_time": SECONDS,
            "voteup_count": 66, "comment_count": 5,
        },
        {
            "comment_id": "11001", "parent_comment_id": "0", "content": "确实", "publish_time": SECONDS,
            "sub_comment_count": 0, "like_count": 1, "content_id": "700001", "content_type": "answer",
        },
    ),
}  # fmt: skip
"""Platform -> a post and a comment under it."""
TABLES = {
    "douyin": ("douyin_aweme", "douyin_aweme_comment"),
    "weibo": ("weibo_note", "weibo_note_comment"),
    "xhs": ("xhs_note", "xhs_note_comment"),
    "bili": ("bilibili_video", "bilibili_video_comment"),
    "kuaishou": ("kuaishou_video", "kuaishou_video_comment"),
    "tieba": ("tieba_note", "tieba_comment"),
    "zhihu": ("zhihu_content", "zhihu_comment"),
}
FORMATS = ("jsonl", "json", "csv", "xlsx", "db")


def rows(platform: str, people: Mapping[str, Any]) -> tuple[Row, Row]:
    """A post and a comment of one generation."""
    post, comment = PLATFORMS[platform]
    more = {**people, "last_modify_ts": (SECONDS + 60) * 1000}
    if platform in {"tieba", "zhihu"}:
        more["user_nickname"] = more.pop("nickname")
    return {**post, **more}, {**comment, **more}


def crawl(folder: Path, platform: str, form: str, people: Mapping[str, Any]) -> None:
    """Write what MediaCrawler writes."""
    post, comment = rows(platform, people)
    if form == "db":
        base(
            folder / "database" / "sqlite_tables.db",
            dict(zip(TABLES[platform], ([post], [comment]), strict=True)),
        )
    elif form == "xlsx":
        name = "bilibili" if platform == "bili" else platform
        path = folder / "data" / name / f"{name}_search_20261120_190000.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            book({"Contents": [post], "Comments": [comment], "Creators": [{"user_id": "1", "desc": "爱吃"}]})
        )
    else:
        place = folder / "data" / platform / form
        place.mkdir(parents=True, exist_ok=True)
        what = "videos" if (platform, form) == ("bili", "csv") else "contents"
        for kind, row in ((what, post), ("comments", comment)):
            (place / f"search_{kind}_2026-11-20.{form}").write_bytes(text([row], form))


def text(found: Sequence[Row], form: str) -> bytes:
    """Rows as JSON Lines, JSON or CSV."""
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode()
    if form == "json":
        return json.dumps(found, ensure_ascii=False, indent=4).encode()
    out = StringIO()
    writer = csv.DictWriter(out, found[0])
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue().encode("utf-8-sig")


def book(sheets: Mapping[str, Sequence[Row]]) -> bytes:
    """A workbook."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, found in sheets.items():
        sheet = made.create_sheet(title)
        sheet.append(list(found[0]))
        for row in found:
            sheet.append(list(row.values()))
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def base(path: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write a database, or more rows into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    with connection:
        for name, found in tables.items():
            columns = ", ".join(f'"{column}"' for column in found[0])
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS "{name}" (id INTEGER PRIMARY KEY, add_ts, {columns})'
            )
            marks = ", ".join("?" for _ in found[0])
            connection.executemany(
                f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', [list(row.values()) for row in found]
            )
    connection.close()
