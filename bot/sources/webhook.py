"""Rows that another program pushes: is the sender who he says he is, and what does the body hold?

Both are pure functions; the HTTP route turns SignatureError into 401 and BodyError into 400.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Literal
from zoneinfo import ZoneInfo

from bot.sources.base import Found, Reject
from bot.sources.fields import RowError, to_found
from bot.sources.kinds import SourceSettings
from bot.sources.records import ARRAY, MAX_RECORD, parse_json, pieces

MAX_BODY = 5 * 1024 * 1024
"""Bytes of one body; more is answered 413."""
MAX_ROWS = 20_000
MAX_AGE = 300
"""Seconds a signature is good for, either way, as clocks differ."""

_PUSHED = replace(ARRAY, longest=MAX_RECORD)
_EPOCH = re.compile(r"[0-9]{1,12}")


class WebhookSettings(SourceSettings):
    """Rows that another program sends to `POST /ingest/{name}`, signed with INGEST_SECRET."""

    kind: Literal["webhook"]


class SignatureError(Exception):
    """A push is refused: its signature is missing, stale or wrong."""


class BodyError(Exception):
    """A body is not rows; says why in words, without quoting it."""


def verify(secret: str, timestamp: str | None, signature: str | None, body: bytes, now: datetime) -> None:
    """Check that a body was signed with our secret within the last five minutes.

    Args:
        secret: INGEST_SECRET.
        timestamp: the header X-Fenghuo-Timestamp, epoch seconds.
        signature: the header X-Fenghuo-Signature, `sha256=<hex HMAC of "timestamp.body">`.
        body: the raw bytes.
        now: the time of arrival.

    Raises:
        SignatureError: it was not, or there is no secret to check it with.
    """
    if not secret:
        raise SignatureError("no secret is set, so nothing can be accepted")
    if not timestamp or not signature:
        raise SignatureError("X-Fenghuo-Timestamp or X-Fenghuo-Signature is missing")
    if not _EPOCH.fullmatch(timestamp):
        raise SignatureError("X-Fenghuo-Timestamp is not a number of seconds")
    expected = (
        "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    )
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode(errors="replace")):
        raise SignatureError("the signature is wrong")
    if abs(now.timestamp() - int(timestamp)) > MAX_AGE:
        raise SignatureError("the timestamp is more than five minutes away from now")


def parse_body(
    body: bytes, source: str, *, timezone: ZoneInfo, now: datetime
) -> tuple[list[Found], list[Reject]]:
    """Read a JSON array of rows, one row, or JSON Lines.

    Args:
        body: at most MAX_BODY bytes.
        source: the source's name, given as the file of rejected rows; their offset is the byte in the body.
        timezone: where times without an offset were written.
        now: the time of arrival.

    Raises:
        BodyError: it is none of these, or has too many rows.
    """
    found: list[Found] = []
    rejects: list[Reject] = []
    for number, (offset, row) in enumerate(_rows(body)):
        if number == MAX_ROWS:
            raise BodyError(f"more than {MAX_ROWS} rows: send them in parts")
        try:
            if isinstance(row, RowError):
                raise row
            found.append(to_found(row, timezone=timezone, now=now))
        except RowError as error:
            rejects.append(Reject(file=source, offset=offset, reason=str(error)))
    return found, rejects


def _rows(body: bytes) -> Iterator[tuple[int, object]]:
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        whole, _ = parse_json(body)
    except RowError:
        return _lines(body)
    if isinstance(whole, list):
        starts = [piece.start for piece in pieces(BytesIO(body), 0, _PUSHED)]
        if len(starts) < len(whole):
            raise BodyError(f"a row is longer than {MAX_RECORD} bytes")
        return zip(starts, whole, strict=True)
    if isinstance(whole, dict):
        return iter([(0, whole)])
    raise BodyError("neither an object nor an array of objects")


def _lines(body: bytes) -> Iterator[tuple[int, object]]:
    rows = [(offset, _row(line)) for offset, line in _split(body)]
    if not any(isinstance(row, dict) for _, row in rows):
        raise BodyError("neither JSON nor JSON Lines in UTF-8")
    return iter(rows)


def _row(line: bytes) -> object:
    try:
        return parse_json(line)[0]
    except RowError as error:
        return error


def _split(body: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    for line in body.split(b"\n"):
        if line.strip():
            yield start, line
        start += len(line) + 1
