"""Damage of every kind: nothing crashes, and no good row is lost because of a bad neighbour."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sources.base import Batch, Found, Reject, SourceError
from bot.sources.doctor import examine, in_words
from bot.sources.files import SUFFIXES, FilesSource
from tests.bot import crawls
from tests.bot.watched import NOW

ZONE = ZoneInfo("Asia/Shanghai")
ROWS = 9
TEXTS = ("蛋糕发霉了", '说"好吃"的都是托', "第一行\n第二行", "a,b,c", "{}", "退钱\\n", "🤮🤮", "['", "]}")


def good(number: int) -> dict[str, Any]:
    return {
        "comment_id": f"c{number}",
        "create_time": crawls.SECONDS,
        "aweme_id": "7573000000000000456",
        "content": f"{TEXTS[number % len(TEXTS)]}",
        "like_count": number,
        "nickname": "甲***乙",
    }


def whole(form: str, rows: list[dict[str, Any]]) -> tuple[bytes, list[tuple[int, int]]]:
    """A file, and where each row stands in it."""
    if form == "csv":
        parts = [crawls.text([row], form).split(b"\r\n", 1)[1] for row in rows]
        head, between, tail = crawls.text(rows[:1], form).split(b"\r\n", 1)[0] + b"\r\n", b"", b""
    elif form == "json":
        parts = [json.dumps(row, ensure_ascii=False, indent=4).encode() for row in rows]
        head, between, tail = b"[\n", b",\n", b"\n]"
    else:
        parts = [json.dumps(row, ensure_ascii=False).encode() for row in rows]
        head, between, tail = b"", b"\n", b"\n"
    spans, at = [], len(head)
    for part in parts:
        spans.append((at, at + len(part)))
        at += len(part) + len(between)
    return head + between.join(parts) + tail, spans


def mutated(chance: random.Random, data: bytes, span: tuple[int, int]) -> bytes:
    """Damage one row: bytes changed, lost, doubled or put in, where brackets and quotes are the worst."""
    start, end = span
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(start, max(start + 1, end - 2))
        noise = chance.choice(
            (
                b'"',
                b"{",
                b"}",
                b"[",
                b"]",
                b",",
                b"\\",
                b"\n",
                b"\x00",
                b"\xff",
                b"\xe8",
                bytes([chance.randrange(256)]),
            )
        )
        cut = chance.choice((0, 1, chance.randrange(1, 20)))
        cut = min(cut, max(0, end - 2 - at))
        data = data[:at] + noise * chance.choice((0, 1, 1, 3)) + data[at + cut :]
        end = end - cut
    return data


def read(path: Path) -> Batch:
    source = FilesSource("fuzz", path, ZONE)
    found: list[Found] = []
    rejects: list[Reject] = []
    cursor: dict[str, Any] = {}
    more = True
    for _ in range(200):
        batch = source.read(cursor, 50, NOW + timedelta(days=365 * 20))
        found += batch.found
        rejects += batch.rejects
        cursor, more = json.loads(json.dumps(batch.cursor)), batch.more
        if not more:
            break
    assert not more, "it never comes to its end"
    return Batch(found=tuple(found), rejects=tuple(rejects), cursor=cursor)


def survives(folder: Path, form: str, seed: int) -> None:
    chance = random.Random(seed)
    rows = [good(number) for number in range(ROWS)]
    data, spans = whole(form, rows)
    hit = chance.randrange(ROWS)
    damaged = mutated(chance, data, spans[hit])
    path = folder / f"a.{form}"
    path.write_bytes(damaged)
    batch = read(path)
    kept = {(each.native_id, each.text) for each in batch.found}
    lost = [
        row
        for number, row in enumerate(rows)
        if number != hit and (row["comment_id"], row["content"].strip()) not in kept
    ]
    assert not lost, (form, seed, hit, damaged, batch.rejects)
    assert all(each.offset <= len(damaged) and "发霉" not in each.reason for each in batch.rejects)


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_good_rows_survive_a_damaged_neighbour(tmp_path: Path, form: str, seed: int) -> None:
    survives(tmp_path, form, seed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_good_rows_survive_in_ten_thousand_damaged_files(tmp_path: Path, form: str) -> None:
    for seed in range(3334):
        survives(tmp_path, form, seed)


def book() -> bytes:
    return crawls.book({"Comments": [good(number) for number in range(3)]})


def base(folder: Path) -> bytes:
    path = folder / "made.db"
    if not path.exists():
        crawls.base(
            path, {"douyin_aweme_comment": [{**good(number), "last_modify_ts": 5} for number in range(3)]}
        )
    return path.read_bytes()


def broken(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    suffix = chance.choice([".xlsx", ".db", *SUFFIXES])
    makers: dict[str, Callable[[], bytes]] = {".xlsx": book, ".db": lambda: base(folder)}
    data = makers.get(suffix, lambda: whole("json", [good(1), good(2)])[0])()
    for _ in range(chance.randint(0, 4)):
        data = mutated(chance, data, (0, len(data)))
    path = folder / f"b{suffix}"
    path.write_bytes(data if chance.random() < 0.9 else os.urandom(200))
    read(path)
    [report] = examine([path], timezone=ZONE, now=NOW)
    assert list(in_words(report))
    json.dumps(report.json())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_no_damaged_file_of_any_kind_stops_the_reader_or_the_doctor(tmp_path: Path, seed: int) -> None:
    broken(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_thousand_damaged_files_of_every_kind_stop_nothing(tmp_path: Path) -> None:
    for seed in range(1000):
        broken(tmp_path, seed)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["comments", "data", "aweme_list", "user", "text", "cid", "statistics"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=15,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=st.lists(_json, max_size=4))
def test_no_json_of_any_shape_stops_the_reader(tmp_path: Path, values: list[Any]) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(
        "".join(json.dumps(value) + "\n" for value in values) + json.dumps(good(1)) + "\n", encoding="utf-8"
    )
    with contextlib.suppress(SourceError):
        assert "c1" in [each.native_id for each in read(path).found]
