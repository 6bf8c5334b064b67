"""The Douyin Open Platform's HTTP interface: tokens that renew themselves, calls, and what its error codes mean.

What it answers is documented at developer.open-douyin.com; the codes and the ages of tokens are as of November 2026.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson
from typing_extensions import override

from bot.sources.base import SourceError
from bot.sources.fetching import fetch

WAIT = 10.0
"""Seconds for one answer: meanwhile no other source is read."""
LARGEST = 4 * 1024 * 1024
EARLY = 3600
"""Seconds before its end that an access token (15 days) is refreshed."""
EARLY_RENEWAL = 3 * 24 * 3600
"""Seconds before its end that a refresh token (30 days) is renewed, which it may be five times."""
LATER, MUCH_LATER = timedelta(minutes=1), timedelta(minutes=30)

EXPIRED = frozenset({10008, 2190008, 28001008})
INVALID = frozenset({2190002, 28001003})
BAD_PARAMETER = frozenset({2100005, 28001007})
NO_RIGHT = frozenset({2190004, 28001018, 28001012})
_AGAIN = "have the account's owner authorise the app again and set the new refresh token"
_PERMANENT = {
    10004: "the app may not renew refresh tokens: apply for that in the console",
    10010: f"the refresh token has expired: {_AGAIN}",
    10020: f"the refresh token was renewed five times, which is all: {_AGAIN}",
    2190002: f"the token is not valid: {_AGAIN}",
    28001003: f"the token is not valid: {_AGAIN}",
    2190004: "the app lacks the ability: apply for item.comment in the console",
    28001018: "the app lacks the ability: apply for item.comment in the console",
    28001012: f"the account's owner did not grant the scope: {_AGAIN}",
    28001015: f"the token belongs to another account: {_AGAIN}",
    28001056: "this interface was retired by Douyin: Fenghuo needs a newer version",
}
_PASSING = {
    2100004: ("Douyin is busy", LATER),
    28001005: ("Douyin is busy", LATER),
    28001052: ("Douyin's risk control asks to slow down", MUCH_LATER),
    28003017: ("the quota of the app is used up", MUCH_LATER),
}


class CodeError(SourceError):
    """Douyin refused a call."""

    def __init__(self, code: int, said: str) -> None:
        words, wait = _PASSING.get(code, (_PERMANENT.get(code, "Douyin refuses"), MUCH_LATER))
        is_known = code in _PASSING or code in _PERMANENT
        super().__init__(
            f"{words} (code {code}{f', {said[:120]}' if said and not is_known else ''})",
            permanent=code in _PERMANENT,
            wait=wait if is_known else LATER,
        )
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a source keeps outside the database: tokens, and the public numbers of videos.

    Args:
        seed: tells which refresh token of the settings these come from; another one there starts anew.
        expires: and `refresh_expires`: epoch seconds; 0 if that is not known.
        revoked: the owner has withdrawn consent.
        numbers: a video's id in this interface -> its public number, which everybody else uses.
    """

    seed: str = ""
    open_id: str = ""
    access_token: str = field(default="", repr=False)
    expires: float = 0
    refresh_token: str = field(default="", repr=False)
    refresh_expires: float = 0
    revoked: bool = False
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vault:
    """The file in which a source keeps its keys; nobody else may read it."""

    path: Path

    def load(self) -> Keys:
        """The keys; none if there is no such file."""
        try:
            return Keys(**orjson.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return Keys()
        except (OSError, ValueError, TypeError) as error:
            raise SourceError(
                f"{self.path} cannot be read: {error}; delete it to start anew", permanent=True
            ) from None

    def save(self, keys: Keys) -> None:
        """Keep the keys, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
            file.write(orjson.dumps({name: getattr(keys, name) for name in Keys.__slots__}))
        new.replace(self.path)

    def change(self, **values: Any) -> Keys:
        """Keep some values, the others as they are."""
        keys = replace(self.load(), **values)
        self.save(keys)
        return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Calls on behalf of one account."""

    url: str
    client_key: str
    refresh_token: str = field(repr=False)
    vault: Vault

    def get(self, path: str, now: datetime, **query: Any) -> dict[str, Any]:
        """Call; returns `data`. Raises SourceError."""
        return self._called(path, now, query, None)

    def post(self, path: str, now: datetime, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call with a JSON body; returns `data`. Raises SourceError."""
        return self._called(path, now, {}, orjson.dumps(body))

    def _called(
        self, path: str, now: datetime, query: Mapping[str, Any], body: bytes | None
    ) -> dict[str, Any]:
        keys = self.keys(now)
        try:
            return self._call(path, keys, query, body)
        except CodeError as error:
            if error.code not in EXPIRED | INVALID:
                raise
        return self._call(path, self._refreshed(keys, now), query, body)

    def _call(self, path: str, keys: Keys, query: Mapping[str, Any], body: bytes | None) -> dict[str, Any]:
        # Ids of videos are opaque and hold =, @ and /, so every value is escaped on its own.
        address = f"{self.url}{path}?{urlencode({'open_id': keys.open_id, **query})}"
        headers = {"access-token": keys.access_token, "content-type": "application/json"}
        return _answer(address, body, headers)

    def keys(self, now: datetime) -> Keys:
        """Keys that are good for a while yet. Raises SourceError."""
        keys = self.vault.load()
        seed = hashlib.sha256(self.refresh_token.encode()).hexdigest()[:16]
        if keys.seed != seed:
            keys = Keys(seed=seed, refresh_token=self.refresh_token, numbers=keys.numbers)
        if keys.revoked:
            raise SourceError(
                f"the account's owner has withdrawn consent: {_AGAIN}", permanent=True, wait=MUCH_LATER
            )
        if 0 < keys.refresh_expires < now.timestamp() + EARLY_RENEWAL:
            keys = self._renewed(keys, now)
        if keys.access_token and now.timestamp() + EARLY < keys.expires:
            return keys
        return self._refreshed(keys, now)

    def _refreshed(self, keys: Keys, now: datetime) -> Keys:
        said = self._token("/oauth/refresh_token/", keys, grant_type="refresh_token")
        made = replace(
            keys,
            open_id=str(said.get("open_id") or keys.open_id),
            access_token=str(said.get("access_token") or ""),
            expires=now.timestamp() + number(said.get("expires_in")),
            refresh_token=str(said.get("refresh_token") or keys.refresh_token),
            refresh_expires=now.timestamp() + number(said["refresh_expires_in"])
            if said.get("refresh_expires_in")
            else keys.refresh_expires,
        )
        self.vault.save(made)
        return made

    def _renewed(self, keys: Keys, now: datetime) -> Keys:
        try:
            said = self._token("/oauth/renew_refresh_token/", keys)
        except CodeError as error:
            if error.code == 10010:
                raise
            made = replace(keys, refresh_expires=0)  # it may be used to its end
            self.vault.save(made)
            return made
        expires = now.timestamp() + number(said.get("expires_in"))
        made = replace(keys, refresh_token=str(said.get("refresh_token") or ""), refresh_expires=expires)
        self.vault.save(made)
        return made

    def _token(self, path: str, keys: Keys, **more: str) -> dict[str, Any]:
        form = {"client_key": self.client_key, "refresh_token": keys.refresh_token, **more}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return _answer(self.url + path, urlencode(form).encode(), headers)


class _Straight(HTTPRedirectHandler):
    """Follows nobody elsewhere: the token would go along."""

    @override
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_Straight)


def number(value: object) -> int:
    """A number that may stand there as a text; 0 if it is none."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def _answer(address: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
    request = Request(address, data=body, headers=headers)  # noqa: S310 - http(s) is checked in the settings
    try:
        raw, _ = fetch(request, seconds=WAIT, largest=LARGEST, opener=_opener)
    except HTTPError as error:
        with error:
            asked = error.headers.get("Retry-After", "") if error.headers else ""
        wait = timedelta(seconds=min(int(asked), 3600)) if asked.isdecimal() else LATER
        raise SourceError(f"Douyin answers {error.code} {error.reason}", wait=wait) from None
    except OSError as error:
        raise SourceError(f"Douyin cannot be reached: {error}", wait=LATER) from None
    return _data(raw)


def _data(raw: bytes) -> dict[str, Any]:
    """What an answer holds. Its code may stand in either part, and may be a text."""
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        said = None
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, dict):
        raise SourceError("Douyin's answer is not what it should be", wait=LATER)
    extra = said.get("extra")
    for part in (data, extra if isinstance(extra, dict) else {}):
        if code := number(part.get("error_code")):
            raise CodeError(code, str(part.get("description") or ""))
    return data
