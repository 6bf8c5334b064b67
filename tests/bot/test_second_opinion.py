"""SnowNLP is asked too where a team wants it: from the line in its file to what is stored of a comment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot.app import setup
from bot.config import Config, Environment, load
from bot.monitor.worker import made
from bot.sources.base import Found
from storage.database import Database
from storage.models import Mention
from storage.precedence import Precedence

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
UNSURE, SURE = "今天去了店里", "骗子商家，垃圾东西"
FILE = """
brand: {{name: 青柚茶饮}}
rooms: [{{name: alerts, slack: C0ALERTS}}]
people: [{{name: 陈立, slack: U0CHEN, roles: [lead]}}]
monitor: {{second_opinion: {wanted}}}
"""


@pytest.mark.parametrize("wanted", [True, False])
async def test_it_is_among_the_reasons_of_an_unsure_comment_if_the_file_says_so(
    wanted: bool, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = made(setup(_config(wanted, tmp_path, monkeypatch), Precedence()), store)
    await ingest.take("push", [_comment("1", UNSURE), _comment("2", SURE)], (), NOW)
    async with store.read() as session:
        stored = {each.text: each for each in (await session.execute(select(Mention))).scalars()}
    kinds = {text: [kind for _, _, kind in each.reasons] for text, each in stored.items()}
    assert ("snownlp" in kinds[UNSURE]) is wanted
    assert "snownlp" not in kinds[SURE]


def _config(wanted: bool, home: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(home)
    (home / "fenghuo.yaml").write_text(FILE.format(wanted=str(wanted).lower()), encoding="utf-8")
    return load()


def _comment(number: str, text: str) -> Found:
    return Found(
        platform="douyin", text=text, native_id=number, item_id="v1", author="u", created_at=NOW, likes=1
    )
