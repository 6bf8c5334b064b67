"""A watched folder: files that grow, break, are renamed, replaced and removed."""

from __future__ import annotations

import csv
import json
import os
import pickle
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.base import Batch, Found, Reject, SourceError
from bot.sources.files import FilesSource
from bot.sources.records import MAX_RECORD

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOM = b"\xef\xbb\xbf"


class Folder:
    """A folder and a reader that goes on from its saved cursor each time, as the monitor does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = FilesSource("crawl", path, ZoneInfo("Asia/Shanghai"))
        self.cursor: Mapping[str, Any] = {}
        self.rejects: list[Reject] = []

    def write(self, name: str, data: bytes | str, *, age: float = 60) -> Path:
        """Write a file anew; it was last changed `age` seconds ago."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return self.touch(file, age)

    def append(self, name: str, data: bytes | str, *, age: float = 60) -> Path:
        with (self.path / name).open("ab") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return self.touch(self.path / name, age)

    def touch(self, file: Path, age: float) -> Path:
        stamp = NOW.timestamp() - age
        os.utime(file, (stamp, stamp))
        return file

    def batch(self, limit: int = 1000, now: datetime = NOW) -> Batch:
        batch = self.source.read(self.cursor, limit, now)
        self.cursor = json.loads(json.dumps(batch.cursor))
        self.rejects += batch.rejects
        return batch

    def found(self, now: datetime = NOW) -> list[Found]:
        """Read until there is no more."""
        batch = self.batch(now=now)
        found = list(batch.found)
        while batch.more:
            batch = self.batch(now=now)
            found += batch.found
        return found

    def ids(self, now: datetime = NOW) -> list[str]:
        return [one.native_id for one in self.found(now)]

    def reasons(self) -> list[tuple[str, int, str]]:
        taken = [(reject.file, reject.offset, reject.reason) for reject in self.rejects]
        self.rejects.clear()
        return taken


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "inbox")


def row(number: int, text: str = "蛋糕发霉了") -> dict[str, Any]:
    return {"comment_id": f"c{number}", "aweme_id": "v1", "content": text, "create_time": 1795000000 + number}


def line(number: int, text: str = "蛋糕发霉了") -> str:
    return json.dumps(row(number, text), ensure_ascii=False) + "\n"


def lines(*numbers: int) -> str:
    return "".join(map(line, numbers))


def array(*numbers: int) -> str:
    return json.dumps([row(number) for number in numbers], ensure_ascii=False, indent=4)


def table(rows: Sequence[Mapping[str, Any]], *, header: bool = True) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, rows[0])
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# JSON Lines


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
            "no text in any of the fields text, content, desc, content_text, title",
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


# files that are renamed, truncated, replaced, removed


def test_a_rotated_file_is_not_read_again_and_read_to_its_end(folder: Folder) -> None:
    file = folder.write("a.jsonl", lines(1, 2))
    assert folder.ids() == ["c1", "c2"]
    folder.append("a.jsonl", line(3), age=50)
    file.rename(folder.path / "a.jsonl.1")
    folder.write("a.jsonl", line(4), age=40)
    assert folder.ids() == ["c3", "c4"]


def test_a_truncated_file_starts_again(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 2, 3))
    folder.ids()
    folder.write("a.jsonl", line(4), age=50)
    assert folder.ids() == ["c4"]


def test_a_replaced_file_starts_again_even_if_it_is_longer_and_begins_alike(folder: Folder) -> None:
    head = lines(*range(20))
    folder.write("a.jsonl", head + line(100))
    assert len(folder.ids()) == 21
    folder.write("a.jsonl", head + lines(200, 201, 202), age=50)
    assert folder.ids()[-3:] == ["c200", "c201", "c202"]


def test_a_file_that_only_looks_changed_is_not_read_again(folder: Folder) -> None:
    file = folder.write("a.jsonl", lines(1, 2))
    folder.ids()
    folder.touch(file, 5)
    assert folder.ids() == []


def test_a_finished_file_is_not_even_opened(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1, 2))
    folder.ids()
    folder.write("a.jsonl", lines(3, 4))  # same size and time, which nothing but an opening would tell
    assert folder.ids() == []


def test_a_vanished_file_is_forgotten_after_a_day(folder: Folder) -> None:
    file = folder.write("a.jsonl", lines(1))
    folder.ids()
    away = file.rename(folder.path.parent / "away")
    folder.ids()
    away.rename(file)
    assert folder.ids(NOW + timedelta(hours=23)) == []
    file.unlink()
    folder.ids()
    assert folder.cursor["files"]
    folder.ids(NOW + timedelta(hours=25))
    assert folder.cursor == {"files": {}}


# CSV


