"""A newcomer's way: a fresh clone, and the README's lines in order."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUP_SECONDS = 600
FIRST_ALERT_SECONDS = 30
"""From the end of the set-up to the alert on the screen."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("newcomer") / "fenghuo"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def environment(**more: str) -> dict[str, str]:
    """What a bare machine has: no virtual environment, no settings of ours."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "PIP_CONFIG_FILE",
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
    )
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HTTP_PORT": "0"} | more


def lines() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in found for line in block.splitlines() if line.strip()]


@pytest.mark.timeout(SETUP_SECONDS + 300)
def test_every_line_of_the_readme_works_on_a_fresh_clone(clone: Path) -> None:
    subprocess.run(["make", "install"], cwd=clone, env=environment(), check=True, timeout=SETUP_SECONDS)
    typed = lines()
    assert {"make run", "make test", "make install"} <= set(typed)
    for line in typed:
        if line == "make run":
            the_first_alert_stands_on_the_screen(clone)
        elif line != "make test":  # which is what runs this
            subprocess.run(["bash", "-c", line], cwd=clone, env=environment(), check=True, timeout=120)


def the_first_alert_stands_on_the_screen(clone: Path) -> None:
    """Without a terminal, too, cards are printed and the bot keeps running; a signal stops it cleanly."""
    log = clone / "run.log"
    with log.open("wb") as out:
        begun = time.monotonic()
        process = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            while "[1]" not in (text := log.read_text(encoding="utf-8")) or "#1" not in text:
                assert process.poll() is None, text
                assert time.monotonic() - begun < FIRST_ALERT_SECONDS, text
                time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=10)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert "Traceback" not in log.read_text(encoding="utf-8")
