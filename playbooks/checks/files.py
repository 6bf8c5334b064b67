"""Checks over files: a text, or a folder of captions that wait to be posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from playbooks.checks import CHECKS, Finding, Severity, check
from playbooks.checks.text import Text

SUFFIXES = frozenset({".txt", ".md", ".markdown", ".text", ".caption"})
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: what was found in it, or why it cannot be read."""

    path: Path
    text: Text
    findings: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def is_blocked(self) -> bool:
        """Tell whether one of the findings is a block."""
        return any(each.severity is Severity.BLOCK for each in self.findings)

    def json(self) -> Mapping[str, object]:
        """One object a file; lines and columns count from 1."""
        rows = []
        for each in self.findings:
            line, column = self.text.line_and_column(each.start)
            rows.append(
                {
                    "code": each.code,
                    "severity": str(each.severity),
                    "line": line,
                    "column": column,
                    "start": each.start,
                    "end": each.end,
                    "quote": each.quote,
                    "reason": each.reason,
                    "mend": each.mend,
                }
            )
        return {"file": str(self.path), "findings": rows, **({"error": self.problem} if self.problem else {})}

    def lines(self, language: str = "zh") -> Iterator[str]:
        """A line for each finding, as a compiler would write it. `language`: `zh`, or `en` to have the check named in English."""
        if self.problem:
            yield f"{self.path}: {self.problem}"
        for each in self.findings:
            line, column = self.text.line_and_column(each.start)
            quote = " ".join(each.quote.split())
            name = each.code if language == "zh" else f"{each.code} {CHECKS[each.code].title(language)}"
            yield f"{self.path}:{line}:{column}: {each.severity} {name} 「{quote}」 {each.reason}；{each.mend}"


def texts_in(path: Path) -> list[Path]:
    """The file itself, or every text in a folder and below it."""
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())


def check_file(path: Path, *, platform: str, brands: Sequence[str], today: date) -> Checked:
    """Check one file, in UTF-8 or, as Windows writes Chinese, in GB 18030. Raises PlatformError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return Checked(path, Text(""), problem=f"larger than {MAX_BYTES // 1024 // 1024} MB; split it")
        raw = path.read_bytes()
    except OSError as error:
        return Checked(path, Text(""), problem=error.strerror or str(error))
    text = _decoded(raw)
    if text is None:
        return Checked(path, Text(""), problem="not a text in UTF-8 or GB 18030; save it as UTF-8")
    return Checked(path, Text(text), check(text, platform=platform, brands=brands, today=today))


def _decoded(raw: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text.replace("\r\n", "\n")
    return None
