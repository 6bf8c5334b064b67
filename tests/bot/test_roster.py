"""The team's file, edited while the bot runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.app import App
from bot.config import load
from tests.fakes import FakeTransport

FILE = """
brand: {name: 青柚茶饮}
language: en
rooms:
  - {name: alerts, slack: C0ALERTS}
  - {name: leads, slack: C0LEADS}
people:
  - {name: 林悦, slack: U0LIN, roles: [responder]}
  - {name: 陈立, slack: U0CHEN, roles: [lead]}
guests: none
"""


class Edited:
    """A bot that runs, and its file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.slack = FakeTransport("slack", native_forms=True, looks_back=True)
        self.app = App(load(console=False), transports={"slack": self.slack})
        self._saved = 0

    async def saves(self, text: str) -> list[str]:
        """Somebody saves the file; returns the text of each card that follows, with its channel."""
        self.path.write_text(text, encoding="utf-8")
        self._saved += 1
        os.utime(self.path, ns=(self._saved, self._saved))
        before = len(self.slack.posts)
        await self.app.team_rereader.look()
        await self.app.team_rereader.look()
        while await self.app.dispatch.drain():
            pass
        await self.app.delivery._round(self.slack)
        await self.app.delivery._finish("slack")
        return [f"{each.channel} {each.text}" for each in self.slack.posts[before:]]


@pytest.fixture
async def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edited:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "fenghuo.yaml"
    path.write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("FENGHUO_CONFIG", str(path))
    found = Edited(path)
    await found.app.database.upgrade()
    return found


async def test_new_people_rooms_and_guests_count_at_once_and_leads_are_told(edited: Edited) -> None:
    text = FILE.replace("guests: none", "  - {name: 王五, slack: U0WANG, roles: [responder]}\nguests: reader")
    text = text.replace("roles: [responder]}\n  - {name: 陈", "roles: [lead]}\n  - {name: 陈", 1)
    text = text.replace("people:", "  - {name: drills, slack: C0DRILL}\npeople:")
    said = await edited.saves(text)
    await edited.app.close()
    assert said == [
        "C0LEADS fenghuo.yaml was edited and is in force now\n"
        "People: new: 王五, changed: 林悦\nRooms: new: drills\nGuests: changed: reader"
    ]
    for team in (edited.app.dispatch.team, edited.app.delivery.team, edited.app.dispatch.speech.team):
        found = team.with_id("slack", "U0WANG")
        assert found is not None
        assert found.name == "王五"
        assert team.guests == "reader"
        assert team.room_at("slack", "C0DRILL") is not None


async def test_who_approves_is_in_force_at_once_and_a_mistake_leaves_it_as_it_was(edited: Edited) -> None:
    library = edited.app.dispatch.library

    def order() -> str:
        return library.approvals.order

    said = await edited.saves(FILE + "approvals: {order: in turn, clocks: {red: {answer: 5m, expire: 1h}}}\n")
    assert said == ["C0LEADS fenghuo.yaml was edited and is in force now\nApprovals: changed: order clocks"]
    assert order() == "in turn"
    said = await edited.saves(FILE + "approvals: {steps: [{roles: [legal]}]}\n")
    assert "nobody among the people is legal" in said[0]
    assert "fenghuo.yaml:11: " in said[0]
    assert order() == "in turn"
    said = await edited.saves(FILE)
    await edited.app.close()
    assert said == ["C0LEADS fenghuo.yaml was edited and is in force now\nApprovals: changed: order clocks"]
    assert order() == "parallel"


async def test_whoever_is_taken_off_the_roster_is_nobody_from_then_on(edited: Edited) -> None:
    said = await edited.saves(FILE.replace("  - {name: 林悦, slack: U0LIN, roles: [responder]}\n", ""))
    await edited.app.close()
    assert "People: gone: 林悦" in said[0]
    assert edited.app.dispatch.team.with_id("slack", "U0LIN") is None


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("roles: [lead]", "role: [lead]", 'fenghuo.yaml:9: unknown key "role"'),
        ("guests: none", "guests: [", "fenghuo.yaml:1"),
        ("U0CHEN", "U0LIN", "fenghuo.yaml: slack users: U0LIN stands twice"),
    ],
)
async def test_a_broken_file_changes_nothing_and_is_told_of_once_with_its_place(
    edited: Edited, old: str, new: str, place: str
) -> None:
    said = await edited.saves(FILE.replace(old, new).replace("name: 林悦", "name: 林乐"))
    again = await edited.saves(FILE)
    await edited.app.close()
    assert len(said) == 1
    assert said[0].startswith("C0LEADS fenghuo.yaml has a mistake; the team stays as it was\n")
    assert place in said[0]
    assert edited.app.dispatch.team.person("林悦") is not None
    assert again == []


async def test_what_needs_a_restart_is_named(edited: Edited) -> None:
    text = FILE.replace("青柚茶饮", "青柚").replace("language: en", "language: en\ncontact: 400-1")
    said = await edited.saves(text)
    await edited.app.close()
    assert said == [
        "C0LEADS fenghuo.yaml was edited; nothing of it is in force yet\nOnly after a restart: brand, contact"
    ]
    assert edited.app.dispatch.team.brand == "青柚茶饮"


async def test_a_file_that_is_gone_for_a_moment_leaves_the_team_as_it_was(edited: Edited) -> None:
    edited.path.unlink()
    await edited.app.team_rereader.look()
    async with edited.app.database.read():
        pass
    assert edited.app.dispatch.team.person("林悦") is not None
    assert len(await edited.saves(FILE)) == 0
    await edited.app.close()
