"""The shape of the code: what the README promises of it, counted."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("bot", "handlers", "playbooks", "storage")
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for part in PARTS
    for path in sorted((ROOT / part).rglob("*.py"))
    if "migrations" not in path.parts
}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id == "Exception")


def test_errors_are_caught_broadly_in_three_places_only() -> None:
    """Dispatch, one pass over a source, a transport's loop."""
    found = [
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert len(found) <= 3, found


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in TREES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_nine_of_ten_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1 for tree in TREES.values() for node in functions(tree)
    )
    assert lengths[len(lengths) * 9 // 10] <= 30


def test_imports_stand_at_the_top_unless_a_comment_says_why() -> None:
    found = []
    for name, tree in TREES.items():
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for function in functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    near = lines[max(0, node.lineno - 3) : node.lineno]
                    if not any("#" in line for line in near):
                        found.append(f"{name}:{node.lineno}")
    assert found == []


def test_each_platform_library_is_really_used() -> None:
    imported = {
        alias.name.split(".")[0]
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert {"slack_bolt", "telegram", "sqlmodel", "jieba", "snownlp", "apscheduler"} <= imported
