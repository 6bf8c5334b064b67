"""Files that are edited while the bot runs: all of it or nothing, and what changed is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playbooks import load

Team = Callable[..., Path]


def edit(path: Path, old: str, new: str) -> None:
    """Save a file a second later."""
    changed = path.stat().st_mtime + 1
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    os.utime(path, (changed, changed))


def test_nothing_is_read_again_while_nobody_edits(team: Team, sample: str) -> None:
    library = load(team(types__shop_flood=sample))
    before = library.playbooks
    assert not library.is_edited()
    assert library.refresh() is None
    assert library.playbooks is before


def test_an_edit_is_in_force_at_once_for_whoever_holds_the_library(team: Team, sample: str) -> None:
    folder = team(types__shop_flood=sample)
    library = load(folder)
    edit(folder / "types" / "shop_flood.yaml", "any: [进水了, 泡水了]", "any: [淹了吧, 泡水了]")
    assert library.is_edited()
    change = library.refresh()
    assert change is not None
    assert dict(change.changed) == {"types/shop_flood": ("signals",)}
    assert change.problems == ()
    assert library.match("店淹了吧").playbook == "shop_flood"
    assert library.refresh() is None


def test_a_mistake_keeps_the_old_and_is_told_of_once(team: Team, sample: str) -> None:
    folder = team(types__shop_flood=sample)
    library = load(folder)
    path = folder / "types" / "shop_flood.yaml"
    edit(path, "version: 1", "versoin: 2")
    change = library.refresh()
    assert change is not None
    assert not change.changed
    assert f"{path}:1: " in "\n".join(map(str, change.problems))
    assert library.playbooks["shop_flood"].version == 1
    assert library.refresh() is None
    edit(path, "versoin: 2", "version: 2")
    assert library.refresh() is not None
    assert library.playbooks["shop_flood"].version == 2


def test_one_mistake_holds_back_all_edits_so_that_nothing_is_half_new(team: Team, sample: str) -> None:
    folder = team(types__shop_flood=sample)
    library = load(folder)
    team(
        types__second=sample.replace("门店进水", "仓库进水")
        .replace("Shop flood", "Store")
        .replace("[flood]", "[]")
    )
    edit(folder / "types" / "shop_flood.yaml", "due: 10m", "due: x")
    assert library.refresh() is not None
    assert "second" not in library.playbooks


def test_what_is_new_and_what_is_gone_is_said(team: Team, sample: str) -> None:
    folder = team(types__shop_flood=sample)
    library = load(folder)
    (folder / "types" / "shop_flood.yaml").rename(folder / "types" / "cellar_flood.yaml")
    change = library.refresh()
    assert change is not None
    assert dict(change.changed) == {"types/cellar_flood": ("new",), "types/shop_flood": ("gone",)}


def test_a_remark_changes_nothing_worth_saying(team: Team, sample: str) -> None:
    folder = team(types__shop_flood=sample)
    library = load(folder)
    edit(folder / "types" / "shop_flood.yaml", "version: 1", "# read on Friday\nversion: 1")
    assert library.refresh() is None
