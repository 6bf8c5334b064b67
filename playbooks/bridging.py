"""Bridges: how one entry of a timeline looks to another program, and how it is signed. One file per kind in `bridges/`.

A team's own folder may hold more, or others of the same name, in `bridges/` as well.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from playbooks.checking import Strict, parse
from playbooks.reading import PlaybookError, Problem, read_sheet

BUNDLED = Path(__file__).parent / "bridges"
PLACEHOLDER = re.compile(r"\{(\w+)\}")

Texts = Mapping[str, str]


class Signature(Strict):
    """How a message proves where it is from: an HMAC-SHA256 over `message` with `key`, put where the receiver looks for it."""

    key: str
    message: str
    encoding: Literal["hex", "base64"]
    headers: Texts = Field(default_factory=dict)
    query: Texts = Field(default_factory=dict)
    body: Texts = Field(default_factory=dict)

    def of(self, values: Texts) -> str:
        """The signature."""
        key, message = filled(self.key, values).encode(), filled(self.message, values).encode()
        digest = hmac.new(key, message, hashlib.sha256).digest()
        return digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()


class Bridge(Strict):
    """One kind of receiver.

    `longest`: bytes of `{message}`, which is the only thing that is ever cut. `replace`: what would be live there, and what stands
    instead. `success`: what an answer must hold. `busy`: codes after which trying again later helps.
    """

    body: Mapping[str, Any]
    sign: Signature | None = None
    longest: Annotated[int, Field(ge=100)] = 100_000
    replace: Texts = Field(default_factory=dict)
    success: Texts = Field(default_factory=dict)
    busy: tuple[str, ...] = ()

    def request(self, values: Texts, secret: str, at: float) -> Request:
        """What is sent.

        Args:
            values: what the placeholders stand for.
            secret: signs it; without one nothing is signed.
            at: epoch seconds.
        """
        safe = {name: self._safe(text) for name, text in values.items()}
        safe["message"] = shortened(safe.get("message", ""), self.longest)
        times = {"timestamp": str(int(at)), "milliseconds": str(int(at * 1000)), "secret": secret}
        body = filled_all(self.body, safe)
        if self.sign is None or not secret:
            return Request(body=written(body))
        known = {**times, "body": written(body).decode()}
        known["sign"] = self.sign.of(known)
        body |= filled_all(self.sign.body, known)
        return Request(
            body=written(body),
            headers=filled_all(self.sign.headers, known),
            query=urlencode(filled_all(self.sign.query, known)),
        )

    def _safe(self, text: str) -> str:
        for live, harmless in self.replace.items():
            text = text.replace(live, harmless)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A body, and what goes with it. `query` is to be added to the address."""

    body: bytes
    headers: Texts = field(default_factory=dict)
    query: str = ""


def load(own: Path | None = None) -> dict[str, Bridge]:
    """All bridges by name; a team's own go before the bundled ones. Raises PlaybookError with every problem."""
    folders = [BUNDLED, *([own / "bridges"] if own else [])]
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    found: dict[str, Bridge] = {}
    problems: list[Problem] = []
    for name, path in files.items():
        try:
            found[name] = parse(read_sheet(path), Bridge)
        except PlaybookError as error:
            problems += error.problems
    if problems:
        raise PlaybookError(problems)
    return found


def filled(template: str, values: Texts) -> str:
    """A text with its placeholders filled; what is filled in is never read as a template."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def filled_all(template: Mapping[str, Any], values: Texts) -> dict[str, Any]:
    """The same for a tree of texts."""
    return {name: _filled(part, values) for name, part in template.items()}


def _filled(part: Any, values: Texts) -> Any:
    if isinstance(part, Mapping):
        return filled_all(part, values)
    if isinstance(part, list):
        return [_filled(each, values) for each in part]
    return filled(str(part), values)


def written(body: Mapping[str, Any]) -> bytes:
    """A body as it goes over the wire, and as it is signed."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def shortened(text: str, longest: int) -> str:
    """A text of so many bytes at most; no letter is torn."""
    raw = text.encode()
    return text if len(raw) <= longest else raw[: longest - len("…".encode())].decode(errors="ignore") + "…"