def test_csv_with_byte_order_mark_and_quoted_newlines_is_read(folder: Folder) -> None:
    rows = [row(1, '他说"退钱"，\n不退'), row(2, "一,二\r\n三")]
    folder.write("a.csv", BOM + table(rows).encode())
    assert [one.text for one in folder.found()] == ['他说"退钱"，\n不退', "一,二\r\n三"]


def test_csv_in_gb18030_is_read(folder: Folder) -> None:
    folder.write("a.csv", table([row(1), row(2, "退钱")]).encode("gb18030"))
    assert [one.text for one in folder.found()] == ["蛋糕发霉了", "退钱"]


def test_csv_is_read_on_under_its_header(folder: Folder) -> None:
    folder.write("a.csv", table([row(1)]))
    assert folder.ids() == ["c1"]
    folder.append("a.csv", table([row(2)], header=False), age=50)
    assert folder.ids() == ["c2"]


def test_a_repeated_header_is_no_row_and_another_one_counts_from_there(folder: Folder) -> None:
    folder.write("a.csv", table([row(1)]) + table([row(2)]) + "content,comment_id\n坏了,c3\n")
    assert folder.ids() == ["c1", "c2", "c3"]
    assert folder.rejects == []


def test_csv_rows_of_the_wrong_width_are_rejected(folder: Folder) -> None:
    head = "id,content\n1,好\n"
    folder.write("a.csv", head + "2\n3,好,多\n4,好\n")
    assert folder.ids() == ["1", "4"]
    start = len(head.encode())
    assert folder.reasons() == [
        ("a.csv", start, "1 cells under 2 column names"),
        ("a.csv", start + 2, "3 cells under 2 column names"),
    ]


def test_a_quotation_mark_inside_a_cell_is_a_character(folder: Folder) -> None:
    folder.write("a.csv", 'id,content\n1,6" 蛋糕\n2,"8"" 蛋糕"\n3,坏\n')
    assert [one.text for one in folder.found()] == ['6" 蛋糕', '8" 蛋糕', "坏"]


def test_a_quotation_mark_that_never_closes_costs_one_line(folder: Folder) -> None:
    folder.write("a.csv", 'id,content\n1,"坏\n2,好\n3,好\n', age=3)
    assert folder.ids() == []
    assert folder.ids(NOW + timedelta(seconds=20)) == ["2", "3"]
    assert [reject.offset for reject in folder.rejects] == [len("id,content\n")]


def test_a_half_written_csv_row_waits_and_a_last_row_without_newline_is_taken_later(folder: Folder) -> None:
    folder.write("a.csv", "id,content\n1,好\n2,蛋糕发", age=3)
    assert folder.ids() == ["1"]
    folder.append("a.csv", "霉", age=1)
    assert folder.ids() == []
    assert [one.text for one in folder.found(NOW + timedelta(seconds=20))] == ["蛋糕发霉"]
    assert folder.ids(NOW + timedelta(seconds=30)) == []


def test_csv_without_a_column_for_the_text_is_rejected_once(folder: Folder) -> None:
    folder.write("a.csv", "a,b\n1,2\n3,4\n")
    assert folder.ids() == []
    folder.append("a.csv", "5,6\n", age=50)
    assert folder.ids() == []
    assert [(reject.offset, "column for the text" in reject.reason) for reject in folder.rejects] == [
        (0, True)
    ]


def test_files_that_office_programs_save_are_named_with_what_to_do(folder: Folder) -> None:
    folder.write("a.csv", table([row(1)]).encode("utf-16"))
    folder.write("b.xlsx", b"PK")
    assert folder.ids() == []
    assert folder.ids() == []
    assert [reject.file for reject in folder.rejects] == ["a.csv", "b.xlsx"]
    assert all("save it as" in reject.reason for reject in folder.rejects)


# JSON arrays


def test_an_array_that_is_rewritten_with_more_rows_hands_on_only_those(folder: Folder) -> None:
    folder.write("a.json", array(1, 2))
    assert folder.ids() == ["c1", "c2"]
    folder.write("a.json", array(1, 2, 3), age=50)
    assert folder.ids() == ["c3"]
    assert folder.ids() == []


def test_an_array_that_changed_in_the_middle_is_read_again(folder: Folder) -> None:
    rows = [row(number) for number in range(50)]
    folder.write("a.json", json.dumps(rows))
    assert len(folder.ids()) == 50
    rows[25]["create_time"] += 1
    folder.write("a.json", json.dumps(rows), age=50)
    assert len(folder.ids()) == 50


def test_a_half_written_array_hands_on_its_whole_rows_and_waits(folder: Folder) -> None:
    whole = array(1, 2, 3).encode()
    cut = whole.index(b"c3") + 5
    folder.write("a.json", whole[:cut], age=1)
    assert folder.ids() == ["c1", "c2"]
    folder.write("a.json", whole, age=0)
    assert folder.ids() == ["c3"]
    assert folder.rejects == []


