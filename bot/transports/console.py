"""The terminal as a chat platform, so that a newcomer needs no account.

Cards are printed; `[1]` on a card is pressed by typing `1`. Without a terminal cards are printed all the same, and the
lines of standard input, if there are any, are read as commands.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from rich.cells import cell_len, chop_cells

from bot.charts import sparkline
from bot.transports.base import Intake, Letter, Opened, Pace, TransportError
from bot.transports.text import plain, shorten
from handlers.kit.cards import Button, Card, Form, Quote, Section, Tone, is_web
from handlers.kit.locale import Locale
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
WIDTH = 78
"""Columns where the terminal does not say; a Chinese character takes two."""
NARROWEST, WIDEST = 40, 100
INDENT = "    "
MAX_LINE, MAX_TEXT, MAX_QUOTE = 400, 3_000, 200
MAX_BUTTONS = 99
"""Then numbers begin anew and the oldest buttons are forgotten."""
DIRECT = "me"
"""Where one speaks to the bot alone: a room that everybody has."""
GREETING = (
    "烽火在终端上。输入命令（如 list、claim 1、帮助），或按钮前的数字；as 姓名 换人，in 房间名 换房间，in me 私聊。\n"
    "Fenghuo in the terminal: type a command (list, claim 1, help) or a button's number; `as NAME`, `in ROOM` switch,"
    " `in me` is a private chat.\n\n"
)

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING, _CLOSING = "（「『《〈【〔", "，。、；：？！）」』》〉】〕…%"
_PIECE = re.compile(
    rf"""
      \s+
    | [{_OPENING}]* (?: (?![{_OPENING}]) [{_WIDE}] | [^\s{_WIDE}]+ ) [{_CLOSING}]*
    | .
    """,
    re.VERBOSE,
)
"""What a line break must not tear: a Latin word or number, and a mark from the word that it belongs to."""


class ConsoleTransport:
    """Reads lines, prints cards.

    Args:
        person: whose name to act under at first.
        rooms: room name -> how it speaks; the first one is where to speak at first.
        read_line: blocks until there is a line; "" at the end of input.
    """

    name = NAME
    pace = Pace(gap=0.0)
    native_forms = False
    looks_back = False
    discreet = True
    has_private_rooms = True
    door = ""

    def __init__(
        self,
        *,
        person: str,
        rooms: Mapping[str, Locale],
        people: Iterable[str] = (),
        out: TextIO | None = None,
        read_line: Callable[[], str] | None = None,
    ) -> None:
        self._person = person
        self._rooms = dict(rooms)
        self._room = next(iter(rooms))
        self._is_direct = False
        self._people = tuple(people)
        self._out = out or sys.stdout
        self._read_line = read_line or sys.stdin.readline
        self._ids = itertools.count(1)
        # A mark of this run, so that ids of two runs never meet in the inbox.
        self._run = secrets.token_hex(4)
        self._numbers = itertools.cycle(range(1, MAX_BUTTONS + 1))
        self._buttons: dict[int, tuple[Button, Place]] = {}
        self._briefly: dict[str, str] = {}
        self._asked = False
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None

    async def start(self, intake: Intake) -> None:
        """Greet and begin to read lines."""
        self._print(GREETING)
        loop = asyncio.get_running_loop()
        # A thread that dies with the process: a blocking read of a terminal cannot be cancelled.
        threading.Thread(target=self._pump, args=(loop,), daemon=True).start()
        self._listening = asyncio.create_task(self._listen(intake), name="console")

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The one that acts on lines."""
        return [self._listening] if self._listening else []

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
            if line and not self._switched(line) and (event := self._event(line)):
                await intake.receive(event)

    def _switched(self, line: str) -> bool:
        """`as NAME` and `in ROOM` are about the terminal, so they are dealt with here."""
        match = re.fullmatch(r"/?(as|in)\s+[@＠]?(\S+)", line)
        if not match or (self._asked and not line.startswith("/")):
            return False
        verb, name = match.groups()
        known = self._people if verb == "as" else (*self._rooms, DIRECT)
        if name not in known:
            say = self._rooms[self._room]
            self._print(
                say("“{name}” is not known. There are: {names}", name=name, names=" ".join(known)) + "\n"
            )
            return True
        if verb == "as":
            self._person = name
        else:
            # A private chat speaks as the room does from which one went there.
            self._is_direct = name == DIRECT and name not in self._rooms
            self._room = self._room if self._is_direct else name
        say, room = self._rooms[self._room], DIRECT if self._is_direct else self._room
        self._print(say("You are {person} in {room}.", person=self._person, room=room) + "\n")
        return True

    def _event(self, line: str) -> Typed | Pressed | None:
        """What a line means; None after a number that no button has."""
        by = Sender(transport=NAME, user=self._person, name=self._person)
        key = f"console:{self._run}:{next(self._ids)}"
        if line.isdecimal() and len(line) <= len(str(MAX_BUTTONS)) and not self._asked:
            if int(line) not in self._buttons:
                say = self._rooms[self._room]
                self._print(say("No button has the number {number}.", number=int(line)) + "\n")
                return None
            button, place = self._buttons[int(line)]
            return Pressed(id=key, action=button.action, value=button.value, by=by, at=place)
        text = re.sub(r"^/(crisis(\s+|$))?", "", line)
        is_answer, self._asked = self._asked and not line.startswith("/"), False
        return Typed(id=key, text=text, by=by, at=self._here(), answer=is_answer)

    def _here(self) -> Place:
        channel = self._person if self._is_direct else self._room
        return Place(transport=NAME, channel=channel, direct=self._is_direct)

    async def post(self, letter: Letter) -> str:
        """Print a card."""
        message = f"{self._run}-{next(self._ids)}"
        say = self._speech(letter)
        self._show(letter, message, mark=say("Possible repeat") if letter.repeat else "")
        return message

    async def show(self, letter: Letter) -> str:
        """Print a picture as rows of blocks, and a text as it is."""
        if letter.card.documents:
            whole = dataclasses.replace(
                letter.card, verbatim=letter.card.documents[0].text.rstrip(), documents=()
            )
            return await self.post(dataclasses.replace(letter, card=whole))
        picture = letter.card.images[0]
        rows = (sparkline(values) for values in (picture.line or picture.bars, picture.usual, picture.part))
        span = " → ".join(tick for tick in (picture.ticks[0], picture.ticks[-1]) if tick)
        lines = tuple(row for row in (*rows, span) if row)
        drawn = dataclasses.replace(letter.card, sections=(Section(lines=lines),), images=())
        return await self.post(dataclasses.replace(letter, card=drawn))

    async def find(self, letter: Letter) -> str | None:  # noqa: ARG002 - the contract's
        """A terminal cannot be searched."""
        return None

    async def edit(self, letter: Letter, message: str) -> None:
        """Print briefly what became of a card: a terminal cannot take words back, and the whole card stands above."""
        card = letter.card
        brief = dataclasses.replace(
            card,
            text=card.text.partition("\n")[0],
            fields=(),
            quotes=(),
            verbatim="",
            sections=(),
            links=(),
            footer="",
        )
        looks = render(brief, {}, self._speech(letter))
        if self._briefly.get(message) != looks:
            self._briefly[message] = looks
            self._show(dataclasses.replace(letter, card=brief), message, mark="↻")

    async def whisper(self, letter: Letter) -> str:
        """Print for one person."""
        self._asked = letter.prompt
        say = self._speech(letter)
        if letter.prompt:
            footer = say(
                "✎ The next line is the answer. To leave it: cancel. A command instead: begin it with /"
            )
            letter = dataclasses.replace(letter, card=dataclasses.replace(letter.card, footer=footer))
        self._show(letter, "", mark=say("Only for {name}", name=letter.to))
        return ""

    async def open_room(self, letter: Letter) -> Opened:
        """A room is a name that one can go to."""
        name, say = letter.card.name, self._speech(letter)
        self._rooms.setdefault(name, say)
        self._print(say("The room {name} is open. To go there: in {name}", name=name) + "\n\n")
        return Opened(channel=name, name=name)

    async def describe_room(self, letter: Letter) -> None:
        """Print what a room is about."""
        self._print(f"── [{letter.channel}] {_flat(letter.card.text)}\n\n")

    async def invite(self, letter: Letter) -> None:
        """Print who comes in."""
        self._print(f"── [{letter.channel}] + {letter.to}\n\n")

    async def pin(self, letter: Letter, message: str) -> None:
        """Nothing stays in sight on a terminal."""

    async def close_room(self, letter: Letter) -> None:
        """Whoever is in the room goes back to where one speaks at first."""
        say = self._speech(letter)
        if self._rooms.pop(letter.channel, None) and self._room == letter.channel:
            self._room = next(iter(self._rooms))
        self._print(say("The room {name} is closed.", name=letter.channel) + "\n\n")

    async def open_form(self, trigger: str, form: Form) -> None:  # noqa: ARG002 - the contract's
        """Forms are asked one question at a time here."""
        raise TransportError("the terminal has no forms", permanent=True)

    async def answer(self, pressed: Pressed, text: str) -> bool:  # noqa: ARG002 - the contract's
        """A press is answered by a printed line, like everything else."""
        return False

    async def fetch(self, place: Place, message: str) -> Quoted | None:  # noqa: ARG002 - the contract's
        """Nobody can point at a line of a terminal."""
        return None

    def _speech(self, letter: Letter) -> Locale:
        return self._rooms.get(letter.channel, self._rooms[self._room])

    def _show(self, letter: Letter, message: str, mark: str) -> None:
        place = Place(
            transport=NAME,
            channel=letter.channel,
            thread=letter.thread,
            message=message,
            direct=letter.channel in self._people and letter.channel not in self._rooms,
        )
        indent = INDENT if letter.thread else ""
        columns = min(max(shutil.get_terminal_size((WIDTH, 0)).columns, NARROWEST), WIDEST)
        text = render(
            letter.card,
            letter.names,
            self._speech(letter),
            width=columns - len(indent),
            numbers=[self._number(button, place) for button in letter.card.buttons],
        )
        head = f"── [{letter.channel}] {mark}"
        self._print("\n".join(f"{indent}{line}".rstrip() for line in (head, *text.splitlines())) + "\n\n")

    def _number(self, button: Button, place: Place) -> int:
        """The number of a button. It keeps it, so that what is printed meanwhile never changes what a number presses."""
        for number, (known, where) in self._buttons.items():
            if (known.wire, where.channel, where.message) == (button.wire, place.channel, place.message):
                return number
        number = next(self._numbers)
        self._buttons[number] = (button, place)
        return number

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def render(
    card: Card, names: Mapping[str, str], say: Locale, *, width: int = WIDTH, numbers: Sequence[int] = ()
) -> str:
    """Lay a card out as text.

    Args:
        card: what to say.
        names: of the people whom it calls.
        say: the words of the hint below the buttons.
        width: columns of the terminal.
        numbers: of the buttons; 1, 2, 3 and so on where they are not given.
    """
    called = "".join(f" @{name}" for name in names)
    lines = list(_wrapped(DOTS[card.tone] + _flat(card.title) + called, width))
    lines += _wrapped(shorten(card.text, MAX_TEXT), width)
    for field in card.fields:
        label = _flat(field.label)
        lines += _wrapped(f"{label}{': ' if label.isascii() else '：'}{_flat(field.value)}", width)
    lines += _quotes(card.quotes, width)
    # Nothing of it is cut, and it has a border, so that no text passes for a card.
    lines += [f"│ {line}" for line in _wrapped(card.verbatim, width - 2)]
    for section in card.sections:
        lines += [f"-- {_flat(section.title)}"] if section.title else []
        lines += [line for each in section.lines for line in _wrapped(_flat(each), width)]
    lines += [f"{_flat(link.label)}: {_flat(link.url)}" for link in card.links]
    lines += _buttons(card.buttons, say, width, numbers)
    lines += _wrapped(_flat(card.footer), width)
    return "\n".join(lines)


