"""Telegram through python-telegram-bot: long polling or a webhook in, the Bot API out.

The polling loop is our own: PTB's Updater confirms an update before anybody has stored it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from telegram import (
    Bot,
    BotCommand,
    ForceReply,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
    Update,
)
from telegram.constants import BotCommandLimit, CallbackQueryLimit, ParseMode, ReplyLimit
from telegram.error import BadRequest, Conflict, EndPointNotFound, InvalidToken, TelegramError
from telegram.request import HTTPXRequest
from typing_extensions import override

from bot.charts import draw
from bot.transports.base import Intake, Letter, Pace, TransportError
from bot.transports.telegram_errors import explain
from bot.transports.telegram_files import read
from bot.transports.telegram_render import render
from bot.transports.telegram_rooms import TelegramRooms
from bot.transports.telegram_updates import NAME, TOPIC, read_update
from bot.transports.text import plain, shorten
from handlers.kit.cards import Card, Form
from handlers.kit.messages import Place, Pressed, Quoted, Typed

__all__ = ["TelegramTransport", "render"]

_log = logging.getLogger(__name__)

# They log addresses, and Telegram's hold the token; below WARNING, PTB logs them too, and what people wrote.
for _library in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_library).setLevel(logging.WARNING)

_API_URL = "https://api.telegram.org"
_HEARD = [Update.MESSAGE, Update.CALLBACK_QUERY]
_POLL = 25
"""Seconds a poll waits for news; Telegram allows 50, and proxies cut idle connections earlier."""
_ANSWER = 15
"""Seconds to wait for any other answer."""
_LONGEST_PAUSE = 30.0
_ALERT = 60
"""Characters beyond which the answer to a press is shown as a box, since the strip at the top cuts it."""
_PEOPLE = 2000
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What `secret_token` may hold (core.telegram.org/bots/api#setwebhook)."""