def test_an_array_that_stays_broken_is_rejected_once(folder: Folder) -> None:
    folder.write("a.json", array(1, 2)[:-30], age=1)
    assert folder.ids() == ["c1"]
    for seconds in (5, 20, 30, 40):
        assert folder.ids(NOW + timedelta(seconds=seconds)) == []
    assert len(folder.rejects) == 1
    folder.write("a.json", array(1, 2), age=0)
    assert folder.ids() == ["c2"]


def test_an_array_that_is_just_being_rewritten_is_not_read_from_the_start(folder: Folder) -> None:
    folder.write("a.json", array(1, 2))
    folder.ids()
    folder.write("a.json", b"", age=0)
    assert folder.ids() == []
    folder.write("a.json", array(1, 2, 3), age=0)
    assert folder.ids() == ["c3"]


def test_an_array_that_shrank_for_good_is_read_again(folder: Folder) -> None:
    folder.write("a.json", array(1, 2))
    folder.ids()
    folder.write("a.json", array(3), age=20)
    assert folder.ids() == ["c3"]


def test_one_object_and_an_empty_array_are_json_too(folder: Folder) -> None:
    folder.write("a.json", json.dumps(row(1)))
    folder.write("b.json", "[]\n")
    folder.write("c.json", BOM + b"  " + array(2).encode() + b"\n")
    assert folder.ids() == ["c1", "c2"]
    assert folder.rejects == []


def test_bad_elements_of_an_array_are_rejected_one_by_one(folder: Folder) -> None:
    whole = '[1, "}]{", {"content": "好", "id": "1"}, {broken}, [[]], {"content": "坏\\"]", "id": "2"}]'
    folder.write("a.json", whole)
    assert folder.ids() == ["1", "2"]
    bad = ("1", '"}]{"', "{broken}", "[[]]")
    assert [reject.offset for reject in folder.rejects] == [
        len(whole.split(part)[0].encode()) for part in bad
    ]


def test_an_array_is_read_in_parts(folder: Folder) -> None:
    folder.write("a.json", array(*range(25)))
    ids: list[str] = []
    for _ in range(3):
        ids += [one.native_id for one in folder.batch(10).found]
    assert ids == [f"c{number}" for number in range(25)]


# the folder


def test_files_are_read_oldest_first_and_never_more_rows_than_asked_for(folder: Folder) -> None:
    folder.write("b/new.jsonl", lines(5, 6), age=10)
    folder.write("z.jsonl", lines(1, 2), age=30)
    folder.write("y.jsonl", lines(3, 4), age=20)
    batches = [folder.batch(3) for _ in range(3)]
    assert [[one.native_id for one in batch.found] for batch in batches] == [
        ["c1", "c2", "c3"],
        ["c4", "c5", "c6"],
        [],
    ]
    assert [batch.more for batch in batches] == [True, True, False] or [batch.more for batch in batches][
        :2
    ] == [
        True,
        False,
    ]


def test_bad_rows_count_towards_the_limit(folder: Folder) -> None:
    folder.write("a.jsonl", "x\n" * 10)
    batch = folder.batch(4)
    assert (len(batch.rejects), batch.more) == (4, True)


def test_nothing_new_leaves_the_cursor_as_it_is(folder: Folder) -> None:
    folder.write("a.jsonl", lines(1) + "{")
    folder.write("b.csv", table([row(2)]))
    folder.write("c.json", array(3))
    folder.found()
    before = folder.cursor
    assert folder.batch(now=NOW + timedelta(minutes=5)).cursor == before


def test_folders_tell_the_platform(folder: Folder) -> None:
    folder.write(
        "weibo/jsonl/search_comments_2026-11-19.jsonl", '{"id":"1","content":"退钱","note_id":"5"}\n'
    )
    (one,) = folder.found()
    assert (one.platform, one.kind, one.item_id) == ("weibo", "comment", "5")


def test_lists_of_people_and_other_files_are_not_read(folder: Folder) -> None:
    folder.write("search_creators_2026-11-19.jsonl", line(1))
    folder.write(".hidden.jsonl", line(2))
    folder.write(".git/a.jsonl", line(3))
    folder.write("notes.txt", line(4))
    folder.write("a.jsonl.part", line(5))
    assert folder.ids() == []
    assert folder.rejects == []


