"""`fenghuo playbook lint | export | import`: thin, and clear about what is wrong where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import main
from playbooks import load, take_in
from playbooks.shelf import BUNDLED


def fenghuo(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["playbook", *map(str, words)])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "types" / "food_safety.yaml"
    path.parent.mkdir()
    text = (BUNDLED / "types" / "food_safety.yaml").read_text("utf-8")
    path.write_text(text.replace("goto: rumor_attack", "goto: rumour_attack"), "utf-8")
    return path


def test_what_comes_with_the_bot_is_clean() -> None:
    said = fenghuo("lint")
    assert (said.exit_code, said.output) == (0, "✓ no problems\n")


def test_lint_names_file_line_and_mend(broken: Path) -> None:
    line = 1 + broken.read_text("utf-8").splitlines().index("    goto: rumour_attack")
    for place in (broken.parent.parent, broken):
        said = fenghuo("lint", place)
        assert said.exit_code == 1
        expected = (
            f'error: {broken}:{line}: there is no playbook "rumour_attack"; did you mean "rumor_attack"?'
        )
        assert expected in said.output.splitlines()


def test_lint_speaks_json(broken: Path) -> None:
    (problem,) = json.loads(fenghuo("lint", broken, "--json").output)
    assert (problem["file"], problem["severity"]) == (str(broken), "error")
    assert problem["hint"] == 'did you mean "rumor_attack"?'


def test_a_playbook_goes_out_and_comes_back_equal(tmp_path: Path) -> None:
    checklist = tmp_path / "checklist.md"
    checklist.write_text(fenghuo("export", "食品安全").output, "utf-8")
    said = fenghuo("import", checklist, "--to", tmp_path / "ours")
    assert said.output == f"+ {tmp_path / 'ours' / 'types' / 'food_safety.yaml'}\n"
    assert load(tmp_path / "ours").playbooks == load().playbooks


def test_without_a_folder_the_yaml_is_printed(tmp_path: Path) -> None:
    checklist = tmp_path / "checklist.md"
    checklist.write_text(fenghuo("export", "data_leak").output, "utf-8")
    file = tmp_path / "data_leak.yaml"
    file.write_text(fenghuo("import", checklist).output, "utf-8")
    assert take_in(file) == load().playbooks["data_leak"]


def test_export_names_what_there_is() -> None:
    said = fenghuo("export", "ufo")
    assert said.exit_code == 2
    assert "food_safety" in said.output


def test_import_names_the_line_of_the_checklist(tmp_path: Path) -> None:
    checklist = tmp_path / "checklist.md"
    text = fenghuo("export", "food_safety").output.replace("- **role**: scribe", "- **role**: scrib", 1)
    checklist.write_text(text, "utf-8")
    said = fenghuo("import", checklist)
    assert said.exit_code == 1
    line = 1 + text.splitlines().index("  - **role**: scrib")
    assert f"{checklist}:{line}: " in said.output
