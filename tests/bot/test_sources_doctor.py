"""`fenghuo doctor`: what files are, before they are used, and never a word of what stands in them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from bot.cli import main
from bot.sources.doctor import Report, examine, in_words, sampled
from tests.bot import crawls
from tests.bot.test_sources_exports import DOUK_COMMENT, OWN
from tests.bot.watched import NOW


def examined(*paths: Path) -> list[Report]:
    return examine(paths, timezone=ZoneInfo("Asia/Shanghai"), now=NOW)


def said(*paths: Path) -> str:
    return "\n".join(line for report in examined(*paths) for line in in_words(report))


@pytest.mark.parametrize("form", crawls.FORMATS)
def test_a_crawl_is_named_with_its_generation_and_what_is_personal_in_it(tmp_path: Path, form: str) -> None:
    crawls.crawl(tmp_path, "douyin", form, crawls.OLD)
    text = said(tmp_path)
    assert "MediaCrawler before July 2026" in text
    assert "rows understood: douyin" in text
    for column in ("avatar", "user_signature", "short_user_id"):
        assert column in text.split("personal, dropped: ")[1].split("\n")[0]
    for value in (*crawls.OLD.values(), "蛋糕发霉了", "7574000000000000123"):
        assert len(value) < 3 or value not in text
    crawls.crawl(tmp_path / "new", "weibo", form, crawls.NEW)
    assert "MediaCrawler since July 2026" in said(tmp_path / "new")


def test_what_was_mended_is_counted(tmp_path: Path) -> None:
    post, _ = crawls.rows("douyin", crawls.NEW)
    (tmp_path / "a.csv").write_bytes(crawls.text([{**post, "aweme_id": "7.573E+18"}] * 3, "csv"))
    [report] = examined(tmp_path)
    assert report.repairs["aweme_id lost digits in a spreadsheet (written like 7.2E+18)"] == 3
    assert report.twice == 2


def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"content": "好", "comment_id": "1"}\nbroken\n{"comment_id": "2"}\n', encoding="utf-8"
    )
    [report] = examined(tmp_path / "a.jsonl")
    assert (report.rows, report.rejected, report.is_usable) == (1, 2, True)
    assert report.rejects[0] == ("a.jsonl", 38, "not valid JSON")
    assert any(words.startswith("times") for words in report.missing)
    assert "2 cannot be read" in said(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"x", "only .jsonl"), ("search_creators_2026-11-20.jsonl", b'{"user_id": 1}', "lists people"),
        ("a.xls", b"x", "save it as .xlsx"), ("a.csv", b"a,b\n1,2\n", "column for the text"), ("a.csv", b"\xff\xfea\0", "UTF-16"),
        ("a.jsonl", b"", "no rows"), ("a.xlsx", b"PK", "not a spreadsheet"), ("a.db", b"x" * 2000, "SQLite"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_with_the_reason(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    [report] = examined(tmp_path)
    assert not report.is_usable
    assert words in said(tmp_path)


def test_exports_of_other_programs_are_named(tmp_path: Path) -> None:
    (tmp_path / "作品7573000000000000456_评论数据.csv").write_bytes(crawls.text([DOUK_COMMENT], "csv"))
    [report] = examined(tmp_path)
    assert "DouK" in report.what
    assert report.dropped == ["年龄", "账号签名"]
    assert report.fields["item_id"] == 1


def test_how_much_of_all_comments_the_crawl_holds_is_said(tmp_path: Path) -> None:
    crawls.crawl(tmp_path, "douyin", "jsonl", crawls.NEW)
    assert sampled(examined(tmp_path)) == (1, 40)


def test_columns_that_a_team_has_named_itself_are_understood(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "ours.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "a.csv").write_text("流水号,舆情内容\n78,退货\n", encoding="utf-8")
    assert "我们的表" in run(tmp_path / "a.csv", "--presets", tmp_path / "presets")[1]
    assert run(tmp_path / "a.csv")[0] == 1


def test_large_files_are_read_to_their_end(tmp_path: Path) -> None:
    _, comment = crawls.rows("douyin", crawls.NEW)
    rows = [{**comment, "comment_id": f"c{n}"} for n in range(12_000)]
    (tmp_path / "a.jsonl").write_bytes(crawls.text(rows, "jsonl"))
    [report] = examined(tmp_path)
    assert (report.rows, report.twice) == (12_000, 0)


def run(*arguments: Any) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_folder_without_files_is_said_to_hold_nothing(tmp_path: Path) -> None:
    code, output = run(tmp_path)
    assert code == 1
    assert str(tmp_path) in output


def test_another_office_file_that_is_named_like_a_spreadsheet_is_said_to_be_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as letter:
        kinds = "http://schemas.openxmlformats.org/package/2006/content-types"
        letter.writestr("[Content_Types].xml", f'<Types xmlns="{kinds}"/>')
    _, output = run(tmp_path)
    assert "not a spreadsheet" in output
    assert "None" not in output


def test_the_command_speaks_json_and_its_exit_code_tells_whether_anything_is_usable(tmp_path: Path) -> None:
    crawls.crawl(tmp_path, "xhs", "csv", crawls.NEW)
    (tmp_path / "a.txt").write_text("x")
    code, output = run(tmp_path, "--json")
    told = json.loads(output)
    assert (code, sum(each["rows"] for each in told["files"]), told["of"]) == (0, 2, 21_000)
    assert [each["usable"] for each in told["files"]].count(False) == 1
    assert "踩雷" not in output
    assert run(tmp_path / "a.txt")[0] == 1
    code, output = run(tmp_path / "nowhere", "--timezone", "Mars/Olympus", "--presets", tmp_path / "none")
    assert code == 2
    assert output.count("✗") == 3
