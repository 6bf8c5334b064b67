r"""Playbooks as Markdown checklists, and back.

    # 标题 / English title
    - **owner_role**: quality                a key and its text; the English stands behind " / "
    - **aliases**: `食安` `food`              words
    ## 步骤 (steps)                           a key whose value is long; only the word in brackets counts
    - [ ] 存证 / Keep the evidence            an item of a list; its box means nothing
      - **role**: scribe                     further keys of the item
    > a remark, which is not read

`\` before a character means the character itself, and `<br>` a new line. What is read is held against the same schema as
YAML, so refusals name the line in the Markdown file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playbooks.checking import nearest
from playbooks.reading import Loc, PlaybookError, Problem, Sheet, read_text

TITLES: Mapping[str, str] = {
    "out_of_scope": "不在此列",
    "signals": "信号",
    "triage": "先问清",
    "levels": "定级",
    "roles": "角色",
    "evidence": "先存证",
    "steps": "步骤",
    "statement": "对外说法",
    "legal_clocks": "法定时限（提醒，非法律意见）",
    "do": "要做",
    "dont": "不要做",
    "close": "结束条件",
    "recovery": "恢复",
    "sources": "依据",
}
"""What has a heading of its own, and what it is called there."""
FIRST = {"steps": "do", "triage": "ask", "out_of_scope": "case", "legal_clocks": "rule", "otherwise": "case"}
"""Lists whose items have keys: the one that stands behind the dash."""
WORDS = {"aliases", "any", "common", "severe", "regex"}
BOXED = {"steps", "evidence", "close", "recovery"}
BETWEEN = " / "
REMARK = "> 可以改，改完用 fenghuo playbook import 带回。加粗的键名不要改。 / Edit it, and bring it back with the command above."

Data = Mapping[str, Any]


def written(data: Data) -> str:
    """A playbook's plain data (see `writing.bare`) as Markdown."""
    short = {key: value for key, value in data.items() if key not in TITLES and not key.startswith("title")}
    lines = [f"# {_pair(data, 'title')}", "", REMARK, "", *_fields(short, 0)]
    for key, title in TITLES.items():
        if key in data:
            lines += ["", f"## {title} ({key})", "", *_body(key, data[key], 0)]
    return "\n".join(lines) + "\n"


