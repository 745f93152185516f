"""Text that is measured before it is placed: folded where it would be too wide, stacked in lines, never cut off."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from bench.report.figures.canvas import INCH, renderer, sheet
from bench.report.look import style

_TO_PATH = TextToPath()


def put(figure: Figure, words: str, x: float = 0.0, y: float = 0.0, **look: Any) -> Text:
    """Words on the figure, x and y in points from its lower left corner; never read as mathematics."""
    width, height = figure.get_size_inches() * INCH
    look = {"va": "center_baseline", "ha": "left", "parse_math": False, **look}
    return figure.text(x / width, y / height, words, **look)


def move(text: Text, x: float, y: float) -> None:
    """Place words that were measured."""
    figure = text.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * INCH
    text.set_position((x / width, y / height))


def width(text: Text) -> float:
    """Of words that stand on a figure, in points."""
    figure = text.get_figure(root=True)
    assert figure is not None
    return float(text.get_window_extent(renderer(figure)).width) * INCH / figure.dpi


def measure(words: str, size: float, weight: str = "normal") -> float:
    """The width of one line of words in points, in the fonts of the `look` around."""
    return _measured(words, size, weight, tuple(mpl.rcParams["font.family"]))


@lru_cache(maxsize=4096)
def _measured(words: str, size: float, weight: str, family: tuple[str, ...]) -> float:
    font = FontProperties(family=list(family), size=size, weight=weight)
    wide, _, _ = _TO_PATH.get_text_width_height_descent(words, font, ismath=False)
    return float(wide)


def fold(words: str, room: float, size: float, weight: str = "normal") -> list[str]:
    """Lines no wider than `room` points: broken after spaces, underscores and the like, within a word only if it must.

    Greedy, as many words in each line as fit; no words are no lines. A little is left free: where few pixels make a
    letter, a line is wider than its outlines are.
    """
    room *= 0.98
    lines: list[str] = []
    for piece in re.findall(r"[^\s_/·-]*[\s_/·-]+|[^\s_/·-]+", words):
        rest = piece
        if lines and measure((lines[-1] + rest).rstrip(), size, weight) <= room:
            lines[-1] += rest
            continue
        while measure(rest.rstrip(), size, weight) > room and len(rest.rstrip()) > 1:
            fits = next(n for n in range(len(rest) - 1, 0, -1) if n == 1 or measure(rest[:n], size, weight) <= room)
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return [line.strip() for line in lines]


def name_height() -> float:
    """Of a line of names, in points."""
    return round(sheet().label * 10.5 / 8, 4)


def note_height() -> float:
    """Of a line of remarks, in points."""
    return round(sheet().note * 8 / 6.3, 4)


def lines(figure: Figure, text: str, room: float, size: float | None = None, **look: Any) -> list[Text]:
    """Words on the figure in as many lines as they need; they get their places when they have been measured."""
    size = sheet().label if size is None else size
    return [put(figure, line, size=size, **look) for line in fold(text, room, size)]


def stack(texts: Sequence[Text], x: float, middle: float) -> None:
    """Place lines of a name one under the other, around a height, in points."""
    for number, text in enumerate(texts):
        move(text, x, middle + name_height() * ((len(texts) - 1) / 2 - number))


def caption(figure: Figure, remarks: Sequence[str], room: float) -> list[str]:
    """The lines of a figure's caption: none on a paper, which sets it itself; either way the figure's label."""
    figure.set_label(" ".join(remarks))
    return fold(" ".join(remarks), room, sheet().note) if sheet().captioned else []


def heading(title: str, room: float) -> list[str]:
    """The lines of a figure's title; none on a paper."""
    return fold(title, room, sheet().title, "bold") if sheet().captioned else []


def under(figure: Figure, lines: Sequence[str], x: float) -> None:
    """A caption at the foot of a figure."""
    for place, line in enumerate(lines, start=1):
        low = note_height() * (len(lines) - place) + 6
        put(figure, line, x, low, size=sheet().note, color=style.MUTED, va="bottom")


def over(figure: Figure, lines: Sequence[str], x: float) -> None:
    """A title at the head of a figure that has no axes to carry it."""
    top = figure.get_size_inches()[1] * INCH
    for place, line in enumerate(lines):
        y = top - 5 - sheet().title * (1.2 * place + 0.6)
        put(figure, line, x, y, size=sheet().title, weight="bold", color=style.INK)


def heading_height(lines: Sequence[str]) -> float:
    """What a title takes, in points."""
    return 1.2 * sheet().title * len(lines) + 8 if lines else 0.0
