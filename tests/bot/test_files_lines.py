"""JSON Lines that grow, break off and hold nonsense."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sources.records import MAX_RECORD
from tests.bot.watched import BOM, NOW, Folder, line, lines


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "inbox")


def test_lines_are_read_once_and_in_order(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 2, 3))
    assert folder.ids() == ["c1", "c2", "c3"]
    assert folder.ids() == []


def test_what_is_appended_is_read_on(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 2))
    folder.ids()
    folder.append("a.jsonl", lines(3), age=50)
    assert folder.ids() == ["c3"]


def test_a_half_written_last_line_waits_for_its_end(folder: Folder) -> None:
    whole = line(2).encode()
    folder.write("a.jsonl", line(1).encode() + whole[:40])
    assert folder.ids() == ["c1"]
    assert folder.ids() == []
    folder.append("a.jsonl", whole[40:], age=50)
    assert folder.ids() == ["c2"]
    assert folder.rejects == []


def test_a_last_line_without_newline_is_taken_when_the_file_is_left_alone(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1) + line(2).rstrip(), age=1)
    assert folder.ids() == ["c1"]
    assert folder.ids(NOW + timedelta(seconds=2)) == ["c2"]
    folder.append("a.jsonl", "\n" + line(3), age=0)
    assert folder.ids() == ["c3"]


def test_a_number_at_the_end_is_no_row_that_is_complete(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1) + "12")
    assert folder.ids() == ["c1"]
    assert folder.rejects == []


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder: Folder) -> None:
    folder.write("a.jsonl", BOM + lines(1, 2).replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert folder.ids() == ["c1", "c2"]
    assert folder.rejects == []


def test_lines_in_gb18030_are_read(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 2).encode("gb18030"))
    assert [one.text for one in folder.found()] == ["蛋糕发霉了"] * 2
    # These two characters are valid UTF-8 as well; the file is known by now.
    folder.append("a.jsonl", line(3, "联通").encode("gb18030"), age=50)
    assert [one.text for one in folder.found()] == ["联通"]


def test_duplicates_are_handed_on_for_the_store_to_drop(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 1))
    assert folder.ids() == ["c1", "c1"]


def test_bad_lines_are_rejected_with_place_and_reason_and_reading_goes_on(folder: Folder) -> None:
    parts = [line(1), "{broken}\n", "[1]\n", '{"comment_id":"9","content":" "}\n', "null\n", line(2)]
    folder.write("douyin/a.jsonl", "".join(parts))
    assert folder.ids() == ["c1", "c2"]
    starts = [len("".join(parts[:number]).encode()) for number in range(len(parts))]
    assert folder.reasons() == [
        ("douyin/a.jsonl", starts[1], "not valid JSON"),
        ("douyin/a.jsonl", starts[2], "not an object with named fields"),
        (
            "douyin/a.jsonl",
            starts[3],
            "no text in any of the fields content",
        ),
        ("douyin/a.jsonl", starts[4], "not an object with named fields"),
    ]


def test_a_reject_never_quotes_the_row(folder: Folder) -> None:
    folder.write("a.jsonl", '{"content": 13800138000, broken\n{"nickname": "13800138000", "content": ""}\n')
    folder.write("a.csv", "id,content\n13800138000\n")
    folder.found()
    assert len(folder.rejects) == 3
    assert "13800138000" not in repr(folder.rejects)


def test_what_python_writes_and_json_forbids_is_read(folder: Folder) -> None:
    folder.write("a.jsonl", '{"content":"好","id":"1","likes":NaN}\n{"content":"坏\\ud83d","id":"2"}\n')
    assert [(one.text, one.likes) for one in folder.found()] == [("好", None), ("坏", None)]


def test_nesting_without_end_is_rejected(folder: Folder) -> None:
    folder.write("a.jsonl", '{"content":' + "[" * 100_000 + "\n" + line(1))
    assert folder.ids() == ["c1"]
    assert len(folder.rejects) == 1


def test_a_huge_line_is_rejected_without_being_held(folder: Folder) -> None:
    huge = b'{"content":"' + b"x" * 20_000_000 + b'"}\n'
    folder.write("a.jsonl", line(1).encode() + huge + line(2).encode())
    tracemalloc.start()
    try:
        assert folder.ids() == ["c1", "c2"]
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_RECORD
    finally:
        tracemalloc.stop()
    assert folder.reasons() == [("a.jsonl", len(line(1).encode()), f"longer than {MAX_RECORD} bytes")]


def test_a_huge_line_that_still_grows_is_rejected_once(folder: Folder) -> None:
    folder.write("a.jsonl", b"x" * (2 * MAX_RECORD))
    assert folder.ids() == []
    folder.append("a.jsonl", b"x" * (2 * MAX_RECORD), age=50)
    assert folder.ids() == []
    folder.append("a.jsonl", "x\n" + line(1), age=40)
    assert folder.ids() == ["c1"]
    assert len(folder.rejects) == 1


def test_binary_junk_is_rejected_line_by_line(folder: Folder) -> None:
    folder.write("a.jsonl", bytes(range(256)) + b"\n\x80\x81\xff\n" + line(1).encode())
    assert folder.ids() == ["c1"]
    assert [reject.reason for reject in folder.rejects][-1] == "neither UTF-8 nor GB18030 text"