def test_symbolic_links_are_not_followed(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jsonl").write_text(line(1))
    folder.path.mkdir()
    (folder.path / "out").symlink_to(outside)
    (folder.path / "a.jsonl").symlink_to(outside / "a.jsonl")
    os.mkfifo(folder.path / "pipe.jsonl")
    assert folder.ids() == []


def test_a_missing_folder_is_made(folder: Folder) -> None:
    assert folder.ids() == []
    assert folder.path.is_dir()


def test_one_file_in_place_of_a_folder_is_read(folder: Folder) -> None:
    file = folder.write("a.jsonl", lines(1))
    alone = Folder(file)
    assert alone.ids() == ["c1"]


def test_a_folder_that_cannot_be_made_says_which(folder: Folder) -> None:
    file = folder.write("a.jsonl", "")
    with pytest.raises(SourceError, match=r"a\.jsonl"):
        Folder(file / "inbox").batch()


def test_a_file_that_cannot_be_opened_is_reported_once_and_tried_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("a.jsonl", line(1))

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        assert folder.ids() == []
        assert folder.ids() == []
    assert folder.reasons() == [("a.jsonl", 0, "cannot be opened: Permission denied")]
    assert folder.ids() == ["c1"]


def test_a_source_travels_to_the_worker_process(folder: Folder) -> None:
    folder.write("a.jsonl", line(1))
    copy = pickle.loads(pickle.dumps(folder.source))
    assert copy == folder.source
    assert len(copy.read({}, 10, NOW).found) == 1


# any bytes, arriving in any portions


def drip(
    name: str, whole: bytes, cuts: Iterable[int], limit: int, settle: Callable[[Folder], None]
) -> tuple[list[str], int]:
    """Append a file in portions, reading after each; returns the ids found and how much was rejected."""
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        ids: list[str] = []
        edges = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
        for number in range(len(edges) - 1):
            portion = whole[edges[number] : edges[number + 1]]
            (folder.append if number else folder.write)(name, portion, age=0)
            ids += [one.native_id for one in folder.batch(limit).found]
        settle(folder)
        ids += folder.ids()
        return ids, len(folder.rejects)


def nothing(folder: Folder) -> None:
    pass


_texts = st.text(min_size=1, max_size=12).map(lambda text: "字" + text)
_junk = (
    st.binary(max_size=20)
    .map(lambda junk: junk.replace(b"\n", b""))
    .filter(lambda junk: b"\xff\xfe" != junk[:2] != b"\xfe\xff")
)
_cuts = st.lists(st.integers(min_value=0), max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(_texts | _junk, max_size=8),
    cuts=_cuts,
    limit=st.integers(1, 5),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_each_good_line_is_read_exactly_once_in_any_portions(
    parts: list[str | bytes], cuts: list[int], limit: int, end: str
) -> None:
    whole = b""
    for number, part in enumerate(parts):
        good = isinstance(part, str)
        whole += json.dumps(row(number, part)).encode() if isinstance(part, str) else part
        whole += end.encode() if good else b"\n"
    ids, rejected = drip("a.jsonl", whole, cuts, limit, nothing)
    assert ids == [f"c{number}" for number, part in enumerate(parts) if isinstance(part, str)]
    assert rejected <= len(parts)


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        _texts | st.sampled_from([b"", b"1", b"a,b", b"\x80\xff,x,y,z", b",,,,", b",,,", b'x"y']), max_size=8
    ),
    cuts=_cuts,
    limit=st.integers(1, 5),
    encoding=st.sampled_from(["utf-8-sig", "utf-8"]),
)
def test_each_good_csv_row_is_read_exactly_once_in_any_portions(
    parts: list[str | bytes], cuts: list[int], limit: int, encoding: str
) -> None:
    whole = "comment_id,aweme_id,content,create_time\r\n".encode(encoding)
    for number, part in enumerate(parts):
        whole += table([row(number, part)], header=False).encode() if isinstance(part, str) else part + b"\n"
    ids, rejected = drip("a.csv", whole, cuts, limit, nothing)
    assert ids == [f"c{number}" for number, part in enumerate(parts) if isinstance(part, str)]
    assert rejected <= len(parts)


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(_texts, max_size=8), cuts=_cuts, limit=st.integers(1, 5), indent=st.sampled_from([None, 4])
)
def test_each_element_of_an_array_is_read_exactly_once_in_any_portions(
    texts: list[str], cuts: list[int], limit: int, indent: int | None
) -> None:
    whole = json.dumps([row(number, text) for number, text in enumerate(texts)], indent=indent).encode()
    ids, rejected = drip("a.json", whole, cuts, limit, nothing)
    assert ids == [f"c{number}" for number in range(len(texts))]
    assert rejected == 0


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(["a.jsonl", "a.json", "a.csv"]), whole=st.binary(max_size=200), cuts=_cuts)
def test_any_bytes_are_read_or_rejected_and_come_to_rest(name: str, whole: bytes, cuts: list[int]) -> None:
    def settle(folder: Folder) -> None:
        folder.found(NOW + timedelta(minutes=1))
        assert not folder.batch(now=NOW + timedelta(minutes=2)).more

    drip(name, whole, cuts, 3, settle)
