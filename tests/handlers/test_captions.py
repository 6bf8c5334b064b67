"""Planned captions are checked on a rhythm, and leads are told what was found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.ports import ports
from playbooks.checks.files import Checked, check_file, texts_in
from storage import notices
from tests.chat import BRAND, NOW, Chat, Heard


async def reviewed(chat: Chat, folder: Path) -> Heard:
    def captions() -> list[Checked]:
        return [
            check_file(
                each, platform="douyin", brands=(BRAND,), today=datetime(2026, 11, 20, tzinfo=UTC).date()
            )
            for each in texts_in(folder)
        ]

    chat.dispatch.settings["ports"] = ports(lambda: chat.monitor.ingest, {}, captions)

    async def comes_round() -> None:
        async with chat.database.write() as session:
            await notices.put(session, "captions", NOW)

    return await chat._after(comes_round)


async def test_what_would_be_barred_is_named_with_its_file_and_goes_to_the_leads(
    chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "周一.txt").write_text("全网最低价，点击购买！国家级配方，包治百病", encoding="utf-8")
    (tmp_path / "周二.txt").write_text("今天的茶是青柚味，三点到店。", encoding="utf-8")
    heard = await reviewed(chat, tmp_path)
    assert {each.channel for each in heard.posts} == {"C0LEADS"}
    card = heard.posts[0].card
    assert [each.title.split(" · ")[0] for each in card.sections] == ["周一.txt"]
    assert any("⛔ L08" in line for line in card.sections[0].lines)


async def test_a_caption_s_personal_data_is_not_repeated_in_the_card(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "caption.txt").write_text("联系王女士 13812345678 领奖", encoding="utf-8")
    heard = await reviewed(chat, tmp_path)
    assert "13812345678" not in str(heard.posts[0].card)


@pytest.mark.parametrize("raw", [b"\x00\x01\x02", "好茶".encode("utf-16")])
async def test_a_file_that_is_no_text_is_named_and_the_others_are_checked(
    chat: Chat, tmp_path: Path, raw: bytes
) -> None:
    (tmp_path / "a.txt").write_bytes(raw)
    (tmp_path / "b.txt").write_text("全网最低价，点击购买！国家级配方", encoding="utf-8")
    heard = await reviewed(chat, tmp_path)
    assert {each.title.split(" · ")[0] for each in heard.posts[0].card.sections} == {"a.txt", "b.txt"}


async def test_that_nothing_was_planned_is_said(chat: Chat, tmp_path: Path) -> None:
    heard = await reviewed(chat, tmp_path)
    assert heard.posts[0].card.text
