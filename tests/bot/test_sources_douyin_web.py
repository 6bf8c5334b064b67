"""Douyin's webhook as it meets the whole bot: `POST /ingest/{name}`, signed in Douyin's way and not in ours."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from bot.transports.base import Transport
from storage.models import Mention
from tests.bot.site import TEAM, Site, home, lonely, site
from tests.bot.test_sources_douyin import reply
from tests.servers.douyin import OPEN_ID, event

__all__ = ["home", "lonely"]
SECRET = "sentinel-client-secret"
OWN = "  - {name: own, kind: douyin, client_key: k, refresh_token_env: '', client_secret_env: OUR_SECRET}\n"


async def send(up: Site, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await up.http.post("/ingest/own", content=body, headers=headers)


async def texts(up: Site) -> list[str]:
    async with up.app.database.read() as session:
        return list(await session.scalars(select(Mention.text)))


@pytest.fixture(autouse=True)
def with_our_account(home: None) -> None:
    Path("fenghuo.yaml").write_text(TEAM + OWN, encoding="utf-8")


async def test_events_of_douyin_are_let_in_by_its_signature_and_stored_once(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    # Not even INGEST_SECRET is needed: Douyin does not know it.
    async with site(monkeypatch, lonely, OUR_SECRET=SECRET) as up:
        challenge = await send(up, *event("verify_webhook", {"challenge": 4711}, SECRET))
        assert (challenge.status_code, challenge.json()) == (200, {"challenge": 4711})
        for _ in range(3):
            answer = await send(up, *event("item_comment_reply", reply(1), SECRET, as_text=True))
            assert answer.status_code == 200
        assert await texts(up) == ["蛋糕发霉了"]
        assert (await send(up, *event("item_comment_reply", reply(2), "wrong"))).status_code == 401
        assert (await send(up, *event("unauthorize", {}, SECRET, from_user_id=OPEN_ID))).status_code == 200
        body, _ = event("x", {}, SECRET)
        assert (await send(up, body, {})).status_code == 401
        assert len(await texts(up)) == 1
        assert SECRET in up.app.config.secrets
        # The port is open to the outside now, so the board is not.
        assert (await up.http.get("/")).status_code == 401


async def test_a_body_that_is_no_event_is_refused(
    monkeypatch: pytest.MonkeyPatch, lonely: dict[str, Transport]
) -> None:
    async with site(monkeypatch, lonely, OUR_SECRET=SECRET) as up:
        signature = hashlib.sha1(SECRET.encode() + b"[]").hexdigest()
        answer = await send(up, b"[]", {"X-Douyin-Signature": signature})
        assert answer.status_code == 400
