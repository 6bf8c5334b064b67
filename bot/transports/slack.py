"""Talks to Slack: receives over Socket Mode or signed HTTP, posts through the Web API.

What arrives is stored before Slack hears that it did: Bolt would acknowledge an event before its listener ran,
so listeners run first here (`process_before_response`), and one that fails leaves the event unacknowledged.
The client never repeats a call by itself: a repeated post would stand twice. A post carries its outbox id as
message metadata instead, so that whoever is unsure can look.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from bot.transports.base import Intake, Letter, Pace, TransportError
from bot.transports.slack_calls import RefusedError, call
from bot.transports.slack_events import (
    NAME,
    Body,
    is_direct,
    quoted,
    read_command,
    read_direct,
    read_mention,
    read_nothing,
    read_pin,
    read_press,
    read_submission,
    thread_of,
)
from bot.transports.slack_files import SlackFiles, holds, share
from bot.transports.slack_render import form_errors, modal, render
from bot.transports.slack_rooms import SlackRooms
from handlers.kit.cards import Form
from handlers.kit.messages import Place, Pressed, Quoted, Typed

__all__ = ["SCOPES", "SLACK_API", "SlackTransport", "render"]

SLACK_API = "https://slack.com/api/"

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "pins:write",
    "reactions:read",
)
"""Bot scopes that the calls below need; `slack_manifest.yaml` asks for exactly these."""

CALL_LIMIT = 10
CONNECT_LIMIT = 15.0
CLOSE_LIMIT = 3.0
WATCH_EVERY = 20.0

LOOKUP_LIMIT = 1.5
"""Seconds that a marked message is looked up before its mark is stored; Slack waits 3 for the acknowledgement."""

PAGE = 200
MAX_PAGES = 10
OUTBOX_EVENT = "fenghuo_outbox"

REMEMBERED_TRIGGERS = 1000
"""Triggers live three seconds, so this is far more than can be open at once."""

_ANY = re.compile(".*", re.DOTALL)
_log = logging.getLogger(__name__)

Read = Callable[[Body, str], Typed | Pressed | None]
Listener = Callable[[AsyncAck, dict[str, Any], AsyncBoltContext], Awaitable[None]]


class SlackTransport(SlackRooms, SlackFiles):
    """Slack. With an app token it opens a socket; else Slack calls `http_handler`, signed.

    Args:
        api_url: the Web API's address; ends in `/api/`.
        watch_every: seconds between looks at the socket; found down twice, it is opened anew.
    """

    name = NAME
    pace = Pace(gap=1.0, whisper_gap=0.6, edit_gap=1.2)
    """docs.slack.dev/apis/web-api/rate-limits: a message a second in a channel; chat.postEphemeral about 100 a minute;
    chat.update some 50 a minute in the whole workspace."""
    native_forms = True
    looks_back = True
    discreet = True

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str = "",
        signing_secret: str = "",
        api_url: str = SLACK_API,
        watch_every: float = WATCH_EVERY,
    ) -> None:
        if not app_token and not signing_secret:
            raise ValueError("Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)")
        self._bot_token = bot_token
        self._app_token = app_token
        self._client = AsyncWebClient(bot_token, base_url=api_url, timeout=CALL_LIMIT, retry_handlers=[])
        self._app = self._build(api_url, signing_secret)
        self._socket: AsyncSocketModeHandler | None = None
        self._watch_every = watch_every
        self._watching: asyncio.Task[None] | None = None
        self._me: AuthorizeResult | None = None
        self._intake: Intake | None = None
        self._asked_at: dict[str, Place] = {}

    def _build(self, api_url: str, signing_secret: str) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            # Bolt's own check calls Slack on the first event, and acknowledges the event if that fails.
            if not self._me:
                raise TransportError("the bot does not know itself yet; Slack will send this again")
            return self._me

        app = AsyncApp(
            # Its own client carries no token, so that Bolt does not warn about two sources of one.
            client=AsyncWebClient(base_url=api_url, timeout=CALL_LIMIT, retry_handlers=[]),
            authorize=authorize,
            signing_secret=signing_secret,
            process_before_response=True,
            attaching_conversation_kwargs_enabled=False,
        )
        app.command(_ANY)(self._hears(read_command))
        app.action(_ANY)(self._hears(read_press))
        app.view(_ANY)(self._on_submission)
        app.event("app_mention")(self._hears(read_mention))
        app.event("message")(self._hears(read_direct))
        app.event("reaction_added")(self._hears(read_pin))
        app.event(_ANY)(self._hears(read_nothing))
        return app

    async def start(self, intake: Intake) -> None:
        """Learn who the bot is and, with an app token, open the socket. Raises TransportError."""
        me = await call(self._client.auth_test(), "SLACK_BOT_TOKEN")
        self._me = AuthorizeResult(
            enterprise_id=me.get("enterprise_id"),
            team_id=me.get("team_id"),
            bot_user_id=me.get("user_id"),
            bot_id=me.get("bot_id"),
            bot_token=self._bot_token,
        )
        self._intake = intake
        if self._app_token:
            await self._connect()
            self._watching = asyncio.create_task(self._watch(), name="slack socket")

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The watch over the socket."""
        return [self._watching] if self._watching else []

    async def stop(self) -> None:
        """Close the socket, within a few seconds even if Slack does not answer."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self._disconnect()
        self._intake = None

    async def check(self) -> list[str]:
        """Try the tokens; returns what is wrong, in words (empty: all well)."""
        problems = []
        try:
            me = await call(self._client.auth_test(), "SLACK_BOT_TOKEN")
            granted = set(str(me.headers.get("x-oauth-scopes", "")).replace(" ", "").split(","))
            if missing := [scope for scope in SCOPES if granted != {""} and scope not in granted]:
                problems.append(f"SLACK_BOT_TOKEN lacks scopes: {', '.join(missing)}; add them and reinstall")
        except TransportError as wrong:
            problems.append(wrong.message)
        if self._app_token:
            try:
                await self._link()
            except TransportError as wrong:
                problems.append(wrong.message)
        return problems

    async def http_handler(self, request: Request) -> Response:
        """Answer POST /slack/events: 401 without a fresh, true signature, 500 if nothing could be stored."""
        if self._app_token:
            return Response("this bot listens on a socket", status_code=404)
        try:
            bolt = to_async_bolt_request(request, await request.body())
        except ValueError:
            return Response("neither JSON nor a form", status_code=400)
        if not bolt.body and bolt.raw_body:
            # Bolt drops a form in which the word "payload" stands anywhere but as a key, say in a command's text.
            bolt.body = dict(parse_qsl(bolt.raw_body, keep_blank_values=True))
        return to_starlette_response(await self._app.async_dispatch(bolt))

    async def post(self, letter: Letter) -> str:
        """Post a new message; returns its ts."""
        sent = await call(
            self._client.chat_postMessage(
                channel=letter.channel,
                thread_ts=letter.thread or None,
                reply_broadcast=(letter.broadcast and bool(letter.thread)) or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": OUTBOX_EVENT, "event_payload": {"id": letter.outbox_id}},
                **render(letter.card, letter.names),
            )
        )
        return str(sent["ts"])

    async def show(self, letter: Letter) -> str:
        """Share a picture or file; Slack does not say as which message."""
        await share(self._client, letter)
        return ""

    async def find(self, letter: Letter) -> str | None:
        """Look among the latest messages of the channel, or all of the thread, for this outbox id."""
        async for message in self._recent(letter.channel, letter.thread):
            about = message.get("metadata") or {}
            sign = about.get("event_payload", {}).get("id") if about.get("event_type") == OUTBOX_EVENT else ""
            if sign == letter.outbox_id or holds(message, letter):
                return str(message["ts"])
        return None

    async def edit(self, letter: Letter, message: str) -> None:
        """Replace a message in place, without mentioning anybody again."""
        card = render(letter.card, {})
        await call(self._client.chat_update(channel=letter.channel, ts=message, **card))

    async def whisper(self, letter: Letter) -> str:
        """Show a card to one person only: in a channel until they reload, in a direct message for good."""
        if is_direct(letter.channel):
            return await self.post(letter)
        sent = await call(
            self._client.chat_postEphemeral(
                channel=letter.channel,
                user=letter.to,
                thread_ts=letter.thread or None,
                **render(letter.card, {}),
            )
        )
        return str(sent["message_ts"])

    async def open_form(self, trigger: str, form: Form) -> None:
        """Open a modal, within three seconds of the press that asked for it."""
        place = self._asked_at.pop(trigger, Place(transport=NAME, channel=""))
        await call(self._client.views_open(trigger_id=trigger, view=modal(form, place)))

    async def answer(self, pressed: Pressed, text: str) -> bool:  # noqa: ARG002
        """Slack shows nothing on a press itself."""
        return False

    async def fetch(self, place: Place, message: str) -> Quoted | None:
        """Read a message, be it a reply in a thread or not; None if it is gone."""
        found = await self._read(place.channel, message)
        return quoted(found) if found else None

    async def _connect(self) -> None:
        link = await self._link()
        socket = AsyncSocketModeHandler(self._app, self._app_token, web_client=self._client)
        socket.client.wss_uri = link
        self._socket = socket
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                await socket.connect_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            await self._disconnect()
            raise TransportError(f"Slack's socket did not open within {CONNECT_LIMIT:.0f} s") from None

    async def _link(self) -> str:
        opening = self._client.apps_connections_open(app_token=self._app_token)
        return str((await call(opening, "SLACK_APP_TOKEN"))["url"])

    async def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if not socket:
            return
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await socket.close_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            _log.warning("Slack did not answer the closing of its socket; leaving it")
            client = socket.client
            for task in (client.message_processor, client.current_session_monitor, client.message_receiver):
                if task:
                    task.cancel()
            await client.aiohttp_client_session.close()

    async def _watch(self) -> None:
        """Open a new socket when the old one stays down; slack_sdk retries a failed link for ever, but links work once."""
        misses = 0
        while True:
            await asyncio.sleep(self._watch_every)
            misses = 0 if self._socket and await self._socket.client.is_connected() else misses + 1
            if misses < 2:
                continue
            try:
                await self._disconnect()
                await self._connect()
                _log.info("Slack's socket was down and is open again")
            except (TransportError, OSError) as failed:
                _log.warning("Slack's socket is down: %s", failed)

    def _hears(self, read: Read) -> Listener:
        async def listener(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            event = read(body, context.bot_user_id or "")
            if event:
                self._remember(event)
                await self._store_in().receive(await self._completed(event))
            await ack()

        return listener

    async def _on_submission(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        sent = read_submission(body, context.bot_user_id or "")
        self._remember(sent)
        problems = await self._store_in().submit(sent)
        if problems:
            await ack(response_action="errors", errors=form_errors(problems, body["view"]))
        else:
            await ack()

    def _store_in(self) -> Intake:
        if not self._intake:
            raise TransportError("the bot is starting or stopping; Slack will send this again")
        return self._intake

    def _remember(self, event: Typed | Pressed) -> None:
        """Keep where a trigger came from, for the form that it may open."""
        if event.trigger:
            self._asked_at[event.trigger] = event.at
        while len(self._asked_at) > REMEMBERED_TRIGGERS:
            del self._asked_at[next(iter(self._asked_at))]

    async def _completed(self, event: Typed | Pressed) -> Typed | Pressed:
        """Add to a mark what Slack leaves out: the marked message and its thread, which names the incident."""
        if not isinstance(event, Typed) or not event.quoted:
            return event
        try:
            async with asyncio.timeout(LOOKUP_LIMIT):
                found = await self._read(event.at.channel, event.quoted.message)
        except (TransportError, TimeoutError):
            _log.warning("the message that was marked in %s could not be read yet", event.at.channel)
            return event
        if not found:
            return event
        at = replace(event.at, thread=thread_of(found))
        return replace(event, at=at, quoted=quoted(found))

    async def _read(self, channel: str, message: str) -> Mapping[str, Any] | None:
        # Unlike conversations.history this finds replies too; a top-level message is a thread of one.
        try:
            page = await call(
                self._client.conversations_replies(
                    channel=channel, ts=message, oldest=message, latest=message, inclusive=True, limit=PAGE
                )
            )
        except RefusedError as refused:
            if refused.error in {"thread_not_found", "message_not_found"}:
                return None
            raise
        return next((found for found in page["messages"] if found["ts"] == message), None)

    async def _recent(self, channel: str, thread: str) -> AsyncIterator[Mapping[str, Any]]:
        """The latest messages of a channel, newest first; of a thread all, oldest first, as Slack pages them."""
        cursor: str | None = None
        for _ in range(MAX_PAGES if thread else 1):
            if thread:
                request = self._client.conversations_replies(
                    channel=channel, ts=thread, cursor=cursor, limit=PAGE, include_all_metadata=True
                )
            else:
                request = self._client.conversations_history(
                    channel=channel, limit=PAGE, include_all_metadata=True
                )
            page = await call(request)
            for message in page["messages"]:
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
