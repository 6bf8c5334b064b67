"""CSV and JSON arrays, as crawlers and office programs write them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.watched import BOM, NOW, Folder, array, row, table


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "inbox")


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


def test_files_that_office_programs_save_wrongly_are_named_once(folder: Folder) -> None:
    folder.write("a.csv", table([row(1)]).encode("utf-16"))
    folder.write("b.xlsx", b"PK")
    assert folder.ids() == []
    assert folder.ids() == []
    assert [reject.file for reject in folder.rejects] == ["a.csv", "b.xlsx"]
    assert ["save it as" in reject.reason for reject in folder.rejects] == [True, False]
    assert "not a spreadsheet" in folder.rejects[1].reason


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
