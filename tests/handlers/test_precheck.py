"""Precheck in chat and on the command line, and the findings under a draft."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import main
from storage.models import Outbox
from tests.chat import Chat, rows

FLAWED = "我们高度重视，第一时间核实。电话13912345678。"


async def test_anybody_on_the_list_may_ask_and_only_they_are_told(chat: Chat) -> None:
    told = (await chat.says(f"预检 {FLAWED}", by="林悦")).whisper
    assert told.title == "Precheck: 1 blocks, 2 warnings"
    assert [each.title[:6] for each in told.card.sections] == ["⛔ L03 ", "⚠️ L11", "⚠️ L11"]
    assert "高度重视" in told.text
    assert "/2000" in told.card.footer


async def test_personal_data_is_named_and_neither_repeated_nor_stored(chat: Chat) -> None:
    told = (await chat.says(f"precheck {FLAWED}", by="林悦")).whisper
    assert "13912345678" not in told.text
    async with chat.database.read() as session:
        assert not [each for each in await rows(session, Outbox) if "13912345678" in str(each)]


async def test_a_text_without_faults_is_said_to_have_none(chat: Chat) -> None:
    told = (await chat.says("precheck 三家门店今天恢复营业。", by="林悦")).whisper
    assert (told.title, told.card.sections) == ("Precheck: 0 blocks, 0 warnings", ())
    assert "TEXT" in (await chat.refused("precheck", by="林悦")).text


async def test_a_word_that_only_staff_may_read_is_found(chat: Chat) -> None:
    chat.team.internal = ("雷霆项目",)
    told = (await chat.says("precheck 雷霆项目下周上市。", by="林悦")).whisper
    assert "L20" in told.text


async def test_the_findings_stand_under_a_draft(chat: Chat) -> None:
    await chat.opens()
    await chat.says("edit 1 我们高度重视。", by="林悦")
    assert "Checks: 0 blocks, 1 warnings (L11 高度重视)" in (await chat.card("statement:1:1")).text


async def test_a_block_stands_under_the_draft_until_it_is_mended(chat: Chat) -> None:
    await chat.opens("blue")
    await chat.says("edit 1 涉事的是一名临时工。", by="林悦")
    assert "L06 临时工" in (await chat.card("statement:1:1")).text
    await chat.says("edit 1 涉事店员已停职，责任在公司。", by="林悦")
    assert "L06" not in (await chat.card("statement:1:2")).text


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("说明\n电话13912345678。", encoding="utf-8")
    (tmp_path / "b.md").write_text("周末的店里。", encoding="utf-8")
    (tmp_path / "c.txt").write_text("我们绝对没有问题。", encoding="gb18030")
    (tmp_path / "d.png").write_bytes(b"\x89PNG")
    return tmp_path


def test_a_folder_of_captions_gives_one_object_a_file_and_fails_on_a_block(captions: Path) -> None:
    done = CliRunner().invoke(main, ["precheck", str(captions), "--json"])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert [Path(each["file"]).name for each in found] == ["a.txt", "b.md", "c.txt"]
    (first,) = found[0]["findings"]
    assert {"code", "severity", "line", "column", "quote", "reason", "mend"} <= first.keys()
    assert (first["code"], first["severity"], first["line"], first["column"]) == ("L03", "block", 2, 3)
    assert [each["code"] for each in found[2]["findings"]] == ["L07"]


def test_it_needs_no_settings_and_leaves_nothing_behind(
    captions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    (home / "fenghuo.yaml").write_text("brand: [", encoding="utf-8")
    monkeypatch.chdir(home)
    assert "L" in CliRunner().invoke(main, ["precheck", str(captions / "a.txt")]).stdout
    assert [each.name for each in home.iterdir()] == ["fenghuo.yaml"]


def test_in_english_the_checks_have_english_names(captions: Path) -> None:
    told = [
        CliRunner().invoke(main, ["precheck", str(captions / "a.txt"), "--language", language]).stdout
        for language in ("en", "zh")
    ]
    assert "block L03 Personal data 「" in told[0]
    assert "block L03 「" in told[1]


async def test_an_english_card_names_the_checks_in_english(chat: Chat) -> None:
    told = (await chat.says(f"precheck {FLAWED}", by="林悦")).whisper
    assert "⛔ L03 Personal data" in told.text
    await chat.opens("blue")
    await chat.says("edit 1 我们正在核实。请联系 13812345678。", by="林悦")
    assert "⛔ L03 Personal data: " in (await chat.card("statement:1:1")).text
    refusal = await chat.refused("approve 1", by="陈立")
    assert refusal.title.startswith("L03 Personal data bars v1")
    heard = await chat.says("override 1 L03 这是公司热线", by="陈立")
    assert any(each.card.text == "Personal data: 这是公司热线" for each in heard.posts)


def test_warnings_alone_do_not_fail_and_a_platform_limits(captions: Path) -> None:
    one = str(captions / "c.txt")
    assert CliRunner().invoke(main, ["precheck", one]).exit_code == 0
    (captions / "c.txt").write_text("好" * 101, encoding="utf-8")
    assert CliRunner().invoke(main, ["precheck", one, "--platform", "抖音评论"]).exit_code == 1


def test_what_cannot_be_read_is_named_and_the_rest_is_checked(captions: Path) -> None:
    (captions / "a.txt").write_bytes(b"\xff\xfe\x00\x01")
    done = CliRunner().invoke(main, ["precheck", str(captions)])
    assert done.exit_code == 1
    assert "UTF-8" in done.stdout
    assert "✓" in done.stdout
    done = CliRunner().invoke(main, ["precheck", str(captions), "--platform", "mars"])
    assert "unknown platform mars" in done.output
    for wrong in (["nowhere"], [str(captions), "--platform", "贴吧"]):
        assert CliRunner().invoke(main, ["precheck", *wrong]).exit_code == 2
