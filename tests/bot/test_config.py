"""Settings: everything that is wrong is named at once; tokens are tried; secrets stay out of the log."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import logs
from bot.cli import main
from bot.config import ConfigError, Environment, load
from bot.sources import kinds
from playbooks import Level
from playbooks import load as load_playbooks
from playbooks.shelf import BUNDLED
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

TEAM = """
brand: {name: 青柚}
rooms:
  - {name: alerts, slack: C0ALERTS, telegram: -1001}
people:
  - {name: 陈立, slack: U0CHEN, telegram: 1002, roles: [lead]}
"""


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with nothing in it and an environment that says nothing."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


def test_with_nothing_set_the_sample_team_meets_in_the_terminal(tmp_path: Path) -> None:
    config = load()
    assert config.has_console
    assert [room.ids for room in config.team.rooms_for("alerts")] == [{"console": "alerts"}]
    assert config.database_url == "sqlite:///data/fenghuo.db"
    assert (tmp_path / "data" / "hash_key").stat().st_mode & 0o777 == 0o600


def test_the_hash_key_is_made_once() -> None:
    assert load().key == load().key


def test_all_that_is_wrong_in_the_environment_is_named_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xapp-wrong",
        "SLACK_API_URL": "ftp://slack",
        "TELEGRAM_WEBHOOK_URL": "bot.example.com",
        "DATABASE_URL": "mysql://x",
        "FENGHUO_CONFIG": "nowhere.yaml",
        "HTTP_PORT": "eighty",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    text = str(caught.value)
    for name in (*wrong, "SLACK_APP_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "BOARD_TOKEN"):
        assert name in text
    assert "xapp-wrong" not in text


def test_all_that_is_wrong_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "fenghuo.yaml").write_text(
        "brand: {name: 青柚}\nlangage: zh\ntimezone: Mars/Olympus\nrooms:\n  - {name: alerts, levels: [purple]}\nmonitor: {every: soon}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load()
    text = str(caught.value)
    for line in ("fenghuo.yaml:2: ", "fenghuo.yaml:3: ", "fenghuo.yaml:5: ", "fenghuo.yaml:6: "):
        assert line in text
    assert 'did you mean "language"' in text


def test_names_and_ids_that_stand_twice_are_refused(tmp_path: Path) -> None:
    (tmp_path / "fenghuo.yaml").write_text(
        "rooms:\n  - {name: leads, slack: C1}\n  - {name: x, for: party, slack: C1}\n"
        "people:\n  - {name: 陈立, slack: U1}\n  - {name: 陈立, slack: U1}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load()
    text = str(caught.value)
    for part in (
        "C1 stands twice",
        "陈立 stands twice",
        "U1 stands twice",
        "`for` must be one of",
        "no alerts room",
    ):
        assert part in text


def test_a_source_that_is_wrong_is_named_with_its_line_beside_all_else(tmp_path: Path) -> None:
    (tmp_path / "fenghuo.yaml").write_text(
        "langage: zh\nrooms: [{name: alerts}]\nsources:\n  - {name: a, kind: file, path: x}\n  - {name: b, kind: files}\n"
        "  - {name: c, kind: feed, url: ftp://x}\n  - {name: d, kind: files, path: x, pth: y}\n  - nonsense\n"
        "  - {name: e, kind: webhook}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load()
    for number, words in enumerate(
        ('"langage"', "", "", '"files"', "path", "url", '"path"', "keys and values"), 1
    ):
        if words:
            assert any(f":{number}: " in each and words in each for each in caught.value.problems), words
    assert len(caught.value.problems) == 6


def test_secrets_of_sources_are_named_in_the_file_and_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fenghuo.yaml").write_text(
        TEAM + "sources:\n  - {name: own, kind: douyin, client_key: k, client_secret_env: OUR_SECRET}\n"
        "  - {name: crawl, kind: files, path: inbox, presets: nowhere}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load()
    for part in ("no OUR_SECRET", "no DOUYIN_REFRESH_TOKEN", "nowhere"):
        assert part in str(caught.value)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / ".env").write_text("OUR_SECRET=s3cret-of-the-app\n", encoding="utf-8")
    monkeypatch.setenv("DOUYIN_REFRESH_TOKEN", "rft.token")
    config = load()
    assert {"s3cret-of-the-app", "rft.token"} <= set(config.secrets)
    assert "rft.token" not in repr(config)
    assert [source.name for source in kinds.sources(config.file.sources, config.site)] == ["own", "crawl"]
    assert list(kinds.receivers(config.file.sources, config.site)) == ["own"]


async def _check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slack_token: str, telegram_token: str
) -> tuple[int, str]:
    async with SlackServer() as slack, TelegramServer(token="1:good") as telegram:
        (tmp_path / "fenghuo.yaml").write_text(TEAM, encoding="utf-8")
        settings = {
            "SLACK_BOT_TOKEN": slack_token,
            "SLACK_APP_TOKEN": "xapp-test",
            "SLACK_API_URL": slack.api_url,
            "TELEGRAM_BOT_TOKEN": telegram_token,
            "TELEGRAM_API_URL": telegram.url,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        result = await asyncio.to_thread(CliRunner().invoke, main, ["check"])
        return result.exit_code, result.output


async def test_check_tries_each_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = await _check(tmp_path, monkeypatch, "xoxb-test", "1:good")
    assert (code, output.count("✓")) == (0, 4), output


async def test_check_names_each_token_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = await _check(tmp_path, monkeypatch, "xoxb-bad", "1:bad")
    assert code == 1
    assert "slack:" in output
    assert "telegram:" in output
    assert "xoxb-bad" not in output


def test_init_writes_what_load_reads_and_keeps_what_is_there(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    (tmp_path / "fenghuo.yaml").write_text(TEAM, encoding="utf-8")
    assert "already" in CliRunner().invoke(main, ["init"]).output
    assert load().team.brand == "青柚"


def test_secrets_are_blanked_in_every_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("INFO", ["s3cret", "s3cret-longer"])
    logging.getLogger("any").info("token=%s", "s3cret-longer")
    logging.getLogger("any").error("failed", exc_info=ValueError("https://api/bots3cret/x"))
    written = capsys.readouterr().err
    assert "s3cret" not in written
    assert "token=***" in written


DUTIES = """
rota: {people: [陈立, 路人], from: 2026-11-16, zone: Asia/Tokyo}
"""


def test_deputies_and_people_on_call_must_be_known_and_able(tmp_path: Path) -> None:
    team = TEAM.replace(
        "roles: [lead]}", "roles: [lead], deputy: 小陈}\n  - {name: 小陈, roles: [reader], deputy: 小陈}"
    )
    (tmp_path / "fenghuo.yaml").write_text(team + DUTIES, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load()
    assert [problem.partition(": ")[2] for problem in caught.value.problems] == [
        "people: 陈立: deputy: 小陈 may not work on incidents; give them a role such as responder",
        "people: 小陈: deputy: 小陈 may not work on incidents; give them a role such as responder",
        "rota: 路人 is not among the people",
        "people: 小陈: nobody is their own deputy",
    ]


def test_a_mailbox_is_a_room_that_only_briefs_go_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "fenghuo.yaml"
    file.write_text(
        TEAM.replace("roles: [lead]}", "roles: [lead], mail: chenli@example.com}"), encoding="utf-8"
    )
    monkeypatch.setenv("SMTP_URL", "smtps://bot:secret@mail.example.com")
    config = load()
    assert [room.ids for room in config.team.rooms_for("mail")] == [{"mail": "chenli@example.com"}]
    assert "smtps://bot:secret@mail.example.com" in config.secrets
    monkeypatch.setenv("SMTP_URL", "mail.example.com")
    file.write_text(TEAM.replace("roles: [lead]}", "roles: [lead], mail: chenli}"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load()
    assert "SMTP_URL: " in str(caught.value)
    assert "people 1 mail" in str(caught.value)


def test_a_folder_that_holds_no_playbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "fenghuo.yaml").write_text("rooms: [{name: alerts}]\nplaybooks: ours\n", encoding="utf-8")
    (tmp_path / "ours").mkdir()
    found = CliRunner().invoke(main, ["check"])
    assert (found.exit_code, "ours holds no playbook" in found.output) == (1, True), found.output
    (tmp_path / "ours" / "roles.yaml").write_bytes((BUNDLED / "roles.yaml").read_bytes())
    assert CliRunner().invoke(main, ["check"]).exit_code == 0


OWN = """
people:
  - {name: 陈立, roles: [lead, pr]}
  - {name: 吴桐, roles: [lead, legal]}
  - {name: 林悦, roles: [responder]}
