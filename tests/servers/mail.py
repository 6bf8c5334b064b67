"""A mail server: enough of SMTP (RFC 5321) to take mails, to refuse them, and to be out of reach."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self, cast


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail as the server took it."""

    sender: str
    to: str
    message: EmailMessage

    @property
    def text(self) -> str:
        return cast(str, self.message.get_content()).replace("\r\n", "\n")


@dataclass(slots=True)
class MailServer:
    """Listens on a port of its own.

    Args:
        user, password: what it asks for; nothing, if they are empty.
        refusals: what it answers to the next mails' DATA instead of taking them (`451 later`, `554 never`).
        unknown: addresses that it has no box for.
    """

    user: str = ""
    password: str = ""
    refusals: list[str] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    took: list[Delivered] = field(default_factory=list)
    logins: int = 0
    host: str = "127.0.0.1"
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        login = f"{self.user.replace('@', '%40')}:{self.password}@" if self.user else ""
        return f"smtp://{login}{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        envelope = {"MAIL": "", "RCPT": ""}
        writer.write(b"220 mail.test ready\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            if verb in envelope:
                envelope[verb] = line.partition("<")[2].partition(">")[0]
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                answer = self._takes(envelope["MAIL"], envelope["RCPT"], await _until_dot(reader))
            else:
                answer = self._answers(verb, line, envelope["RCPT"])
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()

    def _answers(self, verb: str, line: str, to: str) -> str:
        if verb == "AUTH":
            return self._login(line.split(" ")[-1])
        if verb == "MAIL" and self.user and not self.logins:
            return "530 log in first"
        if verb == "RCPT" and to in self.unknown:
            return "550 no such box"
        return {"EHLO": "250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME", "QUIT": "221 bye"}.get(
            verb, "250 ok"
        )

    def _login(self, words: str) -> str:
        if base64.b64decode(words).decode().split("\0")[1:] != [self.user, self.password]:
            return "535 wrong"
        self.logins += 1
        return "235 welcome"

    def _takes(self, sender: str, to: str, body: bytes) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(body, policy=policy.default)
        self.took.append(Delivered(sender, to, message))
        return "250 taken"


async def _until_dot(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(lines)
