"""Small panels of one size, one an optimiser, under its name: for what cannot share axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.figures import canvas, words
from bench.report.figures.canvas import INCH, sheet, stroke
from bench.report.look import style
from bench.report.look.style import Style

_EDGE = 6.0
_GAP = 10.0
_LEAST, _NARROW, _TALL = 118.0, 68.0, 78.0
"""A panel's least width, that where many must fit one page of paper, and its height, on a screen, in points."""


Marks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Panel:
    """One optimiser's axes."""

    axes: Axes
    first: bool
    """Of its row: what its heights mean is said beside it."""
    lowest: bool
    """Of its column: what its widths mean is said under it."""

    def mark(self, x: Marks, y: Marks, across: bool = True) -> None:
        """Thin lines at the places that have a mark, those `across` too, and the marks where they are said.

        Set the limits first. Axes between others get no ticks: they take most of the time of a figure of many panels.
        """
        axes = self.axes
        rule: dict[str, Any] = {"color": style.GRID, "linewidth": 0.6, "zorder": 0.5}
        axes.grid(visible=False)
        axes.vlines([place for place, _ in x], *axes.get_ylim(), **rule)
        if across:
            axes.hlines([place for place, _ in y], *axes.get_xlim(), **rule)
        shown_x, shown_y = (x if self.lowest else ()), (y if self.first else ())
        axes.set_xticks([place for place, _ in shown_x], labels=[mark for _, mark in shown_x])
        axes.set_yticks([place for place, _ in shown_y], labels=[mark for _, mark in shown_y])


def panels(
    labels: Sequence[str],
    styles: Mapping[str, Style],
    title: str,
    remarks: Sequence[str],
    room: tuple[float, float],
    tall: float = _TALL,
) -> tuple[Figure, list[Panel]]:
    """A figure with an empty panel for each label, in rows; `room` is left free at its left and below, in points.

    As many stand beside each other as can be read on the sheet, and on paper as many as it takes for one page. The
    remarks are folded under all of them.
    """
    paper = sheet()
    left, below = _EDGE + room[0], room[1]
    gap = _GAP * paper.scale
    tall *= paper.scale
    width, columns = _grid(len(labels), left, tall)
    wide = panel_width(len(labels), room[0], tall / paper.scale)
    rows = -(-len(labels) // columns)
    figure = canvas.blank()
    dot = 12 * paper.scale
    names = [
        words.lines(figure, label, wide - dot, color=style.darker(styles[label].color), va="bottom") for label in labels
    ]
    head = max(len(lines) for lines in names) * words.name_height() + 3
    caption = words.caption(figure, remarks, width - 2 * _EDGE)
    heading = words.heading(title, width - 2 * _EDGE)
    foot = _EDGE + len(caption) * words.note_height() + 5
    height = foot + below + rows * (tall + head) + (rows - 1) * gap / 2 + _EDGE + words.heading_height(heading)
    figure.set_size_inches(width / INCH, height / INCH)
    top = height - words.heading_height(heading) - _EDGE / 2
    grid = []
    for place, (label, lines) in enumerate(zip(labels, names, strict=True)):
        row, column = divmod(place, columns)
        x, y = left + column * (wide + gap), top - (row + 1) * (head + tall) - row * gap / 2
        axes = figure.add_axes((x / width, y / height, wide / width, tall / height))
        axes.tick_params(length=2 * paper.scale, pad=2, labelsize=paper.note)
        stroke(figure, [(x + dot / 3, y + tall + head / 2)], color=styles[label].color, **canvas.marker(styles[label]))
        for number, text in enumerate(reversed(lines)):
            words.move(text, x + dot, y + tall + 3 + number * words.name_height())
        grid.append(Panel(axes, first=column == 0, lowest=place + columns >= len(labels)))
    words.under(figure, caption, _EDGE)
    words.over(figure, heading, _EDGE)
    return figure, grid


def panel_width(count: int, beside: float, tall: float = _TALL) -> float:
    """How wide each of so many panels is, in points."""
    left = _EDGE + beside
    width, columns = _grid(count, left, tall * sheet().scale)
    return (width - left - _EDGE - _GAP * sheet().scale * (columns - 1)) / columns


def _grid(count: int, left: float, tall: float) -> tuple[float, int]:
    """The figure's width in points, and how many panels stand beside each other.

    On paper panels are narrower, and after that the figure as wide as the page, where else they would not fit one.
    """
    paper = sheet()
    gap = _GAP * paper.scale

    def fitting(width: float, least: float) -> int:
        return max(1, min(count, int((width - left - _EDGE + gap) // (least * paper.scale + gap)), 5))

    if paper.grows:
        width = (paper.widest if count > 9 else paper.width) * INCH
        return width, fitting(width, _LEAST)
    for width in (paper.width * INCH, paper.widest * INCH):
        for columns in range(fitting(width, _LEAST), fitting(width, _NARROW) + 1):
            row = tall + 1.5 * words.name_height() + gap / 2
            if -(-count // columns) * row <= paper.tallest * INCH:
                return width, columns
    return width, columns