def _body(key: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _fields(value, depth)
        return
    dash = "  " * depth + ("- [ ] " if key in BOXED else "- ")
    for item in value:
        if not isinstance(item, Mapping):
            yield dash + _escaped(item)
        elif key in FIRST:
            yield dash + _pair(item, FIRST[key])
            rest = {name: each for name, each in item.items() if name not in (FIRST[key], f"{FIRST[key]}_en")}
            yield from _fields(rest, depth + 1)
        else:
            yield dash + BETWEEN.join(_escaped(part) for pair in item.items() for part in pair)


def _fields(data: Data, depth: int) -> Iterator[str]:
    for key, value in data.items():
        head = "  " * depth + f"- **{key}**:"
        if key.endswith("_en") and key.removesuffix("_en") in data:
            continue
        if key in WORDS:
            yield " ".join([head, *(f"`{_escaped(word)}`" for word in value)])
        elif isinstance(value, (Mapping, list)):
            yield head
            yield from _body(key, value, depth + 1)
        else:
            yield f"{head} {_pair(data, key)}"


def _pair(data: Data, key: str) -> str:
    return BETWEEN.join(_escaped(data[name]) for name in (key, f"{key}_en") if name in data)


def _escaped(text: object) -> str:
    marked = re.sub(r"[\\`*<]|(?<= )/|^\[", r"\\\g<0>", str(text))
    return marked.replace("\n", "<br>")


def _meant(text: str) -> str:
    return re.sub(r"<br>|\\(.)", lambda match: match[1] or "\n", text.strip())


@dataclass(slots=True)
class _Node:
    """A line that begins with a dash or a heading, and what is indented below it."""

    text: str
    line: int
    depth: int = -1
    below: list[_Node] = field(default_factory=list)

    @property
    def keyed(self) -> re.Match[str] | None:
        """Its key and text, if it has a key."""
        return re.match(r"\*\*(\w+)\*\*[:：](.*)$", self.text)


def read_markdown(path: Path) -> Sheet:
    """Read a playbook that `written` made and somebody may have edited. Raises PlaybookError."""
    return _Reader(path).sheet(read_text(path))


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Loc, int] = {(): 1}

    def sheet(self, text: str) -> Sheet:
        top, sections = self.outline(text)
        title = _Node(f"**title**:{top.text}", top.line)
        data = self.fields([title, *top.below], ())
        for section in sections:
            key = match[1] if (match := re.search(r"\((\w+)\)\s*$", section.text)) else section.text.strip()
            if key not in TITLES:
                raise self.refusal(section.line, f'unknown key "{key}"', nearest(key, list(TITLES)))
            self.note((key,), section.line, data)
            data[key] = self.value(key, section.below, (key,))
        return Sheet(self.path, data, self.lines)

    def outline(self, text: str) -> tuple[_Node, list[_Node]]:
        """The title with what follows it, and the sections."""
        heads: list[_Node] = []
        stack: list[_Node] = []
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.rstrip()
            if not line or line.startswith(">"):
                continue
            if match := re.match(r"(##?) (.+)$", line):
                if (match[1] == "#") is not (not heads):
                    raise self.refusal(number, "the title, # ..., stands first and once", "use ## below it")
                heads.append(_Node(match[2], number))
                stack = [heads[-1]]
            elif not heads:
                raise self.refusal(number, "the title is missing", 'begin with "# 标题 / English title"')
            else:
                self.hang(stack, line, number)
        if not heads:
            raise self.refusal(1, "the file is empty", 'begin with "# 标题 / English title"')
        return heads[0], heads[1:]

    def hang(self, stack: list[_Node], line: str, number: int) -> None:
        """Put a line with a dash under the one it belongs to."""
        match = re.match(r"(\s*)[-*] (?:\[[ xX]?\] )?(.+)$", line)
        if not match:
            hint = 'begin it with "- ", or with "> " if it is a remark'
            raise self.refusal(number, "this line is neither a heading nor an item", hint)
        node = _Node(match[2], number, len(match[1].expandtabs(4)))
        while stack[-1].depth >= node.depth:
            stack.pop()
        stack[-1].below.append(node)
        stack.append(node)

    def value(self, key: str, nodes: list[_Node], loc: Loc) -> object:
        if nodes and all(node.keyed for node in nodes):
            return self.fields(nodes, loc)
        return [self.item(key, node, (*loc, index)) for index, node in enumerate(nodes)]

    def fields(self, nodes: list[_Node], loc: Loc) -> dict[str, object]:
        data: dict[str, object] = {}
        for node in nodes:
            match = node.keyed
            if not match:
                raise self.refusal(node.line, "an item stands where a key must", 'write "- **key**: text"')
            key, text = match[1], match[2].strip()
            self.note((*loc, key), node.line, data)
            if node.below:
                data[key] = self.value(key, node.below, (*loc, key))
            elif key in WORDS:
                data[key] = self.words(text, node.line, (*loc, key))
            else:
                self.pair(data, key, text, loc, node.line)
        return data

    def item(self, key: str, node: _Node, loc: Loc) -> object:
        self.lines[loc] = node.line
        if key in FIRST:
            data: dict[str, object] = {}
            self.pair(data, FIRST[key], node.text, loc, node.line)
            return data | self.fields(node.below, loc)
        if node.below:
            raise self.refusal(node.below[0].line, "nothing can stand below this item", "move it to the left")
        zh, between, en = node.text.partition(BETWEEN)
        return {_meant(zh): _meant(en)} if between else _meant(zh)

    def pair(self, data: dict[str, object], key: str, text: str, loc: Loc, line: int) -> None:
        parts = text.split(BETWEEN, 1)
        for name, part in zip((key, f"{key}_en"), parts, strict=False):
            self.lines[(*loc, name)] = line
            data[name] = _meant(part)

    def words(self, text: str, line: int, loc: Loc) -> list[str]:
        found = re.findall(r"`((?:[^`\\]|\\.)*)`", text)
        self.lines |= {(*loc, index): line for index in range(len(found))}
        if not found:
            raise self.refusal(line, "there are no words here", "write each between `backticks`")
        return [_meant(word) for word in found]

    def note(self, loc: Loc, line: int, data: Mapping[str, object]) -> None:
        if loc[-1] in data:
            raise self.refusal(line, f'"{loc[-1]}" stands twice, first on line {self.lines[loc]}', "keep one")
        self.lines[loc] = line

    def refusal(self, line: int, message: str, hint: str) -> PlaybookError:
        return PlaybookError([Problem(self.path, line, message, hint)])
