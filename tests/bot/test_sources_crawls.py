"""MediaCrawler in full: seven platforms, both generations, all five ways in which it saves."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.bot import crawls
from tests.bot.watched import NOW, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "MediaCrawler")


def old(folder: Folder, age: float = 60) -> None:
    """All files were last changed a while ago."""
    for path in folder.path.rglob("*.*"):
        folder.touch(path, age)


@pytest.mark.parametrize("form", crawls.FORMATS)
@pytest.mark.parametrize("people", [crawls.NEW, crawls.OLD], ids=["new", "old"])
@pytest.mark.parametrize("platform", crawls.PLATFORMS)
def test_a_post_and_a_comment_are_read_from_every_form(
    folder: Folder, platform: str, people: dict[str, Any], form: str
) -> None:
    crawls.crawl(folder.path, platform, form, people)
    old(folder)
    found = folder.found()
    assert folder.rejects == []
    by_kind = {each.kind in {"comment", "reply"}: each for each in found}
    assert len(found) == 2
    post, comment = by_kind[False], by_kind[True]
    written, said = crawls.PLATFORMS[platform]
    assert {each.platform for each in found} == {platform}
    assert post.native_id == post.item_id == comment.item_id
    assert post.native_id in written.values()
    assert comment.native_id == said["comment_id"]
    assert comment.text == said["content"]
    assert post.text in {written.get("desc"), written.get("content"), written.get("content_text"), "开箱"}
    assert all(each.created_at and abs((NOW - each.created_at).total_seconds() - 3600) < 60 for each in found)
    assert all(each.counted_at for each in found)
    assert comment.author == people.get("user_id", crawls.NEW["creator_hash"])
    assert post.url.startswith("https://")
    assert folder.found() == []


def test_a_database_is_read_on_from_the_last_row_and_changed_rows_come_again(folder: Folder) -> None:
    path = folder.path / "sqlite_tables.db"
    _, comment = crawls.rows("douyin", crawls.NEW)
    rows = [{**comment, "comment_id": f"c{n}", "last_modify_ts": 1000 + n} for n in range(30)]
    crawls.base(path, {"douyin_aweme_comment": rows})
    ids = []
    for _ in range(4):
        ids += [each.native_id for each in folder.batch(10).found]
    assert ids == [f"c{n}" for n in range(30)]
    crawls.base(path, {"douyin_aweme_comment": [{**comment, "comment_id": "new", "last_modify_ts": 1030}]})
    with sqlite3.connect(path) as base:
        base.execute(
            "UPDATE douyin_aweme_comment SET like_count = 900, last_modify_ts = 1031 WHERE comment_id IN ('c3', 'c7')"
        )
    base.close()
    again = folder.found()
    assert {each.native_id for each in again} == {"new", "c3", "c7"}
    assert {each.likes for each in again if each.native_id != "new"} == {900}
    assert folder.found() == []


def test_many_changed_rows_come_in_portions_and_none_is_lost(folder: Folder) -> None:
    path = folder.path / "sqlite_tables.db"
    _, comment = crawls.rows("douyin", crawls.NEW)
    rows = [{**comment, "comment_id": f"c{n}", "last_modify_ts": 1000} for n in range(25)]
    crawls.base(path, {"douyin_aweme_comment": rows})
    folder.found()
    with sqlite3.connect(path) as base:
        base.execute("UPDATE douyin_aweme_comment SET last_modify_ts = 2000")
    base.close()
    seen: list[str] = []
    for _ in range(4):
        seen += [each.native_id for each in folder.batch(7).found]
    assert sorted(seen) == sorted(f"c{n}" for n in range(25))


def test_a_database_that_is_being_written_is_waited_for(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.tables.WAIT", 0.01)
    path = folder.path / "sqlite_tables.db"
    crawls.crawl(folder.path, "douyin", "db", crawls.NEW)
    path = folder.path / "database" / "sqlite_tables.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert folder.found() == []
    assert folder.rejects == []
    writer.execute("COMMIT")
    writer.close()
    assert len(folder.found()) == 2


def test_a_database_with_its_changes_still_in_the_log_is_read(folder: Folder) -> None:
    path = folder.path / "sqlite_tables.db"
    path.parent.mkdir(parents=True)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute(
        "CREATE TABLE douyin_aweme_comment (id INTEGER PRIMARY KEY, comment_id, content, aweme_id, last_modify_ts)"
    )
    assert folder.found() == []
    writer.execute("INSERT INTO douyin_aweme_comment VALUES (1, 'c1', '发霉', 'v1', 5)")
    assert folder.ids() == ["c1"]
    writer.execute("INSERT INTO douyin_aweme_comment VALUES (2, 'c2', '发霉', 'v1', 6)")
    assert folder.ids() == ["c2"]
    writer.close()


@pytest.mark.parametrize("table", ["dy_creator", "xhs_creator", "bilibili_up_info", "bilibili_contact_info"])
def test_tables_that_list_people_are_never_read(folder: Folder, table: str) -> None:
    person = {"user_id": "1", "nickname": "甲", "desc": "爱吃", "fans": "3", "follows": "4"}
    crawls.base(folder.path / "sqlite_tables.db", {table: [person]})
    assert folder.found() == []
    assert folder.rejects == []


def test_what_is_no_database_is_said_once_and_the_files_beside_it_are_read(folder: Folder) -> None:
    folder.write("a.db", b"SQLite format 3\0" + b"x" * 5000)
    folder.write("b.sqlite", "text")
    crawls.crawl(folder.path, "douyin", "jsonl", crawls.NEW)
    old(folder)
    assert len(folder.found()) == 2
    assert folder.found() == []
    assert sorted(each.file for each in folder.rejects) == ["a.db", "b.sqlite"]


def test_a_workbook_is_read_in_portions_without_opening_it_again(folder: Folder) -> None:
    _, comment = crawls.rows("douyin", crawls.NEW)
    rows = [{**comment, "comment_id": f"c{n}"} for n in range(25)]
    folder.write("douyin/a.xlsx", crawls.book({"Comments": rows}))
    ids: list[str] = []
    for _ in range(4):
        ids += [each.native_id for each in folder.batch(7).found]
    assert ids == [f"c{n}" for n in range(25)]
    assert folder.found() == []


def test_a_workbook_goes_on_after_a_restart_and_starts_again_when_it_was_saved_anew(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, comment = crawls.rows("douyin", crawls.NEW)
    rows = [{**comment, "comment_id": f"c{n}"} for n in range(9)]
    folder.write("douyin/a.xlsx", crawls.book({"Comments": rows}))
    assert len(folder.batch(4).found) == 4
    monkeypatch.setattr("bot.sources.sheets._open", {})
    assert folder.ids() == [f"c{n}" for n in range(4, 9)]
    folder.write("douyin/a.xlsx", crawls.book({"Comments": rows[:2]}), age=30)
    assert folder.ids() == ["c0", "c1"]


def test_a_heading_below_a_title_is_found_and_blank_rows_are_nothing(folder: Folder) -> None:
    import openpyxl

    made = openpyxl.Workbook()
    for cells in (
        ["舆情导出"],
        [],
        ["标题", "正文", "发布时间", "平台", "点赞数"],
        [],
        ["", "退钱", NOW.replace(tzinfo=None), "抖音", 3.0],
    ):
        made.active.append(cells)
    folder.path.mkdir(parents=True)
    made.save(folder.path / "a.xlsx")
    old(folder)
    [one] = folder.found()
    assert (one.text, one.platform, one.likes) == ("退钱", "douyin", 3)
    assert one.created_at is not None
    assert one.created_at.hour == NOW.hour - 8
    assert folder.rejects == []


@pytest.mark.parametrize("damage", ["cut", "text", "no heading", "bomb"])
def test_a_workbook_that_cannot_be_read_is_said_once(
    folder: Folder, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = crawls.book({"Comments": [crawls.rows("douyin", crawls.NEW)[1]]})
    if damage == "bomb":
        monkeypatch.setattr("bot.sources.sheets.LARGEST", 100)
    contents = {
        "cut": whole[: len(whole) // 2],
        "text": b"hello",
        "no heading": crawls.book({"x": [{"a": 1, "b": 2}]}),
        "bomb": whole,
    }
    folder.write("a.xlsx", contents[damage])
    assert folder.found() == []
    assert folder.found() == []
    [reject] = folder.rejects
    assert reject.reason


def test_a_half_written_workbook_is_waited_for(folder: Folder) -> None:
    whole = crawls.book({"Comments": [crawls.rows("douyin", crawls.NEW)[1]]})
    folder.write("a.xlsx", whole[:500], age=1)
    assert folder.found() == []
    assert folder.rejects == []
    folder.write("a.xlsx", whole, age=0)
    assert len(folder.found()) == 1


def test_old_workbooks_and_locks_of_excel_are_told_from_good_ones(folder: Folder) -> None:
    folder.write("a.xls", b"\xd0\xcf\x11\xe0")
    folder.write("~$b.xlsx", b"lock")
    assert folder.found() == []
    assert [(each.file, ".xlsx" in each.reason) for each in folder.rejects] == [("a.xls", True)]


def test_ids_that_excel_rounded_are_taken_from_the_link_beside_them(folder: Folder) -> None:
    post, comment = crawls.rows("douyin", crawls.OLD)
    folder.write("douyin/a.csv", crawls.text([{**post, "aweme_id": "7.573E+18"}], "csv"))
    folder.write("douyin/b.csv", crawls.text([{**post, "aweme_id": "7573000000000000000"}], "csv"))
    folder.write("douyin/c.csv", crawls.text([{**comment, "comment_id": "'7574000000000000123"}], "csv"))
    found = folder.found()
    assert [each.native_id for each in found] == [
        "7573000000000000456",
        "7573000000000000456",
        "7574000000000000123",
    ]
    assert all(each.repairs for each in found)


def test_weibo_comments_from_before_the_repair_are_set_back_where_that_is_certain(folder: Folder) -> None:
    _, comment = crawls.rows("weibo", crawls.OLD)
    del comment["create_date_time"]
    late = crawls.SECONDS + 8 * 3600
    crawled = (crawls.SECONDS + 600) * 1000
    folder.write(
        "weibo/a.jsonl", crawls.text([{**comment, "create_time": late, "last_modify_ts": crawled}], "jsonl")
    )
    [one] = folder.found()
    assert one.created_at is not None
    assert int(one.created_at.timestamp()) == crawls.SECONDS
    assert one.repairs == ("create_time is 8 hours late; the time was set back",)


def test_files_of_a_crawler_that_is_known_to_be_late_are_set_back_as_a_whole(folder: Folder) -> None:
    from dataclasses import replace
    from datetime import timedelta

    crawls.crawl(folder.path, "douyin", "jsonl", crawls.NEW)
    old(folder)
    folder.source = replace(folder.source, late=timedelta(hours=2))
    assert {int(each.created_at.timestamp()) for each in folder.found() if each.created_at} == {
        crawls.SECONDS - 7200
    }


def test_a_file_alone_is_told_by_the_folders_above_it(folder: Folder) -> None:
    from dataclasses import replace

    crawls.crawl(folder.path, "kuaishou", "jsonl", crawls.NEW)
    [path] = folder.path.rglob("*comments*")
    os.utime(path, (0, 0))
    folder.source = replace(folder.source, path=path)
    assert [each.platform for each in folder.found()] == ["kuaishou"]
