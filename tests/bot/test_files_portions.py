"""Any bytes, arriving in any portions: each good row is read exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.watched import NOW, Folder, line, row, table


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
        whole += line(number, part).strip().encode() if isinstance(part, str) else part
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
    whole = json.dumps(
        [row(number, text) for number, text in enumerate(texts)], indent=indent, ensure_ascii=indent is None
    ).encode()
    ids, rejected = drip("a.json", whole, cuts, limit, nothing)
    assert ids == [f"c{number}" for number in range(len(texts))]
    assert rejected == 0


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(_texts, max_size=12),
    sizes=st.lists(st.integers(0, 12), max_size=5),
    limit=st.integers(1, 5),
)
def test_each_element_of_an_array_that_is_rewritten_while_it_grows_is_read_exactly_once(
    texts: list[str], sizes: list[int], limit: int
) -> None:
    rows = [row(number, text) for number, text in enumerate(texts)]
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        ids: list[str] = []
        for size in [*sorted(sizes), len(rows)]:
            folder.write("a.json", json.dumps(rows[:size], ensure_ascii=False, indent=4), age=0)
            ids += [one.native_id for one in folder.batch(limit).found]
        ids += folder.ids()
    assert ids == [f"c{number}" for number in range(len(texts))]


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(["a.jsonl", "a.json", "a.csv"]), whole=st.binary(max_size=200), cuts=_cuts)
def test_any_bytes_are_read_or_rejected_and_come_to_rest(name: str, whole: bytes, cuts: list[int]) -> None:
    def settle(folder: Folder) -> None:
        folder.found(NOW + timedelta(minutes=1))
        assert not folder.batch(now=NOW + timedelta(minutes=2)).more

    drip(name, whole, cuts, 3, settle)
