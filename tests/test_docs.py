"""The README, `.env.example` and the contract say what the code does."""

import re
import shlex
from pathlib import Path

import yaml

import handlers
from bot.cli import main
from bot.config import Environment
from bot.teamfile import read_team
from bot.transports.slack import SCOPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRACT = [
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_API_URL",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_API_URL",
    "TELEGRAM_WEBHOOK_URL",
    "TELEGRAM_WEBHOOK_SECRET",
    "DATABASE_URL",
    "REDIS_URL",
    "INGEST_SECRET",
    "HTTP_HOST",
    "HTTP_PORT",
    "PUBLIC_URL",
    "BOARD_TOKEN",
    "FENGHUO_CONFIG",
    "FENGHUO_DATA",
    "FENGHUO_HASH_KEY",
    "SMTP_URL",
    "LOG_LEVEL",
]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_env_example_is_the_contract_and_the_code() -> None:
    listed = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(CONTRACT)
    assert sorted(listed) == sorted(name.upper() for name in Environment.model_fields)


def test_env_example_is_what_init_writes() -> None:
    assert (ROOT / ".env.example").read_text() == (ROOT / "bot" / "sample" / "env").read_text()


def test_every_setting_is_in_the_readme() -> None:
    section = README.partition("## Settings")[2].partition("## Words")[0]
    assert [name for name in CONTRACT if f"`{name}`" not in section] == []


def test_the_command_table_is_the_registry() -> None:
    rows = [
        f"| `{each.verb}` | `{each.usage}` | {' '.join(each.aliases) or '-'} | {each.help} |".replace(
            "[all|", "[all\\|"
        )
        for each in handlers.load().commands.values()
    ]
    section = README.partition("## Commands")[2].partition("## Settings")[0]
    table = [line.replace("\\|", "|") for line in section.splitlines() if line.startswith("| `")]
    assert table == [row.replace("\\|", "|") for row in rows]


def test_every_scope_of_the_manifest_is_in_the_readme() -> None:
    manifest = yaml.safe_load(
        (ROOT / "bot" / "transports" / "slack_manifest.yaml").read_text(encoding="utf-8")
    )
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)
    assert [scope for scope in SCOPES if f"`{scope}`" not in README] == []
    assert all(each["should_escape"] for each in manifest["features"]["slash_commands"])


def test_the_readmes_config_is_read_as_it_stands(tmp_path: Path) -> None:
    [block] = blocks("yaml")
    file = tmp_path / "fenghuo.yaml"
    file.write_text(block, encoding="utf-8")
    team = read_team(file)
    assert [room.name for room in team.rooms] == ["alerts", "war-room", "leads", "drills"]


def test_every_command_line_in_the_readme_exists() -> None:
    known = {
        command.name or command.callback.__name__ for command in main.registered_commands if command.callback
    }
    known |= {group.name for group in main.registered_groups if group.name}
    line = next(line for line in README.splitlines() if line.startswith("Command line:"))
    named = {shlex.split(part)[0] for part in re.findall(r"`(?:fenghuo )?([^`]+)`", line)}
    assert named == known


def test_the_lock_pins_by_hash_and_names_no_address() -> None:
    lock = (ROOT / ".requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pins = re.findall(r"^[a-z0-9][^ ]*==[^ ]+", lock, re.MULTILINE)
    assert len(pins) > 50
    assert lock.count("--hash=sha256:") >= len(pins)
