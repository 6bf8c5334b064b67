"""A new kind of source is one new file; and how the monitor treats sources that fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bot.sources
from bot.cli import main
from bot.config import Environment, load
from bot.sources.base import Batch, Cursor, SourceError
from bot.sources.kinds import kinds, sources
from tests.bot.watched import NOW
from tests.chat import Chat
from tests.servers.douyin import DouyinServer

NEW_KIND = """
from dataclasses import dataclass
from typing import Literal

from bot.sources.base import Batch, Found
from bot.sources.kinds import SourceSettings


class EchoSettings(SourceSettings):
    kind: Literal["echo"]
    says: str

    def build(self, site):
        return EchoSource(self.name, self.says)


@dataclass
class EchoSource:
    name: str
    says: str

    def read(self, cursor, limit, now):
        return Batch(found=(Found(platform="web", text=self.says),))
"""


@pytest.fixture
def a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "echo_of_the_test.py").write_text(NEW_KIND, encoding="utf-8")
    monkeypatch.setattr(bot.sources, "__path__", [*bot.sources.__path__, str(tmp_path / "more")])
    kinds.cache_clear()
    yield
    kinds.cache_clear()


@pytest.mark.usefixtures("a_new_file")
def test_a_new_kind_of_source_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    Path("fenghuo.yaml").write_text(
        "rooms: [{name: alerts}]\nsources: [{name: e, kind: echo, says: 退钱}]\n", encoding="utf-8"
    )
    config = load()
    [source] = sources(config.file.sources, config.site)
    assert [each.text for each in source.read({}, 1, NOW).found] == ["退钱"]


def test_check_tries_the_sources_and_names_those_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOUYIN_CLIENT_SECRET", "s")
    monkeypatch.setenv("DOUYIN_REFRESH_TOKEN", "rft.wrong")
    with DouyinServer() as server:
        own = f"{{name: own, kind: douyin, client_key: {server.client_key}, url: '{server.url}'}}"
        feed = f"{{name: news, kind: feed, url: '{server.url}/feed'}}"
        Path("fenghuo.yaml").write_text(
            f"rooms: [{{name: alerts}}]\nsources: [{own}, {feed}]\n", encoding="utf-8"
        )
        result = CliRunner().invoke(main, ["check"])
        assert result.exit_code == 1
        assert "own: the refresh token has expired" in result.output
        assert "news: the answer is JSON, but not a JSON Feed" in result.output
        assert "rft.wrong" not in result.output
        server.refresh = "rft.wrong"
        assert "✓ own" in CliRunner().invoke(main, ["check"]).output


def test_the_kinds_there_are() -> None:
    assert set(kinds()) == {"files", "feed", "webhook", "douyin", "sample"}


class Failing:
    """A source that asks to be left alone for ten minutes."""

    name = "failing"

    def __init__(self) -> None:
        self.asked = 0

    def read(self, cursor: Cursor, limit: int, now: datetime) -> Batch:
        self.asked += 1
        raise SourceError("busy", wait=timedelta(minutes=10))


async def test_a_source_that_asks_for_rest_gets_it(chat: Chat) -> None:
    failing = Failing()
    chat.monitor.sources = [failing]
    for _ in range(5):
        await chat.monitor.tick()
        chat.clock.passes(timedelta(minutes=4))
    assert failing.asked == 2
