"""Playbooks edited while the bot runs reach the part that reads comments, too."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.monitor.prepare import Preparer, Recipe
from bot.rereading import Rereader
from bot.sources.base import Batch
from playbooks import load
from playbooks.shelf import BUNDLED
from tests.chat import NOW, Chat, rotten
from tests.stores import KEY

OURS = (BUNDLED / "types" / "food_safety.yaml").read_text("utf-8")


def save(folder: Path, text: str) -> None:
    (folder / "types").mkdir(exist_ok=True)
    (folder / "types" / "food_safety.yaml").write_text(text, "utf-8")


def type_of(preparer: Preparer, text: str) -> str:
    lot = preparer.lot("push", Batch(found=(rotten(text),), rejects=()), NOW)
    return str(lot.mentions[0].row["type"])


def test_signals_that_were_added_count_from_the_next_comment_on(tmp_path: Path) -> None:
    preparer = Preparer(Recipe(key=KEY, playbooks=tmp_path))
    text = "太恶心了，吃出一只瓢虫标本，垃圾店"
    save(tmp_path, OURS)
    before = type_of(preparer, text.replace("吃出", "盘中"))
    save(tmp_path, OURS.replace("发霉, 霉斑,", "瓢虫标本, 发霉, 霉斑,"))
    assert (before, type_of(preparer, text.replace("吃出", "盘中"))) == ("", "food_safety")


async def test_a_mistake_is_logged_with_its_line_and_said_once(
    chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rereader = Rereader(load(tmp_path), chat.database, chat.clock, chat.dispatch.wake)
    save(tmp_path, OURS.replace("version: 1", "versoin: 1"))
    with caplog.at_level(logging.WARNING):
        await rereader.look()
        await rereader.look()
    await chat.settle()
    assert (
        sum(f'{tmp_path}/types/food_safety.yaml:2: unknown key "versoin"' in line for line in caplog.messages)
        == 1
    )
    assert len(chat.all_said("alerts")) == 2  # one for each platform
    assert "food_safety.yaml:2: " in chat.last().text
