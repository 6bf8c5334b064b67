"""Read what Telegram sends: an update becomes somebody who typed, somebody who pressed, or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.helpers import effective_message_type

from bot.transports.telegram_render import PROMPT
from handlers.kit.messages import Attached, Place, Pressed, Quoted, Sender, Typed

NAME = "telegram"
TOPIC = "topic:"
"""Begins the thread of a place in a forum topic; any other thread is the message that a reply goes to."""

ROOT = "crisis"
"""Takes the verb as its first word, since Telegram's own commands are Latin letters only."""

_COMMAND = re.compile(r"/([\w-]+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_LED = re.compile(r"([a-z]+)-(\d{1,9})")
"""What a link `t.me/BOT?start=private-12` makes somebody say (core.telegram.org/bots/features#deep-linking)."""
_GENERAL = 1
"""The General topic, which Telegram wants left out (Client.cpp: "message thread not found")."""
_FILES = {
    "photo": ("photo.jpg", "image/jpeg"),
    "document": ("document", ""),
    "video": ("video.mp4", "video/mp4"),
    "audio": ("audio", ""),
    "voice": ("voice.ogg", "audio/ogg"),
    "video_note": ("video.mp4", "video/mp4"),
    "animation": ("animation.mp4", "video/mp4"),
}
"""Messages that are files, and the name and kind of those that come without."""
_PROMPT_LINES = 3
"""A question's sign stands on its first line, or below the people it calls and the mark of a repeat."""


def read_update(update: Update, bot: User, verbs: Mapping[str, str]) -> Typed | Pressed | None:
    """Tell what an update means to the bot; None for whatever does not concern it, edits included.

    Args:
        update: as Telegram sent it.
        bot: the bot itself; commands for another bot are not for us.
        verbs: menu names that stand for another verb (`no_duff` for `no-duff`).
    """
    key = f"{NAME}:update:{update.update_id}"
    if update.callback_query:
        return _pressed(key, update.callback_query)
    if update.message:
        return _typed(key, update.message, bot, verbs)
    return None


def _typed(key: str, message: Message, bot: User, verbs: Mapping[str, str]) -> Typed | None:
    by = _sender(message)
    words = _words(message)
    is_handed_in = not words and message.document is not None and _replies_to(message, bot)
    if not by or not (words or is_handed_in):
        return None
    command = _COMMAND.fullmatch(words)
    if command:
        text = _command(command, bot, verbs)
    elif is_handed_in:
        text = ""
    else:
        text = words if message.chat.type == message.chat.PRIVATE or _answers(message, bot) else None
    if text is None:
        return None
    return Typed(
        id=key,
        text=text,
        by=by,
        at=_place(message),
        quoted=_quoted(message),
        answer=_answers(message, bot) if is_handed_in else not command,
        files=_files(message),
    )


def _command(command: re.Match[str], bot: User, verbs: Mapping[str, str]) -> str | None:
    """The words of a command, or None if another bot is meant."""
    verb, addressee, rest = command.groups(default="")
    if addressee and addressee.lower() != (bot.username or "").lower():
        return None
    if verb.lower() == "start" and (led := _LED.fullmatch(rest or "")):
        return f"{led[1]} {led[2]}"
    verb = verbs.get(verb.lower(), verb)
    return (rest if verb.lower() == ROOT else f"{verb} {rest}").strip()


def _pressed(key: str, query: CallbackQuery) -> Pressed | None:
    message = query.message
    if not query.data or not message:
        return None
    action, _, value = query.data.partition(":")
    place = (
        _place(message) if isinstance(message, Message) else _bare_place(message.chat.id, message.message_id)
    )
    by = Sender(
        transport=NAME,
        user=str(query.from_user.id),
        name=query.from_user.full_name,
        username=query.from_user.username or "",
    )
    return Pressed(id=key, action=action, value=value, by=by, at=place, reply=query.id)


def _sender(message: Message) -> Sender | None:
    """Who wrote it. An anonymous admin or a channel comes as its chat, which no roster holds, so it may do nothing."""
    if message.sender_chat:
        chat = message.sender_chat
        return Sender(
            transport=NAME, user=str(chat.id), name=chat.effective_name or "", username=chat.username or ""
        )
    person = message.from_user
    if not person or person.is_bot:
        return None
    return Sender(transport=NAME, user=str(person.id), name=person.full_name, username=person.username or "")


def _words(message: Message) -> str:
    """The text, people that were picked from a list as `<@ID>`. Offsets count UTF-16 units."""
    wide = (message.text or message.caption or "").encode("utf-16-le", "surrogatepass")
    entities = message.entities or message.caption_entities
    for entity in sorted(entities, key=lambda e: e.offset, reverse=True):
        if entity.type == MessageEntity.TEXT_MENTION and entity.user:
            start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
            wide = wide[:start] + f"<@{entity.user.id}>".encode("utf-16-le") + wide[end:]
    return wide.decode("utf-16-le", "replace").strip()


def _answers(message: Message, bot: User) -> bool:
    """Tell whether a message replies to one of the bot's questions."""
    asked = message.reply_to_message
    if asked is None or not _replies_to(message, bot):
        return False
    return any(line.startswith(PROMPT) for line in (asked.text or "").split("\n")[:_PROMPT_LINES])


def _replies_to(message: Message, bot: User) -> bool:
    """Tell whether a message replies to one of the bot's."""
    target = message.reply_to_message
    return bool(target and target.from_user and target.from_user.id == bot.id)


def _quoted(message: Message) -> Quoted | None:
    """The message replied to. In a topic every message "replies" to the one that opened it, which says nothing."""
    target = message.reply_to_message
    if not target or (message.is_topic_message and target.message_id == message.message_thread_id):
        return None
    by = _sender(target)
    author = target.from_user
    return Quoted(
        message=str(target.message_id),
        text=_words(target) or f"[{effective_message_type(target) or 'message'}]",
        author=by.name if by else (author.full_name if author else ""),
        user=by.user if by else (str(author.id) if author else ""),
        at=target.date,
        # A bot's own pictures are no evidence.
        files=_files(target) if by else (),
    )


def _files(message: Message) -> tuple[Attached, ...]:
    """What came with a message: one file at most, as an album is a message for each. Of a photo's sizes the largest."""
    kind = str(effective_message_type(message) or "")
    if kind not in _FILES:
        return ()
    found = getattr(message, kind)
    file = found[-1] if kind == "photo" else found
    name, mime = (
        getattr(file, given, None) or usual
        for given, usual in zip(("file_name", "mime_type"), _FILES[kind], strict=True)
    )
    return (Attached(id=file.file_id, name=name, size=file.file_size or 0, mime=mime),)


def _place(message: Message) -> Place:
    topic = message.message_thread_id if message.is_topic_message else None
    place = _bare_place(message.chat.id, message.message_id)
    if not topic or topic == _GENERAL:
        return place
    return Place(
        transport=NAME,
        channel=place.channel,
        thread=f"{TOPIC}{topic}",
        message=place.message,
        direct=place.direct,
    )


def _bare_place(chat: int, message: int) -> Place:
    """A place without a topic; only private chats have positive ids, the other person's."""
    return Place(transport=NAME, channel=str(chat), message=str(message), direct=chat > 0)
