"""Mail: briefs for people who are not in the chat. It only speaks; nobody can answer the bot by mail.

A mailbox is a room that takes briefs, so a mail is a row of the outbox like any other message and has its retry.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit

from typing_extensions import override

from bot.transports.base import Letter, Pace, TransportError
from bot.transports.one_way import OneWay
from handlers.kit.cards import Card

TIMEOUT = 20.0
"""Seconds for each step of the talk with the server."""
PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class MailTransport(OneWay):
    """Sends mail over SMTP.

    Args:
        url: `smtp://user:password@host:587`, encrypted by STARTTLS where the server offers it, or `smtps://...`. `?from=a@b` names
            the sender where the user is no address.
    """

    name = "mail"
    pace = Pace(gap=1.0)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        named = parse_qs(parts.query).get("from", [""])[0]
        self._from = named or (self._user if "@" in self._user else f"fenghuo@{self._host}")

    async def check(self) -> list[str]:
        """Try the server and the password; returns what is wrong."""
        try:
            await asyncio.to_thread(self._send, None)
        except TransportError as error:
            return [f"SMTP_URL: {error.message}"]
        return []

    @override
    async def post(self, letter: Letter) -> str:
        """Send a card to the address that is the channel; returns the message's id."""
        message = self._message(letter)
        await asyncio.to_thread(self._send, message)
        return str(message["Message-ID"])

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        # A header is one line, whatever a title holds.
        message["Subject"] = " ".join(letter.card.title.split())
        message["From"] = self._from
        message["To"] = letter.channel
        message["Date"] = formatdate()
        # The same row sent again has the same id, so that mail programs show it once.
        message["Message-ID"] = f"<fenghuo-{letter.outbox_id}@{self._host}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(render(letter.card))
        return message

    def _send(self, message: EmailMessage | None) -> None:
        """Send a message; none, to see whether one could be sent. Raises TransportError."""
        is_under_way = False
        try:
            with self._connected() as server:
                self._introduced(server)
                if message is not None:
                    is_under_way = True
                    server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise TransportError(_told(code, words), permanent=code >= 500) from error
        except smtplib.SMTPResponseException as error:
            told = _told(error.smtp_code, error.smtp_error)
            raise TransportError(told, permanent=error.smtp_code >= 500) from error
        except (OSError, smtplib.SMTPException) as error:
            raise TransportError(f"{type(error).__name__}: {error}", unsure=is_under_way) from error

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)

    def _introduced(self, server: smtplib.SMTP) -> None:
        """Encrypt where that is possible, and in any case before a password is said."""
        server.ehlo()
        if self._scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif self._scheme == "smtp" and self._user and self._host not in LOOPBACK:
            raise TransportError("the mail server offers no encryption for the password", permanent=True)
        if self._user:
            server.login(self._user, self._password)


def render(card: Card) -> str:
    """Lay a card out as plain text. What is pressed is pressed in the chat, so buttons are left out."""
    blocks = [card.text, *(f"{each.label}: {each.value}" for each in card.fields)]
    blocks += [f"「{each.text}」 {each.source} {each.url}".strip() for each in card.quotes]
    blocks += ["\n".join(filter(None, (each.title, *each.lines))) for each in card.sections]
    blocks += [card.verbatim, *(f"{each.label}: {each.url}" for each in card.links), card.footer]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _told(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"
