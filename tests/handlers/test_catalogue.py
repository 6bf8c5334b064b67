"""Every text that the code says is in the Chinese catalogue, and nothing else is.

Texts are found in the source: what `say(...)` is called with, tables declared as `Texts`, and what commands carry. A call
whose text cannot be found this way is a fault by itself, so a new text without a translation always shows here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

import handlers
from handlers.kit.locale import FOLDER, catalogue

ROOT = Path(__file__).parents[2]
FROM_COMMANDS = {"help", "usage", "label"}
"""Fields of a command or parameter; `said_by_commands` brings their texts."""
HAN = "\u4e00-\u9fff"
MARKS = "，。：；！？（）「」、…"


@dataclass
class Found:
    """What one file says."""

    texts: set[str] = field(default_factory=set)
    calls: list[tuple[str, set[str], str]] = field(default_factory=list)
    """Text, names of the values given, and where."""
    faults: list[str] = field(default_factory=list)


def files() -> list[Path]:
    return sorted(path for top in ("handlers", "bot") for path in (ROOT / top).rglob("*.py"))


def tables_of(trees: dict[Path, ast.Module]) -> dict[str, set[str]]:
    """The tables declared as `Texts`, by name."""
    tables: dict[str, set[str]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.annotation, ast.Name)
                and node.annotation.id == "Texts"
                and isinstance(node.target, ast.Name)
                and isinstance(node.value, ast.Dict)
            ):
                values = {each.value for each in node.value.values if isinstance(each, ast.Constant)}
                assert len(values) == len({ast.dump(each) for each in node.value.values}), node.target.id
                tables.setdefault(node.target.id, set()).update(map(str, values))
    return tables


def is_say(call: ast.Call, path: Path) -> bool:
    """Tell a call of a `Locale`: named `say` everywhere, and `self` in the file that defines it."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "say"
    return isinstance(call.func, ast.Name) and (
        call.func.id == "say" or (call.func.id == "self" and path.name == "locale.py")
    )


def table_in(node: ast.expr) -> str:
    """The name of the table that a text is taken from: `TABLE[key]`, `TABLE.get(key, key)`; empty if it is none."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        node = node.func.value
    elif isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def look(tree: ast.Module, path: Path, tables: dict[str, set[str]]) -> Found:
    found = Found()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and is_say(call, path):
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            for text in _options(call.args[0]):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.texts.add(text.value)
                    given = {each.arg for each in call.keywords if each.arg}
                    if all(each.arg for each in call.keywords):
                        found.calls.append((text.value, given, where))
                elif isinstance(text, ast.Attribute) and text.attr in FROM_COMMANDS:
                    continue
                elif table_in(text) not in tables:
                    found.faults.append(f"{where}: say() of a text that cannot be found: {ast.unparse(text)}")
    return found


def _options(node: ast.expr) -> Iterator[ast.expr]:
    """The texts that an expression may be: both arms of `a if b else c`, both tables of `(A if b else B)[key]`."""
    if isinstance(node, ast.IfExp):
        yield from _options(node.body)
        yield from _options(node.orelse)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.IfExp):
        yield from _options(node.value)
    else:
        yield node


def said_by_commands() -> set[str]:
    commands = handlers.load().commands.values()
    # What is not always needed may be asked for all the same, if it has a question.
    labels = {
        param.label
        for each in commands
        for param in each.params
        if param.required or param.label != param.name
    }
    return labels | {each.help for each in commands} | {each.usage for each in commands}


@cache
def said() -> Found:
    """All that the code says."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files()}
    tables = tables_of(trees)
    whole = Found(texts=said_by_commands().union(*tables.values()))
    for path, tree in trees.items():
        found = look(tree, path, tables)
        whole.texts |= found.texts
        whole.calls += found.calls
        whole.faults += found.faults
    return whole


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def chinese() -> list[Message]:
    with (FOLDER / "zh.po").open("rb") as stream:
        return [message for message in read_po(stream, locale="zh") if message.id]


def test_every_text_of_the_code_can_be_found() -> None:
    assert said().faults == []


def test_every_text_of_the_code_has_a_chinese_translation() -> None:
    assert sorted(said().texts - catalogue("zh").keys()) == []


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    assert sorted(catalogue("zh").keys() - said().texts) == []


def test_every_text_is_given_the_values_that_it_names() -> None:
    wrong = [
        f"{where}: {text!r} names {placeholders(text)}, is given {given}"
        for text, given, where in said().calls
        if given and placeholders(text) != given
    ]
    assert wrong == []


def test_translations_name_the_same_values() -> None:
    wrong = [each.id for each in chinese() if placeholders(str(each.id)) != placeholders(str(each.string))]
    assert wrong == []


def test_no_text_stands_in_the_catalogue_twice() -> None:
    lines = (FOLDER / "zh.po").read_text(encoding="utf-8").splitlines()
    ids = [line for line in lines if line.startswith("msgid ")]
    assert sorted({line for line in ids if ids.count(line) > 1}) == []


@pytest.mark.parametrize(
    ("mistake", "pattern"),
    [
        ("a half-width mark beside Chinese", rf"[{HAN}{MARKS}][,;:!?()]|[,;:!?()][{HAN}]"),
        ("a full stop of Latin text after Chinese", rf"[{HAN}]\.(?!\w)"),
        ("Latin quotation marks", r"[“”\"]"),
        ("no space between Chinese and Latin", rf"[{HAN}][A-Za-z0-9#@/]|[A-Za-z0-9][{HAN}]"),
        ("a space beside a full-width mark", r" [，。：；！？、）」]|[，。：；！？、（「] "),
        ("three dots", r"\.\.\."),
    ],
)
def test_chinese_is_set_as_chinese(mistake: str, pattern: str) -> None:
    wrong = [str(each.string) for each in chinese() if re.search(pattern, str(each.string))]
    assert wrong == [], mistake


def test_a_text_that_the_search_cannot_follow_is_a_fault() -> None:
    source = "def f(say, text):\n    say(text)\n    say(f'{text}')\n    say('known')\n    say(TABLE['a'])\n    say(OTHER['a'])\n"
    found = look(ast.parse(source), ROOT / "handlers" / "sample.py", {"TABLE": {"x"}})
    assert [fault.split(" say()")[0] for fault in found.faults] == [
        "handlers/sample.py:2:",
        "handlers/sample.py:3:",
        "handlers/sample.py:6:",
    ]
    assert found.texts == {"known"}
