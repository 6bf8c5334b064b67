"""A team's folder that a test may break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from playbooks import Library, PlaybookError, Problem, load


@pytest.fixture(scope="session")
def library() -> Library:
    return load()


@pytest.fixture(scope="session")
def sample() -> str:
    """A small playbook without a fault."""
    return (Path(__file__).parent / "shop_flood.yaml").read_text("utf-8")


@pytest.fixture
def team(tmp_path: Path) -> Callable[..., Path]:
    """Write files (`types/x.yaml` as a key `types__x`) into a team's folder."""

    def write(**files: str | bytes) -> Path:
        for name, content in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


@pytest.fixture
def refused(team: Callable[..., Path]) -> Callable[..., tuple[Problem, ...]]:
    """Load a broken folder and return its problems; each must name a file, a real line, and say something."""

    def problems(**files: str | bytes) -> tuple[Problem, ...]:
        with pytest.raises(PlaybookError) as caught:
            load(team(**files))
        for problem in caught.value.problems:
            assert problem.path.is_file()
            assert 1 <= problem.line <= len(problem.path.read_bytes().splitlines()) + 1
            assert f"{problem.path.name}:{problem.line}: " in str(caught.value)
        return caught.value.problems

    return problems
