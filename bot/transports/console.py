"""The terminal as a chat platform, so that a newcomer needs no account.

Cards are printed; `[1]` on a card is pressed by typing `1`. Without a terminal cards are printed all the same, and the
lines of standard input, if there are any, are read as commands.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from bot.transports.base import Intake, Letter, Pace, TransportError
from bot.transports.text import plain
from handlers.kit.cards import Button, Card, Form, Tone
from handlers.kit.messages import Place, Pressed, Quoted, Sender, Typed

NAME = "console"
DOTS = {
    Tone.RED: "🔴 ",
    Tone.ORANGE: "🟠 ",
    Tone.YELLOW: "🟡 ",
    Tone.BLUE: "🔵 ",
    Tone.GOOD: "✅ ",
    Tone.WARN: "⚠️ ",
    Tone.PLAIN: "",
}
WIDTH = 92
"""Columns; a Chinese character takes two."""
GREETING = (
    "烽火在终端上。输入命令（如 list、claim 1、帮助），或输入按钮前的数字；as 姓名 换人，in 房间 换房间。\n"
    "Fenghuo in the terminal: type a command (list, claim 1, help) or a button's number; `as NAME`, `in ROOM` switch.\n"
)


class ConsoleTransport:
    """Reads lines, prints cards.

    Args:
        person: whose name to act under at first.
        room: where to speak at first.
        read_line: blocks until there is a line; "" at the end of input.
    """

    name = NAME
    pace = Pace(gap=0.0)
    native_forms = False
    looks_back = False

    def __init__(
        self,
        *,
        person: str,
        room: str,
        rooms: Iterable[str] = (),
        people: Iterable[str] = (),
        out: TextIO | None = None,
        read_line: Callable[[], str] | None = None,
    ) -> None:
        self._person = person
        self._room = room
        self._rooms = set(rooms)
        self._people = set(people)
        self._out = out or sys.stdout
        self._read_line = read_line or sys.stdin.readline
        self._numbers = itertools.count(1)
        # A mark of this run, so that ids of two runs never meet in the inbox.
        self._run = secrets.token_hex(4)
        self._buttons: dict[str, tuple[Button, Place]] = {}
        self._asked = False
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None

    async def start(self, intake: Intake) -> None:
        """Greet and begin to read lines."""
        self._print(GREETING)
        loop = asyncio.get_running_loop()
        # A thread that dies with the process: a blocking read of a terminal cannot be cancelled.
        threading.Thread(target=self._pump, args=(loop,), daemon=True).start()
        self._listening = asyncio.create_task(self._listen(intake))

    async def stop(self) -> None:
        """Stop reading."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _pump(self, loop: asyncio.AbstractEventLoop) -> None:
        while line := self._read_line():
            try:
                loop.call_soon_threadsafe(self._heard.put_nowait, line)
            except RuntimeError:  # the loop is closed: the bot is stopping
                return

    async def _listen(self, intake: Intake) -> None:
        while True:
            line = (await self._heard.get()).strip()
            if line and not self._switched(line):
                await intake.receive(self._event(line))

    def _switched(self, line: str) -> bool:
        """`as NAME` and `in ROOM` are about the terminal, so they are dealt with here."""
        match = re.fullmatch(r"/?(as|in)\s+@?(\S+)", line)
        if not match:
            return False
        verb, name = match.groups()
        known = self._people if verb == "as" else self._rooms
        if name not in known:
            self._print(f"? {name}: {' '.join(sorted(known))}\n")
        elif verb == "as":
            self._person = name
            self._print(f"→ {name}\n")
        else:
            self._room = name
            self._print(f"→ [{name}]\n")
        return True

    def _event(self, line: str) -> Typed | Pressed:
        number = next(self._numbers)
        by = Sender(transport=NAME, user=self._person, name=self._person)
        key = f"console:{self._run}:{number}"
        if line in self._buttons and not self._asked:
            button, place = self._buttons[line]
            return Pressed(id=key, action=button.action, value=button.value, by=by, at=place)
        text = re.sub(r"^/(crisis(\s+|$))?", "", line)
        is_answer, self._asked = self._asked and not line.startswith("/"), False
        return Typed(id=key, text=text, by=by, at=Place(transport=NAME, channel=self._room), answer=is_answer)

    async def post(self, letter: Letter) -> str:
        """Print a card."""
        message = f"{self._run}-{next(self._numbers)}"
        self._show(letter, message, mark="（可能重复）" if letter.repeat else "")
        return message

    async def find(self, letter: Letter) -> str | None:  # noqa: ARG002 - the contract's
        """A terminal cannot be searched."""
        return None

    async def edit(self, letter: Letter, message: str) -> None:
        """Print the card again; a terminal cannot take words back."""
        self._show(letter, message, mark="↻ ")

    async def whisper(self, letter: Letter) -> str:
        """Print for one person."""
        self._asked = letter.prompt
        self._show(letter, "", mark=f"（只给 {letter.to}） ")
        return ""

    async def open_form(self, trigger: str, form: Form) -> None:  # noqa: ARG002 - the contract's
        """Forms are asked one question at a time here."""
        raise TransportError("the terminal has no forms", permanent=True)

    async def answer(self, pressed: Pressed, text: str) -> bool:  # noqa: ARG002 - the contract's
        """A press is answered by a printed line, like everything else."""
        return False

    async def fetch(self, place: Place, message: str) -> Quoted | None:  # noqa: ARG002 - the contract's
        """Nobody can point at a line of a terminal."""
        return None

    def _show(self, letter: Letter, message: str, mark: str) -> None:
        place = Place(transport=NAME, channel=letter.channel, thread=letter.thread, message=message)
        # The newest card's buttons are 1, 2, 3: what was said last is what one wants to answer.
        if letter.card.buttons:
            self._buttons = {str(n): (button, place) for n, button in enumerate(letter.card.buttons, 1)}
        indent = "    " if letter.thread else ""
        text = render(letter.card, letter.names)
        head = f"── [{letter.channel}] {mark}"
        self._print("\n".join(f"{indent}{line}".rstrip() for line in (head, *text.splitlines())) + "\n\n")

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def render(card: Card, names: Mapping[str, str]) -> str:
    """Lay a card out as text."""
    lines = [DOTS[card.tone] + _flat(card.title)]
    if names:
        lines[0] += " " + " ".join(f"@{name}" for name in names)
    lines += _wrapped(card.text)
    lines += [f"{_flat(field.label)}：{_flat(field.value)}" for field in card.fields]
    for quote in card.quotes:
        lines += _wrapped(f"「{_flat(quote.text)[:200]}」 {quote.source} {quote.url}".rstrip())
    if card.verbatim:
        lines += ["│ " + line for line in _wrapped(card.verbatim, cut=False)]
    for section in card.sections:
        lines += [f"-- {_flat(section.title)}"] if section.title else []
        for each in section.lines:
            lines += _wrapped(_flat(each))
    lines += [f"{_flat(link.label)}: {link.url}" for link in card.links]
    if card.buttons:
        lines.append("  ".join(f"[{n}] {_flat(button.label)}" for n, button in enumerate(card.buttons, 1)))
        verb, _, value = card.buttons[0].wire.partition(".")[2].partition(":")
        lines.append(f"↵ 输入 1，或 {verb} {value}".rstrip())
    if card.footer:
        lines += _wrapped(card.footer)
    return "\n".join(lines)


def _flat(text: str) -> str:
    return " ".join(plain(text).split())


def _wrapped(text: str, *, cut: bool = True) -> list[str]:
    """Break lines at the terminal's width, counting a Chinese character as two columns."""
    lines: list[str] = []
    for paragraph in plain(text).splitlines():
        line, width = "", 0
        for char in paragraph if not cut else paragraph[:2000]:
            size = 2 if unicodedata.east_asian_width(char) in "WF" else 1
            if width + size > WIDTH:
                lines.append(line)
                line, width = "", 0
            line, width = line + char, width + size
        lines.append(line)
    return lines

