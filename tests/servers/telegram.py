"""A Bot API server on loopback that speaks Telegram's real wire, for tests and for bots run as a process of their own.

It keeps the rules that bite: an update comes again until a later offset confirms it, only one poller, texts are
parsed and limited as Telegram does, a button press is answered once. Names of errors are the Bot API's own.

    async with TelegramServer(chats=[-1001]) as telegram:
        transport = TelegramTransport(token=telegram.token, api_url=telegram.url)
        await telegram.say("/claim 12", user=1001, chat=-1001)

As a process: `python -m tests.servers.telegram --port 8081 --chat -1001`; it prints its address as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.servers.telegram_chats import TelegramChats, read_json
from tests.servers.telegram_people import ApiError, Message, Params, User

__all__ = ["ApiError", "Message", "TelegramServer", "User"]

POLLED_TWICE = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
HOOKED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True)
class Call:
    """A request as it came in. `at` is the loop's clock, in seconds."""

    method: str
    params: Params
    at: float


@dataclass(slots=True)
class Fault:
    """What happens to the next calls of a method instead of, or after, the work."""

    method: str
    times: int
    error: ApiError | None = None
    drop_answer: bool = False
    delay: float = 0.0
    """Seconds between the work and its answer."""


class TelegramServer(TelegramChats):
    """The server.

    Args:
        token: the only token that is accepted.
        chats: groups that the bot is a member of; private chats exist once the person has written.
        forums: groups of which the bot is a member and which have topics.
        username: the bot's, without the @.
        privacy: privacy mode: in groups the bot hears commands and replies to it only.
        port: 0 picks one.
    """

    def __init__(
        self,
        *,
        token: str = "4242:test-token",
        chats: Iterable[int] = (),
        forums: Iterable[int] = (),
        username: str = "FenghuoBot",
        privacy: bool = True,
        port: int = 0,
    ) -> None:
        bot = User(int(token.split(":")[0]), "Fenghuo", username, is_bot=True)
        super().__init__(bot, chats, forums, privacy=privacy)
        self.token = token
        self.calls: list[Call] = []
        self.answers: dict[str, Params] = {}
        """Answered button presses: callback query id -> what was said."""
        self.commands: list[Params] = []
        self.webhook: Params = {}
        self.last_error = ""
        self._faults: list[Fault] = []
        self._poller: object = None
        self._port = port
        self._runner: web.AppRunner | None = None
        self._pusher: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The server's address, without `/bot`."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{folder}/{file}", self._download)
        add_controls(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._pusher = asyncio.create_task(self._push())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._poller = None
        self._news.set()
        if self._pusher:
            self._pusher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pusher
        if self._runner:
            await self._runner.cleanup()

    def fail(
        self,
        method: str,
        *,
        times: int = 1,
        retry_after: int = 0,
        status: int = 0,
        drop_answer: bool = False,
        delay: float = 0.0,
        error: tuple[int, str] | None = None,
    ) -> None:
        """Let the next calls of a method fail; `drop_answer` does the work and closes the connection, `delay` only tarries."""
        refusal = ApiError(*error) if error else None
        if retry_after:
            refusal = ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
        if status:
            refusal = ApiError(status, "Internal Server Error")
        self._faults.append(Fault(method.lower(), times, refusal, drop_answer, delay))

    def named(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method.lower()]

    async def until(self, condition: Callable[[], object], *, within: float = 5.0) -> None:
        """Wait until something holds. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110 - it watches plain values, which set no event
                await asyncio.sleep(0.01)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refused(ApiError(401, "Unauthorized"))
        method = request.match_info["method"].lower()
        params = await _params(request)
        self.calls.append(Call(method, params, asyncio.get_running_loop().time()))
        work = self._methods().get(method)
        if not work:
            return _refused(ApiError(404, "Not Found: method not found"))
        fault = self._fault(method)
        if fault and fault.error:
            return _refused(fault.error)
        try:
            result = await work(params)
        except ApiError as err:
            return _refused(err)
        if fault:
            await asyncio.sleep(fault.delay)
        if fault and fault.drop_answer and request.transport:
            request.transport.close()
        return web.json_response({"ok": True, "result": result})

    async def _download(self, request: web.Request) -> web.Response:
        number = request.match_info["file"]
        content = self.files.get(number)
        if content is None or number in self.lost or request.match_info["token"] != self.token:
            return _refused(ApiError(404, "Not Found"))
        return web.Response(body=content)

    def _methods(self) -> dict[str, Callable[[Params], Awaitable[Any]]]:
        return {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "setmycommands": self._set_my_commands,
            "sendmessage": self.send_message,
            "sendphoto": self.send_photo,
            "senddocument": self.send_document,
            "editmessagetext": self.edit_message_text,
            "answercallbackquery": self._answer_callback_query,
            "deletemessage": self._delete_message,
            "pinchatmessage": self._pin_chat_message,
            "getchat": self._get_chat,
            "getfile": self.get_file,
            "createforumtopic": self._create_forum_topic,
            "closeforumtopic": self._close_forum_topic,
        }

    async def _get_me(self, _: Params) -> Params:
        abilities = {"can_join_groups": True, "can_read_all_group_messages": not self.privacy}
        return self.me.wire() | abilities | {"supports_inline_queries": False}

    async def _get_updates(self, params: Params) -> list[Params]:
        if self.webhook:
            raise ApiError(409, HOOKED)
        self._poller = poller = object()
        self._news.set()
        self._allowed = read_json(params, "allowed_updates") or self._allowed
        self._updates = [u for u in self._updates if u["update_id"] >= int(params.get("offset") or 0)]
        until = time.monotonic() + min(float(params.get("timeout") or 0), 50)
        while not self._updates and time.monotonic() < until and self._poller is poller:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), until - time.monotonic())
        if self._poller is not poller:
            raise ApiError(409, POLLED_TWICE)
        return self._updates[: int(params.get("limit") or 100)]

    async def _set_webhook(self, params: Params) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", params.get("secret_token", "")):
            raise ApiError(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = params if params.get("url") else {}
        self._allowed = read_json(params, "allowed_updates") or self._allowed
        self._poller = None
        self._news.set()
        return True

    async def _delete_webhook(self, _: Params) -> bool:
        self.webhook = {}
        return True

    async def _get_webhook_info(self, _: Params) -> Params:
        info = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": self.pending,
        }
        return info | ({"last_error_message": self.last_error} if self.last_error else {})

    async def _set_my_commands(self, params: Params) -> bool:
        commands = read_json(params, "commands") or []
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        self.commands = commands
        return True

    async def _answer_callback_query(self, params: Params) -> bool:
        query = str(params.get("callback_query_id", ""))
        if query not in self.queries:
            raise ApiError(400, TOO_OLD)
        if len(params.get("text", "")) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.queries.discard(query)
        self.answers[query] = params
        return True

    async def _delete_message(self, params: Params) -> bool:
        self._own(params, "delete").deleted = True
        return True

    async def _pin_chat_message(self, params: Params) -> bool:
        message = self._own(params, "pin")
        self.chats[message.chat].pinned.append(message.id)
        return True

    async def _create_forum_topic(self, params: Params) -> Params:
        chat = self._chat(params)
        if not chat.forum:
            raise ApiError(400, "Bad Request: the chat is not a forum")
        if not chat.manages_topics:
            raise ApiError(400, "Bad Request: not enough rights to create a topic")
        name = str(params.get("name", ""))
        if not 1 <= len(name) <= 128:
            raise ApiError(
                400, "Bad Request: TOPIC_TITLE_EMPTY" if not name else "Bad Request: TOPIC_TITLE_TOO_LONG"
            )
        topic = self.add_topic(chat.id)
        chat.named[topic] = name
        return {"message_thread_id": topic, "name": name, "icon_color": 7322096}

    async def _close_forum_topic(self, params: Params) -> bool:
        chat, topic = self._chat(params), int(params.get("message_thread_id") or 0)
        if topic not in chat.topics:
            raise ApiError(400, "Bad Request: TOPIC_ID_INVALID")
        if topic in chat.closed:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        chat.closed.add(topic)
        return True

    async def _get_chat(self, params: Params) -> Params:
        return self._chat(params).wire() | {"accent_color_id": 0, "max_reaction_count": 11}

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method == method and fault.times:
                fault.times -= 1
                return fault
        return None

    async def _push(self) -> None:
        """Bring updates to the webhook, one after another, until each is taken."""
        async with aiohttp.ClientSession() as session:
            while True:
                if not self.webhook or not self._updates:
                    await asyncio.sleep(0.02)
                    continue
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
                self.last_error = await self._deliver(session, headers)
                await asyncio.sleep(0.2 if self.last_error else 0)

    async def _deliver(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> str:
        update = self._updates[0]
        try:
            async with session.post(self.webhook["url"], json=update, headers=headers) as response:
                if response.status // 100 != 2:
                    return f"Wrong response from the webhook: {response.status} {response.reason}"
        except aiohttp.ClientError as err:
            return f"Connection failed: {err}"
        self._updates.remove(update)
        return ""


def add_controls(app: web.Application, server: TelegramServer) -> None:
    """Routes for tests that run in another process: /_state, /_say, /_press and /_fail, all JSON."""

    async def state(_: web.Request) -> web.Response:
        messages = [asdict(message) for message in server.messages]
        calls = [asdict(call) for call in server.calls]
        facts = {"answers": server.answers, "pending": server.pending, "commands": server.commands}
        return web.json_response({"messages": messages, "calls": calls} | facts)

    async def say(request: web.Request) -> web.Response:
        return web.json_response({"message_id": (await server.say(**await request.json())).id})

    async def press(request: web.Request) -> web.Response:
        return web.json_response({"callback_query_id": await server.press(**await request.json())})

    async def fail(request: web.Request) -> web.Response:
        server.fail(**await request.json())
        return web.json_response({})

    app.router.add_get("/_state", state)
    for path, work in (("/_say", say), ("/_press", press), ("/_fail", fail)):
        app.router.add_post(path, work)


async def _params(request: web.Request) -> Params:
    if request.content_type == "application/json":
        return dict(request.query) | dict(await request.json())
    params: Params = dict(request.query)
    for name, value in (await request.post()).items():
        params[name] = value.file.read() if isinstance(value, web.FileField) else value
    return params


def _refused(err: ApiError) -> web.Response:
    answer: Params = {"ok": False, "error_code": err.code, "description": err.description}
    headers = {}
    if err.parameters:
        answer["parameters"] = err.parameters
    if "retry_after" in err.parameters:
        headers["Retry-After"] = str(err.parameters["retry_after"])
    return web.json_response(answer, status=err.code, headers=headers)


async def _main(options: argparse.Namespace) -> None:
    async with TelegramServer(
        token=options.token,
        chats=options.chat,
        forums=options.forum,
        privacy=not options.hears_all,
        port=options.port,
    ) as server:
        sys.stdout.write(json.dumps({"url": server.url, "token": server.token}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="4242:test-token")
    parser.add_argument("--chat", type=int, action="append", default=[])
    parser.add_argument("--forum", type=int, action="append", default=[])
    parser.add_argument("--hears-all", action="store_true", help="privacy mode off")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))