def _quotes(quotes: Iterable[Quote], width: int) -> Iterator[str]:
    """Quotes with where they are from; an address that several share stands once."""
    shown = ""
    for quote in quotes:
        parts = [f"「{shorten(_flat(quote.text), MAX_QUOTE)}」", _flat(quote.source)]
        if quote.url != shown and is_web(quote.url):
            parts.append(_flat(quote.url))
            shown = quote.url
        yield from _wrapped(" ".join(part for part in parts if part), width)


def _buttons(buttons: Sequence[Button], say: Locale, width: int, numbers: Sequence[int]) -> list[str]:
    if not buttons:
        return []
    numbered = list(zip(numbers or itertools.count(1), buttons, strict=False))
    # A button's words stay together.
    labels = "  ".join(
        f"[{number}]\N{NO-BREAK SPACE}{_flat(button.label)}".replace(" ", "\N{NO-BREAK SPACE}")
        for number, button in numbered
    )
    number, first = numbered[0]
    verb = first.action.partition(".")[2]
    hint = say("↵ type {number}, or {command}", number=number, command=f"{verb} {first.value}".rstrip())
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in _wrapped(labels, width, whole=True)] + [hint]


def _flat(text: str) -> str:
    return shorten(" ".join(plain(text).split()), MAX_LINE)


def _wrapped(text: str, width: int, *, whole: bool = False) -> Iterator[str]:
    """Break lines at a width in columns, but no Latin word, number or web address, and no mark off its word.

    Args:
        text: one or more paragraphs; what begins with spaces keeps them.
        width: columns.
        whole: break at spaces only.
    """
    for paragraph in plain(text).splitlines():
        body = paragraph.lstrip()
        line = paragraph[: len(paragraph) - len(body)][: width // 2]
        for piece in re.findall(r" +|[^ ]+", body) if whole else _pieces(body, width):
            if line.strip() and cell_len(line + piece.rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += piece if line or piece.strip() else ""
        yield line.rstrip()


def _pieces(paragraph: str, width: int) -> Iterator[str]:
    for piece in _PIECE.findall(paragraph):
        if cell_len(piece) <= width or is_web(piece):
            yield piece
        else:
            yield from chop_cells(piece, width)
