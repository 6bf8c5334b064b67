"""The people and groups of a Telegram of our own: who says what, what the bot hears of it, what it may post.

The rules and the wording of errors follow telegram-bot-api/Client.cpp (tdlib/telegram-bot-api).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from tests.servers.telegram_people import (
    GENERAL,
    MAX_CAPTION,
    MAX_FILE,
    MEDIA,
    UNCHANGED,
    ApiError,
    Chat,
    Message,
    Params,
    User,
)
from tests.servers.telegram_text import MAX_TEXT, EntityError, read_html, read_plain, settle, units


class TelegramChats:
    """Chats and the people in them.

    Args:
        bot: who the bot is.
        chats: groups that the bot is a member of; private chats exist once the person has written.
        forums: groups of which the bot is a member and which have topics.
        privacy: privacy mode: in groups the bot hears commands and replies to it only.
    """

    def __init__(self, bot: User, chats: Iterable[int], forums: Iterable[int], *, privacy: bool) -> None:
        self.me = bot
        self.privacy = privacy
        self.chats = {number: Chat(number) for number in chats}
        self.chats |= {number: Chat(number, forum=True) for number in forums}
        self.users = {bot.id: bot}
        self.messages: list[Message] = []
        self.files: dict[str, bytes] = {}
        """What people sent, by file id."""
        self.lost: set[str] = set()
        """Files whose address is known and leads nowhere any more."""
        self.queries: set[str] = set()
        """Button presses that still wait for their answer."""
        self._updates: list[Params] = []
        self._allowed: list[str] = []
        self._numbers = iter(range(100, sys.maxsize))
        self._update_numbers = iter(range(900_000, sys.maxsize))
        self._news = asyncio.Event()

    @property
    def pending(self) -> int:
        """Updates that the bot has not confirmed yet."""
        return len(self._updates)

    async def say(
        self,
        text: str,
        *,
        user: int | User,
        chat: int,
        reply_to: int = 0,
        topic: int = 0,
        mentions: Sequence[tuple[str, int]] = (),
        sender_chat: int = 0,
        **service: Any,
    ) -> Message:
        """Somebody writes; the bot hears it if Telegram would let it.

        Args:
            mentions: names in the text that were picked from the list, with the ids of those people.
            sender_chat: the chat that an anonymous admin or a channel speaks as.
            service: further fields of the message as the Bot API sends it.
        """
        person = self._person(user)
        self._chat_for(chat)
        message = Message(
            next(self._numbers), chat, person.id, text, int(time.time()), reply_to=reply_to, topic=topic
        )
        message.sender_chat = sender_chat
        message.service = service
        message.raw_entities = [
            {
                "type": "text_mention",
                "offset": units(text[: text.index(name)]),
                "length": units(name),
                "user": self._person(number).wire(),
            }
            for name, number in mentions
        ]
        _, found = settle(text, [])
        message.raw_entities += [e.wire(text) for e in found]
        self.messages.append(message)
        if self._is_heard(message):
            self._announce({"message": self.wire(message)})
        return message

    def attach(self, name: str, content: bytes) -> Params:
        """A document to be sent with `say`, whose words are its caption then."""
        number = f"file{next(self._numbers)}"
        self.files[number] = content
        about = {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(content)}
        return {"document": about | {"file_name": name, "mime_type": "image/png"}}

    async def get_file(self, params: Params) -> Params:
        """Say where a file lies. Raises ApiError."""
        number = str(params.get("file_id", ""))
        if number not in self.files:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(self.files[number]) > MAX_FILE:
            raise ApiError(400, "Bad Request: file is too big")
        about = {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(self.files[number])}
        return about | {"file_path": f"documents/{number}"}

    async def press(self, message: int | Message, button: str, *, user: int | User) -> str:
        """Somebody presses a button, named by its label or its data; returns the callback query's id."""
        target = message if isinstance(message, Message) else self.message(message)
        wanted = [data for label, data in target.buttons if button in {label, data}]
        if not wanted:
            raise LookupError(f"message {target.id} has no button {button!r}, only {target.buttons}")
        query = str(7_000_000 + next(self._numbers))
        self.queries.add(query)
        update = {
            "id": query,
            "from": self._person(user).wire(),
            "message": self.wire(target),
            "data": wanted[0],
        }
        self._announce({"callback_query": update | {"chat_instance": str(target.chat)}})
        return query

    def migrate(self, old: int, new: int) -> None:
        """The group becomes a supergroup with a new id."""
        self.chats[new] = Chat(new)
        self.chats[old].moved_to = new

    def add_topic(self, chat: int) -> int:
        """Open a topic in a forum; returns its id."""
        topic = next(self._numbers)
        self.chats[chat].topics.add(topic)
        opening = Message(topic, chat, self.me.id, "", int(time.time()), topic=topic)
        opening.service = {"forum_topic_created": {"name": f"topic {topic}", "icon_color": 7322096}}
        self.messages.append(opening)
        return topic

    def message(self, number: int) -> Message:
        """The message with that id. Raises LookupError."""
        for message in self.messages:
            if message.id == number:
                return message
        raise LookupError(f"no message {number}")

    def sent(self, chat: int | None = None) -> list[Message]:
        """What the bot posted and did not delete, oldest first."""
        return [
            m
            for m in self.messages
            if m.user == self.me.id and not m.deleted and not m.service and chat in {None, m.chat}
        ]

    def wire(self, message: Message, *, deep: bool = True) -> Params:
        """The message as the Bot API sends it; a reply holds the message it answers, but no further one."""
        sent: Params = {
            "message_id": message.id,
            "date": message.date,
            "chat": self.chats[message.chat].wire(),
            "from": self.users[message.user].wire(),
        }
        if message.photo:
            size = {
                "file_id": f"photo{message.id}",
                "file_unique_id": f"p{message.id}",
                "width": 1,
                "height": 1,
            }
            sent |= {"photo": [size], "caption": message.text, "caption_entities": message.raw_entities}
        elif message.text and MEDIA & message.service.keys():
            sent |= {"caption": message.text, "caption_entities": message.raw_entities}
        elif message.text:
            sent |= {"text": message.text, "entities": message.raw_entities}
        if message.keyboard:
            rows = [
                [{"text": label, "callback_data": data} for label, data in row] for row in message.keyboard
            ]
            sent["reply_markup"] = {"inline_keyboard": rows}
        if message.topic:
            sent |= {"message_thread_id": message.topic, "is_topic_message": True}
        if message.sender_chat:
            sent["sender_chat"] = Chat(message.sender_chat).wire()
        answered = message.reply_to or (message.topic if message.topic != message.id else 0)
        if deep and answered:
            sent["reply_to_message"] = self.wire(self.message(answered), deep=False)
        return sent | message.service

    async def send_message(self, params: Params) -> Params:
        """Post a message. Raises ApiError."""
        chat = self._chat(params)
        message = Message(next(self._numbers), chat.id, self.me.id, "", int(time.time()))
        message.topic = self._topic(chat, params)
        message.reply_to = self._reply_target(chat, params)
        self._write(message, params)
        self.messages.append(message)
        return self.wire(message)

    async def send_photo(self, params: Params) -> Params:
        """Post a picture. Raises ApiError."""
        photo = _uploaded(params, "photo")
        if not photo.startswith(b"\x89PNG"):
            raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
        return self._captioned(params, photo=len(photo))

    async def send_document(self, params: Params) -> Params:
        """Post a file. Raises ApiError."""
        document = _uploaded(params, "document")
        if not document:
            raise ApiError(400, "Bad Request: file must be non-empty")
        about = {"file_id": "document", "file_unique_id": "d"}
        return self._captioned(params, document=document.decode(), service={"document": about})

    def _captioned(self, params: Params, **content: Any) -> Params:
        chat = self._chat(params)
        message = Message(next(self._numbers), chat.id, self.me.id, "", int(time.time()), **content)
        message.topic = self._topic(chat, params)
        message.reply_to = self._reply_target(chat, params)
        self._write(message, {**params, "text": params.get("caption", "")})
        if len(message.text) > MAX_CAPTION:
            raise ApiError(400, "Bad Request: message caption is too long")
        self.messages.append(message)
        return self.wire(message)

    async def edit_message_text(self, params: Params) -> Params:
        """Replace a message of the bot's own. Raises ApiError."""
        message = self._own(params, "edit")
        before = (message.text, message.entities, message.keyboard)
        after = Message(message.id, message.chat, message.user, "", message.date)
        self._write(after, params)
        if before == (after.text, after.entities, after.keyboard):
            raise ApiError(400, UNCHANGED)
        message.text, message.entities, message.keyboard = after.text, after.entities, after.keyboard
        message.raw_entities = after.raw_entities
        message.edits += 1
        return self.wire(message)

    def _write(self, message: Message, params: Params) -> None:
        """Put the text and the keyboard of a request into a message. Raises ApiError."""
        source = params.get("text", "")
        if not source:
            raise ApiError(400, "Bad Request: message text is empty")
        try:
            text, entities = (read_html if params.get("parse_mode", "").upper() == "HTML" else read_plain)(
                source
            )
        except EntityError as err:
            raise ApiError(400, f"Bad Request: can't parse entities: {err}") from err
        if not text.strip():
            raise ApiError(400, "Bad Request: text must be non-empty")
        if len(text) > MAX_TEXT:
            raise ApiError(400, "Bad Request: message is too long")
        message.text = text
        message.entities = [(e.type, text[e.start : e.end]) for e in entities]
        message.raw_entities = [e.wire(text) for e in entities]
        message.preview = not (read_json(params, "link_preview_options") or {}).get("is_disabled", False)
        markup = read_json(params, "reply_markup") or {}
        message.force_reply = bool(markup.get("force_reply"))
        message.selective = bool(markup.get("selective"))
        message.keyboard = [[_button(b) for b in row] for row in markup.get("inline_keyboard", [])]
        if len(message.buttons) > 100:
            raise ApiError(400, "Bad Request: REPLY_MARKUP_TOO_LONG")

    def _chat(self, params: Params) -> Chat:
        try:
            chat = self.chats[int(params.get("chat_id", ""))]
        except (KeyError, ValueError) as err:
            raise ApiError(400, "Bad Request: chat not found") from err
        if chat.moved_to:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        return chat

    def _topic(self, chat: Chat, params: Params) -> int:
        topic = int(params.get("message_thread_id") or 0)
        if not topic or not chat.forum:
            return 0
        if topic == GENERAL or topic not in chat.topics:
            raise ApiError(400, "Bad Request: message thread not found")
        if topic in chat.closed:
            raise ApiError(400, "Bad Request: TOPIC_CLOSED")
        return topic

    def _reply_target(self, chat: Chat, params: Params) -> int:
        asked = read_json(params, "reply_parameters") or {}
        number = int(asked.get("message_id") or 0)
        if not number or any(m.id == number and m.chat == chat.id and not m.deleted for m in self.messages):
            return number
        if not asked.get("allow_sending_without_reply"):
            raise ApiError(400, "Bad Request: message to be replied not found")
        return 0

    def _own(self, params: Params, deed: str) -> Message:
        chat = self._chat(params)
        for message in self.messages:
            if (
                message.id == int(params.get("message_id") or 0)
                and message.chat == chat.id
                and not message.deleted
            ):
                if message.user != self.me.id:
                    raise ApiError(400, f"Bad Request: message can't be {deed}ed")
                return message
        raise ApiError(400, f"Bad Request: message to {deed} not found")

    def _is_heard(self, message: Message) -> bool:
        """Tell whether privacy mode lets the bot hear a message (core.telegram.org/bots/features#privacy-mode)."""
        if not self.privacy or message.chat > 0 or message.service:
            return True
        if message.reply_to and self.message(message.reply_to).user == self.me.id:
            return True
        return bool(re.match(r"/[A-Za-z0-9_]", message.text))

    def _person(self, user: int | User) -> User:
        person = user if isinstance(user, User) else self.users.get(user, User(user))
        self.users[person.id] = person
        return person

    def _chat_for(self, number: int) -> Chat:
        return self.chats.setdefault(number, Chat(number))

    def _announce(self, update: Params) -> None:
        if self._allowed and not self._allowed_kind(update):
            return
        self._updates.append({"update_id": next(self._update_numbers)} | update)
        self._news.set()

    def _allowed_kind(self, update: Params) -> bool:
        return next(iter(update)) in self._allowed


def read_json(params: Params, key: str) -> Any:
    """A parameter that may have come as JSON text (in a form) or as it is (in a JSON body)."""
    value = params.get(key)
    return json.loads(value) if isinstance(value, str) and value else value


def _button(button: Params) -> tuple[str, str]:
    data = button.get("callback_data", "")
    if not 1 <= len(data.encode()) <= 64:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    if not button.get("text"):
        raise ApiError(
            400,
            "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        )
    return button["text"], data


def _uploaded(params: Params, name: str) -> bytes:
    """The bytes of an upload, which is named `attach://part`."""
    sent = params.get(name)
    found = params.get(sent.removeprefix("attach://")) if isinstance(sent, str) else sent
    return found if isinstance(found, bytes) else b""
