"""`fenghuo db verify`, as an operator runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot.cli import main
from storage import incidents, timeline
from storage.database import Database
from storage.models import Incident
from tests.storage.conftest import KEY, NOW

Verify = Callable[..., Result]


@pytest.fixture
def verify(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    monkeypatch.chdir(tmp_path)

    def run(key: bytes = KEY) -> Result:
        settings = {
            "DATABASE_URL": url,
            "FENGHUO_HASH_KEY": key.decode(),
            "FENGHUO_DATA": str(tmp_path / "data"),
        }
        return CliRunner().invoke(main, ["db", "verify"], env=settings)

    return run


async def _fill(url: str, *statements: str) -> None:
    database = Database(url, KEY)
    async with database.write() as session:
        for number in (1, 2):
            await incidents.create(session, Incident(title=f"incident {number}", opened_at=NOW))
            for each in ("one", "two"):
                await timeline.append(session, number, "log", at=NOW, text=each)
        for statement in statements:
            await session.execute(text(statement))
    await database.close()


def test_timelines_that_hold_are_counted(url: str, verify: Verify) -> None:
    asyncio.run(_fill(url))
    result = verify()
    assert (result.exit_code, result.stdout.strip()) == (0, "✓ 2 timelines hold")


def test_an_empty_database_holds(verify: Verify) -> None:
    assert verify().exit_code == 0


def test_a_broken_timeline_is_named(url: str, verify: Verify) -> None:
    asyncio.run(_fill(url, "update entry set text = 'nothing' where incident_id = 2 and seq = 1"))
    result = verify()
    assert result.exit_code == 1
    assert result.stderr.strip() == "✗ #2: entry 1 was changed"


def test_another_key_does_not_pass_for_the_right_one(url: str, verify: Verify) -> None:
    asyncio.run(_fill(url))
    result = verify(b"another key, as long as the right one")
    assert result.exit_code == 1
    assert result.stderr.count("✗") == 2


def test_redacted_entries_hold(url: str, verify: Verify) -> None:
    asyncio.run(
        _fill(url, "update entry set text = '', data = '{}', salt = '' where incident_id = 1 and seq = 1")
    )
    assert verify().exit_code == 0
