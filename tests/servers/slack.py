"""A Slack that runs on loopback and speaks the real wire: Web API, Socket Mode, signed HTTP deliveries.

Tests drive it as people would (`command`, `mention`, `press`, `submit`, `react`) and get back how the bot
acknowledged. `python -m tests.servers.slack` runs it as a process of its own, for tests that kill the bot.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from typing_extensions import override

from tests.servers.slack_people import Ack, People
from tests.servers.slack_rules import Json, RefusedError

SCOPES = (
    "app_mentions:read,channels:history,channels:manage,channels:read,chat:write,commands,files:read,files:write,"
    "groups:history,groups:read,groups:write,im:history,pins:write,reactions:read"
)
ACK_DEADLINE = 3.0
"""Seconds that Slack waits for an acknowledgement."""

FLAGS = {"inclusive", "include_all_metadata", "reply_broadcast", "unfurl_links", "unfurl_media"}
PEOPLE = ("command", "mention", "direct", "say", "press", "submit", "react", "fail", "disconnect")
"""What POST /_do may call."""


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method."""

    ratelimit: float | None = None
    status: int = 0
    error: str = ""
    drop_answer: bool = False
    delay: float = 0.0
    times: int = 1


class SlackServer(People):
    """The server. Deliveries go over the socket, or signed to `events_url` once that is set.

    A server that `hides_files` sends whoever asks for one to its log-in page.
    `refuse_links` of the next sockets are turned away; a `deaf` server reads nothing from its sockets.
    """

    def __init__(
        self,
        *,
        bot_token: str = "xoxb-test",
        app_token: str = "xapp-test",
        signing_secret: str = "0123456789abcdef0123456789abcdef",
        port: int = 0,
        **workspace: Any,
    ) -> None:
        super().__init__(**workspace)
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.events_url = ""
        self.scopes = SCOPES
        self.ack_deadline = ACK_DEADLINE
        self.port = port
        self.calls: list[tuple[str, Json]] = []
        self.responses: list[Json] = []
        self.faults: dict[str, Fault] = {}
        self.hides_files = False
        self.refuse_links = 0
        self.deaf = False
        self.sockets: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._connected = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files/{file}", self._download)
        app.router.add_post("/response/{id}", self._response_url)
        app.router.add_get("/_state", self._state)
        app.router.add_post("/_do", self._do)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._http = aiohttp.ClientSession()

    async def stop(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        if self._http:
            await self._http.close()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> SlackServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # What goes wrong

    def fail(self, method: str, **fault: Any) -> None:
        """Let the next calls of a method fail; the keywords are the fields of `Fault`."""
        self.faults[method] = Fault(**fault)

    def called(self, method: str) -> list[Json]:
        """The arguments of every call of a method, faulty ones included."""
        return [args for name, args in self.calls if name == method]

    async def connected(self, within: float = 10.0) -> None:
        """Wait until the bot holds a socket."""
        async with asyncio.timeout(within):
            await self._connected.wait()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the bot to connect anew, as Slack does every few hours; `connected` waits for it."""
        self._connected.clear()
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    # Delivery

    @override
    async def deliver(self, kind: str, body: Json, *, retries: int = 0) -> Ack:
        """Hand a body to the bot and wait for its acknowledgement."""
        ack = Ack(ok=False)
        for attempt in range(retries + 1):
            began = time.monotonic()
            ack = await (self._send_http if self.events_url else self._send_socket)(kind, body, attempt)
            ack.seconds, ack.attempts = time.monotonic() - began, attempt + 1
            if ack.ok:
                break
        return ack

    async def _send_socket(self, kind: str, body: Json, attempt: int) -> Ack:
        envelope: Json = {
            "envelope_id": self.new_id("envelope-"),
            "type": kind,
            "payload": body,
            "accepts_response_payload": kind == "slash_commands" or body.get("type") == "view_submission",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        try:
            await self.connected()
            await self.sockets[-1].send_json(envelope)
            async with asyncio.timeout(self.ack_deadline):
                return Ack(ok=True, payload=(await answer).get("payload") or {})
        except (TimeoutError, ConnectionError):
            return Ack(ok=False)
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    async def _send_http(self, kind: str, body: Json, attempt: int) -> Ack:
        if kind == "events_api":
            raw, content_type = json.dumps(body), "application/json"
        else:
            form = body if kind == "slash_commands" else {"payload": json.dumps(body)}
            raw, content_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content_type, **self.sign(raw)}
        if attempt:
            headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": "http_timeout"}
        return await self.send_raw(raw, headers)

    async def send_raw(self, raw: str, headers: dict[str, str]) -> Ack:
        """POST exactly this to the bot, for forged and stale requests."""
        assert self._http is not None
        timeout = aiohttp.ClientTimeout(total=self.ack_deadline)
        try:
            async with self._http.post(
                self.events_url, data=raw.encode(), headers=headers, timeout=timeout
            ) as got:
                text = await got.text()
                said = json.loads(text) if text.startswith("{") else {}
                return Ack(ok=got.status == 200, status=got.status, payload=said)
        except (TimeoutError, aiohttp.ClientError):
            return Ack(ok=False)

    def sign(self, raw: str, *, secret: str = "", at: float | None = None) -> dict[str, str]:
        """Slack's signature headers (docs.slack.dev/authentication/verifying-requests-from-slack)."""
        stamp = str(int(time.time() if at is None else at))
        base = f"v0:{stamp}:{raw}".encode()
        digest = hmac.new((secret or self.signing_secret).encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    # The wire

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        args = await _arguments(request)
        self.calls.append((method, args))
        fault = self._fault(method)
        if fault and fault.ratelimit is not None:
            headers = {"Retry-After": str(int(fault.ratelimit))}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if fault and fault.status:
            return web.Response(status=fault.status, text="<html>error</html>", content_type="text/html")
        answer = (
            {"ok": False, "error": fault.error}
            if fault and fault.error
            else self._work(method, args, request)
        )
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and fault.drop_answer and request.transport:
            request.transport.close()
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes})

    def _fault(self, method: str) -> Fault | None:
        fault = self.faults.get(method)
        if not fault or not fault.times:
            return None
        fault.times -= 1
        return fault

    def _work(self, method: str, args: Json, request: web.Request) -> Json:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ") or args.get("token", "")
        if sent != (self.app_token if method == "apps.connections.open" else self.bot_token):
            return {"ok": False, "error": "invalid_auth" if sent else "not_authed"}
        if method == "apps.connections.open":
            ticket = self.new_id("ticket")
            self._tickets.add(ticket)
            return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}"}
        if method not in self.methods:
            return {"ok": False, "error": "unknown_method"}
        try:
            return {"ok": True, **self.methods[method](args)}
        except RefusedError as refused:
            return refused.answer

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        if not known or self.refuse_links:
            self.refuse_links = max(0, self.refuse_links - 1)
            return web.Response(status=403, text="link used up")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets), "debug_info": {}})
        self._connected.set()
        if self.deaf:
            await asyncio.Event().wait()
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                said = json.loads(frame.data)
                waiting = self._waiting.get(said.get("envelope_id", ""))
                if waiting and not waiting.done():
                    waiting.set_result(said)
        self._lost(socket)
        return socket

    def _lost(self, socket: web.WebSocketResponse) -> None:
        self.sockets.remove(socket)
        if self.sockets:
            return
        self._connected.clear()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError())

    async def _upload(self, request: web.Request) -> web.Response:
        number = request.match_info["file"]
        fault = self._fault("upload")
        if fault:
            return web.Response(status=fault.status, text="no")
        self.contents[number] = await request.read()
        return web.Response(text=f"OK - {len(self.contents[number])}")

    async def _download(self, request: web.Request) -> web.Response:
        """A file's bytes; without the bot's token the way leads to a page to log in at."""
        if self.hides_files or request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            raise web.HTTPFound("/login")
        content = self.contents.get(request.match_info["file"])
        return web.Response(body=content) if content is not None else web.Response(status=404)

    async def _response_url(self, request: web.Request) -> web.Response:
        self.responses.append(await request.json())
        return web.json_response({"ok": True})

    # For tests in another process

    async def _state(self, _: web.Request) -> web.Response:
        state = {
            "posted": [asdict(message) for message in self.posted],
            "whispers": [asdict(message) for message in self.whispers],
            "views": self.views,
            "calls": self.calls,
            "connected": self._connected.is_set(),
        }
        return web.json_response(state)

    async def _do(self, request: web.Request) -> web.Response:
        """`{"do": "command", "text": "claim 1", ...}` does it and answers with the acknowledgement."""
        args = await request.json()
        name = args.pop("do")
        if name not in PEOPLE:
            return web.json_response({"error": f"no {name}; there are {PEOPLE}"}, status=400)
        done = getattr(self, name)(**args)
        result = await done if asyncio.iscoroutine(done) else done
        return web.json_response(asdict(result) if result is not None else {})


async def _arguments(request: web.Request) -> Json:
    args: Json = dict(request.query)
    args |= await request.json() if request.content_type == "application/json" else dict(await request.post())
    for key in FLAGS & args.keys():
        args[key] = args[key] in (True, "true", "True", "1")
    for key in ("blocks", "metadata", "view", "files"):
        if isinstance(args.get(key), str):
            args[key] = json.loads(args[key])
    return args


async def _serve(port: int) -> None:
    async with SlackServer(port=port) as server:
        print(server.api_url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(options.parse_args().port))
