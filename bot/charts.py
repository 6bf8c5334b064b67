"""Draws pictures: PNG for a phone at night, a row of blocks for the terminal.

The letters come with Pillow, so that a picture is the same on every machine. They are Latin: whether a Chinese font is there
cannot be known, and boxes help nobody. The words are the caption's.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers.kit.pictures import Picture, Values

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH, HEIGHT = 1200, 675
"""Pixels. On a phone it is shown at about a third of that, so letters are three times as large as they shall look."""
LETTERS = 36
LEFT, RIGHT, TOP, BOTTOM = 130, 50, 70, 90
"""Around the plot: the numbers of the scale stand on the left, the ticks below."""
FINER = 2
"""Lines are drawn so many times larger and scaled down, which makes them smooth."""
BACKGROUND, GRID, INK, GREY, BAND, RED = "#14171c", "#2b313b", "#dfe3ea", "#8c96a8", "#39424f", "#ff6154"
"""Dark, as many are woken by it; red and grey differ in brightness too, for those who cannot tell them by colour."""
LINE, DASH, DOT = 7, 22, 9
MOST_DOTS = 32
"""Places; more would run into one another."""
BAR = 0.72
"""The width of a bar, as a part of its place."""
STEPS = 4
BLOCKS = "▁▂▃▄▅▆▇█"
SHORT = ((1e9, "G"), (1e6, "M"), (1e3, "k"))

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a place and a value lie on the plot, in pixels."""

    places: int
    top: float
    is_barred: bool

    def x(self, place: float) -> float:
        """Pixels from the left. Bars need half a place of room at both ends."""
        margin = 0.5 if self.is_barred else 0.0
        steps = max(self.places - 1 + 2 * margin, 1)
        return LEFT + (WIDTH - LEFT - RIGHT) * (place + margin) / steps

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top

    def point(self, place: int, value: float) -> tuple[float, float]:
        """Both."""
        return self.x(place), self.y(value)


def draw(picture: Picture) -> bytes:
    """Draw a picture as PNG. It takes some 0.2 s, so not on the event loop."""
    # Here, since it is large and most runs draw nothing for hours.
    from PIL import Image, ImageDraw, ImageFont

    scale = _scale(picture)
    large = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), BACKGROUND)
    _shapes(ImageDraw.Draw(large), picture, scale)
    image = large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    _words(ImageDraw.Draw(image), picture, scale, ImageFont.load_default(LETTERS))
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def sparkline(values: Values) -> str:
    """Draw values as a row of blocks, the lowest and highest behind it; empty for no values."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    top = max(known) or 1.0
    row = "".join(
        " " if value is None else BLOCKS[min(int(value / top * len(BLOCKS)), len(BLOCKS) - 1)]
        for value in values
    )
    return f"{row} {short(min(known))}–{short(max(known))}"


def short(value: float) -> str:
    """A number in few characters: 950, 1.2k, 34k, 5M."""
    for size, unit in SHORT:
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def steps(highest: float) -> list[float]:
    """Round numbers from zero to just above a highest value, for the scale."""
    rough = max(highest / STEPS, 1.0)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    return [step * number for number in range(max(math.ceil(highest / step), 1) + 1)]


def _scale(picture: Picture) -> Scale:
    series = (picture.line, picture.usual, picture.high, picture.bars)
    highest = max((value for value in itertools.chain(*series) if value is not None), default=0.0)
    places = max(len(picture.ticks), *(len(each) for each in series))
    return Scale(places, steps(highest)[-1], is_barred=bool(picture.bars))


def _shapes(pen: ImageDraw, picture: Picture, scale: Scale) -> None:
    for value in steps(scale.top):
        pen.line(_finer([(LEFT, scale.y(value)), (WIDTH - RIGHT, scale.y(value))]), GRID, 2 * FINER)
    _band(pen, picture, scale)
    _bars(pen, picture.bars, GREY, scale)
    _bars(pen, picture.part, RED, scale)
    for points in _runs(picture.usual, scale):
        _dashes(pen, points)
    for points in _runs(picture.line, scale):
        pen.line(_finer(points), RED, LINE * FINER, joint="curve")
        for x, y in points if scale.places <= MOST_DOTS else points[-1:]:
            pen.ellipse(_finer([(x - DOT, y - DOT), (x + DOT, y + DOT)]), RED)


def _band(pen: ImageDraw, picture: Picture, scale: Scale) -> None:
    known = [
        low is not None and high is not None for low, high in zip(picture.low, picture.high, strict=False)
    ]
    lows, highs = (
        _runs([value if is_known else None for value, is_known in zip(edge, known, strict=False)], scale)
        for edge in (picture.low, picture.high)
    )
    for low, high in zip(lows, highs, strict=True):
        if len(low) > 1:
            pen.polygon(_finer([*high, *reversed(low)]), BAND)


def _bars(pen: ImageDraw, values: Values, colour: str, scale: Scale) -> None:
    half = BAR * (scale.x(1) - scale.x(0)) / 2
    for place, value in enumerate(values):
        if value:
            x, y = scale.point(place, value)
            pen.rectangle(_finer([(x - half, y), (x + half, scale.y(0))]), colour)


def _words(pen: ImageDraw, picture: Picture, scale: Scale, font: FreeTypeFont | ImageFont) -> None:
    for value in steps(scale.top):
        pen.text((LEFT - 16, scale.y(value)), short(value), INK, font, anchor="rm")
    free = float(WIDTH)
    # From the right, where the news is; ticks that would touch are left out.
    for place, tick in reversed(list(enumerate(picture.ticks))):
        half = pen.textlength(tick, font) / 2
        middle = min(scale.x(place), WIDTH - half - 4)
        if tick and middle + half <= free:
            pen.text((middle, HEIGHT - BOTTOM + 56), tick, INK, font, anchor="ms")
            free = middle - half - 24
    for place, value, colour in _told(picture):
        x, y = scale.point(place, value)
        half = pen.textlength(short(value), font) / 2
        pen.text((min(x, WIDTH - half - 4), y - 16), short(value), colour, font, anchor="mb")


def _told(picture: Picture) -> Iterator[tuple[int, float, str]]:
    """The numbers that are written beside what is drawn: the line's last, else the highest bar's."""
    line = [(place, value) for place, value in enumerate(picture.line) if value is not None]
    bars = [(place, value) for place, value in enumerate(picture.bars) if value]
    if line:
        yield (*line[-1], RED)
    elif bars:
        place, value = max(bars, key=lambda each: each[1])
        yield place, value, INK


def _runs(values: Sequence[float | None], scale: Scale) -> Iterator[Points]:
    """The points of each stretch without a gap."""
    for is_known, run in itertools.groupby(enumerate(values), key=lambda each: each[1] is not None):
        if is_known:
            yield [scale.point(place, value) for place, value in run if value is not None]


def _dashes(pen: ImageDraw, points: Points) -> None:
    is_on, left = True, float(DASH)
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        done = 0.0
        while done < length:
            step = min(left, length - done)
            ends = [
                (x + (to_x - x) * part / length, y + (to_y - y) * part / length)
                for part in (done, done + step)
            ]
            if is_on:
                pen.line(_finer(ends), GREY, 4 * FINER)
            done, left = done + step, left - step
            if left <= 0:
                is_on, left = not is_on, float(DASH)


def _finer(points: Iterable[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return [(x * FINER, y * FINER) for x, y in points]
