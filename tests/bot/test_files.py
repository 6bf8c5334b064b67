"""A watched folder: what is read, in which order, and when it is read again."""

from __future__ import annotations

import os
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.sources.base import SourceError
from tests.bot.watched import NOW, Folder, array, line, lines, row, table


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "inbox")


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


def test_one_named_file_is_taken_as_it_is(folder: Folder) -> None:
    assert Folder(folder.write("a.jsonl", lines(1) + line(2).rstrip(), age=0)).ids() == ["c1", "c2"]
    assert Folder(folder.write("a.csv", table([row(3)]).rstrip(), age=0)).ids() == ["c3"]


@pytest.mark.parametrize("name", ["notes.txt", "search_creators_2026-11-19.jsonl"])
def test_one_named_file_without_rows_is_refused(folder: Folder, name: str) -> None:
    file = folder.write(name, line(1))
    with pytest.raises(SourceError, match="no list of comments"):
        Folder(file).batch()


def test_a_folder_that_cannot_be_made_says_which(folder: Folder) -> None:
    file = folder.write("a.jsonl", "")
    with pytest.raises(SourceError, match=r"a\.jsonl"):
        Folder(file / "inbox").batch()


def test_a_file_that_cannot_be_opened_is_reported_once_and_tried_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("a.jsonl", line(1))

    open_others = Path.open

    def refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path.suffix == ".jsonl":
            raise PermissionError(13, "Permission denied", str(path))
        return open_others(path, *how, **more)

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
