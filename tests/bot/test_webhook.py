"""Signed pushes: who may send, and what a body may hold."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.base import Found, Reject
from bot.sources.webhook import MAX_ROWS, BodyError, SignatureError, parse_body, verify

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'[{"text":"x"}]'


def sign(body: bytes = BODY, stamp: str = STAMP, secret: str = "s3cret") -> str:
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def parse(body: bytes) -> tuple[list[Found], list[Reject]]:
    return parse_body(body, "push", timezone=ZoneInfo("Asia/Shanghai"), now=NOW)


@pytest.mark.parametrize("ahead", [-299, 0, 299])
def test_a_signed_body_is_accepted_within_five_minutes_either_way(ahead: int) -> None:
    verify("s3cret", STAMP, sign(), BODY, NOW + timedelta(seconds=ahead))
    verify("s3cret", STAMP, sign().upper().replace("SHA", "sha"), BODY, NOW)


@pytest.mark.parametrize("ahead", [-301, 301, 10**6])
def test_a_stale_signature_is_refused(ahead: int) -> None:
    with pytest.raises(SignatureError, match="five minutes"):
        verify("s3cret", STAMP, sign(), BODY, NOW + timedelta(seconds=ahead))


@pytest.mark.parametrize(
    ("stamp", "signature", "body"),
    [
        (STAMP, sign(secret="other"), BODY),
        (STAMP, sign(), BODY + b" "),
        (str(int(STAMP) + 1), sign(), BODY),
        (STAMP, sign().removeprefix("sha256="), BODY),
        (STAMP, "sha256=", BODY),
        (STAMP, "签名\udcff", BODY),
    ],
)
def test_a_wrong_signature_is_refused(stamp: str, signature: str, body: bytes) -> None:
    with pytest.raises(SignatureError, match="wrong"):
        verify("s3cret", stamp, signature, body, NOW)


@pytest.mark.parametrize(("stamp", "signature"), [(None, sign()), (STAMP, None), ("", sign()), (STAMP, "")])
def test_a_missing_header_is_refused(stamp: str | None, signature: str | None) -> None:
    with pytest.raises(SignatureError, match="missing"):
        verify("s3cret", stamp, signature, BODY, NOW)


@pytest.mark.parametrize("stamp", ["soon", "１７", "-5", "1e9", "9" * 5000, " 1"])
def test_a_timestamp_that_is_no_number_is_refused(stamp: str) -> None:
    with pytest.raises(SignatureError, match="number"):
        verify("s3cret", stamp, sign(stamp=stamp), BODY, NOW)


def test_without_a_secret_nothing_is_accepted() -> None:
    with pytest.raises(SignatureError, match="no secret"):
        verify("", STAMP, sign(secret=""), BODY, NOW)


@pytest.mark.parametrize(
    "body",
    [
        '[{"text":"甲"},{"text":"乙"}]',
        '{"text":"甲"}\n{"text":"乙"}',
        '{"text":"甲"}\r\n\r\n{"text":"乙"}\r\n',
        '\ufeff[ {"text":"甲"},\n {"text":"乙"} ]\n',
        '[{"text":"甲","likes":NaN},{"text":"乙"}]',
    ],
)
def test_arrays_and_lines_are_read(body: str) -> None:
    found, rejects = parse(body.encode())
    assert [one.text for one in found] == ["甲", "乙"]
    assert rejects == []


def test_one_object_is_one_row() -> None:
    found, rejects = parse('{"text":"甲"}'.encode())
    assert [one.text for one in found] == ["甲"]
    assert rejects == []


def test_an_empty_array_holds_nothing_and_is_right() -> None:
    assert parse(b"[]") == ([], [])


def test_bad_rows_of_an_array_are_named_by_their_place() -> None:
    body = '[{"text":"甲"}, 5, {"text":""}, [], "]{", {"text":"乙"}]'.encode()
    found, rejects = parse(body)
    assert [one.text for one in found] == ["甲", "乙"]
    assert [reject.offset for reject in rejects] == [
        body.index(part) for part in (b"5", b'{"text":""}', b"[]", b'"]{"')
    ]
    assert {reject.file for reject in rejects} == {"push"}


def test_bad_lines_are_named_by_their_place() -> None:
    body = '{"text":"甲"}\nnot json\n{"likes":1}\n{"text":"乙"}'.encode()
    found, rejects = parse(body)
    assert [one.text for one in found] == ["甲", "乙"]
    assert [reject.offset for reject in rejects] == [body.index(b"not"), body.index(b'{"likes')]


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \n", b"hello", b"5", b"null", b'"text"', b'[{"text":"x"}', b"[" * 5000, b'{"a":' * 5000, b"\xff\xfe\x00",
        b"text=x&y=1", b"1\n2\n3",
    ],
)  # fmt: skip
def test_a_body_that_is_no_rows_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError):
        parse(body)


def test_deep_nesting_inside_a_row_is_harmless() -> None:
    found, _ = parse(b'[{"text":"x","extra":' + b"[" * 500 + b"]" * 500 + b"}]")
    assert len(found) == 1


def test_too_many_rows_are_refused_as_a_whole() -> None:
    with pytest.raises(BodyError, match="in parts"):
        parse(b"[" + b",".join([b'{"text":"x"}'] * (MAX_ROWS + 1)) + b"]")


def test_a_row_of_more_than_a_megabyte_is_refused_with_its_body() -> None:
    with pytest.raises(BodyError, match="longer"):
        parse(b'[{"text":"' + b"x" * 2_000_000 + b'"},{"text":"y"}]')


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["text", "id", "url", "]"]) | st.text(), inner)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    body=st.binary()
    | _json.map(orjson.dumps)
    | st.lists(_json).map(lambda rows: b"\n".join(map(orjson.dumps, rows)))
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        found, rejects = parse(body)
    except BodyError:
        return
    whole = _loads(body)
    if isinstance(whole, list):
        assert len(found) + len(rejects) == len(whole)
    assert all(0 <= reject.offset < len(body) for reject in rejects)


def _loads(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