rooms: [{name: alerts}]
approvals:
"""


def refused(folder: Path, approvals: str) -> list[str]:
    """What `fenghuo check` names, one line each."""
    (folder / "fenghuo.yaml").write_text(OWN + approvals, encoding="utf-8")
    found = CliRunner().invoke(main, ["check"])
    assert found.exit_code
    return [line.partition("fenghuo.yaml:")[2] for line in found.output.splitlines()]


def test_a_team_approves_by_its_own_path_and_the_rest_stays_as_in_the_file(tmp_path: Path) -> None:
    own = "  order: in turn\n  clocks: {red: {answer: 5m, expire: 30m}}\n"
    (tmp_path / "fenghuo.yaml").write_text(OWN + own, encoding="utf-8")
    usual = load_playbooks().approvals
    rules = load_playbooks(own=load().file.approvals).approvals
    assert (rules.order, rules.clocks[Level.RED].answer) == ("in turn", timedelta(minutes=5))
    assert (rules.steps, rules.others, rules.emergency) == (usual.steps, usual.others, usual.emergency)
    assert rules.clocks[Level.BLUE] == usual.clocks[Level.BLUE]


@pytest.mark.parametrize(
    ("approvals", "wanted"),
    [
        ("  steps:\n    - {roles: [lead], level: [red]}\n", '9: unknown key "level"; did you mean "levels"?'),
        ("  steps:\n    - {roles: [legl]}\n", '9: there is no role "legl"; did you mean "legal"?'),
        (
            "  steps:\n    - {roles: [lead]}\n    - {roles: [ceo], levels: [red]}\n",
            "10: nobody among the people is ceo, so nobody could ever approve this; give somebody that role",
        ),
        (
            "  steps:\n    - {roles: [pr], count: 2}\n",
            "9: 2 people have to approve and only 1 are pr; ask for fewer, or give others that role",
        ),
        (
            "  steps:\n    - {roles: [lead]}\n    - {roles: [pr]}\n    - {roles: [legal], levels: [red]}\n",
            "8: at red 3 different people may have to approve, and the people have only 2 for it;"
            " give others these roles, or ask for fewer",
        ),
        ("  steps:\n    - {roles: [lead], types: [food]}\n", '9: there is no playbook "food"; '),
        ("  others: [boss]\n", '8: there is no role "boss"; '),
        ("  clocks:\n    red: {answer: soon, expire: 1h}\n", '9: approvals clocks red answer: "soon" is not a duration'),
        ("  order: random\n", '8: approvals order cannot be "random"'),
    ],
)  # fmt: skip
def test_a_path_that_the_people_cannot_walk_is_named_with_its_line(
    tmp_path: Path, approvals: str, wanted: str
) -> None:
    found = refused(tmp_path, approvals)
    assert any(line.startswith(wanted) for line in found), found
    assert len(found) == 1


def test_what_the_brand_says_to_sell_and_what_only_staff_may_read_reach_the_team(tmp_path: Path) -> None:
    brand = "brand: {name: 青柚, slogans: [一口青柚], internal: [雷霆项目]}"
    (tmp_path / "fenghuo.yaml").write_text(TEAM.replace("brand: {name: 青柚}", brand), encoding="utf-8")
    found = load().team
    assert (found.slogans, found.internal) == (("一口青柚",), ("雷霆项目",))