class TelegramTransport(TelegramRooms):
    """One bot on Telegram.

    A thread is `topic:ID` for a forum topic, or the id of the message that replies go to.

    Args:
        token: from @BotFather.
        api_url: of a local Bot API server, without `/bot`; empty for Telegram's own.
        webhook_url: the public address of `POST /telegram/webhook`; empty to poll.
        webhook_secret: comes back in the header `X-Telegram-Bot-Api-Secret-Token`.
        commands: verbs and what they do, for the menu.
        patience: seconds to wait after a first failed poll; doubled up to half a minute.
    """

    name = NAME
    pace = Pace(gap=1.0, per_minute=20)
    """core.telegram.org/bots/faq: one message a second in a chat, 20 a minute in a group."""
    native_forms = False
    looks_back = False
    discreet = False

    def __init__(
        self,
        *,
        token: str,
        api_url: str = "",
        webhook_url: str = "",
        webhook_secret: str = "",
        commands: Sequence[tuple[str, str]] = (),
        patience: float = 1.0,
    ) -> None:
        self._token = token
        self._local = bool(api_url)
        self._webhook_url = webhook_url
        self._secret = webhook_secret
        self._patience = patience
        self._menu = [
            BotCommand(verb.replace("-", "_"), shorten(about, BotCommandLimit.MAX_DESCRIPTION))
            for verb, about in commands
            if about and re.fullmatch(r"[a-z0-9_-]{1,32}", verb)
        ][: BotCommandLimit.MAX_COMMAND_NUMBER]
        self._verbs = {verb.replace("-", "_"): verb for verb, _ in commands if "-" in verb} | {
            "start": "help"
        }
        self._bot = Bot(
            token,
            base_url=f"{(api_url or _API_URL).rstrip('/')}/bot",
            base_file_url=f"{(api_url or _API_URL).rstrip('/')}/file/bot",
            request=HTTPXRequest(connection_pool_size=16, read_timeout=_ANSWER, pool_timeout=_ANSWER),
        )
        self._intake: Intake | None = None
        self._polling: asyncio.Task[None] | None = None
        self._offset = 0
        self._name = ""
        self._people: dict[str, str] = {}

    async def start(self, intake: Intake) -> None:
        """Sign in, set the menu, and poll or ask for the webhook. Raises TransportError."""
        problems = self._wrong_settings()
        if problems:
            raise TransportError("; ".join(problems), permanent=True)
        try:
            async with self._told():
                await self._bot.initialize()
                self._name = self._bot.username
                await self._set_menu()
                self._intake = intake
                await self._listen()
        except TransportError:
            await self.stop()
            raise

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The polling, unless Telegram calls the webhook."""
        return [self._polling] if self._polling else []

    async def stop(self) -> None:
        """Stop receiving and close connections; what is not stored yet comes again."""
        self._intake = None
        if self._polling:
            self._polling.cancel()
            with suppress(asyncio.CancelledError):
                await self._polling
            self._polling = None
        await self._bot.shutdown()

    async def check(self) -> list[str]:
        """Try the settings against Telegram; returns what is wrong, in words."""
        problems = self._wrong_settings()
        try:
            async with self._told():
                await (self._bot.get_me() if self._intake else self._bot.initialize())
        except TransportError as err:
            problems.append(f"Telegram: {err.message}")
        if not self._intake:
            await self._bot.shutdown()
        return problems

    async def post(self, letter: Letter) -> str:
        """Post a message, as a reply or in a topic if it belongs to one; returns its id. Raises TransportError."""
        card = letter.card
        text, rows = render(
            card, letter.names, call=self._called(letter), repeat=letter.repeat, prompt=letter.prompt
        )
        markup: ForceReply | InlineKeyboardMarkup | None = InlineKeyboardMarkup(rows) if rows else None
        if letter.prompt:
            hint = shorten(plain(card.title), ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER) or None
            markup = ForceReply(selective=True, input_field_placeholder=hint)
        async with self._told():
            message = await self._bot.send_message(
                letter.channel,
                text,
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=markup,
                **_under(letter.thread),
            )
        return str(message.message_id)

    async def show(self, letter: Letter) -> str:
        """Post a picture or file; returns its id. Raises TransportError."""
        caption, _ = render(Card(title=letter.card.title), {}, repeat=letter.repeat)
        how: dict[str, Any] = {"caption": caption, "parse_mode": ParseMode.HTML, **_under(letter.thread)}
        if letter.card.documents:
            name, text = letter.card.documents[0].name, letter.card.documents[0].text
            sending = self._bot.send_document(letter.channel, text.encode(), filename=name, **how)
        else:
            png = await asyncio.to_thread(draw, letter.card.images[0])
            sending = self._bot.send_photo(letter.channel, png, **how)
        async with self._told():
            message = await sending
        return str(message.message_id)

    async def find(self, letter: Letter) -> str | None:  # noqa: ARG002 - the contract's
        """Always None: Telegram shows a bot no history."""
        return None

    async def edit(self, letter: Letter, message: str) -> None:
        """Replace a message and its buttons; nobody is called again. Raises TransportError."""
        text, rows = render(replace(letter.card, notify=()), {})
        async with self._told("message is not modified"):
            await self._bot.edit_message_text(
                text,
                letter.channel,
                int(message),
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=InlineKeyboardMarkup(rows) if rows else None,
            )

    async def whisper(self, letter: Letter) -> str:
        """Tell one person: in a group openly, by name, since nothing there is private. Raises TransportError."""
        return await self.post(letter)

    async def open_form(self, trigger: str, form: Form) -> None:  # noqa: ARG002 - the contract's
        """Telegram has no forms. Raises TransportError."""
        raise TransportError("Telegram has no forms: ask one question after another", permanent=True)

    async def answer(self, pressed: Pressed, text: str) -> bool:
        """Stop the button's spinner and show `text`, if it fits and the press is not too old for it.

        Returns:
            False if the person did not get to read the text, so that it must be said in another way.
        """
        if not pressed.reply:
            return not text
        shown = text if len(text) <= CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH else ""
        answered = False
        async with self._told("query is too old"):
            answered = await self._bot.answer_callback_query(
                pressed.reply, text=shown or None, show_alert=len(shown) > _ALERT
            )
        return shown == text and (answered or not text)

    async def fetch(self, place: Place, message: str) -> Quoted | None:  # noqa: ARG002 - the contract's
        """Always None: a bot cannot read a message that it was not sent."""
        return None

    async def read_file(self, file: str, limit: int) -> bytes:
        """All bytes of a file. Raises TransportError."""
        async with self._told():
            return await read(self._bot, file, limit)

    async def receive_webhook(self, body: bytes, secret: str) -> int:
        """Take one delivery of the webhook.

        Args:
            body: the request's.
            secret: the header `X-Telegram-Bot-Api-Secret-Token`, or "" without one.

        Returns:
            The status to answer: 200 once it is stored, 403 for a wrong or missing secret, 400 for what is no
            update, 503 when it could not be stored, so that Telegram brings it again.
        """
        if not self._secret or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            _log.warning("telegram: a webhook request with a wrong or missing secret was refused")
            return 403
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        if not isinstance(data, dict) or not isinstance(data.get("update_id"), int):
            return 400
        return 200 if await self._store(data) else 503

    def _wrong_settings(self) -> list[str]:
        problems = []
        if self._webhook_url and not _SECRET.fullmatch(self._secret):
            problems.append(
                "TELEGRAM_WEBHOOK_SECRET: a webhook needs one of 1 to 256 letters, digits, _ and -"
            )
        if self._webhook_url and not self._local and not self._webhook_url.startswith("https://"):
            problems.append("TELEGRAM_WEBHOOK_URL: Telegram delivers to https:// addresses only")
        return problems

    async def _set_menu(self) -> None:
        """The menu is a convenience: without it commands work all the same."""
        if not self._menu:
            return
        try:
            await self._bot.set_my_commands(self._menu)
        except TelegramError as err:
            _log.warning("telegram: the command menu could not be set: %s", explain(err, self._token).message)

    async def _listen(self) -> None:
        if self._webhook_url:
            await self._bot.set_webhook(self._webhook_url, allowed_updates=_HEARD, secret_token=self._secret)
            return
        await self._bot.delete_webhook()
        self._polling = asyncio.create_task(self._poll(), name="telegram polling")

    async def _poll(self) -> None:
        pause = self._patience
        while True:
            trouble = await self._round()
            if not trouble:
                pause = self._patience
                continue
            wait = max(pause, trouble.retry_after or 0)
            _log.warning("telegram: %s; trying again in %g s", trouble.message, wait)
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _round(self) -> TransportError | None:
        """Fetch what is new and store it one by one; returns what went wrong."""
        try:
            updates = await self._news()
        except Conflict as err:
            return TransportError(
                f"another program polls with this bot's token, or a webhook was set ({err})"
            )
        except TelegramError as err:
            return explain(err, self._token)
        for data in updates:
            if not await self._store(data):
                return TransportError(f"update {data['update_id']} could not be stored and will come again")
            self._offset = data["update_id"] + 1
        return None

    async def _news(self) -> list[dict[str, Any]]:
        """The updates from the offset on; asking for them confirms all before it.

        Raw, as one that PTB cannot read would make `Bot.get_updates` fail for all, and for ever. Names of methods
        are case-insensitive, and PTB warns about the spelling for which it has a method of its own.
        """
        asked = {"offset": self._offset, "timeout": _POLL, "allowed_updates": _HEARD}
        found: list[dict[str, Any]] = await self._bot.do_api_request(
            "getupdates", api_kwargs=asked, read_timeout=_POLL + _ANSWER
        )
        return found

    async def _store(self, data: dict[str, Any]) -> bool:
        """Hand one update in; False if it could not be stored."""
        if not self._intake:
            return False
        event = self._read(data)
        if not event:
            return True
        self._remember(event.by.user, event.by.name)
        try:
            await self._intake.receive(event)
        except Exception:  # noqa: BLE001 - whatever storing throws, the update must come again and the loop live on
            _log.exception("telegram: update %s could not be stored", data["update_id"])
            return False
        return True

    def _read(self, data: dict[str, Any]) -> Typed | Pressed | None:
        try:
            update = Update.de_json(data, self._bot)
            return read_update(update, self._bot.bot, self._verbs)
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            # Its words may hold what somebody wrote, so the kind of error must do.
            _log.error(
                "telegram: update %s cannot be read (%s) and is left out",
                data["update_id"],
                type(err).__name__,
            )
            return None

    def _remember(self, user: str, name: str) -> None:
        """Keep the last people's names, to name them in a whisper."""
        self._people.pop(user, None)
        self._people[user] = name
        if len(self._people) > _PEOPLE:
            del self._people[next(iter(self._people))]

    def _called(self, letter: Letter) -> tuple[str, str] | None:
        """Whom a message calls besides `notify`: nobody in a private chat, whose id is the person's."""
        known = {user: name for name, user in letter.names.items()}
        if not letter.to or letter.to == letter.channel or known.get(letter.to) in letter.card.notify:
            return None
        return known.get(letter.to) or self._people.get(letter.to) or "☞", letter.to

    @override
    @asynccontextmanager
    async def _told(self, harmless: str = "") -> AsyncIterator[None]:
        """Turn Telegram's errors into ours, except the one that means that there is nothing to do."""
        try:
            yield
        except (InvalidToken, EndPointNotFound) as err:
            raise explain(err, self._token) from None  # its words hold the token
        except TelegramError as err:
            if isinstance(err, BadRequest) and harmless and harmless in str(err).lower():
                return
            raise explain(err, self._token) from err


def _under(thread: str) -> dict[str, Any]:
    """How to send a message into a thread."""
    if thread.startswith(TOPIC):
        return {"message_thread_id": int(thread.removeprefix(TOPIC))}
    if thread.isdecimal():
        return {"reply_parameters": ReplyParameters(int(thread), allow_sending_without_reply=True)}
    return {}
