"""What Slack refuses: the limits a message, a view or a piece of text must keep, checked by slack_sdk's own models."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = dict[str, Any]

MAX_BLOCKS = 50
MAX_MODAL_BLOCKS = 100
MAX_SHOWN = 13_200
MAX_EDIT_TEXT = 4_000
MAX_TEXT = 40_000
TYPED_PERSON = re.compile(r"(<@[UW][A-Z0-9]+>)")
RICH_PARTS = {"text", "link", "user", "emoji", "channel", "usergroup", "broadcast", "date", "color"}
RICH_GROUPS = {"rich_text_section", "rich_text_quote", "rich_text_preformatted", "rich_text_list"}


class RefusedError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, error: str, *messages: str) -> None:
        super().__init__(error)
        self.error = error
        self.messages = list(messages)

    @property
    def answer(self) -> Json:
        body: Json = {"ok": False, "error": self.error}
        if self.messages:
            body["errors"] = self.messages
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return body


def check_blocks(blocks: list[Json]) -> None:
    """Raises RefusedError for a list of blocks that Slack would not take."""
    if len(blocks) > MAX_BLOCKS:
        raise RefusedError(
            "invalid_blocks", f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"
        )
    _check_each(blocks, "invalid_blocks")
    if shown_size(blocks) > MAX_SHOWN:
        raise RefusedError("msg_blocks_too_long")


def check_view(view: Json) -> None:
    """Raises RefusedError for a modal that Slack would not open."""
    blocks = view.get("blocks") or []
    if view.get("type") != "modal" or not view.get("title"):
        raise RefusedError("invalid_arguments", "missing required field: title [json-pointer:/view]")
    if not 0 < len(blocks) <= MAX_MODAL_BLOCKS:
        raise RefusedError("invalid_arguments", "between 1 and 100 blocks [json-pointer:/view/blocks]")
    if any(block["type"] == "input" for block in blocks) and not view.get("submit"):
        raise RefusedError("invalid_arguments", "missing required field: submit [json-pointer:/view]")
    _check_each(blocks, "invalid_arguments")
    try:
        View(**view).to_dict()
    except SlackObjectFormationError as wrong:
        raise RefusedError("invalid_arguments", str(wrong)) from wrong


def check_text(args: Json, limit: int) -> None:
    """Raises RefusedError for a message without words or with too many."""
    if not args.get("text") and not args.get("blocks"):
        raise RefusedError("no_text")
    if len(args.get("text", "").encode()) > limit:
        raise RefusedError("msg_too_long")


def as_typed(text: str) -> str:
    """The form in which Slack hands on what a person typed: `&<>` escaped, picked people as `<@U..>`."""
    parts = TYPED_PERSON.split(text)
    return "".join(p if TYPED_PERSON.fullmatch(p) else html.escape(p, quote=False) for p in parts)


def shown_size(blocks: list[Json]) -> int:
    """Characters of all shown text, as Slack stores it (escaped)."""
    return sum(len(html.escape(text, quote=False)) for text in strings(blocks, ("text", "url")))


def strings(node: object, keys: tuple[str, ...] = ("text",)) -> Iterator[str]:
    """Every string under one of `keys`, in reading order."""
    if isinstance(node, list):
        for item in node:
            yield from strings(item, keys)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                if key in keys:
                    yield value
            else:
                yield from strings(value, keys)


def as_read(blocks: list[Json]) -> str:
    """A message as a reader sees it, a line for each block, quote and button."""
    lines = []
    for block in blocks:
        groups = block["elements"] if block["type"] == "rich_text" else [block]
        for group in groups:
            joint = "" if block["type"] == "rich_text" else "\n"
            lines.append(joint.join(strings(group)))
    return "\n".join(lines)


def buttons(blocks: list[Json]) -> list[Json]:
    """Every button of a message."""
    return [e for b in blocks if b["type"] == "actions" for e in b["elements"] if e["type"] == "button"]


def _check_each(blocks: list[Json], error: str) -> None:
    names = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(names) != len(set(names)):
        raise RefusedError(error, "block_id must be unique [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        where = f"[json-pointer:/blocks/{number}]"
        try:
            parsed = Block.parse(block)
            if parsed is None:
                raise RefusedError(error, f"unsupported type: {block.get('type')} {where}")
            parsed.to_dict()
        except SlackObjectFormationError as wrong:
            raise RefusedError(error, f"{wrong} {where}") from wrong
        _check_ids(block, error, where)
        _check_rich_text(block, error, where)


def _check_ids(block: Json, error: str, where: str) -> None:
    ids = [element.get("action_id") for element in block.get("elements", []) if "action_id" in element]
    if len(ids) != len(set(ids)):
        raise RefusedError(error, f"action_id must be unique {where}")


def _check_rich_text(block: Json, error: str, where: str) -> None:
    if block["type"] != "rich_text":
        return
    for group in block["elements"]:
        if group["type"] not in RICH_GROUPS:
            raise RefusedError(error, f"unsupported type: {group['type']} {where}")
        for part in group["elements"]:
            if part["type"] not in RICH_PARTS | RICH_GROUPS:
                raise RefusedError(error, f"unsupported type: {part['type']} {where}")
            if part["type"] == "text" and not 0 < len(part["text"]) <= 3000:
                raise RefusedError(error, f"must be between 1 and 3000 characters {where}")
